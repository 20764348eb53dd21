"""What every page has: title, style, navigation, headings, charts and errors."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import streamlit as st
from plotly.graph_objects import Figure
from streamlit.delta_generator import DeltaGenerator

from components import glossary
from components.charts.alternative import values_of
from components.charts.lying_bars import LyingBars
from components.charts.palette import DARK, LETTERS, LIGHT, Palette, SystemStyle
from components.domain import LabError
from components.ui.shared import address, live, sign_in, state
from components.ui.shared.pictures import Entry, Picture, pictures
from components.wording import count, key_form

# Streamlit's first table imports pandas. Plotly looks for it in every chart, and fails where
# another thread has imported only half of it: here it is imported before any page is drawn.
import_module("pandas")

PAGES = (
    ("app.py", "Compare"),
    ("pages/evaluate.py", "Evaluate"),
    ("pages/judge.py", "Judge"),
    ("pages/corpus.py", "Corpus"),
    ("pages/rerankers.py", "Rerankers"),
    ("pages/glossary.py", "Glossary"),
)

HEARTBEAT_SECONDS = 20
"""How often a window asks about work that would otherwise end."""

CHART = {"displayModeBar": False, "displaylogo": False}
"""Plotly's settings for every chart."""

# Overrides of Streamlit's own style. Trusted text: no data ever goes in here.
_STYLE = """<style>
[data-testid="stMainBlockContainer"] { padding: 1.1rem 2rem 4rem; max-width: 1480px; }
[data-testid="stMainBlockContainer"]:has(.st-key-ask) { max-width: none; }
[data-testid="stHeader"] { background: transparent; height: 0; min-height: 0; }
.st-key-nav { border-bottom: 1px solid var(--st-border-color, rgba(128,128,128,.3));
  padding-bottom: .35rem; gap: .2rem .4rem; align-items: center; }
.st-key-nav [data-testid="stPageLink"] a { padding: .2rem .55rem; }
.st-key-nav [data-testid="stMarkdownContainer"] p { margin: 0; }
.st-key-brand h1 { font-weight: 700; font-size: 1.15rem; letter-spacing: -.01em; padding: 0; }
.st-key-brand { padding-right: .8rem; }
[class*="st-key-heading-"] h2 { font-size: 1.06rem; font-weight: 700; padding: 0;
  line-height: 1.5; letter-spacing: 0; }
[class*="st-key-heading-"] [data-testid="stHeading"] [data-testid="stMarkdownContainer"] {
  margin-bottom: 0; }
.tag { display: inline-grid; place-items: center; width: 1.5rem; height: 1.5rem;
  border-radius: .4rem; font-weight: 700; font-size: .85rem; }
.st-key-ask input { font-size: 1.2rem; padding: .7rem .95rem; }
.st-key-ask [data-baseweb="input"], .st-key-ask [data-testid="stTextInputRootElement"] {
  height: auto; }
.st-key-ask [data-testid="stFormSubmitButton"] button { padding: .72rem 1.5rem; font-weight: 600; }
.st-key-nav > :last-child { margin-left: auto; }
.st-key-where { align-items: flex-end; }
.st-key-sign-out button { min-height: 1.5rem; padding: 0 0 0 .4rem; }
.st-key-sign-out button p { font-size: .88rem; }
.st-key-verdict { border-left: 3px solid currentColor; padding: .1rem 0 .1rem .9rem; gap: .1rem; }
.st-key-verdict [data-testid="stText"] { font-size: 1.06rem; }
[data-testid="stText"] { white-space: pre-wrap; overflow-wrap: anywhere; font-family: inherit; }
[class*="st-key-soft"] [data-testid="stText"] {
  font-size: .88rem; opacity: .72; }
[data-testid="stBaseButton-primary"]:enabled, [data-testid="stBaseButton-primary"]:enabled p,
[data-testid="stBaseButton-primaryFormSubmit"]:enabled,
[data-testid="stBaseButton-primaryFormSubmit"]:enabled p { color: PAPER; }
[data-testid="stMultiSelectTagsContainer"] [data-tag] * { color: PAPER; }
[data-testid="stCheckbox"] polyline { stroke: PAPER; }
.shaded { white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.75; }
.shaded span { border-radius: 3px; padding: 1px 0; }
.unseen { position: absolute; width: 1px; height: 1px; margin: 0; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap; }
[data-stale="true"] { opacity: 1; transition: none; }
@media (max-width: 640px) {
  [data-testid="stMainBlockContainer"] { padding: .8rem .8rem 3rem; }
  .st-key-nav > :last-child { margin-left: 0; }
  .st-key-where { align-items: flex-start; }
}
</style>"""


def setup(title: str) -> None:
    """Set the page's title, its style and the navigation. Call before drawing anything."""
    state.put(state.DRAWING, time.monotonic())
    st.set_page_config(page_title=f"{title} · Rerank Lab", page_icon="🔀", layout="wide")
    st.html(_STYLE.replace("PAPER", palette().paper))
    with st.container(horizontal=True, key="nav", vertical_alignment="center"):
        with st.container(key="brand", width="content"):
            st.html(f'<h1>Rerank Lab<span class="unseen"> · {title}</span></h1>')
        evaluation = state.get(state.EVALUATED)
        for path, label in PAGES:
            is_open = evaluation is not None and label == "Evaluate"
            query = {"evaluation": evaluation.id} if is_open else None
            st.page_link(path, label=label, width="content", query_params=query)
        with st.container(key="where", width="content", gap=None):
            corpus = state.corpus()
            engine = "embedded Qdrant" if state.lab().store.embedded else "Qdrant server"
            engine = "a collection that exists already" if corpus.remote else engine
            soft(f"{corpus.name} · {count(len(corpus.documents), 'passage')} · {engine}", "where")
            sign_in.line()
            address.keep_history()
    if unopened := state.get(state.UNOPENED):
        complain(unopened, "unopened")
    state.ask_about_work()
    # With live updates the server sees that the window is there, on whatever page.
    if not live.address() and any(not w.finished and w.impatient for w in state.work()):
        st.fragment(state.ask_about_work, run_every=HEARTBEAT_SECONDS)()


def corpus_picker(key: str, width: int) -> None:
    """Let the visitor choose the corpus; the field follows a choice made elsewhere."""
    st.session_state[key] = state.corpus().name
    where = {name: "this window" for name in state.mapping(state.UPLOADS)}
    where = dict.fromkeys(state.kept(), "library") | where
    st.selectbox(
        "Corpus",
        state.corpus_names(),
        format_func=lambda name: f"{name} ({where[name]})" if name in where else name,
        on_change=lambda: state.choose_corpus(st.session_state[key]),
        key=key,
        width=width,
    )


def soft(text: str, key: str, term: str = "") -> None:
    """Write a small, faint line of plain text; a `term` of the glossary is explained beside it."""
    with st.container(key=f"soft-{key}", width="content"):
        st.text(text, help=glossary.explain(term) if term else None)


def notices(lines: Sequence[str]) -> None:
    """Say what of an address was not known."""
    for line in lines:
        st.text(f"⚠ {line}")


def complain(error: LabError, key: str = "complaint") -> None:
    """Show what went wrong and what to do, as plain text: messages may hold hostile input."""
    with st.container(border=True, key=key):
        st.text(f"⚠ {error.reason}")
        if error.remedy:
            st.text(error.remedy)


@contextmanager
def complaints(key: str = "complaint") -> Iterator[None]:
    """Turn the lab's errors into messages; anything else is a fault and stays one.

    `key` is the message's: parts of a page that may complain at once have one each.
    """
    try:
        yield
    except LabError as exc:
        complain(exc, key)


def dark() -> bool:
    """Return whether the visitor sees the dark theme."""
    return st.context.theme.type == "dark"


def palette() -> Palette:
    """Return the colours of the theme that the visitor sees."""
    return DARK if dark() else LIGHT


def tabs(*names: str) -> list[DeltaGenerator]:
    """Return one container a tab; the open tab survives reruns."""
    return list(st.tabs(names))


def figure(of: tuple[Hashable, ...], build: Callable[[], Figure]) -> Figure:
    """Return the session's figure of something in the visitor's theme; it is built once.

    `of` names all that the figure depends on. Building one takes tens of milliseconds, drawing one
    that is there takes one.
    """
    return state.memo(("figure", dark(), *of), build)


def chart(
    figure: Figure,
    key: str,
    title: str,
    note: str = "",
    styles: Iterable[SystemStyle] = (),
    **options: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Draw a chart, with buttons that save it as PNG and SVG under its title.

    The files have the `note`, how to read the chart, and the names of `styles`, the systems of
    which the chart shows the letters alone. Its alternative text is the title and the values.
    `options` are further ones of Streamlit's; with `on_select` the selection is returned.
    """
    legend = tuple(Entry(style.letter, style.label, style.colour) for style in styles)
    names = "".join(f" {entry.letter} is {entry.label}." for entry in legend)
    alt = f"{title}.{names} {values_of(figure)}"
    with st.container(key=f"chart-{key}", gap="xxsmall"):
        event = st.plotly_chart(figure, key=key, config=CHART, alt=alt, **options)
        name = f"rerank-lab-{key_form(key)}"
        pictures(Picture(key, name, title, alt, note, legend=legend), palette())
    return event


def bars(chart: LyingBars, key: str, title: str, note: str = "") -> None:
    """Draw lying bars, with buttons that save them, as `chart` does with Plotly's charts."""
    alt = f"{title}. {chart.described()}"
    svg = str(chart.as_svg(key, alt))
    pictures(Picture(key, f"rerank-lab-{key}", title, alt, note, svg=svg), palette())


Download = tuple[str, str, str, Callable[[], str | bytes]]
"""A button's label, the file's name and media type, and what computes its content when pressed."""


def downloads(files: Sequence[Download], key: str) -> None:
    """Draw a row of download buttons; `key` is the row's."""
    with st.container(horizontal=True, key=key):
        for label, name, media_type, content in files:
            st.download_button(
                label,
                content,
                file_name=name,
                mime=media_type,
                icon=":material/download:",
                key=f"take-{name.rpartition('.')[2]}",
                on_click="ignore",
                width="content",
            )


def heading(title: str, line: str, *terms: str) -> None:
    """Write a section's title, one plain line under it, and the help that explains its terms.

    The title is the project's own text, or a system's key.
    """
    help = glossary.as_markdown(glossary.TERMS[term] for term in terms) or None
    with st.container(key=f"heading-{key_form(title)}", gap="xxsmall"):
        st.header(title, anchor=False, help=help)
        soft(line, f"about-{key_form(title)}")


def explained(columns: Iterable[str]) -> dict[str, Any]:
    """Return the settings of a table in which columns named by a term of the glossary explain it.

    The name of a term may begin the column's: "nDCG@10 (95% CI)".
    """
    terms = {name: glossary.term(name) or glossary.term(name.partition(" ")[0]) for name in columns}
    return {n: st.column_config.Column(help=str(term)) for n, term in terms.items() if term}


def tag(letter: str) -> None:
    """Draw a system's letter on its colour."""
    if letter not in LETTERS:
        raise ValueError(f"a system's letter is one of {LETTERS}, not {letter!r}")
    colours = palette()
    st.html(
        f'<span class="tag" style="background:{colours.colour(letter)};'
        f'color:{colours.on_system}">{letter}</span>',
        width="content",
    )
