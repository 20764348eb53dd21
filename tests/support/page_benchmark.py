"""What a comparison costs in the app: seconds, processor time, script runs, bytes on the wire.

    python -m tests.support.page_benchmark [--rounds 5] [--windows 1] [--rerankers bm25] [--motion]

Each window asks its own queries one after another, all windows at the same time. Processor time is
that of the whole process trees: of the server, and of the browser with its software rendering.
What the benchmark takes itself, its driver included, is said beside it: on a machine of two cores
many windows wait for that too.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import sync_playwright
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.support.servers.app_server import serve_app

ROOT = Path(__file__).resolve().parents[2]
QUERIES = (
    "guest accounts",
    "message history limit",
    "delete a workspace",
    "PW-119",
    "can guests read old messages",
    "how do I reset my password",
    "two factor",
    "export my data",
    "invoice address",
    "notification sound",
)
ENDED = """() => {
  const hosts = [...document.querySelectorAll('.st-key-board *')];
  const root = hosts.map((node) => node.shadowRoot).find(Boolean);
  const columns = [...(root?.querySelectorAll('.column') ?? [])];
  return columns.length > 0 && columns.every((c) => ['done', 'failed'].includes(c.dataset.state))
    && !document.querySelector('.st-key-progress');
}"""


@dataclass
class Window:
    """A window, and what came over its web socket."""

    page: Any
    runs: int = 0
    received: int = 0
    answered: bool = True
    seconds: list[float] = field(default_factory=list)
    asked: int = 0
    begun_s: float = 0.0
    runs_before: int = 0

    def watch(self) -> None:
        """Count script runs and bytes."""

        def received(frame: bytes | str) -> None:
            self.received += len(frame)
            message = ForwardMsg.FromString(frame) if isinstance(frame, bytes) else ForwardMsg()
            if message.HasField("new_session"):
                self.runs += 1
                self.answered = False
            elif message.HasField("script_finished"):
                self.answered = message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN

        self.page.on("websocket", lambda socket: socket.on("framereceived", received))

    def ask(self, query: str) -> None:
        """Ask a query, and do not wait."""
        field_ = self.page.locator(".st-key-ask input")
        field_.fill(query)
        self.runs_before = self.runs
        self.begun_s = time.perf_counter()
        field_.press("Enter")

    def ended(self) -> bool:
        """Return whether the page shows the end of the comparison."""
        self.page.wait_for_timeout(10)
        if self.runs == self.runs_before or not self.answered:
            return False
        return bool(self.page.evaluate(ENDED)) and self.answered


def processor_s(pid: int) -> float:
    """Return the processor seconds of a process and of its children."""
    total = 0.0
    for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def run(windows: Sequence[Window], rounds: int, pids: tuple[int, list[int]]) -> None:
    """Let every window ask its queries; print what that took."""
    server, browser = pids
    before = processor_s(server), sum(map(processor_s, browser)), processor_s(os.getpid())
    runs = [w.runs for w in windows]
    received = [w.received for w in windows]
    begun = time.perf_counter()
    waiting = list(windows)
    for i, window in enumerate(windows):
        window.ask(QUERIES[(window.asked + i) % len(QUERIES)])
        window.asked += 1
    while waiting:
        for window in list(waiting):
            if not window.ended():
                continue
            window.seconds.append(time.perf_counter() - window.begun_s)
            if window.asked < rounds + 1:
                window.ask(QUERIES[(window.asked + windows.index(window)) % len(QUERIES)])
                window.asked += 1
            else:
                waiting.remove(window)
        if time.perf_counter() - begun > 600:
            raise SystemExit("somebody waits for ever")
    windows[0].page.wait_for_timeout(1500)
    wall = time.perf_counter() - begun
    n = sum(len(w.seconds) for w in windows)
    seconds = sorted(s for w in windows for s in w.seconds)
    spent_server = processor_s(server) - before[0]
    spent_browser = sum(map(processor_s, browser)) - before[1]
    # Playwright's driver, which starts the browser, is the benchmark's: this tree holds them all
    own = processor_s(os.getpid()) - before[2] - spent_server - spent_browser
    sys.stdout.write(
        f"{n} searches in {wall:.1f} s; median {statistics.median(seconds):.2f} s, first "
        f"{seconds[0]:.2f}, last {seconds[-1]:.2f}\n"
        f"a search: server {spent_server / n:.3f} s, browser {spent_browser / n:.3f} s of "
        f"processor time (the benchmark itself {own / n:.3f}), "
        f"{sum(w.runs - r for w, r in zip(windows, runs, strict=True)) / n:.1f} script runs, "
        f"{sum(w.received - r for w, r in zip(windows, received, strict=True)) / n / 1000:.0f} kB\n"
    )


def main() -> None:
    """Measure, as the options say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--windows", type=int, default=1)
    parser.add_argument("--first", default="bm25")
    parser.add_argument("--rerankers", default="bm25")
    parser.add_argument("--still", action="store_true", help="prefers-reduced-motion")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        own = {"RERANK_LAB_DATA": folder, "HF_HUB_OFFLINE": "1"}
        command = [sys.executable, "-m", "components.cli"]
        with serve_app(command, ROOT, os.environ | own) as server, sync_playwright() as playwright:
            chromium = playwright.chromium.launch(
                executable_path=shutil.which("chromium"),
                args=["--no-sandbox", "--disable-dev-shm-usage"],
            )
            windows = []
            for _ in range(options.windows):
                motion = "reduce" if options.still else "no-preference"
                size = {"width": 1440, "height": 900}
                context = chromium.new_context(viewport=size, reduced_motion=motion)
                windows.append(Window(context.new_page()))
                windows[-1].watch()
                rerankers = "".join(f"&reranker={key}" for key in options.rerankers.split(","))
                windows[-1].page.goto(f"{server.url}/?first={options.first}{rerankers}")
                windows[-1].page.wait_for_function(ENDED, timeout=60_000)
                windows[-1].page.wait_for_timeout(1500)
            drivers = [c for c in psutil.Process().children() if c.pid != server.process.pid]
            browser = [c.pid for driver in drivers for c in driver.children()]
            run(windows, options.rounds, (server.process.pid, browser))
            chromium.close()


if __name__ == "__main__":
    main()
