from __future__ import annotations

import re
from pathlib import Path

import pytest

from components.glossary import TERMS, Term, as_markdown, explain, term
from components.measures import families
from tests.support.house import ROOT, sources

GUIDE = ROOT / ".docs" / "glossary.md"
INTRODUCTION = (
    "# Glossary\n\n"
    "The terms of art in the app, as information retrieval uses them. "
    "The app explains them where they stand, and all of them on its Glossary page.\n\n"
)
SENTENCES = re.compile(r"[.;:] (?=[A-Z])")


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("nDCG", "nDCG"),
        ("ndcg@10", "nDCG"),
        ("R@100", "R"),
        ("recall", "R"),
        ("Judged@10", "Judged"),
        ("p95", "p50, p95, p99"),
        ("95% CI", "Confidence interval"),
        ("max-T", "Corrected p"),
        ("p", "Corrected p"),
        ("P", "P"),
        ("P@10", "P"),
    ],
)
def test_a_term_is_found_by_each_of_its_names(name: str, entry: str) -> None:
    assert term(name) is TERMS[entry]
    assert explain(name) == str(TERMS[entry])


def test_what_is_not_a_term_is_none() -> None:
    assert term("helpdesk") is None
    with pytest.raises(KeyError, match="helpdesk is not in the glossary"):
        explain("helpdesk")


def test_a_source_stands_behind_its_text() -> None:
    assert str(Term("A", "What it is.", "Somebody 1999")) == "What it is. (Somebody 1999)"
    assert as_markdown([Term("A", "One."), Term("B", "Two.")]) == "**A.** One.\n\n**B.** Two."


def test_no_name_belongs_to_two_terms() -> None:
    names = [name for entry in TERMS.values() for name in (entry.name, *entry.also)]
    names = [name if len(name) == 1 else name.lower() for name in names]
    assert sorted(names) == sorted(set(names))
    assert list(TERMS) == sorted(TERMS, key=str.lower)


@pytest.mark.parametrize("entry", TERMS.values(), ids=lambda entry: str(entry.name))
def test_an_explanation_is_short_and_whole(entry: Term) -> None:
    assert entry.text[0].isupper()
    assert entry.text.endswith(".")
    assert len(SENTENCES.split(entry.text)) <= 4
    assert not set(entry.text) & set("*_`[]<>$"), "pages show it as Markdown"


def test_every_measure_is_explained() -> None:
    assert [name for name in families() if term(name) is None] == []


def test_the_guide_is_the_glossary() -> None:
    """`python -m tests.test_glossary` writes it."""
    assert GUIDE.read_text(encoding="utf-8") == INTRODUCTION + as_markdown(TERMS.values()) + "\n"


def test_what_pages_explain_is_in_the_glossary() -> None:
    """Names in calls such as explain("nDCG") are looked up when the page is drawn."""
    names = {
        name
        for path in sources()
        for name in re.findall(r"""explain\("([^"]+)"\)""", path.read_text(encoding="utf-8"))
    }
    assert [name for name in sorted(names) if term(name) is None] == []


if __name__ == "__main__":
    Path(GUIDE).write_text(INTRODUCTION + as_markdown(TERMS.values()) + "\n", encoding="utf-8")
