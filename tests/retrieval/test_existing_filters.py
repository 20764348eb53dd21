"""Filters on a collection that exists already: on the fields that have an index there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.domain import Corpus, Field, Filter, InputError
from components.lab import Lab, catalog
from components.pipeline import PipelineRun, Pipelines, retrieve
from components.retrieval import first_stages
from tests.support.added import FAKES, added
from tests.support.collections import ENCODER, foreign, lab_of, own, serve
from tests.support.visits import ids

PAYLOADS: list[dict[str, Any]] = [
    {
        "body": f"word{i} word{i % 3} all",
        "title": f"T{i}",
        "product": ["desktop", "mobile"][i % 2],
        "tags": ["a", "b"] if i % 3 else ["a"],
        "meta": {"year": 2000 + i, "when": f"20{i:02}-05-01T00:00:00Z", "new": i > 6},
        "note": f"note {i}",
        "key": f"d{i}",
    }
    for i in range(10)
] + [{"body": "word3 all", "title": "T10", "meta": {"year": None}, "key": "d10"}]
KINDS = {
    "product": "keyword",
    "tags": "keyword",
    "meta.year": "integer",
    "meta.when": "datetime",
    "meta.new": "bool",
    "body": "text",
    "key": "keyword",
}
SCHEMA = {name: {"data_type": kind, "points": 10} for name, kind in KINDS.items()}


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Lab, Corpus]]:
    """One collection for all tests."""
    folder: Path = tmp_path_factory.mktemp("lab")
    with (
        added(first_stages, FAKES / "first_stages", catalog.offered_first_stages.cache_clear),
        serve(foreign(PAYLOADS, schema=SCHEMA, sparse="words")) as server,
    ):
        lab = lab_of(folder, own(server.url, sparse="words", id_field="key"))
        yield lab, lab.collections.open("mine")
        assert server.writes() == []


def test_fields_are_those_that_are_indexed_there(opened: tuple[Lab, Corpus]) -> None:
    _, corpus = opened
    fields = {field.name: field for field in corpus.fields.all}
    assert "key" not in fields  # it is the documents' id, and no detail of theirs
    assert all("key" not in document.metadata for document in corpus.documents)
    assert [field.name for field in corpus.fields.indexed] == list(KINDS)[:-2]
    assert fields["product"].counts == (("desktop", 5), ("mobile", 5))
    assert fields["tags"].counts == (("a", 10), ("b", 6))
    assert fields["meta.new"].counts == (("false", 7), ("true", 3))
    year = fields["meta.year"]
    assert (year.numbers, year.low, year.high) == (10, 2000.0, 2009.0)
    when = fields["meta.when"]
    assert (when.earliest, when.latest) == ("2000-05-01T00:00:00Z", "2009-05-01T00:00:00Z")
    assert fields["body"].unindexed == "has an index of the type text"
    assert fields["note"] == Field("note", 0, unindexed="has no payload index there")


@pytest.mark.parametrize("stage", [ENCODER, "bm25", "hybrid"])
@pytest.mark.parametrize(
    "texts",
    [
        ["product=desktop"],
        ["product=desktop|mobile"],
        ["product=Desktop"],
        ["tags=b"],
        ["meta.year=2003"],
        ["meta.year>=2003", "meta.year<2007"],
        ["meta.year>2003", "product=mobile"],
        ["meta.when>=2004"],
        ["meta.when=2004-05"],
        ["meta.when<2004-05-01"],
        ["meta.new=true"],
        ["meta.new=true|false"],
        ["meta.new=perhaps"],
    ],
)
def test_what_meets_a_filter_is_searched_and_nothing_else(
    opened: tuple[Lab, Corpus], texts: list[str], stage: str
) -> None:
    lab, corpus = opened
    filter = Filter.parse(texts)
    meeting = [d.id for d in corpus.documents if filter.matches(d)]
    every = _ranked(lab, corpus, stage, Filter())
    ranking = _ranked(lab, corpus, stage, filter)
    if stage != "hybrid":  # whose ranks are counted among those that meet the filter
        assert ids(ranking) == [id for id in ids(every) if id in meeting]
    assert set(ids(ranking)) == set(ids(every)) & set(meeting)
    assert ranking.matching == len(meeting)


def _ranked(lab: Lab, corpus: Corpus, stage: str, filter: Filter) -> Any:  # noqa: ANN401
    run = PipelineRun(lab, corpus, Pipelines(stage, (), 20, filter=filter))
    return retrieve(run, corpus, "word3 word1 all")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("note=x", "'note' is not indexed, because it has no payload index there."),
        ("body=x", "'body' is not indexed, because it has an index of the type text."),
        ("nothing=x", "the corpus has no field 'nothing'."),
        ("product>=3", "'product' holds texts."),
    ],
)
def test_other_fields_are_refused(opened: tuple[Lab, Corpus], text: str, reason: str) -> None:
    lab, corpus = opened
    with pytest.raises(InputError) as caught:
        _ranked(lab, corpus, ENCODER, Filter.parse([text]))
    assert caught.value.reason.endswith(reason)
