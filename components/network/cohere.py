"""Cohere's own SDK, for rerankers and encoders: no retries of its own, no redirects."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

import httpx

from components.network.caller import Caller
from components.network.errors import ProviderError, malformed, transport_failure
from components.network.http import LastResponse, new_client, timeout
from components.network.providers import Provider
from components.network.refusals import refusal

T = TypeVar("T")
PROVIDER = Provider(
    "cohere", "Cohere", "CO_API_KEY", "CO_API_URL", ("api.cohere.com", "api.cohere.ai")
)

_last = LastResponse()  # the SDK fails over error bodies that are not UTF-8


class CohereClient:
    """Makes single requests; every failure is a ProviderError without the key."""

    def __init__(self, caller: Caller, address: str) -> None:
        import cohere  # it and its client take a moment: part of loading, not of the first call

        self._caller, self._sdk = caller, cohere
        self._client = cohere.ClientV2(
            api_key=caller.key,
            base_url=base_address(address) or None,
            max_retries=0,
            httpx_client=_http(),
            client_name="rerank-lab",
        )

    def ask(self, request: Callable[[Any, Any], T], seconds: float) -> T:
        """Return `request(client, options)`; raise ProviderError where Cohere does not answer."""
        _last.clear()
        try:
            return request(self._client, {"max_retries": 0, "timeout": timeout(seconds)})
        # no error keeps the SDK's as its cause, which holds what the server said, the key included
        except self._sdk.core.ApiError as exc:
            if exc.status_code is None or 200 <= exc.status_code < 300:
                raise malformed(self._caller, "not with JSON") from None
            raise refusal(self._caller, exc.status_code, exc.body, exc.headers) from None
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            raise transport_failure(self._caller, exc, seconds) from None
        except (AttributeError, TypeError, ValueError, RecursionError):
            raise _last.error(self._caller) from None

    def unreadable(self, fault: str) -> ProviderError:
        """Return the error for the last answer, which the SDK read but which lacks something."""
        return _last.error(self._caller, fault)


@cache
def _http() -> httpx.Client:
    """Return a client for the SDK alone, which records every response."""
    return new_client(timeout=timeout(30), event_hooks={"response": [_last.record]})


def base_address(address: str) -> str:
    """Return an address without the version and the path that the SDK adds to it."""
    return re.sub(r"(/v\d+)?(/(rerank|embed))?/*$", "", address)
