"""Charts and their files on the page: alternative texts, headings, and the buttons' script."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import fields
from pathlib import Path

import pytest

from components.ui.shared import state
from components.ui.shared.pictures import Picture, component
from tests.support.visits import Visit, settle

SCRIPT = component.FOLDER / "script"
TOP_LEVEL = re.compile(
    r"^(?:export (?:default )?)?(?:async )?(?:function|class|const|let) (\w+)", re.M
)


def test_every_chart_has_its_values_and_a_way_to_save_it(visit: Visit) -> None:
    at = visit(**{state.RERANKERS: ("bm25", "rrf"), state.OPEN_VIEW: "gain"})
    settle(at)
    saved = [
        json.loads(node.proto.json)
        for node in at.main
        if str(getattr(node, "key", "")).startswith("picture-")
    ]
    assert [one["of"] for one in saved] == ["board", "headroom", "latency"]
    for one in saved[1:]:
        assert ET.fromstring(one["svg"]).get("aria-label") == one["alt"]
        assert one["alt"].startswith(f"{one['title']}.")
        assert re.search(r"A bm25 \d", one["alt"])
    movement = saved[0]
    assert movement["legend"][0]["letter"] == "A"
    assert re.search(r": 1, 1", movement["alt"])


def test_a_chart_that_plotly_draws_has_its_values_and_a_way_to_save_it(visit: Visit) -> None:
    at = visit(**{state.RERANKERS: ("bm25", "rrf"), state.OPEN_VIEW: "depth"})
    settle(at)
    [chart] = [node for node in at.main if node.type == "plotly_chart" and node.key == "scores"]
    [saved] = [node for node in at.main if getattr(node, "key", "") == "picture-scores"]
    assert chart.proto.alt == json.loads(saved.proto.json)["alt"]
    assert re.search(r"A bm25", chart.proto.alt)


def test_a_page_has_one_first_heading_and_sections_are_headings(visit: Visit) -> None:
    at = visit()
    settle(at)
    html = " ".join(str(node.proto) for node in at.main if node.type == "html")
    assert html.count("Compare</span></h1>") == html.count("<h1") == 1
    assert "Take it away" in [heading.value for heading in at.header]


def test_the_script_gets_every_declared_field() -> None:
    declared = set(re.findall(r"@property \{[^}]+\} (\w+)", (SCRIPT / "types.mjs").read_text()))
    assert declared == {field.name for field in fields(Picture)} | {"colours"}


@pytest.mark.parametrize("folder", [SCRIPT, SCRIPT.parents[1] / "sheet" / "script"], ids=str)
def test_parts_share_one_scope(folder: Path) -> None:
    parts = [path.read_text() for path in folder.glob("*.mjs")]
    names = [name for part in parts for name in TOP_LEVEL.findall(part)]
    assert len(names) == len(set(names))
    assert all(part.startswith("// @ts-check\n") for part in parts)
    assert not any("innerHTML" in part or "eval(" in part for part in parts)
    if folder == SCRIPT:
        assert {path.stem for path in folder.glob("*.mjs")} == {*component.SCRIPT_PARTS, "types"}
