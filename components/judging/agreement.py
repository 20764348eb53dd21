"""How far judges agree: Cohen's kappa, Krippendorff's alpha with its interval, disputed pairs.

Kappa is scikit-learn's, alpha the package krippendorff's. Who cannot say has given no value.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

import krippendorff
import numpy as np
import numpy.typing as npt
from sklearn.metrics import cohen_kappa_score

from components.judging.records import Judgment, scale_of
from components.judging.use import by_pair
from components.wording import count

RESAMPLES = 999
SEED = 20_261_126
RELIABLE = 0.8
"""The alpha from which Krippendorff (2004) takes data for reliable."""

Table = npt.NDArray[np.int64]
"""How many judges gave a pair each grade, shape (pairs, grades)."""
_Grades = Mapping[str, Mapping[tuple[str, str], int]]
"""Grades by judge and pair."""


@dataclass(frozen=True, slots=True)
class TwoJudges:
    """How far two judges agree on the `n` pairs that both graded; `same` counts equal grades.

    `kappa` is Cohen's, `weighted` the same with quadratic weights: a difference of two grades
    counts four times as much as one of one. Both are NaN where chance alone would agree wholly.
    """

    first: str
    second: str
    n: int
    same: int
    kappa: float
    weighted: float


@dataclass(frozen=True, slots=True)
class Alpha:
    """Krippendorff's alpha with its 95% bootstrap interval over pairs; NaN where undefined.

    `pairs` counts those that at least two judges graded.
    """

    level: str
    value: float
    low: float
    high: float
    pairs: int


@dataclass(frozen=True, slots=True)
class Disputed:
    """A pair on which judges differ: their grades by judge, None of one who cannot say."""

    query: str
    document: str
    grades: Mapping[str, int | None]

    @property
    def spread(self) -> int:
        """Return how far the highest grade is from the lowest."""
        said = [grade for grade in self.grades.values() if grade is not None]
        return max(said) - min(said) if said else 0


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far the judges of a corpus agree, each with each, all together, and with themselves.

    `own` are judges with what they said when asked again. `needed` is how many judges a pair
    needs for grades that are reliable on average, None where that is not known.
    """

    judges: Mapping[str, int]
    highest: int
    two: tuple[TwoJudges, ...]
    nominal: Alpha
    ordinal: Alpha
    own: tuple[TwoJudges, ...]
    disputed: tuple[Disputed, ...]
    needed: int | None

    @property
    def sentence(self) -> str:
        """Say how far the judges agree, and how many a pair needs."""
        alpha = self.ordinal
        if not alpha.pairs:
            return "No pair was graded by two judges, so nothing is known of their agreement."
        on = f"on {count(alpha.pairs, 'pair')} with two grades or more"
        if math.isnan(alpha.value):
            return f"All judges gave one and the same grade {on}: alpha is not defined."
        interval = (
            "" if math.isnan(alpha.low) else f", 95% interval {alpha.low:.2f} to {alpha.high:.2f}"
        )
        text = f"Krippendorff's alpha is {alpha.value:.2f} (ordinal{interval}) {on}."
        if self.needed is None:
            return f"{text} Judges agree no better than by chance: settle the guidelines first."
        return (
            f"{text} For a mean grade with a reliability of {RELIABLE} a pair needs "
            f"{count(self.needed, 'judge')}."
        )


def agreement(judgments: Iterable[Judgment], repeats: Iterable[Judgment] = ()) -> Agreement:
    """Return how far judges agree; `repeats` are what they said when they were asked again.

    Raises InputError where the judgments are on several scales.
    """
    judgments, repeats = list(judgments), list(repeats)
    highest = scale_of([*judgments, *repeats])
    grades, again = _by_judge(judgments), _by_judge(repeats)
    counts = _counts(judgments, highest)
    nominal, ordinal = (_alpha(counts, level) for level in ("nominal", "ordinal"))
    pairs = (
        Disputed(*pair, {vote.judge: vote.grade for vote in votes})
        for pair, votes in by_pair(judgments).items()
    )
    disputed = [pair for pair in pairs if len(set(pair.grades.values())) > 1]
    return Agreement(
        {judge: len(row) for judge, row in sorted(grades.items())},
        highest,
        tuple(_two(a, b, grades, grades, highest) for a, b in combinations(sorted(grades), 2)),
        nominal,
        ordinal,
        tuple(_two(j, j, grades, again, highest) for j in sorted(again)),
        tuple(sorted(disputed, key=lambda pair: (-pair.spread, pair.query, pair.document))),
        judges_needed(ordinal.value),
    )


def _by_judge(judgments: Iterable[Judgment]) -> dict[str, dict[tuple[str, str], int]]:
    """Return each judge's grades by pair; a judge who could never say has an empty row."""
    grades: dict[str, dict[tuple[str, str], int]] = {}
    for judgment in judgments:
        row = grades.setdefault(judgment.judge, {})
        if judgment.grade is not None:
            row[judgment.pair] = judgment.grade
    return grades


def judges_needed(alpha: float, target: float = RELIABLE) -> int | None:
    """Return how many judges a pair needs so that their mean grade has a reliability.

    Alpha stands for the reliability of one judge; Spearman and Brown's formula (1910) turns it
    into that of the mean of several. None where it is not above 0.
    """
    if math.isnan(alpha) or alpha <= 0:
        return None
    needed = target * (1 - alpha) / (alpha * (1 - target))
    return max(1, math.ceil(needed - 1e-9))


def _two(
    first: str,
    second: str,
    one_table: _Grades,
    other_table: _Grades,
    highest: int,
) -> TwoJudges:
    a, b = one_table.get(first, {}), other_table[second]
    both = [(a[pair], b[pair]) for pair in a if pair in b]
    same = sum(one == other for one, other in both)
    plain = weighted = math.nan
    if len({grade for pair in both for grade in pair}) > 1:  # else 0/0, of which scikit-learn warns
        one, other = zip(*both, strict=True)
        labels = range(highest + 1)
        plain = float(cohen_kappa_score(one, other, labels=labels))
        weighted = float(cohen_kappa_score(one, other, labels=labels, weights="quadratic"))
    return TwoJudges(first, second, len(both), same, plain, weighted)


def _counts(judgments: Iterable[Judgment], highest: int) -> Table:
    """Return how many judges gave each grade to each pair that at least two graded."""
    rows = []
    for votes in by_pair(judgments).values():
        said = [vote.grade for vote in votes if vote.grade is not None]
        if len(said) > 1:
            rows.append(np.bincount(said, minlength=highest + 1))
    table = np.array(rows, np.int64)
    return table.reshape(len(rows), highest + 1)


def _alpha(counts: Table, level: str) -> Alpha:
    value = _alpha_of(counts, level)
    if math.isnan(value) or len(counts) < 2:
        return Alpha(level, value, math.nan, math.nan, len(counts))
    chance = np.random.default_rng(SEED)
    drawn = chance.integers(0, len(counts), (RESAMPLES, len(counts)))
    values = [_alpha_of(counts[rows], level) for rows in drawn]
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return Alpha(level, value, float(low), float(high), len(counts))


def _alpha_of(counts: Table, level: str) -> float:
    """Return alpha, NaN where no two grades differ: nothing was there to disagree about."""
    if (counts.sum(axis=0) > 0).sum() < 2:
        return math.nan
    domain = np.arange(counts.shape[1])
    return float(
        krippendorff.alpha(value_counts=counts, value_domain=domain, level_of_measurement=level)
    )
