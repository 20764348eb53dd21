"""The app as `rerank-lab serve` serves it, in a process of its own on a free loopback port."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

START_SECONDS = 120.0


@dataclass(frozen=True)
class AppServer:
    """A running app: its address, the process that serves it, and what the process wrote."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def check(self, start: int = 0) -> None:
        """Fail if the process has ended, or wrote a traceback after so many characters."""
        text = self.log.read_text()
        assert self.process.poll() is None, text[-2000:]
        assert "Traceback" not in text[start:], text[start:]

    def written(self) -> int:
        """Return how many characters the process has written."""
        return len(self.log.read_text())


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def await_health(server: AppServer) -> None:
    """Wait until a server answers."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.process.poll() is None:
        with suppress(httpx.HTTPError):
            if httpx.get(f"{server.url}/_stcore/health", timeout=2).status_code == 200:
                return
        time.sleep(0.1)
    pytest.fail(f"the server did not answer:\n{server.log.read_text()[-2000:]}")


@contextmanager
def serve_app(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str] | None = None,
    arguments: Sequence[str] = (),
    port: int = 0,
) -> Iterator[AppServer]:
    """Run `command serve --port PORT` in a folder until the block ends; wait until it answers."""
    port = port or free_port()
    home = Path(tempfile.mkdtemp(prefix="rerank-lab-server-"))
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "serve", "--port", str(port), *arguments],
            cwd=folder,
            env=os.environ | (environment or {}),
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
        )
    server = AppServer(f"http://127.0.0.1:{port}", process, home / "log")
    try:
        await_health(server)
        yield server
        server.check()
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
        process.wait()
        shutil.rmtree(home, ignore_errors=True)
