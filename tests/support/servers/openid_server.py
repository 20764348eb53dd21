"""A loopback OpenID Connect provider that signs everybody in, well or badly."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "rerank-lab-tests", "client-secret-Jx82hqLw"
PERSON = {"sub": "ann-1", "email": "ann@example.org", "name": "Ann"}


def _key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "tests", "use": "sig", "alg": "RS256"})


@dataclass
class OpenIdProvider:
    """A running provider; `fault` says what it does wrong: down, state, signature, token or ""."""

    url: str = ""
    fault: str = ""
    seen: list[str] = field(default_factory=list)
    key: RSAKey = field(default_factory=_key)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    """The parameters of the request for which each code was given."""

    def table(self, lab: str) -> str:
        """Return the table of the configuration of a lab that signs its visitors in here."""
        values = {
            "client_id": CLIENT,
            "client_secret": SECRET,
            "cookie_secret": "c" * 40,
            "redirect_uri": f"{lab}/oauth2callback",
            "server_metadata_url": f"{self.url}/.well-known/openid-configuration",
        }
        return "[sign_in]\n" + "".join(f"{k} = {json.dumps(v)}\n" for k, v in values.items())

    def metadata(self) -> dict[str, object]:
        """Return where everything is, and what can be done."""
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "end_session_endpoint": f"{self.url}/leave",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }

    def authorize(self, asked: dict[str, str]) -> str:
        """Sign the person in and return the address to go back to, with a code."""
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        state = "forged" if self.fault == "state" else asked["state"]
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': state})}"

    def token(self, form: dict[str, str]) -> dict[str, object]:
        """Return the tokens for a code, once, to who can prove that he asked for it."""
        asked = self.codes.pop(form["code"])
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if challenge != asked["code_challenge"]:
            raise ValueError("the code was given to somebody else")
        claims = {**PERSON, "iss": self.url, "aud": CLIENT, "nonce": asked["nonce"]}
        now = int(time.time())
        key = _key() if self.fault == "signature" else self.key
        header = {"alg": "RS256", "kid": "tests"}
        signed = jwt.encode(header, {**claims, "iat": now, "exp": now + 600}, key)
        return {"access_token": "a", "token_type": "Bearer", "expires_in": 600, "id_token": signed}


def _handler(provider: OpenIdProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            asked = {name: values[0] for name, values in parse_qs(address.query).items()}
            provider.seen.append(address.path)
            if provider.fault == "down":
                self.send_error(503)
            elif address.path in {"/authorize", "/leave"}:
                self.send_response(302)
                back = asked.get("post_logout_redirect_uri") or provider.authorize(asked)
                self.send_header("location", back)
                self.end_headers()
            elif address.path == "/frame":  # a page of another site
                self._send(f'<iframe src="{asked["of"]}"></iframe>'.encode(), "text/html")
            else:
                keys = {"keys": [provider.key.as_dict(private=False)]}
                self._json(keys if address.path == "/keys" else provider.metadata())

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["content-length"])).decode()
            provider.seen.append(self.path)
            basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
            trusted = self.headers.get("authorization") == f"Basic {basic}"
            if provider.fault == "token" or not trusted:
                self.send_error(500)
            else:
                self._json(provider.token({n: v[0] for n, v in parse_qs(raw).items()}))

        def _json(self, value: object) -> None:
            self._send(json.dumps(value).encode(), "application/json")

        def _send(self, body: bytes, content_type: str) -> None:
            self.send_response(200)
            self.send_header("content-type", content_type)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    return Handler


@contextmanager
def serve_openid() -> Iterator[OpenIdProvider]:
    """Serve a provider on a free loopback port."""
    provider = OpenIdProvider()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(provider))
    server.daemon_threads = True
    provider.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
