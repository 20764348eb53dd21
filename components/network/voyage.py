"""Voyage's own SDK, for rerankers and encoders: no retries of its own, no redirects."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests

from components.network.caller import Caller
from components.network.errors import ProviderError, transport_failure
from components.network.http import LastResponse, no_cookies, quiet
from components.network.providers import Provider
from components.network.refusals import refusal

T = TypeVar("T")
PROVIDER = Provider("voyage", "Voyage", "VOYAGE_API_KEY", "VOYAGE_API_URL", ("api.voyageai.com",))

_last = LastResponse()  # the SDK's errors may come without status or headers


class NoRedirects(requests.Session):
    """A session that follows no redirect, keeps no cookie and leaves the key as it was given."""

    def __init__(self) -> None:
        super().__init__()
        # without any `auth`, a password in ~/.netrc would replace the key
        self.auth = lambda request: request
        self.hooks["response"].append(_last.record)
        self.cookies.set_policy(no_cookies()._policy)  # type: ignore[attr-defined]
        for scheme in ("https://", "http://"):
            self.mount(scheme, requests.adapters.HTTPAdapter(pool_maxsize=64, max_retries=0))

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Raise instead of naming the next address: query and texts would be sent there."""
        if resp.is_redirect:
            raise requests.exceptions.TooManyRedirects("a redirect", response=resp)


@cache
def _sdk() -> Any:  # noqa: ANN401
    """Import the SDK, which takes a second, and give it a session that follows no redirect."""
    import voyageai

    voyageai.requestssession = NoRedirects()
    quiet("voyage", "urllib3")
    return voyageai


class VoyageClient:
    """Makes single requests; every failure is a ProviderError without the key."""

    def __init__(self, caller: Caller, address: str) -> None:
        self._caller = caller
        self._address = re.sub(r"(/rerank|/embeddings)?/*$", "", address)
        self.path = urlsplit(self._address or "/v1").path
        self._sdk = _sdk()

    def ask(self, request: Callable[[Any], T], seconds: float) -> T:
        """Return `request(client)`; raise ProviderError where Voyage does not answer."""
        _last.clear()
        client = self._sdk.Client(
            api_key=self._caller.key,
            max_retries=1,  # the SDK counts attempts
            timeout=seconds,
            base_url=self._address or None,
        )
        try:
            return request(client)
        # no error keeps the SDK's as its cause, which holds what the server said, the key included
        except self._sdk.error.VoyageError as exc:
            raise self._translated(exc, seconds) from None
        except (AttributeError, IndexError, KeyError, TypeError, ValueError, RecursionError):
            raise _last.error(self._caller) from None

    def indices(self) -> list[Any]:
        """Return the `index` of each item of the last answer, in the order in which they came."""
        return [item["index"] for item in _last.response.json()["data"]]

    def _translated(self, exc: Any, seconds: float) -> ProviderError:  # noqa: ANN401
        """Return the error for one of the SDK's: no answer, a redirect or an answer of its own."""
        cause = exc.__cause__
        response = getattr(cause, "response", None)
        if isinstance(cause, requests.exceptions.TooManyRedirects) and response is not None:
            return refusal(self._caller, response.status_code, "", response.headers)
        if _last.response is None or isinstance(cause, requests.exceptions.RequestException):
            return transport_failure(self._caller, exc, seconds)
        return _last.error(self._caller, "not with JSON")
