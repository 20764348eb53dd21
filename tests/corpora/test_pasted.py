from __future__ import annotations

import pytest

from components.corpora.pasted import MOST, given_order, pasted_corpus, split_texts
from components.domain import Corpus, Document, InputError


def test_lines_or_paragraphs() -> None:
    assert split_texts("a\nb\n\n") == ["a", "b"]
    assert split_texts("a\nb\n\nc\n") == ["a\nb", "c"]
    assert split_texts("") == []


def test_pasted_texts_keep_their_order() -> None:
    corpus = pasted_corpus("one\ntwo")
    assert [(d.id, d.text) for d in corpus.documents] == [("text-1", "one"), ("text-2", "two")]
    order = given_order(corpus)
    assert order is not None
    assert order.documents == (("text-1", -1.0), ("text-2", -2.0))
    assert given_order(Corpus("other", (Document("d", "", "text"),))) is None


@pytest.mark.parametrize("pasted", ["", " \n\n ", "text\n" * (MOST + 1)])
def test_none_or_too_many_texts_are_refused(pasted: str) -> None:
    with pytest.raises(InputError, match=f"between 1 and {MOST} can be reranked"):
        pasted_corpus(pasted)
