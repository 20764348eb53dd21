"""One file added to a package, found there as a file of the project's own would be."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

FAKES = Path(__file__).parent / "fakes"


@contextmanager
def added(package: ModuleType, folder: Path, *forget: Callable[[], None]) -> Iterator[None]:
    """Let a package find the modules of a folder; `forget` are caches of what was found before."""
    package.__path__.append(str(folder))
    importlib.invalidate_caches()
    _call(forget)
    try:
        yield
    finally:
        package.__path__.remove(str(folder))
        for path in folder.glob("*.py"):
            sys.modules.pop(f"{package.__name__}.{path.stem}", None)
            vars(package).pop(path.stem, None)
        _call(forget)


def _call(functions: tuple[Callable[[], None], ...]) -> None:
    for function in functions:
        function()
