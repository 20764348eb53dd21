"""A corpus format is one file: what is registered is read by the page and the command line."""

from __future__ import annotations

import importlib
import json
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from components import cli
from components.corpora import (
    MAX_BYTES,
    MAX_SIZE,
    Upload,
    open_corpus,
    read_uploads,
    upload_endings,
)
from components.corpora import formats as registry
from components.corpora.formats import Format, by_ending, formats
from components.domain import CorpusError, Document
from tests.support.visits import Visit, said, texts

ROOT = Path(__file__).resolve().parents[2]
FAKES = ROOT / "tests" / "support" / "fakes" / "formats"
CONTENT = b"a|a lamp on the cliff\n\nb|the keeper winds the clock\n"
DOCUMENTS = (
    Document("a", "", "a lamp on the cliff"),
    Document("b", "", "the keeper winds the clock"),
)


@pytest.fixture
def probe_format() -> Iterator[None]:
    """Register the format that tests/support/fakes/formats holds."""
    registry.__path__.append(str(FAKES))
    importlib.invalidate_caches()
    yield
    registry.__path__.remove(str(FAKES))
    sys.modules.pop("components.corpora.formats.probe", None)


def test_the_formats_and_their_endings() -> None:
    """Prose comes last; a file's ending stands for one format only."""
    data, prose = "Parquet Arrow JSON JSONL CSV TSV", "Word HTML PDF Markdown text"
    assert [entry.name for entry in formats()] == [*data.split(), *prose.split()]
    endings = ".parquet .pq .arrow .feather .ipc .json .jsonl .csv .tsv .docx .docm .html .htm"
    endings = f".zip {endings} .xhtml .pdf .md .markdown .txt .gz"
    assert upload_endings() == tuple(endings.split())
    assert [entry.name for entry in formats() if entry.prose] == prose.split()
    assert [entry.name for entry in formats() if entry.preview] == ["CSV", "TSV"]


def test_the_server_takes_uploads_as_large_as_are_read() -> None:
    """Streamlit's own limit is named in its configuration, in megabytes."""
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    assert config["server"]["maxUploadSize"] * 1024**2 == MAX_BYTES
    assert f"{config['server']['maxUploadSize']} MB" == MAX_SIZE


def test_two_formats_with_one_ending_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names both."""
    (tmp_path / "taken.py").write_text(
        "from components.corpora.formats import Format\n"
        "FORMATS = Format('Taken', ('.csv',), lambda file, columns: iter(()))\n"
    )
    monkeypatch.setattr(registry, "__path__", [*registry.__path__, str(tmp_path)])
    with pytest.raises(ValueError, match=r"\.csv is claimed by CSV and Taken"):
        by_ending()
    sys.modules.pop("components.corpora.formats.taken", None)


def test_a_format_is_gone_with_its_file() -> None:
    """No test leaves its format behind."""
    assert ".probe" not in upload_endings()
    with pytest.raises(
        CorpusError,
        match=r"expected one corpus \(\.parquet, \.arrow, \.json, \.jsonl, \.csv or \.tsv; ",
    ):
        read_uploads([Upload("x.probe", CONTENT)])


def test_a_new_format_is_read_wherever_a_corpus_is(probe_format: None, tmp_path: Path) -> None:
    """As an upload, beside queries, and by its path; a mistake keeps its line."""
    assert isinstance(by_ending()[".probe"], Format)
    assert read_uploads([Upload("Sea.PROBE", CONTENT)]).documents == DOCUMENTS
    queries = Upload("queries.jsonl", b'{"_id": "q", "text": "lamp"}')
    assert read_uploads([Upload("x.probe", CONTENT), queries]).queries[0].id == "q"
    (tmp_path / "sea.probe").write_bytes(CONTENT)
    corpus = open_corpus(str(tmp_path / "sea.probe"))
    assert (corpus.name, corpus.documents) == ("sea", DOCUMENTS)
    with pytest.raises(CorpusError, match=r"x\.probe:2: expected id\|text; found 'b'\."):
        read_uploads([Upload("x.probe", b"a|x\nb\n")])
    with pytest.raises(
        CorpusError,
        match=r"expected one corpus \(\.parquet, \.arrow, \.json, \.jsonl, \.probe, \.csv or ",
    ):
        read_uploads([Upload("x.exe", CONTENT)])


def test_the_command_line_reads_a_new_format(
    probe_format: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The same file is indexed that the page takes."""
    path = tmp_path / "sea.probe"
    path.write_bytes(CONTENT)
    command = f"rerank-lab index --corpus {path} --first-stage bm25 --no-tokens --json"
    monkeypatch.setattr(sys, "argv", command.split())
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 0
    corpus = json.loads(capsys.readouterr().out)["corpus"]
    assert (corpus["name"], corpus["documents"]) == ("sea", 2)


def test_the_page_offers_and_reads_a_new_format(probe_format: None, visit: Visit) -> None:
    """The field for files has its ending, the line above it its name."""
    at = visit("pages/corpus.py")
    assert ".probe" in at.file_uploader[0].allowed_type
    assert (
        "JSONL, Probe, CSV, TSV, Word, HTML, PDF, Markdown or text files; 50 MB in all."
        in texts(at)
    )
    at.file_uploader[0].upload("sea.probe", CONTENT).run()
    assert not at.exception
    assert at.session_state["new_corpus"][1].documents == DOCUMENTS
    at.file_uploader[0].set_value([("sea.probe", b"a|x\nb\n", "")]).run()
    assert "sea.probe:2: expected id|text; found 'b'." in said(at, "complaint")
