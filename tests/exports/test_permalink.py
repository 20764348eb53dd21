from __future__ import annotations

import pytest

from components.domain import Filter
from components.exports.permalink import (
    about_rerankers,
    conditions,
    measure_within,
    one_of,
    parameters,
    some_of,
    text,
    whole,
)
from components.lab import read_settings
from components.pipeline.limits import MAX_TEXT

SETTINGS = read_settings({})


@pytest.mark.parametrize(
    ("value", "number"),
    [("1", 1), ("50", 50), ("007", 7), ("0", None), ("51", None), ("-1", None), ("1.5", None)],
)
def test_whole_numbers_have_limits(value: str, number: int | None) -> None:
    assert whole(1, 50)([value]) == number


@pytest.mark.parametrize("value", ["", " 3", "٣", "²", "+3", "3e1", "9" * 5000])
def test_whole_numbers_are_ascii_digits(value: str) -> None:
    assert whole(1, 50)([value]) is None


def test_a_text_is_cut_and_not_blank() -> None:
    assert text([" a "]) == " a "
    assert text(["\n "]) is None
    assert text(["a" * (MAX_TEXT + 1)]) == "a" * MAX_TEXT


def test_a_filter_is_taken_whole_or_not_at_all() -> None:
    filter = conditions(["year>=2020", "product=a|b"])
    assert filter is not None
    assert filter.texts == ("product=a|b", "year>=2020")
    assert conditions(["year>=2020", "product"]) is None


def test_keys_are_those_of_the_catalog() -> None:
    keys = {"a": 1, "b": 2}
    assert (one_of(keys)(["a", "b"]), one_of(keys)(["c"])) == ("a", None)
    assert some_of(keys, 2)(["b", "", "a", "b"]) == ("b", "a")
    assert some_of(keys, 2)([""]) == ()
    assert some_of(keys, 2)(["c"]) is None
    assert some_of(keys, 2)(["a", "c", ""]) == ("a",)
    assert some_of(keys, 2, {"old": "b"})(["old", "c", "b", "a"]) == ("b", "a")
    assert some_of(keys, 1)(["a", "b"]) is None


def test_what_a_link_names_beside_the_rerankers_of_the_catalog_is_told() -> None:
    named = ["late-minilm", "bm25", "", "<b>", "late-bge", "<b>"]
    assert parameters(SETTINGS)["reranker"](named) == ("late-bge", "bm25")
    assert about_rerankers(named, SETTINGS) == [
        "late-minilm is now late-bge, which takes its place.",
        "reranker=<b> is not known here; the others are used.",
    ]
    assert parameters(SETTINGS)["column"](["late-minilm"]) == "late-bge"
    assert about_rerankers(["bm25", ""], SETTINGS) == []


def test_every_parameter_of_a_link_has_its_check() -> None:
    checks = parameters(SETTINGS)
    given = {"q": "harbour", "first": "bm25", "reranker": "rrf", "candidates": "1000"}
    given |= {
        "shown": "50",
        "depth": "10",
        "instruction": "short",
        "document": "d",
        "column": "rrf",
    }
    given |= {"view": "presenter", "measure": "nDCG@5", "filter": "year>=2020"}
    assert {name: check([given[name]]) for name, check in checks.items()} == given | {
        "reranker": ("rrf",),
        "candidates": 1000,
        "shown": 50,
        "depth": 10,
        "filter": Filter.parse(["year>=2020"]),
    }
    beyond = {"candidates": "1001", "shown": "51", "depth": "9", "view": "none", "first": "rrf"}
    assert [checks[name]([value]) for name, value in beyond.items()] == [None] * 5


@pytest.mark.parametrize(
    ("value", "accepted"),
    [
        ("RR@5", ("RR", 5)),
        ("Judged@10", ("Judged", 10)),
        ("AP", ("AP", None)),
        ("RR@11", None),
        ("RR", None),
        ("x", None),
        ("", None),
    ],
)
def test_measures_have_a_largest_cutoff(value: str, accepted: tuple[str, int] | None) -> None:
    assert measure_within(10)([value]) == accepted
