"""Findings as a list; what one is about opens beside it, on a narrow screen under it."""

from __future__ import annotations

import re

import streamlit as st

from components.analysis.anatomy import Anatomy, Finding, clear
from components.analysis.anatomy import findings as findings_of
from components.domain import Corpus
from components.ui.corpus.anatomy.looking import look
from components.ui.shared import page, state
from components.wording import listed

# Trusted text: no data ever goes in here. The open finding's documents follow their finding in the
# page; where there is room they stand in a column of their own.
_STYLE = """<style>
.st-key-anatomy-findings { gap: .15rem; }
.st-key-anatomy-findings button[data-testid="stBaseButton-tertiary"] { width: 100%;
  justify-content: flex-start; text-align: left; padding: .4rem .6rem; border-radius: .45rem;
  min-height: 2.4rem; white-space: normal; border: 1px solid transparent; }
.st-key-anatomy-findings button[data-testid="stBaseButton-tertiary"] > div { width: 100%;
  justify-content: flex-start; align-items: flex-start; gap: .55rem; }
.st-key-anatomy-findings button[data-testid="stBaseButton-tertiary"] p { text-align: left;
  line-height: 1.4; }
.st-key-anatomy-findings button[data-testid="stBaseButton-tertiary"]:hover {
  background: PANEL; }
.st-key-anatomy-findings [class*="st-key-finding-open"] button {
  background: PANEL; border-color: TEXT; }
.anatomy-title { font-size: 1rem; font-weight: 600; padding: 0; margin: 0; line-height: 1.5; }
.anatomy-text mark { background: SHADE;
  color: inherit; text-decoration: underline; text-underline-offset: 3px; border-radius: 3px; }
.anatomy-text { max-height: 26rem; overflow-y: auto; }
.st-key-anatomy-look { border-left: 3px solid SHADE; padding-left: 1rem;
  margin: .2rem 0 .6rem; }
@media (min-width: 1000px) {
  .st-key-anatomy-findings:has(.st-key-anatomy-look) { display: grid; column-gap: 1.6rem;
    grid-template-columns: minmax(20rem, 2fr) 3fr; align-items: start; }
  .st-key-anatomy-findings > * { grid-column: 1; }
  .st-key-anatomy-findings > :has(> .st-key-anatomy-look) { grid-column: 2;
    grid-row: 1 / span ROWS; position: sticky; top: .8rem; }
  .st-key-anatomy-look { margin-top: 0; }
}
</style>"""
_MARKDOWN = re.compile(r"([\\`*_~\[\]<>$:])")


def findings(corpus: Corpus, anatomy: Anatomy) -> None:
    """List what is worth knowing, what weighs on figures first."""
    listing = findings_of(anatomy)
    colours, style = page.palette(), _STYLE.replace("ROWS", str(len(listing) + 2))
    for name in ("shade", "panel", "text"):
        style = style.replace(name.upper(), getattr(colours, name))
    st.html(style)
    with st.container(key="anatomy-findings"):
        for finding in listing:
            _finding(corpus, finding)
    absent = clear(anatomy)
    if not listing:
        st.text("Nothing stands out.")
    if absent:
        where = "" if anatomy.whole else " in the sample"
        page.soft(f"\u2713 Looked for{where} and not there: {listed(absent)}.", "anatomy-clear")


def _finding(corpus: Corpus, finding: Finding) -> None:
    """Draw one finding, and under it what it is about where it is open."""
    is_open = state.get(state.LOOKED_AT) == finding.key
    st.button(
        _MARKDOWN.sub(r"\\\1", finding.text),
        key=f"finding-{'open' if is_open else 'closed'}-{finding.key}",
        type="tertiary",
        icon=":material/warning:" if finding.grave else ":material/info:",
        disabled=finding.kind == "none",
        on_click=lambda: state.put(state.LOOKED_AT, "" if is_open else finding.key),
        width="stretch",
    )
    if is_open:
        with st.container(key="anatomy-look", gap="small"):
            look(corpus, finding)
