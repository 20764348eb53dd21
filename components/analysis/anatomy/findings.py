"""What an anatomy says in plain sentences, each with documents or queries to look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from components.analysis.anatomy.records import (
    EXAMPLES,
    NEAR,
    SHORT,
    Anatomy,
    JudgedApart,
    Pair,
    Refusal,
    SplitFigures,
)
from components.wording import agree, count, listed

Kind = Literal["documents", "queries", "pairs", "repeated", "asked", "apart", "missing", "none"]
"""What can be looked at: documents, queries, pairs of documents or of queries, queries with the
document that they are, copies that are judged apart, ids without a document, or nothing."""
NAMED = 3
"""Languages that are named in a sentence."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about a corpus, `key` its stable name, and the `number` of what it is about.

    A `grave` one says that a figure measured on this corpus may mean less than it seems to. Of
    documents that are cut, `reads` tokens are read, counted by the lab's own tokenizer; 0 where the
    model has another one.
    """

    key: str
    text: str
    kind: Kind
    number: int
    ids: tuple[str, ...] = ()
    pairs: tuple[Pair, ...] = ()
    apart: tuple[JudgedApart, ...] = ()
    grave: bool = False
    reads: int = 0


def share(number: int, total: int) -> str:
    """Return a share as a percentage in words: 12%, 0.4%, under 0.1%."""
    percent = 100 * number / max(total, 1)
    if percent >= 99 and number < total:
        return f"{min(percent, 99.9):.1f}%"
    if percent >= 2 or not number:
        return f"{percent:.0f}%"
    return f"{percent:.1f}%" if percent >= 0.1 else "under 0.1%"


def findings(anatomy: Anatomy) -> tuple[Finding, ...]:
    """Return what is worth knowing of a corpus, what weighs on figures first."""
    every = [*_documents(anatomy), *_queries(anatomy), *_readings(anatomy)]
    return tuple(sorted(every, key=lambda finding: not finding.grave))


def clear(anatomy: Anatomy) -> tuple[str, ...]:
    """Return what was looked for and is not there."""
    looked_for = [
        ("empty passages", not anatomy.empty),
        ("exact copies", not anatomy.copies),
        ("near-duplicates", not anatomy.near),
        ("passages with a title alone", not anatomy.untexted),
        (f"passages of fewer than {SHORT} words", not anatomy.short),
    ]
    if anatomy.readings:
        looked_for += [("passages that a model cuts", not any(r.cut for r in anatomy.readings))]
    if anatomy.queries.number:
        looked_for += [
            ("repeated queries", not anatomy.queries.repeated),
            ("queries that are passages", not anatomy.queries.documents),
            ("queries that a model refuses", not anatomy.queries.refusals),
        ]
    if anatomy.splits:
        looked_for += [
            ("queries without judgments", not anatomy.queries.unjudged),
            ("queries without a relevant passage", not any(s.pointless for s in anatomy.splits)),
            ("judged passages that are missing", not any(s.missing for s in anatomy.splits)),
        ]
    return tuple(name for name, is_absent in looked_for if is_absent)


def _documents(anatomy: Anatomy) -> Iterator[Finding]:
    """Yield what is to be said of the documents themselves."""
    n_empty, n_short, n_untexted = (
        group.number for group in (anatomy.empty, anatomy.short, anatomy.untexted)
    )
    passages = "passage" if anatomy.whole else "sampled passage"
    if n_empty:
        text = f"{count(n_empty, passages)} {agree(n_empty, 'is', 'are')} empty: no title, no text."
        yield Finding("empty", text, "documents", n_empty, anatomy.empty.ids, grave=True)
    if n := anatomy.copies.number:
        text = (
            f"{count(n, passages)} {agree(n, 'is an exact copy', 'are exact copies')} of another."
        )
        yield Finding("copies", text, "pairs", n, pairs=anatomy.copies.pairs, grave=True)
    if n := anatomy.near.number:
        text = (
            f"{count(n, passages)} {agree(n, 'is', 'are')} nearly the same as another: they share "
            f"{NEAR:.0%} or more of their three-word sequences."
        )
        yield Finding("near", text, "pairs", n, pairs=anatomy.near.pairs)
    if n_short:
        has = agree(n_short, "has", "have")
        text = f"{count(n_short, passages)} {has} fewer than {SHORT} words."
        yield Finding("short", text, "documents", n_short, anatomy.short.ids)
    if n_untexted:
        text = f"{count(n_untexted, passages)} {agree(n_untexted, 'has', 'have')} a title alone."
        yield Finding("untexted", text, "documents", n_untexted, anatomy.untexted.ids)
    yield from _languages(anatomy, passages)


def _languages(anatomy: Anatomy, passages: str) -> Iterator[Finding]:
    """Yield which other languages than the main one there seem to be."""
    looked = anatomy.languages
    if len(looked.languages) > 1:
        main, *others = looked.languages
        n = sum(language.documents.number for language in others)
        names = [f"{one.name} ({one.documents.number:,})" for one in others[:NAMED]]
        more = [count(len(others) - NAMED, "other")] if len(others) > NAMED else []
        drawn = looked.documents < anatomy.documents
        of = f" of {looked.documents:,} that were asked about" if drawn else ""
        verb = agree(n, "seems", "seem")
        text = (
            f"{count(n, passages)}{of} {verb} to be in another language than {main.name}: "
            f"{listed([*names, *more])}."
        )
        ids = tuple(identity for one in others for identity in one.documents.ids)
        yield Finding("languages", text, "documents", n, ids)


def _queries(anatomy: Anatomy) -> Iterator[Finding]:
    """Yield what is to be said of queries and judgments."""
    queries = anatomy.queries
    if n := queries.unjudged.number:
        text = f"{count(n, 'query')} {agree(n, 'has', 'have')} no judgment: nothing is measured on "
        text += agree(n, "it.", "them.")
        yield Finding("unjudged", text, "queries", n, queries.unjudged.ids, grave=True)
    for split in anatomy.splits:
        yield from _split(split, f" ({split.name})" if len(anatomy.splits) > 1 else "")
    if n := queries.repeated.number:
        text = f"{count(n, 'query')} {agree(n, 'repeats', 'repeat')} an earlier one word for word."
        yield Finding("repeated", text, "repeated", n, pairs=queries.repeated.pairs, grave=True)
    if n := queries.documents.number:
        passages = "passage" if anatomy.whole else "sampled passage"
        text = f"{count(n, passages)} {agree(n, 'is', 'are')} the text of a query."
        yield Finding("asked", text, "asked", n, pairs=queries.documents.pairs, grave=True)
    if queries.refusals:
        yield _refused(queries.refusals)


def _refused(refusals: Sequence[Refusal]) -> Finding:
    """Return which queries are too long for which models, those that refuse most first."""
    alike: dict[tuple[int, int], list[str]] = {}
    for refusal in sorted(refusals, key=lambda refusal: -refusal.queries.number):
        alike.setdefault((refusal.queries.number, refusal.most), []).append(refusal.system)
    parts = [
        f"{listed(systems)} {agree(len(systems), 'refuses', 'refuse')} {n:,} of more than "
        f"{count(most, 'token')}"
        for (n, most), systems in alike.items()
    ]
    n = max(refusal.queries.number for refusal in refusals)
    ids = tuple(dict.fromkeys(identity for one in refusals for identity in one.queries.ids))
    text = f"{count(n, 'query')} {agree(n, 'is', 'are')} too long for a model: {'; '.join(parts)}."
    return Finding("refused", text, "queries", n, ids[:EXAMPLES], grave=True)


def _split(split: SplitFigures, where: str) -> Iterator[Finding]:
    """Yield what is to be said of the judgments of one split, which `where` names."""
    name = split.name
    if n := split.apart:
        text = (
            f"{count(n, 'copy')} of relevant passages {agree(n, 'is', 'are')} judged otherwise or "
            f"not at all{where}: a ranking that prefers {agree(n, 'it', 'them')} is marked down."
        )
        yield Finding(f"apart-{name}", text, "apart", n, apart=split.apart_examples, grave=True)
    if n := split.pointless.number:
        text = f"{count(n, 'judged query')} {agree(n, 'has', 'have')} no relevant passage{where}."
        yield Finding(f"pointless-{name}", text, "queries", n, split.pointless.ids, grave=True)
    if n := split.missing.number:
        text = (
            f"{count(n, 'judgment')} {agree(n, 'names', 'name')} a passage that is not here{where}."
        )
        yield Finding(f"missing-{name}", text, "missing", n, split.missing.ids, grave=True)
    if n := split.unasked:
        text = f"{count(n, 'judged query')} {agree(n, 'is', 'are')} not among the queries{where}."
        yield Finding(f"strangers-{name}", text, "none", n)


def _readings(anatomy: Anatomy) -> Iterator[Finding]:
    """Yield which passages models do not read to the end, the narrowest window first."""
    for reading in sorted(anatomy.readings, key=lambda reading: reading.reads):
        n, total = reading.cut.number, anatomy.documents
        if not n:
            continue
        do = agree(len(reading.systems), "does", "do")
        beside = f" beside a query of {reading.query}" if reading.query else ""
        passages = "passages" if anatomy.whole else "sampled passages"
        text = (
            f"{listed(reading.systems)} {do} not read the end of {share(n, total)} of the "
            f"{passages} ({n:,}): they have more than {count(reading.reads, 'token')}{beside}, and "
            f"{share(reading.unread, reading.tokens)} of all tokens go unread."
        )
        key, ids = f"cut-{reading.systems[0]}", reading.cut.ids
        own = reading.tokenizer == anatomy.readings[0].tokenizer
        yield Finding(key, text, "documents", n, ids, reads=reading.reads if own else 0)
