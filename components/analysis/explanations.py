"""Why a document has its score: occlusion, token matches, BM25 terms, and what was read."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from components.analysis.matching import spellings
from components.encoders import bge_small
from components.models.bm25 import Bm25
from components.models.files import BGE_TOKENIZER
from components.models.terms import terms
from components.models.tokens import load_tokenizer
from components.rerankers.cross_encoder import MINILM_L12, TOKENIZER
from components.rerankers.late_interaction import LATE_BGE
from components.storage.token_store import cosines

Values = npt.NDArray[np.float64]
Unit = Literal["sentence", "word"]
MOST: dict[Unit, int] = {"sentence": 60, "word": 150}
"""Pieces that are left out one by one; beyond that neighbours are joined."""

CAVEATS = {
    "occlusion": "Each piece is left out in turn and the rest is scored again, by the real model. "
    "It tells what the score needed, not why: pieces that say the same stand in for each other, "
    "and a text with a gap is a text the model may never have seen.",
    "maxsim": "Exact: the score is the sum of the best cosine of each query token. It tells which "
    "tokens met, not whether they mean the same.",
    "bm25": "Exact: the score is the sum of these contributions. It knows words, not meanings.",
    "hosted": "The provider scores every variant anew: it takes calls and costs money.",
}
"""What each explanation can and cannot tell, in words for the page."""


# ---------------------------------------------------------------- occlusion


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text, and what leaving it out takes from the score (`full - without`)."""

    start: int
    end: int
    without: float
    effect: float


@dataclass(frozen=True, slots=True)
class Occlusion:
    """The score of the whole text and of the text without each piece; pieces cover the text."""

    text: str
    full: float
    pieces: tuple[Piece, ...]


_SENTENCE = r"(?s).+?(?:[.!?]+(?=\s|\Z)|\n|\Z)\s*"
"""Up to a mark that white space follows ("4.6" goes on), a line's end, or the text's."""


def pieces_of(text: str, unit: Unit) -> list[tuple[int, int]]:
    """Return the stretches of a text, which together are the whole of it, in order."""
    pattern = _SENTENCE if unit == "sentence" else r"\S*\s*"
    spans = [m.span() for m in re.finditer(pattern, text) if m.end() > m.start()]
    most = MOST[unit]
    if len(spans) <= most:
        return spans
    joined = np.array_split(np.arange(len(spans)), most)
    return [(spans[part[0]][0], spans[part[-1]][1]) for part in joined]


def variants(text: str, unit: Unit) -> list[str]:
    """Return the texts that have to be scored: the whole, then without each piece."""
    return [text, *(text[:start] + text[end:] for start, end in pieces_of(text, unit))]


def occlusion(score: Callable[[Sequence[str]], Values], text: str, unit: Unit) -> Occlusion:
    """Score a text with and without each of its pieces, all in one pass of `score`.

    A piece without which nothing is left to score (NaN) is left out.
    """
    scores = score(variants(text, unit))
    full = float(scores[0])
    pieces = tuple(
        Piece(start, end, float(score), full - float(score))
        for (start, end), score in zip(pieces_of(text, unit), scores[1:], strict=True)
        if not np.isnan(score)
    )
    return Occlusion(text, full, pieces)


# ---------------------------------------------------------------- late interaction


SPECIAL_TOKENS = ("[CLS]", "[SEP]")
"""Tokens that the model sets before and after every text."""


@dataclass(frozen=True, slots=True)
class TokenMatches:
    """Cosines of query tokens (rows) with document tokens (columns); the row maxima add up."""

    query_tokens: tuple[str, ...]
    document_tokens: tuple[str, ...]
    matrix: npt.NDArray[np.float32]

    @property
    def best(self) -> npt.NDArray[np.int64]:
        """Return the best document token of each query token."""
        return np.asarray(self.matrix.argmax(axis=1), np.int64)

    @property
    def cosines(self) -> npt.NDArray[np.float64]:
        """Return each query token's cosine with its best document token."""
        return np.asarray(self.matrix.max(axis=1), np.float64)

    @property
    def score(self) -> float:
        """Return the sum of the best cosines, which is the reranker's score."""
        return float(self.matrix.max(axis=1).sum())

    @property
    def special(self) -> float:
        """Return what the query's tokens that stand for no word add to the score."""
        pairs = zip(self.query_tokens, self.cosines.tolist(), strict=True)
        return float(sum(cosine for token, cosine in pairs if token in SPECIAL_TOKENS))


def word_around(tokens: Sequence[str], at: int) -> str:
    """Return the word that a token is a part of: pieces that begin with ## continue a word."""
    first, end = at, at + 1
    while first > 0 and tokens[first].startswith("##"):
        first -= 1
    while end < len(tokens) and tokens[end].startswith("##"):
        end += 1
    return "".join(token.removeprefix("##") for token in tokens[first:end])


def token_matches(query: str, text: str) -> TokenMatches:
    """Return how late-bge matched a text's tokens to a query's, [CLS] and [SEP] included."""
    tokenizer = load_tokenizer(BGE_TOKENIZER.verify(), LATE_BGE.max_tokens)
    names = [tuple(tokenizer.encode(part).tokens) for part in (query, text)]
    vectors = [bge_small().encode_tokens(part).rows for part in (query, text)]
    matrix = cosines(vectors[0].astype(np.float32), vectors[1])
    if matrix.shape != (len(names[0]), len(names[1])):
        raise ValueError("the tokens do not belong to the vectors")
    return TokenMatches(names[0], names[1], matrix)


# ---------------------------------------------------------------- BM25


@dataclass(frozen=True, slots=True)
class TermWeight:
    """What one query term adds to a BM25 score.

    `term` is a stem; `forms` are the words it stands for, those of the query first.
    """

    term: str
    idf: float
    frequency: int
    contribution: float
    forms: tuple[str, ...] = ()


def bm25_terms(bm25: Bm25, query: str, text: str) -> tuple[TermWeight, ...]:
    """Return every query term's contribution, the greatest first; they add up to the score."""
    contributions, text_terms = bm25.contributions(query, text), terms(text)
    forms = spellings(terms(query), query, text)
    weights = [
        TermWeight(
            term, bm25.idf(term), text_terms.count(term), contributions.get(term, 0.0), forms[term]
        )
        for term in forms
    ]
    return tuple(sorted(weights, key=lambda weight: -weight.contribution))


# ---------------------------------------------------------------- what was read


@dataclass(frozen=True, slots=True)
class ReadText:
    """The text as it was passed on, and where the model stopped reading (its end where it did not).

    `exact` says that the place is known; a provider's is an estimate by the lab's tokenizer.
    """

    text: str
    end: int
    exact: bool

    @property
    def read(self) -> str:
        """Return what the model read."""
        return self.text[: self.end]

    @property
    def unread(self) -> str:
        """Return what it did not."""
        return self.text[self.end :]


def _cut_by_pair(query: str, text: str) -> int:
    tokenizer = load_tokenizer(TOKENIZER.verify(), MINILM_L12.max_tokens, "only_second")
    return _end(tokenizer.encode(query, text), 1)


def _cut_alone(query: str, text: str) -> int:
    tokenizer = load_tokenizer(BGE_TOKENIZER.verify(), LATE_BGE.max_tokens)
    return _end(tokenizer.encode(text), 0)


def _end(encoding: object, sequence: int) -> int:
    """Return the character after the last token that was kept of one sequence."""
    spans = zip(encoding.offsets, encoding.sequence_ids, strict=True)  # type: ignore[attr-defined]
    return max((end for (_, end), s in spans if s == sequence), default=0)


_CUTS: dict[str, Callable[[str, str], int]] = {
    MINILM_L12.key: _cut_by_pair,
    LATE_BGE.key: _cut_alone,
}


def what_was_read(system: str, query: str, text: str, read: int, cut: int) -> ReadText:
    """Return what a reranker read of a text, given how many of its tokens it read and cut."""
    if not cut:
        return ReadText(text, len(text), exact=True)
    if system in _CUTS:
        return ReadText(text, _CUTS[system](query, text), exact=True)
    return ReadText(text, round(len(text) * read / (read + cut)), exact=False)


def shares(values: Sequence[float]) -> list[float]:
    """Return values between -1 and 1, scaled by the greatest of them, for shading."""
    most = max((abs(v) for v in values), default=0.0)
    return [v / most if most else 0.0 for v in values]
