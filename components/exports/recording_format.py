"""The file of a recording as pydantic models: version 1, which every version of the lab reads.

A field that is unknown, missing, of another type or out of its range is refused.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    FailFast,
    Field,
    FiniteFloat,
    TypeAdapter,
    model_validator,
)

from components.corpora import MAX_QUERY
from components.corpora.faults import Grade
from components.domain.filters import MOST_CONDITIONS
from components.wording import shortened

FORMAT: Final = "rerank-lab-recording"
VERSION: Final = 1
MAX_HITS: Final = 10_000
"""Documents that one system may rank for one query."""

MAX_VALUES: Final = 1_200_000
"""Commas and lists in a file, those of texts too: a JSON value takes up to 650 bytes in memory."""

Text = Annotated[str, Field(max_length=2_000_000)]
Name = Annotated[str, Field(min_length=1, max_length=512)]
Milliseconds = Annotated[FiniteFloat, Field(ge=0, le=1e9)]
Count = Annotated[int, Field(ge=0, le=10**12)]
Amount = Annotated[FiniteFloat, Field(ge=0, le=1e15)]
"""Searches or dollars: what several requests of the most units at the highest price come to."""


class _Strict(BaseModel):
    """Refuses unknown fields after the others: pydantic's own check has an error for each of them.

    Lists stop at their first error for the same reason, because errors take a kilobyte each.
    """

    model_config = ConfigDict(strict=True, extra="allow", frozen=True)

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        for name in self.model_extra or ():
            raise ValueError(f"there is no field {shortened(name, 60)!r}")
        return self


_GRADES = TypeAdapter(dict[Name, Grade], config=ConfigDict(strict=True))


def _check_grades(grades: dict[str, Any]) -> dict[str, int]:
    """Return grades; raise ValidationError for the first that is none."""
    for name, grade in grades.items():
        _GRADES.validate_python({name: grade})
    return grades


class TimingData(_Strict):
    """Milliseconds by stage."""

    embed_ms: Milliseconds = 0.0
    search_ms: Milliseconds = 0.0
    rerank_ms: Milliseconds = 0.0
    load_ms: Milliseconds = 0.0
    wait_ms: Milliseconds = 0.0


class UsageData(_Strict):
    """What was scored and what was charged."""

    pairs: Count = 0
    tokens: Count = 0
    requests: Count = 0
    searches: Amount = 0.0
    billed_tokens: Count = 0
    usd: Amount | None = None
    estimated: bool = False
    reused: Count = 0


class SystemData(_Strict):
    """One column: its model, its ranking as ids and scores, best first, and what it took."""

    system: Name
    model: Text
    scale: Text
    date: datetime
    hits: Annotated[list[tuple[Name, FiniteFloat | None]], Field(max_length=MAX_HITS), FailFast()]
    timing: TimingData
    usage: UsageData


class DocumentData(_Strict):
    """One document that is among the hits."""

    id: Name
    title: Text
    text: Text


class CorpusData(_Strict):
    """The corpus that was searched: its name, its number of documents, its fingerprint."""

    name: Name
    documents: Count
    fingerprint: Annotated[str, Field(pattern="^[0-9a-f]{0,64}$")]


class FailureData(_Strict):
    """A system that did not rank."""

    system: Name
    reason: Text
    remedy: Text


class FilterData(_Strict):
    """The conditions that the candidates meet, and how many documents of the corpus do."""

    conditions: Annotated[list[Text], Field(min_length=1, max_length=MOST_CONDITIONS)]
    matching: Count


class QueryData(_Strict):
    """One comparison; `grades` are the judgments of its query by document id.

    Without a filter, which older versions refuse, the file has no such field.
    """

    text: Annotated[str, Field(min_length=1, max_length=MAX_QUERY)]
    initial_k: Annotated[int, Field(ge=1, le=MAX_HITS)]
    instruction: Text
    grades: Annotated[dict[str, Any], AfterValidator(_check_grades)]
    first_stage: SystemData
    systems: Annotated[list[SystemData], Field(max_length=8)]
    failures: Annotated[list[FailureData], Field(max_length=8)]
    filter: FilterData | None = None


class RecordingData(_Strict):
    """The whole file."""

    format: Literal["rerank-lab-recording"]
    version: Literal[1]
    date: datetime
    corpus: CorpusData
    documents: Annotated[list[DocumentData], FailFast()]
    queries: Annotated[list[QueryData], Field(min_length=1, max_length=2_000), FailFast()]
