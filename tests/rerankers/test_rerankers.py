"""The rerankers: the contract over everything the catalog offers, then each family by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from components.config import Settings
from components.corpora import fingerprint
from components.domain import (
    Cancelled,
    Corpus,
    Document,
    InputError,
    Matrix,
    Progress,
    Reranker,
    Scores,
    StoreError,
    TokenVectors,
    no_progress,
)
from components.encoders import ENCODERS, bge_small
from components.lab import Lab, catalog
from components.models.bm25 import Bm25
from components.models.files import MINILM_TOKENIZER
from components.models.terms import terms
from components.models.tokens import load_tokenizer
from components.rerankers import Context
from components.rerankers.bi_encoder import BIENCODER_MINILM
from components.rerankers.cross_encoder import ROOM_FOR_DOCUMENT, TOKENIZER
from components.rerankers.fusion import Fusion, fuse, ranks
from components.rerankers.late_interaction import NOT_KEPT, SLICE, LateInteraction
from components.rerankers.lexical import Lexical
from components.storage.token_store import TokenScore
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
BOUND = {"bm25", "rrf", "late-bge"}
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
    """Return what a lab lends for this corpus, a folder for token vectors among it."""
    return Lab(Settings(cache_dir=tmp_path_factory.mktemp("lab"))).context(corpus)


def load(key: str, context: Context | None = None) -> Reranker:
    """Return a reranker through the catalog."""
    return catalog.load_reranker(key, context or Context(Settings()))


def test_everything_that_comes_with_the_lab_is_available() -> None:
    keys = {"minilm-l12", "late-bge", "bm25", "rrf", "biencoder-minilm"}
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
    """The rerankers that draw on a corpus, or keep token vectors."""

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


LIMITS = {"minilm-l12": 512 - 3 - ROOM_FOR_DOCUMENT, "late-bge": 510, "biencoder-minilm": 254}


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


@pytest.mark.models
def test_late_bge_adds_up_the_token_vectors_of_the_model() -> None:
    query = bge_small().encode_tokens(QUERY).rows
    assert query.shape == (8, 384)  # [CLS], six tokens, [SEP]
    np.testing.assert_allclose(np.linalg.norm(query, axis=1), 1.0, atol=1e-6)
    scores = load("late-bge").score(QUERY, PASSAGES)
    expected = [
        sum(max(float(q @ d) for d in bge_small().encode_tokens(text).rows) for q in query)
        for text in PASSAGES
    ]
    np.testing.assert_allclose(scores.values, expected, atol=2e-3)  # half precision
    # Recorded from the pinned weights (see BGE_MODEL's SHA-256).
    np.testing.assert_allclose(scores.values, (6.2609, 5.0352, 2.6509), atol=1e-2)
    assert (scores.tokens_read, scores.tokens_cut) == ((17, 9, 7), (0, 0, 0))


@pytest.mark.models
def test_kept_token_vectors_give_the_scores_of_fresh_ones(bound: Context) -> None:
    texts = [*reversed(TEXTS), VERY_LONG, ODD[5], TEXTS[0]]
    fresh, first, second = (
        load("late-bge", context).score(QUERY, texts) for context in (None, bound, bound)
    )
    assert bound.tokens is not None
    assert bound.tokens.missing(texts) == []
    for scores in (first, second):
        np.testing.assert_array_equal(scores.values, fresh.values)
        assert (scores.tokens_read, scores.tokens_cut) == (fresh.tokens_read, fresh.tokens_cut)


class LettersEncoder:
    """Encodes a text into a row a letter and one for both ends; reads eight letters."""

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def check_token_query(self, text: str, model: str) -> None:
        """Take any query."""

    def encode_tokens(self, text: str) -> TokenVectors:
        """Return one-hot rows, by letter."""
        self.encoded.append(text)
        rows = [ord(letter) % 8 for letter in f"^{text[:8]}$"]
        return TokenVectors(np.eye(8, dtype=np.float32)[rows], len(text[:8]), len(text[8:]))


class Shelf:
    """A store of token vectors in memory; it fails once `broken`."""

    def __init__(self) -> None:
        self.kept: dict[str, TokenVectors] = {}
        self.asked: list[tuple[str, ...]] = []
        self.broken = False

    def maxsim(self, query: Matrix, texts: Sequence[str]) -> dict[str, TokenScore]:
        """Return 100 for every kept text, which no computed score is."""
        self.asked.append(tuple(texts))
        self._check()
        return {text: TokenScore(100.0, 1, 2) for text in texts if text in self.kept}

    def keep(self, texts: Mapping[str, TokenVectors]) -> None:
        """Note the texts."""
        self._check()
        self.kept |= texts

    def missing(self, texts: Sequence[str]) -> list[str]:
        """Return the texts that are not kept."""
        return [text for text in dict.fromkeys(texts) if text not in self.kept]

    def _check(self) -> None:
        if self.broken:
            raise StoreError("The disk is full.", "Make room.")


def letters(store: Shelf | None) -> tuple[LettersEncoder, LateInteraction]:
    encoder = LettersEncoder()
    return encoder, LateInteraction(encoder, store)  # type: ignore[arg-type]


def test_maxsim_counts_each_letter_of_the_query_that_a_text_has() -> None:
    """Both ends count 2; of "ab", "bcd" has one letter and "abc", cut or not, has two."""
    encoder, reranker = letters(None)
    scores = reranker.score("ab", ["bcd", "abcccccccc", "bcd", ""])
    assert scores.values.tolist() == [3.0, 4.0, 3.0, 2.0]
    assert scores.tokens_read == (3, 8, 3, 0)
    assert scores.tokens_cut == (0, 2, 0, 0)
    assert encoder.encoded == ["ab", "bcd", "abcccccccc", ""]  # equal texts are encoded once


def test_what_was_encoded_is_kept_and_what_is_kept_is_not_encoded() -> None:
    store = Shelf()
    encoder, reranker = letters(store)
    reranker.score("ab", ["a", "b"])
    told: list[tuple[int, int, dict[int, float]]] = []
    scores = reranker.score(
        "ab", ["c", "b", "c", "a"], lambda *step: told.append((*step[:2], dict(step[2])))
    )
    assert sorted(encoder.encoded) == ["a", "ab", "ab", "b", "c"]
    assert scores.values.tolist() == [2.0, 100.0, 2.0, 100.0]
    assert scores.tokens_read == (1, 1, 1, 1)
    assert scores.notes == ("time includes encoding 2 texts, once",)
    assert reranker.score("ab", ["a", "c"]).notes == ()
    assert told == [(2, 4, {1: 100.0, 3: 100.0}), (4, 4, {0: 2.0, 2: 2.0})]
    assert set(store.kept) == {"a", "b", "c"}


def test_texts_are_looked_up_a_slice_at_a_time() -> None:
    store = Shelf()
    texts = [f"text {n}" for n in range(SLICE + 1)]
    letters(store)[1].score("q", texts)
    assert store.asked == [tuple(texts[:SLICE]), (texts[SLICE],)]
    assert list(store.kept) != []


def test_what_was_encoded_before_a_stop_is_kept() -> None:
    store = Shelf()

    def stop(done: int, total: int, scored: Sequence[tuple[int, float]] = (), /) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        letters(store)[1].score("q", ["a", "b", "c", "d"], stop)
    assert 1 <= len(store.kept) <= 4


def test_a_store_that_fails_costs_the_keeping_alone() -> None:
    store = Shelf()
    store.broken = True
    texts = [f"text {n}" for n in range(2 * SLICE)]
    scores = letters(store)[1].score("q", texts)
    assert len(scores.values) == 2 * SLICE
    assert scores.notes == (NOT_KEPT,)
    assert len(store.asked) == 1  # and it is asked no more


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
