"""The pages with their defaults, in a process of their own: torch, which is large, stays out."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.support.visits import APP, PATIENCE

VISIT = """
import json, sys
from streamlit.testing.v1 import AppTest
from tests.support.visits import APP, PATIENCE, settle

at = AppTest.from_file(str(APP), default_timeout=PATIENCE)
for name, value in {"corpus": "exceptions", "document": "raise-from", "column": "late-bge"}.items():
    at.query_params[name] = value
job = settle(at.run())
explained = any("token-pairs" in node.proto.body for node in at.get("html"))
for page in ("corpus", "evaluate", "rerankers", "glossary"):
    at.switch_page(f"pages/{page}.py").run()
    assert not at.exception
systems = [ranking.system for ranking in job.comparison.rankings]
heavy = sorted({"torch", "transformers", "sentence_transformers", "sklearn"} & set(sys.modules))
print(json.dumps([systems, explained, heavy]))
"""


@pytest.mark.models
def test_the_default_pages_need_no_torch() -> None:
    run = subprocess.run(
        [sys.executable, "-c", VISIT],
        cwd=APP.parent,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout.splitlines()[-1]) == [["minilm-l12", "late-bge", "bm25"], True, []]
