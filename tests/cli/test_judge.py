"""`rerank-lab judge`: what is taken in comes out again, and what is incomplete is marked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from components.corpora import open_corpus, read_qrels
from components.judging.queues import Plan, PoolKind
from components.judging.records import Place, digest_of, in_force
from components.judging.store import JudgingStore
from tests.support.command_line import EXCEPTIONS, Run, complained
from tests.support.commands import Command
from tests.support.judging import graded

PLACE = Place("exceptions")
HOSTILE = '=HYPERLINK("x")<img src=x onerror=alert(1)>\u202e'


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JudgingStore:
    """Return the store of a data folder of this test's own."""
    monkeypatch.setenv("RERANK_LAB_DATA", str(tmp_path / "data"))
    return JudgingStore(tmp_path / "data")


def judged_by_two(store: JudgingStore) -> tuple[str, ...]:
    """Let two judges grade a pool of the first query wholly, and one pair of the second."""
    corpus = open_corpus("exceptions")
    texts, ids = [q.text for q in corpus.queries], [d.id for d in corpus.documents]
    pairs = (*((texts[0], d) for d in ids[:3]), *((texts[1], d) for d in ids[:2]))
    plan = Plan(kind=PoolKind.TOP, pairs=pairs, highest=2, seed=1, systems=("bm25",), depth=3)
    store.save_queue(PLACE, "one", "Ada", plan.model_dump(mode="json"))
    for i, (query, document) in enumerate(pairs[:4]):
        digest = digest_of(corpus.by_id[document])
        for judge, grade in (("Ada", i % 3), (HOSTILE, 0)):
            entry = replace(graded(judge, query, document, grade, note=HOSTILE), digest=digest)
            store.record(PLACE, entry, f"{judge} {i}")
    return tuple(ids)


def test_what_is_taken_in_comes_out_again(
    store: JudgingStore, command: Command, tmp_path: Path
) -> None:
    corpus = open_corpus("exceptions")
    qrels = "sample_data/exceptions/qrels/test.tsv"
    taken = command("judge", "import", qrels, "--by", "Ada", *EXCEPTIONS)
    n = sum(map(len, corpus.judgments.values()))
    assert (taken["new"], taken["left_out"]) == (n, 0)
    again = command("judge", "import", qrels, "--by", "Ada", *EXCEPTIONS)
    assert (again["new"], again["known"]) == (0, n)
    assert len(in_force(store.rows(PLACE))) == n
    for form, name in (("trec", "a.trec"), ("beir", "a.tsv"), ("quepid", "a.csv")):
        options = ("--out", tmp_path / name, "--format", form, "--partly", *EXCEPTIONS)
        exported = command("judge", "export", *options)
        assert exported["judgments"] == n
        assert read_qrels(tmp_path / name, corpus) == corpus.judgments
    assert (tmp_path / "a.csv").read_text().startswith("query,docid,rating\n")


def test_only_complete_pools_go_out_unless_they_are_marked(
    store: JudgingStore, command: Command, tmp_path: Path, run: Run
) -> None:
    ids, corpus = judged_by_two(store), open_corpus("exceptions")
    first, second = (query.id for query in corpus.queries[:2])
    out = tmp_path / "out.trec"
    exported = command("judge", "export", "--out", out, *EXCEPTIONS, "--by", "Ada")
    assert read_qrels(out) == {first: dict(zip(ids, (0, 1, 2), strict=False))}
    assert (exported["partly"], exported["marked"]) == ([second], False)
    command("judge", "export", "--out", out, *EXCEPTIONS, "--by", "Ada", "--partly")
    assert list(read_qrels(out)) == [first, second]
    assert (tmp_path / "out.trec.partly.txt").read_text() == f"{second}\n"
    lowest = command("judge", "export", "--out", out, *EXCEPTIONS, "--rule", "lowest")
    assert read_qrels(out)[first] == dict.fromkeys(ids[:3], 0)
    assert lowest["description"].startswith("Judgments: ours alone (4; lowest of 2 judges)")
    nobody = run("judge", "export", "--out", out, *EXCEPTIONS, "--by", "Nobody")
    complained(nobody, 2, "no judgments of Nobody")


def test_names_are_written_only_if_wanted_and_nothing_is_a_formula(
    store: JudgingStore, command: Command, tmp_path: Path
) -> None:
    judged_by_two(store)
    out = tmp_path / "table.csv"
    command("judge", "export", "--out", out, "--format", "table", *EXCEPTIONS)
    text = out.read_text()
    assert "Ada" not in text and ",judge 2," in text
    command("judge", "export", "--out", out, "--format", "table", "--names", *EXCEPTIONS)
    text = out.read_text()
    assert ",Ada," in text
    assert "\u202e" not in text and ',"=HYPER' not in text and "'=HYPER" in text


def test_list_and_agreement(store: JudgingStore, command: Command, run: Run) -> None:
    assert command("judge", "list") == {"corpora": []}
    judged_by_two(store)
    [listed] = command("judge", "list")["corpora"]
    assert (listed["corpus"], listed["judgments"], listed["pairs"]) == ("exceptions", 8, 4)
    assert listed["judges"] == {"Ada": 4, HOSTILE: 4}
    assert [(q["judged"], q["pairs"]) for q in listed["queues"]] == [(4, 5)]
    agreed = command("judge", "agreement", *EXCEPTIONS)
    assert agreed["two"][0]["n"] == 4 and agreed["two"][0]["same"] == 2
    assert agreed["ordinal"]["pairs"] == 4
    printed = run("judge", "agreement", *EXCEPTIONS)
    assert "\u202e" not in printed.out and "2 of 4 pairs the same" in printed.out


def test_mistakes_are_told_in_a_line(store: JudgingStore, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "q.tsv"
    file.write_text("query-id\tcorpus-id\tscore\nnobody\tasked\t1\n")
    complained(run("judge", "import", str(file), "--by", "Ada", *EXCEPTIONS), 2, "None of")
    qrels = "sample_data/exceptions/qrels/test.tsv"
    low = run("judge", "import", qrels, "--by", "Ada", "--highest", "1", *EXCEPTIONS)
    complained(low, 2, "not from 0 to 1")
    out = str(tmp_path / "x.trec")
    complained(run("judge", "export", "--out", out, *EXCEPTIONS), 2, "judged completely")
