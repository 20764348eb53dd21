"""Filters: what a value is, what matches, and a text form that is read back as it was."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from components.domain import Condition, Document, Filter, InputError, Op
from components.domain.values import read_value, values_of

WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
WORDS = WORDS.filter(lambda text: bool(text.strip()))
BOUNDS = st.sampled_from(["2020", "-1.5", "1e3", "2024-05", "2024-05-01T10:00Z"])
CONDITIONS = st.one_of(
    st.builds(Condition, WORDS, st.just(Op.EQUAL), st.lists(WORDS, min_size=1).map(tuple)),
    st.builds(Condition, WORDS, st.sampled_from(list(Op)), BOUNDS.map(lambda bound: (bound,))),
)


def _matches(condition: str, *texts: str) -> list[bool]:
    [parsed] = Filter.parse([condition]).conditions
    return [parsed.matches(Document("d", "", "", {"field": text})) for text in texts]


@settings(deadline=None)
@given(st.lists(CONDITIONS, max_size=5).map(lambda conditions: Filter(tuple(conditions))))
@example(Filter((Condition('a="b', Op.EQUAL, ("x|y", '"', "=z", "\\", "\x00\n", "Ω")),)))
def test_the_text_form_is_read_back_as_it_was(filter: Filter) -> None:
    assert Filter.parse(filter.texts) == filter
    assert Filter.parse(reversed(filter.texts)) == filter


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("product = desktop", "product=desktop"),
        ("product=mobile|desktop|mobile", "product=desktop|mobile"),
        ("year >= 2020", "year>=2020"),
        ("url=http://a.b/?c=d", "url=http://a.b/?c=d"),
        ('"a=b" = "x|y" | z', '"a=b"="x|y"|z'),
        ('x="\\u00e9"', "x=é"),
        ("x=e\u0301", "x=é"),  # composed, as in documents
        ("a==b", 'a="=b"'),
    ],
)
def test_one_filter_has_one_text_form(text: str, written: str) -> None:
    assert Filter.parse([text]).texts == (written,)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "=",
        "a=",
        "=a",
        "a=|",
        "a=b|",
        "a>b",
        "a>1|2",
        '"a',
        '"a"b=c',
        "a=" + 501 * "b",
        "a=" + "|".join(map(str, range(201))),
        'a="\\ud800"',
    ],
)
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        Filter.parse([text])
    with pytest.raises(InputError, match="more than 20 conditions"):
        Filter.parse(f"a={i}" for i in range(21))


def test_conditions_are_joined_by_and_and_values_by_or() -> None:
    document = Document("d", "", "", {"product": "desktop", "year": "2021"})
    for texts, expected in [
        ((), True),
        (("product=desktop|mobile",), True),
        (("product=desktop", "year>=2020"), True),
        (("product=desktop", "year>2021"), False),
        (("product=mobile", "year>=2020"), False),
        (("gone=desktop",), False),
    ]:
        assert Filter.parse(texts).matches(document) is expected


def test_numbers_are_compared_by_size_and_texts_letter_by_letter() -> None:
    values = ("2020", " 2020.0 ", "2.02e3", "02020", "2021", "n/a", "", "NaN", "Infinity", "1e999")
    assert _matches("field=2020", *values) == [True, True, True, *7 * [False]]
    assert _matches("field>=2020", *values) == [True, True, True, False, True, *5 * [False]]
    assert _matches("field<2021", *values) == [True, True, True, *7 * [False]]
    assert _matches("field=n/a|NaN|1e999", *values) == [
        *5 * [False],
        True,
        False,
        True,
        False,
        True,
    ]
    assert _matches("field=0", "-0", "-0.0", "0e9", "00", "false") == [
        True,
        True,
        True,
        False,
        False,
    ]
    assert _matches("field=Desktop", "desktop", "Desktop", "Desktop ") == [False, True, True]


def test_whole_numbers_too_long_for_64_bits_are_texts() -> None:
    ids = ("9007199254740993", "9007199254740992")
    assert _matches(f"field={ids[0]}", *ids) == [True, False]
    assert _matches("field>=1", *ids) == [False, False]
    assert _matches("field>=1", "999999999999999") == [True]


def test_a_date_is_as_long_as_it_is_written() -> None:
    values = (
        "2024-04-30T23:59:59.999999Z",
        "2024-05",
        "2024-05-01",
        "2024-05-31 23:59",
        "2024-06-01",
    )
    assert _matches("field=2024-05", *values) == [False, True, True, True, False]
    assert _matches("field>=2024-05", *values) == [False, True, True, True, True]
    assert _matches("field>2024-05", *values) == [False, False, False, False, True]
    assert _matches("field<=2024-05", *values) == [True, True, True, True, False]
    assert _matches("field<2024-05", *values) == [True, False, False, False, False]
    assert _matches("field=2024", *values) == [True, True, True, True, True]
    assert _matches("field>2024", *values, "2025-01-01") == [*5 * [False], True]
    assert _matches("field>=1", *values) == 5 * [False]
    assert _matches("field<2024-05-01", "1999") == [False]  # a year alone is a number


def test_time_zones_are_converted_and_the_ends_of_time_hold() -> None:
    in_delhi = "2024-05-01T01:00:00+05:30"
    assert read_value(in_delhi).span is not None
    assert _matches("field=2024-04-30", in_delhi, "2024-04-30T19:30Z") == [True, True]
    assert _matches("field=2024-05-01T01:00:00+0530", "2024-04-30T19:30:00") == [True]
    assert _matches("field<=9999", "9999-12-31T23:59:59.999999Z", "2024-05-01") == [True, True]
    assert _matches("field>9999-12-31", "9999-12-31") == [False]
    for text in ("0001-01-01T00:00+14:00", "2024-13", "2024-02-30", "2024-05-01T24:00Z", "24-5-1"):
        assert read_value(text).is_text


def test_nanoseconds_are_cut_to_what_a_date_holds() -> None:
    span = read_value("2024-05-01T10:00:00.123456789Z").span
    assert span is not None
    assert span.start == datetime(2024, 5, 1, 10, 0, 0, 123456, UTC)


def test_a_list_holds_several_values_of_which_one_must_match() -> None:
    assert [v.text for v in values_of('["a", " b ", "", null, 3, 2.0, true, "a"]')] == [
        *("a", "b", "3", "2.0", "true")
    ]
    assert _matches("field=b", '["a", "b"]', '[["b"]]', '["a", {"b": 1}]', "[b") == [
        *(True, False, False, False)
    ]
    assert _matches("field>=3", "[1, 5]", "[1, 2]", "[]", "null") == [True, False, False, False]
