"""The desk keeps each act once, and tells nothing of systems, ranks or scores."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from components.domain import Corpus, Document, InputError, Query
from components.judging.desk import Desk
from components.judging.pools import duel_pool, top_pool
from components.judging.queues import Plan
from components.judging.records import Kind, digest_of, in_force
from components.judging.store import JudgingStore
from tests.support.judging import PLACE

QUERIES = (Query("q1", "low tide"), Query("q2", "pilot"))
CORPUS = Corpus("harbour", tuple(Document(f"d{i}", "", f"text {i}") for i in range(1, 5)), QUERIES)
RANKINGS = {
    "hidden-one": {"q1": ["d1", "d2", "d3"], "q2": ["d1", "d2"]},
    "hidden-two": {"q1": ["d3", "d4", "d1"], "q2": ["d2", "d1"]},
}
TOKENS = count()


def desk_of(folder: Path, plan: Plan, judge: str = "Ada") -> Desk:
    return Desk(JudgingStore(folder), PLACE, CORPUS, "queue", plan, judge)


def act(desk: Desk, kind: str, grade: int | None = None, note: str = "") -> str:
    """Do something with the first question; return the document."""
    questions = desk.questions()
    name = desk.name_of(questions[0]) if questions else ""
    desk.take(f"token-{next(TOKENS)}", kind, name, grade, note)
    return questions[0].document if questions else ""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return desk_of(tmp_path, top_pool(RANKINGS, QUERIES, 2, 2, 1))


def test_a_grade_is_kept_with_all_that_belongs_to_it(desk: Desk) -> None:
    document = act(desk, "grade", 2)
    [row] = desk.queue.rows
    entry = row.entry
    assert (entry.judge, entry.document, entry.grade, entry.highest) == ("Ada", document, 2, 2)
    assert entry.digest == digest_of(CORPUS.by_id[document])
    assert (entry.blind, entry.repeat) == (True, False)
    assert (entry.draw.queue, entry.draw.pool, entry.draw.number) == ("queue", "top", 1)
    assert desk.last == "Kept: 2 relevant"
    assert desk.progress == "1 of 6 pairs judged."


def test_what_is_sent_again_is_kept_once(desk: Desk) -> None:
    name = desk.name_of(desk.questions()[0])
    for _ in range(3):
        desk.take("one-token", "grade", name, 1)
    other = desk_of(desk.store._database.path.parent, desk.plan)
    other.take("one-token", "grade", name, 1)
    assert len(desk.queue.rows) == 1


def test_skip_undo_note_and_cannot_say(desk: Desk) -> None:
    skipped = act(desk, "skip")
    document = act(desk, "cannot say")
    assert desk.last == "Kept: cannot say"
    act(desk, "note", note="which <i>tide</i>?")
    [judgment] = desk.queue.judged.values()
    assert (judgment.grade, judgment.note) == (None, "which <i>tide</i>?")
    act(desk, "undo")
    assert desk.queue.judged == {}
    assert desk.last == ""
    assert desk.questions()[0].document == document
    for _ in range(5):
        act(desk, "grade", 0)
    assert act(desk, "grade", 1) == skipped
    assert desk.questions() == [] and desk.share == 1.0


def test_nonsense_changes_nothing(desk: Desk) -> None:
    act(desk, "undo")
    act(desk, "note", note="on nothing")
    desk.take("t-1", "grade", "no such question", 1)
    desk.take("t-2", "delete everything", desk.name_of(desk.questions()[0]), 1)
    assert desk.queue.rows == []
    with pytest.raises(InputError):
        act(desk, "grade", 3)
    assert desk.kept[-2:] == ["t-1", "t-2"]


def test_two_windows_see_each_other(desk: Desk) -> None:
    other = desk_of(desk.store._database.path.parent, desk.plan)
    first = act(desk, "grade", 1)
    assert act(other, "grade", 1) != first
    assert len(desk.queue.judged) == len(other.queue.judged) == 2
    bea = desk_of(desk.store._database.path.parent, desk.plan, "Bea")
    assert bea.queue.judged == {}


def test_documents_that_are_gone_are_not_asked(tmp_path: Path) -> None:
    plan = top_pool(RANKINGS, QUERIES, 2, 2, 1)
    smaller = replace(CORPUS, documents=CORPUS.documents[1:])
    desk = Desk(JudgingStore(tmp_path), PLACE, smaller, "queue", plan, "Ada")
    asked = []
    while desk.questions():
        asked.append(act(desk, "grade", 0))
    assert len(asked) == 4 and "d1" not in asked


def test_nothing_tells_of_systems_ranks_scores_or_the_direction(tmp_path: Path) -> None:
    plan = duel_pool(RANKINGS, QUERIES, ("hidden-one", "hidden-two"), 2, 1)
    desk = desk_of(tmp_path, plan)
    for _ in range(3):
        told = f"{desk.labels} {desk.last} {desk.progress} {desk.questions()}"
        told += " ".join(desk.name_of(question) for question in desk.questions())
        for word in ("hidden", "one-", "rank", "score", "better", "weight", "chance"):
            assert word not in told
        act(desk, "grade", 1)
    names = {desk.name_of(q) for q in desk.questions()}
    assert all(len(name) == 16 and int(name, 16) >= 0 for name in names)
    assert [j.draw.chance > 0 for j in in_force(desk.queue.rows)] == [True] * 3
    assert desk.queue.rows[0].entry.kind is Kind.GRADE
