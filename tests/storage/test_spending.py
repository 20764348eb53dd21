"""The ledger: limits hold for everybody at once, and what was entered stays."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from components.config import Budget
from components.domain import BudgetError, StoreError
from components.storage.spending import Amount, DaySpending, SpendingLedger

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def ledger_at(folder: Path, now: datetime = NOON) -> SpendingLedger:
    return SpendingLedger(folder, lambda: now)


def test_what_was_settled_is_listed_by_day_and_provider(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    assert ledger.days() == []
    ledger.reserve("cohere", "a", Amount(0.010, 2), Budget())(Amount(0.004, 2))
    ledger.reserve("cohere", "b", Amount(0.002, 1), Budget())(Amount(0.002, 1))
    ledger.reserve("own", "b", Amount(requests=3, unpriced=3), Budget())
    tomorrow = ledger_at(tmp_path, NOON + timedelta(days=1))
    tomorrow.reserve("voyage", "a", Amount(0.5, 1), Budget())
    [latest, cohere, own] = ledger.days()
    assert latest == DaySpending("2026-03-02", "voyage", Amount(0.5, 1))
    assert (cohere.day, cohere.provider, cohere.amount.requests) == ("2026-03-01", "cohere", 3)
    assert cohere.amount.usd == pytest.approx(0.006)
    assert own == DaySpending("2026-03-01", "own", Amount(0.0, 3, 3))


def test_settling_twice_counts_the_last_amount(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    settle = ledger.reserve("cohere", "a", Amount(1.0, 1), Budget())
    settle(Amount(0.5, 1))
    settle(Amount(0.25, 1))
    assert [day.amount for day in ledger.days()] == [Amount(0.25, 1)]


@pytest.mark.parametrize(
    ("budget", "amount", "words"),
    [
        (Budget(day_usd=1.0), Amount(0.4, 1), "The lab's budget of $1.00 a day"),
        (Budget(visitor_usd=1.0), Amount(0.4, 1), "Your budget of $1.00 a day"),
        (Budget(day_requests=2), Amount(0, 1, 1), "The lab's budget of 2 requests to models"),
        (Budget(visitor_requests=2), Amount(0, 1, 1), "Your budget of 2 requests to models"),
    ],
)
def test_a_limit_refuses_what_would_exceed_it_and_enters_nothing(
    tmp_path: Path, budget: Budget, amount: Amount, words: str
) -> None:
    ledger = ledger_at(tmp_path)
    for _ in range(2):
        ledger.reserve("cohere", "a", amount, budget)(amount)
    before = ledger.days()
    with pytest.raises(BudgetError) as refused:
        ledger.reserve("cohere", "a", amount, budget)
    assert words in refused.value.reason
    assert "Nothing was sent." in refused.value.reason
    assert ledger.days() == before
    ledger_at(tmp_path, NOON + timedelta(days=1)).reserve("cohere", "a", amount, budget)


def test_one_visitor_cannot_take_the_budget_of_another(tmp_path: Path) -> None:
    ledger, budget = ledger_at(tmp_path), Budget(day_usd=3.0, visitor_usd=1.0)
    ledger.reserve("cohere", "a", Amount(1.0, 1), budget)
    with pytest.raises(BudgetError):
        ledger.reserve("cohere", "a", Amount(0.01, 1), budget)
    ledger.reserve("cohere", "b", Amount(1.0, 1), budget)


def test_a_budget_of_nothing_allows_nothing(tmp_path: Path) -> None:
    with pytest.raises(BudgetError, match=r"budget of \$0 a day"):
        ledger_at(tmp_path).reserve("cohere", "a", Amount(0.001, 1), Budget(day_usd=0.0))


def test_calls_at_once_never_exceed_a_budget(tmp_path: Path) -> None:
    allowed: list[int] = []

    def call(i: int) -> None:
        try:
            settle = ledger_at(tmp_path).reserve(
                "cohere", f"v{i}", Amount(0.1, 1), Budget(day_usd=0.55)
            )
        except BudgetError:
            return
        settle(Amount(0.1, 1))
        allowed.append(i)

    threads = [threading.Thread(target=call, args=(i,)) for i in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(allowed) == 5


def test_what_a_killed_process_had_reserved_stays_spent(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, sys\n"
        "from components.config import Budget\n"
        "from components.storage.spending import Amount, SpendingLedger\n"
        "SpendingLedger(pathlib.Path(sys.argv[1])).reserve('c', 'a', Amount(0.6, 1), Budget())\n"
        "os.kill(os.getpid(), 9)\n"
    )
    root = Path(__file__).resolve().parents[2]
    ended = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=root, env=os.environ, check=False
    )
    assert ended.returncode == -9
    with pytest.raises(BudgetError):
        SpendingLedger(tmp_path).reserve("c", "b", Amount(0.6, 1), Budget(day_usd=1.0))


def test_a_ledger_that_cannot_be_written_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"The spending in .* cannot be used"):
        ledger_at(tmp_path / "file").reserve("c", "a", Amount(1.0, 1), Budget())
