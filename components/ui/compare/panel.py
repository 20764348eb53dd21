"""The panel beside the columns: the selected document, its rank in each system, and why.

It stands beside the columns on a wide window and is a sheet over their foot on a narrow one. The
board's script closes it and changes its system: elements with `data-panel-close` and
`data-panel-system` are its buttons.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import streamlit as st

from components.analysis import comparison as analysis
from components.analysis.matching import matching_words
from components.charts.palette import LETTERS, StyledRanking, SystemStyle, letters
from components.domain import RANKS_ONLY, Document, Hit, Ranking, Spec
from components.pipeline.job import FIRST
from components.ui.compare import explanation
from components.ui.compare.board.component import Selection
from components.ui.compare.board.view import column_specs
from components.ui.compare.results import Results
from components.ui.judge import here
from components.ui.shared import page
from components.wording import count, describe_grade, movement, score, shortened

MOST_DETAILS = 200
"""Other fields of a document that are listed."""
DETAIL_CHARACTERS = 10_000
"""Characters of one of them."""

STYLE = Path(__file__).with_name("panel.css").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Place:
    """What one column made of a document; `hit` is None where it does not rank it.

    A `provisional` rank is one among the candidates that were scored so far.
    """

    system: str
    column: StyledRanking
    spec: Spec
    hit: Hit | None
    provisional: bool = False

    @property
    def ranks_only(self) -> bool:
        """Return whether the system orders documents and gives them no scores."""
        return self.spec.scale == RANKS_ONLY


def show(results: Results, selection: Selection) -> None:
    """Show a document as one system ranked it: first what costs nothing, then why."""
    query = results.job.request.query.text
    # the text that was scored, whatever the corpus says of it by now
    ranked = (hit.document for ranking in results.rankings for hit in ranking.hits)
    document = (
        next((document for document in ranked if document.id == selection.document), None)
        or results.job.corpus.by_id[selection.document]
    )
    hits = analysis.ranks_of(document.id, results.rankings)
    places = [
        Place(column.ranking.system if at else FIRST, column, results.specs[at], hits[at])
        for at, column in enumerate(results.columns)
    ]
    places += _provisional_places(results, selection)
    opened = opened_place(places, selection.system)
    marks = sum(len(matching_words(query, text)) for text in (document.title, document.text))
    marked = "no word of the query is in it, in any form"
    if marks:
        marked = f"{count(marks, 'word')} marked that the query has too, in any form"
    with st.container(key="detail", gap="small"):
        st.html(_style() + heading_html(opened))
        st.html(document_html(document, query) + details_html(document), width="stretch")
        page.soft(
            f"id {document.id} · {describe_grade(results.grades.get(document.id))} · {marked}",
            "grade",
        )
        here.show(results.job.corpus, query, document)
        st.html(ranks_html(places, opened))
        with st.container(key="why", gap="small"):
            explanation.why(results.job, opened.spec, opened.column, opened.hit)
        page.soft(
            "↑ ↓ the next document · ← → the same one in the next column · Esc closes", "panel-keys"
        )


def _provisional_places(results: Results, selection: Selection) -> list[Place]:
    """Return what the selected system made of the document so far, if it is still scoring."""
    job, system = results.job, selection.system
    ranking = job.provisional(system)
    if ranking is None:
        return []
    letter = letters(job.request.systems, job.lab.settings)[system]
    spec = column_specs(job.request, job.lab.settings)[system]
    style = SystemStyle(letter, spec.label, page.palette().colour(letter), spec.scale)
    [hit] = analysis.ranks_of(selection.document, [ranking])
    return [Place(system, StyledRanking(ranking, style), spec, hit, provisional=True)]


def opened_place(places: Sequence[Place], system: str) -> Place:
    """Return the place of a system; without one, the first that ranks after the first stage."""
    ranking = [place for place in places[1:] if place.hit]
    return next((p for p in places if p.system == system), (ranking or places)[0])


# ---------------------------------------------------------------- its parts, as escaped HTML


def _style() -> str:
    """Return the panel's style in the visitor's colours."""
    colours = page.palette()
    mark = "#6d5c12" if page.dark() else "#ffe48a"
    values = {
        **{"paper": colours.paper, "ink": colours.text, "soft": colours.soft},
        **{"line": colours.border, "tile": colours.panel, "mark": mark},
    }
    variables = "".join(f"--panel-{name}: {value}; " for name, value in values.items())
    return f"<style>:root {{ {variables}}}\n{STYLE}</style>"


def _tag(column: StyledRanking) -> str:
    colour, on = column.style.colour, page.palette().on_system
    return f'<span class="tag" style="background:{colour};color:{on}">{column.style.letter}</span>'


def heading_html(place: Place) -> str:
    """Return the system that the panel is opened for, its rank and score, and the way out."""
    style, hit = place.column.style, place.hit
    facts = "does not rank this document"
    if hit:
        so_far = " so far" if place.provisional else ""
        facts = f"rank <b>{hit.rank}</b>{so_far} · "
        facts += "" if place.ranks_only else f"score <b>{score(hit.score)}</b> "
        facts += escape(style.scale)
        if place.system != FIRST and hit.first_stage_rank:
            facts += f" · {movement(hit.movement)} from {LETTERS[0]} {hit.first_stage_rank}"
    return (
        f'<header class="panel-head">{_tag(place.column)}<div>'
        f'<h2 dir="auto">{escape(style.label)}</h2><p>{facts}</p></div>'
        '<button type="button" data-panel-close aria-label="Close the document" '
        'title="Close (Esc)">✕</button></header>'
    )


def document_html(document: Document, query: str) -> str:
    """Return a document's title and text with the words of the query marked."""
    title = marked_html(document.title, query) or "(no title)"
    return (
        f'<h3 class="panel-title" dir="auto">{title}</h3>'
        f'<div class="panel-text" dir="auto" tabindex="0">{marked_html(document.text, query)}</div>'
    )


def details_html(document: Document) -> str:
    """Return what else the file says of a document: a list of names and values, if there is any."""
    if not document.details:
        return ""
    rows = "".join(
        f'<dt dir="auto">{escape(name)}</dt>'
        f'<dd dir="auto">{escape(shortened(value, DETAIL_CHARACTERS))}</dd>'
        for name, value in document.details[:MOST_DETAILS]
    )
    more = len(document.details) - MOST_DETAILS
    rows += f"<dt>and {count(more, 'other')}</dt><dd></dd>" if more > 0 else ""
    return f'<dl class="panel-details" tabindex="0">{rows}</dl>'


def marked_html(text: str, query: str) -> str:
    """Return a text as escaped HTML, with the words that share a stem with the query marked."""
    parts, end = [], 0
    for start, stop in matching_words(query, text):
        parts += [escape(text[end:start]), f"<mark>{escape(text[start:stop])}</mark>"]
        end = stop
    return "".join([*parts, escape(text[end:])])


def ranks_html(places: Sequence[Place], opened: Place) -> str:
    """Return the document's rank and score in every column; each row opens that system's."""
    read = any(place.hit and place.hit.tokens_read for place in places)
    rows = "".join(_rank_row(place, place is opened, read=read) for place in places)
    tokens = "<th>Tokens read</th>" if read else ""
    return (
        '<table class="panel-ranks"><thead><tr><th>System</th><th>Rank</th><th>Score</th>'
        f"{tokens}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _rank_row(place: Place, opened: bool, *, read: bool) -> str:
    hit, name = place.hit, escape(place.column.style.label)
    cells = [str(hit.rank), "-" if place.ranks_only else score(hit.score)] if hit else ["-", "-"]
    if read:
        cells.append(describe_tokens(hit, place.column.ranking) if hit else "")
    button = (
        f'<button type="button" data-panel-system="{escape(place.system)}" '
        f'aria-pressed="{str(opened).lower()}">{_tag(place.column)} <span>{name}</span></button>'
    )
    data = "".join(f"<td>{cell}</td>" for cell in cells)
    return f'<tr class="{"opened" if opened else ""}"><th scope="row">{button}</th>{data}</tr>'


def describe_tokens(hit: Hit, ranking: Ranking) -> str:
    """Return how many of a document's tokens were read and cut; about so many if estimated."""
    if not hit.tokens_read:
        return ""
    about = "about " if ranking.cut_estimated else ""
    cut = f", {about}{hit.tokens_cut:,} cut" if hit.tokens_cut else ""
    return f"{about}{hit.tokens_read:,}{cut}"
