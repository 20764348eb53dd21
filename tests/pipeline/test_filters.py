"""A filter in the pipeline: what is searched, what is reused, and what is refused before work."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from components.domain import Filter, InputError
from components.lab import Lab
from components.pipeline import QueryInput, Request, two_stage_search
from components.pipeline.job import ComparisonJob
from tests.support.asking import asked, compare
from tests.support.given_fields import FIELDS
from tests.support.visits import PATIENCE

RED = asked("red", "bm25", ("bm25",), 10)


def under(*conditions: str) -> Request:
    pipelines = replace(RED.pipelines, filter=Filter.parse(conditions))
    return Request(pipelines, QueryInput("red"))


def test_a_programmer_names_conditions_as_texts(lab: Lab) -> None:
    search = two_stage_search(
        "red", FIELDS, first_stage="bm25", reranker="bm25", lab=lab, final_k=3,
        filter=["product=desktop|mobile", "year<2021"],
    )  # fmt: skip
    hits = asyncio.run(search)
    assert {hit.document.id for hit in hits} == {"a", "b"}
    assert hits[0].document.metadata["product"] in {"desktop", "mobile"}


def test_the_first_stage_says_what_it_searched(lab: Lab) -> None:
    comparison = asyncio.run(compare(lab, FIELDS, under("product=desktop")))
    first = comparison.first_stage
    assert (first.filter.texts, first.matching) == (("product=desktop",), 3)
    whole = asyncio.run(compare(lab, FIELDS, RED)).first_stage
    assert (whole.filter.texts, whole.matching) == ((), 0)


def test_scores_of_bm25_are_those_of_the_whole_corpus(lab: Lab) -> None:
    whole = asyncio.run(compare(lab, FIELDS, RED)).first_stage
    narrowed = asyncio.run(compare(lab, FIELDS, under("product=desktop"))).first_stage
    scores = {hit.document.id: hit.score for hit in whole.hits}
    assert [(h.document.id, h.score) for h in narrowed.hits] == [
        (i, score) for i, score in scores.items() if i in {"a", "c", "e"}
    ]


def test_a_field_that_is_gone_stops_the_search_before_any_work(lab: Lab) -> None:
    with pytest.raises(InputError, match="no field 'colour'"):
        asyncio.run(compare(lab, FIELDS, under("colour=red")))


def test_rankings_are_reused_under_the_same_filter_alone(lab: Lab) -> None:
    job = ComparisonJob(lab, FIELDS, under("product=desktop")).start()
    job.join(PATIENCE)
    assert set(job.grades) == {"a", "e"}  # q1 judges b too, which is no desktop
    fewer = replace(job.request, pipelines=replace(job.request.pipelines, rerankers=()))
    assert job.reusable_rankings(fewer, FIELDS).keys() == {"bm25"}
    assert job.reusable_rankings(RED, FIELDS) == {}
    assert job.reusable_rankings(under("product=web"), FIELDS) == {}
    other = replace(
        FIELDS, documents=tuple(replace(d, metadata={"product": "x"}) for d in FIELDS.documents)
    )
    assert job.reusable_rankings(fewer, other) == {}
