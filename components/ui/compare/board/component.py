"""The board: every system's ranking side by side, one document followed across all of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import streamlit as st
from streamlit.components.v2 import component

from components.charts.palette import DARK, LIGHT, letter_rules
from components.ui.shared.modules import joined, minified
from components.ui.shared.progress import LIVE
from components.wording import shortened

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

# A card shows one line of title and two of text: longer texts are not sent to the browser.
TITLE_LIMIT: Final = 300
TEXT_LIMIT: Final = 600
REASON_LIMIT: Final = 4000
COUNTS_ITSELF: Final = "{} counts the query itself, which Evaluate leaves out unless asked"
"""A column's note where a document is the query: nobody may take the figure for Evaluate's."""

FOLDER: Final = Path(__file__).parent
SCRIPT_PARTS: Final = (
    *("data", "text", "geometry", "dom", "card", "note", "column", "columns"),
    *("links", "movement", "header", "keyboard", "panel", "board"),
)
"""The modules of `script/` that run in the browser, each after those that it imports."""

STYLE_SHEETS: Final = ("board.css", "movement.css", "presenter.css")

Origin = Literal["same", "up", "down", "from", "first", "new"]
State = Literal["done", "loading", "waiting", "running", "failed", "stopped"]


@dataclass(frozen=True)
class CardView:
    """One document in one column; `bar` is 0..1 within that column, `cut` counts unread tokens.

    `itself` marks a document that is the query, by id and text; `details` say in one short line
    where it stands or what else its file says of it.

    `first_rank` is 0 and `origin` "new" where the first stage did not find the document. The
    fields of this and the next three classes are those of the types in `script/types.mjs`.
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
    itself: bool = False
    details: str = ""


@dataclass(frozen=True)
class ColumnView:
    """One system: how far it is, what it cost, and its cards.

    While it scores, the cards are those of the candidates scored so far, in provisional order.
    `doing` says in words what a system at work does, of which `done` of `total` are done;
    `cost_detail` says what the cost was charged for.
    """

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
    cost_detail: str = ""
    doing: str = ""

    def marking(self, document: str) -> ColumnView:
        """Return this column with the card of the document marked that is the query itself.

        Where there is one, a note names the rule that the measure follows.
        """
        cards = tuple(replace(card, itself=card.id == document) for card in self.cards)
        counted = bool(self.quality) and any(card.itself for card in cards)
        note = (COUNTS_ITSELF.format(self.quality.rpartition(" ")[0]),) if counted else ()
        return replace(self, cards=cards, notes=(*self.notes, *note))


@dataclass(frozen=True)
class PathView:
    """One document's ranks in the finished columns; `telling` ones are emphasised.

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

    `paths` draw the movement chart of the columns `joined`, by key, below the columns; `reading`
    says how to read it.
    """

    columns: tuple[ColumnView, ...]
    max_grade: int
    cutoff: int
    paths: tuple[PathView, ...] = ()
    joined: tuple[str, ...] = ()
    reading: str = ""


@dataclass(frozen=True)
class Selection:
    """A document, and the key of the column in which it was opened; empty where that is open."""

    document: str
    system: str = ""


def board(
    data: BoardData,
    *,
    key: str,
    selected: Selection | None = None,
    live: Mapping[str, Any] | None = None,
    presenting: bool = False,
) -> Selection | None:
    """Draw the board and return the selected document while one of its cards is drawn.

    `selected` is the selection until the visitor makes another. With a silent `live` the columns
    follow the work, and the script runs again when one has ended. `presenting` makes the cards fill
    a projector and gives the page's keys to presenter view.
    """
    state = st.session_state.get(key)
    initial = selected if state is None else _selected(state)
    result = _renderer()(
        key=key,
        data=payload(data, initial) | {"live": live, "presenting": presenting},
        default={"selected": asdict(selected) if selected else None},
        on_selected_change=lambda: None,  # Streamlit asks for it: it makes "selected" a state
    )
    selection = _selected(result)
    drawn = {card.id for column in data.columns for card in column.cards}
    return selection if selection and selection.document in drawn else None


@cache
def _renderer() -> ComponentRenderer:
    """Register the component once a process; Streamlit repeats it in each further runtime."""
    return component("rerank_lab_board", css=stylesheet(), js=script())


def stylesheet() -> str:
    """Return the board's CSS, with each letter's colour in light and dark."""
    files = [(FOLDER / name).read_text(encoding="utf-8") for name in STYLE_SHEETS]
    light = letter_rules(LIGHT, '.board[data-tone="light"] ')
    dark = letter_rules(DARK, '.board[data-tone="dark"] ')
    return minified("\n".join([*files, light, dark]))


def script() -> str:
    """Return the parts of the board's script as the one ES module that Streamlit takes."""
    return joined([LIVE, *(FOLDER / "script" / f"{part}.mjs" for part in SCRIPT_PARTS)])


def payload(data: BoardData, selected: Selection | None) -> dict[str, Any]:
    """Return what the script gets: JSON-ready values, with the selected document.

    Texts are clipped beyond what a card can show.
    """
    paths = (replace(path, title=shortened(path.title, TITLE_LIMIT)) for path in data.paths)
    columns = (_clipped_column(column) for column in data.columns)
    clipped = replace(data, columns=tuple(columns), paths=tuple(paths))
    return asdict(clipped) | {"selected": asdict(selected) if selected else None}


def column_change(column: ColumnView) -> dict[str, Any]:
    """Return a column as a change that the browser hears."""
    return {"column": asdict(_clipped_column(column))}


def _clipped_column(column: ColumnView) -> ColumnView:
    return replace(
        column,
        reason=shortened(column.reason, REASON_LIMIT),
        remedy=shortened(column.remedy, REASON_LIMIT),
        cards=tuple(_clipped_card(card) for card in column.cards),
    )


def _clipped_card(card: CardView) -> CardView:
    """Return a card with its texts clipped; a bar that is not finite becomes 0."""
    return replace(
        card,
        title=shortened(card.title, TITLE_LIMIT),
        text=shortened(card.text, TEXT_LIMIT),
        bar=min(max(card.bar, 0.0), 1.0) if math.isfinite(card.bar) else 0.0,
    )


def _selected(state: object) -> Selection | None:
    """Return the selection of a component state, which comes from the browser."""
    value = state.get("selected") if isinstance(state, dict) else None
    if not isinstance(value, dict):
        return None
    document, system = value.get("document"), value.get("system", "")
    if not (isinstance(document, str) and isinstance(system, str)):
        return None
    return Selection(document, system)
