"""The largest numbers that a recording or a link may hold, on the Compare page."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.given_texts import MADE
from tests.support.visits import Visit, said, settle, texts


def extreme(grade: int) -> bytes:
    """Return a recording of three documents with the largest numbers that are accepted."""
    timing = dict.fromkeys(("embed_ms", "search_ms", "rerank_ms", "load_ms", "wait_ms"), 1e9)
    counts = dict.fromkeys(("pairs", "tokens", "requests", "billed_tokens", "reused"), 10**12)
    usage: dict[str, Any] = {**counts, "searches": 1e15, "usd": 1e15, "estimated": True}

    def system(name: str, hits: list[tuple[str, float]]) -> dict[str, Any]:
        date = "9999-12-31T23:59:59-23:59"
        return {
            **{"system": name, "model": "m", "scale": "", "date": date},
            **{"hits": hits, "timing": timing, "usage": usage},
        }

    query = {
        **{"text": "q", "initial_k": 10_000, "instruction": "", "failures": []},
        "grades": {"a": grade, "b": -100, "c": 1},
        "first_stage": system("bm25", [("a", 1.7e308), ("b", 0.0), ("c", -1.7e308)]),
        "systems": [system("other", [("c", 5e-324), ("a", 0.0), ("b", -1.7e308)])],
    }
    return json.dumps(
        {
            **{"format": "rerank-lab-recording", "version": 1, "date": MADE.isoformat()},
            "corpus": {"name": "c", "documents": 10**12, "fingerprint": "f" * 64},
            "documents": [{"id": i, "title": i, "text": f"text {i}"} for i in "abc"],
            "queries": [query],
        }
    ).encode()


@pytest.mark.parametrize("grade", [100, -100])
def test_a_recording_of_the_largest_numbers_is_shown(visit: Visit, grade: int) -> None:
    at = visit()
    settle(at)
    file = ("x.json", extreme(grade), "text/plain")
    at.file_uploader(key="_recording").set_value(file).run()
    job = settle(at)
    at.run()
    assert not at.exception
    assert [r.system for r in job.comparison.rankings] == ["recorded:other"]
    assert "Recorded 31 December 9999" in said(at, "replay")


@pytest.mark.parametrize("grade", ["101", "1000000000", "1e9"])
def test_a_recording_with_another_grade_is_refused(visit: Visit, grade: str) -> None:
    at = visit()
    settle(at)
    data = extreme(100).replace(b'{"a": 100', f'{{"a": {grade}'.encode())
    at.file_uploader(key="_recording").set_value(("x.json", data, "text/plain")).run()
    assert not at.exception
    assert "x.json is not a recording: queries[0].grades.a: " in texts(at)
