"""The board's script: its parts, their tests in node, and the data that it gets from Python."""

from __future__ import annotations

import json
import re
import subprocess
import types
import typing
from collections import Counter
from dataclasses import fields, replace
from pathlib import Path

import pytest

from components.charts.palette import DARK, LETTERS, LIGHT
from components.ui.compare.board import component
from components.ui.compare.board.component import (
    BoardData,
    CardView,
    ColumnView,
    PathView,
    Selection,
)

HERE = Path(__file__).parent
PARTS = component.FOLDER / "script"
DATACLASSES = (CardView, ColumnView, PathView, BoardData, Selection)
UNIONS = {"Origin": component.Origin, "State": component.State}
SCALARS = {str: "string", int: "number", float: "number", bool: "boolean", type(None): "null"}
TOP_LEVEL = re.compile(r"^(?:export (?:default )?)?(?:function|class|const|let|var) (\w+)", re.M)


def run(*command: str) -> str:
    """Run a command to its end, which must be a good one, and return what it wrote."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    return done.stdout


# ---------------------------------------------------------------- the parts and their sum


def test_the_pure_functions_do_what_their_own_tests_say(node: str) -> None:
    files = sorted(str(path) for path in HERE.glob("*.test.mjs"))
    report = run(node, "--test", "--test-reporter=tap", *files)
    passed = re.search(r"^# pass (\d+)$", report, re.M)
    named = sum(path.read_text().count('\ntest("') for path in HERE.glob("*.test.mjs"))
    assert passed is not None
    assert int(passed[1]) >= named > 0, "not every test ran"


def test_the_joined_script_is_a_module_with_one_default_export(node: str, tmp_path: Path) -> None:
    joined = tmp_path / "board.mjs"
    joined.write_text(component.script(), encoding="utf-8")
    run(node, "--check", str(joined))
    show = "import(process.argv[1]).then((m) => console.log(Object.keys(m), typeof m.default))"
    assert run(node, "--eval", show, joined.as_uri()) == "[ 'default' ] function\n"
    assert component.script().count("export default ") == 1
    assert not re.search(r"(^|;)import\b", component.script(), re.M)


def test_every_part_is_joined_after_those_that_it_imports() -> None:
    assert {path.stem for path in PARTS.iterdir()} == {*component.SCRIPT_PARTS, "types"}
    for at, part in enumerate(component.SCRIPT_PARTS):
        source = (PARTS / f"{part}.mjs").read_text(encoding="utf-8")
        imported = re.findall(r'^import [^;]* from "\./(\w+)\.mjs";$', source, re.M)
        shared = re.findall(r'^import [^;]* from "(\.\./[^"]+)";$', source, re.M)
        assert all((PARTS / path).resolve() == component.LIVE for path in shared), part
        assert len(imported) + len(shared) == len(re.findall(r"^import\b", source, re.M)), part
        assert set(imported) <= set(component.SCRIPT_PARTS[:at]), part


def test_parts_use_only_the_module_syntax_that_joining_leaves_out() -> None:
    """One scope holds all parts, so nothing may be renamed on its way from one to another."""
    for part in component.SCRIPT_PARTS:
        source = (PARTS / f"{part}.mjs").read_text(encoding="utf-8")
        imports = re.findall(r"^import [^;]*;", source, re.M)
        assert all(re.fullmatch(r"import \{[\w,\s]+\} from [^;]+;", one) for one in imports), part
        assert not any(re.search(r"\bas\b", one) for one in imports), part
        exports = re.findall(r"^export .*", source, re.M)
        assert all(TOP_LEVEL.match(one) for one in exports), part


def test_no_two_parts_define_the_same_name() -> None:
    names = Counter(
        name
        for part in component.SCRIPT_PARTS
        for name in TOP_LEVEL.findall((PARTS / f"{part}.mjs").read_text(encoding="utf-8"))
    )
    assert len(names) > 50
    assert [name for name, count in names.items() if count > 1] == []


def test_every_part_is_checked_by_types_and_short() -> None:
    for path in PARTS.iterdir():
        lines = path.read_text(encoding="utf-8").splitlines()
        assert lines[0] == "// @ts-check", path.name
        assert 50 <= len(lines) <= 250, path.name


def test_the_style_sheet_gives_each_letter_its_colour_in_both_tones() -> None:
    css = component.stylesheet()
    for tone, palette in (("light", LIGHT), ("dark", DARK)):
        for letter in LETTERS:
            rule = f'.board[data-tone="{tone}"] [data-letter="{letter}"]'
            assert f"{rule}{{--system:{palette.colour(letter)}}}" in css


# ---------------------------------------------------------------- the data from Python


def typedefs() -> dict[str, dict[str, str]]:
    """Return the object types of the script's types: name to property to type."""
    source = (PARTS / "types.mjs").read_text(encoding="utf-8")
    blocks = re.findall(r"/\*\*(?:(?!\*/).)*?@typedef \{object\} (\w+)(.*?)\*/", source, re.S)
    prop = re.compile(r"@property \{(.+)\} (\S+)")
    return {name: {p: kind for kind, p in prop.findall(body)} for name, body in blocks}


def unions() -> dict[str, set[str]]:
    """Return the script's types that are one of several strings: name to strings."""
    source = (PARTS / "types.mjs").read_text(encoding="utf-8")
    lines = re.findall(r'@typedef \{("\w+"(?: \| "\w+")*)\} (\w+)', source)
    return {name: set(re.findall(r'"(\w+)"', kinds)) for kinds, name in lines}


def script_type(kind: object) -> str:
    """Return how the script writes the JSON form of a Python type."""
    for name, union in UNIONS.items():
        if kind == union:
            return name
    if typing.get_origin(kind) is tuple:
        item, rest = typing.get_args(kind)
        assert rest is Ellipsis
        text = script_type(item)
        return f"({text})[]" if "|" in text else f"{text}[]"
    if isinstance(kind, types.UnionType):
        return " | ".join(script_type(option) for option in typing.get_args(kind))
    assert isinstance(kind, type)
    return kind.__name__ if kind in DATACLASSES else SCALARS[kind]


@pytest.mark.parametrize("record", DATACLASSES, ids=lambda record: record.__name__)
def test_python_and_the_script_declare_the_same_fields(record: type) -> None:
    hints = typing.get_type_hints(record)
    declared = {field.name: script_type(hints[field.name]) for field in fields(record)}
    assert typedefs()[record.__name__] == declared


def test_python_and_the_script_declare_the_same_origins_and_states() -> None:
    assert unions() == {name: set(typing.get_args(union)) for name, union in UNIONS.items()}


CARD = CardView("d", 1, "T", "x", "1.00", 0.5, 2, "up", 1, None, 0)
BARS = (float("nan"), float("inf"), -1.0, 2.0)


def column(*cards: CardView, reason: str = "", remedy: str = "") -> ColumnView:
    return ColumnView(
        *("bm25", "B", "BM25", "lexical", "BM25", "done", 1, 1, "3 ms", "", ("cached",)),
        *(reason, remedy, cards),
    )


def test_the_script_gets_every_declared_field_as_json() -> None:
    path = PathView("d", "T", (1, None), (1.0, None), True)
    data = BoardData((column(CARD),), 3, 10, (path,), "How to read")
    sent = json.loads(json.dumps(component.payload(data, Selection("d", "bm25"))))
    declared = typedefs()
    assert sent.keys() == declared["BoardData"].keys() | {"selected"}
    assert sent["columns"][0].keys() == declared["ColumnView"].keys()
    assert sent["columns"][0]["cards"][0].keys() == declared["CardView"].keys()
    assert sent["paths"] == [
        {"id": "d", "title": "T", "ranks": [1, None], "heights": [1.0, None], "telling": True}
    ]
    assert sent["selected"] == {"document": "d", "system": "bm25"}
    assert (sent["max_grade"], sent["cutoff"]) == (3, 10)


def test_long_texts_are_clipped_and_bars_stay_in_their_columns() -> None:
    long = "x" * 5000
    cards = [replace(CARD, title=long, text=long, bar=bar) for bar in BARS]
    path = PathView("d", long, (1,), (1.0,), False)
    data = BoardData((column(*cards, reason=long, remedy=long),), 0, 10, (path,))
    sent = component.payload(data, None)
    (only,) = sent["columns"]
    assert [one["bar"] for one in only["cards"]] == [0.0, 0.0, 0.0, 1.0]
    assert only["cards"][0]["title"] == "x" * 299 + "…" == sent["paths"][0]["title"]
    assert only["cards"][0]["text"] == "x" * 599 + "…"
    assert only["reason"] == only["remedy"] == "x" * 3999 + "…"
    assert sent["selected"] is None
