"""The Rerankers page lists the whole catalog."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.evaluation.job import EvaluationJob
from components.lab import catalog, read_settings
from components.ui.shared import state
from tests.support.visits import PATIENCE, Visit, has, said


def test_the_rerankers_page_lists_the_whole_catalog(visit: Visit) -> None:
    at = visit("pages/rerankers.py")
    assert not at.exception
    entries = catalog.entries(read_settings())
    for entry in entries:
        spec, stage = entry.spec, entry.stage.replace(" ", "-")
        if spec.provider:
            assert entry.reason in said(at, f"provider-{spec.provider}")
            continue
        card = at.main.get_by_key(f"entry-{stage}-{spec.key}")
        words = "\n".join(text.value for text in card.text)
        assert spec.summary in words
        assert f"by {spec.authors}" in words
        assert f"license {spec.license}" in words
        assert spec.source in words
        badges = str([markdown.value for markdown in card.markdown])
        assert ("not here" in badges, "ready" in badges) == (not entry.available, entry.available)
        assert entry.available or (entry.reason and f"{entry.reason} {entry.remedy}" in words)
    local = [e for e in entries if not e.spec.provider]
    assert {e.spec.key for e in local if not e.available} == {"bge-v2-m3"}
    assert {e.spec.key for e in entries} >= {"bge-small", "minilm-l12", "late-bge", "rrf"}


@pytest.mark.usefixtures("probes")
def test_ones_own_evaluation_comes_before_reputation(
    visit: Visit, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RERANK_LAB_DATA", str(tmp_path / "data"))
    state._lab.clear()
    at = visit("pages/rerankers.py", **{state.RERANKERS: ("probe-length",)})
    assert "No kept evaluation of exceptions" in said(at, "unmeasured")
    at.button(key="evaluate_them").click().run()
    assert has(at, "evaluate_now")
    at.switch_page("pages/evaluate.py").run()
    at.button(key="evaluate_now").click().run()
    job = at.session_state[state.EVALUATING]
    assert isinstance(job, EvaluationJob)
    job.join(PATIENCE)
    at.switch_page("pages/rerankers.py").run()
    assert not at.exception
    assert not has(at, "unmeasured")
    box = at.main.get_by_key("advice")
    assert "Begin with **`probe-length`**" in "\n".join(m.value for m in box.markdown)
    reasons = "\n".join(t.value for t in box.text)
    assert "• The best on your own queries" in reasons
    assert "• Over 6 queries: nDCG@10 " in reasons
    at.session_state[state.CORPUS] = "atlas"
    assert "No kept evaluation of atlas" in said(at.run(), "unmeasured")
    state._lab.clear()
