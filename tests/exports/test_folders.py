"""Files written into a folder: all of them, or the old ones stay whole."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from components.domain import InputError
from components.exports.folders import check_files, write_files

NAMES = ("runs/a.trec", "report.html")
OLD = {"runs/a.trec": "old run\n", "report.html": "old report\n"}
NEW = {"runs/a.trec": "new run\n", "report.html": "é" * 100_000}
KILLED = """
import resource, signal, sys
from pathlib import Path
from components.exports.folders import write_files
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # the kernel ends a process at its limit
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
write_files(Path(sys.argv[1]), {"runs/a.trec": "new run\\n", "report.html": "x" * 5000}.items())
"""


def content(folder: Path) -> dict[str, str]:
    """Return all files below a folder by their paths."""
    files = (p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): p.read_text(encoding="utf-8") for p in files}


@contextmanager
def full_disk() -> Iterator[None]:
    """Let no file of this process grow beyond 1,000 bytes, not even the one that pytest writes."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)


def test_files_are_written_over_old_ones_with_the_usual_permissions(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    write_files(folder, OLD.items())
    assert content(folder) == OLD
    write_files(folder, NEW.items())
    assert content(folder) == NEW
    (tmp_path / "usual").touch()
    mode = (tmp_path / "usual").stat().st_mode
    assert {(folder / name).stat().st_mode for name in NAMES} == {mode}


def test_a_full_disk_leaves_the_old_files_whole(tmp_path: Path) -> None:
    write_files(tmp_path, OLD.items())
    with (
        pytest.raises(InputError, match="cannot be written: File too large") as caught,
        full_disk(),
    ):
        write_files(tmp_path, NEW.items())
    assert caught.value.remedy == "Choose another --out."
    assert content(tmp_path) == OLD


def test_a_kill_leaves_the_old_files_whole(tmp_path: Path) -> None:
    write_files(tmp_path, OLD.items())
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    killed = subprocess.run(command, cwd=root, check=False, timeout=60)
    assert killed.returncode == -signal.SIGXFSZ
    left = content(tmp_path)
    assert {name: left[name] for name in NAMES} == OLD
    assert all(name.endswith(".part") for name in left.keys() - set(NAMES))


def test_an_error_while_the_files_are_made_leaves_the_old_ones_whole(tmp_path: Path) -> None:
    def faulty() -> Iterator[tuple[str, str]]:
        yield "runs/a.trec", "new"
        raise ZeroDivisionError

    write_files(tmp_path, OLD.items())
    with pytest.raises(ZeroDivisionError):
        write_files(tmp_path, faulty())
    assert content(tmp_path) == OLD


def test_a_check_leaves_nothing_behind(tmp_path: Path) -> None:
    check_files(tmp_path / "new" / "folder", NAMES)
    assert list(tmp_path.iterdir()) == []
    write_files(tmp_path, OLD.items())
    check_files(tmp_path, NAMES)
    assert content(tmp_path) == OLD


def test_links_to_folders_are_followed_and_links_to_files_replaced(tmp_path: Path) -> None:
    real, secret = tmp_path / "real", tmp_path / "secret"
    real.mkdir()
    secret.write_text("mine")
    (tmp_path / "link").symlink_to(real)
    (real / "report.html").symlink_to(secret)
    check_files(tmp_path / "link", NAMES)
    write_files(tmp_path / "link", OLD.items())
    assert content(real) == OLD
    assert secret.read_text() == "mine"


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("file", "{out} is not a folder"),
        ("file/below", "{out} is not a folder"),
        ("dangling", "{out} is not a folder"),
        ("loop", "{out} is not a folder"),
        ("busy", "report.html in it is a folder"),
        ("taken", "{out}/runs is not a folder"),
        ("x" * 300, "File name too long"),
        ("/dev/full", "/dev/full is not a folder"),
        ("/proc/nowhere", "No such file or directory"),
    ],
)
def test_folders_that_cannot_be_written(tmp_path: Path, place: str, reason: str) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "busy" / "report.html").mkdir(parents=True)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "runs").write_text("mine")
    before = content(tmp_path)
    folder = tmp_path / place
    with pytest.raises(InputError) as tried:
        check_files(folder, NAMES)
    with pytest.raises(InputError) as written:
        write_files(folder, OLD.items())
    expected = f"{folder} cannot be written: {reason.format(out=folder)}."
    assert (tried.value.reason, written.value.reason) == (expected, expected)
    assert content(tmp_path) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_read_only(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="cannot be written: Permission denied"):
        check_files(tmp_path / "out", NAMES)
