"""What the values of the configuration file may be: types with their ranges, in words.

The `description` of a type completes the sentence "NAME must be ..." in an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, StrictFloat, StrictInt
from pydantic import StrictStr as String
from pydantic_core import PydanticCustomError

from components.domain import PriceUnit

SHAPES = ("cohere", "jina", "tei")
PRICE_UNITS: Mapping[str, PriceUnit] = {
    "per_1k_searches": "searches",
    "per_1m_tokens": "tokens",
}


def check_address(url: str) -> str:
    """Return an address of http or https with a host and without a password.

    Raises PydanticCustomError, a ValueError, for any other; the error does not repeat the address.
    """
    try:
        parts = urlsplit(url)
        host, _ = (parts.hostname or "").encode("idna"), parts.port  # ValueError where one is wrong
        valid = parts.scheme in {"http", "https"} and bool(host) and "@" not in parts.netloc
        valid = valid and not re.search(r"[\s\x00-\x1f\x7f]", url)
    except ValueError:
        valid = False
    if not valid:
        raise PydanticCustomError(
            "address",
            "is not the address of a server",
            {"remedy": "It must begin with http:// or https:// and hold no user name or password."},
        )
    return url


def check_unique(names: Sequence[str], message: str) -> None:
    """Raise PydanticCustomError for a name that comes twice."""
    for i, name in enumerate(names):
        if name in names[:i]:
            context = {"message": message, "name": repr(name), "remedy": "Keep one."}
            raise PydanticCustomError("table", "{message} {name}", context)


def _check_name(name: str) -> str:
    if not re.fullmatch(r"[\w.-]+", name):
        raise PydanticCustomError(
            "name",
            "must be letters, digits, dots and dashes, not {name}",
            {"name": repr(name), "remedy": 'For example: name = "my-vllm".'},
        )
    return name


def _check_shape(shape: str) -> str:
    if shape and shape not in SHAPES:
        raise PydanticCustomError(
            "shape",
            "must be one of {known}, not {shape}",
            {"known": ", ".join(SHAPES), "shape": repr(shape), "remedy": "Correct it."},
        )
    return shape or "cohere"


def _check_path(path: str) -> str:
    if (path and not re.fullmatch(r"/?[^\s?#\x00-\x1f\x7f]+", path)) or "://" in path:
        raise PydanticCustomError(
            "path",
            "must be a path on the server, not {path}",
            {"path": repr(path)[:100], "remedy": 'For example: path = "/rerank".'},
        )
    return path


def _check_host(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", name):
        raise PydanticCustomError(
            "host",
            "holds {name}, which is no host name",
            {"name": repr(name)[:100], "remedy": 'For example: hosts = ["lab.example.org"].'},
        )
    return name.lower()


def _check_network(network: str) -> str:
    try:
        ip_network(network)
    except ValueError:
        raise PydanticCustomError(
            "network",
            "holds {network}, which is no IP address or network",
            {
                "network": repr(network)[:100],
                "remedy": 'For example: proxies = ["127.0.0.1", "10.0.0.0/24"].',
            },
        ) from None
    return network


def _check_header(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", name):
        raise PydanticCustomError(
            "header",
            "must be the name of an HTTP header, not {name}",
            {"name": repr(name)[:100], "remedy": 'For example: user_header = "X-Forwarded-User".'},
        )
    return name


Text = Annotated[String, Field(description="text")]
Flag = Annotated[StrictBool, Field(description="true or false")]
_POSITIVE = "a whole number of at least 1"
Batch = Annotated[StrictInt, Field(ge=1, le=10_000, description=_POSITIVE)]
"""Documents of one request."""
Parallel = Annotated[StrictInt, Field(ge=1, le=64, description=_POSITIVE)]
"""Requests at once; each has a thread and a connection."""
PointCount = Annotated[StrictInt, Field(ge=0, le=10**9, description="a whole number, 0 or more")]
ServerNumber = Annotated[StrictInt, Field(ge=1, le=3600, description=_POSITIVE)]
"""A number that a Qdrant server is given: shards, replicas, or seconds."""
PassageWords = Annotated[
    StrictInt, Field(ge=20, le=5_000, description="a whole number of words of at least 20")
]
Megabytes = Annotated[
    StrictInt,
    Field(ge=10, le=10_000_000, description="a whole number of megabytes of at least 10"),
]
Overlap = Annotated[StrictInt, Field(ge=0, le=2_500, description="a whole number of words")]
Seconds = Annotated[
    StrictFloat,
    Field(gt=0, lt=3600, description="a number of seconds above 0 and below 3600"),
]
Folder = Annotated[
    Path | None,
    Field(description="text"),
    BeforeValidator(lambda path: None if path == "" else path),
]
ServerName = Annotated[
    String, AfterValidator(_check_name), Field(description="letters, digits, dots and dashes")
]
Shape = Annotated[Text, AfterValidator(_check_shape)]
ServerPath = Annotated[Text, AfterValidator(_check_path)]
Truncate = Annotated[
    StrictBool | Annotated[StrictInt, Field(ge=1, le=10_000_000)],
    Field(description="true, false or a whole number of tokens"),
]
Window = Annotated[
    StrictInt, Field(ge=16, le=10_000_000, description="a whole number of at least 16 tokens")
]
"""Tokens of query and text together."""
Dollars = Annotated[
    StrictFloat, Field(ge=0, lt=1e6, description="a number of US dollars from 0 to a million")
]
Requests = Annotated[StrictInt, Field(ge=0, le=10**9, description="a whole number of requests")]
HostName = Annotated[String, AfterValidator(_check_host)]
HostNames = Annotated[tuple[HostName, ...], Field(description="a list of host names")]
Network = Annotated[String, AfterValidator(_check_network)]
Networks = Annotated[tuple[Network, ...], Field(description="a list of IP addresses or networks")]
HeaderName = Annotated[Text, AfterValidator(_check_header)]
Secret = Annotated[String, Field(min_length=1, description="text of at least one letter")]
CookieSecret = Annotated[
    String, Field(min_length=32, description="random text of at least 32 characters")
]
Address = Annotated[
    Text, AfterValidator(check_address), AfterValidator(lambda url: url.rstrip("/"))
]
