"""Models of the hub or of a folder: whether they are here, how they come, which they are."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx

from components.domain import Cancelled, Progress, UnavailableError, no_progress

FILES = ("*.json", "*.safetensors", "*.txt", "*.model")
PROBE_SECONDS = 2.0
LATELY_S = 5


@dataclass(frozen=True, slots=True)
class HubSource:
    """A model by its hub name, or from a folder; `table` names where it is configured.

    `size` says in words how much is to be downloaded; `code` whether the model's own code is too.
    """

    model: str
    path: Path | None
    key: str
    table: str = "[[hub]]"
    size: str = ""
    code: bool = False

    @property
    def folder(self) -> Path | None:
        """Return the model's folder, or None where it is not on this machine."""
        return self.path or _cached(self.model, self._patterns)

    @property
    def lately(self) -> Path | None:
        """Return the folder as it was at most LATELY_S seconds ago: the hub's cache is slow."""
        return self.path or _cached_lately(
            self.model, self._patterns, int(time.monotonic() // LATELY_S)
        )

    @property
    def _patterns(self) -> tuple[str, ...]:
        return (*FILES, *(["*.py"] if self.code else []))

    def check(self) -> None:
        """Raise UnavailableError unless the model is in a folder or cached, or the hub answers."""
        if self.path is not None:
            if not any((self.path / n).is_file() for n in ("config.json", "modules.json")):
                raise UnavailableError(
                    f"The folder {self.path} configured for {self.key} has no config.json.",
                    f"Point {self.table} path at a folder in the hub's layout.",
                )
        elif self.folder is None and not hub_answers():
            size = f" ({self.size})" if self.size else ""
            name = "key" if self.table == "[[hub]]" else "name"
            raise UnavailableError(
                f"{self.model} is not on this machine and no model hub answers.",
                f"Connect to the network for the first use{size}, or name a folder with the model: "
                f'{self.table} {name} = "{self.key.removeprefix("encoder:")}", path = "…" in '
                "RERANK_LAB_CONFIG.",
            )

    def fetch(self, progress: Progress = no_progress) -> bool:
        """Download the model unless it is here; return whether it was not. `progress` gets bytes.

        Raises UnavailableError where the download fails.
        """
        if self.path is None and self.lately is not None:
            return False
        self.check()
        if self.folder is not None:
            return False
        from huggingface_hub import snapshot_download

        try:
            snapshot_download(
                self.model,
                allow_patterns=list(self._patterns),
                tqdm_class=_reporting_bar(progress),
            )
        except Cancelled:
            raise
        except Exception as exc:  # hub errors, connection errors and disk errors alike
            raise UnavailableError(
                f"{self.model} could not be downloaded: {type(exc).__name__}: {exc}".splitlines()[
                    0
                ],
                "Check the network, or name a folder with the model in RERANK_LAB_CONFIG.",
            ) from exc
        return True

    def identity(self) -> str:
        """Return which weights these are: the hub's revision, or a folder's files as they are."""
        folder = self.folder
        if folder is None:
            return self.model
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        stats = [(p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in files]
        return f"{self.model} {folder.resolve()} {stats}"

    def local(self) -> Path:
        """Return the model's folder; UnavailableError where it was not fetched."""
        folder = self.folder
        if folder is None:
            raise UnavailableError(f"{self.model} is not on this machine.", "Fetch it first.")
        return folder


def read_json(path: Path) -> dict[str, Any]:
    """Return the JSON object of a file; an empty one where there is none that can be read."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def short_digest(*parts: object) -> str:
    """Return twelve characters that stand for what a model's numbers depend on."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


def _cached(model: str, patterns: tuple[str, ...]) -> Path | None:
    """Return the folder of a model in the hub's cache, or None where it is not complete there."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(model, allow_patterns=list(patterns), local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError):
        return None


@lru_cache(maxsize=64)
def _cached_lately(model: str, patterns: tuple[str, ...], moment: int) -> Path | None:
    return _cached(model, patterns)


def hub_answers() -> bool:
    """Return whether the hub can be reached; it is asked at most once a minute."""
    if os.environ.get("HF_HUB_OFFLINE", "") in {"1", "true", "True"}:
        return False
    endpoint = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
    return _answered_in_minute(endpoint, int(time.monotonic() // 60))


@lru_cache(maxsize=1)
def _answered_in_minute(endpoint: str, minute: int) -> bool:
    try:
        return httpx.head(endpoint, timeout=PROBE_SECONDS).status_code < 500
    except (httpx.HTTPError, httpx.InvalidURL):
        return False


def _reporting_bar(progress: Progress) -> type[Any]:
    """Return a class of tqdm's that draws nothing and reports the bytes of all its bars.

    The hub fetches files side by side and counts in two bars: what is reported never falls.
    """
    from tqdm.auto import tqdm

    lock, furthest = threading.Lock(), 0

    class Reporting(tqdm):  # type: ignore[misc]
        """Passes the bytes on instead of drawing a bar."""

        monitor_interval = 0  # no thread of tqdm's own

        def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
            kwargs.pop("name", None)
            super().__init__(*args, **kwargs | {"disable": False, "mininterval": 0, "miniters": 1})

        def refresh(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
            """Report without tqdm's lock: it would stay locked when `progress` raises."""
            nonlocal furthest
            if self.unit == "B" and self.total:
                with lock:
                    furthest = max(furthest, int(self.n))
                    progress(furthest, int(self.total))

        def display(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
            """Draw nothing."""

    return Reporting
