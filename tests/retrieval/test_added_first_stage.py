"""A first stage that is one new file, at work everywhere: no other file names it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from components import evaluation
from components.config import Settings
from components.corpora import open_corpus
from components.domain import Corpus
from components.lab import Lab, catalog, read_settings
from components.pipeline import Pipelines
from components.retrieval import first_stages
from components.ui.compare.board.view import board_data
from components.ui.shared import state
from tests.support.added import FAKES, added
from tests.support.asking import asked, retrieve
from tests.support.commands import Command
from tests.support.visits import Visit, ids, settle, texts

KEY = "probe-hash"
SETTINGS = Settings()


@pytest.fixture(autouse=True)
def stage() -> Iterator[None]:
    """Add the file."""
    with added(first_stages, FAKES / "first_stages", catalog.offered_first_stages.cache_clear):
        yield


def nearest(corpus: Corpus, query: str, k: int) -> list[str]:
    """Return the documents nearest to a query, by a full comparison of all vectors."""
    entry = catalog.first_stage(KEY, SETTINGS).encoder
    assert entry is not None
    encoder, _ = catalog.load_encoder(entry)
    rows = encoder.encode_documents([document.passage for document in corpus.documents])
    cosines = rows.astype(np.float64) @ encoder.encode_query(query).astype(np.float64)
    order = sorted(range(len(rows)), key=lambda i: (-round(float(cosines[i]), 5), i))
    return [corpus.documents[i].id for i in order[:k]]


def test_the_catalog_lists_it_after_the_projects_own() -> None:
    keys = list(catalog.first_stages(SETTINGS))
    assert keys[:4] == ["bge-small", "minilm-l6", "bm25", "hybrid"]
    assert KEY in keys[4:]
    entry = next(e for e in catalog.entries(read_settings({})) if e.spec.key == KEY)
    assert (entry.stage, entry.available) == ("first stage", True)


def test_a_search_returns_what_its_encoder_finds_nearest(lab: Lab, exceptions: Corpus) -> None:
    query = exceptions.queries[0].text
    ranking = retrieve(lab, exceptions, asked(query, KEY, ("bm25",), initial_k=5))
    assert ids(ranking) == nearest(exceptions, query, 5)


def test_the_command_line_indexes_searches_and_evaluates_with_it(
    command: Command, tmp_path: Path
) -> None:
    with_it = ("--corpus", "exceptions", "--first-stage", KEY)
    indexed = command("index", *with_it, "--no-tokens")
    assert indexed["first_stage"] == KEY
    corpus = open_corpus("exceptions")
    [alias] = [alias for alias in indexed["collections"] if alias.endswith(f"-{KEY}-1-r3")]
    assert indexed["collections"][alias] == len(corpus.documents)
    first, *_ = corpus.queries
    answer = command("search", first.text, *with_it, "--reranker", "bm25")
    assert answer["first_stage"]["system"] == KEY
    listed = [m["key"] for m in command("models")["models"] if m["stage"] != "reranker"]
    assert KEY in listed[4:]
    options = ("--reranker", "bm25", "--max-queries", "5", "--out", tmp_path, "--no-save")
    command("evaluate", *with_it, *options)
    assert set(json.loads((tmp_path / "metrics.json").read_text())) == {KEY, "bm25"}
    run = [line.split() for line in (tmp_path / "runs" / f"{KEY}.trec").read_text().splitlines()]
    assert [row[2] for row in run if row[0] == first.id] == nearest(corpus, first.text, 100)


def test_an_evaluation_measures_it(lab: Lab, exceptions: Corpus) -> None:
    plan = evaluation.plan(exceptions, Pipelines(KEY, ("bm25",), 20))
    result = evaluation.evaluate(lab, exceptions, plan)
    assert result.complete


def test_the_compare_page_offers_it_and_fills_its_columns(visit: Visit, exceptions: Corpus) -> None:
    at = visit()
    settle(at)
    box = at.selectbox(key=f"_{state.FIRST_STAGE}")
    assert f"{KEY} · hashing" in box.options
    box.select(KEY).run()
    job = settle(at)
    assert job.request.pipelines.first_stage == KEY
    expected = nearest(exceptions, job.request.query.text, 100)
    assert ids(job.first_stage) == expected[: len(ids(job.first_stage))]
    columns = board_data(job, 10, {}).columns
    assert [(column.state, len(column.cards)) for column in columns] == [
        ("done", len(exceptions.documents))
    ] * 2


def test_the_corpus_page_lists_and_indexes_with_it(visit: Visit) -> None:
    at = visit("pages/corpus.py")
    assert KEY in at.selectbox(key="_index_with").options
    table = next(d.value for d in at.dataframe if "In the store" in d.value.columns)
    assert KEY in list(table["System"])


def test_the_rerankers_page_describes_it(visit: Visit) -> None:
    assert "Counts words in eight buckets." in texts(visit("pages/rerankers.py"))
