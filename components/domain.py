"""The lab's vocabulary: frozen records, two protocols and one small tree of errors.

    LabError                a reason and a remedy, both plain sentences
     ├─ InputError          the user's mistake: a query, an option, a key that does not exist
     │   └─ CorpusError     a file that cannot be read as a corpus; names file and line
     ├─ UnavailableError    a model that cannot run here: missing, damaged, no hub, no key
     ├─ StoreError          Qdrant is down, slow, refuses the key or answers nonsense
     ├─ RerankError         a reranker failed while scoring, or a provider refused
     └─ Cancelled           somebody pressed stop, or a newer search took over

This module imports nothing of ours; everything else may import it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Protocol

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float32]
"""Shape (dimension,), float32, unit length."""
Matrix = npt.NDArray[np.float32]
"""Shape (rows, dimension), float32, rows of unit length."""
Progress = Callable[[int, int], None]
"""`progress(done, total)`, called between steps; it may raise `Cancelled`."""
Judgments = Mapping[str, Mapping[str, int]]
"""Query id -> document id -> grade; a pair that is absent is unjudged, which is not grade 0."""


def no_progress(done: int, total: int) -> None:
    """Ignore progress."""


# ---------------------------------------------------------------- errors


class LabError(Exception):
    """Anything the lab can explain: what happened, and what to do about it."""

    def __init__(self, reason: str, remedy: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy

    def __str__(self) -> str:
        """Return reason and remedy as one line."""
        return f"{self.reason} {self.remedy}".strip()


class InputError(LabError):
    """The user asked for something that cannot be done as asked."""


class CorpusError(InputError):
    """A corpus file is not what it should be."""


class UnavailableError(LabError):
    """A model cannot run here."""


class StoreError(LabError):
    """The vector store did not do what was asked."""


class RerankError(LabError):
    """A reranker failed while scoring."""


class Cancelled(LabError):  # noqa: N818  (it is not an error)
    """The work was stopped on purpose."""

    def __init__(self, reason: str = "Stopped.", remedy: str = "") -> None:
        super().__init__(reason, remedy)


# ---------------------------------------------------------------- corpus


@dataclass(frozen=True, slots=True)
class Document:
    """One passage of a corpus."""

    id: str
    title: str
    text: str
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def passage(self) -> str:
        """Return what every model reads: title, a space, text."""
        return f"{self.title} {self.text}".strip()


@dataclass(frozen=True, slots=True)
class Query:
    """One query; `tags` say what makes it hard, `note` tells a teacher what to look for."""

    id: str
    text: str
    tags: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Corpus:
    """Documents with, where they exist, queries and graded judgments.

    `fingerprint` is a SHA-256 over the documents' ids, titles and texts in order: two corpora
    with the same fingerprint rank alike. `splits` are all the judgments that came with it, by name;
    `judgments` are those of one of them.
    """

    name: str
    documents: tuple[Document, ...]
    queries: tuple[Query, ...] = ()
    judgments: Judgments = field(default_factory=dict)
    fingerprint: str = ""
    card: str = ""
    splits: Mapping[str, Judgments] = field(default_factory=dict)

    def __hash__(self) -> int:
        """Hash by fingerprint, so that work done for a corpus can be kept under it."""
        return hash(self.fingerprint)

    def find_query(self, text: str) -> Query | None:
        """Return the corpus's own query with this text, if there is one."""
        wanted = " ".join(text.split())
        return next((q for q in self.queries if " ".join(q.text.split()) == wanted), None)

    @property
    def split(self) -> str:
        """Return the name of the split whose judgments these are."""
        return next((n for n, found in self.splits.items() if found is self.judgments), "test")

    def with_split(self, split: str) -> Corpus:
        """Return this corpus with another split's judgments; itself where there is no such."""
        if split == self.split or split not in self.splits:
            return self
        return replace(self, judgments=self.splits[split])

    @property
    def by_id(self) -> Mapping[str, Document]:
        """Return the documents by id."""
        return _by_id(self)

    def grades(self, query: Query | None) -> Mapping[str, int]:
        """Return the grades of a query by document id; empty where nothing is judged."""
        return self.judgments.get(query.id, {}) if query else {}


@lru_cache(maxsize=8)
def _by_id(corpus: Corpus) -> Mapping[str, Document]:
    return {document.id: document for document in corpus.documents}


# ---------------------------------------------------------------- rankings


@dataclass(frozen=True, slots=True)
class Billed:
    """What a provider charges for: searches or tokens, in how many requests.

    `estimated` where the provider did not say and the lab counted for itself.
    """

    requests: int = 1
    searches: float = 0.0
    tokens: int = 0
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Scores:
    """What a reranker returns: one finite score a text, aligned with the input, higher is better.

    `kept` and `cut` count each text's tokens that the model did and did not read; where `estimated`
    they are counted with the lab's tokenizer instead of the model's. A cached result carries in
    `measured_ms` the time it took when it was computed. `wait_ms` was spent waiting for a rate
    limit or before another attempt; `billed` is what a provider charges for. `reused` counts the
    texts whose scores were kept from an earlier run.
    """

    values: npt.NDArray[np.float64]
    kept: tuple[int, ...] = ()
    cut: tuple[int, ...] = ()
    estimated: bool = False
    cached: bool = False
    measured_ms: float | None = None
    wait_ms: float = 0.0
    billed: Billed | None = None
    notes: tuple[str, ...] = ()
    reused: int = 0


@dataclass(frozen=True, slots=True)
class Hit:
    """One document at one rank. Ranks count from 1.

    `score` is on the scale of the system that ranked; `first_stage_score` on that of the first
    stage. `tokens_cut` and `tokens_read` count the document's tokens that the model did not read
    and did, where they are counted. A ranking that
    was made elsewhere may hold documents that the first stage did not find: their
    `first_stage_rank` is 0 and their movement is not a number of ranks, but 0.
    """

    document: Document
    rank: int
    score: float
    first_stage_rank: int
    first_stage_score: float
    tokens_cut: int = 0
    tokens_read: int = 0

    @property
    def original_index(self) -> int:
        """Return the candidate's position before reranking, counted from 0."""
        return self.first_stage_rank - 1

    @property
    def movement(self) -> int:
        """Return how many ranks the document rose (positive) or fell (negative)."""
        return self.first_stage_rank - self.rank if self.first_stage_rank else 0


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds by stage. `load` and `wait` are not part of the work and never added to it."""

    embed_ms: float = 0.0
    search_ms: float = 0.0
    rerank_ms: float = 0.0
    load_ms: float = 0.0
    wait_ms: float = 0.0

    @property
    def total_ms(self) -> float:
        """Return the work of both stages, without loading and waiting."""
        return self.embed_ms + self.search_ms + self.rerank_ms


@dataclass(frozen=True, slots=True)
class Usage:
    """What a scoring pass consumed: query-document pairs, tokens read where they are counted.

    `requests`, `searches` and `billed_tokens` are what a provider charges for, `usd` what that
    costs at the prices on file (None where it costs nothing or no price is known). `estimated`
    where the provider did not say. `reused` pairs were scored in an earlier run: what they took and
    cost is of then.
    """

    pairs: int = 0
    tokens: int = 0
    requests: int = 0
    searches: float = 0.0
    billed_tokens: int = 0
    usd: float | None = None
    estimated: bool = False
    reused: int = 0


@dataclass(frozen=True, slots=True)
class Ranking:
    """All candidates in the order one system gives them; readers cut at their own final_k.

    `recorded` is the date of a ranking that was made earlier or elsewhere, empty for one made now.
    `cut_estimated` says that tokens cut were counted with another tokenizer than the model's.
    """

    system: str
    hits: tuple[Hit, ...]
    timing: Timing = Timing()
    usage: Usage = Usage()
    cached: bool = False
    recorded: str = ""
    cut_estimated: bool = False
    notes: tuple[str, ...] = ()

    @property
    def truncated(self) -> int:
        """Return how many documents were not read to their end."""
        return sum(hit.tokens_cut > 0 for hit in self.hits)


@dataclass(frozen=True, slots=True)
class Failure:
    """A system that did not rank: why, and what to do."""

    system: str
    reason: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A system's ranking of one query, made earlier or elsewhere: shown, never computed.

    `key` is the system's name in this session; `documents` are ids with scores, best first;
    `date` says when it was made, in words.
    """

    key: str
    label: str
    date: str
    documents: tuple[tuple[str, float], ...]
    scale: str = "as recorded"
    timing: Timing = Timing()
    usage: Usage = Usage()


@dataclass(frozen=True, slots=True)
class Comparison:
    """One query, the first stage's ranking, and what became of each reranker."""

    query: str
    first_stage: Ranking
    results: tuple[Ranking | Failure, ...] = ()

    @property
    def rankings(self) -> tuple[Ranking, ...]:
        """Return the rerankers that ranked."""
        return tuple(r for r in self.results if isinstance(r, Ranking))

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Return the rerankers that did not."""
        return tuple(r for r in self.results if isinstance(r, Failure))


# ---------------------------------------------------------------- models


@dataclass(frozen=True, slots=True)
class Limits:
    """What a provider takes in one request, and what it reads of a text; 0 where none is known.

    Tokens are the provider's own; the lab estimates them. `per_minute` counts requests.
    """

    documents: int = 0
    request_tokens: int = 0
    request_bytes: int = 0
    query_tokens: int = 0
    document_tokens: int = 0
    per_minute: int = 0


@dataclass(frozen=True, slots=True)
class Spec:
    """A model or method as data: what it is, whose it is, and what its scores mean.

    `local` models share the cores through one gate; `runtime` names what has to be imported
    (``onnx``, ``torch`` or ``none``); `listwise` models score a document by its company;
    `token_vectors` says that documents are encoded ahead, token by token. `provider` names who
    answers over the network and whose key is needed; `instructions` says that the model follows
    an instruction beside the query.
    """

    key: str
    label: str
    family: str
    summary: str
    scale: str
    model: str = ""
    revision: str = ""
    source: str = ""
    authors: str = ""
    license: str = ""
    size_mb: float = 0.0
    max_tokens: int = 0
    runtime: str = "none"
    local: bool = True
    listwise: bool = False
    token_vectors: bool = False
    caution: str = ""
    provider: str = ""
    instructions: bool = False
    languages: str = "English"
    limits: Limits = Limits()


class Encoder(Protocol):
    """A bi-encoder: queries and documents become vectors, each on its own."""

    @property
    def dimension(self) -> int:
        """Return the length of a vector."""
        ...

    def encode_query(self, text: str) -> Vector:
        """Return the query's unit vector."""
        ...

    def encode_documents(self, texts: Sequence[str], progress: Progress = no_progress) -> Matrix:
        """Return one unit row for each text, in order."""
        ...


class Reranker(Protocol):
    """Anything that scores texts against a query. It never sorts and never changes its input."""

    def score(self, query: str, texts: Sequence[str], progress: Progress = no_progress) -> Scores:
        """Return one score for each text, aligned with the input."""
        ...
