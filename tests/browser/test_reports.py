"""Reports in a browser: no text reorders what stands beside it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.given_texts import evaluated

# For every text that follows an isolated one: where its characters begin, from left to right.
FOLLOWING = """() => [...document.querySelectorAll('bdi')].map((bdi) => {
  const next = bdi.nextSibling && (bdi.nextSibling.firstChild || bdi.nextSibling);
  if (!next || next.nodeType !== Node.TEXT_NODE) return [];
  return [...next.data.trimEnd()].map((_, i) => {
    const range = document.createRange();
    range.setStart(next, i);
    range.setEnd(next, i + 1);
    return range.getBoundingClientRect().left;
  });
}).filter((places) => places.length > 3)"""


@pytest.mark.parametrize(
    "text", ["safe\u202eexe", "x\u2069\u202eexe", "\u2069\u2069\u202cx\u202b\u202e\u2067exe"]
)
def test_a_text_does_not_reorder_what_follows(browser: Any, text: str) -> None:  # noqa: ANN401
    page = browser.new_page(viewport={"width": 1600, "height": 900})
    page.set_content(evaluated(text)["report.html"])
    following = page.evaluate(FOLLOWING)
    page.close()
    assert len(following) > 3
    assert all(places == sorted(places) for places in following)
