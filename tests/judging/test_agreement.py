"""Agreement equals what is computed by hand, and what textbooks print."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import krippendorff
import numpy as np
import pytest

from components.domain import InputError
from components.judging.agreement import agreement, judges_needed
from components.judging.records import Draw, Judgment

NOW = datetime(2026, 11, 26, tzinfo=UTC)


def judged(
    judge: str, document: str, grade: int | None, highest: int = 2, row: int = 0
) -> Judgment:
    return Judgment(
        *(row, NOW, judge, "q", document, "", grade, highest, "", True, Draw()),
    )


def table(**judges: str) -> list[Judgment]:
    """Return judgments from a letter a document: a grade, `?` for "cannot say", `.` for none."""
    return [
        judged(judge, f"d{i}", None if letter == "?" else int(letter), 4)
        for judge, letters in judges.items()
        for i, letter in enumerate(letters)
        if letter != "."
    ]


def test_two_judges_by_hand() -> None:
    """Seven of ten are the same, three are one grade apart; the margins give what chance would."""
    found = agreement(table(ada="0000111122", bea="0001011222"))
    [two] = found.two
    a, b = [4, 4, 2], [4, 3, 3]  # how often each gave 0, 1, 2
    observed = 7 / 10
    expected = sum(x * y for x, y in zip(a, b, strict=True)) / 100
    far = sum(a[i] * b[j] * (i - j) ** 2 for i in range(3) for j in range(3)) / 10
    assert (two.first, two.second, two.n, two.same) == ("ada", "bea", 10, 7)
    assert two.kappa == pytest.approx((observed - expected) / (1 - expected))
    assert two.weighted == pytest.approx(1 - 3 / far)


def test_alpha_of_krippendorffs_own_example() -> None:
    """Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability": 0.743, ordinal 0.815."""
    data = np.array(
        [
            [1, 2, 3, 3, 2, 1, 4, 1, 2, np.nan, np.nan, np.nan],
            [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, np.nan, 3],
            [np.nan, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, np.nan],
            [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, np.nan],
        ]
    )
    judgments = [
        judged(f"judge {i}", f"d{j}", int(value) - 1, 4)
        for i, row in enumerate(data)
        for j, value in enumerate(row)
        if not math.isnan(value)
    ]
    found = agreement(judgments)
    assert found.nominal.value == pytest.approx(0.743, abs=5e-4)
    assert found.ordinal.value == pytest.approx(0.815, abs=5e-4)
    assert found.ordinal.pairs == 11
    assert found.ordinal.low < found.ordinal.value < found.ordinal.high <= 1


def test_alpha_equals_the_librarys_on_random_grades() -> None:
    chance = np.random.default_rng(3)
    data = chance.integers(0, 5, (3, 40)).astype(float)
    data[chance.random(data.shape) < 0.3] = np.nan
    judgments = [
        judged(f"j{i}", f"d{j}", int(value), 4)
        for i, row in enumerate(data)
        for j, value in enumerate(row)
        if not math.isnan(value)
    ]
    found = agreement(judgments)
    for alpha in (found.nominal, found.ordinal):
        expected = krippendorff.alpha(reliability_data=data, level_of_measurement=alpha.level)
        assert alpha.value == pytest.approx(expected)


def test_who_cannot_say_has_given_no_value() -> None:
    found = agreement(table(ada="012?2", bea="0122?"))
    assert (found.two[0].n, found.two[0].same) == (3, 3)
    assert found.two[0].kappa == found.ordinal.value == 1.0
    assert [(d.document, d.grades) for d in found.disputed] == [
        ("d3", {"ada": None, "bea": 2}),
        ("d4", {"ada": 2, "bea": None}),
    ]


def test_disputed_pairs_are_farthest_apart_first() -> None:
    found = agreement(table(ada="01240", bea="0210."))
    assert [(d.document, d.spread) for d in found.disputed] == [("d3", 4), ("d1", 1), ("d2", 1)]


def test_what_nobody_can_know_is_nan_and_said() -> None:
    alone = agreement(table(ada="0123"))
    assert math.isnan(alone.ordinal.value) and alone.two == ()
    assert alone.sentence.startswith("No pair was graded by two judges")
    equal = agreement(table(ada="000", bea="000"))
    assert math.isnan(equal.two[0].kappa) and math.isnan(equal.nominal.value)
    assert "one and the same grade" in equal.sentence
    nobody = agreement([])
    assert (nobody.judges, nobody.needed) == ({}, None)


def test_own_agreement_is_of_what_was_asked_again() -> None:
    first = table(ada="0012", bea="2222")
    again = table(ada="00.1")
    [own] = agreement(first, again).own
    assert (own.first, own.second, own.n, own.same) == ("ada", "ada", 3, 2)


def test_judges_needed_by_spearman_and_brown() -> None:
    """One judge of 0.5: two have 2/3, three 3/4, four 4/5."""
    assert judges_needed(0.5) == 4
    assert judges_needed(0.8) == judges_needed(1.0) == 1
    assert judges_needed(0.4) == 6
    assert judges_needed(0.0) is judges_needed(-0.2) is judges_needed(math.nan) is None


def test_scales_are_not_compared() -> None:
    with pytest.raises(InputError, match="different scales"):
        agreement([judged("ada", "d", 1, 2), judged("bea", "d", 1, 4)])
