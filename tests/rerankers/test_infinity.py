"""An independent server: Infinity on 127.0.0.1, over the weights of the bundled cross-encoder.

It is skipped unless RERANK_LAB_INFINITY holds the server's address. To run it, from the project's
folder and in its environment:

    pip install -e ".[test,bench]"
    PYTHONPATH=. python tests/rerankers/test_infinity.py infinity-model    # writes the model

    python3 -m venv infinity && . infinity/bin/activate
    pip install torch==2.13.0
    pip install "infinity-emb[server]==0.0.78" "transformers==4.48.3" \
        "sentence-transformers==3.4.1" "optimum==1.24.0" "huggingface_hub<1" \
        "typer<0.16" "click<8.2"
    HF_HUB_OFFLINE=1 infinity_emb v2 --model-id infinity-model --served-model-name house \
        --engine torch --device cpu --no-bettertransformer --no-model-warmup \
        --host 127.0.0.1 --port 7997

    RERANK_LAB_INFINITY=http://127.0.0.1:7997 pytest tests/rerankers/test_infinity.py

Started so it reranks at /rerank alone; `--url-prefix /v2` is what Cohere's SDK needs, and only then
is the test with the SDK run. What was seen of version 0.0.78 and is built into the wire tests:

- Other paths are 404 with {"detail": "Not Found"}.
- More than 2,048 documents, a text of more than 122,880 characters, and another shape's body are
  422, each with the field at fault and an echo of the whole request.
- A wrong model name is ignored where one model is served; unknown fields are too. A blank text and
  a blank query are scored, a blank text often high.
- Long texts are cut without a word; tokens in `usage` are characters.

With some versions of its libraries Infinity sends token types of all zeros, with those named above
the tokenizer's own. The lab's model is fed both ways; one of them must give the server's order.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
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
from components.network import capacity
from components.network.errors import ProviderError
from components.rerankers.cross_encoder import MODEL, OnnxCrossEncoder
from components.rerankers.hosted.compatible import answered_at

URL = os.environ.get("RERANK_LAB_INFINITY", "")
pytestmark = pytest.mark.skipif(not URL, reason="RERANK_LAB_INFINITY names no server")
QUERY = "can guests read old messages"
COUNT = 60
PATIENT = "[remote]\ndeadline_s = 500\n"
NEAR = 0.1
"""Scores, between 0 and 1, that int8 and fp32 weights may put in either order."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    config = tmp_path_factory.mktemp("infinity") / "lab.toml"
    config.write_text(
        f'[[compatible]]\nname = "infinity"\nurl = "{URL}"\nmodel = "house"\n{PATIENT}'
    )
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


def test_it_is_found_where_it_reranks(lab: Lab, texts: list[str]) -> None:
    capacity.forget()
    ranking = pipeline.rerank_texts(QUERY, texts, reranker="compatible:infinity", lab=lab)
    path = answered_at("compatible:infinity", lab.settings)
    assert path in {"/rerank", "/v1/rerank", "/v2/rerank"}
    note = f"answered at {path}, not at /v2/rerank"
    assert (note in ranking.notes) == (path == "/rerank")


def test_more_texts_than_it_takes_go_in_parts(lab: Lab) -> None:
    many = [f"{n} {QUERY}" for n in range(2050)]
    for note in ("split to 2,048 texts a request: the server refused larger ones",
                 "the server's limit: 2,048 texts"):  # fmt: skip
        ranking = pipeline.rerank_texts(QUERY, many, reranker="compatible:infinity", lab=lab)
        assert len(ranking.hits) == 2050
        assert note in ranking.notes


def test_one_text_beyond_its_characters_is_cut_by_the_lab(lab: Lab, tmp_path: Path) -> None:
    texts = ["a " * 70_000, QUERY]
    with pytest.raises(ProviderError, match=r"at most 122880 characters") as caught:
        pipeline.rerank_texts(QUERY, texts, reranker="compatible:infinity", lab=lab)
    assert "max_tokens" in caught.value.remedy
    (server,) = lab.settings.servers
    cuts = replace(lab.settings, servers=(replace(server, max_tokens=512),))
    ranking = pipeline.rerank_texts(QUERY, texts, reranker="compatible:infinity", lab=Lab(cuts))
    assert [hit.original_index for hit in ranking.hits] == [1, 0]
    assert ranking.hits[1].tokens_read < 512


def test_another_shape_is_refused_with_the_field_at_fault(lab: Lab) -> None:
    (server,) = lab.settings.servers
    tei = Lab(replace(lab.settings, servers=(replace(server, shape="tei"),)))
    with pytest.raises(ProviderError, match=r"body\.documents: Field required"):
        pipeline.rerank_texts(QUERY, [QUERY], reranker="compatible:infinity", lab=tei)


def test_coheres_own_sdk_reranks_through_it(lab: Lab, texts: list[str]) -> None:
    own = pipeline.rerank_texts(QUERY, texts, reranker="compatible:infinity", lab=lab)
    if answered_at("compatible:infinity", lab.settings) != "/v2/rerank":
        pytest.skip("it was started without --url-prefix /v2")
    settings = read_settings({"CO_API_KEY": "any", "CO_API_URL": URL})
    from components.network.caller import Caller
    from components.rerankers.hosted import cohere

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
