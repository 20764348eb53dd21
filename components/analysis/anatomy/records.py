"""The record of what a corpus is made of: figures, each with documents or queries to look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

EXAMPLES: Final = 50
"""Ids that a figure names at most; its number counts all."""
NEAR: Final = 0.8
"""The least share of their three-word sequences that two near-duplicates both have (Jaccard)."""
SHORT: Final = 5
"""Words below which a passage is very short; letters of scripts without spaces count as words."""

Kind = Literal["number", "date", "yes or no", "category", "text"]
"""What a field's values are: a category repeats few values, a text is rarely the same twice."""


@dataclass(frozen=True, slots=True)
class Group:
    """How many documents or queries something is true of, and the ids of the first ones."""

    number: int = 0
    ids: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Return whether there is any."""
        return self.number > 0


@dataclass(frozen=True, slots=True)
class Pair:
    """Two documents that resemble each other, the earlier first; `similarity` is from NEAR to 1."""

    earlier: str
    later: str
    similarity: float = 1.0


@dataclass(frozen=True, slots=True)
class Copies:
    """How many documents repeat an earlier one, and the first of them with the one they repeat."""

    number: int = 0
    pairs: tuple[Pair, ...] = ()

    def __bool__(self) -> bool:
        """Return whether there is any."""
        return self.number > 0


@dataclass(frozen=True, slots=True)
class Bar:
    """Documents of `low` up to `high` words or tokens, both included."""

    low: int
    high: int
    number: int
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long texts are, in words or tokens: the extremes, the middle, the sum, a histogram.

    95% of the texts are no longer than `usual`. The last bar holds all that is longer than the
    others.
    """

    least: int = 0
    median: float = 0.0
    usual: int = 0
    most: int = 0
    total: int = 0
    bars: tuple[Bar, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What models with one window read of the documents.

    They read the first `reads` tokens of one; a cross-encoder less, by the `query` tokens that
    stand beside it. Of `cut` documents they do not read the end, `unread` tokens of all `tokens`
    there are. Their tokenizer is that of `tokenizer`, a model's name.
    """

    systems: tuple[str, ...]
    tokenizer: str
    reads: int
    query: int
    tokens: int
    unread: int
    cut: Group


@dataclass(frozen=True, slots=True)
class Language:
    """A language by its ISO 639 code, and the documents that seem to be written in it."""

    code: str
    name: str
    documents: Group


@dataclass(frozen=True, slots=True)
class Languages:
    """The languages of `documents` documents, the most frequent first.

    Of `untold` documents it cannot be told: they are too short, or no language fits clearly.
    """

    documents: int = 0
    languages: tuple[Language, ...] = ()
    untold: Group = Group()


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a field, shortened, and the documents that have it."""

    text: str
    documents: Group


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the documents: what it holds, in how many it is filled, its values.

    `distinct` values were told apart; with `more` there are others, which are not counted one by
    one. `low` and `high` are the extremes of numbers and dates. `values` are the most frequent.
    """

    name: str
    kind: Kind
    filled: int
    distinct: int
    more: bool = False
    low: str = ""
    high: str = ""
    values: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """The queries of more than `most` tokens, which a model answers with an error."""

    system: str
    most: int
    queries: Group


@dataclass(frozen=True, slots=True)
class QueryFigures:
    """The queries: how many, how long in words, which repeat another one, which are documents.

    `unjudged` have no judgment in any split; where nothing is judged at all, there is none.
    """

    number: int = 0
    in_words: Lengths = Lengths()
    repeated: Copies = Copies()
    unjudged: Group = Group()
    documents: Copies = Copies()
    """Queries whose text is a document's: `earlier` is the query's id, `later` the document's."""
    refusals: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class GradeCount:
    """How many judgments have a grade."""

    grade: int
    number: int


@dataclass(frozen=True, slots=True)
class JudgedApart:
    """A query, a document that is relevant to it, and a copy of it with another judgment or none.

    `grade` is that of the document, `other` the copy's; None where it is unjudged.
    """

    query: str
    document: str
    copy: str
    grade: int
    other: int | None = None


@dataclass(frozen=True, slots=True)
class SplitFigures:
    """The judgments of one split.

    `pointless` queries are judged, but nothing is relevant to them: no measure can tell anything.
    `missing` are judged documents that the corpus lacks, `unasked` counts judged queries that it
    lacks, and `apart` copies of relevant documents that are judged otherwise, or not at all.
    """

    name: str
    queries: int
    judgments: int
    least: int
    median: float
    most: int
    grades: tuple[GradeCount, ...]
    pointless: Group = Group()
    missing: Group = Group()
    unasked: int = 0
    apart: int = 0
    apart_examples: tuple[JudgedApart, ...] = ()


@dataclass(frozen=True, slots=True)
class Anatomy:
    """What a corpus of `total` documents is made of, as told by the `documents` that were read.

    Where they are fewer they are drawn at random, and every figure of documents is theirs alone.
    `empty` documents have neither title nor text, `untexted` a title alone. `copies` have the
    passage of an earlier one but for white space and case, `near` most of it. `absent` are models
    whose tokenizer is not on this machine.
    """

    total: int
    documents: int
    empty: Group
    untexted: Group
    short: Group
    in_words: Lengths
    in_tokens: Lengths
    readings: tuple[Reading, ...]
    absent: tuple[str, ...]
    copies: Copies
    near: Copies
    languages: Languages
    fields: tuple[Field, ...]
    queries: QueryFigures
    splits: tuple[SplitFigures, ...]

    @property
    def whole(self) -> bool:
        """Return whether every document was read."""
        return self.documents == self.total
