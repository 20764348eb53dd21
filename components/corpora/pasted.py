"""A corpus of pasted texts, which keep the order they were given in."""

from __future__ import annotations

import re

from components.corpora.reading import fingerprint
from components.domain import Corpus, Document, InputError, Recorded
from components.wording import agree, count

NAME = "pasted texts"
GIVEN = "as given, without scores"
"""What the scores of pasted texts mean: nothing but their places."""
MOST = 200
"""Texts that can be reranked at once."""


def split_texts(pasted: str) -> list[str]:
    """Return the texts: paragraphs where a blank line parts them, else lines."""
    by_paragraph = re.search(r"\S\s*\n\s*\n\s*\S", pasted)
    parts = re.split(r"\n\s*\n", pasted) if by_paragraph else pasted.split("\n")
    return [text for part in parts if (text := part.strip())]


def pasted_corpus(pasted: str) -> Corpus:
    """Return pasted texts as a corpus; InputError for none or too many."""
    texts = split_texts(pasted)
    if not texts or len(texts) > MOST:
        raise InputError(
            f"{count(len(texts), 'text')} {agree(len(texts), 'was', 'were')} pasted; between "
            f"1 and {MOST} can be "
            "reranked.",
            "Put each text on a line of its own, or part them by blank lines.",
        )
    documents = tuple(Document(f"text-{n}", "", text) for n, text in enumerate(texts, start=1))
    return Corpus(NAME, documents, fingerprint=fingerprint(documents))


def given_order(corpus: Corpus) -> Recorded | None:
    """Return the order of pasted texts as a recorded first stage; None for other corpora."""
    if corpus.name != NAME:
        return None
    order = tuple((d.id, -float(n)) for n, d in enumerate(corpus.documents, start=1))
    return Recorded("pasted", "as pasted", "", order, GIVEN)
