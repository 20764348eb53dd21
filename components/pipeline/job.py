"""A comparison at work: threads fill it, a page shows whatever it holds so far."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Self

from components import pipeline
from components.domain import Corpus, Failure, Ranking
from components.lab import Lab
from components.lab.work import Stage, Worker
from components.pipeline import Request

FIRST = "first stage"
"""The key of the first stage among a job's stages."""


class Job(Worker):
    """One comparison at work. It watches its own pipeline."""

    def __init__(
        self,
        lab: Lab,
        corpus: Corpus,
        request: Request,
        held: Mapping[str, Ranking] | None = None,
    ) -> None:
        super().__init__("comparison")
        self.lab = lab
        self.corpus = corpus
        self.request = request
        self.held = held or {}
        # Every key from the start: a page may go through them while the work goes on.
        self.stages = dict.fromkeys((FIRST, *request.systems), Stage())
        self.results: dict[str, Ranking | Failure] = {}
        self.first_stage: Ranking | None = None

    def await_first_stage(self, seconds: float) -> Self:
        """Wait a moment for the first stage, so that a page can show it in its first drawing."""
        until = time.monotonic() + seconds
        while self.first_stage is None and not self.finished and time.monotonic() < until:
            time.sleep(0.005)
        return self

    def step(self, system: str, state: str, done: int, total: int) -> None:
        """Note how far a system is; raise Cancelled once the work was stopped."""
        self.check()
        # bm25 can be the first stage and a reranker at once
        self.stages[FIRST if self.first_stage is None else system] = Stage(state, done, total)

    def ranked(self, result: Ranking | Failure) -> None:
        """Keep a result."""
        place = result.system
        if self.first_stage is None and isinstance(result, Ranking):
            self.first_stage, place = result, FIRST
        else:
            self.results[result.system] = result
        self.stages[place] = Stage("failed" if isinstance(result, Failure) else "done")

    def _work(self) -> None:
        asyncio.run(pipeline.compare(self.lab, self.corpus, self.request, self, self.held))

    def _end(self) -> None:
        for system, stage in self.stages.items():
            if stage.state not in {"done", "failed"}:
                self.stages[system] = replace(stage, state="stopped")
