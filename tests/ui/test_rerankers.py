"""The Rerankers page lists the whole catalog."""

from __future__ import annotations

from components.lab import catalog, read_settings
from tests.support.visits import Visit, said


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
    assert {e.spec.key for e in entries} >= {"bge-small", "minilm-l12", "late-minilm", "rrf"}
