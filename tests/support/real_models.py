"""A run without the tests marked `models` runs no real model: one that is about to says so.

ONNX Runtime opens no model file and torch is not imported. What is refused is noted as well as
raised: a page or a thread may swallow the error, and the test fails nevertheless.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from importlib.abc import MetaPathFinder
from pathlib import Path
from types import ModuleType

import onnxruntime
import pytest

LIBRARIES = frozenset({"torch", "sentence_transformers"})
WEIGHTS_BYTES = 1_000_000
"""Size above which a model file is a real model's; graphs that tests make are smaller."""
_refused: list[str] = []


def take_refused() -> list[str]:
    """Return what was refused since the last call, or since the test began."""
    refused = list(_refused)
    _refused.clear()
    return refused


def _refuse(what: str) -> None:
    _refused.append(f"{what}: mark the test `models`, or give it a model that is no real one")
    pytest.fail(_refused[-1])


class _NoLibraries(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> None:
        if fullname in LIBRARIES:
            _refuse(f"{fullname} is imported")


def leaves_models_out(config: pytest.Config) -> bool:
    """Return whether the marker expression of a run leaves the tests of real models out."""
    return "not models" in str(config.getoption("markexpr"))


@pytest.fixture(scope="session", autouse=True)
def real_models_are_refused(request: pytest.FixtureRequest) -> Iterator[None]:
    """Refuse real models for the whole run where the marker expression leaves them out."""
    if not leaves_models_out(request.config):
        yield
        return
    session = onnxruntime.InferenceSession

    def open_session(model: object, *args: object, **options: object) -> object:
        if not isinstance(model, bytes) and Path(str(model)).stat().st_size > WEIGHTS_BYTES:
            _refuse(f"{model} is opened")
        return session(model, *args, **options)

    finder = _NoLibraries()
    sys.meta_path.insert(0, finder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(onnxruntime, "InferenceSession", open_session)
        yield
    sys.meta_path.remove(finder)


@pytest.fixture(autouse=True)
def no_real_model_was_refused(real_models_are_refused: None) -> Iterator[None]:
    """Fail a test in which a real model was refused, whoever caught the error."""
    take_refused()
    yield
    assert not take_refused()
