"""What tests of several pages need."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from components.ui.shared import state


@pytest.fixture
def own_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Keep evaluations where no other test sees them: a local lab shows them to everybody."""
    monkeypatch.setenv("RERANK_LAB_DATA", str(tmp_path / "data"))
    state._lab.clear()
    yield
    state._lab.clear()
