"""A run without the tests of real models refuses a model that a test without the mark opens."""

from __future__ import annotations

import importlib

import onnxruntime
import pytest

from components.models.files import BGE_MODEL
from tests.support.real_models import leaves_models_out, take_refused


def test_a_run_without_models_refuses_them(request: pytest.FixtureRequest) -> None:
    if not leaves_models_out(request.config):
        pytest.skip("this run has the tests of real models")
    with pytest.raises(pytest.fail.Exception, match="mark the test `models`"):
        onnxruntime.InferenceSession(str(BGE_MODEL.locate()))
    with pytest.raises(pytest.fail.Exception, match="torch is imported"):
        importlib.import_module("torch")
    assert len(take_refused()) == 2
