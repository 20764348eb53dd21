"""A real server for all modules, and a real browser for each.

A browser lives for one test module: Playwright keeps an event loop in this thread while it is
open, and later tests need the thread for loops of their own.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from tests.support.browsing import TRACEBACK, among_exceptions
from tests.support.servers.app_server import AppServer, serve_app
from tests.support.windows import PATIENCE_MS, Visitor, watch


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="package")
def served() -> Iterator[AppServer]:
    """Serve the app as `rerank-lab serve` does, with the tests' own cache, for all modules."""
    with serve_app([sys.executable, "-m", "components.cli"], ROOT) as running:
        yield running


@pytest.fixture(scope="module")
def server(served: AppServer) -> Iterator[AppServer]:
    """Return the running app; fail where it ended or wrote a traceback during the module."""
    begun = served.written()
    yield served
    served.check(begun)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Start Debian's Chromium; without one the tests are skipped, or fail where it is required.

    The shell without windows draws the same and takes a fifth less of the processor.
    """
    path = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if path is None:
        reason = "there is no chromium on this machine"
        if os.environ.get("RERANK_LAB_REQUIRE_BROWSER"):
            pytest.fail(f"{reason}, and RERANK_LAB_REQUIRE_BROWSER is set")
        pytest.skip(reason)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield chromium
        chromium.close()


Enter = Callable[..., Visitor]


@contextmanager
def _visits(server: AppServer, browser: Any) -> Iterator[Enter]:  # noqa: ANN401
    contexts: list[Any] = []
    visitors: list[Visitor] = []

    def visit(path: str = "/", beside: Visitor | None = None, **options: object) -> Visitor:
        if beside is None:
            settings = {"viewport": {"width": 1440, "height": 900}} | options
            contexts.append(browser.new_context(**settings))
            contexts[-1].set_default_timeout(PATIENCE_MS)
        page = (beside.page.context if beside else contexts[-1]).new_page()
        visitors.append(Visitor(page))
        watch(visitors[-1])
        page.goto(server.url + path)
        return visitors[-1]

    yield visit
    for context in contexts:
        context.close()
    assert [said for visitor in visitors for said in visitor.complaints] == []


@pytest.fixture
def enter(server: AppServer, browser: Any) -> Iterator[Enter]:  # noqa: ANN401
    """Return a function that opens the app in a window of its own; check its console at the end."""
    with _visits(server, browser) as visit:
        yield visit


@pytest.fixture(scope="module")
def long_stay(server: AppServer, browser: Any) -> Iterator[Enter]:  # noqa: ANN401
    """Return the same function for windows that several tests share."""
    with _visits(server, browser) as visit:
        yield visit


@pytest.fixture
def small(enter: Enter) -> Visitor:
    """Return a new visitor of "exceptions"."""
    return among_exceptions(enter)


@pytest.fixture(scope="module")
def stayer(long_stay: Enter) -> Visitor:
    """Return a visitor of "exceptions" whom the tests of a module share."""
    return among_exceptions(long_stay)


@pytest.fixture
def guest(stayer: Visitor) -> Visitor:
    """Return the shared visitor, before a judged query and with no document chosen."""
    chosen = stayer.page.locator(".card.chosen")
    if chosen.count():
        stayer.after(chosen.first.click)
    stayer.search(TRACEBACK)
    stayer.page.mouse.move(5, 5)
    return stayer
