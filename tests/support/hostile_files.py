"""More than 200 hostile files, each through the page's reader and the command line.

    python -m tests.support.hostile_files [--only KIND] [--keep FOLDER]

A process of its own reads each file, as the page does and by a command, with a limit on its memory.
What is reported: tracebacks, more than 1 GB above idle, more than 20 s, refusals that are not one
printable line. The exit code is 1 where there is any.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from components import cli
from components.corpora import Upload, preview_columns, read_uploads
from components.domain import LabError
from components.exports.recordings import read_bundle
from components.exports.trec import read_run
from tests.support.hostile_kinds import HostileFile, hostile_files

MOST_S = 20.0
MOST_BYTES = 1_000_000_000
LIMIT_BYTES = 4_000_000_000
LONGEST_LINE = 1_000
EVALUATE = ["evaluate", "--corpus", "exceptions", "--first-stage", "bm25", "--no-save"]


@dataclass(frozen=True)
class Outcome:
    """How a process ended that read a file: its exit code, seconds, bytes above idle, output."""

    code: int
    seconds: float
    memory: int
    stdout: str
    stderr: str

    def faults(self) -> list[str]:
        """Return what is wrong with it."""
        faults = []
        if "Traceback" in self.stderr or self.code not in {0, 2}:
            last = self.stderr.strip().splitlines()[-1:] or [""]
            faults.append(f"ended with {self.code}: {last[0]:.200}")
        if self.seconds > MOST_S:
            faults.append(f"took {self.seconds:.1f} s")
        if self.memory > MOST_BYTES:
            faults.append(f"took {self.memory / 1e6:,.0f} MB")
        lines = self.stderr.strip().splitlines()
        if self.code == 2 and not (len(lines) == 1 and len(lines[0]) <= LONGEST_LINE):
            faults.append(f"said {len(lines)} lines: {self.stderr[:200]!r}")
        if self.code == 2 and not all(line.isprintable() for line in lines):
            faults.append(f"said what cannot be printed: {self.stderr[:200]!r}")
        return faults


def read_as_the_page(file: HostileFile, path: Path) -> None:
    """Read a file as the page does; a refusal ends the process with 2 and one line."""
    uploads = [Upload(path.name, path.read_bytes())]
    try:
        if file.kind == "recording":
            read_bundle(uploads[0].content, path.name)
        elif file.kind == "run":
            read_run(uploads[0].content, path.name)
        else:
            preview_columns(uploads[0])
            read_uploads(uploads)
    except LabError as exc:
        sys.stderr.write(f"{exc.reason} {exc.remedy}\n" if exc.remedy else "no remedy\n\n")
        sys.exit(2)


def run_command(file: HostileFile, path: Path, folder: Path) -> None:
    """Give a file to the command that takes its kind."""
    out = ["--out", str(folder / "out")]
    search = ["search", "fox", "--first-stage", "bm25", "--reranker", "bm25", "--corpus", str(path)]
    commands = {
        "corpus": [*search, "--json"],
        "texts": ["rerank", "fox", "--reranker", "bm25", "--documents", str(path)],
        "qrels": [*EVALUATE, *out, "--qrels", str(path)],
        "candidates": [*EVALUATE, *out, "--reranker", "bm25", "--candidates", str(path)],
        "settings": ["models"],
    }
    if file.kind == "settings":
        os.environ["RERANK_LAB_CONFIG"] = str(path)
    sys.argv = ["rerank-lab", *commands[file.kind]]
    cli.main()


def ended(work: Callable[[], None], folder: Path) -> Outcome:
    """Run work in a process of its own and return how it ended."""
    begun = time.monotonic()
    child = os.fork()
    if child == 0:
        code = 70
        try:
            for number, name in ((1, "stdout"), (2, "stderr")):
                os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
            resource.setrlimit(resource.RLIMIT_AS, (LIMIT_BYTES, LIMIT_BYTES))
            signal.alarm(120)
            Path("/proc/self/clear_refs").write_text("5")
            idle = _memory("VmRSS")
            try:
                work()
                code = 0
            except SystemExit as exc:
                code = exc.code if isinstance(exc.code, int) else 0 if exc.code is None else 70
            except BaseException:
                traceback.print_exc()
            (folder / "memory").write_text(str(_memory("VmHWM") - idle))
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)
    (folder / "memory").write_text("0")
    _, status = os.waitpid(child, 0)
    texts = [(folder / name).read_text("utf-8", "replace") for name in ("stdout", "stderr")]
    memory = int((folder / "memory").read_text())
    seconds = time.monotonic() - begun
    return Outcome(os.waitstatus_to_exitcode(status), seconds, memory, *texts)


def _memory(name: str) -> int:
    """Return a value in bytes that the kernel keeps of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def try_file(file: HostileFile, path: Path, folder: Path) -> list[tuple[str, Outcome]]:
    """Read a file in every way in which its kind is read."""
    ways: list[tuple[str, Callable[[], None]]] = []
    if file.kind in {"corpus", "recording", "run"}:
        ways.append(("page", lambda: read_as_the_page(file, path)))
    if file.kind not in {"recording", "run"}:
        ways.append(("command", lambda: run_command(file, path, folder)))
    return [(way, ended(work, folder)) for way, work in ways]


def main(arguments: Sequence[str] | None = None) -> int:
    """Try all files, or those of one kind; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--all", action="store_true", help="show every outcome")
    options = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="rerank-lab-hostile-"))
    os.environ |= {"RERANK_LAB_DATA": str(folder / "data"), "RERANK_LAB_CACHE": str(folder / "c")}
    faulty, tried, worst = 0, Counter[str](), {"seconds": 0.0, "memory": 0.0}
    codes = Counter[str]()
    for file in hostile_files():
        if options.only not in {"", file.kind}:
            continue
        path = (options.keep or folder) / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content())
        tried[file.kind] += 1
        for way, outcome in try_file(file, path, folder):
            worst["seconds"] = max(worst["seconds"], outcome.seconds)
            worst["memory"] = max(worst["memory"], outcome.memory / 1e6)
            faults = outcome.faults()
            faulty += bool(faults)
            codes[f"{way} {outcome.code}"] += 1
            if faults or options.all:
                said = "; ".join(faults) or outcome.stderr.strip()[:300]
                line = f"{file.kind:10} {file.what:40} {way:8}{outcome.code:4} {said}\n"
                sys.stdout.write(line)
                sys.stdout.flush()
        if not options.keep:
            path.unlink()
    figures = {"files": dict(tried), "ways": dict(codes), "faulty": faulty, "worst": worst}
    sys.stdout.write(json.dumps(figures) + "\n")
    return int(faulty > 0)


if __name__ == "__main__":
    sys.exit(main())
