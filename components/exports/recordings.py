"""Comparisons saved as files, to be shown again without a model or a network."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

from pydantic import ValidationError

from components.corpora import MAX_BYTES, MAX_SIZE, fingerprint, first_fault, printable, quoted
from components.domain import (
    NO_FILTER,
    RECORDED,
    Comparison,
    Corpus,
    CorpusError,
    Document,
    Failure,
    Filter,
    InputError,
    Judgments,
    Query,
    Ranking,
    Recorded,
    Spec,
    Timing,
    Usage,
)
from components.exports.recording_format import (
    FORMAT,
    MAX_VALUES,
    VERSION,
    CorpusData,
    DocumentData,
    FailureData,
    FilterData,
    QueryData,
    RecordingData,
    SystemData,
    TimingData,
    UsageData,
)
from components.pipeline import Pipelines
from components.wording import visible

_DATE = "%d %B %Y"


@dataclass(frozen=True, slots=True)
class Saved:
    """A comparison to save; `models` and `scales` by system, `grades` by document id."""

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
    filter: Filter = NO_FILTER


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
        Raises CorpusError where no query had a hit: a corpus has at least one document.
        """
        if not self.documents:
            raise CorpusError(
                f"The recording holds no documents: none of its queries had a hit in "
                f"{quoted(self.corpus_name)}.",
                "Upload the corpus that it was made with first; it can then be replayed.",
            )
        queries = tuple(Query(f"q{i}", q.text) for i, q in enumerate(self.queries, start=1))
        grades: Judgments = {
            query.id: q.grades for query, q in zip(queries, self.queries, strict=True) if q.grades
        }
        return Corpus(self.name, self.documents, queries, grades, fingerprint(self.documents))


def columns_for(recording: Recording, query: str) -> RecordedQuery | None:
    """Return the recorded comparison of a query; white space may differ."""
    tokens = query.split()
    return next((q for q in recording.queries if q.text.split() == tokens), None)


# ---------------------------------------------------------------- writing


def saved(
    comparison: Comparison,
    pipelines: Pipelines,
    specs: Mapping[str, Spec],
    grades: Mapping[str, int],
) -> Saved:
    """Return a comparison to save; `specs` by system, the first stage included."""
    return Saved(
        comparison=comparison,
        initial_k=pipelines.initial_k,
        instruction=pipelines.instruction,
        models={key: spec.model or spec.label for key, spec in specs.items()},
        scales={key: spec.scale for key, spec in specs.items()},
        grades=grades,
    )


def bundle(saved: Sequence[Saved], corpus: Corpus, made: datetime) -> str:
    """Return comparisons of one corpus as JSON: everything but keys."""
    documents: dict[str, Document] = {}
    for one in saved:
        for ranking in (one.comparison.first_stage, *one.comparison.rankings):
            documents.update({hit.document.id: hit.document for hit in ranking.hits})
    data = RecordingData(
        format=FORMAT,
        version=VERSION,
        date=made,
        corpus=CorpusData(
            name=corpus.name, documents=len(corpus.documents), fingerprint=corpus.fingerprint
        ),
        documents=[DocumentData(id=d.id, title=d.title, text=d.text) for d in documents.values()],
        queries=[_query(one, made) for one in saved],
    )
    unfiltered = {i: {"filter"} for i, query in enumerate(data.queries) if query.filter is None}
    return visible(data.model_dump_json(indent=1, exclude={"queries": unfiltered}), keep="\n")


def _query(one: Saved, made: datetime) -> QueryData:
    comparison = one.comparison
    return QueryData(
        text=comparison.query,
        initial_k=one.initial_k,
        instruction=one.instruction,
        grades=dict(one.grades),
        first_stage=_system(comparison.first_stage, one, made),
        systems=[_system(ranking, one, made) for ranking in comparison.rankings],
        failures=[FailureData(**asdict(failure)) for failure in comparison.failures],
        filter=FilterData(conditions=list(first.filter.texts), matching=first.matching)
        if (first := comparison.first_stage).filter
        else None,
    )


def _system(ranking: Ranking, one: Saved, made: datetime) -> SystemData:
    """Return a ranking as data; one that was itself recorded keeps its name and date."""
    return SystemData(
        system=ranking.system.removeprefix(RECORDED),
        model=one.models.get(ranking.system, ""),
        scale=one.scales.get(ranking.system, ""),
        date=_date_of(ranking.recorded) or made,
        hits=[(h.document.id, h.score if h.scored else None) for h in ranking.hits],
        timing=TimingData(**asdict(ranking.timing)),
        usage=UsageData(**asdict(ranking.usage)),
    )


def _date_of(date: str) -> datetime | None:
    """Return the date of a recorded ranking; None for what is none, such as a run's file name."""
    try:
        return datetime.strptime(date, _DATE).replace(tzinfo=UTC)
    except ValueError:
        return None


# ---------------------------------------------------------------- reading


def read_bundle(data: bytes, name: str) -> Recording:
    """Return a recording from its JSON; CorpusError says what is wrong and where in it."""
    file = printable(name, 60)
    if len(data) > MAX_BYTES:
        raise CorpusError(
            f"{file} is larger than {MAX_SIZE}.", "Save fewer comparisons in one file."
        )
    if data.count(b",") + data.count(b"[") > MAX_VALUES:
        raise CorpusError(
            f"{file} holds more than {MAX_VALUES:,} commas and lists.",
            "Save fewer comparisons in one file.",
        )
    try:
        recording = RecordingData.model_validate_json(data)
    except ValidationError as exc:
        raise CorpusError(
            f"{file} is not a recording: {first_fault(exc)}.",
            "Choose a file that was saved with “Record and replay”.",
        ) from exc
    ids = {document.id for document in recording.documents}
    if len(ids) < len(recording.documents):
        raise CorpusError(f"{file} holds two documents with the same id.", "Save it again.")
    for i, query in enumerate(recording.queries):
        _check(query, ids, f"{file}, queries[{i}]")
    return Recording(
        f"recorded {recording.corpus.name}"[:60],
        recording.date.isoformat(),
        recording.corpus.name,
        recording.corpus.fingerprint,
        tuple(Document(d.id, d.title, d.text) for d in recording.documents),
        tuple(_recorded_query(query) for query in recording.queries),
    )


def _check(query: QueryData, documents: set[str], where: str) -> None:
    """Raise CorpusError for a document that is missing or ranked twice, a system named twice."""
    names = [system.system for system in query.systems]
    if len(set(names)) < len(names):
        raise CorpusError(f"{where} names a system twice.", "Save it again.")
    try:
        Filter.parse(query.filter.conditions if query.filter else ())
    except InputError as exc:
        raise CorpusError(f"{where}: {exc.reason}", exc.remedy) from exc
    for system in (query.first_stage, *query.systems):
        ids = [i for i, _ in system.hits]
        if len(set(ids)) < len(ids):
            raise CorpusError(f"{where}, {quoted(system.system)} ranks a document twice.", "")
        lost = next((i for i in ids if i not in documents), None)
        if lost is not None:
            raise CorpusError(
                f"{where}, {quoted(system.system)} ranks {quoted(lost)}, which the file lacks.",
                "Save it again.",
            )


def _recorded_query(query: QueryData) -> RecordedQuery:
    return RecordedQuery(
        query.text,
        query.initial_k,
        query.instruction,
        query.grades,
        replace(
            _recorded(query.first_stage), matching=query.filter.matching if query.filter else 0
        ),
        tuple(_recorded(system) for system in query.systems),
        tuple(Failure(RECORDED + f.system, f.reason, f.remedy) for f in query.failures),
        Filter.parse(query.filter.conditions) if query.filter else NO_FILTER,
    )


def _recorded(system: SystemData) -> Recorded:
    return Recorded(
        RECORDED + system.system,
        system.system,
        f"{system.date:{_DATE}}",
        tuple((i, math.nan if score is None else score) for i, score in system.hits),
        system.scale or "as recorded",
        Timing(**system.timing.model_dump()),
        Usage(**system.usage.model_dump()),
    )
