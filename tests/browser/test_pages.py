"""Every page in a real browser: it fits its window, and has an address of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.support.browsing import LOGGING, fits

Enter = Callable[..., Any]
SIZES = ((1440, 900), (390, 844))


@pytest.mark.parametrize(("scheme", "sizes"), [("light", SIZES), ("dark", SIZES[::-1])])
def test_every_page_fits_its_window(
    enter: Enter,
    scheme: str,
    sizes: tuple[tuple[int, int], ...],
    tmp_path: Any,  # noqa: ANN401
) -> None:
    """A page is opened in a window of the one width in light and of the other in dark."""
    (width, height), other = sizes
    visitor = enter("/rerankers", color_scheme=scheme, viewport={"width": width, "height": height})
    page = visitor.page
    page.get_by_text("biencoder-minilm").first.wait_for()
    visitor.idle()
    fits(visitor, sizes[0], other, sizes[0])
    page.screenshot(path=tmp_path / "rerankers.png")
    visitor.go("Corpus")
    page.locator(".st-key-index_now").wait_for()
    fits(visitor, sizes[0], other, sizes[0])
    page.screenshot(path=tmp_path / "corpus.png")
    visitor.choose("_corpus_page", "exceptions")
    visitor.go("Compare")
    page.locator(".st-key-picture-latency svg.bars").first.wait_for()
    visitor.idle()
    fits(visitor, sizes[0], other, sizes[0])
    expect(page.locator(".board")).to_have_attribute("data-tone", scheme)
    visitor.after(visitor.card("A", LOGGING).click)
    page.locator(".st-key-detail").wait_for()
    fits(visitor, sizes[0], other)
    page.screenshot(path=tmp_path / "compare.png")


@pytest.mark.parametrize("path", ["/corpus", "/rerankers"])
def test_a_page_can_be_opened_by_its_address(enter: Enter, path: str) -> None:
    visitor = enter(path)
    expect(visitor.page.locator(".st-key-where")).to_contain_text("helpdesk · ")
    expect(visitor.page).to_have_title(f"{path[1:].title()} · Rerank Lab")
