"""The rerankers: the contract over everything the catalog offers, then each family by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from components.config import Settings
from components.corpora import fingerprint
from components.domain import (
    Corpus,
    Document,
    InputError,
    Matrix,
    Progress,
    Reranker,
    Scores,
    no_progress,
)
from components.encoders import ENCODERS, minilm
from components.lab import Lab, catalog
from components.models.bm25 import Bm25
from components.models.files import MINILM_TOKENIZER
from components.models.terms import terms
from components.models.tokens import load_tokenizer
from components.rerankers import Context
from components.rerankers.bi_encoder import BIENCODER_MINILM
from components.rerankers.cross_encoder import ROOM_FOR_DOCUMENT, TOKENIZER
from components.rerankers.fusion import Fusion, fuse, ranks
from components.rerankers.late_interaction import TokenCache, TokenVectors, maxsim
from components.rerankers.lexical import Lexical
from tests.support.contracts.reranker_contract import (
    ODD,
    QUERY,
    TEXTS,
    VERY_LONG,
    RerankerContract,
    Subject,
)

AVAILABLE = {
    entry.spec.key: entry.spec
    for entry in catalog.entries(Settings())
    if entry.stage == "reranker" and entry.available
}
BOUND = {"bm25", "rrf", "late-minilm"}
"""Rerankers that draw on the corpus, where there is one."""


def corpus_of(*texts: str) -> Corpus:
    """Return a corpus of untitled documents."""
    documents = tuple(Document(str(i), "", text) for i, text in enumerate(texts))
    return Corpus("test", documents, fingerprint=fingerprint(documents))


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return corpus_of(*TEXTS, *(text for text in ODD if text.strip()), VERY_LONG)


@pytest.fixture(scope="module")
def bound(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Context:
    """Return what a lab lends for this corpus, its token vectors indexed in Qdrant."""
    lab = Lab(Settings(cache_dir=tmp_path_factory.mktemp("lab")))
    lab.index_tokens(corpus)
    return lab.context(corpus)


def load(key: str, context: Context | None = None) -> Reranker:
    """Return a reranker through the catalog."""
    return catalog.load_reranker(key, context or Context(Settings()))


def test_everything_that_comes_with_the_lab_is_available() -> None:
    keys = {"minilm-l12", "late-minilm", "bm25", "rrf", "biencoder-minilm"}
    assert keys <= AVAILABLE.keys()


class TestContractAlone(RerankerContract):
    """Every available reranker over plain texts."""

    @pytest.fixture(
        params=[
            pytest.param(key, marks=() if key == "bm25" else pytest.mark.models)
            for key in AVAILABLE
        ]
    )
    def subject(self, request: pytest.FixtureRequest) -> Subject:
        key: str = request.param
        pointwise = key not in {"bm25", "rrf"}
        return Subject(AVAILABLE[key], load(key), pointwise, fusion=key == "rrf")


@pytest.mark.models
class TestContractWithCorpus(RerankerContract):
    """The rerankers that draw on a corpus and on stored token vectors."""

    @pytest.fixture(params=sorted(BOUND & AVAILABLE.keys()))
    def subject(self, request: pytest.FixtureRequest, bound: Context) -> Subject:
        key: str = request.param
        return Subject(AVAILABLE[key], load(key, bound), key != "rrf", fusion=key == "rrf")


def words_cut_to(tokens: int, text: str) -> str:
    """Return the beginning of a text that holds so many of the models' (BERT) tokens."""
    encoding = load_tokenizer(MINILM_TOKENIZER.verify()).encode(text, add_special_tokens=False)
    return text[: encoding.offsets[tokens - 1][1]]


# ---------------------------------------------------------------- cross-encoder

PASSAGES = (
    "Click 'Forgot password' on the sign-in page and choose a new one.",
    "Passwords must have at least twelve characters.",
    "The cat sat on the mat.",
)


@pytest.mark.models
def test_minilm_l12_gives_the_recorded_logits() -> None:
    """Recorded from the pinned int8 weights (see MODEL's SHA-256)."""
    scores = load("minilm-l12").score(QUERY, PASSAGES)
    np.testing.assert_allclose(scores.values, (-2.3882, -5.1735, -11.2860), atol=1e-2)
    assert scores.tokens_read == (17, 9, 7)
    assert scores.tokens_cut == (0, 0, 0)


@pytest.mark.models
def test_minilm_l12_reads_query_and_document_as_a_pair() -> None:
    reranker = load("minilm-l12")
    there, back = reranker.score(QUERY, PASSAGES[:1]), reranker.score(PASSAGES[0], [QUERY])
    assert not np.allclose(there.values, back.values, atol=0.01)


@pytest.mark.models
@pytest.mark.parametrize("tokens", [445, 3])
def test_minilm_l12_cuts_only_the_document(tokens: int) -> None:
    """[CLS] query [SEP] document [SEP] fill 512 tokens: 509 for the two."""
    reranker, query = load("minilm-l12"), "password " * tokens
    scores = reranker.score(query, [VERY_LONG])
    kept = 509 - tokens
    assert scores.tokens_read == (kept,)
    assert scores.tokens_cut[0] > 0
    cut = reranker.score(query, [words_cut_to(kept, VERY_LONG)])
    assert (cut.tokens_read, cut.tokens_cut) == ((kept,), (0,))
    np.testing.assert_array_equal(scores.values, cut.values)
    shorter = reranker.score(query, [words_cut_to(kept - 1, VERY_LONG)])
    assert scores.values[0] != shorter.values[0]  # so the last token kept does count


@pytest.mark.models
def test_kept_and_cut_add_up_to_the_documents_tokens() -> None:
    tokenizer = load_tokenizer(TOKENIZER.verify())
    count = len(tokenizer.encode(VERY_LONG, add_special_tokens=False).ids)
    scores = load("minilm-l12").score(QUERY, [VERY_LONG])
    assert (scores.tokens_read[0] + scores.tokens_cut[0], scores.tokens_read[0]) == (count, 509 - 6)


LIMITS = {"minilm-l12": 512 - 3 - ROOM_FOR_DOCUMENT, "late-minilm": 510, "biencoder-minilm": 254}


@pytest.mark.models
@pytest.mark.parametrize(("key", "limit"), LIMITS.items())
@pytest.mark.parametrize("texts", [[], ["password"]], ids=["no texts", "one text"])
def test_an_overlong_query_is_refused_with_both_counts(
    key: str, limit: int, texts: list[str]
) -> None:
    reranker = load(key)
    assert reranker.score("password " * limit, texts).values.shape == (len(texts),)
    with pytest.raises(InputError) as caught:
        reranker.score("password " * (limit + 1), texts)
    assert caught.value.reason == f"The query has {limit + 1} tokens; {key} reads at most {limit}."
    assert caught.value.remedy.startswith("Shorten the query")


# ---------------------------------------------------------------- BM25

TOY = ("Apple banana apple", "banana cherry", "cherry date elder fig")


def test_terms_are_lower_case_stems_without_stop_words() -> None:
    assert terms("The RUNNING of the Runners, and E-42 was NOT it") == [
        "run",
        "runner",
        "e",
        "42",
        "not",
    ]


def test_bm25_by_hand() -> None:
    """N = 3, lengths 3, 2, 4, mean 3; k1 = 1.2, b = 0.75.

    idf(apple)  = ln(1 + (3 - 1 + 0.5) / (1 + 0.5)) = ln(8/3), as one document has it
    idf(banana) = ln(1 + (3 - 2 + 0.5) / (2 + 0.5)) = ln(8/5), as two have it
    document 1: norm = 1.2 (0.25 + 0.75 · 3/3) = 1.2
                apple, twice: 2 · 2.2 / (2 + 1.2) = 1.375;  banana: 2.2 / (1 + 1.2) = 1
    document 2: norm = 1.2 (0.25 + 0.75 · 2/3) = 0.9;       banana: 2.2 / (1 + 0.9) = 22/19
    document 3: no match
    """
    first = 1.375 * math.log(8 / 3) + math.log(8 / 5)
    second = 22 / 19 * math.log(8 / 5)
    assert (first, second) == pytest.approx((1.8186438521, 0.5442147286), abs=1e-9)
    expected = [first, second, 0.0]
    alone = Lexical().score("apple banana", TOY).values
    bound = load("bm25", Context(Settings(), corpus_of(*TOY))).score("apple banana", TOY).values
    np.testing.assert_allclose(alone, expected, atol=1e-12)
    np.testing.assert_allclose(bound, expected, atol=1e-12)
    assert alone[2] == 0.0


def test_a_word_asked_twice_counts_twice() -> None:
    once, twice = (Lexical().score(q, TOY).values for q in ("apple", "apple APPLES"))
    np.testing.assert_allclose(twice, 2 * once, atol=1e-12)


@pytest.mark.parametrize(
    "query", ["apple banana", "cherry cherry figs", "the zebra", "", "...", "date"]
)
def test_contributions_add_up_to_the_score(query: str) -> None:
    bm25 = Bm25(TOY)
    for text, score in zip(TOY, Lexical(bm25).score(query, TOY).values, strict=True):
        contributions = bm25.contributions(query, text)
        assert sum(contributions.values()) == pytest.approx(score, abs=1e-9)
        assert set(contributions) == set(terms(query)) & set(terms(text))
        assert all(value > 0 for value in contributions.values())


def test_sparse_vectors_give_the_same_score() -> None:
    """A query's counts times idf, which its vector holds, times the document's weights."""
    bm25 = Bm25(TOY)
    assert bm25.vocabulary == {"appl": 0, "banana": 1, "cherri": 2, "date": 3, "elder": 4, "fig": 5}
    vector = bm25.query_vector("apple apple banana zebra")
    assert vector.indices == (0, 1)
    assert vector.values == (2 * bm25.idf("appl"), bm25.idf("banana"))
    document = bm25.document_vector(TOY[0])
    assert document.indices == (0, 1)
    assert document.values == pytest.approx((1.375, 1.0))
    score = 2 * bm25.idf("appl") * 1.375 + bm25.idf("banana")
    assert Lexical(bm25).score("apple apple banana zebra", TOY[:1]).values[0] == pytest.approx(
        score
    )


def test_words_outside_the_corpus_weigh_nothing() -> None:
    assert Bm25(TOY).idf("zebra") == 0.0
    assert Lexical(Bm25(TOY)).score("zebra", ["zebra zebra"]).values.tolist() == [0.0]


def test_a_collection_without_words_scores_nothing() -> None:
    assert Lexical().score("apple", ["", "...", "the"]).values.tolist() == [0.0, 0.0, 0.0]


# ---------------------------------------------------------------- late interaction


def matrix(*rows: Sequence[float]) -> Matrix:
    """Return rows as float32."""
    return np.array(rows, np.float32)


def test_maxsim_by_hand() -> None:
    """Each query token takes its best document token; the best are added."""
    query = matrix([1, 0], [0, 1])
    assert maxsim(query, matrix([0.6, 0.8], [1, 0], [0, -1])) == pytest.approx(1.0 + 0.8)
    assert maxsim(query, matrix([0.6, 0.8])) == pytest.approx(0.6 + 0.8)
    assert maxsim(query, matrix([-1, 0])) == pytest.approx(-1.0 + 0.0)
    assert maxsim(matrix([0.6, 0.8]), matrix([1, 0], [0, 1])) == pytest.approx(0.8)


@pytest.mark.models
def test_late_minilm_adds_up_the_token_vectors_of_the_model() -> None:
    query = minilm().token_vectors(QUERY)
    assert query.shape == (8, 384)  # [CLS], six tokens, [SEP]
    np.testing.assert_allclose(np.linalg.norm(query, axis=1), 1.0, atol=1e-6)
    scores = load("late-minilm").score(QUERY, PASSAGES)
    expected = [
        sum(max(float(q @ d) for d in minilm().token_vectors(text)) for q in query)
        for text in PASSAGES
    ]
    np.testing.assert_allclose(scores.values, expected, atol=1e-4)
    # Recorded from the pinned weights (see MINILM_MODEL's SHA-256).
    np.testing.assert_allclose(scores.values, (5.3109, 3.9666, 1.3195), atol=1e-3)
    assert (scores.tokens_read, scores.tokens_cut) == ((17, 9, 7), (0, 0, 0))


@pytest.mark.models
def test_stored_token_vectors_give_the_scores_of_fresh_ones(bound: Context) -> None:
    texts = [*reversed(TEXTS), VERY_LONG, ODD[5], TEXTS[0]]
    stored, fresh = (load("late-minilm", c).score(QUERY, texts) for c in (bound, None))
    np.testing.assert_allclose(stored.values, fresh.values, atol=1e-4)
    assert (stored.tokens_read, stored.tokens_cut) == (fresh.tokens_read, fresh.tokens_cut)
    assert bound.tokens is not None
    direct = bound.tokens.maxsim(minilm().token_vectors(QUERY), texts)
    assert direct is not None  # so they did come from the store
    np.testing.assert_array_equal(direct.values, stored.values)


@pytest.mark.models
def test_a_text_that_is_not_stored_sends_all_to_the_model(bound: Context) -> None:
    texts = [TEXTS[0], "a text of no corpus", TEXTS[1]]
    assert bound.tokens is not None
    assert bound.tokens.maxsim(minilm().token_vectors(QUERY), texts) is None
    stored, fresh = (load("late-minilm", c).score(QUERY, texts) for c in (bound, None))
    np.testing.assert_array_equal(stored.values, fresh.values)


class LettersModel:
    """A token model for tests: a row of eight floats (32 bytes) a letter and for both ends."""

    dimension = 8

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def count_tokens(self, text: str) -> int:
        """Return the number of letters."""
        return len(text)

    def token_vectors(self, text: str, max_tokens: int = 512) -> Matrix:
        """Return one-hot rows, by letter."""
        self.encoded.append(text)
        rows = [ord(letter) % 8 for letter in f"^{text}$"]
        return np.eye(8, dtype=np.float32)[rows[:max_tokens]]


def test_the_token_cache_drops_what_was_not_used_for_longest_when_its_bytes_are_full() -> None:
    model = LettersModel()
    cache = TokenCache(model, limit=3 * 32 * 4)  # type: ignore[arg-type]  # three words of two letters
    cached = {text: cache.get(text) for text in ("aa", "bb", "cc")}
    assert all(cache.get(text) is cached[text] for text in ("bb", "cc", "aa"))
    assert model.encoded == ["aa", "bb", "cc"]
    cache.get("dd")  # makes room by dropping bb, which was not used for longest
    assert cache.get("aa") is cached["aa"]
    assert cache.get("cc") is cached["cc"]
    assert model.encoded == ["aa", "bb", "cc", "dd"]
    again = cache.get("bb")
    assert again is not cached["bb"]
    np.testing.assert_array_equal(again.vectors, cached["bb"].vectors)


def test_one_long_text_costs_as_many_short_ones_as_it_has_bytes() -> None:
    model = LettersModel()
    cache = TokenCache(model, limit=3 * 32 * 4)  # type: ignore[arg-type]
    for text in ("aa", "bb", "cc", "dddddd"):  # 4, 4, 4 and 8 rows; there is room for 12
        cache.get(text)
    model.encoded.clear()
    cache.get("cc")
    cache.get("dddddd")
    assert model.encoded == []
    cache.get("aa")
    assert model.encoded == ["aa"]  # and cc made room for it
    for text in ("bb", "cc", "bb", "aa"):  # the long one makes room for all three
        cache.get(text)
    assert model.encoded == ["aa", "bb", "cc"]


def test_a_text_larger_than_the_cache_is_returned_and_not_held() -> None:
    model = LettersModel()
    cache = TokenCache(model, limit=32 * 4)  # type: ignore[arg-type]
    for _ in range(2):
        got = cache.get("a" * 20)
        assert isinstance(got, TokenVectors)
        assert (got.vectors.shape, got.tokens_read, got.tokens_cut) == ((22, 8), 20, 0)
    assert model.encoded == ["a" * 20] * 2


# ---------------------------------------------------------------- fusion


class Fixed:
    """A reranker that knows its scores beforehand."""

    def __init__(self, *values: float, tokens_cut: tuple[int, ...] = ()) -> None:
        self._scores = Scores(np.array(values, np.float64), tokens_cut=tokens_cut)

    def score(self, query: str, texts: Sequence[str], progress: Progress = no_progress) -> Scores:
        """Return the fixed scores, telling of every text."""
        for done in range(len(texts)):
            progress(done + 1, len(texts))
        return self._scores


def test_ranks_fall_with_the_score_and_ties_keep_their_order() -> None:
    assert ranks(np.array([5.0, 7.0, 5.0, -1.0, 7.0])).tolist() == [3, 1, 4, 5, 2]
    assert ranks(np.array([0.0, 0.0, 0.0])).tolist() == [1, 2, 3]
    assert ranks(np.zeros(0)).tolist() == []


def test_rrf_by_hand() -> None:
    fused = fuse([np.array([1, 2, 3]), np.array([3, 1, 2])])
    expected = [1 / 61 + 1 / 63, 1 / 62 + 1 / 61, 1 / 63 + 1 / 62]
    np.testing.assert_allclose(fused, expected, atol=1e-15)
    assert fused[1] == pytest.approx(0.0325224749, abs=1e-10)


def test_fusion_works_with_ranks_whatever_the_scales() -> None:
    texts = ["a", "b", "c"]
    calls: list[tuple[int, int]] = []
    members = [Fixed(0.9, 0.5, 0.1), Fixed(-300, 100, 0.5)]
    scores = Fusion(members).score("q", texts, lambda done, total: calls.append((done, total)))
    expected = [1 / 61 + 1 / 63, 1 / 62 + 1 / 61, 1 / 63 + 1 / 62]
    np.testing.assert_allclose(scores.values, expected, atol=1e-15)
    assert calls == [(n, 6) for n in range(1, 7)]
    assert scores.tokens_cut == ()


def test_fusion_tells_the_most_that_any_member_cut() -> None:
    members = [Fixed(1, 2, tokens_cut=(0, 7)), Fixed(1, 2), Fixed(1, 2, tokens_cut=(3, 5))]
    assert Fusion(members).score("q", ["a", "b"]).tokens_cut == (3, 7)


@pytest.mark.models
def test_rrf_alone_fuses_the_cross_encoder_and_bm25() -> None:
    places = [ranks(load(key).score(QUERY, TEXTS).values) for key in ("minilm-l12", "bm25")]
    fused = [1 / (60 + int(a)) + 1 / (60 + int(b)) for a, b in zip(*places, strict=True)]
    np.testing.assert_allclose(load("rrf").score(QUERY, TEXTS).values, fused, atol=1e-15)


# ---------------------------------------------------------------- the anti-pattern


@pytest.mark.models
def test_biencoder_minilm_is_the_cosine_of_the_first_stages_vectors() -> None:
    encoder, _ = catalog.load_encoder(ENCODERS["minilm-l6"])
    cosines = encoder.encode_documents([*PASSAGES, VERY_LONG]) @ encoder.encode_query(QUERY)
    scores = load("biencoder-minilm").score(QUERY, [*PASSAGES, VERY_LONG])
    np.testing.assert_allclose(scores.values, cosines, atol=1e-6)
    np.testing.assert_allclose(scores.values[:3], (0.6788, 0.4334, 0.0733), atol=1e-3)
    assert scores.tokens_read == (17, 9, 7, 254)
    assert scores.tokens_cut[:3] == (0, 0, 0)


def test_biencoder_minilm_is_labelled_as_what_it_is() -> None:
    assert "anti-pattern" in BIENCODER_MINILM.caution.lower()
    assert BIENCODER_MINILM.family == "bi-encoder"


def test_the_catalog_lists_it_last(tmp_path: Path) -> None:
    assert list(catalog.reranker_specs(Settings(cache_dir=tmp_path)))[-1] == BIENCODER_MINILM.key
