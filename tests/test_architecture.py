"""Imports run downward only; the source is read, not run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.support.house import ROOT, parsed

LAYERS = (
    ("domain", "discovery"),
    ("config", "glossary", "wording"),
    ("corpora", "measures", "models", "network", "storage"),
    ("encoders",),
    ("rerankers", "retrieval"),
    ("lab",),
    ("pipeline",),
    ("analysis",),
    ("evaluation",),
    ("advice", "charts", "judging"),
    ("exports", "bench"),
    ("ui", "cli"),
    ("app", "pages"),
)
FLOORS = 12
"""The most floors below app and pages, and the most rooms in a chain of imports below them."""
BESIDE = {("cli", "components.ui.server")}
"""Which module a room may import of its own layer; the files of one room may import each other."""


def name_of(path: Path) -> str:
    """Return a file's module name; a package has its folder's."""
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {
    name_of(path): path
    for path in (
        *(ROOT / "components").rglob("*.py"),
        *(ROOT / "pages").rglob("*.py"),
        *ROOT.glob("app.py"),
    )
}


def imports(path: Path) -> Iterator[str]:
    """Yield what a file imports anywhere in it: modules, and names that may be modules."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}:{node.lineno}: a relative import"
            module = node.module or ""
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def ours(path: Path) -> set[str]:
    """Return the modules of ours that a file imports; a package only if nothing deeper in it."""
    found = {name for name in imports(path) if name in FILES}
    return {n for n in found if not any(other.startswith(f"{n}.") for other in found)}


def room(module: str) -> str:
    """Return the room of a module: the package or file directly in components, app or pages."""
    parts = module.split(".")
    return parts[1] if parts[0] == "components" and len(parts) > 1 else parts[0]


def layer(module: str) -> int:
    found = [i for i, rooms in enumerate(LAYERS) if room(module) in rooms]
    assert found, f"{module} has no layer: name its room in LAYERS"
    return found[0]


MODULES = sorted(name for name in FILES if name not in {"components", "pages"})


def test_there_is_something_to_check() -> None:
    assert {"components.domain", "components.rerankers.lexical", "components.cli"} <= set(MODULES)
    assert {room(m) for m in ours(FILES["components.domain"])} == {"domain"}
    assert "components.retrieval.store" in ours(FILES["components.lab.lab"])
    assert ours(FILES["components"]) == set()


@pytest.mark.parametrize("module", MODULES)
def test_imports_run_downward_only(module: str) -> None:
    for imported in sorted(ours(FILES[module])):
        mine, its = room(module), room(imported)
        down = layer(imported) < layer(module)
        assert down or mine == its or (mine, imported) in BESIDE, f"{module} imports {imported}"


def test_nothing_goes_in_circles() -> None:
    graph = {module: ours(FILES[module]) - {module} for module in MODULES}
    assert list(TopologicalSorter(graph).static_order())


def test_there_are_at_most_twelve_floors() -> None:
    assert LAYERS[-1] == ("app", "pages")
    assert len(LAYERS) - 1 <= FLOORS


def test_a_chain_of_rooms_has_at_most_twelve() -> None:
    below: dict[str, set[str]] = {}
    for module in MODULES:
        below.setdefault(room(module), set()).update(room(name) for name in ours(FILES[module]))
    chains: dict[str, tuple[str, ...]] = {}
    for here in TopologicalSorter({r: below[r] - {r} for r in below}).static_order():
        others = (chains[r] for r in below.get(here, set()) - {here})
        chains[here] = (here, *max(others, key=len, default=()))
    longest = max((chains[r] for r in below if r not in LAYERS[-1]), key=len)
    assert len(longest) <= FLOORS, " imports ".join(longest)


def test_tests_import_no_tests() -> None:
    files = {name_of(path): path for path in (ROOT / "tests").rglob("*.py")}
    tests = {name for name in files if name.split(".")[-1].startswith(("test_", "conftest"))}
    assert len(tests) > 30
    for name, path in sorted(files.items()):
        borrowed = set(imports(path)) & tests
        assert not borrowed, f"{name} imports {borrowed}: what tests share is in tests.support"


@pytest.mark.parametrize(
    ("package", "rooms"),
    [
        ("streamlit", {"ui", "app", "pages"}),
        ("qdrant_client", {"retrieval"}),
    ],
)
def test_a_library_has_its_room(package: str, rooms: set[str]) -> None:
    users = {
        room(module)
        for module, path in FILES.items()
        if any(name.split(".")[0] == package for name in imports(path))
    }
    assert users <= rooms


@pytest.mark.parametrize("module", MODULES)
def test_nobody_prints(module: str) -> None:
    calls = [
        node.lineno
        for node in ast.walk(parsed(FILES[module]))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"print", "pprint", "breakpoint"}
    ]
    assert calls == [], f"{module}: lines {calls}"
