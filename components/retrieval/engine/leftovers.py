"""Names of collections that are being built on a server, and which of them nobody finishes."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from components.retrieval.engine import PREFIX

SIGN_EVERY_S = 600
"""Seconds after which who builds a collection gives a sign of life."""
ABANDONED_AFTER = timedelta(hours=1)
"""How long nobody has worked on a collection until it counts as left."""
EARLIER_AFTER = timedelta(days=1)
"""The same for version 0.1.0, which gives no sign of life."""
_TIME = "%Y%m%d%H%M%S"
_BUILT = re.compile(rf"{re.escape(PREFIX)}-[0-9a-f]{{16}}-.+-v(\d{{14}})-[0-9a-f]{{6}}")
_SIGN = re.compile(rf"{_BUILT.pattern}-at-(\d{{14}})")


def new_name(alias: str) -> str:
    """Return a new name for a collection that is going to be searched under an alias."""
    return f"{alias}-v{datetime.now(UTC):{_TIME}}-{uuid.uuid4().hex[:6]}"


def sign_of_life(name: str) -> str:
    """Return an alias that tells other labs that a collection is being built at this moment."""
    return f"{name}-at-{datetime.now(UTC):{_TIME}}"


def is_sign(alias: str) -> bool:
    """Return whether an alias is a sign of life."""
    return _SIGN.fullmatch(alias) is not None


def abandoned(
    collections: Iterable[str], aliases: Mapping[str, str], now: datetime
) -> tuple[str, ...]:
    """Return the collections of labs that nobody searches and nobody builds any more.

    `aliases` holds each alias's collection. What another program made is never among them.
    """
    searched = {name for alias, name in aliases.items() if not is_sign(alias)}
    latest = {name: _time(name) for name in collections if name not in searched}
    for alias, name in aliases.items():
        if is_sign(alias) and (before := latest.get(name)):
            latest[name] = max(before, _time(alias) or before)

    def is_left(name: str, at: datetime) -> bool:
        signs = re.search(r"-r\d+-v\d{14}-", name)
        return now - at > (ABANDONED_AFTER if signs else EARLIER_AFTER)

    return tuple(name for name, at in latest.items() if at and is_left(name, at))


def _time(name: str) -> datetime | None:
    """Return the time in a name; None where a lab has not made it."""
    match = _SIGN.fullmatch(name) or _BUILT.fullmatch(name)
    if match is None:
        return None
    with suppress(ValueError):  # a month 13
        return datetime.strptime(match[match.lastindex or 0], _TIME).replace(tzinfo=UTC)
    return None
