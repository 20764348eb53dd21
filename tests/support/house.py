"""House rules that are counted in the source: lengths, private helpers with one caller, names.

`python -m tests.support.house` lists every offender; tests/test_house.py holds the limits.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILE_LINES = 300
FUNCTION_LINES = 30
SMALL_BODY = 7
EMPTY_NAMES = frozenset({"found", "chosen", "shown", "known", "held", "words"})
"""Names that say how a value came about, and not what it holds."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Something in the source: its file from the root, its line, its name and a count."""

    file: str
    line: int
    name: str
    count: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.name} ({self.count})"


@cache
def parsed(path: Path) -> ast.Module:
    """Return a Python file's syntax tree; it is read once a run."""
    return ast.parse(path.read_text(encoding="utf-8"))


def sources(root: Path = ROOT, *endings: str) -> tuple[Path, ...]:
    """Return the files of components, pages and app.py with these endings, Python's by default."""
    files = [root / "app.py", *(p for f in ("components", "pages") for p in (root / f).rglob("*"))]
    return tuple(sorted(p for p in files if p.suffix in (endings or (".py",)) and p.is_file()))


def _relative(path: Path, root: Path) -> str:
    return str(path.relative_to(root))


def long_files(root: Path = ROOT) -> list[Place]:
    """Return the Python, JavaScript and CSS files of more than FILE_LINES lines."""
    counts = [
        Place(_relative(path, root), 1, path.name, len(path.read_text("utf-8").splitlines()))
        for path in sources(root, ".py", ".js", ".css")
    ]
    return [place for place in counts if place.count > FILE_LINES]


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield the functions and methods of a tree, at any depth."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return (node for node in ast.walk(tree) if isinstance(node, kinds))


def _lines(nodes: Sequence[ast.stmt]) -> int:
    return (nodes[-1].end_lineno or 0) - nodes[0].lineno + 1 if nodes else 0


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function's body, from its first statement after the docstring."""
    return _lines(function.body[ast.get_docstring(function) is not None :])


def long_functions(root: Path = ROOT) -> list[Place]:
    """Return the functions whose body is longer than FUNCTION_LINES; nested ones count again."""
    return [
        Place(_relative(path, root), node.lineno, node.name, body_lines(node))
        for path in sources(root)
        for node in functions(parsed(path))
        if body_lines(node) > FUNCTION_LINES
    ]


def _helpers(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield private functions of a module and private methods of its classes; no dunders."""
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    members = [*tree.body, *(member for owner in classes for member in owner.body)]
    named = (node for node in members if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return (node for node in named if node.name.startswith("_") and node.name[:2] != "__")


def small_helpers(root: Path = ROOT) -> list[Place]:
    """Return the undecorated private helpers of fewer than SMALL_BODY lines with one use.

    A use is any mention of the name in the Python sources, as a name or as an attribute, called
    or passed on; a name defined twice is counted with the uses of both. A decorated helper
    (a property, a cache) is more than its body and is not counted.
    """
    uses: Counter[str] = Counter()
    for path in sources(root):
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Name | ast.Attribute):
                uses[node.id if isinstance(node, ast.Name) else node.attr] += 1
    return [
        Place(_relative(path, root), node.lineno, node.name, body_lines(node))
        for path in sources(root)
        for node in _helpers(parsed(path))
        if not node.decorator_list and uses[node.name] == 1 and body_lines(node) < SMALL_BODY
    ]


def _bound_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the names that a module binds: variables, parameters, attributes and fields."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.ClassDef):
            yield from ((m.lineno, m.name) for m in node.body if isinstance(m, ast.FunctionDef))


def empty_names(root: Path = ROOT) -> list[Place]:
    """Return where a variable, parameter, field or method has one of EMPTY_NAMES, `_` aside."""
    return [
        Place(_relative(path, root), line, name)
        for path in sources(root)
        for line, name in sorted(_bound_names(parsed(path)))
        if name.strip("_") in EMPTY_NAMES
    ]


CHECKS = {
    "files that are too long": long_files,
    "functions that are too long": long_functions,
    "small private helpers with one use": small_helpers,
    "names that do not say what they hold": empty_names,
}


def report(root: Path = ROOT) -> str:
    """Return every check's count and its places."""
    lines = []
    for title, check in CHECKS.items():
        places = check(root)
        lines += [f"{len(places)} {title}", *(f"  {place}" for place in places)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(report(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT))
