"""Judge: a queue shows nothing but its pairs, and names systems at its end."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import ir_measures
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from components.corpora import open_corpus
from components.judging.desk import Desk
from components.judging.pools import duel_pool
from components.judging.records import Place, in_force
from components.judging.sides import sides_plan
from components.judging.store import FILE, JudgingStore
from components.judging.use import Source
from components.ui.judge.card.component import Act, CardData, Question, acts
from components.ui.judge.desk import CARD
from components.ui.judge.sides import Pair
from components.ui.shared import state
from components.ui.shared.work import Computation
from tests.support.asking import results
from tests.support.visits import PATIENCE, Visit, evaluated, has, ids, said, settle, texts

PAGE = "pages/judge.py"
SYSTEMS = ("bm25", "bge-small", "minilm-l12", "hybrid", "rrf", "late-bge")

pytestmark = pytest.mark.usefixtures("own_data")


def begin(at: AppTest) -> Desk:
    """Press Begin, wait for the rankings, and return the desk."""
    at.button(key="judge_now").click().run()
    [work] = at.session_state[state.COMPUTATIONS].values()
    assert isinstance(work, Computation)
    work.join(PATIENCE)
    at.run()
    assert not at.exception
    desk = at.session_state[state.JUDGING]["desk"]
    assert isinstance(desk, Desk)
    return desk


def card_of(at: AppTest) -> dict[str, Any]:
    [node] = [node for node in at.main if getattr(node, "key", None) == CARD]
    data = json.loads(node.proto.json)
    assert isinstance(data, dict)
    return data


def judge_all(desk: Desk, grade: int) -> None:
    while questions := desk.questions():
        for question in questions[:1]:
            name = desk.name_of(question)
            desk.take(f"{name}-{len(desk.kept)}", "grade", name, grade)


def test_a_queue_is_prepared_judged_left_and_ended(visit: Visit) -> None:
    at = visit(PAGE)
    at.text_input(key="_judge_name").input("Ada").run()
    desk = begin(at)
    assert (desk.judge, desk.plan.highest, desk.plan.systems) == ("Ada", 3, ("bm25",))
    data = card_of(at)
    assert len(data["questions"]) == 6
    assert data["labels"] == ["not relevant", "related", "relevant", "perfect"]
    assert data["last"] == "" and data["progress"].startswith("0 of ")
    name = data["questions"][0]["id"]
    desk.take("token-of-ada", "grade", name, 2)
    at.run()
    assert card_of(at)["last"] == "Kept: 2 relevant"
    assert card_of(at)["kept"] == ["token-of-ada"]
    assert name not in [question["id"] for question in card_of(at)["questions"]]
    at.button(key="leave_queue").click().run()
    assert at.text_input(key="_judge_name").value == "Ada"
    assert f"Ada · best of each · 1 of {len(desk.plan.pairs)} pairs" in texts(at)
    at.button(key=f"open-{desk.id}").click().run()
    again = at.session_state[state.JUDGING]["desk"]
    judge_all(again, 1)
    at.run()
    assert "The queue has ended" in [header.value for header in at.header]
    assert "bm25: judged wholly down to rank 10" in texts(at)
    at.button(key="undo_last").click().run()
    assert len(card_of(at)["questions"]) == 1
    judgments = in_force(again.queue.rows)
    assert len(judgments) == len(desk.plan.pairs) - 1


def duelling(visit: Visit) -> tuple[AppTest, Desk]:
    """Return a visitor who judges a duel of two systems with telling names."""
    corpus = open_corpus("exceptions")
    ids = [document.id for document in corpus.documents]
    runs = {
        "bm25": {query.id: ids for query in corpus.queries},
        "hybrid": {query.id: ids[::-1] for query in corpus.queries},
    }
    at = visit(PAGE)
    plan = duel_pool(runs, corpus.queries, ("bm25", "hybrid"), 3, 1)
    folder = state.settings().data_dir
    desk = Desk(JudgingStore(folder), Place("exceptions"), corpus, "one", plan, "Ada")
    at.session_state[state.JUDGING] = {"desk": desk}
    return at.run(), desk


def test_nothing_is_told_while_a_blind_queue_runs(visit: Visit) -> None:
    at, desk = duelling(visit)
    for look in range(3):
        told = " ".join(str(node.proto) for node in at.main if hasattr(node, "proto"))
        for word in (*SYSTEMS, "rank", "score", "duel", "better", "DCG"):
            assert not re.search(rf"\b{word}s?\b", told), word
        data = card_of(at)
        fields = {"questions", "labels", "kept", "last", "progress", "share"}
        assert set(data) == fields
        assert all(set(q) == {"id", "query", "title", "text"} for q in data["questions"])
        desk.take(f"token-{look}", "grade", data["questions"][0]["id"], look)
        at.run()
        assert not at.exception


def test_a_duel_names_systems_at_its_end(visit: Visit) -> None:
    at, desk = duelling(visit)
    judge_all(desk, 1)
    at.run()
    assert "No difference in DCG@10 between bm25 and hybrid" in said(at, "verdict")
    assert "no qrels" in texts(at)


def test_guidelines_are_plain_text_and_kept(visit: Visit) -> None:
    at, desk = duelling(visit)
    assert "3: is about what was asked, and answers it wholly." in texts(at)
    hostile = "<img src=x onerror=alert(1)> ![x](https://evil.example/x)"
    at.text_area(key="_guidelines").input(hostile)
    at.button(key="keep_guidelines").click().run()
    assert hostile in [text.value for text in at.text]
    assert desk.store.guidelines(desk.place) == hostile


def test_a_judge_needs_a_name_and_a_duel_two_systems(visit: Visit) -> None:
    at = visit(PAGE)
    at.text_input(key="_judge_name").input(" ").run()
    assert "A judgment belongs to somebody." in texts(at)
    at.text_input(key="_judge_name").input("Ada").run()
    at.selectbox(key="_judge_kind").select("duel").run()
    assert "This takes two systems." in texts(at)
    at.selectbox(key="_judge_kind").select("holes").run()
    assert "No evaluation of exceptions is kept." in texts(at)
    assert not at.exception and not has(at, "judge_now")


def test_what_the_browser_sends_is_checked() -> None:
    good = {"token": "t" * 32, "kind": "grade", "question": "q", "grade": 1, "note": ""}
    for sent, expected in (
        ([good], [Act(**good)]),
        ([{**good, "token": ""}], []),
        ("nonsense", []),
        (None, []),
    ):
        st.session_state["some-card"] = {"acts": sent}
        assert acts("some-card") == expected
    assert CardData((Question("i", "q", (), ()),), ("0", "1"), (), "", "", 0.0).share == 0.0


def test_the_keys_do_what_their_own_tests_say(node: str) -> None:
    file = Path(__file__).parent / "judge_keys.test.mjs"
    command = [node, "--test", "--test-reporter=tap", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-3000:]
    assert re.search(r"^# pass 6$", done.stdout, re.M)


def test_figures_of_judgments_in_use_equal_ir_measures(visit: Visit) -> None:
    at = visit(PAGE)
    desk = begin(at)
    while questions := desk.questions():
        name, length = desk.name_of(questions[0]), len(questions[0].document)
        desk.take(f"{name}-{len(desk.kept)}", "grade", name, length % 4)
    n = len(desk.plan.pairs)
    at.button(key="leave_queue").click().run()
    assert f"Judgments: ours alone ({n}; judge 1)." in texts(at)
    at.button(key="use_judgments").click().run()
    assert state_corpus(at) == f"ours alone ({n}; judge 1)"
    at.switch_page("pages/evaluate.py").run()
    saved = evaluated(at)
    assert saved.plan.split == f"ours alone ({n}; judge 1)"
    run = saved.evaluation.run("bm25")
    given = {q: dict(row) for q, row in saved.plan.judgments.items()}
    assert sum(map(len, given.values())) == n
    [(_, expected)] = ir_measures.calc_aggregate([ir_measures.nDCG @ 10], given, run).items()
    metrics = saved.evaluation.metrics(saved.plan.judgments, ["nDCG@10"])
    assert metrics["bm25"].mean["nDCG@10"] == pytest.approx(expected)
    assert expected < 0.99
    again = at.switch_page(PAGE).run()
    assert not again.exception
    again.selectbox(key="_use_source").select(Source.ADDED).run()
    assert "Judgments: the corpus's own, ours added (54 and 0; judge 1)." in texts(again)


def state_corpus(at: AppTest) -> str:
    """Return the name of the judgments that the visitor's corpus is judged by."""
    splits = at.session_state[state.SPLITS]
    assert isinstance(splits, dict)
    return str(splits["exceptions"])


def test_judgments_are_listed_and_changed(visit: Visit) -> None:
    at, desk = duelling(visit)
    for _ in range(2):
        name = desk.name_of(desk.questions()[0])
        desk.take(f"token {name}", "grade", name, 1)
    at.button(key="leave_queue").click().run()
    [table] = [frame for frame in at.dataframe if frame.key == "judgments-table"]
    assert list(table.value["Judge"]) == ["Ada", "Ada"]
    assert list(table.value["Grade"]) == ["1", "1"]
    at.session_state["judgments-table"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    at.run()
    assert not at.exception
    at.selectbox(key="_table_way").select("3").run()
    at.text_input(key="_table_by").input("Bea").run()
    at.button(key="change_judgments").click().run()
    assert not at.exception
    last = desk.store.rows(desk.place)[-1]
    assert (last.entry.judge, last.entry.by, last.entry.grade, last.before > 0) == (
        *("Ada", "Bea", 3),
        True,
    )


def test_two_rankings_stand_side_by_side_without_names(visit: Visit) -> None:
    corpus = open_corpus("exceptions")
    ids = [document.id for document in corpus.documents]
    runs = {
        "bm25": {query.id: ids for query in corpus.queries},
        "hybrid": {query.id: ids[::-1] for query in corpus.queries},
    }
    at = visit(PAGE)
    plan = sides_plan(runs, corpus.queries, ("bm25", "hybrid"), 5, 3)
    pair = Pair(JudgingStore(state.settings().data_dir), Place("exceptions"), "s", plan, "Ada")
    at.session_state[state.JUDGING] = {"sides": pair}
    at.run()
    for i, query in enumerate(plan.queries):
        assert said(at, "verdict") == query
        left = corpus.by_id[plan.sides(i)[0][0]]
        assert f"1. {left.title}" in said(at, "side-left")
        drawn = " ".join(str(node.proto) for node in at.main if hasattr(node, "proto"))
        for name in (*SYSTEMS, "ranks", "score"):
            assert not re.search(rf"\b{name}\b", drawn), name
        if i == 1:
            at.button(key="side_undo").click().run()
            assert said(at, "verdict") == plan.queries[0]
            at.button(key="side_1" if plan.swapped[0] else "side_2").click().run()
        at.button(key="side_1" if plan.swapped[i] else "side_2").click().run()
        assert not at.exception
    assert said(at, "verdict").startswith("hybrid is preferred to bm25: hybrid was better on 6")
    at.button(key="leave_sides").click().run()
    assert has(at, "judge_now")


def test_the_open_document_is_graded_beside_the_columns(visit: Visit) -> None:
    at = visit()
    document = ids(results(settle(at))["bm25"])[0]
    at.session_state["board"] = {"selected": {"document": document, "system": "bm25"}}
    at.run()
    assert said(at, "grade-here").startswith("Not yet graded by judge 1.")
    at.button(key="grade_here_grade_2").click().run()
    assert said(at, "grade-here").startswith("Kept, by judge 1: 2.")
    at.button(key="grade_here_cannot say_None").click().run()
    assert said(at, "grade-here").startswith("Kept, by judge 1: cannot say.")
    at.button(key="grade_here_back to the queue_None").click().run()
    assert said(at, "grade-here").startswith("Not yet graded by judge 1.")
    rows = JudgingStore(state.settings().data_dir).rows(Place("exceptions"))
    assert [(r.entry.kind.value, r.entry.grade, r.entry.blind) for r in rows] == [
        ("grade", 2, False),
        ("cannot say", None, False),
        ("back to the queue", None, False),
    ]
    assert {r.entry.draw.pool for r in rows} == {"compare"}
    assert not at.exception


def test_a_damaged_file_is_told_on_every_tab_and_stays(visit: Visit) -> None:
    path = state.settings().data_dir / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"somebody's afternoon, damaged" * 50)
    at = visit(PAGE)
    assert not at.exception
    assert texts(at).count(f"⚠ The judgments in {path} cannot be used") >= 3
    assert path.read_bytes().startswith(b"somebody's afternoon")
