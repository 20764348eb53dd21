"""The ledger: limits hold for everybody at once, and what was entered stays."""

from __future__ import annotations

import math
import os
import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from components.config import Budget
from components.domain import BudgetError, StoreError
from components.storage import sqlite
from components.storage.spending import FILE, Amount, DaySpending, SpendingLedger

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


def test_amounts_that_fit_exactly_are_allowed(tmp_path: Path) -> None:
    """0.1 + 0.1 + 0.1 is a little more than 0.3 to a computer."""
    for _ in range(3):
        ledger_at(tmp_path).reserve("cohere", "a", Amount(0.1, 1), Budget(day_usd=0.3))
    with pytest.raises(BudgetError, match=r"budget of \$0.3 a day .* \$0.3 are spent"):
        ledger_at(tmp_path).reserve("cohere", "a", Amount(1e-6, 1), Budget(day_usd=0.3))


def test_tiny_amounts_add_up_to_a_limit(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    for _ in range(10):
        ledger.reserve("cohere", "a", Amount(1e-9, 1), Budget(day_usd=1e-8))
    with pytest.raises(BudgetError):
        ledger.reserve("cohere", "a", Amount(1e-9, 1), Budget(day_usd=1e-8))
    with pytest.raises(BudgetError):
        ledger.reserve("cohere", "a", Amount(1e-300, 1), Budget(visitor_usd=0.0))


def test_a_day_ends_at_midnight_utc_wherever_the_machine_is(tmp_path: Path) -> None:
    """What is reserved before midnight and settled after it belongs to the day before."""
    east = timezone(timedelta(hours=9))
    clock = [datetime(2026, 3, 2, 8, 59, 59, tzinfo=east)]
    ledger = SpendingLedger(tmp_path, lambda: clock[0])
    settle = ledger.reserve("cohere", "a", Amount(1.0, 1), Budget(day_usd=1.0))
    clock[0] += timedelta(seconds=1)
    ledger.reserve("cohere", "a", Amount(1.0, 1), Budget(day_usd=1.0))
    settle(Amount(0.25, 1))
    days = [(day.day, day.amount.usd) for day in ledger.days()]
    assert days == [("2026-03-02", 1.0), ("2026-03-01", 0.25)]


@pytest.mark.parametrize("wrong", [math.inf, 1e308])
def test_an_absurd_amount_ends_the_day_and_nothing_else(tmp_path: Path, wrong: float) -> None:
    ledger = ledger_at(tmp_path)
    ledger.reserve("cohere", "a", Amount(0.1, 1), Budget(day_usd=1.0))(Amount(wrong, 1))
    with pytest.raises(BudgetError):
        ledger.reserve("voyage", "b", Amount(0.1, 1), Budget(day_usd=1.0))
    tomorrow = ledger_at(tmp_path, NOON + timedelta(days=1))
    tomorrow.reserve("voyage", "b", Amount(0.1, 1), Budget(day_usd=1.0))


def test_an_amount_that_is_no_number_is_not_entered(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    with pytest.raises(StoreError):
        ledger.reserve("cohere", "a", Amount(math.nan, 1), Budget(day_usd=1.0))
    settle = ledger.reserve("cohere", "a", Amount(0.5, 1), Budget(day_usd=1.0))
    with pytest.raises(StoreError):
        settle(Amount(math.nan, 1))
    assert [day.amount.usd for day in ledger.days()] == [0.5]


def test_a_ledger_that_another_process_holds_forbids_the_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_MS", 200)
    ledger = ledger_at(tmp_path)
    ledger.days()
    with sqlite3.connect(tmp_path / FILE, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked"):
            ledger.reserve("cohere", "a", Amount(0.1, 1), Budget(day_usd=1.0))
        other.execute("ROLLBACK")
    ledger.reserve("cohere", "a", Amount(0.1, 1), Budget(day_usd=1.0))
    assert [day.amount for day in ledger.days()] == [Amount(0.1, 1)]


def test_two_processes_share_a_budget(tmp_path: Path) -> None:
    code = (
        "import pathlib, sys\n"
        "from components.config import Budget\n"
        "from components.domain import BudgetError\n"
        "from components.storage.spending import Amount, SpendingLedger\n"
        "ledger, spent = SpendingLedger(pathlib.Path(sys.argv[1])), 0\n"
        "for _ in range(40):\n"
        "    try:\n"
        "        ledger.reserve('c', sys.argv[2], Amount(0.1, 1), Budget(day_usd=5.0))\n"
        "        spent += 1\n"
        "    except BudgetError:\n"
        "        pass\n"
        "print(spent)\n"
    )
    root = Path(__file__).resolve().parents[2]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path), name], cwd=root, stdout=subprocess.PIPE
        )
        for name in ("app", "command line")
    ]
    assert sum(int(process.communicate()[0]) for process in processes) == 50


def test_a_folder_in_the_ledgers_place_forbids_the_call(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    with pytest.raises(StoreError, match=r"The spending in .* cannot be used"):
        ledger_at(tmp_path).reserve("c", "a", Amount(1.0, 1), Budget())


def test_a_ledger_that_vanishes_or_is_overwritten_at_work_forbids_the_call(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    ledger.reserve("c", "a", Amount(0.9, 1), Budget(day_usd=1.0))
    for path in tmp_path.glob(f"{FILE}*"):
        path.write_bytes(b"no ledger" * 5000)
    with pytest.raises((StoreError, BudgetError)):
        ledger.reserve("c", "a", Amount(0.9, 1), Budget(day_usd=1.0))


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


def test_a_damaged_ledger_is_an_error_and_refills_no_budget(tmp_path: Path) -> None:
    file = tmp_path / FILE
    file.write_bytes(b"no database at all" * 100)
    for _ in range(2):
        with pytest.raises(StoreError, match="not a database"):
            ledger_at(tmp_path).reserve("c", "a", Amount(1.0, 1), Budget(day_usd=5.0))
    assert file.read_bytes().startswith(b"no database")
