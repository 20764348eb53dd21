"""README and guides are true: size, links, commands, settings, examples, the table of systems."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import typer.main

from components.cli import app
from components.config import HubModel, Server
from components.corpora.formats import Format
from components.lab import catalog, read_settings
from components.measures import Measure
from components.rerankers import Family
from components.retrieval.first_stages import FirstStage
from tests.support.house import ROOT

README = ROOT / "README.md"
GUIDES = ROOT / ".docs"
CONTRIBUTING = ROOT / ".github" / "CONTRIBUTING.md"
PAGES = (README, *sorted(GUIDES.glob("*.md")), *sorted(CONTRIBUTING.parent.glob("*.md")))
MOST_BYTES = 8_192
MOST_PICTURE_BYTES = 700_000
ROUNDING = 0.015
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
RECORDS = {
    "rerankers": ("FAMILY", Family),
    "hosted": ("FAMILY", Family),
    "first_stages": ("FIRST_STAGES", FirstStage),
    "measures": ("MEASURES", Measure),
    "formats": ("FORMATS", Format),
}
"""What the files of a package offer, by the package's name."""


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def fenced(text: str, language: str) -> list[str]:
    """Return the contents of a page's fenced blocks in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def prose(text: str) -> str:
    """Return a page without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(read(path)), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def command_lines() -> Iterator[tuple[str, str]]:
    """Yield each page and line of code that begins with rerank-lab."""
    for path in PAGES:
        for line in re.findall(r"^(?: {4})?(rerank-lab .+)$", read(path), re.MULTILINE):
            yield path.name, line


def test_the_readme_is_short() -> None:
    assert len(README.read_bytes()) <= MOST_BYTES
    assert (GUIDES / "compare.png").stat().st_size <= MOST_PICTURE_BYTES


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(read(page))):
        if link.startswith(("http://", "https://")):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), f"{page.name}: {link}"
        assert target.is_relative_to(ROOT)
        assert not anchor or anchor in anchors(target), f"{page.name}: {link}"


def test_every_guide_is_linked_from_the_readme() -> None:
    linked = set(re.findall(r"\]\(\.docs/([^)#]+\.md)\)", read(README)))
    assert linked == {path.name for path in GUIDES.glob("*.md")}


# ---------------------------------------------------------------- the command line


def test_commands_are_shown() -> None:
    assert len(list(command_lines())) > 8


@pytest.mark.parametrize(("page", "line"), list(command_lines()))
def test_a_command_line_is_understood(page: str, line: str) -> None:
    _, command, *arguments = shlex.split(line)
    assert command in COMMANDS, f"{page}: {line}"
    COMMANDS[command].make_context(command, arguments)  # raises for an option that does not exist


def test_the_guide_has_every_command_and_option() -> None:
    sections = re.split(r"^## ", read(GUIDES / "command-line.md"), flags=re.MULTILINE)[1:]
    described = {section.partition("\n")[0]: section for section in sections}
    assert list(described) == list(COMMANDS)
    for name, command in COMMANDS.items():
        options = {o for p in command.params for o in (*p.opts, *p.secondary_opts)}
        for option in sorted(o for o in options if o.startswith("--") and o != "--json"):
            assert re.search(rf"{option}\b(?!-)", described[name]), f"{name} {option}"


def fields(value: object) -> Iterator[str]:
    """Yield the names of a JSON object's fields at any depth, but for what data names."""
    for name, inner in value.items() if isinstance(value, dict) else ():
        yield name
        if name not in {"collections", "metrics", "intervals", "depths"}:
            for item in inner if isinstance(inner, list) else [inner]:
                yield from fields(item)


@pytest.mark.parametrize(
    "line",
    [
        "models",
        "index --corpus exceptions --first-stage bm25 --no-tokens",
        "search exception --corpus exceptions --first-stage bm25 --reranker bm25 --reranker jina",
        "rerank exception --documents texts.txt --reranker bm25",
        "evaluate --corpus exceptions --first-stage bm25 --reranker jina --out out --no-save",
    ],
)
def test_the_guide_has_every_field(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("texts.txt").write_text("an exception", encoding="utf-8")
    app([*shlex.split(line), "--json"], standalone_mode=False)
    guide = read(GUIDES / "command-line.md")
    for name in fields(json.loads(capsys.readouterr().out)):
        assert f"`{name}`" in guide
    for path in (tmp_path / "out").glob("*.*"):
        assert f"`{path.name}`" in guide


# ---------------------------------------------------------------- settings, packages, systems


def test_the_example_of_a_configuration_is_read(tmp_path: Path) -> None:
    [example] = fenced(read(GUIDES / "settings.md"), "toml")
    path = tmp_path / "lab.toml"
    path.write_text(example, encoding="utf-8")
    settings = read_settings({"RERANK_LAB_CONFIG": str(path)})
    model = "BAAI/bge-reranker-v2-m3"
    assert settings.hub == (HubModel("bge-v2-m3", model, Path("/models/bge-reranker-v2-m3")),)
    server = Server("my-vllm", "http://127.0.0.1:8000", model, key_env="MY_VLLM_KEY", documents=32)
    assert settings.servers == (server,)
    assert [(p.provider, p.model, p.usd) for p in settings.prices] == [
        ("cohere", "rerank-v3.5", 2.0),
        ("voyage", "rerank-2.5", 0.05),
    ]


def test_every_providers_variables_are_in_the_guide() -> None:
    guide = read(GUIDES / "settings.md")
    for provider in catalog.provider_variables():
        assert f"`{provider.key}`" in guide
        assert f"`{provider.address}`" in guide


def test_every_package_is_in_the_table_of_floors() -> None:
    named = set(re.findall(r"^\|[^|]*\| `([a-z_]+)`", read(GUIDES / "architecture.md"), re.M))
    folders = {path.parent.name for path in (ROOT / "components").glob("*/__init__.py")}
    files = {path.stem for path in (ROOT / "components").glob("*.py")} - {"__init__"}
    assert named >= folders | files


def test_the_table_of_systems_is_the_catalog() -> None:
    rows = re.findall(r"^\| (`[^|]+`) \| (first|reranker|both) \|.+\|$", read(README), re.MULTILINE)
    listed = {(key, stage) for keys, stage in rows for key in re.findall(r"`([^`]+)`", keys)}
    roles: dict[str, list[str]] = {}
    for entry in catalog.entries(read_settings({})):
        roles.setdefault(entry.spec.key, []).append(entry.stage.partition(" ")[0])
    assert listed == {(k, "both" if len(v) > 1 else v[0]) for k, v in roles.items()}
    table = read(README).partition("| key | stage |")[2].partition("\n\n")[0]
    assert table.count("\n") == len(rows) + 1  # no blank line within


# ---------------------------------------------------------------- examples


@pytest.mark.models
def test_the_example_in_python_prints_what_is_shown(tmp_path: Path) -> None:
    [code], [output] = fenced(read(README), "python"), fenced(read(README), "text")
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    printed, shown = done.stdout.split(), output.split()
    assert len(printed) == len(shown)
    for mine, its in zip(printed, shown, strict=True):
        if re.fullmatch(r"-?\d+\.\d+", its):
            assert float(mine) == pytest.approx(float(its), abs=ROUNDING)
        else:
            assert mine == its


def load(path: Path) -> ModuleType:
    """Return the module of a file that is in no package."""
    spec = importlib.util.spec_from_file_location(f"example_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def examples() -> Iterator[tuple[str, str]]:
    """Yield path and content of the files in the guide for contributors."""
    for code in fenced(read(CONTRIBUTING), "python"):
        yield code.partition("\n")[0].removeprefix("# "), code


def test_there_is_an_example_of_each_kind() -> None:
    assert {Path(path).parent.name for path, _ in examples()} == set(RECORDS)


@pytest.mark.parametrize(("path", "code"), list(examples()), ids=lambda text: text.split("\n")[0])
def test_an_example_is_a_file_that_offers_a_record(path: str, code: str, tmp_path: Path) -> None:
    assert not (ROOT / path).exists(), "the example would replace a file"
    assert (ROOT / path).parent.is_dir()
    file = tmp_path / Path(path).name
    file.write_text(code, encoding="utf-8")
    attribute, kind = RECORDS[Path(path).parent.name]
    value = getattr(load(file), attribute)
    for record in value if isinstance(value, tuple) else (value,):
        assert isinstance(record, kind)
