"""The Glossary page, and the help that pages take from it."""

from __future__ import annotations

import pytest

from components.glossary import TERMS, explain
from components.ui.glossary.listing import matching
from tests.support.visits import Visit, said


def test_the_page_lists_every_term(visit: Visit) -> None:
    at = visit("pages/glossary.py")
    assert said(at, "soft-terms") == f"{len(TERMS)} terms"
    text = at.main.get_by_key("glossary").markdown[0].value
    assert all(f"**{term.name}.** {term}" in text for term in TERMS.values())


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ("ndcg", ["nDCG", "Cut-off"]),
        (" MaxSim ", ["MaxSim", "Late interaction"]),
        ("p95", ["p50, p95, p99"]),
        ("<script>", []),
    ],
)
def test_a_term_is_found_by_name_then_by_text(wanted: str, names: list[str]) -> None:
    assert [term.name for term in matching(wanted)] == names


def test_the_visitor_finds_a_term(visit: Visit) -> None:
    at = visit("pages/glossary.py")
    at.text_input(key="_term").input("listwise").run()
    assert said(at, "soft-terms") == "1 term"
    at.text_input(key="_term").input("zorblax").run()
    assert said(at, "soft-terms") == "No term has that."


def test_headings_and_columns_explain_their_terms(visit: Visit) -> None:
    at = visit("pages/evaluate.py")
    helps = [widget.help for widget in (*at.selectbox, *at.number_input)]
    assert explain("First stage") in helps
