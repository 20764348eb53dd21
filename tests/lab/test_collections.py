"""A lab's collections of one's own: queries and judgments beside them, and what changes there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from components import evaluation
from components.domain import Corpus, InputError, Ranking, StoreError
from components.evaluation.saved import saved_evaluation
from components.evaluation.store import EvaluationStore
from components.lab import Lab, catalog
from components.lab.collections import Collections
from components.models.bm25 import SAMPLE, statistics
from components.pipeline import Pipelines
from components.retrieval import first_stages
from tests.support.added import FAKES, added
from tests.support.asking import asked, rerank_candidates, retrieve
from tests.support.collections import ENCODER, foreign, lab_of, own, payloads_of, serve
from tests.support.engines import spread
from tests.support.servers.qdrant_foreign import Foreign
from tests.support.visits import ids

TEXTS = tuple(f"word{i} word{i + 1}" for i in range(20))


@pytest.fixture(autouse=True)
def stage() -> Iterator[None]:
    """Let the catalog find the hashing encoder."""
    with added(first_stages, FAKES / "first_stages", catalog.offered_first_stages.cache_clear):
        yield


def beside(folder: Path) -> dict[str, Path]:
    """Write queries and judgments beside a collection."""
    rows = [{"_id": "q1", "text": "word3 word4"}, {"_id": "7", "text": "word9"}]
    (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (folder / "qrels").mkdir()
    (folder / "qrels" / "test.tsv").write_text(
        "query-id\tcorpus-id\tscore\nq1\t3\t2\nq1\t4\t1\nq1\tgone\t1\n7\t9\t1\nq9\t1\t1\n"
    )
    (folder / "qrels" / "dev.tsv").write_text("query-id\tcorpus-id\tscore\nq1\t5\t1\n")
    return {"queries": folder / "queries.jsonl", "qrels": folder / "qrels"}


def changing(collection: Foreign) -> list[dict[str, object]]:
    """Let a test change a collection's payloads while it is served."""
    payloads = [collection.payload(i) for i in range(collection.count)]
    collection.payload = lambda i: payloads[i]
    return payloads


def notes_of(ranking: Ranking) -> list[str]:
    """Return what is noted of a collection; ties are noted too."""
    return [note for note in ranking.notes if "share the score" not in note]


def clocked(lab: Lab, seconds: list[float]) -> Collections:
    """Let a test move the clock by which collections are asked again."""
    lab.collections._clock = lambda: seconds[0]
    return lab.collections


def test_queries_and_judgments_come_from_files_beside_it(tmp_path: Path) -> None:
    with serve(foreign(payloads_of(TEXTS))) as server:
        lab = lab_of(tmp_path, own(server.url, **beside(tmp_path)))
        corpus = lab.collections.open("mine")
        assert [query.id for query in corpus.queries] == ["q1", "7"]
        assert corpus.judgments == {"q1": {"3": 2, "4": 1}, "7": {"9": 1}}
        assert corpus.with_split("dev").judgments == {"q1": {"5": 1}}
        assert corpus.dangling == {"test": {"q1": {"gone": 1}}}
        assert corpus.unasked["test"].number == 1
        assert corpus.itself(corpus.queries[1]) is None  # document 7 has another text
        assert server.writes() == []


def test_it_is_evaluated_like_any_corpus_and_the_figures_say_how(tmp_path: Path) -> None:
    with serve(foreign(payloads_of(TEXTS), in_graph=20)) as server:
        lab = lab_of(tmp_path, own(server.url, **beside(tmp_path)))
        corpus = lab.collections.open("mine")
        plan, result = evaluation.evaluate_corpus(lab, corpus, Pipelines(ENCODER, ("bm25",), 5))
        assert result.complete == ["q1", "7"]
        assert result.remarks == [
            "The first stage is the collection's own: HNSW (m = 16), 20 vectors indexed; its "
            "recall against exact search was not measured."
        ]
        store = EvaluationStore(tmp_path)
        saved = saved_evaluation(plan, result, lab.settings)
        store.save(saved, result.metrics(plan.judgments), "")
        again = store.load(saved.id, "")
        assert again.evaluation.remarks == result.remarks
        assert again.plan.fingerprint == corpus.fingerprint
        assert server.writes() == []


def test_recall_is_measured_against_exact_search(tmp_path: Path) -> None:
    texts = tuple(f"w{i} x{i * 7 % 400} y{i * 13 % 400}" for i in range(400))
    rows = spread(400, seed=3, dimension=8)
    with serve(foreign(payloads_of(texts), rows=rows, in_graph=400)) as server:
        lab = lab_of(tmp_path, own(server.url))
        corpus = lab.collections.open("mine")
        assert lab.collections.recall(corpus) == ""
        entry = lab.first_stage(corpus, ENCODER).encoder
        assert entry is not None
        encoder, _ = lab.encoder(entry)
        steps: list[tuple[int, int]] = []
        lab.collections.measure_recall(corpus, encoder, lambda _, *step: steps.append(step))
        measured = lab.collections.recall(corpus)
        assert measured.endswith("against exact search on 100 queries made of a document's words")
        assert 0.9 < float(measured.split()[1]) < 1  # one point in twenty is missed
        assert steps[-1][1] == 100
        assert server.writes() == []


def test_a_change_is_told_and_nothing_is_taken_for_something_else(tmp_path: Path) -> None:
    collection = foreign(payloads_of(TEXTS))
    payloads, seconds = changing(collection), [0.0]
    with serve(collection) as server:
        lab = lab_of(tmp_path, own(server.url))
        collections = clocked(lab, seconds)
        corpus = collections.open("mine")
        before = retrieve(lab, corpus, asked("word3 word4", ENCODER, (), 3))
        assert notes_of(before) == []
        first = before.hits[0]
        place = int(first.document.id)
        payloads[place]["title"] = "Another title"
        payloads[place]["body"] = "another text"
        after = retrieve(lab, corpus, asked("word3 word4", ENCODER, (), 3))
        assert notes_of(after) == []  # it was asked a moment ago
        assert after.hits[0].document.title == "Another title"  # as it was found with this score
        seconds[0] = 11.0
        [note] = notes_of(retrieve(lab, corpus, asked("word3 word4", ENCODER, (), 3)))
        assert note.startswith("the collection has changed: its points are others than when")
        assert first.document.title == f"T{place}"  # what was found before stays
        with pytest.raises(InputError, match="mine has changed"):
            collections.check_unchanged(corpus)
        anew = collections.open("mine", anew=True)
        assert anew.fingerprint != corpus.fingerprint
        assert anew.by_id[str(place)].title == "Another title"
        assert collections.changes(anew) == ""


def test_points_that_are_gone_or_new_are_counted(tmp_path: Path) -> None:
    collection = foreign(payloads_of(TEXTS))
    seconds = [0.0]
    with serve(collection) as server:
        lab = lab_of(tmp_path, own(server.url))
        collections = clocked(lab, seconds)
        corpus = collections.open("mine")
        assert "19" in corpus.by_id
        collection.ids = collection.ids[:-2]
        collection.dense["vec"] = collection.dense["vec"][:-2]
        seconds[0] = 20.0
        assert "had 20 points when it was opened at" in collections.changes(corpus)
        assert collections.changes(corpus).endswith("and has 18 now")
        ranking = retrieve(lab, corpus, asked("word19", ENCODER, (), 20))
        assert len(ranking.hits) == 18
        assert corpus.by_id.get("19") is None
        with pytest.raises(StoreError, match="has fewer points than the 20 it had"):
            corpus.documents[19]
        assert collections.open("mine") is corpus  # until somebody opens it anew
        server.stop()
        seconds[0] = 40.0
        assert collections.changes(corpus).endswith("and has 18 now")  # as far as is known
        with pytest.raises(StoreError, match="cannot be reached"):
            retrieve(lab, corpus, asked("word19", ENCODER, (), 3))


def test_a_change_while_it_is_evaluated_belongs_to_the_figures(tmp_path: Path) -> None:
    collection = foreign(payloads_of(TEXTS))
    with serve(collection) as server:
        lab = lab_of(tmp_path, own(server.url, **beside(tmp_path)))
        corpus = lab.collections.open("mine")

        def grow(system: str, done: int, total: int) -> None:
            if done == 1 and collection.count == 20:
                collection.ids.append(20)
                collection.dense["vec"] = np.vstack([collection.dense["vec"], np.eye(1, 8)])
                old = collection.payload
                collection.payload = lambda i: old(i) if i < 20 else {"body": "new", "title": "n"}

        pipelines = Pipelines(ENCODER, (), 5)
        result = evaluation.evaluate(lab, corpus, evaluation.plan(corpus, pipelines), grow)
        assert result.complete == ["q1", "7"]
        assert result.remarks[-1].startswith("The collection changed while it was searched (it had")


def test_vectors_of_another_encoder_are_noticed(tmp_path: Path) -> None:
    rows = np.roll(np.eye(8, dtype=np.float32)[[0] * 20], 1, axis=1)
    with serve(foreign(payloads_of(TEXTS), rows=rows)) as server:
        lab = lab_of(tmp_path, own(server.url))
        corpus = lab.collections.open("mine")
        [note] = notes_of(retrieve(lab, corpus, asked("word3", ENCODER, (), 3)))
        assert note.startswith(
            "the vectors do not look like those that probe-hash makes of these texts: a cosine of "
        )


def test_bm25_as_a_reranker_counts_words_in_a_sample(tmp_path: Path) -> None:
    texts = tuple(f"word{i} all" for i in range(SAMPLE + 50))
    with serve(foreign(payloads_of(texts))) as server:
        lab = lab_of(tmp_path, own(server.url))
        corpus = lab.collections.open("mine")
        before = len(server.requests)
        bm25 = statistics(corpus)
        assert (bm25.documents, bm25.sampled, len(server.requests)) == (SAMPLE, True, before + 1)
        rare, common = np.log(1 + (SAMPLE + 0.5) / 0.5), np.log(1 + 0.5 / (SAMPLE + 0.5))
        assert bm25.idf("nowhere") == pytest.approx(rare)  # of 1,000 documents none has it
        assert bm25.idf("all") == pytest.approx(common)
        first = retrieve(lab, corpus, asked("word7 all", ENCODER, (), 5))
        ranking = rerank_candidates(
            lab, corpus, asked("word7 all", ENCODER, ("bm25",), 5), first, "bm25"
        )
        assert ranking.notes[0] == "words counted in a sample of 1,000 documents"


def test_the_states_of_all_collections(tmp_path: Path) -> None:
    with serve(foreign(payloads_of(TEXTS))) as server:
        good, bad = own(server.url), own(server.url, name="bad", collection="none")
        lab = lab_of(tmp_path, good, bad)
        first, second = lab.collections.states()
        assert (first.name, first.points, first.error) == ("mine", 20, "")
        assert first.where == f"prod at {server.url}"
        assert first.search == "exact: no graph is built"
        assert second.error.startswith(f"{server.url} has no collection 'none'.")
        corpus = lab.collections.open("mine")
        assert lab.collections.with_fingerprint(corpus.fingerprint) == "mine"
        assert lab.collections.with_fingerprint("0" * 64) is None
        with pytest.raises(InputError, match="There is no collection 'x'"):
            lab.collections.open("x")


def test_nothing_is_built_for_it(tmp_path: Path) -> None:
    with serve(foreign(payloads_of(TEXTS), sparse="words")) as server:
        lab = lab_of(tmp_path, own(server.url, sparse="words"))
        corpus: Corpus = lab.collections.open("mine")
        for key in lab.first_stages(corpus):
            retrieve(lab, corpus, asked("word3", key, (), 5))
        assert lab.store.status() == ()
        assert not list(tmp_path.rglob("*.lexicon"))
        assert not list(tmp_path.rglob("*.f32"))
        assert ids(retrieve(lab, corpus, asked("nowhere", "bm25", (), 5))) == []
        assert server.writes() == []
