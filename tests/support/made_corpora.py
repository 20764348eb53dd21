"""Small corpora whose figures are counted by hand."""

from __future__ import annotations

from collections.abc import Mapping

from components.corpora import fingerprint
from components.domain import Corpus, Count, Document, Judgments, Query


def corpus_of(
    *documents: Document | str,
    queries: Mapping[str, str] | None = None,
    judgments: Judgments | None = None,
    **splits: Judgments,
) -> Corpus:
    """Return a corpus of documents, or of texts that are numbered d0, d1 …"""
    made = tuple(
        Document(f"d{place}", "", one) if isinstance(one, str) else one
        for place, one in enumerate(documents)
    )
    asked = tuple(Query(identity, text) for identity, text in (queries or {}).items())
    test = judgments or {}
    every = {"test": test, **splits} if test or splits else {}
    return Corpus("made", made, asked, test, fingerprint(made), splits=every)


def words(first: int, number: int) -> str:
    """Return so many words, each a number, from `first` on."""
    return " ".join(f"w{n}" for n in range(first, first + number))


def with_missing(corpus: Corpus, missing: Judgments, unasked: int) -> Corpus:
    """Return a corpus whose split `test` also judges documents and queries that it lacks."""
    from dataclasses import replace

    counted = {"test": Count(unasked, "q")} if unasked else {}
    return replace(corpus, dangling={"test": missing}, unasked=counted)
