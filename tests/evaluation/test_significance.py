from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest

from components.evaluation.significance import (
    Difference,
    describe_p,
    differences,
    facts,
    means,
    paired,
    sentence,
    verdict,
)
from components.measures import Metrics
from components.wording import signed

CLEAR = Difference(
    *("minilm-l12", "nDCG@10", 50, 40, 0.5, 0.631, 0.131, 0.09, 0.17, 0.0001, 1.0, 0.0001, 0.05, 1)
)
UNCLEAR = Difference(
    *("x", "nDCG@10", 50, 31, 0.5, 0.469, -0.031, -0.066, 0.004, 0.08, -0.2, 0.0001, 0.048, 1)
)


def difference(
    before: Sequence[float], after: Sequence[float], measure: str = "nDCG@10"
) -> Difference:
    [d] = paired(measure, {"s": list(zip(before, after, strict=True))})
    return d


def test_a_difference_by_hand() -> None:
    """0.2, 0.3, -0.1, 0.4 and 0.4: of 32 patterns 4 go as far, those that turn all or only -0.1."""
    d = difference([0.1, 0.2, 0.3, 0.4, 0.5], [0.3, 0.5, 0.2, 0.8, 0.9])
    assert (d.n, d.changed, d.compared) == (5, 5, 1)
    assert (d.before, d.after, d.mean) == pytest.approx((0.3, 0.54, 0.24))
    assert d.p == 4 / 32
    assert d.effect == pytest.approx(0.24 / math.sqrt(0.172 / 4))
    assert d.least == 2 / 32


def test_systems_are_tested_together_and_paired_with_the_baseline_by_query() -> None:
    queries = [f"q{i}" for i in range(8)]
    base = Metrics({}, {q: {"m": 0.1} for q in queries})
    good = Metrics({}, {q: {"m": 0.1 + 0.05 * (i + 1)} for i, q in enumerate(queries[::-1])})
    odd = Metrics({}, {q: {"m": 0.1 + (-1) ** i * 0.05 * (i + 1)} for i, q in enumerate(queries)})
    empty = Metrics({}, {})
    metrics = {"base": base, "good": good, "odd": odd, "none": empty}
    found = differences(metrics, "base", "m")
    assert [(d.system, d.compared) for d in found] == [("good", 2), ("odd", 2)]
    assert found[0].mean == pytest.approx(0.05 * 4.5)
    [alone] = differences({"base": base, "good": good}, "base", "m")
    assert alone.p == 2 / 256
    assert found[0].p == 4 / 256, "two patterns make the odd one's changes all alike"
    assert differences({"base": base, "none": empty}, "base", "m") == ()


def test_means_carry_their_intervals() -> None:
    metrics = {
        "a": Metrics({}, {f"q{i}": {"m": i / 10, "n": 0.5} for i in range(10)}),
        "none": Metrics({}, {}),
    }
    found = means(metrics, ("m", "n"))
    assert list(found) == ["a"]
    assert found["a"]["m"].value == pytest.approx(0.45)
    assert found["a"]["m"].low < 0.45 < found["a"]["m"].high
    assert (found["a"]["n"].low, found["a"]["n"].high, found["a"]["n"].n) == (0.5, 0.5, 10)
    one = means({"a": Metrics({}, {"q": {"m": 0.25}})}, ("m",))["a"]["m"]
    assert (one.value, one.n, math.isnan(one.low)) == (0.25, 1, True)
    assert means({"none": Metrics({}, {})}, ("m",)) == {}


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ([], [], "s: no judged query, nothing to compare."),
        ([0.5], [0.9], "s: nDCG@10 0.900, was 0.500 with base, on this query."),
        ([0.5] * 9, [0.5] * 9, "s and base: the same nDCG@10 on each of 9 queries."),
        (
            [0.5] * 3,
            [0.6] * 3,
            "s and base: no clear difference in nDCG@10 (+0.100, p = 0.250, 3 queries). 3 queries "
            "are too few to show one.",
        ),
        (
            [0.5] * 40,
            [0.6] * 3 + [0.5] * 37,
            "s and base: no clear difference in nDCG@10 (+0.007, p = 0.244, 40 queries). 40 "
            "queries, of which 3 changed, are too few to show one.",
        ),
        (
            [0.5] * 2,
            [math.nan, 0.5],
            "s: nDCG@10 is not a number on every query, nothing to compare.",
        ),
    ],
)
def test_odd_cases_have_clear_words(before: list[float], after: list[float], words: str) -> None:
    d = difference(before, after)
    said = sentence(replace(d, low=math.nan), "base")
    assert said == words


def test_sentences_say_which_way_and_how_sure() -> None:
    assert sentence(CLEAR, "the first stage") == (
        "minilm-l12 is better than the first stage: +0.131 nDCG@10 (95% interval +0.090 to +0.170, "
        "p < 0.001, 50 queries)."
    )
    worse = replace(CLEAR, mean=-0.131, low=-0.17, high=-0.09, compared=3)
    assert sentence(worse, "bm25") == (
        "minilm-l12 is worse than bm25: −0.131 nDCG@10 (95% interval −0.170 to −0.090, p < 0.001, "
        "corrected for 3 systems, 50 queries)."
    )


def test_no_clear_difference_says_what_the_queries_would_show() -> None:
    said = sentence(UNCLEAR, "bm25")
    assert said == (
        "x and bm25: no clear difference in nDCG@10 (−0.031, 95% interval −0.066 to +0.004, "
        "p = 0.080, 50 queries). 50 queries would show a difference of about 0.048."
    )
    assert not {"better", "worse", "beats", "noise"} & set(said.split())


def test_a_difference_as_a_row_of_a_table() -> None:
    many = replace(CLEAR, n=1250, p=0.0312)
    assert list(facts(many).items()) == [
        ("System", "minilm-l12"),
        ("Change in nDCG@10", "+0.131"),
        ("Verdict", "better"),
        ("95% interval", "+0.090 to +0.170"),
        ("p", "0.031"),
        ("Effect size", "+1.00"),
        ("n", "1,250"),
        ("Would show", "0.050"),
    ]
    one = difference([0.5], [0.75])
    assert [v for v in facts(one).values() if v] == ["s", "+0.250", "1"]
    assert verdict(UNCLEAR) == "no clear difference"


def test_digits_show_on_which_side_a_value_lies() -> None:
    edge = replace(CLEAR, low=0.00002, p=0.0498)
    assert facts(edge)["95% interval"] == "+0.00002 to +0.17000"
    assert facts(edge)["p"] == "0.0498"
    assert [describe_p(p, "=") for p in (0.0502, 0.05, 0.0004)] == ["= 0.050", "= 0.050", "< 0.001"]


def test_a_measure_that_is_not_of_quality_is_not_won() -> None:
    d = difference([0.5] * 9, [0.6] * 9, "Judged@10")
    assert sentence(d, "base").startswith("s is above base: +0.100 Judged@10 (95% interval ")
    d = difference([0.5] * 9, [0.4] * 9, "Judged@10")
    assert sentence(d, "base").startswith("s is below base: \N{MINUS SIGN}0.100 Judged@10")


def test_gains_and_losses_that_cancel_are_no_gain() -> None:
    found = difference([0.1, 0.3, 0.2], [0.3, 0.2, 0.1])
    assert found.mean == 0
    assert sentence(found, "base").startswith("s and base: no clear difference in nDCG@10 (0.000, ")
    assert [signed(v) for v in (-0.0, -0.0004, 0.0004, -0.0006)] == [
        *("0.000", "0.000", "0.000", "−0.001")
    ]
