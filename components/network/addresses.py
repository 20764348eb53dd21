"""Where a server of one's own reranks: the addresses that its configured one may stand for."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from components.config import Server

USUAL_PATHS = ("/rerank", "/v1/rerank", "/v2/rerank")


def addresses(server: Server, path: str) -> tuple[str, ...]:
    """Return where a server may rerank, the likeliest first; `path` is the usual one of its shape.

    An address may be the server's, end in a version as OpenAI's clients take it, or be the whole
    endpoint; a `path` from the configuration is the only one then. A query string stays.
    """
    parts = urlsplit(server.url)
    base = parts.path.rstrip("/")
    if server.path:
        own = "/" + server.path.lstrip("/")
        paths = [base if base.endswith(own) else base + own]
    elif base.endswith("/rerank"):
        paths = [base]
    else:
        root, version = re.fullmatch(r"(.*?)(/v\d+)?", base, re.DOTALL).groups(default="")  # type: ignore[union-attr]
        others = (path,) if path == "/rerank" else (path, *USUAL_PATHS)
        paths = [f"{base}/rerank"] * bool(version) + [root + other for other in others]
    return tuple(parts._replace(path=p).geturl() for p in dict.fromkeys(paths))


def path_of(address: str) -> str:
    """Return the path of an address, without anything that may hold a key."""
    return urlsplit(address).path
