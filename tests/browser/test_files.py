"""Files in a browser: they fit the window and the paper, and charts are saved as pictures."""

from __future__ import annotations

import re
import struct
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.advice.monthly import Month
from components.charts.palette import LETTERS, StyledRanking, SystemStyle
from components.exports.comparison import ComparisonReport, comparison_html
from components.exports.evaluation_report import EvaluationReport
from components.exports.summary import summary_html
from tests.support.given_texts import MADE, compared
from tests.support.reports import EIGHT, FIRST, MIXED, SECOND, simple

Enter = Callable[..., Any]
LONG = "Unbreakable" * 30 + " and many more words of a title that goes on and on " * 8
A4 = (595, 842)
"""Points of an upright page."""


def opened(browser: Any, html: str, width: int) -> Any:  # noqa: ANN401
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.set_content(html)
    return page


def sheets(page: Any) -> list[tuple[int, int]]:  # noqa: ANN401
    """Return the size of each page of the window's PDF, points."""
    data = page.pdf(prefer_css_page_size=True, print_background=True)
    boxes = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)\s*\]", data)
    assert len(boxes) == len(re.findall(rb"/Type\s*/Page\b", data)) > 0
    return [(round(float(wide)), round(float(high))) for wide, high in boxes]


def comparison(columns: int) -> str:
    corpus, one = compared(LONG)
    styles = [SystemStyle(letter, LONG[:90], "#0072b2", "logit") for letter in LETTERS[:columns]]
    shown = [StyledRanking(one.first_stage, style) for style in styles]
    report = ComparisonReport(
        *(LONG, corpus, shown, dict.fromkeys(styles, LONG), one.failures, {LONG: 3}, None, 10),
        *("", MADE),
        link=f"http://127.0.0.1:8501/?q={'x' * 500}",
    )
    return comparison_html(report)


@pytest.mark.parametrize("columns", [5, 8])
def test_a_comparison_fits_a_thousand_pixels_and_lying_paper(browser: Any, columns: int) -> None:  # noqa: ANN401
    page = opened(browser, comparison(columns), 1000)
    assert page.evaluate("document.documentElement.scrollWidth") == 1000
    rights = page.evaluate(
        """[...document.querySelectorAll('section, svg, li')].map(
          (node) => node.getBoundingClientRect().right)"""
    )
    assert max(rights) <= 1000
    ranks = page.evaluate(
        """[...document.querySelectorAll('li')].map((card) => {
          const rank = card.querySelector('.rank').getBoundingClientRect();
          const text = card.querySelector('small').getBoundingClientRect();
          return [rank.right <= text.left, rank.top - card.getBoundingClientRect().top < 16];
        })"""
    )
    assert ranks == [[True, True]] * len(ranks)
    assert set(sheets(page)) == {A4[::-1]}
    page.close()


def crowded() -> EvaluationReport:
    """Return an evaluation of eight systems whose every text is long."""
    names = [f"{letter}-{LONG[:50]}" for letter in LETTERS]
    runs = dict(zip(names, (SECOND, FIRST, *[MIXED] * 6), strict=True))
    report = simple(runs, EIGHT)
    plan = report.saved.plan
    queries = tuple(replace(query, text=LONG) for query in plan.queries)
    plan = replace(plan, queries=queries, corpus=LONG, split=LONG)
    return replace(
        report, saved=replace(report.saved, plan=plan, models=dict.fromkeys(names, LONG))
    )


@pytest.mark.parametrize(
    "report", [simple({"a": SECOND, "b": FIRST}, EIGHT), crowded()], ids=["plain", "crowded"]
)
def test_a_summary_is_one_upright_page(browser: Any, report: EvaluationReport) -> None:  # noqa: ANN401
    page = opened(browser, summary_html(report, Month(1461.0, LONG[:200]), MADE), 1000)
    assert page.evaluate("document.documentElement.scrollWidth") == 1000
    assert sheets(page) == [A4]
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 688, "height": 1017})  # 182 by 269 mm
    bottom = page.evaluate(
        """() => {
          const [source] = document.querySelectorAll('footer p');
          return source.getBoundingClientRect().bottom;
        }"""
    )
    assert bottom <= 1017  # nothing but the list of models may be cut
    page.close()


def saved(page: Any, key: str, folder: Path) -> tuple[ET.Element, tuple[int, int]]:  # noqa: ANN401
    """Save a chart in both formats; return the SVG, and width and height of the PNG."""
    row = page.locator(f".st-key-picture-{key}")
    for format in ("SVG", "PNG"):
        with page.expect_download() as download:
            row.get_by_role("button", name=f"as {format}").click()
        download.value.save_as(folder / f"{key}.{format.lower()}")
    png = (folder / f"{key}.png").read_bytes()
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert png.count(b"IDAT") > 0
    return ET.fromstring((folder / f"{key}.svg").read_bytes()), struct.unpack(">II", png[16:24])


@pytest.mark.parametrize("width", [1440, 390])
def test_charts_are_saved_as_pictures_for_slides(enter: Enter, tmp_path: Path, width: int) -> None:
    visitor = enter(
        "/?corpus=exceptions&first=bm25&reranker=rrf&reranker=bm25",
        viewport={"width": width, "height": 900},
    )
    visitor.page.locator(".st-key-picture-board button").first.wait_for()
    visitor.idle()
    bars = visitor.page.locator(".st-key-picture-latency svg.bars")
    before = bars.bounding_box()["width"]
    for key, part in (("board", "circle"), ("latency", "pattern")):
        svg, (wide, high) = saved(visitor.page, key, tmp_path)
        tags = {node.tag.partition("}")[2] for node in svg.iter()}
        assert part in tags
        assert not tags & {"script", "foreignObject", "a"}
        sides = (float(svg.get("width") or 0), float(svg.get("height") or 0))
        assert sides[0] == pytest.approx(932, abs=4)  # 880 and the edges, whatever the window
        assert (wide, high) == pytest.approx((2 * sides[0], 2 * sides[1]), abs=3)
        texts = ["".join(node.itertext()) for node in svg.iter() if node.tag.endswith("}text")]
        assert any(text.startswith(("Rank movement: “", "Milliseconds by stage")) for text in texts)
        style = next("".join(node.itertext()) for node in svg.iter() if node.tag.endswith("}style"))
        assert style.startswith('@font-face { font-family: "Source Sans"')
        sizes = [
            float(s) for s in re.findall(r'font-size[=:]\s*"?([\d.]+)', ET.tostring(svg, "unicode"))
        ]
        assert min(sizes) >= 10.5
    visitor.until(lambda: bars.bounding_box()["width"] == before)
