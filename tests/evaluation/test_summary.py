"""What an evaluation shows, each figure by hand: changes, tags, headroom, depth, time, money."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from components.domain import Document, Judgments, Query, Ranking, Timing, Usage
from components.evaluation import Evaluation, Plan, Ranked
from components.evaluation.cautions import cautions, remarks, unjudged, warnings
from components.evaluation.summary import (
    Ceiling,
    StageTime,
    TradeOff,
    by_tag,
    ceiling,
    changes,
    median_ms,
    pareto,
    stage_times,
    sweep,
    usd_a_query,
)
from components.measures import Metrics
from components.pipeline import Pipelines, first_stage_ranking

A, B, C = (Query("a", "one", ("x", "y")), Query("b", "two", ("x",)), Query("c", "three"))
JUDGMENTS: Judgments = {"a": {"r": 1}, "b": {"r": 1}, "c": {"r": 1, "s": 1, "n": 0}}


def planned(
    *systems: str,
    queries: Sequence[Query] = (A, B, C),
    judgments: Judgments = JUDGMENTS,
    initial_k: int = 4,
) -> Plan:
    return Plan(Pipelines(systems[0], systems[1:], initial_k), tuple(queries), judgments)


def ranked(letters: str, timing: Timing | None = None, usage: Usage | None = None) -> Ranked:
    """Return a ranking of documents with one-letter ids, the first one scoring highest."""
    scores = tuple(float(len(letters) - i) for i in range(len(letters)))
    return Ranked(tuple(letters), scores, timing or Timing(), usage or Usage())


def evaluated(**systems: Mapping[str, str]) -> Evaluation:
    return Evaluation(
        tuple(systems),
        {s: {q: ranked(letters) for q, letters in found.items()} for s, found in systems.items()},
    )


def timed(*milliseconds: float, **usage: float) -> dict[str, Ranked]:
    """Return rankings that took so long to rerank, after 1 ms of embedding and 2 ms of search."""
    return {
        f"q{i}": ranked("r", Timing(1.0, 2.0, ms), Usage(**usage))  # type: ignore[arg-type]
        for i, ms in enumerate(milliseconds)
    }


def values(**queries: float) -> Metrics:
    return Metrics({}, {query: {"m": value} for query, value in queries.items()})


# ---------------------------------------------------------------- by query, by tag


def test_changes_are_sorted_from_the_greatest_gain_to_the_greatest_loss() -> None:
    metrics = {"base": values(a=0.5, b=0.25, c=0.5), "s": values(a=0.25, b=1.0, c=0.5)}
    found = changes(planned("base", "s"), metrics, "base", "s", "m")
    assert [(c.query.id, c.before, c.after, c.change) for c in found] == [
        ("b", 0.25, 1.0, 0.75),
        ("c", 0.5, 0.5, 0.0),
        ("a", 0.5, 0.25, -0.25),
    ]


def test_changes_that_all_tie_keep_the_order_of_the_queries() -> None:
    metrics = {"base": values(c=0.5, b=0.5, a=0.5), "s": values(b=0.5, a=0.5, c=0.5)}
    found = changes(planned("base", "s"), metrics, "base", "s", "m")
    assert [c.query for c in found] == [A, B, C]
    assert {c.change for c in found} == {0.0}


def test_a_query_that_one_system_did_not_rank_has_no_change() -> None:
    metrics = {"base": values(a=0.5, b=0.5), "s": values(b=1.0, c=1.0), "none": values()}
    (only,) = changes(planned("base", "s"), metrics, "base", "s", "m")
    assert (only.query, only.change) == (B, 0.5)
    assert changes(planned("base", "s"), metrics, "base", "none", "m") == ()


def test_a_query_counts_in_each_of_its_tags() -> None:
    metrics = {
        "base": values(a=0.5, b=1.0, c=0.0),
        "s": values(a=1.0, b=0.0, c=1.0),
        "failed": values(),
    }
    found = by_tag(planned("base", "s", "failed"), metrics, "m")
    assert [(g.tag, g.n, g.means) for g in found] == [
        ("x", 2, {"base": 0.75, "s": 0.5}),
        ("y", 1, {"base": 0.5, "s": 1.0}),
    ]


def test_tags_say_what_their_queries_can_show() -> None:
    """Eight gains of 0.5 are clear among two cells; two queries are too few, whatever they gain."""
    queries = [Query(f"q{i}", "", ("all", "few") if i < 2 else ("all",)) for i in range(8)]
    base, other = ({q.id: value for q in queries} for value in (0.25, 0.75))
    metrics = {"base": values(**base), "s": values(**other)}
    found = by_tag(planned("base", "s", queries=queries), metrics, "m", "base")
    assert [(g.tag, g.n, g.describe("s"), g.describe("base")) for g in found] == [
        ("all", 8, "+0.50 better", ""),
        ("few", 2, "+0.50 too few", ""),
    ]
    assert found[0].differences["s"].p == 2 / 256
    assert found[0].differences["s"].compared == 2
    mixed = {q.id: 0.75 if i % 2 else 0.0 for i, q in enumerate(queries)}
    metrics["s"] = values(**mixed)
    found = by_tag(planned("base", "s", queries=queries), metrics, "m", "base")
    assert found[0].describe("s") == "+0.12 not clear"
    assert by_tag(planned("base", "s", queries=queries), metrics, "m")[0].differences == {}


def test_tags_of_the_same_size_are_sorted_by_name() -> None:
    queries = (Query("a", "", ("late", "early")), Query("b", "", ("often",)), Query("c", "", ()))
    found = by_tag(planned("s", queries=queries), {"s": values(a=1.0, b=1.0, c=1.0)}, "m")
    assert [g.tag for g in found] == ["early", "late", "often"]


def test_without_tags_or_without_rankings_there_are_no_groups() -> None:
    assert by_tag(planned("s", queries=[C]), {"s": values(c=1.0)}, "m") == ()
    assert by_tag(planned("s"), {"s": values()}, "m") == ()


# ---------------------------------------------------------------- headroom and depth


def test_the_ceiling_is_the_best_order_of_the_same_candidates() -> None:
    found = evaluated(first={"a": "xr", "b": "xy", "c": "xyzs"})
    top = ceiling(planned("first"), found, "RR@10")
    assert top == Ceiling(4, pytest.approx((1 + 0 + 1 / 2) / 3), pytest.approx(2 / 3))


def test_the_best_order_puts_the_highest_grade_first() -> None:
    judged = {"a": {"r": 1, "s": 3, "n": 0}}
    chosen = planned("first", queries=[A], judgments=judged)
    assert ceiling(chosen, evaluated(first={"a": "nxrs"}), "nDCG@10").best == pytest.approx(1.0)
    short = ceiling(chosen, evaluated(first={"a": "nr"}), "nDCG@10")
    assert short.best == pytest.approx(1 / (3 + 1 / math.log2(3)))
    assert short.recall == 0.5


def test_the_ceilings_recall_is_that_of_the_planned_depth() -> None:
    chosen = planned("first", queries=[A], initial_k=2)
    assert ceiling(chosen, evaluated(first={"a": "xyr"}), "RR@10") == Ceiling(2, 0.0, 1.0)


def test_candidates_without_a_judged_document_have_no_headroom() -> None:
    found = evaluated(first={"a": "xy", "b": "", "c": "z"}, s={"a": "yx", "b": "", "c": "z"})
    assert ceiling(planned("first", "s"), found, "nDCG@10") == Ceiling(4, 0.0, 0.0)
    assert ceiling(planned("first"), Evaluation(("first",)), "nDCG@10") == Ceiling(4, 0.0, 0.0)


def test_a_sweep_takes_the_first_candidates_in_the_systems_order() -> None:
    found = evaluated(first={"a": "xryz"}, s={"a": "zryx"})
    curves = sweep(planned("first", "s", queries=[A]), found, ["s"], "RR@10", [4, 1, 2, 2])
    assert curves == {"s": [(1, 0.0), (2, 1.0), (4, 0.5)]}


def test_a_sweep_over_all_candidates_is_the_evaluation_itself() -> None:
    found = evaluated(
        first={"a": "xryz", "b": "rxyz", "c": "xysr"}, s={"a": "zryx", "b": "yrxz", "c": "ryxs"}
    )
    chosen = planned("first", "s")
    (*_, (depth, last)) = sweep(chosen, found, ["s"], "AP")["s"]
    assert (depth, last) == (4, found.metrics(JUDGMENTS, ("AP",))["s"].mean["AP"])


def test_a_system_that_ranked_nothing_sweeps_at_zero() -> None:
    found = evaluated(first={"a": "xr"})
    assert sweep(planned("first", "s"), found, ["s"], "AP", [1, 2]) == {"s": [(1, 0.0), (2, 0.0)]}
    assert sweep(planned("first", "s"), found, [], "AP", [1, 2]) == {}


# ---------------------------------------------------------------- time


def test_percentiles_by_hand() -> None:
    timings = [Timing(embed_ms=2.0 * n, search_ms=float(n)) for n in range(101)]
    first = {str(n): ranked("r", timing) for n, timing in enumerate(timings)}
    second = {
        str(n): ranked("r", Timing(1.0, 1.0, 10.0 * n), Usage(4, 2 * n, reused=n % 2))
        for n in range(101)
    }
    found = Evaluation(("first", "s"), {"first": first, "s": second})
    approx = pytest.approx
    assert stage_times(planned("first", "s"), found) == (
        StageTime("first", "embed", approx(100), approx(190), approx(198), 101, 0.0, 0.0, 0),
        StageTime("first", "search", approx(50), approx(95), approx(99), 101, 0.0, 0.0, 0),
        StageTime("s", "rerank", approx(500), approx(950), approx(990), 101, 4.0, 100.0, 50),
        StageTime("s", "both stages", approx(502), approx(952), approx(992), 101, 4.0, 100.0, 50),
    )


def test_percentiles_lie_between_the_queries() -> None:
    found = Evaluation(("s",), {"s": {str(n): ranked("r", Timing(search_ms=n)) for n in (10, 20)}})
    (search,) = stage_times(planned("s"), found)
    assert (search.p50, search.p95, search.p99) == pytest.approx((15, 19.5, 19.9))


def test_one_query_is_all_percentiles_at_once() -> None:
    found = Evaluation(("first", "s"), {"s": timed(7.0)})
    rerank, both = stage_times(planned("first", "s"), found)
    assert (rerank.p50, rerank.p95, rerank.p99, rerank.n) == (7.0, 7.0, 7.0, 1)
    assert (both.stage, both.p50) == ("both stages", 10.0)


def test_stages_without_times_are_left_out() -> None:
    found = evaluated(first={"a": "r"}, s={"a": "r"})
    assert stage_times(planned("first", "s", "failed"), found) == ()
    assert median_ms(planned("first", "s", "failed"), found) == {}


def test_medians_are_of_both_stages() -> None:
    found = Evaluation(("first", "s"), {"first": timed(0.0), "s": timed(5.0, 100.0, 6.0, 7.0)})
    assert median_ms(planned("first", "s"), found) == {"first": 3.0, "s": 9.5}


# ---------------------------------------------------------------- worth its price


def test_a_system_is_dominated_by_one_that_is_no_worse_in_both_and_better_in_one() -> None:
    quality = {"fast": 0.5, "good": 0.9, "slow": 0.9, "bad": 0.4, "free": 0.1, "timeless": 1.0}
    price = {"fast": 1.0, "good": 5.0, "slow": 6.0, "bad": 1.0, "free": 0.0, "unknown": 0.0}
    assert pareto(quality, price) == (
        TradeOff("fast", 0.5, 1.0, dominated=False),
        TradeOff("good", 0.9, 5.0, dominated=False),
        TradeOff("slow", 0.9, 6.0, dominated=True),
        TradeOff("bad", 0.4, 1.0, dominated=True),
        TradeOff("free", 0.1, 0.0, dominated=False),
    )


def test_equals_do_not_dominate_each_other() -> None:
    found = pareto({"a": 0.5, "b": 0.5}, {"a": 3.0, "b": 3.0})
    assert [p.dominated for p in found] == [False, False]
    assert pareto({"a": 0.5}, {"a": 3.0}) == (TradeOff("a", 0.5, 3.0, dominated=False),)
    assert pareto({}, {}) == ()


def test_what_is_hosted_has_its_price_and_what_is_not_costs_nothing() -> None:
    found = Evaluation(
        ("local", "paid", "unpriced", "partly", "failed"),
        {
            "local": timed(1.0, 1.0),
            "paid": timed(1.0, usd=0.5) | {"q1": ranked("r", usage=Usage(usd=0.25))},
            "unpriced": timed(1.0, 1.0),
            "partly": timed(1.0, usd=0.5) | {"q1": ranked("r")},
        },
    )
    chosen = planned("local", "paid", "unpriced", "partly", "failed")
    hosted = {"paid", "unpriced", "partly", "failed"}
    assert usd_a_query(chosen, found, hosted) == {"local": 0.0, "paid": 0.375}


def test_a_price_on_file_of_what_is_not_hosted_is_not_counted() -> None:
    found = Evaluation(("local",), {"local": timed(1.0, usd=9.0)})
    assert usd_a_query(planned("local"), found, ()) == {"local": 0.0}


# ---------------------------------------------------------------- cautions


def test_cautions_are_warnings_and_then_remarks() -> None:
    found = evaluated(first={"a": "rn"}, s={"a": "nr"})
    chosen = planned("first", "s")
    said = cautions(chosen, found, 2)
    assert said == (*warnings(chosen, found), *remarks(chosen, found, 2))
    assert len(warnings(chosen, found)) == 2
    assert [line.split()[0] for line in remarks(chosen, found, 2)] == ["Documents"]


def test_ties_at_the_cut_are_counted() -> None:
    every = evaluated(first={"a": "r", "b": "r", "c": "sr"}, s={"a": "r", "b": "r"})
    first = every.rankings["first"]
    for query, tied in (("a", 2), ("c", 5)):  # c is not complete
        first[query] = replace(first[query], tied=tied)
    every.rankings["s"]["b"] = replace(every.rankings["s"]["b"], tied=3)
    assert every.ties("first") == {"a": 2}
    line = remarks(planned("first", "s"), every, 10)[0]
    assert line.startswith("On 1 of 2 queries (50%) the cut after 4 candidates parts documents")
    assert "equal scores of first" in line


def test_unjudged_documents_among_the_first_by_hand() -> None:
    found = evaluated(s={"a": "xry", "b": "r", "c": "nxs"})
    assert unjudged(found, JUDGMENTS, "s", 2) == pytest.approx((1 + 0 + 1) / 3)
    assert unjudged(found, JUDGMENTS, "s", 10) == pytest.approx((2 + 0 + 1) / 3)
    assert unjudged(found, JUDGMENTS, "nobody", 10) == 0.0


def test_there_is_nothing_to_warn_of() -> None:
    found = evaluated(first={"a": "r", "b": "r", "c": "sr"}, s={"a": "r", "b": "r", "c": "rs"})
    assert cautions(planned("first", "s"), found, 10) == ()


def test_queries_that_do_not_count_are_counted() -> None:
    found = evaluated(first={"a": "r", "b": "r", "c": "r"}, s={"a": "r", "b": "r"})
    (line,) = cautions(planned("first", "s"), found, 10)
    assert line.startswith("2 of 3 queries are counted: those that every system ranked.")
    assert cautions(planned("first"), Evaluation(("first",)), 10)[0].startswith("0 of 3 queries")


def test_one_query_is_an_anecdote() -> None:
    found = evaluated(first={"a": "r"}, s={"a": "r"})
    assert cautions(planned("first", "s", queries=[A]), found, 10) == (
        "One query is an anecdote: it has no interval and proves nothing.",
    )


def test_judgments_that_meet_no_candidate_are_suspected() -> None:
    found = evaluated(first={"a": "x", "b": "", "c": "n"})
    line, other = cautions(planned("first"), found, 10)
    assert line.startswith("No judged document was found by any system: all values are 0.")
    assert "first 0.3." in other
    one = evaluated(first={"a": "x", "b": "", "c": "s"})
    assert not any("No judged" in line for line in cautions(planned("first"), one, 10))


@pytest.mark.parametrize("score", [0.0, 1.0, -7.5, 1e-30, 0.1, 12345.678])
def test_a_constant_score_is_no_order(score: float) -> None:
    def same(query: str, count: int = 100) -> Ranking:
        documents = [Document(f"{query}{i}", "", "") for i in range(count)]
        return first_stage_ranking("s", documents, [score] * count)

    found = Evaluation(("first", "s"))
    for query, ranking in (("a", same("a")), ("b", same("b")), ("c", same("c", 1))):
        found.note(query, ranking, "first")
        found.note(query, ranking, "s")
    judged = {q: {f"{q}{i}": 1 for i in range(100)} for q in "abc"}
    (line,) = cautions(planned("first", "s", judgments=judged), found, 10)
    assert line == (
        "s gave all candidates the same score on 2 of 3 queries; there its order is the first "
        "stage's."
    )


def test_half_of_the_scores_at_the_top_are_saturation() -> None:
    found = Evaluation(("first", "s"))
    for query, tied in (("a", 29), ("b", 15), ("c", 14)):
        documents = [Document(f"{query}{i}", "", "") for i in range(30)]
        scores = [1.0] * tied + [0.5 - i / 100 for i in range(30 - tied)]
        for system in ("first", "s"):
            found.note(query, first_stage_ranking(system, documents, scores), system)
    judged = {q: {f"{q}{i}": 1 for i in range(30)} for q in "abc"}
    (line,) = cautions(planned("first", "s", judgments=judged), found, 10)
    assert line == (
        "s gave half of the candidates or more the same score, its highest, on 2 of 3 queries "
        "(saturation); among those its order is the first stage's."
    )


def test_blank_documents_that_were_not_sent_are_counted() -> None:
    found = Evaluation(("first", "s"))
    for query, pairs in (("a", 2), ("b", 4), ("c", 3)):
        documents = [Document(f"{query}{i}", "", "") for i in range(4)]
        first = first_stage_ranking("first", documents, [4.0, 3.0, 2.0, 1.0])
        found.note(query, first)
        found.note(query, replace(first, system="s", usage=Usage(pairs=pairs)))
    judged = {q: {f"{q}{i}": 1 for i in range(4)} for q in "abc"}
    (line,) = cautions(planned("first", "s", judgments=judged), found, 10)
    assert line == "s was not sent 3 blank documents on 2 of 3 queries; there they stand last."


def test_scores_that_differ_a_little_are_an_order() -> None:
    found = evaluated(first={"a": "rx"})
    close = Ranked(("r", "x"), (0.5001, 0.5), Timing(), Usage())
    found.rankings["s"] = {"a": close}
    found.systems = ("first", "s")
    chosen = planned("first", "s", queries=[A], judgments={"a": {"r": 1, "x": 0}})
    assert not any("the same score" in line for line in cautions(chosen, found, 10))


def test_unjudged_documents_are_told_by_system() -> None:
    found = evaluated(
        first={"a": "rxy", "b": "rx", "c": "rs"}, s={"a": "xyr", "b": "xr", "c": "sr"}
    )
    (line,) = cautions(planned("first", "s"), found, 1)
    assert "among the first 1 that nobody judged, on average: first 0.0, s 0.7." in line
    assert "Judged@1 says how much of a ranking is known." in line
