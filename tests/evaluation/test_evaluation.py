"""Metrics by hand and against ir_measures on the exported files; queries that cannot count."""

from __future__ import annotations

import json
import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import ir_measures
import pytest

from components.corpora import SAMPLES
from components.domain import (
    Cancelled,
    Corpus,
    Document,
    Failure,
    InputError,
    Judgments,
    Query,
)
from components.evaluation import CANDIDATES, Evaluation, Plan, Subset, evaluate, plan
from components.evaluation.saved import saved_evaluation
from components.exports.evaluation import write
from components.exports.evaluation_report import EvaluationReport
from components.exports.trec import file_name
from components.lab import Lab
from components.measures import usual_measures
from components.pipeline import Pipelines

LOG2 = math.log2


def written(folder: Path, lab: Lab, chosen: Plan, result: Evaluation) -> dict[str, object]:
    metrics = result.metrics(chosen.judgments)
    saved = saved_evaluation(chosen, result, lab.settings)
    write(folder, EvaluationReport(saved, metrics, lab.settings))
    return dict(metrics)


# ---------------------------------------------------------------- plans


DOCUMENTS = tuple(
    Document(i, "", text)
    for i, text in (
        ("fox", "a fox in the snow"),
        ("two words", "a fox and another fox under the snow, and more snow"),
        ("hat", "a green hat"),
        ("ship", "a ship in the harbour"),
    )
)
QUERIES = (
    Query("q1", "fox snow"),
    Query("q 2", "harbour ship"),
    Query("q3", "please refuse the hat"),
    Query("q4", "hat nobody judged"),
    Query("q5", "ship that only has bad documents"),
)
JUDGMENTS: Judgments = {
    "q1": {"fox": 2, "two words": 1},
    "q 2": {"ship": 1, "hat": 0},
    "q3": {"hat": 1},
    "q5": {"fox": 0, "hat": -1},
    "q9": {"fox": 1},
}
SMALL = Corpus("small", DOCUMENTS, QUERIES, JUDGMENTS, fingerprint="c" * 64)
BM25 = Pipelines("bm25", ("bm25",), 10)


def test_a_plan_takes_queries_with_a_relevant_document() -> None:
    chosen = plan(SMALL, BM25)
    assert [q.id for q in chosen.queries] == ["q1", "q 2", "q3"]
    assert chosen.judgments == {q: JUDGMENTS[q] for q in ("q1", "q 2", "q3")}
    assert chosen.first_stage == "bm25"
    assert [q.id for q in plan(SMALL, BM25, subset=Subset(first=2)).queries] == ["q1", "q 2"]
    assert [q.id for q in plan(SMALL, BM25, subset=Subset(first=99)).queries] == ["q1", "q 2", "q3"]


def test_a_plan_with_other_judgments_and_candidates() -> None:
    other = {"q4": {"hat": 3}, "q1": {"fox": 1}}
    assert [q.id for q in plan(SMALL, BM25, other).queries] == ["q1", "q4"]
    chosen = plan(SMALL, BM25, candidates={"q3": ["hat"], "q4": ["hat"]})
    assert [q.id for q in chosen.queries] == ["q3"]
    assert chosen.first_stage == CANDIDATES


@pytest.mark.parametrize(
    ("judgments", "candidates", "message"),
    [
        ({}, None, "The corpus small has no judgments"),
        ({"other": {"fox": 1}}, None, "No query of small has both"),
        ({"q1": {"fox": 0}}, None, "No query of small has both"),
        (None, {"q4": ["hat"]}, "No query of small has both"),
        (None, {}, "No query of small has both"),
    ],
)
def test_nothing_to_evaluate(
    judgments: Judgments | None, candidates: dict[str, list[str]] | None, message: str
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        plan(SMALL, BM25, judgments, candidates)
    assert caught.value.remedy


# ---------------------------------------------------------------- evaluations


@pytest.mark.usefixtures("probes")
def test_a_failing_query_is_left_out_for_all_and_listed(lab: Lab) -> None:
    request = Pipelines("bm25", ("probe-picky",), 10)
    chosen = plan(SMALL, request)
    steps: list[tuple[str, int, int]] = []
    result = evaluate(lab, SMALL, chosen, lambda *step: steps.append(step))
    ended = [step for step in dict.fromkeys(steps) if step[0] in chosen.systems and step[1]]
    assert ended == [(s, n, 3) for n in (1, 2, 3) for s in ("bm25", "probe-picky")]
    assert result.systems == ("bm25", "probe-picky")
    assert result.complete == ["q1", "q 2"]
    assert result.failures == {
        "probe-picky": [("q3", Failure("probe-picky", "The probe refuses.", "Do not ask it."))]
    }
    metrics = result.metrics(chosen.judgments)
    assert {tuple(m.per_query) for m in metrics.values()} == {("q1", "q 2")}
    assert list(result.run("bm25")["q1"]) == ["fox", "two words"]
    assert metrics["bm25"].mean["nDCG@10"] == pytest.approx(1.0, abs=1e-9)
    assert list(result.run("probe-picky")["q1"]) == ["two words", "fox"]  # the longest first
    worse = (1 + 2 / LOG2(3)) / (2 + 1 / LOG2(3))
    found = metrics["probe-picky"]
    assert found.per_query["q1"]["nDCG@10"] == pytest.approx(worse, abs=1e-9)
    assert found.mean["nDCG@10"] == pytest.approx((worse + 1) / 2, abs=1e-9)


def test_bm25_after_bm25_is_one_system(lab: Lab) -> None:
    result = evaluate(lab, SMALL, plan(SMALL, BM25))
    assert list(result.metrics(JUDGMENTS)) == ["bm25"]
    assert result.complete == ["q1", "q 2", "q3"]


@pytest.mark.usefixtures("probes")
def test_a_system_that_never_ranks_does_not_cost_the_others(lab: Lab, tmp_path: Path) -> None:
    request = Pipelines("bm25", ("probe-length", "probe-refuse", "rrf"), 10)
    chosen = plan(SMALL, request)
    result = evaluate(lab, SMALL, chosen)
    assert result.complete == ["q1", "q 2", "q3"]
    assert {s: len(f) for s, f in result.failures.items()} == {"probe-refuse": 3, "rrf": 3}
    metrics = result.metrics(chosen.judgments)
    written(tmp_path, lab, chosen, result)
    assert metrics["bm25"].mean["RR@10"] == 1.0
    assert metrics["probe-refuse"].mean == metrics["rrf"].mean == {}
    assert sorted(p.name for p in (tmp_path / "runs").iterdir()) == [
        "bm25.trec",
        "probe-length.trec",
    ]
    assert json.loads((tmp_path / "metrics.json").read_text())["probe-refuse"] == {}


@pytest.mark.models
def test_a_first_stage_that_fails_on_a_query(lab: Lab) -> None:
    corpus = Corpus(
        "mixed",
        DOCUMENTS,
        (Query("q1", "fox"), Query("q2", "ship " * 1000)),
        {"q1": {"fox": 1}, "q2": {"ship": 1}},
        fingerprint="c" * 64,
    )
    result = evaluate(lab, corpus, plan(corpus, Pipelines("bge-small", ("bm25",), 10)))
    assert result.complete == ["q1"]
    [(query, failure)] = result.failures["bge-small"]
    assert query == "q2"
    assert "bge-small reads at most 510" in failure.reason
    assert "bm25" not in result.failures


def test_candidates_replace_the_first_stage(lab: Lab) -> None:
    candidates = {"q1": ["hat", "fox", "ship"], "q 2": ["fox", "hat", "ship"]}
    request = Pipelines("bge-small", ("bm25",), 2)
    chosen = plan(SMALL, request, candidates=candidates)
    result = evaluate(lab, SMALL, chosen)
    first = result.rankings[CANDIDATES]
    assert first["q1"].run == {"hat": -1.0, "fox": -2.0}
    assert result.rankings["bm25"]["q1"].documents == ("fox", "hat")
    assert result.rankings["bm25"]["q 2"].documents == ("fox", "hat")  # ties
    metrics = result.metrics(chosen.judgments)
    assert list(metrics) == [CANDIDATES, "bm25"]
    assert metrics[CANDIDATES].mean["RR@10"] == 0.25
    assert metrics["bm25"].mean["RR@10"] == 0.5
    assert metrics["bm25"].mean["R@100"] == 0.25


def test_candidates_that_are_not_in_the_corpus(lab: Lab) -> None:
    chosen = plan(SMALL, BM25, candidates={"q1": ["fox", "ghost"], "q 2": ["ship"]})
    result = evaluate(lab, SMALL, chosen)
    assert result.complete == ["q 2"]
    [(query, failure)] = result.failures[CANDIDATES]
    assert query == "q1"
    assert failure.reason == "The candidates of query q1 name 'ghost', which small lacks."


def test_an_evaluation_can_be_stopped(lab: Lab) -> None:
    def stop(system: str, done: int, total: int) -> None:
        if done == 2:
            raise Cancelled

    found = Evaluation(plan(SMALL, BM25).systems)
    with pytest.raises(Cancelled):
        evaluate(lab, SMALL, plan(SMALL, BM25), stop, found)
    assert list(found.rankings["bm25"]) == ["q1", "q 2"]


@pytest.mark.usefixtures("probes")
def test_a_stopped_evaluation_goes_on_where_it_was(lab: Lab, probes: ModuleType) -> None:
    chosen = plan(SMALL, Pipelines("bm25", ("probe-length",), 10))
    whole, found = evaluate(lab, SMALL, chosen), Evaluation(chosen.systems)

    def stop(system: str, done: int, total: int) -> None:
        if (system, done) == ("probe-length", 2):
            raise Cancelled

    with pytest.raises(Cancelled):
        evaluate(lab, SMALL, chosen, stop, found)
    assert found.complete == ["q1", "q 2"]
    kept = found.rankings["bm25"]["q1"]
    evaluate(lab, SMALL, chosen, evaluation=found)
    assert found.complete == ["q1", "q 2", "q3"]
    assert found.rankings["bm25"]["q1"] is kept, "a finished query is not run again"
    assert {s: found.run(s) for s in chosen.systems} == {s: whole.run(s) for s in chosen.systems}


@pytest.mark.usefixtures("probes")
def test_what_failed_is_tried_again(lab: Lab) -> None:
    chosen = plan(SMALL, Pipelines("bm25", ("probe-picky",), 10))
    found = evaluate(lab, SMALL, chosen)
    again = evaluate(lab, SMALL, chosen, evaluation=found)
    assert again is found
    assert [q for q, _ in again.failures["probe-picky"]] == ["q3"], "listed once"


@pytest.mark.models
def test_two_at_once_find_what_each_finds_alone(lab: Lab, exceptions: Corpus) -> None:
    chosen = plan(exceptions, Pipelines("bm25", ("minilm-l12", "rrf"), 9))
    alone = evaluate(lab, exceptions, chosen)
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: evaluate(lab, exceptions, chosen), range(2)))
    for found in both:
        assert {s: found.run(s) for s in chosen.systems} == {
            s: alone.run(s) for s in chosen.systems
        }


# ---------------------------------------------------------------- subsets


TAGGED = tuple(Query(f"q{i}", f"fox {i}", ("odd",) if i % 2 else ("even",)) for i in range(40))


def test_a_subset_keeps_the_order_of_the_queries() -> None:
    odd = Subset(tag="odd").of(TAGGED)
    assert [q.id for q in odd] == [f"q{i}" for i in range(1, 40, 2)]
    drawn = Subset(sample=7, seed=3).of(TAGGED)
    assert drawn == Subset(sample=7, seed=3).of(TAGGED)
    assert drawn != Subset(sample=7, seed=4).of(TAGGED)
    assert sorted(drawn, key=TAGGED.index) == list(drawn)
    assert len(set(drawn)) == 7
    assert Subset(sample=99).of(TAGGED) == TAGGED == Subset().of(TAGGED)
    assert Subset("even", 5, 1, 2).of(TAGGED) == Subset("even", 5, 1).of(TAGGED)[:2]
    assert Subset("even", 5, 1, 2).description == "tagged even, 5 at random, seed 1, the first 2"
    assert Subset().description == "all"


def test_a_tag_that_no_query_has() -> None:
    corpus = Corpus("t", DOCUMENTS, TAGGED, {q.id: {"fox": 1} for q in TAGGED})
    with pytest.raises(InputError, match="tagged 'hard'") as caught:
        plan(corpus, BM25, subset=Subset(tag="hard"))
    assert caught.value.remedy == "Its tags are: even, odd."
    with pytest.raises(InputError) as untagged:
        plan(SMALL, BM25, subset=Subset(tag="hard"))
    assert untagged.value.remedy == "Its queries carry no tags."


def test_nothing_was_ranked() -> None:
    empty = Evaluation(("a", "b"))
    assert empty.complete == []
    assert {s: m.mean for s, m in empty.metrics(JUDGMENTS).items()} == {"a": {}, "b": {}}


# ---------------------------------------------------------------- the exported files


@pytest.mark.models
@pytest.mark.usefixtures("probes")
def test_ir_measures_agrees_on_the_exported_runs(
    lab: Lab, exceptions: Corpus, tmp_path: Path
) -> None:
    keys = ("bm25", "minilm-l12", "probe-ties", "probe-length", "rrf")
    chosen = plan(exceptions, Pipelines("bge-small", keys, 100))
    result = evaluate(lab, exceptions, chosen)
    assert result.failures == {}
    written(tmp_path, lab, chosen, result)
    means = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    values = json.loads((tmp_path / "per_query.json").read_text(encoding="utf-8"))
    assert list(means) == ["bge-small", *keys]
    qrels = [
        ir_measures.Qrel(*line.split("\t")[:2], int(line.split("\t")[2]))
        for line in (SAMPLES / "exceptions/qrels/test.tsv").read_text().splitlines()[1:]
    ]
    parsed = [ir_measures.parse_measure(name) for name in usual_measures()]
    mine = list(ir_measures.read_trec_qrels(str(tmp_path / "qrels.trec")))
    assert sorted(mine) == sorted(qrels), "the judgments are exported too"
    for system in means:
        run = list(ir_measures.read_trec_run(str(tmp_path / "runs" / file_name(system))))
        aggregate = ir_measures.calc_aggregate(parsed, qrels, run)
        assert means[system] == pytest.approx(
            {str(m): v for m, v in aggregate.items()}, abs=1e-9
        ), system
        for value in ir_measures.iter_calc(parsed, qrels, run):
            mine = values[system][value.query_id][str(value.measure)]
            assert mine == pytest.approx(value.value, abs=1e-9)
    assert means["probe-ties"] == means["bge-small"]  # ties keep the first stage's order
