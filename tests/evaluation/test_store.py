"""Evaluations kept over time come back as they were, to their owner and by their link."""

from __future__ import annotations

import gzip
import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from components.config import Settings
from components.domain import Corpus, Document, Failure, Query, StoreError, Timing, Usage
from components.evaluation import CANDIDATES, Evaluation, Marginal, Ranked, Rules, evaluate, plan
from components.evaluation.saved import SavedEvaluation, models_of, saved_evaluation
from components.evaluation.store import FILE, EvaluationStore
from components.lab import Lab
from components.pipeline import Pipelines
from components.storage.sqlite import WHOLE_LAB

MINE, OTHER = "a" * 64, "b" * 64
CORPUS = Corpus(
    "Häuser und 猫",
    (
        Document("猫 1", "", "eine Katze im Schnee"),
        Document('a "b"\t\\', "", "ein Haus"),
        Document("🦊", "Fuchs", "im Schnee, im Schnee, im Schnee"),
    ),
    (
        Query("q é", "Katze\nim Schnee ❄", ("hard", "zwei Wörter")),
        Query("q2", "Haus"),
        Query("q3", "please refuse Schnee", ("hard",)),
        Query("q4", "nobody judged this"),
    ),
    {"q é": {"猫 1": 2, "🦊": 0}, "q2": {'a "b"\t\\': 1, "ghost": -1}, "q3": {"🦊": 1}},
    fingerprint=MINE,
)
REQUEST = Pipelines("bm25", ("minilm-l12", "bm25"), 10)
ALL_COUNTED = Rules(identical=True, zero_only=True, dangling=True)
TIMING = Timing(1.25, 2.5, 1 / 3, 4.0, 5.0)
USAGE = Usage(3, 120, 2, 1.0, 99, 0.004, estimated=True, reused=1)


def by_hand() -> SavedEvaluation:
    """Three queries, two systems, one failure; every field differs from its default."""
    chosen = plan(CORPUS, REQUEST, split="dev", rules=ALL_COUNTED)
    found = Evaluation(chosen.systems)
    ids = ("🦊", "猫 1", 'a "b"\t\\')
    found.rankings["bm25"] = {
        "q é": Ranked(ids, (0.1, 0.0, -1 / 3), TIMING, USAGE, tied=7),
        "q2": Ranked(ids[:2], (2.0, 1.0), Timing(), Usage()),
        "q3": Ranked(ids[:1], (3.0000000000000004,), Timing(), USAGE),
    }
    found.rankings["minilm-l12"] = {
        "q é": Ranked(ids[::-1], (7.5, 2.0, 1.0), Timing(rerank_ms=8.0), Usage(3)),
        "q2": Ranked(ids[:2], (9.0, 8.0), Timing(), Usage()),
    }
    found.failures["minilm-l12"] = [("q3", Failure("minilm-l12", "Zu läng.", "Kürze es."))]
    return saved_evaluation(chosen, found, Settings())


def kept(
    store: EvaluationStore,
    id: str = "one",
    *,
    minutes: float = 0.0,
    fingerprint: str = MINE,
    owner: str = WHOLE_LAB,
) -> SavedEvaluation:
    made = datetime(2026, 5, 1, 12, 0, tzinfo=UTC) + timedelta(minutes=minutes)
    one = by_hand()
    one = replace(one, id=id, made=made, plan=replace(one.plan, fingerprint=fingerprint))
    store.save(one, one.evaluation.metrics(one.plan.judgments), owner)
    return one


# ---------------------------------------------------------------- there and back


def test_a_snapshot_comes_back_as_it_was(tmp_path: Path) -> None:
    one, store = by_hand(), EvaluationStore(tmp_path)
    metrics = one.evaluation.metrics(one.plan.judgments)
    store.save(one, metrics)
    again = EvaluationStore(tmp_path).load(one.id)
    assert again == one
    assert again.plan.queries[0] == Query("q é", "Katze\nim Schnee ❄", ("hard", "zwei Wörter"))
    assert again.plan.judgments == CORPUS.judgments
    assert (again.plan.split, again.plan.documents, again.plan.subset) == ("dev", 3, "all")
    first = again.evaluation.rankings["bm25"]["q é"]
    assert (first.timing, first.usage) == (TIMING, USAGE)
    assert list(first.run.values()) == [0.1, 0.0, -1 / 3]
    assert again.evaluation.failures["minilm-l12"] == [
        ("q3", Failure("minilm-l12", "Zu läng.", "Kürze es."))
    ]
    assert again.evaluation.complete == one.evaluation.complete == ["q é", "q2"]
    assert again.evaluation.metrics(again.plan.judgments) == metrics
    assert again.title == one.title


def test_the_order_of_queries_and_documents_is_kept(tmp_path: Path) -> None:
    store = EvaluationStore(tmp_path)
    one = kept(store)
    again = store.load("one")
    assert list(again.plan.judgments) == list(one.plan.judgments)
    for system, ranked in one.evaluation.rankings.items():
        assert list(again.evaluation.rankings[system]) == list(ranked)
    assert again.evaluation.systems == ("bm25", "minilm-l12")
    assert again.plan.pipelines.rerankers == ("minilm-l12", "bm25")


def test_the_list_shows_the_means(tmp_path: Path) -> None:
    store = EvaluationStore(tmp_path)
    one = kept(store)
    [head] = store.summaries()
    assert (head.id, head.made, head.fingerprint) == ("one", one.made, MINE)
    assert (head.corpus, head.queries, head.initial_k) == ("Häuser und 猫", 2, 10)
    assert head.systems == ("bm25", "minilm-l12")
    metrics = one.evaluation.metrics(one.plan.judgments)
    assert head.means == {system: dict(m.mean) for system, m in metrics.items()}
    # by hand: both have the cat second of three, and nothing for the house
    assert head.means["bm25"]["RR@10"] == pytest.approx(0.25)
    assert head.means["minilm-l12"]["RR@10"] == pytest.approx(0.25)
    assert head.title == one.title


@pytest.mark.usefixtures("probes")
def test_a_real_evaluation_comes_back(lab: Lab, tmp_path: Path) -> None:
    request = Pipelines("bm25", ("probe-picky", "probe-refuse"), 10)
    chosen = plan(CORPUS, request)
    found = evaluate(lab, CORPUS, chosen)
    assert {s: len(f) for s, f in found.failures.items()} == {"probe-picky": 1, "probe-refuse": 3}
    one, store = saved_evaluation(chosen, found, lab.settings), EvaluationStore(tmp_path)
    store.save(one, found.metrics(chosen.judgments))
    again = store.load(one.id)
    assert again == one
    [head] = store.summaries()
    assert head.means["probe-refuse"] == {}
    assert head.queries == 2


def test_candidates_from_a_file(lab: Lab, tmp_path: Path) -> None:
    candidates = {"q é": ["🦊", "猫 1"], "q2": ['a "b"\t\\', "🦊"]}
    request = Pipelines("hybrid", ("bm25",), 2)
    chosen = plan(CORPUS, request, candidates=candidates)
    found = evaluate(lab, CORPUS, chosen)
    one, store = saved_evaluation(chosen, found, Settings()), EvaluationStore(tmp_path)
    store.save(one, found.metrics(chosen.judgments))
    again = store.load(one.id)
    assert again.evaluation == found
    assert again.plan.first_stage == CANDIDATES
    assert again.plan.systems == again.evaluation.systems == (CANDIDATES, "bm25")
    assert again.plan.queries == chosen.queries
    assert again.plan.judgments == chosen.judgments
    assert again.plan.pipelines.initial_k == 2
    assert again.models == one.models
    assert list(again.models) == [CANDIDATES, "bm25"]
    assert again.models[CANDIDATES] == "candidates from a file"
    assert store.summaries()[0].systems == (CANDIDATES, "bm25")


def test_nothing_was_ranked(tmp_path: Path) -> None:
    chosen, store = plan(CORPUS, REQUEST), EvaluationStore(tmp_path)
    one = saved_evaluation(chosen, Evaluation(chosen.systems), Settings())
    store.save(one, one.evaluation.metrics(chosen.judgments))
    assert store.load(one.id) == one
    assert store.summaries()[0].queries == 0


def test_an_empty_ranking_is_not_a_missing_one(tmp_path: Path) -> None:
    one, store = by_hand(), EvaluationStore(tmp_path)
    one.evaluation.rankings["bm25"]["q2"] = Ranked((), (), Timing(), Usage())
    store.save(one, one.evaluation.metrics(one.plan.judgments))
    again = store.load(one.id)
    assert again == one
    assert store.summaries()[0].means["bm25"]["RR@10"] == pytest.approx(0.25)
    assert again.evaluation.complete == ["q é", "q2"]


# ---------------------------------------------------------------- snapshots


def test_a_snapshot_is_of_now_with_an_id_of_its_own() -> None:
    before = datetime.now(UTC)
    one, other = by_hand(), by_hand()
    assert before <= one.made <= other.made <= datetime.now(UTC)
    assert one.id != other.id
    assert saved_evaluation(one.plan, one.evaluation, Settings(), one.id).id == one.id


def test_models_are_named_with_their_revision() -> None:
    found = models_of(plan(CORPUS, REQUEST), Settings())
    assert list(found) == ["bm25", "minilm-l12"]
    assert found["minilm-l12"] == (
        "cross-encoder/ms-marco-MiniLM-L-12-v2 (int8 ONNX) v2-int8-exact-1225ccd6"
    )


def test_a_title_says_when_what_and_which() -> None:
    one = replace(by_hand(), made=datetime(2026, 5, 1, 7, 5, 59, tzinfo=UTC))
    assert one.title == "01 May 2026 07:05 UTC · Häuser und 猫 · 2 queries · bm25, minilm-l12"


# ---------------------------------------------------------------- who sees what


ANN, BEN = "user:ann", "browser:ben"


def test_the_newest_comes_first(tmp_path: Path) -> None:
    store = EvaluationStore(tmp_path)
    for id, minutes in (("middle", 5.0), ("newest", 5.01), ("oldest", 0.0)):
        kept(store, id, minutes=minutes)
    assert [head.id for head in store.summaries()] == ["newest", "middle", "oldest"]


def test_an_evaluation_is_listed_to_its_owner_alone(tmp_path: Path) -> None:
    store = EvaluationStore(tmp_path)
    for id, owner in (("anns", ANN), ("bens", BEN), ("everybodys", WHOLE_LAB)):
        kept(store, id, owner=owner)
    for owner, ids in ((ANN, ["anns"]), (BEN, ["bens"]), (WHOLE_LAB, ["everybodys"]), ("x", [])):
        assert [head.id for head in store.summaries(owner)] == ids


def test_an_evaluation_of_the_same_documents_is_no_others(tmp_path: Path) -> None:
    store = EvaluationStore(tmp_path)
    kept(store, "anns", owner=ANN)
    for owner in (BEN, WHOLE_LAB, "", "user:ANN", "%", "user:%"):
        assert store.summaries(owner) == store.unreadable(owner) == []
        with pytest.raises(StoreError, match="no longer kept"):
            store.load("anns", owner)
    assert store.load("anns", ANN).plan.fingerprint == MINE


def test_who_has_its_link_can_read_an_evaluation_and_never_delete_it(tmp_path: Path) -> None:
    store = EvaluationStore(tmp_path)
    one = kept(store, "anns", owner=ANN)
    assert store.linked("anns") == one
    store.delete("anns", BEN)
    store.delete("anns")
    assert [head.id for head in store.summaries(ANN)] == ["anns"]
    store.delete("anns", ANN)
    with pytest.raises(StoreError, match="no longer kept"):
        store.linked("anns")


def test_nobody_else_can_put_an_evaluation_in_its_place(tmp_path: Path) -> None:
    store = EvaluationStore(tmp_path)
    one = kept(store, "anns", owner=ANN)
    with pytest.raises(StoreError):
        kept(store, "anns", minutes=9, owner=BEN)
    assert store.load("anns", ANN) == one


def test_what_has_no_owner_shows_on_a_local_lab_alone(tmp_path: Path) -> None:
    store = EvaluationStore(tmp_path)
    kept(store, "old", owner=ANN)
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("UPDATE evaluations SET owner = NULL")
    assert [head.id for head in store.summaries(WHOLE_LAB)] == ["old"]
    assert store.summaries(ANN) == []
    with pytest.raises(StoreError, match="no longer kept"):
        store.linked("old")


def test_the_same_id_is_replaced(tmp_path: Path) -> None:
    store = EvaluationStore(tmp_path)
    one = kept(store)
    kept(store, "another", minutes=1)
    del one.evaluation.rankings["minilm-l12"]["q2"]
    later = saved_evaluation(one.plan, one.evaluation, Settings(), "one")
    store.save(later, one.evaluation.metrics(one.plan.judgments))
    assert [(head.id, head.queries) for head in store.summaries()] == [
        ("one", 1),
        ("another", 2),
    ]
    assert store.load("one") == later


# ---------------------------------------------------------------- what is broken


def change(folder: Path, how: Callable[[bytes], bytes]) -> None:
    """Change the body of every snapshot in the file."""
    with sqlite3.connect(folder / FILE) as connection:
        rows = connection.execute("select id, body from evaluations").fetchall()
        for id, body in rows:
            connection.execute("update evaluations set body = ? where id = ?", (how(body), id))
    connection.close()


@pytest.mark.parametrize(
    "how",
    [
        lambda body: b"",
        lambda body: b"no gzip",
        lambda body: body[: len(body) // 2],
        lambda body: body[:-8] + b"12345678",
        lambda body: body[:10] + b"\xff" * 40 + body[50:],
        lambda body: gzip.compress(b"{"),
        lambda body: gzip.compress(b"{}"),
        lambda body: gzip.compress(b"[]"),
        lambda body: gzip.compress(b"\xff\xfe"),
    ],
    ids=["empty", "text", "cut", "checksum", "bits", "half JSON", "no fields", "list", "bytes"],
)
def test_a_damaged_snapshot_is_a_store_error(tmp_path: Path, how: Callable[[bytes], bytes]) -> None:
    store = EvaluationStore(tmp_path)
    kept(store)
    change(tmp_path, how)
    with pytest.raises(StoreError, match=r"The evaluation of 2026-05-01T12.* is damaged") as caught:
        store.load("one")
    assert caught.value.remedy == "Delete it."
    assert [head.id for head in store.summaries()] == ["one"]  # it can be found
    store.delete("one")
    assert store.summaries() == []


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store = EvaluationStore(tmp_path / "file")
    calls: list[Callable[[], object]] = [
        lambda: kept(store),
        lambda: store.summaries(),
        lambda: store.load("one"),
        lambda: store.delete("one"),
    ]
    for call in calls:
        with pytest.raises(StoreError, match=r"evaluations\.sqlite cannot be used: ") as caught:
            call()
        assert "RERANK_LAB_DATA" in caught.value.remedy
        assert "\n" not in str(caught.value)


def test_a_damaged_file_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database" * 500)
    store = EvaluationStore(tmp_path)
    assert store.summaries() == []
    kept(store)
    assert len(store.summaries()) == 1
    assert (tmp_path / f"{FILE}.damaged").read_bytes() == b"no database" * 500


# ---------------------------------------------------------------- other versions

OLD_HEAD = {
    "version": 1,
    "corpus": "old",
    "documents": 3,
    "split": "test",
    "subset": "all",
    "planned": 2,
    "queries": 1,
    "systems": ["bm25", "minilm-l12"],
    "first_stage": "bm25",
    "rerankers": ["minilm-l12"],
    "initial_k": 2,
    "instruction": "",
    "models": {"bm25": "BM25 1", "minilm-l12": "a cross-encoder v2"},
    "means": {"bm25": {"nDCG@10": 0.5}, "minilm-l12": {"nDCG@10": 1.0}},
}
OLD_BODY = {
    "queries": [["q1", "snow", ["hard"]], ["q2", "house", []]],
    "judgments": {"q1": {"b": 1}},
    "documents": ["a", "b"],
    "runs": {
        "bm25": {"q1": [[0, 1], [2.5, 1.5], [0.0, 0.25, 0.0, 0.0, 0.0], {"pairs": 0}]},
        "minilm-l12": {
            "q1": [[1, 0], [3, -1.0], [0.0, 0.25, 12.5, 80.0, 0.0], {"pairs": 2, "tokens": 9}]
        },
    },
    "failures": [["minilm-l12", "q2", "It broke.", "Mend it."]],
}


def old_file(folder: Path, head: dict[str, object]) -> None:
    """Write the file of version 0.1.0 with one evaluation."""
    with sqlite3.connect(folder / FILE) as connection:
        connection.execute(
            "CREATE TABLE evaluations (id VARCHAR NOT NULL, made VARCHAR NOT NULL, "
            "fingerprint VARCHAR NOT NULL, head VARCHAR NOT NULL, body BLOB NOT NULL, "
            "PRIMARY KEY (id))"
        )
        body = gzip.compress(json.dumps(OLD_BODY).encode())
        row = ("old", "2026-11-22T10:00:00+00:00", MINE, json.dumps(head), body)
        connection.execute("INSERT INTO evaluations VALUES (?, ?, ?, ?, ?)", row)
    connection.close()


def test_an_evaluation_saved_by_version_0_1_0_opens(tmp_path: Path) -> None:
    old_file(tmp_path, OLD_HEAD)
    store = EvaluationStore(tmp_path)
    (summary,) = store.summaries()
    assert summary.title == "22 Nov 2026 10:00 UTC · old · 1 query · bm25, minilm-l12"
    assert summary.means["minilm-l12"] == {"nDCG@10": 1.0}
    opened = store.load("old")
    assert opened.plan.pipelines == Pipelines("bm25", ("minilm-l12",), 2)
    assert [q.id for q in opened.plan.queries] == ["q1", "q2"]
    ranked = opened.evaluation.rankings["minilm-l12"]["q1"]
    assert ranked == Ranked(
        ("b", "a"), (3.0, -1.0), Timing(0.0, 0.25, 12.5, 80.0), Usage(pairs=2, tokens=9)
    )
    assert opened.evaluation.failures == {
        "minilm-l12": [("q2", Failure("minilm-l12", "It broke.", "Mend it."))]
    }
    metrics = opened.evaluation.metrics(opened.plan.judgments, ("RR@10",))
    assert metrics["minilm-l12"].mean == {"RR@10": 1.0}
    assert metrics["bm25"].mean == {"RR@10": 0.5}
    # it ranked a document for the query that it is
    assert opened.plan.rules == summary.rules == Rules(identical=True)
    assert opened.plan.marginal == Marginal()


def test_a_newer_format_is_refused_in_words_and_kept(tmp_path: Path) -> None:
    old_file(tmp_path, OLD_HEAD | {"version": 3, "corpus": {"unheard": "of"}})
    store = EvaluationStore(tmp_path)
    assert store.summaries() == []
    (reason,) = store.unreadable()
    assert "newer version" in reason
    assert "format 3; this one reads up to 2" in reason
    with pytest.raises(StoreError, match="newer version") as caught:
        store.load("old")
    assert caught.value.remedy == "Update the lab, or delete the evaluation."


def test_a_damaged_head_is_named(tmp_path: Path) -> None:
    old_file(tmp_path, {"version": 1})
    store = EvaluationStore(tmp_path)
    assert store.summaries() == []
    assert store.unreadable() == ["The evaluation of 2026-11-22T10:00:00+00:00 is damaged."]
    with pytest.raises(StoreError, match="is damaged"):
        store.load("old")
