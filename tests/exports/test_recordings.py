from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.domain import (
    NO_FILTER,
    Comparison,
    Corpus,
    CorpusError,
    Document,
    Failure,
    Filter,
    Hit,
    LabError,
    Ranking,
    Timing,
    Usage,
)
from components.exports.recordings import Saved, bundle, columns_for, read_bundle
from components.exports.trec import read_run, run_lines
from components.lab import Lab
from components.measures import run_scores
from tests.support.asking import asked, compare

MADE = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
QUERY = "handle exceptions"


def compared(lab: Lab, corpus: Corpus) -> Comparison:
    request = asked(QUERY, "bm25", ("minilm-l12", "bm25"), 7)
    return asyncio.run(compare(lab, corpus, request))


def saved(comparison: Comparison, grades: dict[str, int] | None = None) -> Saved:
    return Saved(comparison, 7, "", {"minilm-l12": "MiniLM"}, {"bm25": "BM25"}, grades or {})


def flat(ranking: Ranking) -> list[tuple[str, float]]:
    return [(hit.document.id, hit.score) for hit in ranking.hits]


def by_hand() -> tuple[Corpus, Comparison]:
    """Return two documents, a first stage, one reranker that swaps them, and one that failed."""
    a, b = Document("a", "Title", "Text <b>a</b>"), Document("b", "", "Text b")
    first = (Hit(a, 1, 2.0, 1, 2.0), Hit(b, 2, 1.0, 2, 1.0))
    swapped = (Hit(b, 1, 0.9, 2, 1.0), Hit(a, 2, 0.1, 1, 2.0, 5))
    usage = Usage(2, 17, 1, 1.0, 0, 0.002, True)
    comparison = Comparison(
        "q",
        Ranking("bm25", first, Timing(search_ms=1.5)),
        (Ranking("cohere", swapped, Timing(rerank_ms=210.0), usage), Failure("jina", "No.", "Do.")),
    )
    return Corpus("tiny", (a, b), fingerprint="f" * 64), comparison


# ---------------------------------------------------------------- there and back


def test_a_recording_holds_what_was_seen() -> None:
    corpus, comparison = by_hand()
    data = json.loads(bundle([saved(comparison, {"a": 2})], corpus, MADE))
    assert (data["format"], data["version"]) == ("rerank-lab-recording", 1)
    assert data["date"] == "2026-11-22T09:30:00Z"
    assert data["corpus"] == {"name": "tiny", "documents": 2, "fingerprint": "f" * 64}
    assert [d["id"] for d in data["documents"]] == ["a", "b"]
    (query,) = data["queries"]
    assert query["systems"][0]["hits"] == [["b", 0.9], ["a", 0.1]]
    assert query["systems"][0]["usage"]["usd"] == 0.002
    assert query["failures"] == [{"system": "jina", "reason": "No.", "remedy": "Do."}]


def test_a_recording_without_documents_is_read_but_is_no_corpus() -> None:
    corpus, comparison = by_hand()
    empty = Comparison("q", Ranking("bm25", ()), (Ranking("cohere", ()),))
    recording = read_bundle(bundle([saved(empty)], corpus, MADE).encode(), "x.json")
    assert recording.matches(corpus)
    assert recording.queries[0].columns[0].documents == ()
    with pytest.raises(CorpusError, match=r"holds no documents.*'tiny'"):
        recording.corpus()
    mixed = read_bundle(bundle([saved(empty), saved(comparison)], corpus, MADE).encode(), "x.json")
    assert [d.id for d in mixed.corpus().documents] == ["a", "b"]


def test_a_recording_is_read_back_with_its_date_times_and_costs() -> None:
    corpus, comparison = by_hand()
    recording = read_bundle(bundle([saved(comparison, {"a": 2})], corpus, MADE).encode(), "x.json")
    assert recording.matches(corpus)
    (query,) = recording.queries
    (column,) = query.columns
    assert (column.key, column.label, column.date) == (
        "recorded:cohere",
        "cohere",
        "22 November 2026",
    )
    assert column.documents == (("b", 0.9), ("a", 0.1))
    assert column.timing == Timing(rerank_ms=210.0)
    assert column.usage == Usage(2, 17, 1, 1.0, 0, 0.002, True)
    assert query.grades == {"a": 2}
    assert query.failures == (Failure("recorded:jina", "No.", "Do."),)
    assert columns_for(recording, "  q ") is query
    assert columns_for(recording, "other") is None


def test_a_filter_is_recorded_and_none_leaves_the_file_as_older_versions_read_it() -> None:
    corpus, comparison = by_hand()
    assert '"filter"' not in bundle([saved(comparison)], corpus, MADE)
    filter = Filter.parse(["product=desktop|mobile", "year>=2020"])
    first = replace(comparison.first_stage, filter=filter, matching=2)
    narrowed = replace(comparison, first_stage=first)
    data = bundle([saved(narrowed), saved(comparison)], corpus, MADE)
    one, other = read_bundle(data.encode(), "x.json").queries
    assert (one.filter, one.first_stage.matching) == (filter, 2)
    assert (other.filter, other.first_stage.matching) == (NO_FILTER, 0)
    with pytest.raises(CorpusError, match=r"queries\[0\]: 'year' is not a condition"):
        read_bundle(data.replace("year>=2020", "year").encode(), "x.json")


@pytest.mark.models
def test_a_replay_shows_the_very_same_rankings(lab: Lab, exceptions: Corpus) -> None:
    before = compared(lab, exceptions)
    data = bundle([saved(before)], exceptions, MADE).encode()
    recording = read_bundle(data, "x.json")
    query = recording.queries[0]
    request = asked(QUERY, "bm25", (), 7, recorded=query.columns, recorded_first=query.first_stage)
    for corpus in (exceptions, recording.corpus()):
        after = asyncio.run(compare(lab, corpus, request))
        assert flat(after.first_stage) == flat(before.first_stage)
        assert after.first_stage.recorded == "22 November 2026"
        assert [r.system for r in after.rankings] == ["recorded:minilm-l12", "recorded:bm25"]
        for old, new in zip(before.rankings, after.rankings, strict=True):
            assert flat(new) == flat(old)
            assert [h.first_stage_rank for h in new.hits] == [h.first_stage_rank for h in old.hits]
            assert new.timing.rerank_ms == old.timing.rerank_ms
            assert new.recorded == "22 November 2026"


@pytest.mark.models
def test_a_live_reranker_joins_recorded_columns_over_the_same_candidates(
    lab: Lab, exceptions: Corpus
) -> None:
    before = compared(lab, exceptions)
    query = read_bundle(bundle([saved(before)], exceptions, MADE).encode(), "x").queries[0]
    request = asked(
        QUERY,
        "bge-small",
        ("minilm-l12",),
        7,
        recorded=query.columns,
        recorded_first=query.first_stage,
    )
    live, old, _ = asyncio.run(compare(lab, exceptions, request)).rankings
    assert flat(live) == flat(old)
    assert not live.recorded


def test_a_recording_of_a_replay_keeps_the_old_date(lab: Lab) -> None:
    corpus, comparison = by_hand()
    corpus = replace(corpus, fingerprint="e" * 64)
    query = read_bundle(bundle([saved(comparison)], corpus, MADE).encode(), "x").queries[0]
    request = asked("q", recorded=query.columns, recorded_first=query.first_stage, rerankers=())
    again = asyncio.run(compare(lab, corpus, request))
    later = datetime(2027, 5, 1, tzinfo=UTC)
    recording = read_bundle(bundle([saved(again)], corpus, later).encode(), "x")
    assert recording.date.startswith("2027-05-01")
    assert recording.queries[0].columns[0].key == "recorded:cohere"
    assert recording.queries[0].columns[0].date == "22 November 2026"


def test_a_recording_without_its_corpus_has_a_fingerprint_of_its_own() -> None:
    corpus, comparison = by_hand()
    recording = read_bundle(bundle([saved(comparison, {"a": 2})], corpus, MADE).encode(), "x")
    own = recording.corpus()
    assert own.fingerprint not in {"", corpus.fingerprint}
    assert [q.text for q in own.queries] == ["q"]
    assert own.grades(own.queries[0]) == {"a": 2}


BY_0_1_0 = """{
 "format": "rerank-lab-recording", "version": 1, "date": "2026-11-22T09:30:00Z",
 "corpus": {"name": "tiny", "documents": 2, "fingerprint": "%s"},
 "documents": [
  {"id": "a", "title": "Title", "text": "Text <b>a</b>"}, {"id": "b", "title": "", "text": "Text b"}
 ],
 "queries": [{
  "text": "q", "initial_k": 7, "instruction": "", "grades": {"a": 2},
  "first_stage": {
   "system": "bm25", "model": "", "scale": "BM25", "date": "2026-11-22T09:30:00Z",
   "hits": [["a", 2.0], ["b", 1.0]],
   "timing": {"embed_ms": 0.0, "search_ms": 1.5, "rerank_ms": 0.0, "load_ms": 0.0, "wait_ms": 0.0},
   "usage": {"pairs": 0, "tokens": 0, "requests": 0, "searches": 0.0, "billed_tokens": 0,
    "usd": null, "estimated": false, "reused": 0}
  },
  "systems": [{
   "system": "cohere", "model": "rerank-v3.5", "scale": "", "date": "2026-11-22T09:30:00Z",
   "hits": [["b", 0.9], ["a", 0.1]],
   "timing": {
    "embed_ms": 0.0, "search_ms": 0.0, "rerank_ms": 210.0, "load_ms": 0.0, "wait_ms": 0.0
   },
   "usage": {"pairs": 2, "tokens": 17, "requests": 1, "searches": 1.0, "billed_tokens": 0,
    "usd": 0.002, "estimated": true, "reused": 0}
  }],
  "failures": [{"system": "jina", "reason": "No.", "remedy": "Do."}]
 }]
}""" % ("f" * 64)


def test_a_recording_of_version_0_1_0_opens_and_is_written_as_it_was() -> None:
    recording = read_bundle(BY_0_1_0.encode(), "old.json")
    corpus, comparison = by_hand()
    assert recording.matches(corpus)
    assert recording.documents == corpus.documents
    (query,) = recording.queries
    assert (query.text, query.initial_k, query.grades) == ("q", 7, {"a": 2})
    assert query.first_stage.documents == (("a", 2.0), ("b", 1.0))
    assert (query.first_stage.scale, query.first_stage.timing.search_ms) == ("BM25", 1.5)
    (column,) = query.columns
    assert (column.key, column.documents) == ("recorded:cohere", (("b", 0.9), ("a", 0.1)))
    assert (column.date, column.usage) == ("22 November 2026", Usage(2, 17, 1, 1.0, 0, 0.002, True))
    one = Saved(comparison, 7, "", {"cohere": "rerank-v3.5"}, {"bm25": "BM25"}, {"a": 2})
    assert json.loads(bundle([one], corpus, MADE)) == json.loads(BY_0_1_0)


# ---------------------------------------------------------------- refusals


def broken(change: Any) -> bytes:  # noqa: ANN401
    corpus, comparison = by_hand()
    value = json.loads(bundle([saved(comparison)], corpus, MADE))
    change(value)
    return json.dumps(value).encode()


def column(value: Any) -> Any:  # noqa: ANN401
    return value["queries"][0]["systems"][0]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda v: v.update(version=2), "version"),
        (lambda v: v.update(format="other"), "format"),
        (lambda v: v.update(surplus=1), "surplus"),
        (lambda v: v.update(queries=[]), "queries"),
        (lambda v: v.update(date="yesterday"), "date"),
        (lambda v: v["documents"].append(v["documents"][0]), "two documents with the same id"),
        (lambda v: v["documents"].pop(), "ranks 'b', which the file lacks"),
        (lambda v: column(v)["hits"].append(["b", 0.0]), "ranks a document twice"),
        (lambda v: column(v).update(hits=[["a", "0.5"]]), "queries[0].systems[0].hits[0][1]"),
        (lambda v: column(v).update(hits=[["a", True]]), "queries[0].systems[0].hits[0][1]"),
        (lambda v: column(v).update(hits=[["a", float("nan")]]), "finite"),
        (lambda v: column(v)["timing"].update(rerank_ms=-1), "timing.rerank_ms"),
        (lambda v: v["queries"][0]["systems"].append(column(v)), "names a system twice"),
        (lambda v: v["queries"][0]["systems"].extend([column(v)] * 8), "at most 8"),
        (lambda v: v["queries"][0].update(text=""), "queries[0].text"),
        (lambda v: v["corpus"].update(fingerprint="<script>"), "corpus.fingerprint"),
    ],
)
def test_a_recording_that_is_none_is_refused(change: Any, reason: str) -> None:  # noqa: ANN401
    with pytest.raises(CorpusError) as caught:
        read_bundle(broken(change), "x.json")
    assert reason in caught.value.reason
    assert caught.value.reason.startswith("x.json")


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
def test_bytes_that_are_no_recording_are_refused_in_words(data: bytes) -> None:
    for read in (read_bundle, read_run):
        try:
            read(data, "x")
        except LabError as exc:
            assert exc.reason


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["documents", "queries", "corpus", "date"]), JSON)
def test_any_json_in_any_place_is_refused_in_words(place: str, value: object) -> None:
    with pytest.raises(CorpusError):
        read_bundle(broken(lambda v: v.update({place: value})), "x")


# ---------------------------------------------------------------- TREC runs


def test_a_run_is_a_column_a_query() -> None:
    run = b"q1 Q0 d2 2 1.5 mine\nq1 Q0 d1 1 2.5 mine\n\nq2 Q0 d9 1 -3e-1 mine\n"
    columns = read_run(run, "best.run")
    assert list(columns) == ["q1", "q2"]
    assert columns["q1"].key == "run:mine"
    assert columns["q1"].documents == (("d1", 2.5), ("d2", 1.5))
    assert columns["q2"].documents == (("d9", -0.3),)
    assert columns["q1"].date == "from best.run"


def test_scores_and_not_ranks_decide_and_ties_fall_by_descending_id() -> None:
    """As trec_eval has it, in 32-bit floats."""
    near = "q Q0 x 3 1.00000001 t\n# a comment\nq\tQ0  y 1 1 t\nq Q0 z 2 1 t\nq Q0 a 9 2 t\n"
    columns = read_run(near.encode(), "r")
    assert [d for d, _ in columns["q"].documents] == ["a", "z", "y", "x"]


@pytest.mark.models
def test_our_own_runs_come_back(lab: Lab, exceptions: Corpus) -> None:
    ranking = compared(lab, exceptions).rankings[0]
    odd = Document("id with\u2003space", "", "")
    hits = (*ranking.hits, Hit(odd, 99, -99.0, 99, 0.0))
    run = {"a query": run_scores(replace(ranking, hits=hits))}
    lines = "\n".join(run_lines(run, "minilm-l12"))
    column = read_run(lines.encode(), "r")["a query"]
    assert [d for d, _ in column.documents] == [h.document.id for h in hits]


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        (b"q Q0 d 1 2.0\n", "x:1 has 5 fields; a TREC run has 6"),
        (b"q Q0 d 1 2.0 t\nq Q0 d 2 1.0 t\n", "x:2 ranks 'd' a second time"),
        (b"q Q0 d one 2.0 t\n", "x:1: rank 'one' and score '2.0' must be numbers"),
        (b"q Q0 d 1 nan t\n", "must be numbers"),
        (b"q Q0 d 1 1e999 t\n", "is not finite"),
        (b"q Q0 d 1 1 t\nq Q0 e 2 0 u\n", "holds 2 runs"),
        (b"", "holds 0 runs"),
        (b"\xff\xfe", "not valid UTF-8"),
    ],
)
def test_a_run_that_is_none_is_refused(run: bytes, reason: str) -> None:
    with pytest.raises(CorpusError) as caught:
        read_run(run, "x")
    assert reason in caught.value.reason


def test_documents_of_a_run_that_were_not_retrieved_say_so(lab: Lab, exceptions: Corpus) -> None:
    ids = [d.id for d in exceptions.documents]
    lines = [f"q Q0 {i} {n} {-n} other" for n, i in enumerate([*ids, "unknown"], start=1)]
    column = read_run("\n".join(lines).encode(), "r")["q"]
    request = asked(QUERY, "bm25", (), 3, recorded=(column,))
    (ranking,) = asyncio.run(compare(lab, exceptions, request)).rankings
    assert [h.document.id for h in ranking.hits] == ids
    assert sum(h.first_stage_rank == 0 for h in ranking.hits) == len(ids) - 3
    assert all(h.movement == 0 for h in ranking.hits if not h.first_stage_rank)
    assert ranking.notes == ("1 document not in this corpus",)


def test_a_run_of_another_corpus_fails_in_its_column(lab: Lab, exceptions: Corpus) -> None:
    column = read_run(b"q Q0 elsewhere 1 1 t\n", "r")["q"]
    request = asked(QUERY, "bm25", (), 3, recorded=(column,))
    (failure,) = asyncio.run(compare(lab, exceptions, request)).failures
    assert "names no document of exceptions" in failure.reason
