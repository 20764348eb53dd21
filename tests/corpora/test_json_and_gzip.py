"""JSON lists, and files of any format packed with gzip."""

from __future__ import annotations

import gzip
import json

import pytest

from components.corpora import Upload, preview_columns, read_uploads
from components.corpora.formats.json_lists import WINDOW
from components.corpora.limits import MAX_LINE
from tests.support.uploads import BEIR, TWO, passages, refusal, up, zipped

ROWS = [{"_id": "a", "title": "T", "text": "x"}, {"_id": "b", "text": "y"}]
READ = [("a", "T", "x"), ("b", "", "y")]


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(ROWS),
        json.dumps(ROWS, indent=2),
        f" \n{json.dumps(ROWS)}\n\n",
        json.dumps({"documents": ROWS}),
        json.dumps({"version": 1, "count": 2, "Docs": ROWS, "note": "x"}),
        json.dumps({"anything": ROWS}),
        "\n".join(map(json.dumps, ROWS)),
        "\n".join(json.dumps(row, indent=1) for row in ROWS),
        "\ufeff" + json.dumps(ROWS),
    ],
)
def test_documents_are_found_in_json(content: str) -> None:
    """In a list, in an object's list, or one object after the other."""
    assert passages(read_uploads([up("c.json", content)])) == READ


def test_strings_are_texts_and_get_ids() -> None:
    corpus = read_uploads([up("c.json", '["one", "two"]')])
    assert passages(corpus) == [("doc-1", "", "one"), ("doc-2", "", "two")]


def test_what_stands_beside_the_documents_is_named() -> None:
    content = json.dumps({"queries": ["q"], "documents": ROWS})
    corpus = read_uploads([up("c.json", content)])
    assert "c.json.documents[0]: the documents are the list 'documents'; not read: 'queries'." in (
        corpus.report.warnings
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "c.json:1: not a JSON list of documents at column 1: expected '[' or '{'; found the"),
        ("12", "c.json:1: not a JSON list of documents at column 1: expected '[' or '{'; found"),
        ('["a"\n"b"]', "c.json:2: not a JSON list of documents at column 1: expected ',' or ']'"),
        ('["a", "b"', "c.json:1: not a JSON list of documents at column 10: expected ',' or ']'"),
        ('["a", "b', "c.json:1: not a JSON list of documents at column 7: Unterminated string"),
        ('["a"] "b"', "c.json:1: not a JSON list of documents at column 7: something stands after"),
        ('["a", 1]', "c.json[1]: expected an object or a string; found a number."),
        ('{"n": 1, "m": []}', "c.json:1: expected a list of documents, or an object that holds"),
        ('{"documents": ["a", ', "c.json:1: not a JSON list of documents at column 21: Expecting"),
        ('["' + "a" * MAX_LINE + '"]', "c.json:1: not a JSON list of documents at column 2: a val"),
        ("[" * 100_000, "c.json:1: not a JSON list of documents at column 2: the JSON is nested"),
        ('["a", {"n": ' + "9" * 5000 + "}]", "c.json:1: not a JSON list of documents at column 7"),
    ],
)
def test_a_mistake_is_named_with_its_place(content: str, reason: str) -> None:
    assert refusal(up("c.json", content)).startswith(reason)


def test_a_long_list_is_decoded_piece_by_piece() -> None:
    """No element is lost or cut where one piece ends and the next begins."""
    texts = [f"{n} " + "x" * (n % 977) for n in range(6_000)]
    assert sum(map(len, texts)) > 2 * WINDOW
    documents = read_uploads([up("c.json", json.dumps(texts))]).documents
    assert [document.text for document in documents] == texts


# ---------------------------------------------------------------- gzip


def packed(name: str, content: str | bytes) -> Upload:
    return up(
        f"{name}.gz", gzip.compress(content.encode() if isinstance(content, str) else content)
    )


def test_any_format_may_be_packed_with_gzip() -> None:
    """Alone, beside others and in a zip; a corpus is called by its own name."""
    assert passages(read_uploads([packed("corpus.jsonl", TWO)])) == READ
    assert read_uploads([packed("x.csv", "id,text\na,b\n")]).name == "x"
    assert preview_columns(packed("x.csv", "id,text\na,b\n")) is not None
    files = {f"{name}.gz": gzip.compress(text.encode()) for name, text in BEIR.items()}
    corpus = read_uploads([zipped(files)])
    assert (len(corpus.documents), len(corpus.queries), corpus.card) == (2, 1, "Hi")
    assert corpus.judgments == {"q1": {"b": 1}}


def test_members_of_a_gzip_are_one_file() -> None:
    content = b"".join(gzip.compress(line.encode()) for line in TWO.splitlines(keepends=True))
    assert passages(read_uploads([up("a.jsonl.gz", content + b"\0" * 100)])) == READ


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"no gzip", "the gzip is damaged or no gzip: Error -3 while decompressing data: incorrec"),
        (b"", "the gzip is damaged or no gzip: it ends before its end: it was cut."),
        (gzip.compress(TWO.encode())[:-9], "the gzip is damaged or no gzip: it ends before its en"),
        (gzip.compress(TWO.encode()) + b"x", "the gzip is damaged or no gzip: "),
        (gzip.compress(b" " * 60_000_000), "the gzip of 58,350 bytes unpacks to more than 11,670,"),
    ],
    ids=("none", "empty", "cut", "trailing", "bomb"),  # a gzip holds the time it was made
)
def test_a_damaged_gzip_and_a_bomb_are_refused(content: bytes, reason: str) -> None:
    assert refusal(up("a.jsonl.gz", content)).startswith(f"a.jsonl.gz: {reason}")


def test_gzips_share_one_budget() -> None:
    """Each is within its own, and all together are not."""
    random_hex = "".join(f"{n * 2654435761 % 2**32:08x}" for n in range(2_500_000))  # 20 MB
    files = [packed(f"{n}.txt", random_hex) for n in range(3)]
    assert sum(len(file.content) for file in files) < 50 * 1024**2
    assert " unpacks to more than 12,4" in refusal(*files)
