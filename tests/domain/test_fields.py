"""The fields of a corpus: what they hold, and which can be filtered on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from components.domain import Corpus, Document, Field, Fields, Filter, InputError
from components.domain.fields import scan_fields


def _scanned(rows: Sequence[Mapping[str, str]]) -> Fields:
    return scan_fields(Document(f"d{i}", "", "", row) for i, row in enumerate(rows))


def test_each_field_is_counted_by_kind_of_value() -> None:
    fields = _scanned(
        [
            {"product": "desktop", "year": "2020", "when": "2024-05"},
            {"product": '["mobile", "desktop"]', "year": "n/a"},
            {"product": "", "year": "-3.5", "when": "2023-12-31T23:00-05:00"},
            {},
        ]
    )
    assert fields.all == (
        Field("product", 2, texts=3, counts=(("desktop", 2), ("mobile", 1))),
        Field("year", 3, 2, 0, 1, (("-3.5", 1), ("2020", 1), ("n/a", 1)), -3.5, 2020.0),
        Field("when", 2, dates=2, counts=(("2023-12-31T23:00-05:00", 1), ("2024-05", 1)),
              earliest="2023-12-31T23:00-05:00", latest="2024-05"),
    )  # fmt: skip
    assert fields.indexed == fields.all


def test_ids_prose_and_what_comes_late_are_not_indexed() -> None:
    rows = [
        {
            "url": f"http://x/{i}",
            "half": f"t{i % 20}",
            "prose": 201 * "a",
            "blank": " ",
            "rank": str(i),
            **{f"f{n}": "x" for n in range(23)},
        }
        for i in range(40)
    ]
    fields = _scanned(rows)
    assert [(f.name, f.unindexed) for f in fields.all if f.unindexed] == [
        ("url", "holds nearly as many different texts as documents, as ids do"),
        ("prose", "holds texts of more than 200 characters"),
        ("blank", "holds no values"),
        ("f22", "comes after 24 others that are"),
    ]
    many = _scanned([{"id": f"{i}x"} for i in range(2_002) for _ in range(3)])
    assert many.all[0].unindexed == "holds more than 1,000 different texts"
    assert many.all[0].counts == ()
    numbers = _scanned([{"price": f"{i}.5"} for i in range(1_500)])
    assert (numbers.all[0].low, numbers.all[0].high) == (0.5, 1499.5)
    assert numbers.all[0].unindexed == ""
    wide = _scanned([{f"f{i}": "x" for i in range(210)}])
    assert (len(wide.all), wide.others) == (200, 10)


def test_the_digest_tells_metadata_apart() -> None:
    texts = [{"a": "1"}, {"a": "2"}], [{"a": "2"}, {"a": "1"}], [{"a": "1"}, {}], [{"b": "1"}, {}]
    digests = [_scanned(rows).digest for rows in texts]
    assert len(set(digests)) == 4
    assert _scanned([{}, {}]).digest == ""
    assert _scanned(texts[0]).digest == digests[0]


def test_two_corpora_that_differ_in_metadata_alone_are_two() -> None:
    one, other, plain = (
        Corpus("x", (Document("d", "", "t", row),), fingerprint="f")
        for row in ({"a": "1"}, {"a": "2"}, {})
    )
    assert len({one.identity, other.identity, plain.identity}) == 3
    assert plain.identity == "f"
    given = Corpus("x", one.documents, fingerprint="f", scanned=other.fields)
    assert given.identity == other.identity  # the documents are not read again


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ("gone=1", "the corpus has no field 'gone'"),
        ("url=http://x/1", "'url' is not indexed, because it holds nearly"),
        ("product>=5", "'product' holds texts"),
        ("year>=2024-05", "'year' holds numbers"),
        ("when<5", "'when' holds dates"),
    ],
)
def test_a_condition_that_cannot_be_applied_is_refused(condition: str, reason: str) -> None:
    fields = _scanned(
        [
            {"product": "desktop", "year": "2020", "when": "2024-05", "url": f"http://x/{i}"}
            for i in range(30)
        ]
    )
    with pytest.raises(InputError, match=reason) as raised:
        fields.check(Filter.parse([condition]))
    assert "product" in raised.value.remedy
    fields.check(Filter.parse(["product=nothing", "year>=2020", "when<2024", "year=x"]))
