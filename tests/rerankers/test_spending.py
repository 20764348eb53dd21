"""Calls with the operator's keys and the budget: real SDKs against a counting server."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components import evaluation
from components.config import PriceOverride, Settings, SpendingSettings
from components.domain import BudgetError, Corpus, LabError, StoreError
from components.evaluation.job import EvaluationJob
from components.lab import Lab, read_settings
from components.pipeline import Pipelines, rerank_texts
from components.storage.spending import Amount
from tests.support.servers.provider_server import KEY, Provider, Reply, Seen, serve

CENT = PriceOverride("cohere", "rerank-v3.5", 10.0, "searches")
"""A cent a search, because the loopback address has no price of its own."""
OWN = """
[[compatible]]
name = "own"
url = "{url}"
shape = "jina"
key_env = "OWN_KEY"
"""


@pytest.fixture
def provider() -> Iterator[Provider]:
    with serve() as server:
        yield server


def settings_of(
    provider: Provider, folder: Path, prices: Sequence[PriceOverride] = (CENT,), **limits: float
) -> Settings:
    config = folder / "lab.toml"
    config.write_text(OWN.format(url=provider.url))
    environment = provider.environment() | {"OWN_KEY": KEY, "RERANK_LAB_CONFIG": str(config)}
    settings = read_settings(environment | {"RERANK_LAB_DATA": str(folder)})
    return replace(settings, prices=tuple(prices), spending=SpendingSettings(**limits))


def ask(lab: Lab, reranker: str = "cohere", texts: int = 2) -> None:
    rerank_texts("fox", [f"a fox {i}" for i in range(texts)], reranker=reranker, lab=lab)


def spent(lab: Lab) -> dict[str, Amount]:
    return {day.provider: day.amount for day in lab.spending.days()}


def test_what_a_provider_bills_is_entered(provider: Provider, tmp_path: Path) -> None:
    lab = Lab(settings_of(provider, tmp_path))
    ask(lab)
    assert spent(lab) == {"cohere": Amount(0.01, 1)}
    ask(lab, texts=150)
    assert spent(lab)["cohere"].usd == pytest.approx(0.03)


def test_a_model_without_a_price_counts_by_requests(provider: Provider, tmp_path: Path) -> None:
    lab = Lab(settings_of(provider, tmp_path, prices=(), visitor_requests=2))
    ask(lab)
    ask(lab, "compatible:own")
    assert spent(lab) == {"cohere": Amount(0, 1, 1), "compatible:own": Amount(0, 1, 1)}
    with pytest.raises(BudgetError, match="Your budget of 2 requests"):
        ask(lab, "voyage")
    assert len(provider.seen) == 2


def test_nothing_is_sent_beyond_a_budget_also_after_a_restart(
    provider: Provider, tmp_path: Path
) -> None:
    settings = settings_of(provider, tmp_path, day_usd=0.025)
    ask(Lab(settings))
    ask(Lab(settings))
    for lab in (Lab(settings), Lab(settings)):
        with pytest.raises(BudgetError, match=r"The lab's budget of \$0.025 a day"):
            ask(lab)
    assert len(provider.seen) == 2


def test_a_shared_lab_has_a_small_budget_and_a_local_one_none(
    provider: Provider, tmp_path: Path
) -> None:
    dear = replace(CENT, usd=600_000.0)
    settings = settings_of(provider, tmp_path, prices=(dear,))
    with pytest.raises(BudgetError, match=r"\$5.00 a day"):
        ask(Lab(settings, shared=True))
    assert provider.seen == []
    ask(Lab(settings))
    assert len(provider.seen) == 1


def test_each_visitor_has_a_budget_and_an_own_key_does_not_count(
    provider: Provider, tmp_path: Path
) -> None:
    lab = Lab(settings_of(provider, tmp_path, visitor_usd=0.015))
    first, second = lab.with_keys({}, "first"), lab.with_keys({}, "second")
    ask(first)
    with pytest.raises(BudgetError, match="Your budget"):
        ask(first)
    ask(second)
    ask(lab.with_keys({"cohere": KEY}, "first"))
    assert spent(lab) == {"cohere": Amount(0.02, 2)}
    assert len(provider.seen) == 3


@pytest.mark.parametrize("status", [302, 400, 401, 403, 422])
def test_a_refused_call_costs_nothing(provider: Provider, tmp_path: Path, status: int) -> None:
    lab = Lab(settings_of(provider, tmp_path))
    provider.always(status=status, body=b"{}", headers={"location": "http://elsewhere.example"})
    with pytest.raises(LabError):
        ask(lab)
    assert spent(lab) == {"cohere": Amount(0, 0)}


@pytest.mark.parametrize("reply", [{"body": b"{}"}, {"body": b"<html>"}])
def test_an_answer_that_cannot_be_used_may_have_cost_its_estimate(
    provider: Provider, tmp_path: Path, reply: dict[str, bytes]
) -> None:
    lab = Lab(settings_of(provider, tmp_path))
    provider.always(**reply)
    with pytest.raises(LabError):
        ask(lab)
    assert spent(lab) == {"cohere": Amount(0.01, 1)}


def test_every_attempt_whose_answer_never_came_counts(provider: Provider, tmp_path: Path) -> None:
    """The connection broke after the request was sent: the provider may have done the work."""
    lab = Lab(settings_of(provider, tmp_path))
    provider.first(2, hang_up=True)
    ask(lab)
    assert len(provider.seen) == 3
    assert spent(lab)["cohere"].usd == pytest.approx(0.03)
    assert spent(lab)["cohere"].requests == 3


def test_an_attempt_after_a_broken_one_is_not_sent_beyond_the_budget(
    provider: Provider, tmp_path: Path
) -> None:
    lab = Lab(settings_of(provider, tmp_path, day_usd=0.015))
    provider.always(hang_up=True)
    with pytest.raises(BudgetError, match=r"The lab's budget of \$0.015 a day"):
        ask(lab)
    assert len(provider.seen) == 1
    assert spent(lab) == {"cohere": Amount(0.01, 1)}


def test_of_a_broken_attempt_and_a_refused_one_the_first_counts(
    provider: Provider, tmp_path: Path
) -> None:
    lab = Lab(settings_of(provider, tmp_path))

    def behave(seen: Seen, sound: object) -> Reply:
        return Reply(hang_up=True) if len(provider.seen) == 1 else Reply(400, b"{}")

    provider.behave = behave
    with pytest.raises(LabError):
        ask(lab)
    assert spent(lab) == {"cohere": Amount(0.01, 1)}


@pytest.mark.parametrize("status", [429, 500, 503])
def test_attempts_that_were_refused_cost_nothing(
    provider: Provider, tmp_path: Path, status: int
) -> None:
    lab = Lab(settings_of(provider, tmp_path))
    provider.first(2, status=status, body=b"{}", headers={"retry-after": "0"})
    ask(lab)
    assert len(provider.seen) == 3
    assert spent(lab) == {"cohere": Amount(0.01, 1)}


def too_large(seen: Seen, sound: object) -> Reply | None:
    """Refuse more than five texts."""
    return Reply(413, b"{}") if len(seen.texts) > 5 else None


def test_the_parts_of_a_refused_request_are_entered_before_they_are_sent(
    provider: Provider, tmp_path: Path
) -> None:
    settings = settings_of(provider, tmp_path)
    lab = Lab(replace(settings, remote=replace(settings.remote, parallel=1)))
    entered: list[float] = []

    def behave(seen: Seen, sound: object) -> Reply | None:
        entered.append(spent(lab)["cohere"].usd)
        return too_large(seen, sound)

    provider.behave = behave
    ask(lab, texts=20)
    assert [len(seen.texts) for seen in provider.seen] == [20, 10, 5, 5, 5, 5]
    assert entered == pytest.approx([0.01, 0.02, 0.03, 0.03, 0.04, 0.04])
    assert spent(lab)["cohere"].usd == pytest.approx(0.04)
    assert spent(lab)["cohere"].requests == 4


def test_parts_that_the_budget_does_not_allow_are_not_sent(
    provider: Provider, tmp_path: Path
) -> None:
    lab = Lab(settings_of(provider, tmp_path, day_usd=0.015))
    provider.behave = too_large
    with pytest.raises(BudgetError, match=r"The lab's budget of \$0.015 a day"):
        ask(lab, texts=8)
    assert len(provider.seen) == 1
    assert spent(lab) == {"cohere": Amount(0.0, 0)}
    lab = Lab(settings_of(provider, tmp_path, day_usd=0.02))
    ask(lab, texts=8)  # the refused request is not held against the parts
    assert spent(lab) == {"cohere": Amount(0.02, 2)}


@pytest.mark.parametrize(
    "units", [1e308, -1e9, -1, 0, "1e9", "many", None, True, [], {}, 10**400, 1e9]
)
@pytest.mark.parametrize("reranker", ["cohere", "jina:v2"])
def test_absurd_units_count_as_the_estimate(
    provider: Provider, tmp_path: Path, reranker: str, units: object
) -> None:
    tokens = PriceOverride("jina", "jina-reranker-v2-base-multilingual", 1000.0, "tokens")
    lab = Lab(settings_of(provider, tmp_path, prices=(CENT, tokens), day_usd=1.0))

    def change(sound: dict[str, Any]) -> dict[str, Any]:
        sound["meta"] = {"billed_units": {"search_units": units}}
        return sound | {"usage": {"total_tokens": units}}

    provider.changed(change)
    try:
        ask(lab, reranker)
    except LabError as exc:  # the SDK may refuse what is no number
        assert "answered, but" in exc.reason
    [amount] = spent(lab).values()
    assert amount.requests == 1
    assert 0.005 < amount.usd <= 0.03


def test_a_price_of_nothing_is_free_and_counts_no_request(
    provider: Provider, tmp_path: Path
) -> None:
    free = replace(CENT, usd=0.0)
    lab = Lab(settings_of(provider, tmp_path, prices=(free,), day_usd=0.0, day_requests=0))
    ask(lab)
    assert spent(lab) == {"cohere": Amount(0.0, 1)}


def test_of_several_requests_those_that_were_answered_are_paid(
    provider: Provider, tmp_path: Path
) -> None:
    settings = settings_of(provider, tmp_path, prices=())
    lab = Lab(replace(settings, remote=replace(settings.remote, parallel=1)))

    def behave(seen: Seen, sound: object) -> Reply | None:
        return Reply(400, b"{}") if len(provider.seen) == 2 else None

    provider.behave = behave
    with pytest.raises(LabError):
        ask(lab, texts=2500)  # 1,000 documents a request
    assert spent(lab) == {"cohere": Amount(0, 1, 1)}


def test_calls_at_once_share_one_budget(provider: Provider, tmp_path: Path) -> None:
    lab = Lab(settings_of(provider, tmp_path, day_usd=0.035))
    ask(lab)
    refused: list[BudgetError] = []

    def call() -> None:
        try:
            ask(lab)
        except BudgetError as exc:
            refused.append(exc)

    threads = [threading.Thread(target=call) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(provider.seen) == 3
    assert len(refused) == 4


def test_a_ledger_that_cannot_be_written_stops_calls_only_where_there_is_a_budget(
    provider: Provider, tmp_path: Path
) -> None:
    settings = settings_of(provider, tmp_path)
    (tmp_path / "file").write_text("")
    broken = replace(settings, data_dir=tmp_path / "file")
    ask(Lab(broken))
    with pytest.raises(StoreError):
        ask(Lab(replace(broken, spending=SpendingSettings(day_usd=1.0))))
    assert len(provider.seen) == 1


# ---------------------------------------------------------------- nobody asks any more


def evaluated(lab: Lab, corpus: Corpus, reranker: str, clock: list[float]) -> EvaluationJob:
    subset = evaluation.Subset(first=10)
    plan = evaluation.plan(corpus, Pipelines("bm25", (reranker,), 10), subset=subset)
    job = EvaluationJob(lab, corpus, plan, clock=lambda: clock[0]).start()
    job.join(60)
    assert job.finished
    return job


def test_paid_work_ends_after_the_query_at_which_nobody_asks_any_more(
    provider: Provider, tmp_path: Path, exceptions: Corpus
) -> None:
    clock = [0.0]

    def behave(seen: Seen, sound: object) -> None:
        clock[0] = 121.0 if len(provider.seen) == 4 else clock[0]

    provider.behave = behave
    job = evaluated(Lab(settings_of(provider, tmp_path)), exceptions, "cohere", clock)
    assert job.step.state == "stopped"
    assert len(job.evaluation.complete) == len(provider.seen) == 4
    assert job.saved is not None


def test_work_that_is_asked_about_goes_on(
    provider: Provider, tmp_path: Path, exceptions: Corpus
) -> None:
    clock, jobs = [0.0], list[EvaluationJob]()

    def behave(seen: Seen, sound: object) -> None:
        clock[0] += 100.0
        jobs[0].ask()

    provider.behave = behave
    plan = evaluation.plan(
        exceptions, Pipelines("bm25", ("cohere",), 10), subset=evaluation.Subset(first=5)
    )
    lab = Lab(settings_of(provider, tmp_path))
    jobs.append(EvaluationJob(lab, exceptions, plan, clock=lambda: clock[0]))
    jobs[0].start().join(60)
    assert jobs[0].step.state == "done"
    assert len(provider.seen) == 5


def test_work_that_costs_nothing_goes_on_alone(
    provider: Provider, tmp_path: Path, exceptions: Corpus
) -> None:
    clock = [0.0]
    lab = Lab(settings_of(provider, tmp_path))
    job = evaluated(lab, exceptions, "bm25", clock)
    clock[0] = 1e9
    assert not job.forgotten
    assert job.step.state == "done"
