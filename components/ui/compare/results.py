"""A finished comparison as its views and files need it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Self

from components.charts.palette import LETTERS, Palette, StyledRanking, SystemStyle, letters
from components.domain import Comparison, Ranking, Spec
from components.pipeline.job import ComparisonJob
from components.ui.compare.board.view import column_specs, first_spec


@dataclass(frozen=True)
class Results:
    """Rankings with their styles and specs, the first stage first; grades, cut-off and measure.

    `specs` are those of `columns`, in their order.
    """

    job: ComparisonJob
    comparison: Comparison
    columns: tuple[StyledRanking, ...]
    specs: tuple[Spec, ...]
    grades: Mapping[str, int]
    final_k: int
    measure: str

    @classmethod
    def of(
        cls,
        job: ComparisonJob,
        comparison: Comparison,
        grades: Mapping[str, int],
        final_k: int,
        measure: str,
        palette: Palette,
    ) -> Self:
        """Return a job's comparison in the palette's colours."""
        request, settings = job.request, job.lab.settings
        specs, named = column_specs(request, settings), letters(request.systems, settings)
        columns = [(comparison.first_stage, first_spec(request), LETTERS[0], False)]
        for ranking in comparison.rankings:
            spec = specs[ranking.system]
            columns.append((ranking, spec, named[ranking.system], bool(spec.provider)))
        styled = tuple(
            StyledRanking(
                ranking,
                SystemStyle(letter, spec.label, palette.colour(letter), spec.scale, remote),
            )
            for ranking, spec, letter, remote in columns
        )
        return cls(job, comparison, styled, tuple(c[1] for c in columns), grades, final_k, measure)

    @property
    def key(self) -> tuple[Hashable, ...]:
        """Return what tells these results from all others, but for the palette."""
        return (self.job.serial, self.final_k, self.measure)

    @property
    def rankings(self) -> list[Ranking]:
        """Return the rankings alone."""
        return [column.ranking for column in self.columns]

    @property
    def names(self) -> list[str]:
        """Return each system's letter and label."""
        return [column.style.name for column in self.columns]

    @property
    def local(self) -> list[int]:
        """Return the places of the rerankers that this machine ran now, at no cost."""
        return [i for i in self._computed if not self.specs[i].provider]

    @property
    def pointwise(self) -> list[int]:
        """Return the places of the rerankers whose scores hold at any depth."""
        return [i for i in self._computed if not self.specs[i].listwise]

    @property
    def _computed(self) -> list[int]:
        return [i for i, ranking in enumerate(self.rankings) if i and not ranking.recorded]
