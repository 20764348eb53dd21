"""An evaluation's files: a report that is safe to open, tables, runs; odd evaluations in words."""

from __future__ import annotations

import csv
import io
import json
import math
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from components.config import LlmServer, Settings
from components.domain import (
    Document,
    InputError,
    Query,
)
from components.evaluation import Evaluation, Plan, ranked
from components.exports.evaluation import NAMES, files, write, zipped
from components.exports.evaluation_html import evaluation_html
from components.exports.evaluation_report import EvaluationReport
from components.exports.tables import differences_csv, latex, per_query_csv
from components.exports.trec import file_name
from components.pipeline import Pipelines
from tests.support.reports import NASTY, ODD, nasty, ranking, read, report, simple


def test_the_report_shows_hostile_text_as_text() -> None:
    page = evaluation_html(nasty())
    parsed = read(page)
    assert "script" not in parsed.tags
    assert "<script" not in page
    for text in ("corpus ", "first ", "second ", "what is ", "tag ", "reason ", "remedy "):
        assert f"{text}{NASTY}" in parsed.text
    assert "1 query" in parsed.text
    assert "1,234 ms" in parsed.text
    assert "Where it lost most" in parsed.text


def test_the_report_needs_nothing_from_outside() -> None:
    page = evaluation_html(nasty())
    parsed = read(page)
    assert not {"script", "link", "img", "iframe", "object", "form"} & set(parsed.tags)
    assert not {"src", "href", "onclick", "onload"} & {name for name, _ in parsed.attributes}
    assert "default-src 'none'" in page
    assert "url(" not in page
    assert page.startswith('<!doctype html><html lang="en">')


def test_an_archive_holds_every_file() -> None:
    view = nasty()
    with zipfile.ZipFile(io.BytesIO(zipped(view))) as archive:
        members = {name: archive.read(name).decode() for name in archive.namelist()}
    assert members == dict(files(view))


def test_written_files(tmp_path: Path) -> None:
    view, folder = nasty(), tmp_path / "new" / "folder"
    write(folder, view)
    names = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    systems = view.saved.plan.systems
    runs = [f"runs/{file_name(s)}" for s in systems]
    assert names == {name for name, _ in files(view)}
    assert {"metrics.json", "per_query.json", "report.html", "qrels.trec", *runs} <= names
    assert names == {*NAMES, *runs}
    means = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert means == {s: m.mean for s, m in view.metrics.items()}
    values = json.loads((folder / "per_query.json").read_text(encoding="utf-8"))
    assert list(values[systems[0]]) == [f"{NASTY} q"]
    lines = (folder / runs[0]).read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2
    assert {len(line.split()) for line in lines} == {6}
    write(folder, view)  # over the old ones


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(InputError, match="cannot be written") as caught:
        write(tmp_path / "taken", nasty())
    assert caught.value.remedy == "Choose another --out."


@pytest.mark.parametrize("view", ODD.values(), ids=ODD)
def test_odd_evaluations_have_words_instead_of_nan(view: EvaluationReport) -> None:
    assert view.verdicts()
    for name, text in files(view):
        assert "nan" not in text.lower().replace("provenance", ""), name
        assert "inf" not in text.lower().split(), name


def test_verdicts_in_words() -> None:
    assert ODD["alone"].verdicts() == [
        "a was evaluated alone: choose a second system to compare it with."
    ]
    [one] = ODD["one query"].verdicts()
    assert one.startswith("b: nDCG@10 1.000, was 0.631 with a, on this query.")
    assert ODD["nothing ranked"].verdicts() == [
        "No query was ranked by every system: there is nothing to compare."
    ]
    assert "b and a: the same nDCG@10 on each of" in ODD["all ties"].verdicts()[0]


def test_the_best_and_the_worst_three_are_shown_in_full() -> None:
    judged = {f"q{i}": {"x": 1} for i in range(10)}
    after = {q: "xyz" if i < 5 else "zyx" for i, q in enumerate(judged)}
    before = {q: "yxz" for q in judged}
    text = read(evaluation_html(simple({"a": before, "b": after}, judged))).text
    assert text.count("(+0.369)") == text.count("(−0.131)") == 3


def test_a_formula_is_not_run_by_a_spreadsheet() -> None:
    judged = {"q": {"x": 1}}
    queries = (Query("q", "=cmd|' /C calc'!A0", ("+t",)),)
    plan = Plan(Pipelines("a", ()), queries, judged)
    evaluation = Evaluation(("a",))
    evaluation.note("q", ranking("a", [Document("x", "", "x")]))
    rows = list(csv.DictReader(io.StringIO(per_query_csv(report(plan, evaluation)))))
    assert (rows[0]["query"], rows[0]["tags"]) == ("'=cmd|' /C calc'!A0", "'+t")
    assert rows[0]["nDCG@10"] == "1.000000"


def test_differences_as_a_table_and_in_the_report() -> None:
    judged = {f"q{i}": {"x": 1} for i in range(8)}
    view = simple({"a": {q: "yx" for q in judged}, "b": {q: "xy" for q in judged}}, judged)
    (row,) = csv.DictReader(io.StringIO(differences_csv(view)))
    assert (row["system"], row["baseline"], row["measure"], row["n"]) == ("b", "a", "nDCG@10", "8")
    gain = 1 - 1 / math.log2(3)
    for name, value in (("mean", gain), ("low", gain), ("high", gain), ("p", 2 / 2**8)):
        assert float(row[name]) == pytest.approx(value)
    assert (row["effect"], row["detectable"]) == ("", "")  # all gains are equal: no spread
    text = read(evaluation_html(view)).text
    assert "Differences from a" in text
    assert "+0.369 to +0.369" in text
    alone = simple({"a": {"q": "x"}}, {"q": {"x": 1}})
    assert list(csv.DictReader(io.StringIO(differences_csv(alone)))) == []
    assert "Differences from" not in evaluation_html(alone)


def test_the_latex_table_escapes_and_marks() -> None:
    judged = {f"q{i}": {"x": 1} for i in range(8)}
    view = simple({"a_b": {q: "yx" for q in judged}, "c%": {q: "xy" for q in judged}}, judged)
    text = latex(view)
    assert r"a\_b & 0.6309 &" in text
    assert r"c\% & 1.0000$^{\dagger}$ &" in text
    assert text.count("{") == text.count("}")
    assert r"\toprule" in text
    assert ranked(ranking("s", [])).documents == ()


def test_what_lies_beyond_the_ranks_that_an_llm_sorts_is_told() -> None:
    runs = {"bm25": {"q": "xy"}, "llm:list": {"q": "xy"}, "llm:yes": {"q": "yx"}}
    servers = (
        LlmServer("list", "http://x", "m"),
        LlmServer("yes", "http://x", "m", method="pointwise"),
    )
    whole = replace(simple(runs, {"q": {"x": 1}}), settings=Settings(llms=servers))
    assert whole.beyond_settled(10) == ()
    assert whole.beyond_settled(11) == (
        "llm:list sorts the first 10 ranks, and those below only in part: beyond them nDCG@10 "
        "measures its first stage, too.",
    )
    assert whole.cautions(20)[-1] == whole.beyond_settled(20)[0]
    few = replace(whole.saved.plan, documents=20)  # one window sorts them all
    assert replace(whole, saved=replace(whole.saved, plan=few)).beyond_settled(20) == ()
