"""Two stages: what a search returns, how candidates are sorted, and that failures stay apart."""

from __future__ import annotations

import asyncio
import inspect
import math
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import ModuleType

import numpy as np
import pytest

from components.config import Settings
from components.domain import (
    Cancelled,
    Comparison,
    Corpus,
    Document,
    Failure,
    InputError,
    LabError,
    Ranking,
    RerankError,
    Scores,
    Timing,
)
from components.lab import Lab, read_settings
from components.models.runtime import THREADS
from components.pipeline import (
    NullWatcher,
    QueryInput,
    Request,
    RerankedText,
    check_depth,
    check_request,
    default_lab,
    first_stage_ranking,
    fuse_rankings,
    rerank,
    rerank_texts,
    sort,
    two_stage_search,
)
from components.wording import count
from tests.support.asking import asked, compare, compare_candidates, rerank_candidates, retrieve

QUERY = "how do I get the traceback into my log file"
WORDS = "raise exception traceback"


def ids(ranking: Ranking) -> list[str]:
    return [hit.document.id for hit in ranking.hits]


def given(*texts: str) -> Ranking:
    documents = [Document(str(i), "", text) for i, text in enumerate(texts)]
    return first_stage_ranking("given", documents, [-float(i) for i in range(len(texts))])


def run(lab: Lab, corpus: Corpus, request: Request, watcher: object = None) -> Comparison:
    return asyncio.run(compare(lab, corpus, request, watcher or NullWatcher()))


def outcome(comparison: Comparison) -> list[tuple[str, list[tuple[str, float]]] | Failure]:
    """Return everything but the times."""
    return [
        r if isinstance(r, Failure) else (r.system, [(h.document.id, h.score) for h in r.hits])
        for r in (comparison.first_stage, *comparison.results)
    ]


@dataclass
class Notes(NullWatcher):
    """A watcher that notes everything and may stop the work at one of its steps."""

    stop_at: tuple[str, str] | None = None
    steps: list[tuple[str, str, int, int]] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)

    def step(self, system: str, state: str, done: int, total: int) -> None:
        self.steps.append((system, state, done, total))
        if (system, state) == self.stop_at:
            raise Cancelled

    def ranked(self, result: Ranking | Failure, comparison: Comparison) -> None:
        self.ended.append(result.system)


# ---------------------------------------------------------------- two stages


@pytest.mark.models
def test_a_search_is_a_coroutine_and_finds_the_answer(lab: Lab, exceptions: Corpus) -> None:
    search = two_stage_search(QUERY, exceptions, lab=lab, final_k=3)
    assert inspect.iscoroutine(search)
    hits = asyncio.run(search)
    assert [h.rank for h in hits] == [1, 2, 3]
    assert hits[0].document.id == "logging-exception"
    assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)
    first = retrieve(lab, exceptions, asked(QUERY))
    for hit in hits:
        before = first.hits[hit.first_stage_rank - 1]
        assert before.document == hit.document
        assert hit.first_stage_score == before.score
        assert hit.original_index == hit.first_stage_rank - 1
        assert hit.movement == hit.first_stage_rank - hit.rank


@pytest.mark.models
def test_a_search_by_a_samples_name(lab: Lab, helpdesk: Corpus) -> None:
    hits = asyncio.run(two_stage_search("PW-119", "helpdesk", initial_k=20, final_k=5, lab=lab))
    assert len(hits) == 5
    assert max(h.first_stage_rank for h in hits) <= 20
    assert hits[0].document == helpdesk.by_id[hits[0].document.id]
    assert "PW-119" in hits[0].document.passage


@pytest.mark.models
def test_a_hundred_candidates_by_default(lab: Lab, helpdesk: Corpus) -> None:
    question = helpdesk.queries[0].text
    hits = asyncio.run(two_stage_search(question, helpdesk, lab=lab, reranker="bm25"))
    assert len(hits) == 10
    first = retrieve(lab, helpdesk, asked(question))
    assert len(first.hits) == 100
    assert {h.document.id for h in hits} <= set(ids(first))


@pytest.mark.models
def test_metadata_comes_with_the_hit(lab: Lab) -> None:
    documents = tuple(
        Document(i, "", text, {"page": i * 2})
        for i, text in (("a", "a fox in the snow"), ("b", "a hat"), ("c", "two foxes"))
    )
    corpus = Corpus("meta", documents, fingerprint="m" * 64)
    hits = asyncio.run(two_stage_search("fox", corpus, first_stage="bm25", lab=lab))
    assert {h.document.id: h.document.metadata for h in hits} == {
        "a": {"page": "aa"},
        "c": {"page": "cc"},
    }


@pytest.mark.models
@pytest.mark.parametrize("reranker", ["minilm-l12", "bm25", "rrf", "probe-length"])
@pytest.mark.usefixtures("probes")
def test_no_candidates_are_an_empty_list(lab: Lab, exceptions: Corpus, reranker: str) -> None:
    search = two_stage_search(
        "zyzzyva qwertz", exceptions, first_stage="bm25", reranker=reranker, lab=lab
    )
    assert asyncio.run(search) == []


@pytest.mark.models
@pytest.mark.parametrize("first_stage", ["bge-small", "bm25", "hybrid"])
def test_every_first_stage_feeds_the_reranker(
    lab: Lab, exceptions: Corpus, first_stage: str
) -> None:
    hits = asyncio.run(two_stage_search(QUERY, exceptions, first_stage=first_stage, lab=lab))
    assert hits[0].document.id == "logging-exception"


@pytest.mark.models
def test_depth_clamps_to_the_corpus(lab: Lab, exceptions: Corpus) -> None:
    hits = asyncio.run(
        two_stage_search(WORDS, exceptions, initial_k=1000, final_k=500, reranker="bm25", lab=lab)
    )
    assert len(hits) == len(exceptions.documents) == 9
    assert sorted(h.first_stage_rank for h in hits) == list(range(1, 10))


@pytest.mark.models
def test_final_k_cuts_after_sorting(lab: Lab, exceptions: Corpus, probes: ModuleType) -> None:
    search = two_stage_search(WORDS, exceptions, reranker="probe-length", final_k=2, lab=lab)
    longest = sorted(exceptions.documents, key=lambda d: -len(d.passage))[:2]
    assert [h.document for h in asyncio.run(search)] == longest


# ---------------------------------------------------------------- what cannot be done


@pytest.mark.parametrize("query", ["", "   ", "\n\t", "\u3000"])
def test_a_blank_query(lab: Lab, exceptions: Corpus, query: str) -> None:
    with pytest.raises(InputError, match="query is empty"):
        asyncio.run(two_stage_search(query, exceptions, lab=lab))
    with pytest.raises(InputError, match="query is empty"):
        run(lab, exceptions, asked(query))
    with pytest.raises(InputError, match="query is empty"):
        rerank(query, ["a"], lab=lab)


def test_a_query_that_is_no_text(lab: Lab, exceptions: Corpus) -> None:
    with pytest.raises(InputError, match="not valid Unicode"):
        run(lab, exceptions, asked("caf\udce9"))


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (asked("a", "nothing"), "no first stage 'nothing'"),
        (asked("a", "minilm-l12"), "no first stage 'minilm-l12'"),
        (asked("a", rerankers=("nothing",)), "no reranker 'nothing'"),
        (asked("a", rerankers=("bm25", "hybrid")), "no reranker 'hybrid'"),
        (asked("a", rerankers=("bm25", "rrf", "bm25")), "named twice"),
        (asked("a", initial_k=0), "initial_k is 0; it must be at least 1"),
        (asked("a", initial_k=-5), "initial_k is -5"),
    ],
)
def test_requests_that_cannot_be_done(
    lab: Lab, exceptions: Corpus, request_: Request, message: str
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        run(lab, exceptions, request_)
    assert caught.value.remedy
    with pytest.raises(InputError):
        check_request(request_, lab)


def test_unknown_keys_are_answered_with_the_known_ones(lab: Lab) -> None:
    with pytest.raises(InputError) as caught:
        check_request(asked("a", rerankers=("x",)), lab)
    assert caught.value.remedy.startswith("Choose one of: minilm-l12, late-bge, bm25, rrf,")
    with pytest.raises(InputError) as caught:
        check_request(asked("a", "x"), lab)
    assert caught.value.remedy.startswith("Choose one of: bge-small, minilm-l6, bm25, hybrid, ")


@pytest.mark.parametrize(
    ("initial_k", "final_k", "message"),
    [
        (0, 1, "initial_k is 0"),
        (10, 0, "final_k is 0"),
        (10, 11, r"final_k \(11\) is larger than initial_k \(10\)"),
    ],
)
def test_depths_that_do_not_fit(
    lab: Lab, exceptions: Corpus, initial_k: int, final_k: int, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        asyncio.run(
            two_stage_search("a", exceptions, initial_k=initial_k, final_k=final_k, lab=lab)
        )
    check_depth("final_k", 10, 10)


def test_a_search_that_names_nothing(lab: Lab) -> None:
    with pytest.raises(InputError, match="neither a sample nor a folder"):
        asyncio.run(two_stage_search("a", "no-such-corpus", lab=lab))
    for keys in ({"first_stage": "nothing"}, {"reranker": "nothing"}):
        with pytest.raises(InputError, match="'nothing'"):
            asyncio.run(two_stage_search("a", "exceptions", lab=lab, **keys))


LONG = "raise " * 10_000


@pytest.mark.models
@pytest.mark.parametrize("first_stage", ["bge-small", "hybrid"])
def test_a_long_query_is_refused_by_the_encoder(
    lab: Lab, exceptions: Corpus, first_stage: str
) -> None:
    with pytest.raises(InputError, match="tokens; bge-small reads at most 510"):
        run(lab, exceptions, asked(LONG, first_stage, ("bm25",)))


@pytest.mark.models
def test_a_long_query_costs_only_the_column_that_cannot_read_it(
    lab: Lab, exceptions: Corpus
) -> None:
    result = run(lab, exceptions, asked(LONG, "bm25", ("minilm-l12", "bm25")))
    assert ids(result.first_stage)[0] == "raise-from"
    [failure], [ranking] = result.failures, result.rankings
    assert failure.system == "minilm-l12"
    assert failure.reason == "The query has 10,000 tokens; minilm-l12 reads at most 445."
    assert ranking.system == "bm25"
    assert ids(ranking) == ids(result.first_stage)


# ---------------------------------------------------------------- sorting


def test_sort_is_by_score_then_by_first_stage_rank() -> None:
    first = given("a", "b", "c", "d", "e")
    scores = Scores(
        np.array([1.0, 2.0, 1.0, 2.0, 3.0]), tokens_read=(1, 2, 3, 4, 5), tokens_cut=(0, 0, 7, 0, 1)
    )
    ranking = sort("x", first, scores, Timing())
    assert ids(ranking) == ["4", "1", "3", "0", "2"]
    assert [h.rank for h in ranking.hits] == [1, 2, 3, 4, 5]
    assert [h.score for h in ranking.hits] == [3.0, 2.0, 2.0, 1.0, 1.0]
    assert [h.first_stage_rank for h in ranking.hits] == [5, 2, 4, 1, 3]
    assert [h.first_stage_score for h in ranking.hits] == [-4.0, -1.0, -3.0, 0.0, -2.0]
    assert [h.tokens_cut for h in ranking.hits] == [1, 0, 0, 0, 7]
    assert (ranking.usage.pairs, ranking.usage.tokens, ranking.truncated) == (5, 15, 2)


def test_ties_keep_their_order_in_long_lists() -> None:
    scores = [i % 3 for i in range(300)]
    first = given(*map(str, range(300)))
    expected = [i for score in (2, 1, 0) for i in range(300) if i % 3 == score]
    ranking = sort("x", first, Scores(np.array(scores, np.float64)), Timing())
    assert [h.original_index for h in ranking.hits] == expected


def test_sort_takes_negative_zero_and_huge_scores() -> None:
    scores = Scores(np.array([-0.0, 1e300, 0.0, -1e300]))
    assert ids(sort("x", given("a", "b", "c", "d"), scores, Timing())) == ["1", "0", "2", "3"]


def test_sort_does_not_change_its_input() -> None:
    first, values = given("a", "b"), np.array([0.0, 1.0])
    sort("x", first, Scores(values), Timing())
    assert ids(first) == ["0", "1"]
    assert values.tolist() == [0.0, 1.0]


@pytest.mark.parametrize("n", [0, 1, 2, 4])
def test_sort_refuses_a_wrong_count(n: int) -> None:
    with pytest.raises(RerankError, match=f"x returned {count(n, 'score')} for 3 documents"):
        sort("x", given("a", "b", "c"), Scores(np.zeros(n)), Timing())


def test_sort_refuses_a_table_of_scores() -> None:
    with pytest.raises(RerankError, match="returned 3 scores for 3 documents"):
        sort("x", given("a", "b", "c"), Scores(np.zeros((3, 1))), Timing())


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_sort_refuses_what_is_not_finite(bad: float) -> None:
    with pytest.raises(RerankError, match="x returned 2 scores that are not finite"):
        sort("x", given("a", "b", "c"), Scores(np.array([bad, 0.0, bad])), Timing())


# ---------------------------------------------------------------- comparisons


FAULTS = {
    "probe-short": "probe-short returned 8 scores for 9 documents.",
    "probe-nan": "probe-nan returned 1 score that is not a finite number.",
    "probe-inf": "probe-inf returned 1 score that is not a finite number.",
    "probe-crash": "probe-crash failed: ZeroDivisionError: a fault in two lines",
    "probe-refuse": "The probe refuses.",
}


@pytest.mark.models
@pytest.mark.usefixtures("probes")
def test_failures_stay_apart(lab: Lab, exceptions: Corpus) -> None:
    sound = ("minilm-l12", "bm25", "probe-length", "probe-ties")
    alone = run(lab, exceptions, asked(WORDS, rerankers=sound))
    mixed = ("probe-crash", "minilm-l12", "probe-nan", "bm25", "probe-inf", "probe-length")
    both = run(
        lab,
        exceptions,
        asked(WORDS, rerankers=(*mixed, "probe-short", "probe-ties", "probe-refuse")),
    )
    assert {f.system: f.reason for f in both.failures} == FAULTS
    assert all(f.remedy for f in both.failures)
    assert tuple(r.system for r in both.rankings) == sound
    assert outcome(alone) == [o for o in outcome(both) if not isinstance(o, Failure)]
    assert [r.system for r in both.results][:2] == ["probe-crash", "minilm-l12"]  # as asked for


def test_an_unavailable_model_is_a_failure(exceptions: Corpus) -> None:
    from components.config import HubModel

    settings = read_settings()
    ghost = Lab(
        Settings(
            hub=(HubModel("ghost", "", settings.cache_dir / "nowhere"),),
            cache_dir=settings.cache_dir,
        )
    )
    result = run(ghost, exceptions, asked(WORDS, "bm25", ("ghost", "bm25")))
    assert [f.system for f in result.failures] == ["ghost"]
    assert "has no config.json" in result.failures[0].reason
    assert [r.system for r in result.rankings] == ["bm25"]


@pytest.mark.models
def test_every_reranker_sees_the_same_candidates(
    lab: Lab, exceptions: Corpus, probes: ModuleType
) -> None:
    keys = ("probe-length", "probe-ties", "minilm-l12", "bm25", "rrf")
    result = run(lab, exceptions, asked(WORDS, "hybrid", keys, initial_k=6))
    texts = tuple(h.document.passage for h in result.first_stage.hits)
    assert len(texts) == 6
    assert probes.SEEN["probe-length"] == probes.SEEN["probe-ties"] == texts
    for ranking in result.rankings:
        assert sorted(ids(ranking)) == sorted(ids(result.first_stage))
        assert {h.document.id: h.first_stage_rank for h in ranking.hits} == {
            h.document.id: h.rank for h in result.first_stage.hits
        }
    ties = next(r for r in result.rankings if r.system == "probe-ties")
    assert ids(ties) == ids(result.first_stage)


@pytest.mark.models
@pytest.mark.usefixtures("probes")
def test_times_are_told_apart(lab: Lab, exceptions: Corpus) -> None:
    result = run(lab, exceptions, asked(WORDS, rerankers=("probe-loads", "minilm-l12", "bm25")))
    for ranking in (result.first_stage, *result.rankings):
        t = ranking.timing
        assert min(t.embed_ms, t.search_ms, t.rerank_ms, t.load_ms, t.wait_ms) >= 0
        assert t.total_ms == t.embed_ms + t.search_ms + t.rerank_ms
        assert (t.embed_ms, t.search_ms) == (
            result.first_stage.timing.embed_ms,
            result.first_stage.timing.search_ms,
        )
    assert result.first_stage.timing.rerank_ms == 0
    loads = result.rankings[0].timing
    assert loads.load_ms >= 2 * 1000 * 0.05  # it sleeps when it is warmed, and when it is bound


@pytest.mark.usefixtures("probes")
def test_a_cached_result_says_so_and_shows_its_first_time(lab: Lab, exceptions: Corpus) -> None:
    request = asked(WORDS, "bm25", ("probe-cached", "probe-ties", "rrf"))
    cached, ties, fused = run(lab, exceptions, request).rankings
    assert (cached.cached, ties.cached, fused.cached) == (True, False, False)
    assert cached.timing.rerank_ms == 1234.5
    assert fused.timing.rerank_ms >= 1234.5


@pytest.mark.models
def test_no_rerankers_is_the_first_stage_alone(lab: Lab, exceptions: Corpus) -> None:
    result = run(lab, exceptions, asked(WORDS, rerankers=(), initial_k=3))
    assert len(result.first_stage.hits) == 3
    assert result.results == ()


def test_bm25_after_bm25_changes_nothing(lab: Lab, exceptions: Corpus) -> None:
    result = run(lab, exceptions, asked(WORDS, "bm25", ("bm25",)))
    assert ids(result.rankings[0]) == ids(result.first_stage)
    assert [h.score for h in result.rankings[0].hits] == pytest.approx(
        [h.score for h in result.first_stage.hits], abs=1e-5
    )


def test_given_candidates_need_no_corpus(lab: Lab) -> None:
    request = asked("raise an error", rerankers=("bm25",))
    first = given("nothing to see", "how to raise an error")
    result = asyncio.run(compare_candidates(lab, None, request, first, NullWatcher()))
    assert ids(result.rankings[0]) == ["1", "0"]


def test_the_same_pipelines_are_asked_another_query() -> None:
    first = asked("a", "bm25", ("rrf",), 7)
    assert Request(first.pipelines, QueryInput("b")) == asked("b", "bm25", ("rrf",), 7)


@pytest.mark.models
def test_late_interaction_in_the_store_is_late_interaction(lab: Lab, exceptions: Corpus) -> None:
    first = retrieve(lab, exceptions, asked(WORDS, "bm25"))
    stored = rerank_candidates(lab, exceptions, asked(WORDS), first, "late-bge")
    anew = rerank_candidates(lab, None, asked(WORDS), first, "late-bge")
    assert lab.context(exceptions).tokens is not None
    assert ids(stored) == ids(anew)
    assert [h.score for h in stored.hits] == pytest.approx([h.score for h in anew.hits], abs=1e-4)


# ---------------------------------------------------------------- fusion


def places(*order: int) -> Ranking:
    """Return a ranking of four candidates in this order of their original indices."""
    scores = np.empty(4)
    scores[list(order)] = [4.0, 3.0, 2.0, 1.0]
    return sort("x", given("a", "b", "c", "d"), Scores(scores), Timing(rerank_ms=10))


def test_fusion_adds_reciprocal_ranks() -> None:
    fused = fuse_rankings(given("a", "b", "c", "d"), [places(1, 0, 2, 3), places(2, 1, 0, 3)])
    expected = {"1": 1 / 61 + 1 / 62, "2": 1 / 63 + 1 / 61, "0": 1 / 62 + 1 / 63, "3": 2 / 64}
    assert fused.system == "rrf"
    assert {h.document.id: h.score for h in fused.hits} == pytest.approx(expected, abs=1e-15)
    assert ids(fused) == ["1", "2", "0", "3"]
    assert fused.timing.rerank_ms >= 20  # it cannot be had without its members


def test_fusion_with_one_joins_the_first_stage() -> None:
    fused = fuse_rankings(given("a", "b", "c", "d"), [places(3, 2, 1, 0)])
    outer, inner = 1 / 61 + 1 / 64, 1 / 62 + 1 / 63
    assert [h.score for h in fused.hits] == pytest.approx([outer, outer, inner, inner], abs=1e-15)
    assert ids(fused) == ["0", "3", "1", "2"]  # equal sums keep the first stage's order


@pytest.mark.models
@pytest.mark.usefixtures("probes")
def test_rrf_fuses_the_others_as_they_ended(lab: Lab, exceptions: Corpus) -> None:
    request = asked(WORDS, rerankers=("rrf", "probe-length", "bm25"))
    result = run(lab, exceptions, request)
    rrf, length, bm25 = result.rankings
    assert [r.system for r in result.rankings] == ["rrf", "probe-length", "bm25"]
    rank = [{h.document.id: h.rank for h in r.hits} for r in (length, bm25)]
    for hit in rrf.hits:
        assert hit.score == sum(1 / (60 + r[hit.document.id]) for r in rank)


@pytest.mark.models
def test_rrf_with_one_other_joins_the_first_stage(lab: Lab, exceptions: Corpus) -> None:
    result = run(lab, exceptions, asked(WORDS, rerankers=("bm25", "rrf")))
    bm25, rrf = result.rankings
    rank = {h.document.id: h.rank for h in bm25.hits}
    for hit in rrf.hits:
        assert hit.score == 1 / (60 + hit.first_stage_rank) + 1 / (60 + rank[hit.document.id])


@pytest.mark.models
def test_rrf_alone_runs_minilm_and_bm25(lab: Lab, exceptions: Corpus) -> None:
    alone = run(lab, exceptions, asked(WORDS, rerankers=("rrf",)))
    beside = run(lab, exceptions, asked(WORDS, rerankers=("minilm-l12", "bm25", "rrf")))
    expected = {h.document.id: h.score for h in beside.rankings[2].hits}
    assert {h.document.id: h.score for h in alone.rankings[0].hits} == pytest.approx(expected)
    assert ids(alone.rankings[0]) == ids(beside.rankings[2])


@pytest.mark.models
@pytest.mark.usefixtures("probes")
def test_rrf_fails_with_a_member(lab: Lab, exceptions: Corpus) -> None:
    keys = ("bm25", "probe-refuse", "rrf", "probe-nan")
    result = run(lab, exceptions, asked(WORDS, rerankers=keys))
    assert [r.system for r in result.rankings] == ["bm25"]
    fused = next(f for f in result.failures if f.system == "rrf")
    assert fused.reason == "There is nothing whole to fuse: probe-refuse, probe-nan failed."


# ---------------------------------------------------------------- plain lists


def test_rerank_returns_text_score_and_original_index(lab: Lab) -> None:
    texts = ["sorting a list", "raise from keeps the cause", "raise", "weather"]
    results = rerank("raise a new error from its cause", texts, reranker="bm25", lab=lab)
    assert [(r.text, r.original_index) for r in results] == [
        (texts[1], 1),
        (texts[2], 2),
        (texts[0], 0),
        (texts[3], 3),
    ]
    # Without stop words: 2, 4, 1 and 1 words. Two texts have "raise", one has "from" and "cause".
    common, rare = math.log(1 + (4 - 2 + 0.5) / 2.5), math.log(1 + (4 - 1 + 0.5) / 1.5)

    def weight(length: int) -> float:
        return 2.2 / (1 + 1.2 * (0.25 + 0.75 * length / 2))

    assert results[0].relevance_score == pytest.approx((common + 2 * rare) * weight(4), abs=1e-12)
    assert results[1].relevance_score == pytest.approx(common * weight(1), abs=1e-12)
    assert [r.relevance_score for r in results[2:]] == [0.0, 0.0]


@pytest.mark.parametrize(("top_k", "n"), [(None, 3), (1, 1), (2, 2), (3, 3), (50, 3)])
def test_rerank_cuts_at_top_k(lab: Lab, top_k: int | None, n: int) -> None:
    texts = ["b", "a", "a"]
    best = rerank("a", texts, top_k, reranker="bm25", lab=lab)
    whole = rerank("a", texts, reranker="bm25", lab=lab)
    assert best == whole[:n]


@pytest.mark.models
def test_rerank_by_the_cross_encoder_by_default(lab: Lab, exceptions: Corpus) -> None:
    texts = [d.passage for d in exceptions.documents]
    best = rerank(QUERY, texts, 1, lab=lab)[0]
    assert best.text.startswith("Recording a failure with logging.exception")
    assert isinstance(best, RerankedText)
    assert texts[best.original_index] == best.text
    ranking = rerank_texts(QUERY, texts, lab=lab)
    assert ranking.hits[0].score == best.relevance_score
    assert (ranking.timing.embed_ms, ranking.timing.search_ms) == (0, 0)


@pytest.mark.models
def test_rerank_of_nothing_is_nothing(lab: Lab) -> None:
    assert rerank("a", [], lab=lab) == []


@pytest.mark.parametrize("top_k", [0, -1])
def test_rerank_refuses_a_depth_under_one(lab: Lab, top_k: int) -> None:
    with pytest.raises(InputError, match=f"top_k is {top_k}"):
        rerank("a", ["b"], top_k, lab=lab)


@pytest.mark.usefixtures("probes")
def test_rerank_raises_what_failed(lab: Lab) -> None:
    with pytest.raises(InputError, match="no reranker 'nothing'"):
        rerank("a", ["b"], reranker="nothing", lab=lab)
    with pytest.raises(RerankError, match="The probe refuses"):
        rerank("a", ["b"], reranker="probe-refuse", lab=lab)
    with pytest.raises(RerankError, match="returned 0 scores for 1 document"):
        rerank("a", ["b"], reranker="probe-short", lab=lab)


def test_the_default_lab_is_one_and_keeps_to_the_environment() -> None:
    import os

    assert default_lab() is default_lab()
    assert str(default_lab().settings.cache_dir) == os.environ["RERANK_LAB_CACHE"]


# ---------------------------------------------------------------- watching and stopping


@pytest.mark.models
@pytest.mark.usefixtures("probes")
def test_a_watcher_sees_the_first_stage_end_first(lab: Lab, exceptions: Corpus) -> None:
    notes = Notes()
    run(lab, exceptions, asked(WORDS, rerankers=("minilm-l12", "probe-length")), notes)
    assert notes.ended[0] == "bge-small"
    assert sorted(notes.ended[1:]) == ["minilm-l12", "probe-length"]
    runs = [s for s in notes.steps if s[:2] == ("probe-length", "run")]
    assert runs == [("probe-length", "run", i, 9) for i in range(1, 10)]
    done = [s[2] for s in notes.steps if s[:2] == ("minilm-l12", "run")]
    assert done == list(range(1, 10))


@pytest.mark.models
@pytest.mark.parametrize(
    "stop_at",
    [("bge-small", "load"), ("minilm-l12", "load"), ("minilm-l12", "run"), ("probe-length", "run")],
)
@pytest.mark.usefixtures("probes")
def test_a_watcher_stops_the_work(lab: Lab, exceptions: Corpus, stop_at: tuple[str, str]) -> None:
    notes = Notes(stop_at)
    request = asked(WORDS, rerankers=("minilm-l12", "probe-length"))
    with pytest.raises(Cancelled):
        run(lab, exceptions, request, notes)
    steps = len(notes.steps)
    assert len(run(lab, exceptions, request).rankings) == 2  # the gate is free again
    assert len(notes.steps) == steps  # and nothing of the stopped work runs on


@pytest.mark.models
def test_stopping_while_vectors_are_computed(lab: Lab) -> None:
    documents = tuple(Document(str(i), "", f"sentence number {i}") for i in range(40))
    corpus = Corpus("fresh", documents, fingerprint="e" * 64)
    with pytest.raises(Cancelled):
        run(lab, corpus, asked("number 7"), Notes(("bge-small", "encode with bge-small")))
    notes = Notes()
    result = run(lab, corpus, asked("number 7", rerankers=("bm25",)), notes)
    assert result.rankings[0].hits[0].document.id == "7"
    encoded = [s[2] for s in notes.steps if s[1] == "encode with bge-small"]
    assert encoded[-1] == 40
    assert encoded == sorted(encoded)


def test_errors_are_lab_errors() -> None:
    assert issubclass(Cancelled, LabError)
    assert str(Cancelled()) == "Stopped."


# ---------------------------------------------------------------- side by side


@pytest.mark.models
def test_a_comparison_is_the_same_in_company(
    lab: Lab, helpdesk: Corpus, exceptions: Corpus
) -> None:
    request = asked(helpdesk.queries[0].text, "hybrid", ("minilm-l12", "bm25", "rrf"), 12)
    alone = outcome(run(lab, helpdesk, request))
    others = [
        (helpdesk, Request(request.pipelines, QueryInput(helpdesk.queries[5].text))),
        (helpdesk, asked(helpdesk.queries[0].text, "bge-small", ("bm25", "minilm-l12"), 15)),
        (exceptions, asked(WORDS, "bm25", ("rrf",), 9)),
    ]
    with ThreadPoolExecutor(4) as pool:
        company = [pool.submit(run, lab, *other) for other in others]
        mine = pool.submit(run, lab, helpdesk, request)
        beside = [outcome(f.result()) for f in company]
    assert outcome(mine.result()) == alone
    assert [outcome(run(lab, *other)) for other in others] == beside


@pytest.mark.models
def test_threads_do_not_grow(lab: Lab, exceptions: Corpus) -> None:
    request = asked(WORDS, rerankers=("minilm-l12", "bm25", "rrf"), initial_k=2)
    run(lab, exceptions, request)
    before = threading.active_count()
    for _ in range(30):
        run(lab, exceptions, request)
    assert threading.active_count() <= before + THREADS  # a thread of the pool may begin late
