"""What every test needs: a cache of its own, no model hub, no settings of this machine."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

# Set before anything of the lab is imported: huggingface_hub reads its folder at import.
CACHE = Path(tempfile.mkdtemp(prefix="rerank-lab-tests-"))
atexit.register(shutil.rmtree, CACHE, ignore_errors=True)
# A vector is a function of its model and its text: all processes of one run share what the first
# of them has encoded. Whoever runs the tests sets the folder, and its workers inherit it.
VECTORS = Path(os.environ.setdefault("RERANK_LAB_TESTS_VECTORS", str(CACHE / "encoded")))
VECTORS.mkdir(exist_ok=True)
(CACHE / "vectors").symlink_to(VECTORS)
os.environ |= {
    "RERANK_LAB_CACHE": str(CACHE),
    "RERANK_LAB_DATA": str(CACHE / "data"),
    "HF_HOME": str(CACHE / "hub"),
    "HF_HUB_OFFLINE": "1",
    "OMP_NUM_THREADS": "1",  # torch's threads fight each other where the cores are busy
}
_OWN = ("RERANK_LAB_CONFIG", "HF_HUB_CACHE", "QDRANT_URL", "QDRANT_API_KEY")
_KEYS = ("CO_API_KEY", "COHERE_API_KEY", "VOYAGE_API_KEY", "VOYAGE_API_KEY_PATH", "JINA_API_KEY")
for _name in (*_OWN, *_KEYS, "CO_API_URL", "VOYAGE_API_URL", "JINA_API_URL"):
    os.environ.pop(_name, None)
pytest.register_assert_rewrite(
    "tests.support.contracts.encoder_contract",
    "tests.support.contracts.reranker_contract",
    "tests.support.visits",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, then browsers: else a core waits for them at the end."""

    def turn(item: pytest.Item) -> int:
        return 0 if item.path.name == "test_samples.py" else 1 + ("browser" not in item.path.parts)

    items.sort(key=turn)


# ---------------------------------------------------------------- a lab, corpora, probes

import importlib  # noqa: E402
from types import ModuleType  # noqa: E402

from components import rerankers  # noqa: E402  (the cache must be set first)
from components.corpora import open_corpus  # noqa: E402
from components.domain import Corpus  # noqa: E402
from components.lab import Lab, catalog, read_settings  # noqa: E402
from tests.support.added import FAKES, added  # noqa: E402
from tests.support.commands import command  # noqa: E402, F401  (a fixture)
from tests.support.real_models import (  # noqa: E402, F401  (fixtures)
    no_real_model_was_refused,
    real_models_are_refused,
)
from tests.support.visits import visit  # noqa: E402, F401  (a fixture)


@pytest.fixture(scope="session")
def lab() -> Lab:
    """One embedded lab for all tests; corpora stay indexed in it."""
    return Lab(read_settings())


@pytest.fixture(scope="session")
def helpdesk() -> Corpus:
    return open_corpus("helpdesk")


@pytest.fixture(scope="session")
def exceptions() -> Corpus:
    return open_corpus("exceptions")


@pytest.fixture
def probes() -> Iterator[ModuleType]:
    """Let the catalog find tests/support/fakes/probes.py; yield that module."""
    with added(rerankers, FAKES, catalog.families.cache_clear):
        yield importlib.import_module("components.rerankers.probes")
    for key in [k for k in catalog._warm if k[0].startswith("probe-")]:
        catalog._warm.discard(key)
