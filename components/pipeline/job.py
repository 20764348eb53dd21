"""A comparison at work: threads fill it, a page shows whatever it holds so far."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Self

from components.domain import Comparison, Corpus, Failure, Ranking
from components.lab import Lab, catalog
from components.lab.work import Step, Worker
from components.pipeline.comparison import compare
from components.pipeline.request import PipelineRun, Request
from components.pipeline.stages import provisional_ranking

FIRST = "first stage"
"""The key of the first stage among a job's steps."""


class ComparisonJob(Worker):
    """One comparison at work. It watches its own pipelines.

    `comparison` is the pipelines' own: None before the first stage has ended, then with one more
    result each time a reranker ends.
    """

    def __init__(
        self,
        lab: Lab,
        corpus: Corpus,
        request: Request,
        cached: Mapping[str, Ranking] | None = None,
        patience_s: float = math.inf,
    ) -> None:
        super().__init__("comparison", patience_s)
        self.lab = lab
        self.corpus = corpus
        self.request = request
        self.cached = cached or {}
        # Every key from the start: a page may go through them while the work goes on.
        self.steps = dict.fromkeys((FIRST, *request.systems), Step())
        self.comparison: Comparison | None = None
        self._scored: dict[str, Mapping[int, float]] = {}

    @property
    def run(self) -> PipelineRun:
        """Return the same pipelines over the same corpus, without a watcher, for further work."""
        return PipelineRun(self.lab, self.corpus, self.request.pipelines)

    @property
    def grades(self) -> Mapping[str, int]:
        """Return the grades of the query's judged documents that meet the filter, by id."""
        query = self.request.query
        grades = self.corpus.grades(self.corpus.find_query(query.text))
        if query.recorded_first is not None and not self.corpus.fields.all:
            return grades  # a recording holds no metadata, and only grades within its filter
        return self.request.pipelines.filter.inside(grades, self.corpus.some)

    @property
    def first_stage(self) -> Ranking | None:
        """Return the first stage's ranking, once there is one."""
        return self.comparison.first_stage if self.comparison else None

    def await_first_stage(self, seconds: float) -> Self:
        """Wait a moment for what a page can show in its first drawing.

        That is the first stage and the rerankers that are no model; without a model, all of it.
        """
        settings, systems = self.lab.settings, self.request.pipelines.rerankers
        specs = {system: catalog.reranker_spec(system, settings) for system in systems}
        quick = {s for s, spec in specs.items() if spec.local and spec.runtime == "none"}
        whole = len(quick) == len(specs)
        quick -= {s for s in quick if specs[s].family == "fusion"}  # it waits for the others
        until = time.monotonic() + seconds
        while not self.finished and time.monotonic() < until:
            ended = {r.system for r in self.comparison.results} if self.comparison else None
            if ended is not None and quick <= ended and not whole:
                break
            time.sleep(0.005)
        return self

    def reusable_rankings(self, request: Request, corpus: Corpus) -> dict[str, Ranking]:
        """Return the rankings that hold for another request too, where only rerankers changed.

        A column that is added must not run, and bill, the others again. Where the instruction
        changed, rerankers that follow none keep their rankings.
        """
        before, now = self.request.pipelines, request.pipelines
        same = replace(before, rerankers=now.rerankers, instruction=now.instruction) == now
        query = replace(self.request.query, recorded=request.query.recorded)
        if not same or query != request.query or self.corpus.identity != corpus.identity:
            return {}
        alike, settings = before.instruction == now.instruction, self.lab.settings
        return {
            ranking.system: ranking
            for ranking in (self.comparison.rankings if self.comparison else ())
            if not ranking.recorded
            and (alike or not catalog.reranker_spec(ranking.system, settings).instructions)
        }

    def step(self, system: str, state: str, done: int, total: int) -> None:
        """Note how far a system is; raise Cancelled once the work was stopped or forgotten."""
        if self.forgotten:
            self.stop()
        self.check()
        # bm25 can be the first stage and a reranker at once
        topic = FIRST if self.comparison is None else system
        step = Step(state, done, total)
        if self.steps.get(topic) != step:  # who waits says so again and again
            self.steps[topic] = step
            self.news.tell(topic)

    def scored(self, system: str, scores: Sequence[tuple[int, float]]) -> None:
        """Take a system's new scores; the step that follows tells of them."""
        self._scored[system] = {**self._scored.get(system, {}), **dict(scores)}

    def provisional(self, system: str) -> Ranking | None:
        """Return the order of the candidates that a system at work has scored so far.

        None where it has told no score, or has ended.
        """
        comparison, scored = self.comparison, self._scored.get(system)
        if comparison is None or not scored or comparison.result(system) is not None:
            return None
        return provisional_ranking(system, comparison.first_stage, scored)

    def ranked(self, result: Ranking | Failure, comparison: Comparison) -> None:
        """Take the comparison so far."""
        system = FIRST if self.comparison is None else result.system
        self.comparison = comparison
        self.steps[system] = Step("failed" if isinstance(result, Failure) else "done")
        self.news.tell(system, pressing=True)

    def _work(self) -> None:
        run = replace(self.run, watcher=self)
        asyncio.run(compare(run, self.request.query, self.cached))

    def _end(self) -> None:
        for system, step in self.steps.items():
            if step.state not in {"done", "failed"}:
                scoring = step.state == "run"  # else its counts are not those of candidates
                self.steps[system] = Step("stopped", *((step.done, step.total) if scoring else ()))
