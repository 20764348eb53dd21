"""Finding what the files of a package offer, so that a new file is found by being there."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import TypeVar

T = TypeVar("T")


def modules(package: ModuleType) -> Iterator[ModuleType]:
    """Import and yield the modules that lie directly in a package, by name."""
    for name in sorted(info.name for info in pkgutil.iter_modules(package.__path__)):
        yield importlib.import_module(f"{package.__name__}.{name}")


def offered(package: ModuleType, attribute: str, kind: type[T]) -> Iterator[T]:
    """Yield the records of a kind that a package's modules hold under a name, alone or in a tuple.

    Raises TypeError for anything else under that name.
    """
    for module in modules(package):
        value = getattr(module, attribute, ())
        for record in value if isinstance(value, tuple) else (value,):
            if not isinstance(record, kind):
                raise TypeError(f"{module.__name__}.{attribute} is no {kind.__name__}")
            yield record
