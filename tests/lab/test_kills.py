"""Kill -9 at a few moments; `tests.support.kills` and `tests.support.library_kills` do at more."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.support.kills import kills
from tests.support.library_kills import LibraryKills


@pytest.mark.models
def test_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    some = kills(tmp_path, 200, seed=7)
    for _ in range(3):
        some.moment()
    assert sum(some.outcomes.values()) == 3


def test_a_corpus_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    some = LibraryKills(tmp_path, random.Random(3))
    for _ in range(4):
        some.moment()
    assert sum(some.outcomes.values()) == 4
