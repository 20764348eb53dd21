"""axe-core finds no serious fault on any page, in light and dark; pages have their headings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

Enter = Callable[..., Any]
GRAVE = {"serious", "critical"}
COMPARED = "/?corpus=exceptions&first=bm25&reranker=late-bge"


def faults(visitor: Any) -> list[str]:  # noqa: ANN401
    """Return the serious and critical faults of a page as it stands, each with its elements."""
    visitor.quiet()
    found = Axe().run(visitor.page).response["violations"]
    return [
        f"{fault['id']}: {[node['target'] for node in fault['nodes']]}"
        for fault in found
        if fault["impact"] in GRAVE
    ]


def headings(visitor: Any) -> list[str]:  # noqa: ANN401
    """Return level and text of the headings that a screen reader jumps between."""
    nodes = visitor.page.get_by_role("heading").all()
    levels = [node.evaluate("node => node.tagName.toLowerCase()") for node in nodes]
    texts = [" ".join(node.inner_text().split()) for node in nodes]
    return [f"{level} {text}" for level, text in zip(levels, texts, strict=True)]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_serious_fault(enter: Enter, scheme: str) -> None:
    visitor = enter(COMPARED, color_scheme=scheme)
    page = visitor.page
    page.locator(".board .card").first.wait_for()
    assert faults(visitor) == []
    assert headings(visitor)[0] == "h1 Rerank Lab · Compare"
    visitor.go("Evaluate")
    page.locator(".st-key-evaluate_now button").click()
    page.locator(".st-key-verdict").wait_for()
    assert faults(visitor) == []
    assert headings(visitor)[:2] == ["h1 Rerank Lab · Evaluate", "h2 Quality"]
    for view in ("By query", "Latency and worth", "Kept and files"):
        page.get_by_role("radio", name=view).click()
        assert faults(visitor) == [], view
    visitor.go("Judge")
    assert faults(visitor) == []
    assert headings(visitor)[:2] == ["h1 Rerank Lab · Judge", "h2 Judge"]
    visitor.go("Corpus")
    page.get_by_role("heading", name="Languages").wait_for()
    assert faults(visitor) == []
    assert headings(visitor) == [
        "h1 Rerank Lab · Corpus",
        "h2 Upload a corpus",
        "h2 What it is made of",
        "h3 How long passages are, in",
        "h3 Fields, and in how many passages they are filled",
        "h3 Languages",
        "h3 Queries",
        "h3 Grades of the judgments",
        "h2 Index",
    ]
    visitor.go("Rerankers")
    assert faults(visitor) == []
    page.get_by_role("tab", name="Which one?").click()
    assert faults(visitor) == []
    assert "h2 Which one?" in headings(visitor)
    visitor.go("Glossary")
    assert faults(visitor) == []
