"""Letters and colours: one for each system, the same on every page, chart and report.

Everything that is drawn takes its colours from `LIGHT` and `DARK`; the style sheets of the board
and of the HTML reports are generated from them, and `.streamlit/config.toml` repeats them for
Streamlit's own widgets. Plotly is not imported here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from components.config import Settings
from components.domain import RECORDED, Ranking
from components.lab import catalog

LETTERS: Final = "ABCDEFGH"
NO_LETTER: Final = "·"
"""What a system has that finds no free letter; it is drawn in grey."""
GREY: Final = "#7b808a"


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one tone, light or dark, as `#rrggbb`.

    `paper` is the page's background, `panel` that of a box on it, `text` and `soft` are read on
    both, `border` separates boxes and `line` the parts of a chart. `shade` is the strongest
    background in a heat map on which `text` has a contrast of 4.5:1. `systems` has one colour a
    letter, on which `on_system` is read. `gain` and `loss` are what is better or worse than the
    baseline, and nothing else; no system has them.
    """

    text: str
    soft: str
    line: str
    border: str
    paper: str
    panel: str
    shade: str
    on_system: str
    gain: str
    loss: str
    systems: tuple[str, ...]

    def colour(self, letter: str) -> str:
        """Return the colour of a letter; grey for a system without one."""
        return dict(zip(LETTERS, self.systems, strict=True)).get(letter, GREY)


# `on_system` has a contrast of at least 4.5:1 on each of `systems`. The last four differ from
# their neighbours in lightness too, for readers who do not tell all hues apart. Green and magenta
# stay apart for them as well.
LIGHT: Final = Palette(
    text="#1d1f23",
    soft="#5c626b",
    line="#d6d1c5",
    border="#e4e1d9",
    paper="#fbfaf7",
    panel="#ffffff",
    shade="#8fb8d8",
    on_system="#ffffff",
    gain="#589c00",
    loss="#d4009a",
    systems=(
        *("#0072b2", "#c25100", "#00805d", "#a3487a"),
        *("#3f3cab", "#665200", "#43215f", "#741226"),
    ),
)
DARK: Final = Palette(
    text="#eceae4",
    soft="#a9afb9",
    line="#3d444f",
    border="#2d323a",
    paper="#14161a",
    panel="#1b1e24",
    shade="#2f5d80",
    on_system="#14161a",
    gain="#9bdc28",
    loss="#f0329b",
    systems=(
        *("#5fb4ea", "#ff9a57", "#4fd0a5", "#e79bc4"),
        *("#9f88f7", "#ffe169", "#cdeeff", "#bd7f76"),
    ),
)


def letter_rules(palette: Palette, scope: str = "") -> str:
    """Return CSS that sets `--system` to a letter's colour on elements with that `data-letter`.

    `scope` is a selector of ancestors, with the space or combinator that follows it.
    """
    return "\n".join(
        f'{scope}[data-letter="{letter}"] {{ --system: {palette.colour(letter)}; }}'
        for letter in LETTERS
    )


@dataclass(frozen=True, slots=True)
class SystemStyle:
    """How a system appears wherever it is drawn: letter, name and colour.

    `scale` says what its scores mean. The time of a `remote` system is that of the network and
    the provider together.
    """

    letter: str
    label: str
    colour: str
    scale: str = ""
    remote: bool = False

    @property
    def name(self) -> str:
        """Return letter and label, as tables and lists show a system."""
        return f"{self.letter} {self.label}"


@dataclass(frozen=True, slots=True)
class StyledRanking:
    """A ranking with its system's style.

    In a comparison a system's key does not identify its column: BM25 can be the first stage and a
    reranker at once, with two letters.
    """

    ranking: Ranking
    style: SystemStyle


def own_letter(system: str, settings: Settings) -> str | None:
    """Return the letter that a reranker has on every page; None beyond the first seven."""
    own = dict(zip(catalog.reranker_specs(settings), LETTERS[1:], strict=False))
    return own.get(system)


def letters(systems: Sequence[str], settings: Settings) -> dict[str, str]:
    """Return the letters of rerankers: each its own, others the first free ones, then none.

    A is the first stage's. A system keeps its own letter whatever stands beside it, and so does its
    recording, unless the system itself is there too.
    """
    base = {s: s.removeprefix(RECORDED) for s in systems}
    own = {
        s: letter
        for s in systems
        if (base[s] == s or base[s] not in systems) and (letter := own_letter(base[s], settings))
    }
    free = iter(letter for letter in LETTERS[1:] if letter not in own.values())
    return {s: own.get(s) or next(free, NO_LETTER) for s in systems}


def evaluated_styles(
    systems: Sequence[str], settings: Settings, palette: Palette = LIGHT
) -> dict[str, SystemStyle]:
    """Return the styles of an evaluation's systems by key; the first one is the first stage."""
    specs = catalog.reranker_specs(settings)
    remote = {key for key, spec in specs.items() if spec.provider}
    lettered = {systems[0]: LETTERS[0]} | letters(systems[1:], settings)
    return {
        s: SystemStyle(letter, s, palette.colour(letter), remote=catalog.base(s) in remote)
        for s, letter in lettered.items()
    }
