"""Zips: what is read from them, and which are refused."""

from __future__ import annotations

import io
import stat
import tracemalloc
import zipfile

import pytest

from components.corpora import Upload, read_uploads
from components.corpora.limits import MAX_FILES
from tests.support.uploads import BEIR, QRELS, TWO, passages, refusal, up, zipped


@pytest.mark.parametrize("root", ["", "scifact/"])
def test_a_zipped_beir_folder_is_read(root: str) -> None:
    """Also inside one top folder, and with files that nobody asked for."""
    files = {root + name: content for name, content in BEIR.items()}
    extra = {"__MACOSX/._corpus.jsonl": b"\0", f"{root}.DS_Store": b"\0", f"{root}qrels/": b""}
    corpus = read_uploads([zipped(files | extra | {f"{root}logo.png": b"\0"}, "sci.zip")])
    assert corpus == read_uploads([up(n.split("/")[-1], c) for n, c in BEIR.items()], "sci")
    assert corpus.judgments == {"q1": {"b": 1}}


def test_all_splits_are_read_and_test_is_looked_at_first() -> None:
    """Judgments may then have TREC's form, which loose files may not."""
    other = {"qrels/dev.tsv": "q1 0 a 2\n"}
    both = read_uploads([zipped(BEIR | other)])
    assert both.splits == {"dev": {"q1": {"a": 2}}, "test": {"q1": {"b": 1}}}
    assert (both.split, both.judgments) == ("test", {"q1": {"b": 1}})
    dev = both.with_split("dev")
    assert (dev.split, dev.judgments, dev.fingerprint) == (
        "dev",
        {"q1": {"a": 2}},
        both.fingerprint,
    )
    assert both.with_split("test") is both
    assert both.with_split("train") is both
    alone = {name: BEIR[name] for name in ("corpus.jsonl", "queries.jsonl")} | other
    assert read_uploads([zipped(alone)]).judgments == {"q1": {"a": 2}}


def test_a_fault_in_any_split_is_named() -> None:
    faulty = QRELS.replace("\t1\n", "\t0.5\n")
    reason = refusal(zipped(BEIR | {"qrels/dev.tsv": faulty}))
    assert reason.startswith("qrels/dev.tsv:2: ")


def test_a_zip_of_prose_keeps_its_folders_in_the_ids() -> None:
    """What is not prose is left alone."""
    corpus = read_uploads([zipped({"d/a.md": "x", "d/e/a.TXT": "y", "p.png": b"\0"}, "docs.zip")])
    assert corpus.name == "docs"
    assert passages(corpus) == [("d/a.md#0-1", "", "x"), ("d/e/a.TXT#0-1", "", "y")]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("../a.md", "leads out of the zip by '..'"),
        ("a/../../b.md", "leads out of the zip by '..'"),
        ("..\\a.md", "leads out of the zip by '..'"),
        ("/etc/a.md", "has an absolute path"),
        ("C:a.md", "has an absolute path"),
        ("c:/a.md", "has an absolute path"),
        ("\\\\h\\a.md", "has an absolute path"),
    ],
)
def test_a_member_that_leads_out_is_refused_by_name(name: str, problem: str) -> None:
    """Although nothing would be written there."""
    reason = refusal(zipped({"ok.md": "x", name: "y"}))
    assert reason == f"z.zip: the member {name!r} {problem}."


def test_backslashes_are_the_folders_of_some_packers() -> None:
    """The files are read as if they were parted by slashes."""
    files = {name.replace("/", "\\"): content for name, content in BEIR.items()}
    corpus = read_uploads([zipped({f"set\\{name}": text for name, text in files.items()})])
    assert corpus == read_uploads([zipped(BEIR)])
    assert passages(read_uploads([zipped({"d\\a.md": "x"})])) == [("d/a.md#0-1", "", "x")]


def test_links_and_devices_are_refused() -> None:
    """They are marked in the upper half of the attributes."""
    for kind in (stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            member = zipfile.ZipInfo("a.md")
            member.external_attr = (kind | 0o777) << 16
            archive.writestr(member, "/etc/passwd")
        reason = refusal(Upload("z.zip", buffer.getvalue()))
        assert reason == "z.zip: the member 'a.md' is a link or a device."


def test_nested_encrypted_and_odd_zips_are_refused() -> None:
    """Each by the member that is to blame."""
    nested = zipped({"a.md": "x", "d/in.ZIP": zipped(BEIR).content})
    assert refusal(nested) == "z.zip: the member 'd/in.ZIP' is a zip itself."
    locked = bytearray(zipped({"a.md": "x"}).content)
    locked[6] |= 1
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    assert refusal(Upload("z.zip", bytes(locked))) == "z.zip: the member 'a.md' is encrypted."
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.md", "x")
    reason = refusal(Upload("z.zip", buffer.getvalue()))
    assert reason == "z.zip: the member 'a.md' has an unusual compression."


@pytest.mark.parametrize("cut", [0, 1, 40, 100, -1])
def test_a_truncated_zip_is_damaged(cut: int) -> None:
    """Wherever it ends."""
    whole = zipped(BEIR)
    assert refusal(Upload("z.zip", whole.content[:cut])).startswith("z.zip: the zip is damaged or")


def test_a_changed_byte_is_noticed() -> None:
    """The checksum of the member no longer fits."""
    content = zipped({"a.md": "some words"}).content
    at = content.index(b"a.md") + 6
    damaged = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
    assert refusal(Upload("z.zip", damaged)).startswith("z.zip: the zip is damaged or not a zip: ")


@pytest.mark.parametrize(
    ("files", "contents"),
    [
        ({"a.png": "x"}, "; or any number of .docx, .html, .pdf, .md and .txt); found 'a.png'."),
        ({}, "; or any number of .docx, .html, .pdf, .md and .txt); found no file."),
        (
            {"a/corpus.jsonl": TWO, "b/corpus.jsonl": TWO, "c.md": "x"},
            "and each name once; found 'a/corpus.jsonl', 'b/corpus.jsonl'.",
        ),
        ({"a.jsonl": TWO, "b.jsonl": TWO}, "found 'a.jsonl', 'b.jsonl'."),
    ],
)
def test_a_zip_without_one_corpus_is_refused(files: dict[str, str], contents: str) -> None:
    """It may hold nothing, or two."""
    reason = refusal(zipped(files))
    assert reason.startswith("z.zip: expected one corpus")
    assert reason.endswith(contents)


def test_a_zip_bomb_is_refused_before_it_unfolds() -> None:
    """Forty megabytes in forty thousand bytes: reading stops at two hundred times the zip."""
    bomb = zipped({"corpus.jsonl": bytes(40_000_000)})
    tracemalloc.start()
    reason = refusal(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    size = len(bomb.content)
    assert reason == (
        f"z.zip: the zip of {size:,} bytes unpacks to more than {size * 200}, "
        "the most that is allowed for its size."
    )
    assert peak < 3 * size * 200


def test_members_share_one_budget() -> None:
    """Three that would each be allowed are too much together."""
    assert refusal(zipped({f"{n}.md": "a" * 400_000 for n in range(3)})).endswith("for its size.")
    assert len(read_uploads([zipped({"1.md": "a" * 400_000})]).documents) == 34  # of 300 words


def test_a_size_in_the_header_is_not_believed() -> None:
    """A bomb that says it is ten bytes long yields ten bytes and a wrong checksum."""
    bomb = bytearray(zipped({"a.md": "a" * 5_000_000}).content)
    entry = bomb.index(b"PK\x01\x02")
    bomb[entry + 24 : entry + 28] = (10).to_bytes(4, "little")
    assert refusal(Upload("z.zip", bytes(bomb))).startswith("z.zip: the zip is damaged")


def test_too_many_members_are_refused() -> None:
    """Hidden ones do not count, unless there are absurdly many."""
    reason = "z.zip: expected at most 2000 files in the zip; found more."
    some: dict[str, str | bytes] = {f"{n}.md": "x" for n in range(MAX_FILES)}
    hidden: dict[str, str | bytes] = {f"__MACOSX/._{n}.md": b"\0" for n in range(100)}
    assert len(read_uploads([zipped(some | hidden)]).documents) == MAX_FILES
    assert refusal(zipped(some | {"one.md": "x"})) == reason
    assert refusal(Upload("z.zip", b"PK\x01\x02" * (10 * MAX_FILES + 1))) == reason
