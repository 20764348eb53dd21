"""A judge at work on a queue: what is asked, what was done, and what of it is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from components.domain import Corpus
from components.judging.queues import Plan, PoolKind, Question, Queue
from components.judging.records import Entry, Kind, Place, Row, digest_of
from components.judging.store import JudgingStore
from components.wording import count, duration

AHEAD = 6
"""Pairs that lie ready: as many as a quick judge does while one answer is on its way."""
LABELS: Mapping[int, tuple[str, ...]] = {
    1: ("not relevant", "relevant"),
    2: ("not relevant", "partly relevant", "relevant"),
    3: ("not relevant", "related", "relevant", "perfect"),
}
"""Words for the grades of the usual scales."""
GUIDELINES: Mapping[int, str] = {
    1: "1: somebody who asked this is glad to be given this document.\n"
    "0: anything else, also where only words agree.",
    2: "2: answers what was asked.\n1: answers a part of it, or leads to the answer.\n"
    "0: does not help, also where only words agree.",
    3: "3: is about what was asked, and answers it wholly.\n2: answers it, among other things or "
    "not wholly.\n1: is on the subject, and does not answer.\n0: has nothing to do with it.",
}
"""What judges go by until they write something of their own."""


class Desk:
    """One judge, one queue, one window. Raises StoreError where something cannot be kept."""

    def __init__(
        self, store: JudgingStore, place: Place, corpus: Corpus, id: str, plan: Plan, judge: str
    ) -> None:
        self.store, self.place, self.corpus = store, place, corpus
        self.id, self.plan, self.judge = id, plan, judge
        self.skipped: set[tuple[str, str]] = set()
        self.kept: list[str] = []
        self._rows: list[Row] = []
        self._asked = {
            self.name_of(question): question
            for number, pair in enumerate(plan.pairs, start=1)
            for question in (Question(number, *pair), Question(number, *pair, repeat=True))
        }

    @property
    def queue(self) -> Queue:
        """Return the queue with all that is kept, also by other windows."""
        last = self._rows[-1].id if self._rows else 0
        self._rows += self.store.rows(self.place, after=last)
        return Queue(self.id, self.plan, self.judge, self._rows)

    def name_of(self, question: Question) -> str:
        """Return a question's id, which tells neither its number nor whether it is asked again."""
        text = f"{self.id} {question.number} {question.repeat}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def questions(self) -> list[Question]:
        """Return what is asked next, of documents that the corpus has."""
        asked = self.queue.upcoming(self.skipped, most=AHEAD)
        return [question for question in asked if question.document in self.corpus.by_id]

    def take(
        self, token: str, kind: str, name: str = "", grade: int | None = None, note: str = ""
    ) -> None:
        """Keep what the judge did; what came before, or names no question, changes nothing."""
        if token in self.kept:
            return
        question = self._asked.get(name)
        if kind in (Kind.GRADE, Kind.CANNOT_SAY) and question:
            self.store.record(self.place, self._entry(question, Kind(kind), grade), token)
        elif kind == "skip" and question:
            self.skipped.add(question.pair)
        elif kind in (Kind.NOTE, Kind.UNDO) and (acts := self.queue.acts):
            if kind == Kind.UNDO:
                self.store.undo(self.place, acts[-1], self.judge, token)
            else:
                entry = replace(acts[-1].entry, kind=Kind.NOTE, grade=None, note=note)
                self.store.record(self.place, entry, token)
        self.kept.append(token)

    def _entry(self, question: Question, kind: Kind, grade: int | None) -> Entry:
        document = self.corpus.by_id[question.document]
        return Entry(
            *(self.judge, question.query, question.document, digest_of(document), kind),
            self.plan.highest,
            grade if kind is Kind.GRADE else None,
            blind=self.plan.blind,
            repeat=question.repeat,
            draw=self.plan.draw(self.id, question.number),
        )

    # ------------------------------------------------------------ words

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the words of the grades, empty ones where the scale has none."""
        return LABELS.get(self.plan.highest, ("",) * (self.plan.highest + 1))

    @property
    def last(self) -> str:
        """Say what was kept last; empty where there is nothing to take back."""
        acts = self.queue.acts
        if not acts:
            return ""
        entry = acts[-1].entry
        if entry.grade is None:
            return "Kept: cannot say"
        return f"Kept: {entry.grade} {self.labels[entry.grade]}".rstrip()

    @property
    def share(self) -> float:
        """Return which share of the queue is judged."""
        return len(self.queue.judged) / len(set(self.plan.pairs))

    @property
    def progress(self) -> str:
        """Say how far the judge is, and how fast; nothing of what comes out."""
        queue, total = self.queue, len(set(self.plan.pairs))
        judged, pace = len(queue.judged), queue.pace_s
        speed = f", {max(pace, 1):.0f} s a pair" if pace else ""
        if self.plan.kind is PoolKind.DUEL:
            return f"{count(judged, 'pair')} judged{speed}; it ends once the difference is clear."
        left = f", about {duration(pace * (total - judged))} left" if pace else ""
        return f"{judged:,} of {count(total, 'pair')} judged{speed}{left}."
