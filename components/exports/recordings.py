"""Comparisons saved to be shown again, and runs that were made elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Annotated, Final, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from components.corpora import MAX_BYTES, MAX_SIZE, Upload, fingerprint, lines, printable, quoted
from components.domain import (
    Comparison,
    Corpus,
    CorpusError,
    Document,
    Failure,
    Judgments,
    Query,
    Ranking,
    Recorded,
    Timing,
    Usage,
)

FORMAT: Final = "rerank-lab-recording"
VERSION: Final = 1
PREFIX = "recorded:"
RUN_PREFIX = "run:"
MOST_HITS = 10_000
"""Documents that a run may rank for one query."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A comparison with what a reader must know of it: models and scales by system, judgments."""

    comparison: Comparison
    initial_k: int
    instruction: str
    models: Mapping[str, str]
    scales: Mapping[str, str]
    grades: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class RecordedQuery:
    """One query of a recording: its first stage and its columns, as they were."""

    text: str
    initial_k: int
    instruction: str
    grades: Mapping[str, int]
    first_stage: Recorded
    columns: tuple[Recorded, ...]
    failures: tuple[Failure, ...] = ()


@dataclass(frozen=True, slots=True)
class Recording:
    """Saved comparisons of one corpus, with the documents that they need to be shown."""

    name: str
    date: str
    corpus_name: str
    fingerprint: str
    documents: tuple[Document, ...]
    queries: tuple[RecordedQuery, ...]

    def matches(self, corpus: Corpus) -> bool:
        """Return whether a corpus is the one that the recording was made with."""
        return corpus.fingerprint == self.fingerprint

    def corpus(self) -> Corpus:
        """Return a corpus of the recorded candidates alone, where the original is not at hand.

        Its fingerprint is its own: what is computed for it must not pass for the original's.
        """
        queries = tuple(Query(f"q{i}", q.text) for i, q in enumerate(self.queries, start=1))
        grades: Judgments = {
            query.id: q.grades for query, q in zip(queries, self.queries, strict=True) if q.grades
        }
        return Corpus(self.name, self.documents, queries, grades, fingerprint(self.documents))


def columns_for(recording: Recording, query: str) -> RecordedQuery | None:
    """Return what a recording holds for a query, if anything."""
    wanted = query.split()
    return next((q for q in recording.queries if q.text.split() == wanted), None)


# ---------------------------------------------------------------- the file, as data

Text = Annotated[str, Field(max_length=2_000_000)]
Name = Annotated[str, Field(min_length=1, max_length=512)]
Milliseconds = Annotated[FiniteFloat, Field(ge=0, le=1e9)]
Count = Annotated[int, Field(ge=0, le=10**12)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class _Timing(_Strict):
    embed_ms: Milliseconds = 0.0
    search_ms: Milliseconds = 0.0
    rerank_ms: Milliseconds = 0.0
    load_ms: Milliseconds = 0.0
    wait_ms: Milliseconds = 0.0


class _Usage(_Strict):
    pairs: Count = 0
    tokens: Count = 0
    requests: Count = 0
    searches: Milliseconds = 0.0
    billed_tokens: Count = 0
    usd: Milliseconds | None = None
    estimated: bool = False
    reused: Count = 0


class _System(_Strict):
    system: Name
    model: Text
    scale: Text
    date: datetime
    hits: Annotated[list[tuple[Name, FiniteFloat]], Field(max_length=MOST_HITS)]
    timing: _Timing
    usage: _Usage


class _Document(_Strict):
    id: Name
    title: Text
    text: Text


class _Corpus(_Strict):
    name: Name
    documents: Count
    fingerprint: Annotated[str, Field(pattern="^[0-9a-f]{0,64}$")]


class _Failed(_Strict):
    system: Name
    reason: Text
    remedy: Text


class _Query(_Strict):
    text: Annotated[str, Field(min_length=1, max_length=100_000)]
    initial_k: Annotated[int, Field(ge=1, le=MOST_HITS)]
    instruction: Text
    grades: dict[Name, Annotated[int, Field(ge=-(10**9), le=10**9)]]
    first_stage: _System
    systems: Annotated[list[_System], Field(max_length=8)]
    failures: Annotated[list[_Failed], Field(max_length=8)]


class _Bundle(_Strict):
    format: Literal["rerank-lab-recording"]
    version: Literal[1]
    date: datetime
    corpus: _Corpus
    documents: list[_Document]
    queries: Annotated[list[_Query], Field(min_length=1, max_length=2_000)]


# ---------------------------------------------------------------- writing


def bundle(saved: Sequence[Saved], corpus: Corpus, made: datetime) -> str:
    """Return comparisons of one corpus as JSON: everything but keys."""
    found: dict[str, Document] = {}
    for one in saved:
        for ranking in (one.comparison.first_stage, *one.comparison.rankings):
            found.update({hit.document.id: hit.document for hit in ranking.hits})
    return _Bundle(
        format=FORMAT,
        version=VERSION,
        date=made,
        corpus=_Corpus(
            name=corpus.name, documents=len(corpus.documents), fingerprint=corpus.fingerprint
        ),
        documents=[_Document(id=d.id, title=d.title, text=d.text) for d in found.values()],
        queries=[_query(one, made) for one in saved],
    ).model_dump_json(indent=1)


def _query(one: Saved, made: datetime) -> _Query:
    comparison = one.comparison
    return _Query(
        text=comparison.query,
        initial_k=one.initial_k,
        instruction=one.instruction,
        grades=dict(one.grades),
        first_stage=_system(comparison.first_stage, one, made),
        systems=[_system(ranking, one, made) for ranking in comparison.rankings],
        failures=[_Failed(**asdict(failure)) for failure in comparison.failures],
    )


def _system(ranking: Ranking, one: Saved, made: datetime) -> _System:
    """Return a ranking as data; one that was itself recorded keeps its name and date."""
    return _System(
        system=ranking.system.removeprefix(PREFIX),
        model=one.models.get(ranking.system, ""),
        scale=one.scales.get(ranking.system, ""),
        date=_date_of(ranking.recorded) or made,
        hits=[(hit.document.id, hit.score) for hit in ranking.hits],
        timing=_Timing(**asdict(ranking.timing)),
        usage=_Usage(**asdict(ranking.usage)),
    )


_DATE = "%d %B %Y"


def _date_of(words: str) -> datetime | None:
    try:
        return datetime.strptime(words, _DATE).replace(tzinfo=UTC)
    except ValueError:
        return None


# ---------------------------------------------------------------- reading


def read_bundle(data: bytes, name: str) -> Recording:
    """Return a recording from its JSON; CorpusError says what is wrong and where in it."""
    shown = printable(name, 60)
    if len(data) > MAX_BYTES:
        raise CorpusError(
            f"{shown} is larger than {MAX_SIZE}.", "Save fewer comparisons in one file."
        )
    try:
        found = _Bundle.model_validate_json(data)
    except ValidationError as exc:
        raise CorpusError(
            f"{shown} is not a recording: {_first_fault(exc)}.",
            "Choose a file that was saved with “Record and replay”.",
        ) from exc
    known = {document.id for document in found.documents}
    if len(known) < len(found.documents):
        raise CorpusError(f"{shown} holds two documents with the same id.", "Save it again.")
    for i, query in enumerate(found.queries):
        _check(query, known, f"{shown}, queries[{i}]")
    documents = tuple(Document(d.id, d.title, d.text) for d in found.documents)
    return Recording(
        f"recorded {found.corpus.name}"[:60],
        found.date.isoformat(),
        found.corpus.name,
        found.corpus.fingerprint,
        documents,
        tuple(_recorded_query(query) for query in found.queries),
    )


def _first_fault(exc: ValidationError) -> str:
    fault = exc.errors(include_url=False, include_context=False, include_input=False)[0]
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in fault["loc"])
    where = printable("".join(steps).lstrip("."), 120)
    message = printable(fault["msg"], 200)
    return f"{where}: {message}" if where else message


def _check(query: _Query, known: set[str], where: str) -> None:
    """Raise CorpusError for a document that is missing or ranked twice, a system named twice."""
    names = [system.system for system in query.systems]
    if len(set(names)) < len(names):
        raise CorpusError(f"{where} names a system twice.", "Save it again.")
    for system in (query.first_stage, *query.systems):
        ids = [i for i, _ in system.hits]
        if len(set(ids)) < len(ids):
            raise CorpusError(f"{where}, {quoted(system.system)} ranks a document twice.", "")
        lost = next((i for i in ids if i not in known), None)
        if lost is not None:
            raise CorpusError(
                f"{where}, {quoted(system.system)} ranks {quoted(lost)}, which the file lacks.",
                "Save it again.",
            )


def _recorded_query(query: _Query) -> RecordedQuery:
    return RecordedQuery(
        query.text,
        query.initial_k,
        query.instruction,
        query.grades,
        _recorded(query.first_stage),
        tuple(_recorded(system) for system in query.systems),
        tuple(Failure(PREFIX + f.system, f.reason, f.remedy) for f in query.failures),
    )


def _recorded(system: _System) -> Recorded:
    return Recorded(
        PREFIX + system.system,
        system.system,
        f"{system.date:%d %B %Y}",
        tuple(system.hits),
        system.scale or "as recorded",
        Timing(**system.timing.model_dump()),
        Usage(**system.usage.model_dump()),
    )


# ---------------------------------------------------------------- TREC runs

_SPACES = {quote(chr(i)): chr(i) for i in range(0x3001) if chr(i).isspace()}
_SPACE = re.compile("|".join(_SPACES))


def read_run(data: bytes, name: str) -> dict[str, Recorded]:
    """Return a TREC run's ranking of each query; CorpusError names file and line.

    Documents are ordered by falling score; equal scores by their rank, then by their place.
    """
    if len(data) > MAX_BYTES:
        raise CorpusError(f"{printable(name, 60)} is larger than {MAX_SIZE}.", "Split the run.")
    found: dict[str, dict[str, tuple[float, int]]] = {}
    tags: set[str] = set()
    for number, line in lines(Upload(name, data)):
        where = f"{printable(name, 60)}:{number}"
        query, document, rank, score, tag = _run_line(where, line)
        tags.add(tag)
        ranked = found.setdefault(query, {})
        if document in ranked:
            raise CorpusError(f"{where} ranks {quoted(document)} a second time.", "Remove a line.")
        if len(ranked) >= MOST_HITS:
            raise CorpusError(f"{where}: more than {MOST_HITS:,} documents.", "Cut the run.")
        ranked[document] = (score, rank)
    if len(tags) != 1:
        raise CorpusError(
            f"{printable(name, 60)} holds {len(tags)} runs; a column is one.",
            "Keep the lines of one run tag (the sixth field) in a file of their own.",
        )
    tag = tags.pop()
    return {query: _run_column(tag, name, ranked) for query, ranked in found.items()}


def _run_line(where: str, line: str) -> tuple[str, str, int, float, str]:
    cells = line.split()
    if len(cells) != 6:
        raise CorpusError(
            f"{where} has {len(cells)} fields; a TREC run has 6.",
            "Each line is: query Q0 document rank score tag.",
        )
    query, _, document, rank, score, tag = cells
    if not re.fullmatch(r"-?\d{1,9}", rank) or not re.fullmatch(_NUMBER, score):
        raise CorpusError(
            f"{where}: rank {quoted(rank)} and score {quoted(score)} must be numbers.",
            "Each line is: query Q0 document rank score tag.",
        )
    value = float(score)
    if value in (float("inf"), float("-inf")):
        raise CorpusError(f"{where}: the score {quoted(score)} is not finite.", "Correct it.")
    return _plain(query), _plain(document), int(rank), value, tag


_NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"


def _plain(token: str) -> str:
    """Return an id whose white space was percent-encoded as it was."""
    return _SPACE.sub(lambda match: _SPACES[match[0]], token)


def _run_column(tag: str, name: str, ranked: Mapping[str, tuple[float, int]]) -> Recorded:
    order = sorted(ranked, key=lambda d: (-ranked[d][0], ranked[d][1]))
    documents = tuple((document, ranked[document][0]) for document in order)
    shown = printable(tag, 40)
    date = f"from {printable(name, 60)}"
    return Recorded(f"{RUN_PREFIX}{shown}", shown, date, documents, "as in the run")
