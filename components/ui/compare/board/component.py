"""The board: every system's ranking side by side, one document followed across all of them."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import streamlit as st
from streamlit.components.v2 import component

from components.charts.palette import DARK, LIGHT, letter_rules

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

# A card shows one line of title and two of text: what lies behind these never reaches the eye.
TITLE_SHOWN: Final = 300
TEXT_SHOWN: Final = 600
REASON_SHOWN: Final = 4000

Origin = Literal["same", "up", "down", "from", "first", "new"]
State = Literal["done", "loading", "waiting", "running", "failed", "stopped"]


@dataclass(frozen=True)
class CardView:
    """One document in one column; `bar` is 0..1 within that column, `cut` counts unread tokens.

    `first_rank` is 0 and `origin` "new" where the first stage did not find the document.
    """

    id: str
    rank: int
    title: str
    text: str
    score: str
    bar: float
    first_rank: int
    origin: Origin
    delta: int
    grade: int | None
    cut: int
    cut_estimated: bool = False


@dataclass(frozen=True)
class ColumnView:
    """One system: how far it is, what it cost, and its cards when it is done."""

    key: str
    letter: str
    label: str
    kind: str
    scale: str
    state: State
    done: int
    total: int
    latency: str
    quality: str
    notes: tuple[str, ...]
    reason: str
    remedy: str
    cards: tuple[CardView, ...]
    cost: str = ""
    cost_words: str = ""


@dataclass(frozen=True)
class PathView:
    """One document's way through the finished columns; `telling` ones are drawn in ink.

    `ranks` and `heights` have one entry a finished column, None where it lacks the document.
    """

    id: str
    title: str
    ranks: tuple[int | None, ...]
    heights: tuple[float | None, ...]
    telling: bool


@dataclass(frozen=True)
class BoardData:
    """All columns, first stage first; `max_grade` 0 means that nothing is judged.

    `paths` draw the movement chart below the columns; `reading` says how to read it.
    """

    columns: tuple[ColumnView, ...]
    max_grade: int
    cutoff: int
    paths: tuple[PathView, ...] = ()
    reading: str = ""


def board(data: BoardData, *, key: str, chosen: str | None = None) -> str | None:
    """Draw the board and return the id of the chosen document while one of its cards is shown.

    `chosen` is lit until the visitor chooses otherwise.
    """
    held = st.session_state.get(key)
    payload = _payload(data) | {"selected": chosen if held is None else _selected(held)}
    result = _renderer()(
        key=key,
        data=payload,
        default={"selected": chosen},
        on_selected_change=_nothing,
    )
    chosen = _selected(result)
    shown = {card.id for column in data.columns for card in column.cards}
    return chosen if chosen in shown else None


@cache
def _renderer() -> ComponentRenderer:
    """Register the component once a process; Streamlit repeats it in each further runtime."""
    here = Path(__file__).parent
    return component(
        "rerank_lab_board",
        css=(here / "board.css").read_text(encoding="utf-8") + _letter_colours(),
        js=(here / "board.js").read_text(encoding="utf-8"),
    )


def _letter_colours() -> str:
    """Return the CSS rules that give each letter its colour in both tones."""
    return "\n".join(
        letter_rules(palette, f'.board[data-tone="{tone}"] ')
        for tone, palette in (("light", LIGHT), ("dark", DARK))
    )


def _payload(data: BoardData) -> dict[str, Any]:
    """Return the board as JSON-ready values, long texts clipped beyond what a card can show."""
    return {
        "columns": [_column(column) for column in data.columns],
        "max_grade": data.max_grade,
        "cutoff": data.cutoff,
        "paths": [asdict(p) | {"title": _clip(p.title, TITLE_SHOWN)} for p in data.paths],
        "reading": data.reading,
    }


def _column(column: ColumnView) -> dict[str, Any]:
    """Return one column as JSON-ready values."""
    return asdict(column) | {
        "reason": _clip(column.reason, REASON_SHOWN),
        "remedy": _clip(column.remedy, REASON_SHOWN),
        "cards": [_card(card) for card in column.cards],
    }


def _card(card: CardView) -> dict[str, Any]:
    """Return one card as JSON-ready values; a bar that is not finite becomes 0."""
    return asdict(card) | {
        "title": _clip(card.title, TITLE_SHOWN),
        "text": _clip(card.text, TEXT_SHOWN),
        "bar": min(max(card.bar, 0.0), 1.0) if math.isfinite(card.bar) else 0.0,
    }


def _clip(text: str, limit: int) -> str:
    """Return the text, or its first `limit` characters and an ellipsis."""
    return text if len(text) <= limit else f"{text[:limit]}…"


def _selected(state: object) -> str | None:
    """Return the chosen id held in a component state, which comes from the browser."""
    value = state.get("selected") if isinstance(state, dict) else None
    return value if isinstance(value, str) else None


def _nothing() -> None:
    """Do nothing: Streamlit wants a callback to know that "selected" is a state."""
