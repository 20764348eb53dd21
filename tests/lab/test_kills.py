"""Kill -9 at a few moments; `python -m tests.support.kills` does so at twenty."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.kills import kills


@pytest.mark.models
def test_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    some = kills(tmp_path, 200, seed=7)
    for _ in range(3):
        some.moment()
    assert sum(some.outcomes.values()) == 3
