"""What the corpus is made of, in a browser: what a click opens is seen where the click was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.support.browsing import fits, jsonl, upload

Enter = Callable[..., Any]
FOX = "A fox in the <img src=x onerror=alert(1)> snow looks for its den, `and` finds it."
ROWS = [
    {"_id": "one", "title": "Fox", "text": FOX, "product": "web"},
    {"_id": "two", "title": "Fox", "text": FOX.upper(), "product": "web"},
    {"_id": "long", "title": "", "text": " ".join(f"w{n}" for n in range(400))},
    {"_id": "none", "title": "", "text": ""},
]


def test_a_finding_opens_its_documents_beside_it(enter: Enter) -> None:
    visitor = enter("/corpus?first=bm25&reranker=bm25")
    page = visitor.page
    upload(visitor, "foxes.jsonl", jsonl(*ROWS))
    findings = page.locator(".st-key-anatomy-findings")
    copies = findings.get_by_role("button", name="1 passage is an exact copy of another.")
    copies.wait_for()
    expect(page.locator(".st-key-chart-anatomy-lengths .js-plotly-plot")).to_be_visible()
    visitor.after(copies.click)
    panel = page.locator(".st-key-anatomy-look")
    expect(panel.get_by_text("They differ in white space or case alone.")).to_be_visible()
    expect(panel.locator(".anatomy-text").first).to_have_text(f"Fox {FOX}")
    assert not panel.locator("img").count()

    faults = Axe().run(page).response["violations"]
    assert [fault["id"] for fault in faults if fault["impact"] in {"serious", "critical"}] == []

    wide, button = panel.bounding_box(), copies.bounding_box()
    assert wide["x"] >= button["x"] + button["width"]
    assert abs(wide["y"] - findings.bounding_box()["y"]) < 40
    fits(visitor, (1920, 1080), (1440, 900), (390, 844))
    narrow, button = panel.bounding_box(), copies.bounding_box()
    assert 0 <= narrow["y"] - (button["y"] + button["height"]) < 40
    texts = panel.locator(".anatomy-text")
    first, second = texts.nth(0).bounding_box(), texts.nth(1).bounding_box()
    assert second["y"] >= first["y"] + first["height"]
    visitor.after(findings.get_by_role("button", name="minilm-l6 and biencoder-minilm").click)
    expect(panel.locator("[data-testid=stDataFrame]")).to_be_visible()
