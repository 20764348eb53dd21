"""Collections of ir_datasets: one that this test builds and registers, and what may go wrong."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import ir_datasets
import pytest
from ir_datasets.formats import BaseDocs, TrecQrels, TsvDocs, TsvQueries

from components.corpora import open_corpus
from components.domain import Cancelled, CorpusError, InputError
from tests.support.uploads import passages


class Local:
    """A file of the test's own, as ir_datasets has those that it downloads."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        path.write_text(text)

    def path(self, force: bool = True) -> str:
        return str(self._path)

    def stream(self) -> Any:  # noqa: ANN401
        return self._path.open("rb")


class Report(NamedTuple):
    doc_id: str
    title: str
    body: str
    year: int


class Reports(BaseDocs):
    def docs_iter(self) -> Iterator[Report]:
        yield Report("r1", "Lamps", "They are lit at dusk.", 1901)
        yield Report("r2", "", "Nobody knows.", 1902)

    def docs_count(self) -> int:
        return 2


class Endless(Reports):
    def docs_count(self) -> int:
        return 9_000_000


class Broken(Reports):
    def docs_iter(self) -> Iterator[Report]:
        raise OSError("connection\nrefused")


@pytest.fixture
def registered(tmp_path: Path) -> Iterator[None]:
    """Register small collections under `lab/...`, and forget them."""
    queries = TsvQueries(Local(tmp_path / "q.tsv", "q1\twhen are lamps lit\n"), lang="en")
    qrels = TrecQrels(Local(tmp_path / "q.qrels", "q1 0 d1 2\nq1 0 d2 0\n"), {2: "yes", 0: "no"})
    documents = TsvDocs(Local(tmp_path / "d.tsv", "d1\tat dusk\nd2\tno\n"), lang="en")
    datasets = {
        "lab/tsv": ir_datasets.Dataset(documents, queries, qrels),
        "lab/reports": ir_datasets.Dataset(Reports()),
        "lab/endless": ir_datasets.Dataset(Endless()),
        "lab/broken": ir_datasets.Dataset(Broken()),
        "lab/queries": ir_datasets.Dataset(queries),
    }
    for name, dataset in datasets.items():
        ir_datasets.registry.register(name, dataset)
    yield
    for name in datasets:
        del ir_datasets.registry._registered[name]


def test_documents_queries_and_judgments_are_those_of_the_id(registered: None) -> None:
    corpus = open_corpus("irds:lab/tsv")
    assert corpus.name == "lab/tsv"
    assert passages(corpus) == [("d1", "", "at dusk"), ("d2", "", "no")]
    assert [(query.id, query.text) for query in corpus.queries] == [("q1", "when are lamps lit")]
    assert corpus.judgments == {"q1": {"d1": 2, "d2": 0}}
    assert not corpus.report.warnings


def test_fields_of_every_kind_of_document_are_kept(registered: None) -> None:
    corpus = open_corpus("irds:lab/reports")
    assert passages(corpus) == [
        ("r1", "Lamps", "They are lit at dusk."),
        ("r2", "", "Nobody knows."),
    ]
    assert corpus.documents[0].metadata == {"year": "1901"}


def test_a_collection_that_cannot_be_read_is_one_line(registered: None) -> None:
    """Too large, not to be had, without documents, unknown."""
    for name, reason in {
        "endless": "the collection has 9,000,000 documents or more; expected at most 1,000,000.",
        "broken": "ir_datasets cannot read the collection: connection?refused.",
        "queries": "the collection has no documents.",
    }.items():
        with pytest.raises(CorpusError) as caught:
            open_corpus(f"irds:lab/{name}")
        assert caught.value.reason == f"irds:lab/{name}: {reason}"
    with pytest.raises(InputError, match=r"^ir_datasets has no collection 'lab/none'"):
        open_corpus("irds:lab/none")


def test_without_the_extra_the_command_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ir_datasets", None)
    with pytest.raises(InputError) as caught:
        open_corpus("irds:beir/scifact/test")
    assert caught.value.remedy == 'Install it: pip install "rerank-lab[irds]".'


def test_progress_is_told_and_a_reading_may_be_stopped(registered: None) -> None:
    """Of the documents as the library hands them out, then of the rows that are read."""
    steps: list[tuple[int, int]] = []
    open_corpus("irds:lab/reports", progress=lambda *step: steps.append(step))
    assert steps[:2] == [(0, 2), (2, 2)]

    def stop(done: int, total: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        open_corpus("irds:lab/tsv", progress=stop)
