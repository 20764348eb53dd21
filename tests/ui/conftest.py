"""What tests of several pages need."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import playwright
import pytest

from components.ui.shared import state


@pytest.fixture
def own_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Keep evaluations where no other test sees them: a local lab shows them to everybody."""
    monkeypatch.setenv("RERANK_LAB_DATA", str(tmp_path / "data"))
    state._lab.clear()
    yield
    state._lab.clear()


@pytest.fixture(scope="session")
def node() -> str:
    """Return a node to run: the machine's own or the one that Playwright brings."""
    bundled = Path(next(iter(playwright.__path__))) / "driver" / "node"
    path = shutil.which("node") or (str(bundled) if bundled.is_file() else None)
    if path is None and os.environ.get("RERANK_LAB_REQUIRE_BROWSER"):
        pytest.fail("there is no node on this machine, and RERANK_LAB_REQUIRE_BROWSER is set")
    return path or pytest.skip("there is no node on this machine")
