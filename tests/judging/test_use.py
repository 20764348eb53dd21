"""One grade a pair comes of several judges', by a rule that is named."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from components.domain import Corpus, Document, InputError, Query
from components.judging.records import Draw, Judgment, digest_of
from components.judging.use import Choice, Rule, Source, in_use

NOW = datetime(2026, 11, 26, tzinfo=UTC)
CORPUS = Corpus(
    "harbour",
    tuple(Document(f"d{i}", "", f"text {i}") for i in range(4)),
    (Query("q1", "low  tide"), Query("q2", "pilot")),
    {"q1": {"d0": 2, "d1": 0}},
)


def judged(
    judge: str, document: str, grade: int | None, row: int, query: str = "low tide"
) -> Judgment:
    digest = digest_of(CORPUS.by_id[document])
    return Judgment(*(row, NOW, judge, query, document, digest, grade, 2, "", True, Draw()))


VOTES = [
    judged("ada", "d1", 2, 1),
    judged("bea", "d1", 1, 2),
    judged("cleo", "d1", 2, 3),
    judged("ada", "d2", 2, 4),
    judged("bea", "d2", 0, 5),
    judged("ada", "d3", None, 6),
    judged("bea", "d3", 1, 7, "pilot"),
]


@pytest.mark.parametrize(
    ("rule", "d1", "d2"),
    [
        (Rule.MAJORITY, 2, None),
        (Rule.MEDIAN, 2, 0),
        (Rule.LOWEST, 1, 0),
        (Rule.LATEST, 2, 0),
    ],
)
def test_rules(rule: Rule, d1: int, d2: int | None) -> None:
    used = in_use(VOTES, CORPUS, Choice(rule=rule))
    expected = {"d1": d1} | ({} if d2 is None else {"d2": d2})
    assert used.judgments == {"q1": expected, "q2": {"d3": 1}}
    assert (used.disputed, used.unclear) == (d2 is None, 1)
    assert used.judges == ("ada", "bea", "cleo")


def test_one_judge() -> None:
    used = in_use(VOTES, CORPUS, Choice(rule=Rule.ONE, judge="bea"))
    assert used.judgments == {"q1": {"d1": 1, "d2": 0}, "q2": {"d3": 1}}
    assert used.description == "Judgments: ours alone (3; bea)."
    with pytest.raises(InputError, match="no judgments of dora"):
        in_use(VOTES, CORPUS, Choice(rule=Rule.ONE, judge="dora"))


def test_the_corpuss_own_stay_and_ours_are_added() -> None:
    own = in_use(VOTES, CORPUS, Choice(Source.CORPUS))
    assert own.judgments == CORPUS.judgments
    assert own.description == "Judgments: the corpus's own (2)."
    added = in_use(VOTES, CORPUS, Choice(Source.ADDED))
    assert added.judgments == {"q1": {"d0": 2, "d1": 0, "d2": 0}, "q2": {"d3": 1}}
    assert (added.own, added.ours, added.highest) == (2, 2, 2)
    assert added.description == (
        "Judgments: the corpus's own, ours added (2 and 2; median of 3 judges). "
        "Left out: 1 could not be judged."
    )


def test_scales_are_not_merged() -> None:
    wide = [replace(vote, highest=4) for vote in VOTES]
    with pytest.raises(InputError, match="up to 2, ours to 4"):
        in_use(wide, CORPUS, Choice(Source.ADDED))
    assert in_use(wide, CORPUS, Choice()).highest == 4


def test_edited_documents_and_absent_queries_are_left_out_and_counted() -> None:
    edited = [replace(VOTES[0], digest="another")]
    used = in_use([*edited, judged("ada", "d0", 1, 9, "nobody asked")], CORPUS, Choice())
    assert (used.judgments, used.outdated, used.unasked) == ({}, 1, 1)
    assert "1 are of edited documents" in used.description
    insisted = in_use(edited, CORPUS, Choice(outdated=True))
    assert insisted.judgments == {"q1": {"d1": 2}}
