"""A comparison, as far as it is, as its views and files need it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Self

from components.analysis.depth import at_depth
from components.charts.palette import LETTERS, Palette, StyledRanking, SystemStyle, letters
from components.domain import Comparison, Ranking, Spec
from components.pipeline.job import ComparisonJob
from components.ui.compare.board.view import at, column_specs, first_spec


@dataclass(frozen=True)
class Results:
    """Rankings with their styles and specs, the first stage first; grades, cut-off and measure.

    All is looked at with the first `depth` candidates; None stands for all of them. `specs` are
    those of `columns`, which stand in the order of their letters, and `rankings` theirs.
    """

    job: ComparisonJob
    comparison: Comparison
    depth: int | None
    columns: tuple[StyledRanking, ...]
    specs: tuple[Spec, ...]
    grades: Mapping[str, int]
    final_k: int
    measure: str

    @classmethod
    def of(
        cls,
        job: ComparisonJob,
        whole: Comparison,
        grades: Mapping[str, int],
        final_k: int,
        measure: str,
        palette: Palette,
        depth: int | None = None,
    ) -> Self:
        """Return a job's comparison, or what there is of it, in the palette's colours."""
        request, settings = job.request, job.lab.settings
        specs, named = column_specs(request, settings), letters(request.systems, settings)
        cut = replace(
            whole,
            first_stage=at_depth(whole.first_stage, depth) if depth else whole.first_stage,
            results=tuple(at(specs[r.system], r, depth) for r in whole.results),
        )
        columns = [(cut.first_stage, first_spec(request, settings), LETTERS[0])]
        rankings = sorted(cut.rankings, key=lambda ranking: named[ranking.system])
        columns += [(r, specs[r.system], named[r.system]) for r in rankings]
        styled = tuple(
            StyledRanking(
                ranking,
                SystemStyle(
                    letter, spec.label, palette.colour(letter), spec.scale, bool(spec.provider)
                ),
            )
            for ranking, spec, letter in columns
        )
        specs_of_columns = tuple(spec for _, spec, _ in columns)
        return cls(job, cut, depth, styled, specs_of_columns, grades, final_k, measure)

    @property
    def key(self) -> tuple[Hashable, ...]:
        """Return what tells these results from all others, but for the palette."""
        systems = tuple(result.system for result in self.comparison.results)
        return (self.job.serial, systems, self.depth, self.final_k, self.measure)

    @property
    def rankings(self) -> list[Ranking]:
        """Return the rankings alone."""
        return [column.ranking for column in self.columns]

    @property
    def names(self) -> list[str]:
        """Return each system's letter and label."""
        return [column.style.name for column in self.columns]

    @property
    def whole(self) -> list[StyledRanking]:
        """Return the columns with all candidates, whatever the depth."""
        comparison = self.job.comparison
        if self.depth is None or comparison is None:
            return list(self.columns)
        rankings = {ranking.system: ranking for ranking in comparison.rankings}
        first, *others = self.columns
        return [
            replace(first, ranking=comparison.first_stage),
            *(replace(c, ranking=rankings[c.ranking.system]) for c in others),
        ]

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
