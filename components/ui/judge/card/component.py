"""One pair after another in the browser: the next ones lie ready, and what was done is sent.

The browser keeps what the judge did until the server says that it is kept: an act that is on its
way is sent again with the next, under the same token.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import streamlit as st
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from streamlit.components.v2 import component

from components.ui.shared.modules import joined, minified

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

FOLDER: Final = Path(__file__).parent
SCRIPT_PARTS: Final = ("keys", "card")
"""The modules of `script/` that run in the browser, each after those that it imports."""
MOST_ACTS: Final = 500
"""Acts that one message of the browser has at most."""

Part = tuple[str, bool]
"""A piece of a text, and whether it is a word that the query has too."""


@dataclass(frozen=True, slots=True)
class Question:
    """A pair to be judged, under an id that tells nothing of where it comes from."""

    id: str
    query: str
    title: tuple[Part, ...]
    text: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class CardData:
    """What the browser draws.

    `labels` are the grades' words, from 0 upward. `kept` are the tokens of acts that are kept,
    `last` says what the last one was, empty where there is none to take back or to note.
    """

    questions: tuple[Question, ...]
    labels: tuple[str, ...]
    kept: tuple[str, ...]
    last: str
    progress: str
    share: float


class Act(BaseModel):
    """What a judge did: `grade`, `cannot say`, `skip`, `undo` or `note`."""

    token: str = Field(min_length=8, max_length=64)
    kind: str
    question: str = ""
    grade: int | None = None
    note: str = ""


_ACTS: Final = TypeAdapter(list[Act])


def card(data: CardData, *, key: str, on_acts: Callable[[], None]) -> None:
    """Draw the card; `on_acts` is called before the script runs, once there are acts to keep."""
    _renderer()(
        key=key, data=asdict(data), default={"acts": []}, on_acts_change=on_acts, height="content"
    )


def acts(key: str) -> Sequence[Act]:
    """Return what the browser has sent and may send again; nothing where it is no list of acts."""
    state: Mapping[str, Any] | None = st.session_state.get(key)
    sent = state.get("acts") if state else None
    try:
        return _ACTS.validate_python(sent or [])[:MOST_ACTS]
    except ValidationError:
        return []


@cache
def _renderer() -> ComponentRenderer:
    """Register the component once a process; Streamlit repeats it in each further runtime."""
    css = minified((FOLDER / "card.css").read_text(encoding="utf-8"))
    script = joined(FOLDER / "script" / f"{part}.mjs" for part in SCRIPT_PARTS)
    return component("rerank_lab_judge_card", css=css, js=script)
