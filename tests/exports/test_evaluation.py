"""An evaluation's files: a report that is safe to open, tables, runs; odd evaluations in words."""

from __future__ import annotations

import csv
import io
import json
import math
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from components.config import Settings
from components.domain import (
    Corpus,
    Document,
    Failure,
    Hit,
    InputError,
    Judgments,
    Query,
    Ranking,
    Timing,
)
from components.evaluation import Evaluation, Plan, ranked
from components.evaluation.saved import SavedEvaluation
from components.exports.evaluation import NAMES, files, write, zipped
from components.exports.evaluation_html import evaluation_html
from components.exports.evaluation_report import EvaluationReport
from components.exports.tables import differences_csv, latex, per_query_csv
from components.exports.trec import file_name
from components.pipeline import Pipelines

NASTY = "<script>alert('x')</script>\"&"
MADE = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Reader(HTMLParser):
    """Notes a page's tags, its attributes and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    return reader


def ranking(system: str, documents: Sequence[Document], ms: float = 0.0) -> Ranking:
    hits = (Hit(d, i, 2.5 - i, i, 0.1) for i, d in enumerate(documents, 1))
    return Ranking(system, tuple(hits), Timing(rerank_ms=ms))


def report(
    plan: Plan, evaluation: Evaluation, corpus: Corpus | None = None, baseline: str = ""
) -> EvaluationReport:
    models = {s: f"model of {s}" for s in plan.systems}
    one = SavedEvaluation("id", MADE, plan, evaluation, models)
    return EvaluationReport(one, evaluation.metrics(plan.judgments), Settings(), corpus, baseline)


def nasty() -> EvaluationReport:
    """Return an evaluation whose every text is hostile, with one failure."""
    documents = (Document(f"{NASTY} 1", NASTY, NASTY), Document(f"{NASTY} 2", "", "x"))
    queries = (
        Query(f"{NASTY} q", f"what is {NASTY}", (f"tag {NASTY}",)),
        Query("q2", f"{NASTY} fails"),
    )
    judgments = {q.id: {documents[0].id: 1} for q in queries}
    corpus = Corpus(f"corpus {NASTY}", documents, queries, judgments, "f" * 64)
    asked = Pipelines(f"first {NASTY}", (f"second {NASTY}",))
    plan = Plan(asked, queries, judgments, None, corpus.name, corpus.fingerprint, 2)
    result = Evaluation(plan.systems)
    first, second = plan.systems
    result.note(queries[0].id, ranking(first, documents))
    result.note(queries[0].id, ranking(second, documents[::-1], 1234.5))
    result.note(queries[1].id, ranking(first, documents))
    result.note(queries[1].id, Failure(second, f"reason {NASTY}", f"remedy {NASTY}"))
    return report(plan, result, corpus)


def simple(runs: dict[str, dict[str, str]], judgments: Judgments, **more: str) -> EvaluationReport:
    """Return an evaluation from rankings written as letters, the first system the baseline."""
    systems = list(runs)
    queries = tuple(Query(q, f"text of {q}") for q in judgments)
    plan = Plan(Pipelines(systems[0], tuple(systems[1:])), queries, judgments, corpus="c")
    evaluation = Evaluation(plan.systems)
    for system, ranked_queries in runs.items():
        for query, letters in ranked_queries.items():
            evaluation.note(query, ranking(system, [Document(x, "", x) for x in letters]))
    return report(plan, evaluation, **more)


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


TWO = {"q": {"x": 1}, "r": {"x": 1}}
ODD = {
    "nothing ranked": simple({"a": {}, "b": {}}, {"q": {"x": 1}}),
    "one query": simple({"a": {"q": "yx"}, "b": {"q": "xy"}}, {"q": {"x": 1}}),
    "all ties": simple({"a": {"q": "x", "r": "x"}, "b": {"q": "x", "r": "x"}}, TWO),
    "alone": simple({"a": {"q": "x", "r": "x"}}, TWO),
    "nothing relevant found": simple({"a": {"q": "yz"}, "b": {"q": "zy"}}, {"q": {"x": 1}}),
    "one never ranked": simple({"a": {"q": "xy"}, "b": {}}, {"q": {"x": 1}}),
    "the baseline is none": simple({"a": {"q": "xy"}, "b": {}}, {"q": {"x": 1}}, baseline="b"),
    "empty rankings": simple({"a": {"q": "", "r": ""}, "b": {"q": "", "r": ""}}, TWO),
}


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
