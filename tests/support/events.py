"""A listener of server-sent events, as plain as the wire."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True)
class Event:
    """One event: its number, and what it tells."""

    number: int
    told: dict[str, Any]


@contextmanager
def listening(url: str, **headers: str) -> Iterator[Iterator[Event]]:
    """Listen at an address; yield the events as they come."""
    with httpx.stream("GET", url, headers=headers, timeout=30) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        yield events(response.iter_lines())


def events(lines: Iterator[str]) -> Iterator[Event]:
    """Yield the events that lines hold; comments and the rest are left out."""
    number = 0
    for line in lines:
        name, _, value = line.partition(": ")
        if name == "id":
            number = int(value)
        elif name == "data":
            yield Event(number, json.loads(value))
