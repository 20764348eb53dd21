"""The library: what is kept is there whole, under its name, for whom it is meant to be there."""

from __future__ import annotations

import threading
import unicodedata
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from components.config import LibrarySettings, Settings
from components.corpora import open_corpus, read_uploads, sample_names
from components.corpora.reading import fingerprint
from components.domain import Cancelled, Corpus, Document, InputError, StoreError
from components.lab import Lab
from components.lab.library import MAX_NAME, Entry, Library, check_name, folded, suggested
from components.lab.library.drafts import PART
from components.lab.library.entries import CONTENTS, MANIFEST
from components.storage.documents import RECORDS
from tests.support.uploads import BEIR, zipped


class Erased(list[str]):
    """Notes what is erased; `fails` is raised instead."""

    fails: StoreError | None = None

    def __call__(self, library: Library, entry: Entry, folder: Path) -> None:
        if self.fails:
            raise self.fails
        self.append(entry.name)


def library_in(folder: Path, limit_mb: int = 100, visitor_mb: int = 10) -> tuple[Library, Erased]:
    erased = Erased()
    return Library(folder, LibrarySettings(limit_mb, visitor_mb), erased), erased


def corpus(name: str = "towers", *texts: str) -> Corpus:
    documents = tuple(Document(f"d{n}", "", text) for n, text in enumerate(texts or ("a lamp",)))
    return Corpus(name, documents, fingerprint=fingerprint(documents))


def left(folder: Path) -> list[str]:
    """Return the names of what lies in a library's folder, but its lock."""
    return sorted(path.name for path in folder.iterdir() if path.name != "library.lock")


# ---------------------------------------------------------------- keeping


def test_all_of_a_corpus_comes_back(tmp_path: Path) -> None:
    qrels = "query-id\tcorpus-id\tscore\n"
    files = BEIR | {
        "qrels/test.tsv": f"{qrels}q1\tb\t1\nq1\tgone\t2\nq9\tb\t1\n",
        "qrels/dev.tsv": f"{qrels}q1\ta\t3\n",
        "corpus.jsonl": '{"_id": "a", "title": "T", "text": "x", "year": 1999}\n{"_id": "b"}\n',
    }
    made = read_uploads([zipped(files)], "mine", split="dev")
    library, _ = library_in(tmp_path)
    entry = library.add(made)
    for one in (library, library_in(tmp_path)[0]):
        again = one.open(one.entries()[0])
        assert tuple(again.documents) == made.documents
        for name in ("queries", "judgments", "splits", "dangling", "unasked", "card", "report"):
            assert getattr(again, name) == getattr(made, name), name
        assert (again.name, again.fingerprint, again.split) == ("mine", made.fingerprint, "dev")
        assert again.with_split("test").judgments == {"q1": {"b": 1}}
        assert again.dangling == {"test": {"q1": {"gone": 2}}}
    assert (entry.documents, entry.queries, entry.judgments, entry.word_count) == (2, 1, 1, 2)
    assert entry.bytes == sum(
        p.stat().st_size for p in (tmp_path / entry.id).iterdir() if p.name != MANIFEST
    )
    assert len(entry.token) == 32
    assert entry.token not in repr(entry)


def test_judgments_of_no_split_come_back(tmp_path: Path) -> None:
    library, _ = library_in(tmp_path)
    made = replace(corpus(), judgments={"q": {"d0": 1}})
    assert library.open(library.add(made)).judgments == made.judgments
    for name in sample_names():
        sample = replace(open_corpus(name), name=f"my {name}")
        again = library.open(library.add(sample))
        assert (again.judgments, again.splits) == (sample.judgments, sample.splits)


def test_one_process_sees_what_another_has_changed(tmp_path: Path) -> None:
    mine, _ = library_in(tmp_path)
    its, _ = library_in(tmp_path)
    assert mine.entries() == ()
    entry = its.add(corpus("one"))
    assert list(mine.named()) == ["one"]
    assert mine.open(entry).name == "one"
    its.rename(entry, "two")
    assert list(mine.named()) == ["two"]
    its.share(entry, shared=True)
    assert mine.entries()[0].shared
    its.remove(entry)
    assert mine.entries() == ()
    with pytest.raises(InputError, match="not here any more"):
        mine.rename(entry, "three")


def test_a_name_is_taken_once_and_its_place_only_on_purpose(tmp_path: Path) -> None:
    library, erased = library_in(tmp_path)
    first = library.add(corpus("Towers", "one"))
    for name in ("Towers", "towers", " TOWERS ", "\uff34owers"):
        with pytest.raises(InputError, match="There is a corpus called 'Towers' already"):
            library.add(corpus(name, "two"))
    other = library.add(corpus("mills"))
    with pytest.raises(InputError, match="already"):
        library.rename(other, "towers")
    assert library.rename(first, "TOWERS").token == first.token
    assert left(tmp_path) == sorted([first.id, other.id])
    second = library.add(corpus("towers", "two"), replaces=True)
    assert [d.text for d in library.open(library.named()["towers"]).documents] == ["two"]
    assert (erased, library.linked(first.token)) == (["TOWERS"], None)
    assert left(tmp_path) == sorted([second.id, other.id])


def test_what_is_not_added_to_its_end_leaves_nothing(tmp_path: Path) -> None:
    library, _ = library_in(tmp_path, limit_mb=1)
    before = library.add(corpus("towers", "old"))

    def stop(done: int, total: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        library.add(corpus("mills"), progress=stop)
    with pytest.raises(InputError, match=r"'towers' does not fit: the library takes 0\.0 of"):
        library.add(corpus("towers", *["word " * 50] * 5_000), replaces=True)
    assert library.entries() == (before,)
    assert left(tmp_path) == [before.id]


def test_a_visitor_of_a_shared_lab_has_a_limit_of_their_own(tmp_path: Path) -> None:
    library, _ = library_in(tmp_path, limit_mb=2, visitor_mb=1)
    large = ["x" * 900] * 1_000
    library.add(corpus("one", *large), "browser:ann")
    with pytest.raises(InputError, match=r"what you keep here takes 0\.[0-9] of at most 1 MB"):
        library.add(corpus("two", *large), "browser:ann")
    library.add(corpus("one", *large), "browser:ann", replaces=True)
    library.add(corpus("one", *large), "browser:eve")
    with pytest.raises(InputError, match="the library takes"):
        library.add(corpus("one", *large))


def test_nothing_of_a_deleted_corpus_is_written_again(tmp_path: Path) -> None:
    """Somebody else may still look at it."""
    lab = Lab(Settings(cache_dir=tmp_path / "cache", data_dir=tmp_path / "data"))
    entry = lab.library.add(corpus("mine", "a fox"))
    opened = lab.library.open(entry)
    lab.index(opened, "bm25")
    assert lab.store.aliases()
    lab.library.remove(entry)
    assert opened.documents[0].text == "a fox"
    with pytest.raises(InputError, match="The corpus mine was deleted"):
        lab.index(opened, "bm25")
    assert lab.store.aliases() == ()
    assert not list((tmp_path / "cache").glob(f"*/{entry.fingerprint[:32]}*"))


# ---------------------------------------------------------------- whose it is


def test_two_visitors_of_a_shared_lab(tmp_path: Path) -> None:
    library, _ = library_in(tmp_path)
    anns, eves = (library.add(corpus("notes", who), f"browser:{who}") for who in ("ann", "eve"))
    lab = library.add(corpus("manual"))
    assert library.named("browser:ann") == {"notes": anns}
    assert library.named("browser:eve") == {"notes": eves}
    assert library.named("browser:ben") == {}
    eves, lab = (library.share(entry, shared=True) for entry in (eves, lab))
    assert library.named("browser:ben") == {"notes": eves, "manual": lab}
    assert library.named("browser:ann") == {"notes": anns, "notes (2)": eves, "manual": lab}
    assert library.open(eves, "notes (2)").name == "notes (2)"
    assert library.named() == {"manual": lab, "notes": anns, "notes (2)": eves}
    assert library.find("NOTES (2)", "browser:ann") == ("notes (2)", eves)
    assert library.find("notes (3)", "browser:ann") is None


def test_a_link_opens_a_corpus_and_cannot_be_guessed(tmp_path: Path) -> None:
    library, _ = library_in(tmp_path)
    entry = library.add(corpus("notes"), "browser:ann")
    token = entry.token
    assert library.linked(token) == entry
    for wrong in ("", "notes", entry.id, token[:-1], token + "x", token.swapcase(), "\ud800"):
        assert library.linked(wrong) is None


# ---------------------------------------------------------------- names

hostile = st.one_of(
    st.text(max_size=120),
    st.text(st.sampled_from("/\\.~-: \t\u202e\u200b\u200d\u0301\u00e9eE\u05d0\ufb01\U0001f469")),
    st.sampled_from([*sample_names(), "Helpdesk", "..", ".", "irds:x", "a" * 10_000, "/" * 10_000]),
)


@given(hostile)
@example("\u202etxt")
@example("con\x00")
@settings(deadline=None)
def test_a_name_is_kept_or_refused_whole(name: str) -> None:
    try:
        tidy = check_name(name)
    except InputError as exc:
        assert exc.remedy
        assert len(exc.reason) < 200
        return
    assert check_name(tidy) == tidy
    assert check_name(unicodedata.normalize("NFD", tidy)) == tidy
    assert 1 <= len(tidy) <= MAX_NAME
    assert not set(tidy) & set("/\\\n\u202e\0")
    assert folded(tidy) not in map(folded, sample_names())
    with TemporaryDirectory() as folder:
        library, _ = library_in(Path(folder))
        entry = library.add(corpus(name))
        assert list(library.named()) == [tidy]
        assert library_in(Path(folder))[0].find(name) == (tidy, entry)
        for same in (tidy.swapcase(), unicodedata.normalize("NFD", tidy)):
            if folded(same) == folded(tidy):
                with pytest.raises(InputError, match="already"):
                    library.add(corpus(same))
        assert left(Path(folder)) == [entry.id]


@given(hostile)
def test_any_name_suggests_one(name: str) -> None:
    assert check_name(suggested(name)) == suggested(name)


def test_a_collection_of_the_configuration_keeps_its_name() -> None:
    with pytest.raises(InputError, match="is taken by a collection of the configuration"):
        check_name("Our Products", ("our products",))
    assert suggested("our products.jsonl", ("our products",)) == "our products.jsonl"
    assert suggested("our products", ("our products",)) == "corpus our products"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "the name is empty"),
        (" \u200d ", "the name is empty"),
        ("a" * 101, "it has 101 characters"),
        ("a" * 10_000, "A name of 10,000 characters is too long"),
        ("a/b", "it looks like a path"),
        ("a\\b", "it looks like a path"),
        ("..", "it looks like a path"),
        ("a\u202eb", "the hidden character U+202E"),
        ("--json", "it looks like an option"),
        ("irds:a", "it looks like a collection of ir_datasets"),
        ("HelpDesk", "is taken by a sample"),
    ],
)
def test_what_is_no_name_is_refused_with_its_reason(tmp_path: Path, name: str, why: str) -> None:
    library, _ = library_in(tmp_path)
    with pytest.raises(InputError) as refused:
        library.add(corpus(name))
    assert why in refused.value.reason
    assert library.entries() == ()


# ---------------------------------------------------------------- damage and kills


def test_a_damaged_corpus_is_told_and_the_others_are_there(tmp_path: Path) -> None:
    library, _ = library_in(tmp_path)
    entries = [library.add(corpus(f"c{n}", f"text {n}")) for n in range(4)]
    (tmp_path / entries[0].id / MANIFEST).write_text("{}")
    (tmp_path / entries[1].id / CONTENTS).write_text("{}")
    (tmp_path / entries[2].id / RECORDS).unlink()
    again, _ = library_in(tmp_path)
    assert list(again.named()) == ["c1", "c2", "c3"]
    for entry in again.entries()[:2]:
        with pytest.raises(StoreError, match="cannot be read"):
            again.open(entry)
        again.remove(entry)
    assert again.open(again.named()["c3"]).documents[0].text == "text 3"


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    library, erased = library_in(tmp_path)
    kept = library.add(corpus("kept"))
    (tmp_path / f"{'0' * 16}{PART}").mkdir()
    (tmp_path / f"{'0' * 16}{PART}" / RECORDS).write_bytes(b"half")
    gone = library.add(corpus("gone"))
    (tmp_path / gone.id).rename(tmp_path / f"{gone.id}.gone")
    (tmp_path / f"{'1' * 16}.gone").mkdir()
    assert library.entries() == (kept,)
    library.sweep()
    assert left(tmp_path) == [kept.id]
    assert erased == ["gone"]


def test_a_draft_that_somebody_writes_is_not_swept(tmp_path: Path) -> None:
    library, _ = library_in(tmp_path)
    other, _ = library_in(tmp_path)
    made = corpus("mine")
    with library.draft("mine") as draft:
        draft.add(made.documents[0])
        other.sweep()
        assert left(tmp_path) == [f"{draft.id}{PART}"]
    assert left(tmp_path) == []


def test_a_killed_replacement_shows_the_new_one_alone(tmp_path: Path) -> None:
    library, erased = library_in(tmp_path)
    old = library.add(corpus("mine", "old"))
    content = {p.name: p.read_bytes() for p in (tmp_path / old.id).iterdir()}
    new = library.add(corpus("mine", "new"), replaces=True)
    (tmp_path / old.id).mkdir()  # as if it had been killed before the old one went
    for name, file in content.items():
        (tmp_path / old.id / name).write_bytes(file)
    again, erased = library_in(tmp_path)
    assert again.named() == {"mine": new}
    again.sweep()
    assert (left(tmp_path), erased) == ([new.id], ["mine"])


def test_what_cannot_be_erased_yet_is_out_of_sight_and_goes_later(tmp_path: Path) -> None:
    library, erased = library_in(tmp_path)
    entry = library.add(corpus("mine"))
    erased.fails = StoreError("The server is gone.")
    assert library.remove(entry) == "The server is gone."
    assert library.entries() == ()
    assert left(tmp_path) == [f"{entry.id}.gone"]
    erased.fails = None
    library.sweep()
    assert (left(tmp_path), erased) == ([], ["mine"])


def test_threads_that_add_one_name_make_one_corpus(tmp_path: Path) -> None:
    library, _ = library_in(tmp_path)
    outcomes: list[str] = []

    def add() -> None:
        try:
            library.add(corpus("mine"))
            outcomes.append("added")
        except InputError:
            outcomes.append("refused")

    threads = [threading.Thread(target=add) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["added", *["refused"] * 5]
    assert len(left(tmp_path)) == 1


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    library, _ = library_in(tmp_path / "file" / "library")
    assert library.entries() == ()
    with pytest.raises(StoreError, match="cannot be changed"):
        library.add(corpus())
    library.sweep()
