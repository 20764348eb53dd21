"""The model that a benchmark compares with its peers."""

from __future__ import annotations

import pytest

from components.rerankers.cross_encoder import OnnxCrossEncoder


@pytest.fixture(scope="module")
def model() -> OnnxCrossEncoder:
    return OnnxCrossEncoder()
