"""A measure that is one new file, at work everywhere: no other file names it."""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from components import cli, measures
from components.analysis.headroom import headroom
from components.domain import InputError
from components.evaluation.job import EvaluationJob
from components.measures import Measure, check_measure, measure, quality_measures, usual_measures
from components.ui.compare.board.view import board_data
from components.ui.shared import state
from tests.support.added import FAKES, added
from tests.support.rankings import first_stage, reranked
from tests.support.visits import APP, PATIENCE, Visit, said, settle, texts


@pytest.fixture(autouse=True)
def probe_measure() -> Iterator[None]:
    """Add the file."""
    with added(measures, FAKES / "measures"):
        yield


def charts(at: AppTest) -> str:
    """Return the specifications of the page's charts."""
    drawn = (node for node in at.main if str(getattr(node, "key", "")).startswith("picture-"))
    return "\n".join(str(chart.proto) for chart in (*at.get("plotly_chart"), *drawn))


def test_it_is_listed_after_the_standard_ones() -> None:
    standard = ("nDCG@10", "RR@10", "P@10", "R@100", "AP", "Judged@10")
    assert usual_measures() == (*standard, "First@1", "Full@5")
    assert quality_measures() == (*standard[:-1], "First@1")
    assert check_measure(" First@07") == "First@7"
    with pytest.raises(InputError) as caught:
        check_measure("Last@1")
    assert caught.value.remedy == (
        "Known are nDCG@k, RR@k, P@k, R@k, AP, Judged@k, First@k and Full@k, with a whole "
        "number up to 1,000,000 for k."
    )


def test_it_is_gone_with_its_file() -> None:
    folder = str(FAKES / "measures")
    measures.__path__.remove(folder)
    try:
        assert "First@1" not in usual_measures()
        with pytest.raises(InputError, match="There is no measure 'First@1'"):
            check_measure("First@1")
    finally:
        measures.__path__.append(folder)


def test_two_measures_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "second_ndcg.py").write_text(
        "from components.measures import Measure\nMEASURES = Measure('nDCG', 'another')\n"
    )
    with (
        added(measures, tmp_path),
        pytest.raises(ValueError, match="two measures have the name nDCG"),
    ):
        usual_measures()


def test_it_is_computed_beside_those_of_ir_measures() -> None:
    run = {"q": {"a": 2.0, "b": 1.0}, "r": {"b": 3.0, "a": 2.0, "c": 1.0}, "none": {}}
    judged = {"q": {"a": 1}, "r": {"a": 1}, "none": {"a": 1}}
    metrics = measure(run, judged, ("First@1", "RR@10", "Full@2", "Full@4"))
    assert metrics.per_query == {
        "q": {"First@1": 1, "RR@10": 1, "Full@2": 1, "Full@4": 0.5},
        "r": {"First@1": 0, "RR@10": 0.5, "Full@2": 1, "Full@4": 0.75},
        "none": {"First@1": 0, "RR@10": 0, "Full@2": 0, "Full@4": 0},
    }
    assert metrics.mean["First@1"] == pytest.approx(1 / 3)


def test_headroom_is_of_it() -> None:
    room = headroom((first_stage("abc"), reranked("abc", "bac")), {"b": 1}, "First@1")
    assert room is not None
    assert (room.values, room.best) == ((0.0, 1.0), 1.0)


def test_the_command_line_computes_it_and_writes_it_to_every_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    systems = ["--first-stage", "bm25", "--reranker", "bm25", "--reranker", "rrf"]
    command = ["evaluate", "--corpus", "exceptions", *systems, "--max-queries", "4", "--no-save"]
    command += ["--measure", "First@2"]
    arguments = [*command, "--out", str(tmp_path / "out"), "--depth", "10", "--json"]
    monkeypatch.setattr(sys, "argv", ["rerank-lab", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    printed = capsys.readouterr()
    assert ended.value.code == 0, printed.err
    told = json.loads(printed.out)
    assert "First@2" in told["verdicts"][0]
    means = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert means == told["metrics"]
    assert list(means["bm25"])[:2] == ["First@2", "nDCG@10"]
    assert {"First@1", "Full@5"} <= set(means["bm25"])
    run: dict[str, str] = {}
    for line in (tmp_path / "out" / "runs" / "bm25.trec").read_text().splitlines():
        run.setdefault(line.split()[0], line.split()[2])
    lines = (tmp_path / "out" / "qrels.trec").read_text().splitlines()
    relevant = {(q, d) for q, _, d, grade in map(str.split, lines) if int(grade) > 0}
    expected = {query: float((query, first) in relevant) for query, first in run.items()}
    with (tmp_path / "out" / "per_query.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["system"] == "bm25"]
    assert {row["query_id"]: float(row["First@2"]) for row in rows} == expected
    assert means["bm25"]["First@2"] == sum(expected.values()) / 4
    assert "<th>First@2</th>" in (tmp_path / "out" / "report.html").read_text()


def test_evaluate_offers_it_and_judges_by_it(visit: Visit) -> None:
    at = visit("pages/evaluate.py", **{state.SUBSET: "sample", state.SAMPLE: 5})
    at.button(key="evaluate_now").click().run()
    job = at.session_state[state.EVALUATING]
    assert isinstance(job, EvaluationJob)
    job.join(PATIENCE)
    at.session_state[state.EVALUATED] = job.saved  # the fragment does so when it next looks
    at.run()
    select = at.selectbox(key=f"_{state.MEASURE}")
    assert "First" in select.options
    assert "- **First**: 1 where the first document is relevant" in select.help
    select.set_value("First").run()
    assert not at.exception
    assert "First@10" in texts(at)
    at.session_state[state.EVIDENCE] = "headroom"
    at.run()
    assert "Their best order has First@10" in texts(at)
    assert "First@10" in charts(at)
    at.selectbox(key=f"_{state.MEASURE}").set_value("Full").run()
    assert "Full@10 describes a ranking without judging it: no order is the best." in texts(at)


def test_compares_columns_verdict_headroom_and_depth_show_it(visit: Visit) -> None:
    settings = {state.RERANKERS: ("bm25", "rrf"), state.INITIAL_K: 30}
    at = visit(**settings, **{state.CORPUS: "helpdesk"})
    job = settle(at)
    assert "nDCG@10" in said(at, "verdict")
    assert "measure" not in at.query_params
    select = at.selectbox(key=f"_{state.COMPARE_MEASURE}")
    assert {"nDCG@10", "First@1"} < set(select.options)
    assert "Full@5" not in select.options
    select.set_value("First@1").run()
    assert not at.exception
    assert at.session_state[state.JOB] is job
    assert "First@1" in said(at, "verdict")
    assert "nDCG" not in said(at, "verdict")
    assert re.search(r"The best order of these candidates has First@1 1\.00;", texts(at))
    assert "First@1 reached and lost" in charts(at)
    at.session_state[state.OPEN_VIEW] = "depth"
    at.run()
    assert re.search(r"candidates were enough for D bm25 \(First@1 [01]\.00\)", texts(at))
    assert at.query_params["measure"] == "First@1"
    grades = job.corpus.grades(job.corpus.find_query(job.request.query.text))
    columns = board_data(job, 10, grades, None, "First@1").columns
    assert all(re.fullmatch(r"First@1 [01]\.00", column.quality) for column in columns)
    at.session_state[state.OPEN_VIEW] = "harm"
    at.run()
    at.button(key="gallery_now").click().run()
    for computation in at.session_state[state.COMPUTATIONS].values():
        computation.join(PATIENCE)
    at.run()
    assert "(First@1). Choose one to open it." in said(at, "soft-gallery")


def test_an_address_names_it() -> None:
    at = AppTest.from_file(str(APP), default_timeout=PATIENCE)
    address = {"corpus": "exceptions", "first": "bm25", "reranker": "bm25", "measure": "First@2"}
    for name, value in address.items():
        at.query_params[name] = value
    at.run()
    assert at.session_state[state.COMPARE_MEASURE] == "First@2"
    assert "⚠" not in texts(at)
    assert at.selectbox(key=f"_{state.COMPARE_MEASURE}").value == "First@2"
    settle(at)
    assert at.query_params["measure"] == "First@2"


@pytest.mark.parametrize("value", ["Last@1", "Full@5", "nDCG", "nDCG@0"])
def test_an_address_names_no_other_measure_than_one_of_quality(value: str) -> None:
    at = AppTest.from_file(str(APP), default_timeout=PATIENCE)
    address = {"corpus": "exceptions", "first": "bm25", "reranker": "bm25", "measure": value}
    for name, text in address.items():
        at.query_params[name] = text
    at.run()
    assert f"measure={value} is not known here" in texts(at)
    assert state.COMPARE_MEASURE not in at.session_state
    settle(at)


def test_a_measure_without_cut_off_has_its_own_name() -> None:
    assert Measure("AP", "", None).at(10) == "AP"
    assert Measure("P", "").at(3) == "P@3"
