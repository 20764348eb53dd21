"""How long a click waits for what it opens: documents, sliders, options and tabs of Compare.

    python -m tests.support.click_benchmark [--times 5]

Each is timed in the page, from the pointer or the key to the first frame that shows what was asked
for; the first time stands apart from the others.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.support.servers.app_server import serve_app

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "/?corpus=helpdesk&first=bm25&reranker=bm25&reranker=rrf&q=guest+accounts"
PATIENCE_MS = 10_000
ARMED = """() => {
  window.waited = new Promise((done) => {
    const begin = ({ timeStamp }) => {
      for (const kind of ['pointerdown', 'keydown']) removeEventListener(kind, begin, true);
      const look = () => {
        const seen = SEEN;
        if (!seen && performance.now() - timeStamp < PATIENCE) return requestAnimationFrame(look);
        requestAnimationFrame(() => done(seen ? performance.now() - timeStamp : -1));
      };
      look();
    };
    for (const kind of ['pointerdown', 'keydown']) addEventListener(kind, begin, true);
  });
}"""
BOARD = (
    "[...document.querySelectorAll('.st-key-board *')].map((n) => n.shadowRoot).find(Boolean)"
    "?.querySelector('.board')"
)


def timed(page: Any, act: Callable[[], None], seen: str) -> float:  # noqa: ANN401
    """Return the milliseconds from the act until an expression of JavaScript holds."""
    page.evaluate(ARMED.replace("SEEN", f"Boolean({seen})").replace("PATIENCE", str(PATIENCE_MS)))
    act()
    waited = float(page.evaluate("window.waited"))
    page.wait_for_timeout(800)  # what comes after it is not the next one's
    return waited


def acts(page: Any, at: int) -> Iterator[tuple[str, Callable[[], None], str]]:  # noqa: ANN401
    """Yield what is done in one round: its name, the act, and how its end is seen."""
    card = page.locator(".board .column").nth(1).locator(".card").nth(at)
    rank = f"document.querySelector('.panel-head p b')?.textContent === '{at + 1}'"
    yield "a document", card.click, rank
    gone = "!document.querySelector('.st-key-detail')"
    yield "close it", lambda: page.keyboard.press("Escape"), gone
    handle = page.locator(".st-key-reranked input[type=range]")
    fewer = at % 2 == 0
    handle.focus()
    depth = f"/[?&]depth=10(&|$)/.test(location.search) === {str(fewer).lower()}"
    yield "the depth slider", lambda: handle.press("Home" if fewer else "End"), depth
    for tab, of in (
        ("Harm and agreement", "agreement .main-svg"),
        ("Depth and scores", "scores .main-svg"),
        ("Headroom and time", "picture-latency"),
    ):
        button = page.get_by_role("radio", name=tab).or_(page.get_by_role("button", name=tab)).first
        yield f"tab {tab}", button.click, f"document.querySelector('.st-key-{of}')"
    opened = "document.querySelector('.st-key-_initial_k input')"
    settings = page.get_by_role("button", name="Systems and depth")
    yield "the settings", settings.click, opened
    shown = page.locator(".st-key-_final_k input")
    documents = 5 if fewer else 10
    shown.fill(str(documents))
    cards = f"{BOARD}?.querySelector('.cards')?.children.length === {documents}"
    yield "documents shown", lambda: shown.press("Enter"), cards
    page.keyboard.press("Escape")


def main() -> None:
    """Measure, as the options say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=5)
    options = parser.parse_args()
    waits: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        own = {"RERANK_LAB_DATA": folder, "HF_HUB_OFFLINE": "1"}
        command = [sys.executable, "-m", "components.cli"]
        with serve_app(command, ROOT, os.environ | own) as server, sync_playwright() as playwright:
            chromium = playwright.chromium.launch(
                executable_path=shutil.which("chromium"),
                args=["--no-sandbox", "--disable-dev-shm-usage"],
            )
            page = chromium.new_page(viewport={"width": 1440, "height": 900})
            page.goto(f"{server.url}{ADDRESS}")
            page.locator(".st-key-downloads button").first.wait_for(timeout=60_000)
            page.wait_for_timeout(2000)
            for at in range(options.times):
                for name, act, seen in acts(page, at):
                    waits.setdefault(name, []).append(timed(page, act, seen))
            chromium.close()
    for name, (first, *others) in waits.items():
        middle = statistics.median(others or [first])
        sys.stdout.write(f"{name}: first {first:.0f} ms, then {middle:.0f} ms\n")


if __name__ == "__main__":
    main()
