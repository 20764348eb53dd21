"""Peers of the benchmark: told apart, skipped with their reason, asked the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from components import bench
from components.bench.peers import (
    PEERS,
    Peer,
    PeerSpec,
    ScoreTexts,
    Values,
    open_peer,
    write_fp32,
)
from components.bench.rounds import open_peers
from components.domain import InputError, RerankError, UnavailableError
from components.rerankers.cross_encoder import TOKENIZER, OnnxCrossEncoder
from tests.support.given_pairs import QUERY, TEXTS


def spec(build: Callable[[Path], ScoreTexts], package: str = "numpy") -> PeerSpec:
    return PeerSpec("other", "Other", package, build)


def broken(home: Path) -> ScoreTexts:
    raise ValueError("bad file")


def test_a_peer_that_is_not_installed_is_skipped_with_its_reason(tmp_path: Path) -> None:
    def needs_a_module(home: Path) -> ScoreTexts:
        raise ImportError("No module named 'gone'")

    steps: list[tuple[int, int]] = []
    there = PeerSpec("there", "There", "numpy", lambda home: lambda query, texts: np.zeros(1))
    opened, skipped = open_peers(
        [spec(needs_a_module), there], tmp_path, lambda done, total: steps.append((done, total))
    )
    assert [peer.key for peer in opened] == ["there"]
    (failure,) = skipped
    assert failure.system == "other"
    assert failure.reason == ("Other cannot be imported: No module named 'gone'.")
    assert failure.remedy == 'Install the extra: pip install -e ".[bench]"'
    assert steps == [(0, 2), (1, 2), (2, 2)]


def test_a_package_without_a_version_and_a_broken_model_are_reasons_too(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="no-such-package"):
        open_peer(spec(broken, package="no-such-package"), tmp_path)
    (tmp_path / "again").mkdir()
    with pytest.raises(UnavailableError, match="cannot load the model: ValueError: bad file"):
        open_peer(spec(broken), tmp_path / "again")


def test_a_peer_that_fails_while_scoring_is_named() -> None:
    def score(query: str, texts: Sequence[str]) -> Values:
        raise MemoryError("too long")

    with pytest.raises(RerankError, match="Other failed while scoring: MemoryError: too long"):
        Peer("other", "Other", "1", score).score(QUERY, TEXTS)


@pytest.mark.models
@pytest.mark.parametrize("key", ["flashrank", "fastembed"])
def test_peers_score_the_same_texts_in_their_order(
    key: str, tmp_path: Path, model: OnnxCrossEncoder
) -> None:
    pytest.importorskip(key)
    scores = open_peer(PEERS[key], tmp_path).score(QUERY, TEXTS)
    expected = model.score(QUERY, TEXTS).values
    assert np.argsort(scores).tolist() == np.argsort(expected).tolist() == [1, 2, 0]


@pytest.mark.models
def test_a_folder_that_was_filled_before_is_filled_again(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    write_fp32(tmp_path)
    weights = (tmp_path / "model.safetensors").read_bytes()
    write_fp32(tmp_path)
    assert (tmp_path / "model.safetensors").read_bytes() == weights
    assert (tmp_path / "tokenizer.json").read_bytes() == TOKENIZER.locate().read_bytes()


@pytest.mark.parametrize(
    ("peers", "repeats", "reason"),
    [(("x",), 1, "no peer 'x'"), (("st",), 0, "repeats is 0"), ((), -1, "repeats is -1")],
)
def test_mistakes_are_said_before_anything_is_loaded(
    peers: tuple[str, ...], repeats: int, reason: str
) -> None:
    with pytest.raises(InputError, match=reason):
        bench.run(peers, repeats, lambda step, done, total: pytest.fail(step))
