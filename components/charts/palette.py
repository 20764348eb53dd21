"""Each system's letter and colour, the same on every page, chart and report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from components.config import Settings
from components.lab import catalog

LETTERS: Final = "ABCDEFGH"
# One colour a letter. White (light) and #14161a (dark) stand on each with at least 4.5:1;
# the last four differ from their neighbours in lightness too, for colour-blind eyes.
LIGHT: Final = (
    *("#0072b2", "#c25100", "#00805d", "#a3487a"),
    *("#3f3cab", "#665200", "#43215f", "#741226"),
)
DARK: Final = (
    *("#5fb4ea", "#ff9a57", "#4fd0a5", "#e79bc4"),
    *("#9f88f7", "#ffe169", "#cdeeff", "#bd7f76"),
)
GREY: Final = "#7b808a"


@dataclass(frozen=True, slots=True)
class Look:
    """How a system appears on every page: its letter, its name and its colour.

    The time of a `remote` one is the network's and the provider's together.
    """

    letter: str
    label: str
    colour: str
    scale: str
    remote: bool = False


def own_letter(system: str, settings: Settings) -> str | None:
    """Return the letter that a reranker has on every page; None beyond the first seven."""
    known = list(catalog.reranker_specs(settings))
    place = known.index(system) if system in known else len(known)
    return LETTERS[1 + place] if place < len(LETTERS) - 1 else None


def letters(systems: Sequence[str], settings: Settings) -> dict[str, str]:
    """Return the systems' letters: each its own, others the first free ones, then none.

    A is the first stage's. A system keeps its own letter whatever stands beside it.
    """
    own = {s: letter for s in systems if (letter := own_letter(s, settings))}
    free = iter(letter for letter in LETTERS[1:] if letter not in own.values())
    return {s: own.get(s) or next(free, "·") for s in systems}


def evaluated_looks(
    systems: Sequence[str], settings: Settings, *, dark: bool = False
) -> dict[str, Look]:
    """Return the looks of an evaluation's systems, the first stage first."""
    colours = dict(zip(LETTERS, DARK if dark else LIGHT, strict=True))
    named = {systems[0]: "A"} | letters(systems[1:], settings)
    hosted = {key for key, spec in catalog.reranker_specs(settings).items() if spec.provider}
    return {
        s: Look(letter, s, colours.get(letter, GREY), "", remote=catalog.base(s) in hosted)
        for s, letter in named.items()
    }
