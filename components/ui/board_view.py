"""A job as the board shows it: letters, states, cards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from components import catalog
from components.analysis import ndcg, relative_scores
from components.charts import milliseconds
from components.config import Settings
from components.domain import Failure, Hit, Ranking, Spec
from components.jobs import FIRST, Job, Stage
from components.ui.board import LETTERS, BoardData, CardView, ColumnView, Origin, State

_STATES: Mapping[str, State] = {
    "wait": "waiting",
    "run": "running",
    "done": "done",
    "failed": "failed",
    "stopped": "stopped",
}
_KINDS = {"first stage": "first stage"}


def letters(rerankers: Sequence[str], settings: Settings) -> dict[str, str]:
    """Return each reranker's letter: its own by its place in the catalog, else the first free.

    A is the first stage's. A system keeps its letter whatever stands beside it.
    """
    known = list(catalog.reranker_specs(settings))
    own = {key: LETTERS[1 + known.index(key)] for key in rerankers if known.index(key) < 7}
    free = iter(letter for letter in LETTERS[1:] if letter not in own.values())
    return {key: own.get(key) or next(free) for key in rerankers}


def board_data(job: Job, final_k: int, grades: Mapping[str, int]) -> BoardData:
    """Return what the board shows of a job as it stands now."""
    settings = job.lab.settings
    columns = [_first_column(job, final_k, grades)]
    specs = catalog.reranker_specs(settings)
    for key, letter in letters(job.request.rerankers, settings).items():
        stage = job.stages.get(key, Stage())
        column = _column(specs[key], letter, stage, job.results.get(key), final_k, grades)
        columns.append(column)
    top = max(3, *grades.values()) if grades else 0
    return BoardData(tuple(columns), top, final_k)


def _first_column(job: Job, final_k: int, grades: Mapping[str, int]) -> ColumnView:
    spec = catalog.first_stages()[job.request.first_stage]
    stage = job.stages.get(FIRST, Stage())
    return _column(spec, "A", stage, job.first_stage, final_k, grades)


def _column(
    spec: Spec,
    letter: str,
    stage: Stage,
    result: Ranking | Failure | None,
    final_k: int,
    grades: Mapping[str, int],
) -> ColumnView:
    ranking = result if isinstance(result, Ranking) else None
    failure = result if isinstance(result, Failure) else None
    return ColumnView(
        key=spec.key if letter != "A" else FIRST,
        letter=letter,
        label=spec.label,
        kind=f"{spec.family}, first stage" if letter == "A" else spec.family,
        scale=spec.scale,
        state=_STATES.get(stage.state, "loading"),
        done=stage.done,
        total=stage.total,
        latency=_latency(ranking, first=letter == "A"),
        quality=_quality(ranking, grades),
        notes=_notes(spec, stage, ranking),
        reason=failure.reason if failure else "",
        remedy=failure.remedy if failure else "",
        cards=_cards(ranking, final_k, grades, first=letter == "A"),
    )


def _latency(ranking: Ranking | None, *, first: bool) -> str:
    if ranking is None:
        return ""
    timing = ranking.timing
    return milliseconds(timing.total_ms if first else timing.rerank_ms)


def _quality(ranking: Ranking | None, grades: Mapping[str, int]) -> str:
    value = ndcg(ranking, grades, 10) if ranking else None
    return "" if value is None else f"nDCG@10 {value:.2f}"


def _notes(spec: Spec, stage: Stage, ranking: Ranking | None) -> tuple[str, ...]:
    notes = ["anti-pattern"] if spec.caution.startswith("An anti-pattern") else []
    if ranking is None:
        return (*notes, stage.state) if stage.state not in _STATES else tuple(notes)
    if ranking.truncated:
        notes.append(f"{ranking.truncated} cut")
    if ranking.cached:
        notes.append("cached")
    if ranking.timing.load_ms > 50:
        notes.append(f"cold start {ranking.timing.load_ms / 1000:,.1f} s")
    return tuple(notes)


def _cards(
    ranking: Ranking | None, final_k: int, grades: Mapping[str, int], *, first: bool
) -> tuple[CardView, ...]:
    if ranking is None:
        return ()
    bars = relative_scores([hit.score for hit in ranking.hits])
    shown = zip(ranking.hits[:final_k], bars, strict=False)
    return tuple(_card(hit, bar, final_k, grades, first=first) for hit, bar in shown)


def _card(
    hit: Hit, bar: float, final_k: int, grades: Mapping[str, int], *, first: bool
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
    )


def _origin(hit: Hit, final_k: int) -> Origin:
    if hit.first_stage_rank > final_k:
        return "from"
    if hit.movement == 0:
        return "same"
    return "up" if hit.movement > 0 else "down"


def score_words(score: float) -> str:
    """Return a score as it is written on a card, with a real minus sign."""
    digits = 4 if abs(score) < 0.1 else 3 if abs(score) < 1 else 2
    return f"{score:,.{digits}f}".replace("-", "−")  # noqa: RUF001
