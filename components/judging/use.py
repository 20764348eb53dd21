"""Which judgments are used: one grade a pair out of those of several judges, and whose."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType

from components.domain import Corpus, InputError, Judgments
from components.judging.records import Judgment, scale_of
from components.wording import count


class Rule(StrEnum):
    """How one grade comes of several judges'."""

    MAJORITY = "majority"
    MEDIAN = "median"
    LOWEST = "lowest"
    LATEST = "latest"
    ONE = "one judge"


class Source(StrEnum):
    """Whose judgments count: those that came with the corpus, those made here, or both."""

    CORPUS = "the corpus's own"
    ADDED = "the corpus's own, ours added"
    OURS = "ours alone"


@dataclass(frozen=True, slots=True)
class Choice:
    """Which judgments are to be used; `judge` is named by the rule ONE alone.

    Of documents that were edited since, judgments are used only with `outdated`.
    """

    source: Source = Source.OURS
    rule: Rule = Rule.MEDIAN
    judge: str = ""
    outdated: bool = False


@dataclass(frozen=True, slots=True)
class Used:
    """The judgments in use, by ids of queries and documents, and what became of the others.

    `highest` is that of their scale. `own` counts the corpus's own, `ours` those made here.
    Left out are pairs of which judges could not say (`unclear`) or do not agree enough for the
    rule (`disputed`), those of an edited document (`outdated`), and those whose query the corpus
    does not have (`unasked`).
    """

    judgments: Judgments
    choice: Choice
    highest: int
    judges: tuple[str, ...]
    own: int
    ours: int
    unclear: int = 0
    disputed: int = 0
    outdated: int = 0
    unasked: int = 0

    @property
    def description(self) -> str:
        """Say which judgments these are, for every figure that comes of them."""
        source = self.choice.source
        if source is Source.CORPUS:
            return f"Judgments: {source} ({self.own:,})."
        rule = self.choice.judge if self.choice.rule is Rule.ONE else self.choice.rule.value
        whose = f"{rule} of {count(len(self.judges), 'judge')}" if len(self.judges) > 1 else rule
        whose = self.judges[0] if len(self.judges) == 1 else whose
        counts = f"{self.own:,} and {self.ours:,}" if source is Source.ADDED else f"{self.ours:,}"
        left = (
            ("could not be judged", self.unclear),
            ("are disputed", self.disputed),
            ("are of edited documents", self.outdated),
            ("are of queries that the corpus lacks", self.unasked),
        )
        out = ", ".join(f"{n:,} {why}" for why, n in left if n)
        return f"Judgments: {source} ({counts}; {whose})." + (f" Left out: {out}." if out else "")


def in_use(judgments: Iterable[Judgment], corpus: Corpus, choice: Choice) -> Used:
    """Return the judgments that a choice uses.

    The corpus's own go before ours. Raises InputError where judgments are on several scales, and
    where one judge is asked for who has judged nothing.
    """
    own = corpus.judgments if choice.source is not Source.OURS else {}
    top = max((g for row in own.values() for g in row.values()), default=0)
    if choice.source is Source.CORPUS:
        return Used(own, choice, top, (), sum(map(len, own.values())), 0)
    asked = [j for j in judgments if choice.rule is not Rule.ONE or j.judge == choice.judge]
    if choice.rule is Rule.ONE and not asked:
        raise InputError(f"There are no judgments of {choice.judge or 'nobody'}.", "Choose.")
    current = [j for j in asked if choice.outdated or not j.is_outdated(corpus.by_id)]
    highest = scale_of(current) or top
    if top and highest != top:
        raise InputError(
            f"The corpus's grades go up to {top}, ours to {highest}.",
            "Use one of the two alone; scales are never merged.",
        )
    used = _joined(own, corpus, _merged(current, choice.rule))
    return replace(
        used,
        choice=choice,
        highest=highest,
        judges=tuple(sorted({j.judge for j in current})),
        outdated=len({j.pair for j in asked} - {j.pair for j in current}),
    )


@dataclass(frozen=True, slots=True)
class _Merged:
    grades: Mapping[tuple[str, str], int]
    unclear: int
    disputed: int


def _joined(own: Judgments, corpus: Corpus, merged: _Merged) -> Used:
    """Return the corpus's own judgments with ours of other pairs, under the ids of its queries."""
    ids = {" ".join(query.text.split()): query.id for query in reversed(corpus.queries)}
    table = {query: dict(row) for query, row in own.items()}
    ours = unasked = 0
    for (text, document), grade in merged.grades.items():
        query = ids.get(" ".join(text.split()))
        unasked += query is None
        if query is not None and document not in table.setdefault(query, {}):
            table[query][document] = grade
            ours += 1
    return Used(
        MappingProxyType({query: MappingProxyType(row) for query, row in table.items() if row}),
        *(Choice(), 0, (), sum(map(len, own.values())), ours),
        unclear=merged.unclear,
        disputed=merged.disputed,
        unasked=unasked,
    )


def by_pair(judgments: Iterable[Judgment]) -> dict[tuple[str, str], list[Judgment]]:
    """Return judgments by their pair, those of one in their order."""
    pairs: dict[tuple[str, str], list[Judgment]] = {}
    for judgment in judgments:
        pairs.setdefault(judgment.pair, []).append(judgment)
    return pairs


def _merged(judgments: Sequence[Judgment], rule: Rule) -> _Merged:
    """Return one grade a pair; who cannot say has no vote."""
    grades: dict[tuple[str, str], int] = {}
    unclear = disputed = 0
    for pair, votes in by_pair(judgments).items():
        said = [vote.grade for vote in sorted(votes, key=lambda v: v.row) if vote.grade is not None]
        grade = _RULES[rule](said) if said else None
        if grade is not None:
            grades[pair] = grade
        unclear += not said
        disputed += bool(said) and grade is None
    return _Merged(grades, unclear, disputed)


_RULES: Mapping[Rule, Callable[[Sequence[int]], int | None]] = {  # no majority: None
    Rule.MAJORITY: lambda grades: next(
        (g for g in grades if 2 * grades.count(g) > len(grades)), None
    ),
    Rule.MEDIAN: lambda grades: int(statistics.median_low(grades)),
    Rule.LOWEST: min,
    Rule.LATEST: lambda grades: grades[-1],
    Rule.ONE: lambda grades: grades[-1],
}


def partly_judged(
    used: Used, corpus: Corpus, pools: Iterable[Iterable[tuple[str, str]]]
) -> list[str]:
    """Return the ids of queries no pool of which is graded wholly, of those that have grades.

    `pools` hold pairs of a query's text and a document's id; a query's pool is all that one of
    them has of it. Queries whose judgments came with the corpus, all of them, are its own affair.
    """
    ids = {" ".join(query.text.split()): query.id for query in reversed(corpus.queries)}
    complete: set[str] = set()
    for pool in pools:
        documents: dict[str, set[str]] = {}
        for text, document in pool:
            documents.setdefault(ids.get(" ".join(text.split()), ""), set()).add(document)
        complete |= {q for q, d in documents.items() if d <= used.judgments.get(q, {}).keys()}
    own = corpus.judgments if used.choice.source is not Source.OURS else {}
    return [q for q, row in used.judgments.items() if q not in complete and row != own.get(q)]
