"""House rules that are counted; `python -m tests.support.house` lists what each count is of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.support.house import (
    FILE_LINES,
    FUNCTION_LINES,
    Place,
    empty_names,
    long_files,
    long_functions,
    small_helpers,
    sources,
)

LONG_FILES = 0
SMALL_HELPERS = 48
EMPTY_NAMES = 0
LONG_FUNCTIONS = {"evaluate"}
"""Functions outside of pages and charts that are longer than FUNCTION_LINES."""


def listed(places: Sequence[Place]) -> str:
    """Return places as lines."""
    return "\n".join(map(str, places))


def test_no_file_is_too_long() -> None:
    places = long_files()
    assert len(places) <= LONG_FILES, f"more than {FILE_LINES} lines:\n{listed(places)}"


def test_few_private_helpers_are_small_and_used_once() -> None:
    places = small_helpers()
    assert len(places) <= SMALL_HELPERS, f"better where it is used:\n{listed(places)}"


def test_only_pages_and_charts_have_long_functions() -> None:
    """A page or a chart may read better whole."""
    whole = ("app.py", "pages/", "components/ui/", "components/charts/")
    places = [p for p in long_functions() if not p.file.startswith(whole)]
    long = [place for place in places if place.name not in LONG_FUNCTIONS]
    assert not long, f"more than {FUNCTION_LINES} lines:\n{listed(long)}"


def test_names_say_what_they_hold() -> None:
    places = empty_names()
    assert len(places) <= EMPTY_NAMES, f"a name that does not say what it holds:\n{listed(places)}"


def project(folder: Path, **files: str) -> Path:
    """Write a project of components with these files; their endings follow a double underscore."""
    for name, text in files.items():
        path = folder / "components" / name.replace("__", ".")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return folder


def test_lengths_are_counted_without_docstrings(tmp_path: Path) -> None:
    line = "    x = 1\n"
    even = 'def even():\n    """Two\n    lines."""\n' + line * FUNCTION_LINES
    odd = "class A:\n    def odd(self):\n" + ("    " + line) * (FUNCTION_LINES + 1)
    root = project(tmp_path, a__py=even + odd, b__js="x\n" * FILE_LINES, c__css="x\n" * 301)
    assert [(p.name, p.count) for p in long_functions(root)] == [("odd", FUNCTION_LINES + 1)]
    assert [(p.name, p.count) for p in long_files(root)] == [("c.css", 301)]


def test_a_small_helper_has_one_use_and_a_short_body(tmp_path: Path) -> None:
    short, long = "    return 1\n", "    x = 1\n" * 7
    text = f"def _once():\n{short}def _twice():\n{short}def _long():\n{long}def _unused():\n{short}"
    text += f"@cache\ndef _cached():\n{short}class A:\n    def _own(self):\n    {short}"
    uses = "a._once(), a._twice(), a._twice(), a._long(), a._cached(), map(self._own)"
    root = project(tmp_path, a__py=text, b__py=uses)
    assert [p.name for p in small_helpers(root)] == ["_once", "_own"]


def test_names_are_of_variables_parameters_and_attributes(tmp_path: Path) -> None:
    text = "found = 1\ndef f(shown): self._held = shown\nclass A:\n    known: int\nprint(words)\n"
    names = [(place.line, place.name) for place in empty_names(project(tmp_path, a__py=text))]
    assert names == [(1, "found"), (2, "_held"), (2, "shown"), (4, "known")]


def test_the_source_is_there() -> None:
    assert len(sources()) > 90
