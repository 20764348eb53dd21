"""An independent server: Infinity on 127.0.0.1, over the weights of the bundled cross-encoder.

It is skipped unless RERANK_LAB_INFINITY holds the server's address. To run it:

    pip install -e ".[test,bench]"
    python tests/test_infinity.py infinity-model          # writes the model's folder

    python3 -m venv infinity && . infinity/bin/activate
    pip install torch==2.13.0
    pip install "infinity-emb[server]==0.0.78" "transformers==4.48.3" \
        "sentence-transformers==3.4.1" "optimum==1.24.0" "huggingface_hub<1" \
        "typer<0.16" "click<8.2"
    HF_HUB_OFFLINE=1 infinity_emb v2 --model-id infinity-model --served-model-name house \
        --engine torch --device cpu --no-bettertransformer --no-model-warmup \
        --url-prefix /v2 --host 127.0.0.1 --port 7997

    RERANK_LAB_INFINITY=http://127.0.0.1:7997 pytest tests/test_infinity.py

With some versions of its libraries Infinity sends token types of all zeros, with those named above
the tokenizer's own. The lab's model is fed both ways; one of them must give the server's order.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import spearmanr

from components import pipeline
from components.corpora import open_corpus
from components.domain import Ranking
from components.lab import Lab, read_settings
from components.models.runtime import open_session
from components.rerankers.cross_encoder import MODEL, OnnxCrossEncoder

URL = os.environ.get("RERANK_LAB_INFINITY", "")
pytestmark = pytest.mark.skipif(not URL, reason="RERANK_LAB_INFINITY names no server")
QUERY = "can guests read old messages"
COUNT = 60
NEAR = 0.1
"""Scores, between 0 and 1, that int8 and fp32 weights may put in either order."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    config = tmp_path_factory.mktemp("infinity") / "lab.toml"
    config.write_text(f'[[compatible]]\nname = "infinity"\nurl = "{URL}"\nmodel = "house"\n')
    keys = {"CO_API_KEY": "any", "CO_API_URL": URL, "RERANK_LAB_CONFIG": str(config)}
    return Lab(read_settings(keys))


@pytest.fixture(scope="module")
def texts() -> list[str]:
    return [document.passage for document in open_corpus("helpdesk").documents[:COUNT]]


def one_by_one(query: str, texts: list[str], *, zero_types: bool) -> npt.NDArray[np.float64]:
    """Return the scores of the lab's own model, with the tokenizer's token types or with zeros."""
    model, session = OnnxCrossEncoder().model, open_session(MODEL.verify())
    logits = []
    for encoding in model.tokenizer.encode_batch([(query, text) for text in texts]):
        ids, types = (np.array([row], np.int64) for row in (encoding.ids, encoding.type_ids))
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        kind = {"token_type_ids": np.zeros_like(types) if zero_types else types}
        logits.append(session.run(None, feed | kind)[0][0, 0])
    return 1 / (1 + np.exp(-np.array(logits, np.float64)))


def same_way(texts: list[str], theirs: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return our scores when our model is fed as the server feeds its own."""
    both = [one_by_one(QUERY, texts, zero_types=zero) for zero in (False, True)]
    rho = [spearmanr(ours, theirs).statistic for ours in both]
    sys.stderr.write(f"\nSpearman {rho[0]:.4f} with token types, {rho[1]:.4f} with zeros; ")
    return both[int(np.argmax(rho))]


def scores(ranking: Ranking) -> npt.NDArray[np.float64]:
    """Return a ranking's scores in the order of the texts."""
    values = np.zeros(len(ranking.hits))
    for hit in ranking.hits:
        values[hit.original_index] = hit.score
    return values


def swapped(ours: npt.NDArray[np.float64], theirs: npt.NDArray[np.float64]) -> list[float]:
    """Return how far apart our scores are for every pair that the two put in opposite orders."""
    n = range(len(ours))
    wrong = [(i, j) for i in n for j in n if ours[i] > ours[j] and theirs[i] < theirs[j]]
    return [float(ours[i] - ours[j]) for i, j in wrong]


def test_a_server_of_ones_own_reranks_in_our_models_order(lab: Lab, texts: list[str]) -> None:
    ranking = pipeline.rerank_texts(QUERY, texts, reranker="compatible:infinity", lab=lab)
    theirs = scores(ranking)
    ours = same_way(texts, theirs)
    rho = spearmanr(ours, theirs).statistic
    worst = max(swapped(ours, theirs), default=0.0)
    sys.stderr.write(f"most {np.abs(ours - theirs).max():.4f} apart, ")
    sys.stderr.write(f"widest swap {worst:.5f}, {ranking.usage}\n")
    assert rho > 0.99
    assert worst < NEAR
    assert ranking.hits[0].original_index == int(np.argmax(ours))
    assert ranking.usage.billed_tokens > COUNT
    assert ranking.usage.usd is None
    assert ((theirs >= 0) & (theirs <= 1)).all()


def test_coheres_own_sdk_reranks_through_it(lab: Lab, texts: list[str]) -> None:
    own = pipeline.rerank_texts(QUERY, texts, reranker="compatible:infinity", lab=lab)
    settings = read_settings({"CO_API_KEY": "any", "CO_API_URL": URL})
    from components.rerankers.hosted import cohere
    from components.rerankers.hosted.caller import Caller

    caller = Caller("Cohere", "house", "any")
    answer = cohere.Cohere(caller, settings.addresses["cohere"]).send(QUERY, texts, 60.0)
    values = np.zeros(len(texts))
    for index, score in answer.results:
        values[int(str(index))] = float(str(score))
    np.testing.assert_allclose(values, scores(own), atol=1e-4)
    assert answer.billed is None  # `meta` is absent: the lab would estimate, and say so


if __name__ == "__main__":
    from components.bench.peers import write_fp32

    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    write_fp32(target)
