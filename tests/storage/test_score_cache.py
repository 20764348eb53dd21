"""Cached scores: their keys, their file, and what a second pass through the pipeline takes."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from components.config import HubModel, Server, Settings
from components.domain import Billed, Document, Failure, Ranking, RerankError, Scores
from components.lab import Lab, catalog
from components.pipeline import NullWatcher, first_stage_ranking
from components.storage.score_cache import CachedScore, ScoreCache, as_scores, merged, pair_keys
from tests.support.asking import asked, compare_candidates, rerank_candidates
from tests.support.servers.provider_server import Provider, serve

FILE = "scores.sqlite"
SHARED = "its time is a share of passes over other candidates"


def keys(
    *texts: str, identity: str = "m 1", query: str = "q", listwise: bool = False
) -> list[bytes]:
    return pair_keys(identity, query, texts, listwise=listwise)


def plain(*values: float) -> Scores:
    return Scores(np.array(values, np.float64))


def cached(score: float, candidates: int, ms: float = 2.0, flags: int = 0) -> CachedScore:
    return CachedScore(score, 0, 0, ms, candidates, 0.0, 0.0, 0.0, flags, 0.0)


# ---------------------------------------------------------------- keys


def test_a_key_depends_on_identity_query_and_text() -> None:
    [usual] = keys("text")
    assert len(usual) == 16
    others = [keys("text", identity="m 2"), keys("text", query="r"), keys("Text")]
    assert len({usual, *(key for [key] in others)}) == 4


def test_texts_do_not_run_into_each_other() -> None:
    assert keys("c", identity="a", query="b") != keys("c", identity="ab", query="")
    assert keys("bc", query="a") != keys("c", query="ab")
    assert keys("a", "bc", listwise=True)[0] != keys("ab", "c", listwise=True)[0]
    assert keys("", query="q") != keys("q", query="")


def test_a_pointwise_key_is_independent_of_other_candidates() -> None:
    assert keys("a", "b", "c") == [*keys("a"), *keys("b"), *keys("c")]
    assert keys("c", "a") == [*keys("c"), *keys("a")]
    assert keys("a", "a") == keys("a") * 2


def test_a_listwise_key_depends_on_the_whole_list_and_its_order() -> None:
    usual = keys("a", "b", "c", listwise=True)
    assert usual == keys("a", "b", "c", listwise=True)
    lists = [("a", "b"), ("a", "c", "b"), ("a", "b", "d"), ("a", "b", "c", "c")]
    for others in lists:
        assert not set(usual) & set(keys(*others, listwise=True)), others
    assert not set(usual) & set(keys("a", "b", "c"))
    assert len(set(keys("a", "a", listwise=True))) == 2  # a place has a score of its own


def test_no_texts_have_no_keys() -> None:
    assert keys() == keys(listwise=True) == []


anything = st.text(st.characters(), max_size=12)  # half a surrogate pair included


@hypothesis_settings(max_examples=100, deadline=None)
@given(anything, anything, st.lists(anything, max_size=5), st.booleans())
def test_equal_inputs_have_equal_keys_and_different_texts_do_not(
    identity: str, query: str, texts: list[str], listwise: bool
) -> None:
    pairs = pair_keys(identity, query, texts, listwise=listwise)
    assert pairs == pair_keys(identity, query, tuple(texts), listwise=listwise)
    assert len(set(pairs)) == (len(texts) if listwise else len(set(texts)))
    other = pair_keys(identity + "x", query, texts, listwise=listwise)
    assert not set(pairs) & set(other)


# ---------------------------------------------------------------- the file


FULL = Scores(
    np.array([0.1, -7.25, 1e-300, 3.0000000000000004]),
    tokens_read=(5, 6, 7, 8),
    tokens_cut=(0, 1, 0, 2),
    estimated=True,
    billed=Billed(2, 1.0, 90, estimated=True),
)


def test_what_is_saved_is_read_again(tmp_path: Path) -> None:
    cache, pairs = ScoreCache(tmp_path / "deep" / FILE), keys("a", "b", "c", "d")
    assert cache.count() == 0
    assert cache.find(pairs) == {}
    cache.keep(pairs, FULL, 20.0)
    assert cache.count() == 4
    scores = ScoreCache(tmp_path / "deep" / FILE).find(pairs)
    again = as_scores([scores[key] for key in pairs])
    assert again.values.tolist() == FULL.values.tolist()
    assert (again.tokens_read, again.tokens_cut, again.estimated) == (
        FULL.tokens_read,
        FULL.tokens_cut,
        True,
    )
    assert again.billed == FULL.billed
    assert (again.cached, again.measured_ms, again.reused) == (True, 20.0, 4)
    assert again.notes == ()
    assert cache.find([*keys("e"), pairs[1]]) == {pairs[1]: scores[pairs[1]]}


def test_what_was_neither_counted_nor_billed_is_not_made_up(tmp_path: Path) -> None:
    cache, pairs = ScoreCache(tmp_path / FILE), keys("a", "b")
    cache.keep(pairs, plain(1.0, 2.0), 3.0)
    scores = cache.find(pairs)
    again = as_scores([scores[key] for key in pairs])
    assert (again.tokens_read, again.tokens_cut, again.billed, again.estimated) == (
        (),
        (),
        None,
        False,
    )
    cache.keep(keys("free"), Scores(np.ones(1), billed=Billed(1)), 3.0)
    [free] = cache.find(keys("free")).values()
    assert as_scores([free]).billed == Billed(1)


def test_a_pair_has_its_share_of_the_pass(tmp_path: Path) -> None:
    cache, pairs = ScoreCache(tmp_path / FILE), keys("a", "b", "c", "d")
    cache.keep(pairs, FULL, 20.0)
    one = cache.find(pairs)[pairs[1]]
    assert (one.score, one.tokens_read, one.tokens_cut) == (-7.25, 6, 1)
    assert (one.ms, one.candidates) == (5.0, 4)
    assert (one.requests, one.searches, one.tokens) == (0.5, 0.25, 22.5)
    assert one.at > 1.6e9


def test_an_equal_text_is_kept_once_and_counts_twice(tmp_path: Path) -> None:
    cache, pairs = ScoreCache(tmp_path / FILE), keys("a", "b", "a")
    cache.keep(pairs, plain(1.5, 2.5, 1.5), 6.0)
    assert cache.count() == 2
    scores = cache.find(pairs)
    again = as_scores([scores[key] for key in pairs])
    assert again.values.tolist() == [1.5, 2.5, 1.5]
    assert (again.measured_ms, again.reused, again.notes) == (6.0, 3, ())


def test_the_first_score_of_a_pair_stays(tmp_path: Path) -> None:
    cache = ScoreCache(tmp_path / FILE)
    cache.keep(keys("a"), plain(1.0), 1.0)
    cache.keep(keys("a", "b"), plain(9.0, 2.0), 1.0)
    scores = cache.find(keys("a", "b"))
    assert [scores[key].score for key in keys("a", "b")] == [1.0, 2.0]


@pytest.mark.parametrize("n", [499, 500, 501, 1203])
def test_more_pairs_than_one_statement_asks_for(tmp_path: Path, n: int) -> None:
    cache, pairs = ScoreCache(tmp_path / FILE), keys(*map(str, range(n)))
    cache.keep(pairs, plain(*range(n)), 1.0)
    scores = cache.find(pairs)
    assert [scores[key].score for key in pairs] == list(range(n))


def test_nothing_to_keep_makes_no_file(tmp_path: Path) -> None:
    ScoreCache(tmp_path / FILE).keep([], plain(), 1.0)
    assert list(tmp_path.iterdir()) == []


def test_two_caches_share_one_file(tmp_path: Path) -> None:
    one, other = ScoreCache(tmp_path / FILE), ScoreCache(tmp_path / FILE)
    one.keep(keys("a"), plain(1.0), 1.0)
    other.keep(keys("b"), plain(2.0), 1.0)
    assert one.count() == other.count() == 2
    assert one.find(keys("a", "b")) == other.find(keys("a", "b"))


def side_by_side(path: Path, threads: int, passes: int) -> int:
    """Let threads keep different pairs at once; return how many are kept."""
    barrier = threading.Barrier(threads)

    def write(name: int) -> None:
        cache = ScoreCache(path)
        barrier.wait()
        for i in range(passes):
            cache.keep(keys(*(f"{name} {i} {j}" for j in range(20))), plain(*range(20)), 1.0)

    running = [threading.Thread(target=write, args=(name,)) for name in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return ScoreCache(path).count()


def test_two_threads_write_at_once(tmp_path: Path) -> None:
    ScoreCache(tmp_path / FILE).count()
    assert side_by_side(tmp_path / FILE, threads=2, passes=25) == 1000


def test_two_threads_begin_a_file_at_once(tmp_path: Path) -> None:
    begun = [side_by_side(tmp_path / str(i) / FILE, threads=2, passes=1) for i in range(8)]
    assert begun == [40] * 8


@pytest.mark.parametrize("content", [b"not a database at all " * 200, b"SQLite format 3\0" * 300])
def test_a_damaged_file_is_set_aside(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / FILE
    path.write_bytes(content)
    cache = ScoreCache(path)
    assert cache.find(keys("a")) == {}
    cache.keep(keys("a"), plain(1.0), 1.0)
    assert cache.count() == 1
    assert (tmp_path / f"{FILE}.damaged").read_bytes() == content
    assert "scores.sqlite is damaged; it was renamed to scores.sqlite.damaged" in caplog.text


def test_a_disk_that_cannot_be_used_costs_nothing_but_time(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "folder" / FILE).mkdir(parents=True)
    for path in (tmp_path / "file" / FILE, tmp_path / "file" / "deep" / FILE):
        unusable(path)
    unusable(tmp_path / "folder" / FILE)
    for consequence in ("scores are not cached", "scores are computed again"):
        for folder in ("file", "file/deep", "folder"):
            contents = f"The cached scores in {tmp_path / folder / FILE} cannot be used: "
            assert f"{consequence}: {contents}" in caplog.text


def unusable(path: Path) -> None:
    cache = ScoreCache(path)
    cache.keep(keys("a"), plain(1.0), 1.0)
    assert cache.find(keys("a")) == {}
    assert cache.count() == 0


# ---------------------------------------------------------------- cached scores as a result


def test_times_are_added_up_and_shares_are_noted() -> None:
    alone = as_scores([cached(1.0, 2, 2.0), cached(3.0, 2, 4.5)])
    assert alone.values.tolist() == [1.0, 3.0]
    assert (alone.cached, alone.measured_ms, alone.reused, alone.notes) == (True, 6.5, 2, ())
    mixed = as_scores([cached(1.0, 2), cached(3.0, 3)])
    assert (mixed.measured_ms, mixed.notes) == (4.0, (SHARED,))
    assert as_scores([cached(1.0, 100)]).notes == (SHARED,)


def test_no_cached_scores_are_an_empty_result() -> None:
    none = as_scores([])
    assert none.values.shape == (0,)
    assert (none.reused, none.measured_ms, none.billed, none.notes) == (0, 0, None, ())


def test_cached_and_new_scores_keep_their_places() -> None:
    old = Scores(
        np.array([10.0, 30.0]),
        tokens_read=(1, 3),
        tokens_cut=(0, 9),
        measured_ms=5.0,
        billed=Billed(1, 0.5, 10),
        cached=True,
        reused=2,
    )
    new = Scores(
        np.array([0.0, 20.0, 40.0]),
        tokens_read=(100, 102, 104),
        tokens_cut=(7, 8, 6),
        estimated=True,
        measured_ms=3.0,
        wait_ms=11.0,
        billed=Billed(2, 1.0, 15, estimated=True),
        notes=("2 requests",),
    )
    both = merged(old, [1, 3], new, [0, 2, 4])
    assert both.values.tolist() == [0.0, 10.0, 20.0, 30.0, 40.0]
    assert both.tokens_read == (100, 1, 102, 3, 104)
    assert both.tokens_cut == (7, 0, 8, 9, 6)
    assert both.billed == Billed(3, 1.5, 25, estimated=True)
    assert (both.estimated, both.cached, both.reused) == (True, False, 2)
    assert (both.measured_ms, both.wait_ms) == (3.0, 11.0)
    assert both.notes == ("2 requests", "2 of 5 scores were kept from an earlier run")


def test_tokens_that_only_some_scores_counted_are_left_out() -> None:
    both = merged(plain(1.0), [1], Scores(np.array([2.0]), tokens_read=(4,), tokens_cut=(0,)), [0])
    assert both.values.tolist() == [2.0, 1.0]
    assert (both.tokens_read, both.tokens_cut, both.billed) == ((), (), None)


# ---------------------------------------------------------------- through the pipeline


TEXTS = ("a fox in the snow", "a ship", "a green hat in the harbour")


@pytest.fixture
def own(tmp_path: Path) -> Lab:
    """A lab with a cache of its own."""
    return Lab(Settings(cache_dir=tmp_path, data_dir=tmp_path))


def candidates(texts: Sequence[str]) -> Ranking:
    return first_stage_ranking("input", [Document(t, "", t) for t in texts], [0.0] * len(texts))


def run(
    lab: Lab,
    system: str,
    texts: Sequence[str] = TEXTS,
    *,
    query: str = "fox",
    instruction: str = "",
    reuse: bool = True,
) -> Ranking:
    request = asked(query, rerankers=(system,), instruction=instruction, reuse=reuse)
    return rerank_candidates(lab, None, request, candidates(texts), system)


def test_a_second_pass_asks_the_model_for_nothing(own: Lab, probes: ModuleType) -> None:
    probes.SEEN.clear()
    first = run(own, "probe-length")
    assert probes.SEEN.pop("probe-length") == TEXTS
    assert (first.cached, first.usage.reused) == (False, 0)
    second = run(Lab(own.settings), "probe-length")
    assert "probe-length" not in probes.SEEN
    assert second.hits == first.hits
    assert second.cached
    assert second.timing.rerank_ms == pytest.approx(first.timing.rerank_ms)
    assert second.usage.reused == second.usage.pairs == 3
    assert (second.usage.tokens, first.usage.tokens) == (9 + 3 + 13, 9 + 3 + 13)
    assert second.notes == ()
    assert len(own.measured["probe-length"]) == 1


def test_only_new_candidates_are_scored(own: Lab, probes: ModuleType) -> None:
    first = run(own, "probe-length", ["a ship", "a hat", "an owl!"])
    again = run(own, "probe-length", ["a fox in the snow", "an owl!", "owl", "a ship"])
    assert probes.SEEN["probe-length"] == ("a fox in the snow", "owl")
    assert [(h.document.id, h.score) for h in again.hits] == [
        ("a fox in the snow", 17.0),
        ("an owl!", 7.0),
        ("a ship", 6.0),
        ("owl", 3.0),
    ]
    assert [h.tokens_cut for h in again.hits] == [8, 3, 3, 1]
    assert (again.usage.pairs, again.usage.reused, again.cached) == (4, 2, False)
    assert again.notes == ("2 of 4 scores were kept from an earlier run",)
    assert again.timing.rerank_ms > first.timing.rerank_ms * 2 / 3
    run(own, "probe-length", ["an owl!", "owl", "a hat"])
    assert probes.SEEN["probe-length"] == ("a fox in the snow", "owl")  # by now all are kept
    assert own.scores.count() == 5


def test_fewer_candidates_are_a_share_of_an_earlier_pass(own: Lab, probes: ModuleType) -> None:
    whole = run(own, "probe-length")
    part = run(own, "probe-length", TEXTS[:1])
    assert part.timing.rerank_ms == pytest.approx(whole.timing.rerank_ms / 3)
    assert (part.cached, part.notes) == (True, (SHARED,))


def test_parts_of_equally_large_passes_are_shares_too(own: Lab, probes: ModuleType) -> None:
    run(own, "probe-length", ["a", "bb", "ccc"])
    run(own, "probe-length", ["d", "ee", "fff"])
    assert run(own, "probe-length", ["a", "bb", "fff"]).notes == (SHARED,)
    assert run(own, "probe-length", ["fff", "ee", "d"]).notes == ()


def test_another_query_or_reranker_is_scored_anew(own: Lab, probes: ModuleType) -> None:
    run(own, "probe-length")
    assert not run(own, "probe-length", query="ship").cached
    assert not run(own, "probe-ties").cached
    assert own.scores.count() == 9


def test_equal_candidates_are_reused_too(own: Lab, probes: ModuleType) -> None:
    first = run(own, "probe-length", ["twice", "once", "twice"])
    second = run(own, "probe-length", ["twice", "once", "twice"])
    assert second.hits == first.hits
    assert second.usage.reused == 3


def test_without_reuse_nothing_is_read_or_written(own: Lab, probes: ModuleType) -> None:
    first = run(own, "probe-length", reuse=False)
    assert not (own.settings.cache_dir / FILE).exists()
    run(own, "probe-length")
    probes.SEEN.clear()
    third = run(own, "probe-length", reuse=False)
    assert probes.SEEN["probe-length"] == TEXTS
    assert not third.cached
    assert third.usage == first.usage
    assert own.scores.count() == 3
    run(own, "probe-length", ["new"], reuse=False)
    assert own.scores.count() == 3


def test_no_candidates_are_no_pass(own: Lab, probes: ModuleType) -> None:
    assert run(own, "probe-length", []).hits == run(own, "probe-length", []).hits == ()


@pytest.mark.usefixtures("probes")
@pytest.mark.parametrize("system", ["bm25", "probe-loads"])
def test_what_takes_no_time_is_not_cached(own: Lab, system: str) -> None:
    assert not run(own, system).cached
    assert not run(own, system).cached
    assert own.scores.count() == 0


@pytest.mark.parametrize("system", ["probe-nan", "probe-inf", "probe-short", "probe-refuse"])
def test_bad_scores_are_never_cached_and_stay_failures(
    own: Lab, probes: ModuleType, system: str
) -> None:
    for _ in range(2):
        probes.SEEN.clear()
        with pytest.raises(RerankError):
            run(own, system)
        assert probes.SEEN[system] == TEXTS
    assert own.scores.count() == 0
    request = asked("fox", rerankers=(system, "probe-length"), reuse=True)
    comparison = asyncio.run(
        compare_candidates(own, None, request, candidates(TEXTS), NullWatcher())
    )
    assert isinstance(comparison.results[0], Failure)
    assert isinstance(comparison.results[1], Ranking)
    assert own.scores.count() == 3


@pytest.mark.usefixtures("probes")
@pytest.mark.parametrize("system", ["probe-nan", "probe-short"])
def test_bad_scores_beside_cached_ones_are_a_failure(own: Lab, system: str) -> None:
    identity = catalog.identity(system, own.settings)
    own.scores.keep(keys(TEXTS[0], identity=identity, query="fox"), plain(5.0), 1.0)
    assert run(own, system, TEXTS[:1]).hits[0].score == 5.0
    with pytest.raises(RerankError):
        run(own, system)
    assert own.scores.count() == 1


def test_too_many_scores_beside_cached_ones_are_a_failure(own: Lab, probes: ModuleType) -> None:
    probes.BEHAVIOURS["probe-ties"] = lambda query, texts, progress: plain(1.0, 2.0, 3.0)
    identity = catalog.identity("probe-ties", own.settings)
    own.scores.keep(keys(TEXTS[0], identity=identity, query="fox"), plain(5.0), 1.0)
    with pytest.raises(RerankError):  # three scores for the two texts that it was given
        run(own, "probe-ties")
    assert probes.SEEN["probe-ties"] == TEXTS[1:]
    assert own.scores.count() == 1


def test_a_query_that_fails_does_not_cost_the_others(own: Lab, probes: ModuleType) -> None:
    run(own, "probe-picky")
    with pytest.raises(RerankError, match=r"The probe refuses\."):
        run(own, "probe-picky", query="please refuse")
    assert run(own, "probe-picky").cached


def test_an_unusable_cache_costs_no_pass(tmp_path: Path, probes: ModuleType) -> None:
    (tmp_path / "file").write_text("in the way")
    lab = Lab(Settings(cache_dir=tmp_path / "file", data_dir=tmp_path))
    first, second = run(lab, "probe-length"), run(lab, "probe-length")
    assert not second.cached
    assert first.hits == second.hits


# ---------------------------------------------------------------- real models


@pytest.mark.models
def test_cached_scores_of_minilm_are_bit_for_bit_the_fresh_ones(own: Lab) -> None:
    texts = (*TEXTS, "snow " * 700)
    first = run(own, "minilm-l12", texts)
    second = run(own, "minilm-l12", texts)
    fresh = run(own, "minilm-l12", texts, reuse=False)
    assert second.hits == first.hits == fresh.hits
    assert (second.cached, fresh.cached) == (True, False)
    assert second.usage.tokens == fresh.usage.tokens
    assert second.truncated == fresh.truncated == 1
    mixed = run(own, "minilm-l12", ("the fox again", *texts))
    assert mixed.usage.reused == 4
    assert mixed.hits == run(own, "minilm-l12", ("the fox again", *texts), reuse=False).hits


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with serve() as server:
        yield server


def lab_with(provider: Provider, folder: Path, **flags: bool) -> Lab:
    server = Server("own", provider.url, "rerank", "jina", **flags)
    return Lab(Settings(cache_dir=folder, data_dir=folder, servers=(server,)))


@pytest.mark.parametrize(("listwise", "pairs"), [(True, 3), (False, 0)])
def test_a_listwise_model_is_asked_again_with_other_candidates(
    provider: Provider, tmp_path: Path, listwise: bool, pairs: int
) -> None:
    lab, system = lab_with(provider, tmp_path, listwise=listwise), "compatible:own"
    provider.reset()
    first = run(lab, system)
    second = run(lab, system)
    assert len(provider.seen) == 1
    assert (second.cached, second.hits) == (True, first.hits)
    assert (second.usage.requests, second.usage.billed_tokens) == (
        first.usage.requests,
        first.usage.billed_tokens,
    )
    provider.reset()
    for texts in (TEXTS[:2], TEXTS[::-1], (*TEXTS[1:], TEXTS[0])):
        run(lab, system, texts)
    assert len(provider.seen) == pairs


def test_an_instruction_has_scores_of_its_own(provider: Provider, tmp_path: Path) -> None:
    lab, system = lab_with(provider, tmp_path, instruction=True), "compatible:own"
    provider.reset()
    run(lab, system)
    assert not run(lab, system, instruction="Prefer hats.").cached
    assert not run(lab, system, instruction="Prefer ships.").cached
    assert run(lab, system, instruction="Prefer hats.").cached
    assert run(lab, system, instruction="  Prefer hats. ").cached
    assert run(lab, system).cached
    assert len(provider.seen) == 3
    request = asked("fox", rerankers=(f"{system}@plain",), instruction="Hats.", reuse=True)
    assert rerank_candidates(lab, None, request, candidates(TEXTS), f"{system}@plain").cached


def test_an_instruction_that_a_model_ignores_changes_nothing(own: Lab, probes: ModuleType) -> None:
    run(own, "probe-length")
    assert run(own, "probe-length", instruction="Prefer hats.").cached


# ---------------------------------------------------------------- identities


def test_an_identity_holds_the_instruction_and_the_address() -> None:
    usual = Settings()
    moved = Settings(addresses={"cohere": "http://127.0.0.1:1"})
    identities = [
        catalog.identity("cohere", usual),
        catalog.identity("cohere", usual, "Prefer hats."),
        catalog.identity("cohere", moved),
        catalog.identity("cohere:v4.0-pro", usual),
    ]
    assert len(set(identities)) == 4
    assert catalog.identity("voyage@plain", usual) == catalog.identity("voyage", usual)
    assert "sk-secret" not in catalog.identity("cohere", usual.with_keys({"cohere": "sk-secret"}))


def test_a_servers_identity_is_its_address_shape_and_model() -> None:
    servers = [
        Server("own", "http://a", "m", "jina"),
        Server("own", "http://b", "m", "jina"),
        Server("own", "http://a", "n", "jina"),
        Server("own", "http://a", "m", "tei"),
    ]
    identities = {catalog.identity("compatible:own", Settings(servers=(s,))) for s in servers}
    assert len(identities) == 4


def test_a_hub_folders_identity_changes_with_its_files(tmp_path: Path) -> None:
    weights = tmp_path / "model.safetensors"
    (tmp_path / "config.json").write_text("{}")
    weights.write_bytes(b"1234")
    settings = Settings(hub=(HubModel("mine", "", tmp_path),))

    def identity() -> str:
        return catalog.identity("mine", settings)

    first = identity()
    assert identity() == first
    weights.write_bytes(b"12345")
    longer = identity()
    os.utime(weights, ns=(1, 1))
    touched = identity()
    (tmp_path / "tokenizer.json").write_text("{}")
    assert len({first, longer, touched, identity()}) == 4
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    moved = Settings(hub=(HubModel("mine", "", elsewhere),))
    assert catalog.identity("mine", moved) not in {first, longer, touched, identity()}


# ---------------------------------------------------------------- privacy


def test_the_files_hold_no_text(own: Lab, probes: ModuleType) -> None:
    texts = ("zebra crossing", "confidential margin", "Wurzelbehandlung")
    run(own, "probe-length", texts[:2], query=texts[2])
    files = sorted(own.settings.cache_dir.glob("scores.sqlite*"))
    assert FILE in {path.name for path in files}
    content = b"".join(path.read_bytes() for path in files)
    assert b"company" in content  # the table is there
    assert own.scores.count() == 2
    for text in texts:
        for word in text.split():
            assert word.encode() not in content
