"""README and guides are true: size, links, commands, settings, examples, the table of systems."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import typer.main

from components import encoders, measures, rerankers
from components.cli import app
from components.config import HubModel, LlmServer, Server
from components.corpora import Upload, formats, read_uploads
from components.domain import CorpusError, RerankError
from components.exports.permalink import parameters
from components.lab import Lab, catalog, read_settings
from components.measures import measure, usual_measures
from components.pipeline import rerank, two_stage_search
from components.rerankers import hosted
from components.retrieval import first_stages
from tests.support.added import added
from tests.support.house import ROOT

README = ROOT / "README.md"
GUIDES = ROOT / ".docs"
CONTRIBUTING = ROOT / ".github" / "CONTRIBUTING.md"
PAGES = (README, *sorted(GUIDES.glob("*.md")), *sorted(CONTRIBUTING.parent.glob("*.md")))
MOST_BYTES = 8_192
MOST_PICTURE_BYTES = 700_000
ROUNDING = 0.015
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
PACKAGES = {
    "components/rerankers": rerankers,
    "components/encoders": encoders,
    "components/rerankers/hosted": hosted,
    "components/retrieval/first_stages": first_stages,
    "components/measures": measures,
    "components/corpora/formats": formats,
}
"""What a new file is added to, by folder."""


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
        parts = getattr(command, "commands", {}).values()  # of a group
        params = [param for part in (command, *parts) for param in part.params]
        options = {o for p in params for o in (*p.opts, *p.secondary_opts)}
        for option in sorted(o for o in options if o.startswith("--") and o != "--json"):
            assert re.search(rf"{option}\b(?!-)", described[name]), f"{name} {option}"


def fields(value: object) -> Iterator[str]:
    """Yield the names of a JSON object's fields at any depth, but for what data names."""
    for name, inner in value.items() if isinstance(value, dict) else ():
        yield name
        if name not in {"collections", "search", "metrics", "intervals", "depths"}:
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
        "corpus add exceptions --name kept --replace",
        "corpus list",
        "corpus describe --corpus exceptions",
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


@pytest.mark.parametrize("number", [0, 1, 2])
def test_the_examples_of_sharing_are_read(number: int, tmp_path: Path) -> None:
    examples = fenced(read(GUIDES / "sharing.md"), "toml")
    path = tmp_path / "lab.toml"
    path.write_text(examples[number])
    settings = read_settings({"RERANK_LAB_CONFIG": str(path)})
    assert settings.sharing.hosts == ("lab.example.org",)
    assert (settings.sign_in is not None, settings.sharing.user_header) == (
        (False, ""),
        (True, ""),
        (False, "X-Forwarded-User"),
    )[number]
    assert len(examples) == 3


def test_the_example_of_a_configuration_is_read(tmp_path: Path) -> None:
    [example] = fenced(read(GUIDES / "settings.md"), "toml")
    path = tmp_path / "lab.toml"
    path.write_text(example, encoding="utf-8")
    settings = read_settings({"RERANK_LAB_CONFIG": str(path)})
    model = "BAAI/bge-reranker-v2-m3"
    assert settings.hub == (HubModel("bge-v2-m3", model, Path("/models/bge-reranker-v2-m3")),)
    server = Server("my-vllm", "http://127.0.0.1:8000", model, key_env="MY_VLLM_KEY", documents=32)
    server = replace(server, path="/rerank", truncate=True, max_tokens=512)
    assert settings.servers == (server,)
    [llm] = settings.llms
    usual = LlmServer("judge", "https://llm.example.org/v1", "the-model", key_env="JUDGE_KEY")
    usual = replace(usual, window=20, stride=10, input_usd=0.15, output_usd=0.60)
    noted = replace(usual, price_source=llm.price_source, price_noted=date(2026, 11, 26))
    assert llm == noted
    assert (llm.size, llm.step) == (replace(llm, window=0).size, replace(llm, stride=0).step)
    assert [(p.provider, p.model, p.usd) for p in settings.prices] == [
        ("cohere", "rerank-v3.5", 2.0),
        ("voyage", "rerank-2.5", 0.05),
    ]


def test_every_providers_variables_are_in_the_guide() -> None:
    guide = read(GUIDES / "settings.md")
    for provider in catalog.provider_variables():
        assert f"`{provider.key}`" in guide
        assert f"`{provider.address}`" in guide


def test_every_parameter_of_a_link_is_in_the_guide() -> None:
    links = read(GUIDES / "compare.md").partition("| parameter |")[2].partition("\n\n")[0]
    listed = set(re.findall(r"`([a-z]+)`", "".join(re.findall(r"^\|([^|]+)\|", links, re.M))))
    assert listed == {"corpus", "fingerprint", "upload", *parameters(read_settings({}))}


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


# ---------------------------------------------------------------- the guide for contributors


def examples() -> dict[str, str]:
    """Return the files that the guide shows, by path."""
    blocks = fenced(read(CONTRIBUTING), "python")
    return {code.partition("\n")[0].removeprefix("# "): code for code in blocks}


@pytest.fixture(scope="module")
def guided(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Add every file of the guide to its package."""
    with ExitStack() as stack:
        for path, code in examples().items():
            package = PACKAGES[str(Path(path).parent)]
            folder = tmp_path_factory.mktemp(Path(path).stem)
            (folder / Path(path).name).write_text(code, encoding="utf-8")
            forget = (
                catalog.families.cache_clear,
                catalog.encoder_families.cache_clear,
                catalog.offered_first_stages.cache_clear,
            )
            stack.enter_context(added(package, folder, *forget))
        yield


def test_there_is_an_example_of_each_kind() -> None:
    assert {str(Path(path).parent) for path in examples()} == set(PACKAGES)
    assert not any((ROOT / path).exists() for path in examples())


@pytest.mark.usefixtures("guided")
def test_the_guides_first_stage_and_reranker_search(tmp_path: Path) -> None:
    folder = tmp_path / "corpus.jsonl"
    rows = ('{"_id": "a", "text": "hat hat fox"}', '{"_id": "b", "text": "a green hat"}')
    folder.write_text("\n".join(rows), encoding="utf-8")
    search = two_stage_search(
        "green green hat",
        str(folder),
        first_stage="bm25-flat",
        reranker="word-overlap",
        initial_k=2,
        final_k=2,
        lab=Lab(read_settings({})),
    )
    hits = asyncio.run(search)
    assert [(hit.document.id, hit.score) for hit in hits] == [("b", 1.0), ("a", 0.5)]
    # Robertson and Zaragoza's formula by hand: k1 = 1.2, b = 0.75, two texts of three and two stems
    weight = 2.2 / (1 + 1.2 * (0.25 + 0.75 * 2 / 2.5))
    assert hits[0].first_stage_score == pytest.approx(weight * (1 + 1), abs=1e-6)


@pytest.mark.usefixtures("guided")
def test_the_guides_encoder_is_a_first_stage(tmp_path: Path) -> None:
    folder = tmp_path / "corpus.jsonl"
    folder.write_text('{"_id": "a", "text": "hat"}\n{"_id": "b", "text": "fox"}\n')
    search = two_stage_search(
        "oxf",
        str(folder),
        first_stage="letters",
        reranker="bm25",
        initial_k=2,
        final_k=2,
        lab=Lab(read_settings({})),
    )
    hits = {hit.document.id: hit.first_stage_score for hit in asyncio.run(search)}
    assert hits == pytest.approx({"a": 0.0, "b": 1.0}, abs=1e-6)


@pytest.mark.usefixtures("guided")
def test_the_guides_provider_is_asked() -> None:
    settings = read_settings({"ACME_API_KEY": "key", "ACME_API_URL": "http://127.0.0.1:9"})
    assert catalog.provider_labels()["acme"] == "Acme"
    catalog.check_reranker("acme", settings)
    with pytest.raises(RerankError, match="Acme cannot be reached"):
        rerank("a fox", ["a hat"], reranker="acme", lab=Lab(settings))


@pytest.mark.usefixtures("guided")
def test_the_guides_measures_are_computed() -> None:
    names = ("Success@2", "TopGrade@2")
    run = {"q": {"x": 3.0, "y": 2.0, "z": 1.0}}
    assert measure(run, {"q": {"z": 2}}, names).mean == {"Success@2": 0.0, "TopGrade@2": 0.0}
    assert measure(run, {"q": {"z": 2, "y": 1}}, names).mean == {"Success@2": 1, "TopGrade@2": 0.5}
    assert set(usual_measures()) > {"Success@5", "TopGrade@3"}


@pytest.mark.usefixtures("guided")
def test_the_guides_format_is_read() -> None:
    corpus = read_uploads([Upload("notes.list", b"a: fox\n\nb: hat\n")])
    assert [(d.id, d.text) for d in corpus.documents] == [("a", "fox"), ("b", "hat")]
    with pytest.raises(CorpusError, match=r"notes\.list:1: expected an id, a colon"):
        read_uploads([Upload("notes.list", b"fox")])
