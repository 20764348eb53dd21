"""How much an upload may hold: what is beyond is refused with its place, and early."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.corpora import Upload, open_corpus, preview_columns, read_uploads
from components.corpora.documents import DocumentReader
from components.corpora.formats import tables
from components.corpora.limits import (
    MAX_BRACKETS,
    MAX_CARD,
    MAX_LINE,
    MAX_LINES,
    MAX_MARKDOWN,
    MAX_MARKDOWN_LINES,
    MAX_TEXT,
    PROGRESS_ROWS,
    UPLOAD,
    Meter,
    ReadingLimits,
)
from components.corpora.records import queries_from
from components.corpora.text import Row
from components.domain import Cancelled, CorpusError
from tests.support.uploads import QRELS, QUERIES, TWO, passages, refusal, up, zipped


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an upload hold five rows and three values of metadata."""
    small = ReadingLimits(rows=5, values=3, text=10, card=10)
    monkeypatch.setattr("components.corpora.reading.UPLOAD", small)


@pytest.mark.usefixtures("small")
def test_rows_of_every_kind_count_together() -> None:
    rows = '{"text": "x"}\n' * 5
    assert len(read_uploads([up("a.jsonl", rows)]).documents) == 5
    reason = "expected at most 5 documents, queries and judgments in one upload; found more."
    assert refusal(up("a.jsonl", rows + '{"text": "y"}')) == f"a.jsonl:6: {reason}"
    assert refusal(up("a.csv", "text\n" + "x\n" * 6)) == f"a.csv:7: {reason}"
    assert refusal(up("a.md", "# A\nx\n" * 6)) == f"a.md:12: {reason}"
    files = [up("a.jsonl", TWO), up("queries.jsonl", QUERIES)]
    assert read_uploads([*files, up("t.tsv", QRELS)]).judgments
    assert refusal(*files, up("t.tsv", QRELS + "q1\tb\t1\n" * 2)) == f"t.tsv:4: {reason}"
    queries = "".join(json.dumps({"_id": f"q{n}", "text": "x"}) + "\n" for n in range(4))
    assert refusal(files[0], up("queries.jsonl", queries)) == f"queries.jsonl:4: {reason}"


def test_nothing_is_read_beyond_the_limit() -> None:
    """The row after the last that counts is the last that is looked at."""

    def rows() -> Iterator[Row]:
        for number in range(10):
            assert number < 4
            yield Row(f"a:{number}", {"_id": str(number), "text": "x"})

    reason = r"^a:3: expected at most 3 documents"
    with pytest.raises(CorpusError, match=reason):
        queries_from(rows(), Meter(ReadingLimits(rows=3)))
    with pytest.raises(CorpusError, match=reason):
        DocumentReader(Meter(ReadingLimits(rows=3))).read("a", rows())


@pytest.mark.usefixtures("small")
def test_metadata_texts_and_cards_have_limits() -> None:
    line = json.dumps({"text": "x", "metadata": {"a": 1, "b": 2}}) + "\n"
    assert refusal(up("a.jsonl", line * 2)) == (
        "a.jsonl:2: expected at most 3 values of metadata in one upload; found more."
    )
    assert refusal(up("a.csv", "body\n" + "x" * 11)) == (
        "a.csv:2: the field 'body' has 11 characters; a document has at most 10."
    )
    card = up("card.md", "x" * 11)
    reason = "card.md: the card has 11 characters; expected at most 10."
    assert refusal(up("a.jsonl", TWO), card) == reason
    assert read_uploads([up("card.md", "x")]).documents


def test_a_folder_has_no_such_limits(tmp_path: Path) -> None:
    text = "x" * (MAX_TEXT + 1)
    (tmp_path / "corpus.jsonl").write_text(json.dumps({"_id": "a", "text": text}))
    (tmp_path / "card.md").write_text("x" * (MAX_CARD + 1))
    assert open_corpus(str(tmp_path)).documents[0].text == text
    (tmp_path / "corpus.jsonl").write_bytes(b"\n" * MAX_LINES + b'{"_id": "a", "text": "x"}\n')
    assert len(open_corpus(str(tmp_path)).documents) == 1
    assert refusal(up("a.jsonl", json.dumps({"text": text}))).endswith("has at most 1,000,000.")


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", " \n"])
@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.txt", "a.md"])
def test_blank_lines_are_counted_before_any_is_read(
    name: str, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("components.corpora.amounts.raw_lines", never)
    lines = f"{MAX_LINES + 1:,}"
    assert refusal(up(name, end * (MAX_LINES + 1))) == (
        f"Upload: expected at most 2,000,000 lines in all, blank ones included; found {lines}."
    )


def test_a_line_has_a_limit() -> None:
    line = '{"text": "x", "y": "' + "z" * MAX_LINE + '"}'
    reason = "a.jsonl:2: the line has 10,485,782 bytes; expected at most 10,485,760."
    assert refusal(up("a.jsonl", f"\n{line}")) == reason
    with pytest.raises(CorpusError, match=r"^a\.csv:1: the line has 10,485,783 bytes"):
        preview_columns(up("a.csv", "c" * (MAX_LINE + 22) + "\n"))


def test_a_line_of_json_has_a_limit_of_lists_and_objects() -> None:
    """Text that is not JSON may have as many brackets as it wants."""
    brackets = "[" * (MAX_BRACKETS - 1)
    line = '{"text": "x", "y": "' + brackets + '"}'
    assert read_uploads([up("a.jsonl", line)]).documents
    reason = "a.jsonl:2: the line has 250,001 lists and objects; expected at most 250,000."
    assert refusal(up("a.jsonl", "\n" + line.replace('"x"', '"["'))) == reason
    assert read_uploads([up("a.txt", brackets + "[[")]).documents


def test_markdown_has_limits_of_its_own() -> None:
    """Text of the same length is read; all Markdown of an upload counts together."""
    lines, size = "x\n" * MAX_MARKDOWN_LINES, "x" * 99 + "\n"
    reason = "Upload: expected at most 10,485,760 bytes and 200,000 lines of Markdown; found "
    half = zipped({"a.md": lines[: len(lines) // 2], "b.MARKDOWN": lines[: len(lines) // 2 + 2]})
    assert refusal(half) == f"{reason}400,002 bytes and 200,001 lines."
    assert refusal(up("a.md", size * (MAX_MARKDOWN // 100 + 1))).startswith(reason)
    assert read_uploads([up("a.txt", f"{lines}x\n")]).documents


def test_markdown_is_not_nested_deeply_all_over() -> None:
    """A deep quote here and there is read."""
    assert read_uploads([up("a.md", "> " * 20 + "a\n\n" + "b\n\n" * 10)]).documents
    assert refusal(up("a.md", ("> " * 20 + "a\n\n") * 100)) == (
        "a.md:71: expected at most 3 blocks a line of Markdown; found more, nested in one another."
    )


def test_a_long_column_name_is_refused() -> None:
    name = repr("x" * 59 + "…")
    assert refusal(up("a.csv", f"text,{'x' * 513}\na,b\n")) == (
        f"a.csv:1: the column {name} has a name of 513 characters; expected at most 512."
    )


def test_a_delimiter_is_looked_for_in_few_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many of them are blank; a table is read from its file once more, and its preview."""
    numbers: list[int] = []

    class Reader(io.TextIOWrapper):
        def __next__(self) -> str:
            numbers.append(1)
            return super().__next__()

    monkeypatch.setattr(tables.io, "TextIOWrapper", Reader)
    blank = tables.SNIFFED_RECORDS * 20
    content = "id,text\n" + "\n" * blank + "a,b\n"
    assert passages(read_uploads([up("a.csv", content)])) == [("a", "", "b")]
    assert len(numbers) < 8 * tables.SNIFFED_RECORDS + 2 * blank + 100


def test_a_header_far_down_is_not_looked_for() -> None:
    blank = "\n" * tables.SNIFFED_RECORDS
    assert refusal(up("a.csv", f"{blank}id,text\na,b\n")).startswith("a.csv:1: expected a table;")


def test_progress_counts_rows_and_may_cancel() -> None:
    """It is told of the lines there are."""
    content = up("a.jsonl", '{"text": "x"}\n' * (3 * PROGRESS_ROWS))
    steps: list[tuple[int, int]] = []
    read_uploads([content], progress=lambda *step: steps.append(step))
    assert set(steps) == {(n * PROGRESS_ROWS, 3 * PROGRESS_ROWS) for n in (1, 2, 3)}
    assert len(steps) == 6, "while the documents are read, and while their fingerprint is taken"

    def stop(done: int, total: int) -> None:
        steps.append((done, total))
        raise Cancelled

    steps.clear()
    with pytest.raises(Cancelled):
        read_uploads([content], progress=stop)
    assert len(steps) == 1


@pytest.mark.parametrize(
    "file",
    [
        up("a.jsonl", "\n" * 50_000 + '{"text": "x"}'),
        up("a.csv", "id,text\n" + "\n" * 50_000 + "a,x"),
        up("a.txt", "\n" * 50_000 + "x"),
        up("a.md", "- x\n" * 1_000),
        zipped({"a.md": "x", "b.md": "y"}),
        up("a.jsonl", '{"text": "x"}\n' * PROGRESS_ROWS),
    ],
    ids=["jsonl", "csv", "txt", "md", "zip", "fingerprint"],
)
def test_a_reading_is_asked_before_its_first_row(file: Upload) -> None:
    """Blank lines, a parser's work and a zip can be stopped, too."""

    def stop(done: int, total: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        read_uploads([file], progress=stop)


def test_ids_shared_by_many_are_numbered_anew() -> None:
    """The ids before the first that comes twice, too, which may make one that is taken."""
    shared = '{"doc_id": "a", "text": "x"}\n'
    own = '{"_id": "b", "text": "x"}\n'
    ids = [d.id for d in read_uploads([up("a.jsonl", shared + own + shared * 2)]).documents]
    assert ids == ["doc-1", "b", "doc-3", "doc-4"]
    taken = shared + '{"_id": "doc-1", "text": "x"}\n'
    assert [d.id for d in read_uploads([up("a.jsonl", taken)]).documents] == ["a", "doc-1"]
    assert refusal(up("a.jsonl", taken + shared)) == (
        "a.jsonl:2: the id 'doc-1' is already used at a.jsonl:1."
    )


def test_an_upload_has_a_limit_for_each_cost() -> None:
    assert ReadingLimits(500_000, 1_000_000, MAX_TEXT, MAX_CARD) == UPLOAD
