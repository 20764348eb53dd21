"""What is counted and left out, by hand and against ir_measures on the user's own files."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from pathlib import Path

import ir_measures
import pytest

from components.corpora import open_corpus
from components.domain import Corpus, Document, InputError, Query
from components.evaluation import Plan, Rules, Subset, evaluate, plan
from components.evaluation.counting import describe_counting, means_if_counted, means_under
from components.evaluation.rules import describe_rules, differing_rules
from components.evaluation.running import Evaluation
from components.evaluation.saved import saved_evaluation
from components.exports.evaluation import write
from components.exports.evaluation_report import EvaluationReport
from components.lab import Lab
from components.measures import Metrics, quality_measures, usual_measures
from components.pipeline import Pipelines

WORDS = "tea coffee water milk stone tree river cloud paper lamp".split()
COUNTED = Rules(identical=True, zero_only=True, dangling=True)
BM25 = Pipelines("bm25", ("bm25",), 40)
BEST = pytest.approx


# ---------------------------------------------------------------- ten collections


def collection(folder: Path, seed: int) -> list[tuple[str, str, int]]:
    """Write a BEIR folder with every oddity at once; return its judgments as they are written.

    Of 14 queries 3 are documents, 2 are judged with zeros alone, one has its only relevant document
    elsewhere, and one nobody judged; others have dangling judgments besides.
    """
    draw = random.Random(seed)
    texts = {f"d{i}": " ".join(draw.choices(WORDS, k=draw.randint(3, 12))) for i in range(30)}
    queries = {f"q{i}": " ".join(draw.sample(WORDS, 3)) for i in range(11)}
    queries |= {id: texts[id] for id in draw.sample(sorted(texts), 3)}
    rows: dict[tuple[str, str], int] = {}
    for query in list(queries)[4:]:
        for document in draw.sample(sorted(texts), 6):
            rows[query, document] = draw.choice((-1, 0, 0, 1, 2, 3))
        rows[query, draw.choice([d for d in sorted(texts) if d != query])] = 1
        if draw.random() < 0.6:
            rows[query, f"gone{draw.randint(1, 3)}"] = draw.randint(-1, 3)
    for document in draw.sample(sorted(texts), 4):
        rows["q0", document] = rows["q1", document] = 0
    rows["q1", "d0"] = -1
    rows["q2", "gone1"], rows["q2", "d4"] = 2, 0
    (folder / "qrels").mkdir(parents=True)
    for name, records in (("corpus", texts), ("queries", queries)):
        lines = [json.dumps({"_id": id, "text": text}) for id, text in records.items()]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    written = [(query, document, grade) for (query, document), grade in rows.items()]
    lines = ["query-id\tcorpus-id\tscore", *("\t".join(map(str, row)) for row in written)]
    (folder / "qrels" / "test.tsv").write_text("\n".join(lines) + "\n")
    return written


def by_ir_measures(
    rows: list[tuple[str, str, int]], run: list[ir_measures.ScoredDoc]
) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Return ir_measures' means and values by query, on judgments and a run as they are."""
    wanted = {ir_measures.parse_measure(name): name for name in usual_measures()}
    qrels = [ir_measures.Qrel(*row) for row in rows]
    results = ir_measures.calc(list(wanted), qrels, run)
    per_query: dict[str, dict[str, float]] = {}
    for value in results.per_query:
        per_query.setdefault(value.query_id, {})[wanted[value.measure]] = value.value
    return {wanted[m]: value for m, value in results.aggregated.items()}, per_query


def written(folder: Path, lab: Lab, one: Plan, corpus: Corpus) -> EvaluationReport:
    """Evaluate a plan, write its folder, return its report."""
    evaluation = evaluate(lab, corpus, one)
    metrics = evaluation.metrics(one.judgments)
    report = EvaluationReport(
        saved_evaluation(one, evaluation, lab.settings), metrics, lab.settings
    )
    write(folder, report)
    return report


def assert_same(metrics: Metrics, mean: Mapping[str, float], values: Mapping[str, object]) -> None:
    assert dict(metrics.mean) == BEST(dict(mean), abs=1e-9)
    assert metrics.per_query.keys() == values.keys()
    for query, row in metrics.per_query.items():
        assert dict(row) == BEST(values[query], abs=1e-9), query


@pytest.mark.parametrize("seed", range(10))
def test_every_figure_is_that_of_ir_measures_on_the_users_own_files(
    tmp_path: Path, lab: Lab, seed: int
) -> None:
    rows = collection(tmp_path / "c", seed)
    corpus = open_corpus(str(tmp_path / "c"))
    one = plan(corpus, BM25, rules=COUNTED)
    report = written(tmp_path / "all", lab, one, corpus)
    run = list(ir_measures.read_trec_run(str(tmp_path / "all" / "runs" / "bm25.trec")))
    mean, values = by_ir_measures(rows, run)  # nothing of the files is changed
    assert_same(report.metrics["bm25"], mean, values)
    assert "left out" not in report.rules

    usual = plan(corpus, BM25)
    report = written(tmp_path / "usual", lab, usual, corpus)
    own = list(ir_measures.read_trec_run(str(tmp_path / "usual" / "runs" / "bm25.trec")))
    present = {(r.query_id, r.doc_id) for r in run}
    counted = {q for q, d, grade in rows if grade > 0 and d in corpus.by_id}
    assert {(r.query_id, r.doc_id) for r in own} == {
        (q, d) for q, d in present if q != d and q in counted
    }
    inside = [row for row in rows if row[1] in corpus.by_id and row[0] in counted]
    mean, values = by_ir_measures(inside, own)
    assert_same(report.metrics["bm25"], mean, values)
    assert "left out" in report.rules

    # what the caution says that counting both would give is ir_measures' mean of the user's files
    mean, _ = by_ir_measures(rows, own)
    for name in quality_measures():
        both = means_if_counted(usual, report.saved.evaluation, name)["all"]["bm25"]
        assert both == BEST(mean[name], abs=1e-9)


@pytest.mark.parametrize("seed", range(2))
def test_each_rule_alone_gives_the_mean_that_the_caution_says(
    tmp_path: Path, lab: Lab, seed: int
) -> None:
    collection(tmp_path / "c", seed)
    corpus = open_corpus(str(tmp_path / "c"))
    usual = plan(corpus, BM25)
    evaluation = evaluate(lab, corpus, usual)
    for rule in (Rules(zero_only=True), Rules(dangling=True)):
        other = plan(corpus, BM25, rules=rule)
        counted = evaluate(lab, corpus, other).metrics(other.judgments, quality_measures())
        for name in quality_measures():
            said = means_under(usual, evaluation, rule, name)
            assert said == BEST({"bm25": counted["bm25"].mean[name]}, abs=1e-9)


@pytest.mark.parametrize("seed", range(2))
def test_judged_queries_without_a_text_count_as_ir_measures_counts_them(
    tmp_path: Path, lab: Lab, seed: int
) -> None:
    """Nothing can be asked: they are 0 in the mean of the user's files, relevant or not."""
    rows = collection(tmp_path / "c", seed)
    more = [("nobody", "d1", 2), ("nobody", "d2", 0), ("no one", "gone", 0)]
    path = tmp_path / "c" / "qrels" / "test.tsv"
    path.write_text(path.read_text() + "".join(f"{q}\t{d}\t{grade}\n" for q, d, grade in more))
    corpus = open_corpus(str(tmp_path / "c"))
    given: dict[str, dict[str, int]] = {}
    for query, document, grade in [*rows, *more]:
        given.setdefault(query, {})[document] = grade
    for rules, kind in ((Rules(), "all"), (COUNTED, "unasked")):
        for one in (plan(corpus, BM25, rules=rules), plan(corpus, BM25, given, rules=rules)):
            assert one.marginal.unasked.number == 2
            report = written(tmp_path / kind, lab, one, corpus)
            run = list(ir_measures.read_trec_run(str(tmp_path / kind / "runs" / "bm25.trec")))
            mean, _ = by_ir_measures([*rows, *more], run)
            for name in quality_measures():
                said = means_if_counted(one, report.saved.evaluation, name)[kind]["bm25"]
                assert said == BEST(mean[name], abs=1e-9)
            assert "2 judged queries without a text left out" in report.rules
            [line] = [line for line in report.counting() if "no text" in line]
            assert line.startswith(
                "2 judged queries have no text in the corpus's queries, such as 'nobody': nothing "
                "can be asked, and they are left out. Counted as 0, the mean nDCG@10 would be: bm25"
            )


# ---------------------------------------------------------------- by hand


DOCUMENTS = (
    Document("arg 1", "", "uniforms reduce  bullying"),
    Document("arg 2", "", "uniforms are costly"),
    Document("3", "", "nuclear power is safe"),
    Document("4", "Power", "leaves waste"),
)
QUERIES = (
    Query("arg 1", "uniforms reduce bullying", ("twin",)),
    Query("3", "power waste"),
    Query("4", "Power leaves waste"),
    Query("z", "costly power", ("twin",)),
    Query("gone", "bullying"),
)
JUDGMENTS = {
    "arg 1": {"arg 2": 1, "away": 1},
    "3": {"4": 2},
    "4": {"4": 1, "3": 1},
    "z": {"arg 2": 0, "3": -1},
    "gone": {"away": 1},
}
CORPUS = Corpus("args", DOCUMENTS, QUERIES, JUDGMENTS, fingerprint="e" * 64)


def sentences(lab: Lab, one: Plan) -> list[str]:
    evaluation = evaluate(lab, CORPUS, one)
    return list(describe_counting(one, evaluation, evaluation.metrics(one.judgments), "RR@10"))


def test_a_query_that_is_a_document_is_not_given_that_document(lab: Lab) -> None:
    one = plan(CORPUS, BM25)
    assert one.marginal.identical == ("arg 1", "4")  # its text, or its title and text
    rankings = evaluate(lab, CORPUS, one).rankings["bm25"]
    assert "arg 1" not in rankings["arg 1"].documents
    assert "4" not in rankings["4"].documents
    assert "3" in rankings["3"].documents  # the same id and another text
    kept = evaluate(lab, CORPUS, plan(CORPUS, BM25, rules=Rules(identical=True)))
    assert kept.rankings["bm25"]["arg 1"].documents[0] == "arg 1"


def test_a_query_that_is_a_document_has_as_many_candidates_as_others(lab: Lab) -> None:
    two = Pipelines("bm25", ("bm25",), 1)
    rankings = evaluate(lab, CORPUS, plan(CORPUS, two)).rankings["bm25"]
    assert rankings["arg 1"].documents == ("arg 2",)
    given = {q.id: ("arg 1", "4", "arg 2") for q in QUERIES}
    one = plan(CORPUS, two, candidates=given)
    rankings = evaluate(lab, CORPUS, one).rankings["candidates"]
    assert rankings["arg 1"].documents == ("4",)
    assert rankings["4"].documents == ("arg 1",)


def test_every_kind_is_said_with_the_mean_that_counting_it_gives(lab: Lab) -> None:
    """RR is 1 for each of the three queries: two that cannot be answered make it 3 of 5."""
    said = sentences(lab, plan(CORPUS, BM25))
    assert said == [
        "2 queries are documents of the corpus, by id and text: 'arg 1' and '4'. Such a document "
        "is not ranked for itself, as in BEIR's evaluator; an option keeps it.",
        "Of 1 query that document is judged relevant: it counts in the ideal ranking and cannot "
        "be reached ('4').",
        "1 query ranked a document of the query's id with another text: '3'. It is kept; BEIR's "
        "evaluator leaves it out.",
        "2 judged queries without a relevant document are left out: 'z' and 'gone'. Counted as 0, "
        "the mean RR@10 would be: bm25 0.6000 instead of 1.0000.",
        "2 judgments name documents that the corpus lacks, such as 'away' for the query 'arg 1': "
        "they are left out of the ideal ranking. Counted, the mean RR@10 would be: bm25 0.7500 "
        "instead of 1.0000.",
        "With both counted, as ir_measures does of the same files, the mean RR@10 would be: bm25 "
        "0.6000 instead of 1.0000.",
    ]


def test_what_is_counted_is_said_to_be(lab: Lab) -> None:
    said = sentences(lab, plan(CORPUS, BM25, rules=COUNTED))
    assert [line for line in said if "left out" in line] == []
    assert "1 judged query without a relevant document is counted as 0: 'z'." in said
    one = plan(CORPUS, BM25)
    assert describe_rules(one.rules, one.marginal) == (
        "2 queries without a relevant document left out; 2 judgments of absent documents left out; "
        "the query itself left out among the documents of 2 queries"
    )
    assert describe_rules(COUNTED, plan(CORPUS, BM25, subset=Subset(first=1)).marginal) != ""


def test_a_tag_a_sample_and_a_file_of_candidates_name_what_they_leave_out(lab: Lab) -> None:
    tagged = plan(CORPUS, BM25, subset=Subset(tag="twin"))
    assert [q.id for q in tagged.marginal.queries] == ["z"]
    drawn = plan(CORPUS, BM25, subset=Subset(sample=2, seed=1))
    assert drawn.marginal.drawn
    assert means_if_counted(drawn, evaluate(lab, CORPUS, drawn), "RR@10") == {}
    given = plan(CORPUS, BM25, candidates={"3": ("4",), "arg 1": ("arg 2",)})
    assert given.marginal.without_candidates == ("4",)
    assert not given.marginal.drawn
    assert "1 judged query without candidates in the file is left out: '4'." in sentences(
        lab, given
    )


def test_nothing_marginal_says_nothing(lab: Lab) -> None:
    plain = Corpus("p", DOCUMENTS, QUERIES[1:2], {"3": {"4": 1}}, fingerprint="d" * 64)
    one = plan(plain, Pipelines("bm25", ("bm25",), 1))
    evaluation = evaluate(lab, plain, one)
    assert describe_rules(one.rules, one.marginal) == ""
    assert describe_counting(one, evaluation, evaluation.metrics(one.judgments), "RR@10") == ()
    assert means_if_counted(one, Evaluation(one.systems), "RR@10") == {}


def test_judgments_of_absent_documents_alone_are_nothing_to_evaluate() -> None:
    corpus = Corpus("p", DOCUMENTS, QUERIES, {"gone": {"away": 1}}, fingerprint="d" * 64)
    with pytest.raises(InputError, match="No query of p has both"):
        plan(corpus, BM25)
    assert [q.id for q in plan(corpus, BM25, rules=Rules(dangling=True)).queries] == ["gone"]


def test_rules_that_differ_are_named() -> None:
    assert differing_rules(Rules(), Rules()) == ""
    assert differing_rules(Rules(identical=True), Rules(dangling=True)) == (
        "The rules differ: documents that are the query itself counted then, left out now; "
        "judgments of absent documents left out then, counted now."
    )
    assert Rules().description == "the usual"
    assert COUNTED.description.count(",") == 2
