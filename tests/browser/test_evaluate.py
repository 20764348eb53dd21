"""The Evaluate page in a real browser: a run, its charts, the way back to a query, files."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.support.browsing import jsonl, overflow, upload

Enter = Callable[..., Any]
VIEWS = {
    "Quality": ".st-key-heading-differences-from-bge-small",
    "By query": "[class*='st-key-changes-'] .main-svg",
    "By kind": ".st-key-tags .main-svg",
    "Headroom and depth": ".st-key-sweep .main-svg",
    "Latency and worth": ".st-key-heading-latency",
    "Money": ".st-key-costs .main-svg",
    "Kept and files": ".st-key-kept",
    "Past searches": ".st-key-past-controls",
}


def choose_view(visitor: Any, name: str) -> None:  # noqa: ANN401
    """Open one view of the evidence and wait for what it shows."""
    button = visitor.page.get_by_role("radio", name=name, exact=True)
    if button.get_attribute("aria-checked") != "true":
        button.click()
    visitor.page.locator(VIEWS[name]).first.wait_for()
    visitor.quiet()


def evaluated(enter: Enter, **window: object) -> Any:  # noqa: ANN401
    """Return a visitor who has evaluated "exceptions"."""
    visitor = enter("/evaluate", **window)
    visitor.page.locator(".st-key-evaluate_now").wait_for()
    visitor.choose("_evaluated_corpus", "exceptions")
    visitor.page.locator(".st-key-evaluate_now button").click()
    visitor.page.locator(".st-key-verdict").wait_for()
    visitor.quiet()
    return visitor


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
def test_every_view_is_there_and_fits(
    enter: Enter, scheme: str, width: int, tmp_path: Path
) -> None:
    visitor = evaluated(enter, color_scheme=scheme, viewport={"width": width, "height": 900})
    verdict = visitor.page.locator(".st-key-verdict")
    for system in ("minilm-l12", "late-bge", "bm25"):
        expect(verdict).to_contain_text(f"{system} ")
    expect(verdict).to_contain_text("6 queries")
    for i, name in enumerate(VIEWS):
        choose_view(visitor, name)
        assert max(overflow(visitor)) <= 1, name
        visitor.page.screenshot(path=tmp_path / f"evaluate-{i}.png")


def test_a_bar_opens_its_query_in_compare(enter: Enter) -> None:
    visitor = evaluated(enter)
    page = visitor.page
    choose_view(visitor, "By query")
    bars = page.locator("[class*='st-key-changes-'] .bars .point path")
    boxes = [bars.nth(i).bounding_box() for i in range(bars.count())]
    tallest = max(boxes, key=lambda box: box["height"])
    # Plotly listens on a layer above the bars
    middle = tallest["x"] + tallest["width"] / 2, tallest["y"] + tallest["height"] / 2
    page.mouse.move(*middle)
    shown = page.locator(".hoverlayer .hovertext").first.text_content()
    page.mouse.click(*middle)
    page.locator(".board .card").first.wait_for()
    visitor.idle()
    expect(visitor.query).not_to_have_value("")
    assert shown.startswith(visitor.query.input_value()[:40])
    page.locator(".st-key-picture-headroom").wait_for()  # it is a judged query of the same corpus
    expect(page.locator(".st-key-where")).to_contain_text("exceptions · 9 passages")


def test_the_address_brings_back_the_evaluation_and_its_view(enter: Enter) -> None:
    """An evaluation makes an entry of the history; its views do not."""
    visitor = evaluated(enter)
    page = visitor.page
    page.wait_for_url("**/evaluate?evaluation=*")
    first, entries = page.url, page.evaluate("history.length")
    choose_view(visitor, "By query")
    page.wait_for_url("**&view=queries")
    choose_view(visitor, "Latency and worth")
    page.locator(".st-key-_cut input").fill("5")
    page.locator(".st-key-_cut input").press("Enter")
    visitor.quiet()
    page.wait_for_url("**&view=latency&measure=nDCG%405")
    looked_at = page.url
    assert page.evaluate("history.length") == entries
    page.locator(".st-key-evaluate_now button").click()
    page.wait_for_url(lambda url: "evaluation=" in url and url.split("&")[0] != first)
    visitor.quiet()
    assert page.evaluate("history.length") == entries + 1
    choose_view(visitor, "Quality")
    page.wait_for_url("**&measure=nDCG%405")
    page.go_back()
    for window in (page, enter(f"/evaluate{looked_at[looked_at.index('?') :]}").page):
        window.locator(VIEWS["Latency and worth"]).wait_for()
        expect(window.get_by_role("radio", name="Latency and worth")).to_be_checked()
        expect(window.locator(".st-key-_cut input")).to_have_value("5")
        assert window.url == looked_at
    page.reload()
    page.locator(VIEWS["Latency and worth"]).wait_for()
    expect(page.locator(".st-key-verdict")).to_contain_text("nDCG@5")
    assert page.url == looked_at


def test_a_run_is_stopped_survives_a_reload_and_goes_on(enter: Enter) -> None:
    visitor = enter("/evaluate")
    page = visitor.page
    start = page.locator(".st-key-evaluate_now button")
    start.wait_for()
    visitor.idle()
    start.click()
    page.locator(".st-key-evaluating").get_by_text(" 2 of 90 queries").first.wait_for()
    page.reload()
    page.get_by_role("button", name="Watch it").click()
    page.locator(".st-key-stop_evaluation button").click()
    page.get_by_text("Stopped. What had finished is shown and kept.").wait_for()
    visitor.quiet()
    expect(page.locator(".st-key-caution-0, .st-key-soft-caution-0")).to_contain_text(
        "of 90 queries are counted"
    )
    going_on = page.locator(".st-key-resume button").first
    expect(going_on).to_contain_text("Go on with ")
    going_on.click()
    page.locator(".st-key-stop_evaluation button").click()
    page.get_by_text("Stopped. What had finished is shown and kept.").wait_for()


def test_the_report_opens_without_a_network(enter: Enter, tmp_path: Path) -> None:
    visitor = evaluated(enter)
    choose_view(visitor, "Kept and files")
    with visitor.page.expect_download() as found:
        visitor.page.locator(".st-key-take-html button").click()
    path = tmp_path / "report.html"
    found.value.save_as(path)
    tab = visitor.page.context.new_page()
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(path.as_uri())
    expect(tab.get_by_role("heading", level=1)).to_contain_text("exceptions, 6 queries")
    expect(tab.locator(".headline")).to_contain_text(re.compile("^(Yes|No|No clear difference): "))
    expect(tab.locator("svg")).not_to_have_count(0)
    assert asked == [path.as_uri()]
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    visitor.after(visitor.page.locator(".st-key-_one_page label").first.click)
    sheet = visitor.page.frame_locator("iframe[title='One-page summary']")
    expect(sheet.get_by_role("heading", level=1)).to_contain_text(re.compile("^(Yes|No)"))
    frame = visitor.page.frames[-1]
    assert frame.evaluate("document.body.scrollHeight <= innerHeight")  # it is seen whole
    visitor.page.get_by_role("button", name="Print or save as PDF").click()


def test_more_than_a_thousand_queries_are_drawn(enter: Enter) -> None:
    """Their texts have three words and BM25 reranks them, so that it does not take long."""
    rows = [{"_id": f"d{n}", "text": f"word{n} word{n + 1} word{n + 2}"} for n in range(600)]
    asked = [{"_id": f"q{n}", "text": f"word{n % 600} word{n % 7}"} for n in range(1250)]
    judged = "query-id\tcorpus-id\tscore\n"
    judged += "".join(f"q{n}\td{n % 600}\t1\n" for n in range(1250))
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("corpus.jsonl", jsonl(*rows))
        archive.writestr("queries.jsonl", jsonl(*asked))
        archive.writestr("qrels/test.tsv", judged)
    visitor = enter("/?corpus=exceptions&first=bge-small&reranker=bm25")
    visitor.page.locator(".board .card").first.wait_for()
    visitor.idle()
    visitor.go("Corpus")
    upload(visitor, "many.zip", held.getvalue())
    visitor.go("Evaluate")
    visitor.page.locator(".st-key-evaluate_now button").click()
    visitor.page.locator(".st-key-verdict").wait_for()
    visitor.quiet()
    expect(visitor.page.locator(".st-key-verdict")).to_contain_text("1,250 queries)")
    choose_view(visitor, "By query")
    bars = visitor.page.locator("[class*='st-key-changes-'] .bars .point")
    expect(bars).to_have_count(1250)
