"""What the board shows of a job: columns, their states, cards and the documents' paths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from components.analysis.comparison import movement_paths, relative_scores, telling_documents
from components.analysis.depth import at_depth, beyond_settled
from components.analysis.quality import quality
from components.charts.palette import LETTERS, letters
from components.config import Settings
from components.corpora.details import detail_line
from components.corpora.pasted import GIVEN
from components.domain import RANKS_ONLY, Failure, Hit, Ranking, Recorded, Spec, Usage
from components.lab import catalog
from components.lab.work import Step
from components.measures import DEFAULT
from components.pipeline import Request
from components.pipeline.job import FIRST, ComparisonJob
from components.ui.compare.board.component import (
    BoardData,
    CardView,
    ColumnView,
    Origin,
    PathView,
    State,
)
from components.wording import agree, count, dollars, milliseconds
from components.wording import score as score_words

_STATES: Mapping[str, State] = {
    "wait": "waiting",
    "run": "running",
    "done": "done",
    "failed": "failed",
    "stopped": "stopped",
}


_DOING: Mapping[str, str] = {
    "wait": "waiting for its turn",
    "load": "loading the model",
    "download": "downloading the model",
    "run": "scoring the candidates",
}
_ENCODING: Mapping[str, str] = {"encode": "encoding", "store": "storing"}
"""What is done to passages, by the first word of a step."""


Result = TypeVar("Result", Ranking | Failure, Ranking | Failure | None)


def column_specs(request: Request, settings: Settings) -> dict[str, Spec]:
    """Return the spec of each column but the first stage's, recorded ones included."""
    specs = {key: catalog.reranker_spec(key, settings) for key in request.pipelines.rerankers}
    return specs | {r.key: _recorded_spec(r) for r in request.query.recorded}


def first_spec(request: Request, settings: Settings) -> Spec:
    """Return the first stage's spec, recorded or not."""
    if request.query.recorded_first is not None:
        return _recorded_spec(request.query.recorded_first)
    return catalog.first_stage(request.pipelines.first_stage, settings).spec


def _recorded_spec(recorded: Recorded) -> Spec:
    given = recorded.scale == GIVEN
    return Spec(recorded.key, recorded.label, "" if given else "recorded", "", recorded.scale)


def board_data(
    job: ComparisonJob,
    final_k: int,
    grades: Mapping[str, int],
    depth: int | None = None,
    measure: str = DEFAULT,
) -> BoardData:
    """Return what the board shows of a job as it stands now, at a smaller depth where asked.

    `measure` is that of the columns' quality.
    """
    columns = [
        column_view(job, system, final_k, grades, depth, measure)
        for system in (FIRST, *in_letter_order(job))
    ]
    top = max(3, *grades.values()) if grades else 0
    paths, joined = _paths(job, final_k, grades, depth)
    bold = "documents judged relevant" if any(g > 0 for g in grades.values()) else "systems' firsts"
    reading = (
        f"How to read: one line a document, one column a system. Bold are the {bold}. "
        f"Below the dots stand ranks beyond {final_k}."
    )
    return BoardData(tuple(columns), top, final_k, paths, joined, reading if paths else "")


def column_view(
    job: ComparisonJob,
    system: str,
    final_k: int,
    grades: Mapping[str, int],
    depth: int | None = None,
    measure: str = DEFAULT,
) -> ColumnView:
    """Return one column as it stands now; the first stage's is that of the system FIRST."""
    settings, stage = job.lab.settings, job.steps.get(system, Step())
    itself = job.corpus.itself(job.corpus.find_query(job.request.query.text))
    own = itself.id if itself else ""
    if system == FIRST:
        spec, first = first_spec(job.request, settings), job.first_stage
        return _column(spec, LETTERS[0], stage, first, final_k, grades, measure).marking(own)
    spec = column_specs(job.request, settings)[system]
    result = job.comparison.result(system) if job.comparison else None
    result = at(spec, result or job.provisional(system), depth)
    letter = letters(job.request.systems, settings)[system]
    column = _column(spec, letter, stage, result, final_k, grades, measure).marking(own)
    return replace(column, notes=(*_instruction_note(spec, job.request), *column.notes))


def in_letter_order(job: ComparisonJob) -> list[str]:
    """Return a job's systems but the first stage in the order of their letters."""
    systems = job.request.systems
    named = letters(systems, job.lab.settings)
    return sorted(systems, key=lambda system: named[system])


def at(spec: Spec, result: Result, depth: int | None) -> Result:
    """Return a result as it would be with fewer candidates; a listwise one stays as it is."""
    if depth is None or not isinstance(result, Ranking) or spec.listwise or result.recorded:
        return result
    return at_depth(result, depth)


def _paths(
    job: ComparisonJob, final_k: int, grades: Mapping[str, int], depth: int | None
) -> tuple[tuple[PathView, ...], tuple[str, ...]]:
    """Return the paths of the top documents through the columns that ended well, and their keys."""
    comparison = job.comparison
    if comparison is None:
        return (), ()
    specs = column_specs(job.request, job.lab.settings)
    results = [at(specs[key], comparison.result(key), depth) for key in in_letter_order(job)]
    rankings = (comparison.first_stage, *(r for r in results if isinstance(r, Ranking) and r.hits))
    telling = telling_documents(rankings, grades)
    paths = tuple(
        PathView(
            p.document.id,
            p.document.title or p.document.text,
            p.ranks,
            p.heights,
            p.document.id in telling,
        )
        for p in movement_paths(rankings, final_k)
    )
    return paths, (FIRST, *(ranking.system for ranking in rankings[1:]))


def _instruction_note(spec: Spec, request: Request) -> tuple[str, ...]:
    """Return whether a reranker follows the instruction; its variant without is named so."""
    if not request.pipelines.instruction.strip() or spec.key not in request.pipelines.rerankers:
        return ()
    if spec.instructions:
        return ("with instruction",)
    return () if spec.key.endswith(catalog.WITHOUT_INSTRUCTION) else ("takes no instruction",)


def _column(
    spec: Spec,
    letter: str,
    stage: Step,
    result: Ranking | Failure | None,
    final_k: int,
    grades: Mapping[str, int],
    measure: str,
) -> ColumnView:
    """Return a column; the first stage's has the letter A."""
    ranking = result if isinstance(result, Ranking) else None
    failure = result if isinstance(result, Failure) else None
    ended = ranking if stage.state == "done" else None  # else its order is provisional
    value = quality(ended, grades, measure) if ended else None
    cards = _cards(ranking, final_k, grades, first=letter == "A")
    if spec.scale in {GIVEN, RANKS_ONLY}:
        cards = tuple(replace(card, score="", bar=0.0) for card in cards)
    return ColumnView(
        key=spec.key if letter != "A" else FIRST,
        letter=letter,
        label=spec.label,
        kind=", ".join(filter(None, (spec.family, "first stage" if letter == "A" else ""))),
        scale=spec.scale,
        state=_STATES.get(stage.state, "running" if stage.total else "loading"),
        done=stage.done,
        total=stage.total,
        latency=milliseconds(ended.timing.total_ms) if ended and ended.timing.total_ms else "",
        quality="" if value is None else f"{measure} {value:.2f}",
        notes=_notes(spec, ranking, final_k, provisional=ranking is not ended),
        reason=failure.reason if failure else "",
        remedy=failure.remedy if failure else "",
        cards=cards,
        cost=dollars(ranking.usage.usd) if ranking and ranking.usage.usd is not None else "",
        cost_detail=describe_usage(ranking.usage) if ranking else "",
        doing=describe_step(stage),
    )


def describe_step(step: Step) -> str:
    """Return in words what a system at work does; empty where it is not at work."""
    if step.state in _DOING:
        return _DOING[step.state]
    name = step.state.split(" ")[0]
    return f"{_ENCODING[name]} {count(step.total, 'passage')}" if name in _ENCODING else ""


def describe_usage(usage: Usage) -> str:
    """Return what was billed, in words; empty where nothing was."""
    units = (
        [f"{usage.searches:,g} {agree(usage.searches, 'search', 'searches')}"]
        if usage.searches
        else []
    )
    units += [count(usage.billed_tokens, "token")] if usage.billed_tokens else []
    if not units:
        return ""
    how = "the lab's estimate; the provider did not say" if usage.estimated else "as billed"
    return f"{' and '.join(units)} ({how})"


def _notes(spec: Spec, ranking: Ranking | None, k: int, *, provisional: bool) -> tuple[str, ...]:
    notes = ["anti-pattern"] if spec.caution.startswith("An anti-pattern") else []
    if ranking is None or provisional:
        return (*notes, *(["provisional order"] if provisional else ()))
    if ranking.recorded:
        notes.append(describe_recorded(ranking.recorded))
    if ranking.truncated:
        about = "about " if ranking.cut_estimated else ""
        notes.append(f"{about}{ranking.truncated} cut")
    if ranking.usage.estimated and ranking.usage.usd is not None:
        notes.append("cost estimated")
    notes += (*beyond_settled(ranking, k), *ranking.notes)
    if ranking.cached:
        notes.append("cached")
    if ranking.timing.load_ms > 50:
        notes.append(f"cold start {ranking.timing.load_ms / 1000:,.1f} s")
    return tuple(notes)


def describe_recorded(date: str) -> str:
    """Return how a column that was not computed now is marked."""
    return f"run {date}" if date.startswith("from ") else f"recorded {date}"


def _cards(
    ranking: Ranking | None, final_k: int, grades: Mapping[str, int], *, first: bool
) -> tuple[CardView, ...]:
    if ranking is None:
        return ()
    bars = relative_scores([hit.score for hit in ranking.hits])
    hits = zip(ranking.hits[:final_k], bars, strict=False)
    return tuple(
        _card(hit, bar, final_k, grades, first=first, estimated=ranking.cut_estimated)
        for hit, bar in hits
    )


def _card(
    hit: Hit,
    bar: float,
    final_k: int,
    grades: Mapping[str, int],
    *,
    first: bool,
    estimated: bool,
) -> CardView:
    return CardView(
        id=hit.document.id,
        rank=hit.rank,
        title=hit.document.title,
        text=hit.document.text,
        score=score_words(hit.score),
        bar=bar,
        first_rank=hit.first_stage_rank,
        origin="first" if first else _origin(hit, final_k),
        delta=abs(hit.movement),
        grade=grades.get(hit.document.id),
        cut=hit.tokens_cut,
        cut_estimated=estimated,
        details=detail_line(hit.document),
    )


def _origin(hit: Hit, final_k: int) -> Origin:
    if not hit.first_stage_rank:
        return "new"
    if hit.first_stage_rank > final_k:
        return "from"
    if hit.movement == 0:
        return "same"
    return "up" if hit.movement > 0 else "down"
