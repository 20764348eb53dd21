"""`rerank-lab corpus`: what is added stays, has a name, and goes without a trace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.lab import Lab, read_settings
from tests.support.command_line import Run, complained
from tests.support.servers.qdrant_server import QdrantServer

LATE = "a very particular lantern"


@pytest.fixture(autouse=True)
def own_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Keep data and caches where no other test sees them."""
    monkeypatch.setenv("RERANK_LAB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("RERANK_LAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def corpora(run: Run) -> dict[str, Any]:
    """Return what `corpus list` says, by name."""
    return {row["name"]: row for row in run("corpus", "list", "--json").json["corpora"]}


def test_a_folder_is_added_listed_searched_renamed_and_deleted(run: Run, folder: Path) -> None:
    added = run("corpus", "add", folder, "--name", "Foxes", "--json")
    assert added.code == 0, added.err
    entry = added.json["corpus"]
    assert (entry["name"], entry["documents"], entry["queries"], entry["judgments"]) == (
        "Foxes", 3, 2, 2,
    )  # fmt: skip
    assert [file["name"] for file in added.json["import"]["files"]][:1] == ["corpus.jsonl"]
    folder.rename(folder.with_name("moved"))
    assert corpora(run)["Foxes"]["indexed"] == []
    found = run("search", "fox", "--corpus", "foxes", "--first-stage", "bm25", "--json").json
    assert [hit["id"] for hit in found["first_stage"]["hits"]] == ["a", "b b"]
    assert found["corpus"]["name"] == "Foxes"
    assert corpora(run)["Foxes"]["indexed"] == ["bm25"]
    renamed = run("corpus", "rename", "Foxes", "Hats", "--json").json["corpus"]
    assert (renamed["name"], renamed["link"]) == ("Hats", entry["link"])
    complained(run("search", "fox", "--corpus", "Foxes"), 2, "In the library: Hats.")
    deleted = run("corpus", "delete", "Hats", "--json").json
    assert (deleted["deleted"]["name"], deleted["later"]) == ("Hats", "")
    assert deleted["deleted"]["all_bytes"] > entry["bytes"]
    assert corpora(run) == {}
    assert run("corpus", "list").out == "The library is empty; rerank-lab corpus add fills it.\n"


@pytest.mark.models
def test_a_deleted_corpus_leaves_no_trace(run: Run, own_folders: Path) -> None:
    """Neither its fingerprint nor its words, unless another corpus has the same texts."""
    rows = [{"_id": "secretid", "title": "", "text": LATE}, {"_id": "b", "text": "a mill"}]
    Path("one.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    fingerprints = {
        run("corpus", "add", "one.jsonl", "--name", name, "--json").json["corpus"]["fingerprint"]
        for name in ("one", "same")
    }
    [fingerprint] = fingerprints
    assert run("index", "--corpus", "one", "--tokens", "--json").code == 0
    lab = Lab(read_settings())
    assert lab.tokens.present([LATE]) == [LATE]

    def traces() -> list[str]:
        files = [path for top in ("data", "cache") for path in (own_folders / top).rglob("*")]
        named = [str(path) for path in files if fingerprint[:16] in str(path)]
        holding = [
            str(path)
            for path in files
            if path.is_file()
            and any(t.encode() in path.read_bytes() for t in (fingerprint[:16], LATE, "secretid"))
        ]
        return named + holding

    assert traces()
    assert run("corpus", "delete", "one").code == 0
    assert run("index", "--corpus", "same", "--json").json["collections"]
    assert len(lab.tokens.present([LATE])) == 1
    assert run("corpus", "delete", "same").code == 0
    assert traces() == []
    assert Lab(read_settings()).store.aliases() == ()
    assert lab.tokens.present([LATE]) == []


def test_a_name_that_cannot_be_is_a_mistake_and_nothing_is_kept(run: Run, folder: Path) -> None:
    for name, why in (("a/b", "looks like a path"), ("n" * 10_000, "10,000 characters"),
                      ("helpdesk", "taken by a sample"), (" ", "empty")):  # fmt: skip
        complained(run("corpus", "add", folder, "--name", name), 2, why)
    assert run("corpus", "add", folder, "--name", "x").code == 0
    complained(run("corpus", "add", folder, "--name", "X"), 2, "There is a corpus called 'x'")
    assert run("corpus", "add", folder, "--name", "X", "--replace").code == 0
    assert list(corpora(run)) == ["X"]
    complained(run("corpus", "rename", "y", "z"), 2, "no corpus called 'y'", "There are: X.")
    complained(run("corpus", "rename", "X", "../z"), 2, "looks like a path")
    complained(run("corpus", "delete", "y"), 2, "no corpus called 'y'")


def test_a_quota_is_reached_in_the_middle(
    run: Run, own_folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("lab.toml").write_text("[library]\nlimit_mb = 10\n")
    monkeypatch.setenv("RERANK_LAB_CONFIG", str(own_folders / "lab.toml"))
    rows = ({"_id": f"d{n}", "text": "word " * 200} for n in range(12_000))
    Path("large.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    complained(run("corpus", "add", "large.jsonl"), 2, "The corpus does not fit", "at most 10 MB")
    assert corpora(run) == {}
    left = [path.name for path in (own_folders / "data" / "library").iterdir()]
    assert left == ["library.lock"]


def test_a_name_in_the_library_goes_before_a_folder_and_says_so(run: Run, folder: Path) -> None:
    Path("towers").mkdir()
    Path("towers/corpus.jsonl").write_text('{"_id": "folder", "text": "fox"}\n')
    run("corpus", "add", folder, "--name", "towers")
    search = ("search", "fox", "--first-stage", "bm25", "--json", "--corpus")
    kept = run(*search, "towers")
    assert kept.json["first_stage"]["hits"][0]["id"] == "a"
    assert "towers is the corpus in the library; ./towers is the file or folder." in kept.err
    assert run(*search, "./towers").json["first_stage"]["hits"][0]["id"] == "folder"
    complained(run(*search, "towers", "--text-column", "text"), 2, "is in the library")


def test_splits_of_a_kept_corpus(run: Run, folder: Path) -> None:
    (folder / "qrels" / "dev.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tc\t1\n")
    run("corpus", "add", folder, "--name", "x")
    evaluate = ("evaluate", "--corpus", "x", "--first-stage", "bm25", "--json", "--no-save")
    by_split = {
        split: run(*evaluate, "--split", split, "--out", folder.parent / split).json["metrics"]
        for split in ("test", "dev")
    }
    assert by_split["test"]["bm25"]["nDCG@10"] > by_split["dev"]["bm25"]["nDCG@10"]
    complained(run(*evaluate, "--split", "train", "--out", "x"), 2, "Splits: dev, test.")


def test_several_files_of_prose_are_one_corpus(run: Run) -> None:
    for name in ("a.md", "b.txt"):
        Path(name).write_text("A lamp of zorblax stands on the cliff.")
    added = run("corpus", "add", "a.md", "b.txt", "--share", "--json").json["corpus"]
    assert (added["name"], added["documents"], added["shared"]) == ("upload", 2, True)
    assert run("corpus", "share", "upload", "--off", "--json").json["corpus"]["shared"] is False
    complained(run("corpus", "add", "a.md", "absent.md"), 2, "absent.md")
    assert "upload" in run("corpus", "list").out


def test_a_deleted_corpus_leaves_no_collection_on_a_server(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the server is gone the corpus goes all the same, and its collection later."""
    with QdrantServer() as server:
        monkeypatch.setenv("QDRANT_URL", server.url)
        for name in ("one", "two"):
            text = {"_id": "a", "text": f"a fox of {name}"}
            Path(f"{name}.jsonl").write_text(json.dumps(text))
            run("corpus", "add", f"{name}.jsonl")
            run("index", "--corpus", name, "--first-stage", "bm25", "--no-tokens")
        assert corpora(run)["two"]["indexed"] == ["bm25"]
        assert len(server.collections()) == 2
        assert run("corpus", "delete", "one", "--json").json["later"] == ""
        assert len(server.collections()) == 1
        server.stop()
        deleted = run("corpus", "delete", "two", "--json")
        assert "cannot be reached" in deleted.json["later"]
        assert "Its vectors and indexes go later" in deleted.err
        listed = run("corpus", "list", "--json")
        assert (listed.code, listed.json["corpora"]) == (0, [])
        server.start()
        run("corpus", "list")
        assert server.collections() == []
    assert not list((folder.parent / "data" / "library").glob("*.gone"))
