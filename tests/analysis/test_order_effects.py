"""What order and chance change, by hand, and over the wire with a model that heeds positions."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from components import pipeline
from components.analysis.order_effects import (
    PASSES,
    OrderEffects,
    Trial,
    describe_order_effects,
    is_affected,
    measure_order_effects,
)
from components.domain import Cancelled, Failure, Ranking
from components.lab import Lab, catalog, read_settings
from components.network import capacity
from tests.support.rankings import first_stage
from tests.support.servers.llm_server import saying, serve, texts_of
from tests.support.servers.provider_server import Provider, Reply, Seen

GRADES = {"a": 1, "b": 1}


@pytest.fixture
def server() -> Iterator[Provider]:
    with serve() as provider:
        capacity.forget()
        yield provider
    capacity.forget()


def lab_of(server: Provider, folder: Path) -> Lab:
    path = folder / "lab.toml"
    prices = "input_usd = 1.0\noutput_usd = 1.0"
    path.write_text(f'[[llm]]\nname = "m"\nurl = "{server.url}"\nmodel = "gpt"\n{prices}')
    return Lab(
        read_settings(
            {
                "RERANK_LAB_CONFIG": str(path),
                "RERANK_LAB_CACHE": str(folder),
                "RERANK_LAB_DATA": str(folder),
            }
        )
    )


def effects_of(
    lab: Lab, steps: list[tuple[str, int, int]] | None = None
) -> tuple[Ranking, OrderEffects]:
    """Rank 12 candidates, and measure what order and chance change."""
    first = first_stage("abcdefghijkl")
    run = pipeline.PipelineRun(lab, None, pipeline.Pipelines(rerankers=("llm:m",)))
    ranking = pipeline.rerank_candidates(run, "q", first, "llm:m")

    def report(step: str, done: int, total: int) -> None:
        if steps is not None:
            steps.append((step, done, total))

    return ranking, measure_order_effects(run, "q", first, ranking, GRADES, "nDCG@10", report)


def test_an_oracle_heeds_neither_order_nor_chance(server: Provider, tmp_path: Path) -> None:
    steps: list[tuple[str, int, int]] = []
    ranking, effects = effects_of(lab_of(server, tmp_path), steps)
    value = effects.quality
    assert effects.trials == (
        Trial(shuffled=False, shared=10, same=True, quality=value),
        *(Trial(shuffled=True, shared=10, same=True, quality=value) for _ in range(5)),
    )
    assert len(server.seen) == 1 + PASSES
    assert effects.requests == PASSES
    assert effects.tokens == PASSES * ranking.usage.billed_tokens
    assert effects.usd == pytest.approx(effects.tokens / 1e6)
    done = [done for _, done, _ in steps]
    assert done == sorted(done)
    assert {name for name, *_ in steps} == {"as they were"} | {
        f"shuffle {i} of 5" for i in range(1, 6)
    }


def test_a_model_that_keeps_what_it_reads_first_follows_every_shuffle(
    server: Provider, tmp_path: Path
) -> None:
    server.behave = lambda seen, sound: saying(
        seen, json.dumps({"order": list(range(1, 1 + len(texts_of(seen))))})
    )
    ranking, effects = effects_of(lab_of(server, tmp_path))
    assert "".join(hit.document.id for hit in ranking.hits) == "abcdefghijkl"
    assert effects.repeats == (Trial(False, 10, True, 1.0),)
    expected = [set(random.Random(seed).sample(range(12), 12)[:10]) for seed in range(5)]
    assert [trial.shared for trial in effects.shuffles] == [
        len(places & set(range(10))) for places in expected
    ]
    assert not any(trial.same for trial in effects.shuffles)
    values = [trial.quality for trial in effects.shuffles]
    assert min(v for v in values if v is not None) < 1.0


def test_what_failed_is_told_beside_what_was_paid(server: Provider, tmp_path: Path) -> None:
    def behave(seen: Seen, sound: object) -> Reply | None:
        return Reply(403, b'{"message": "enough"}') if len(server.seen) > 3 else None

    server.behave = behave
    _, effects = effects_of(lab_of(server, tmp_path))
    assert len(effects.trials) == 2
    assert effects.failure is not None
    assert "enough" in describe_order_effects(effects)[-1]
    assert effects.requests == 2
    assert len(server.seen) == 4


def test_a_report_may_stop_it(server: Provider, tmp_path: Path) -> None:
    lab = lab_of(server, tmp_path)
    first = first_stage("abc")
    run = pipeline.PipelineRun(lab, None, pipeline.Pipelines(rerankers=("llm:m",)))
    ranking = pipeline.rerank_candidates(run, "q", first, "llm:m")

    def report(step: str, done: int, total: int) -> None:
        if step == "shuffle 1 of 5":
            raise Cancelled

    with pytest.raises(Cancelled):
        measure_order_effects(run, "q", first, ranking, {}, "nDCG@10", report)
    assert len(server.seen) == 2


def effects_with(trials: Sequence[Trial], failure: Failure | None = None) -> OrderEffects:
    return OrderEffects("m", 10, "nDCG@10", 0.5, tuple(trials), 6, 60, None, failure)


def test_it_is_told_in_sentences() -> None:
    repeat = Trial(shuffled=False, shared=9, same=False, quality=0.45)
    shuffles = [Trial(True, shared, False, 0.4 + shared / 100) for shared in (4, 7, 6, 6, 8)]
    assert describe_order_effects(effects_with([repeat, *shuffles])) == (
        "The same candidates once more: another order, with 9 of its first 10 documents among the "
        "first 10 again.",
        "5 shuffles of the candidates: 4 to 8 of its first 10 documents among the first 10 again.",
        "nDCG@10 was 0.50 in its column, and is from 0.44 to 0.48 in these 6 passes. One query is "
        "an anecdote.",
    )
    unjudged = Trial(shuffled=False, shared=10, same=True, quality=None)
    assert describe_order_effects(effects_with([unjudged])) == (
        "The same candidates once more: the same order, with 10 of its first 10 documents among "
        "the first 10 again.",
    )
    assert describe_order_effects(effects_with([], Failure("m", "No.", "Do."))) == (
        "Then it failed. No. Do.",
    )


def test_it_is_for_models_that_order_and_for_llms() -> None:
    specs = catalog.reranker_specs(Lab().settings)
    affected = {key for key, spec in specs.items() if is_affected(spec)}
    assert affected == {"jina", "jina:v3.5"}  # rrf fuses what others ranked
