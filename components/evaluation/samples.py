"""The evaluations that come with the samples, so that evidence is there before anything is run."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json

from components.corpora import SAMPLES
from components.evaluation.saved import SavedEvaluation
from components.evaluation.saved_format import SavedBody, SavedHead
from components.evaluation.saved_json import body_json, head_json, loaded
from components.measures import Metrics

FILE = "evaluation.json.gz"


class _SampleEvaluation(BaseModel):
    """One file: a saved evaluation, and the machine on which its times were taken."""

    model_config = ConfigDict(frozen=True)
    id: str
    made: str
    machine: str
    fingerprint: str
    head: SavedHead
    body: SavedBody


@lru_cache(maxsize=8)
def sample_evaluation(fingerprint: str, folder: Path = SAMPLES) -> SavedEvaluation | None:
    """Return the evaluation that comes with the sample of this fingerprint, if it is of a sample.

    Its `origin` says when and where it was made.
    """
    for path in sorted(folder.glob(f"*/{FILE}")):
        one = _SampleEvaluation.model_validate_json(gzip.decompress(path.read_bytes()))
        if one.fingerprint == fingerprint:
            saved = loaded(one.id, one.made, one.fingerprint, one.head, one.body)
            origin = (
                f"Comes with the sample: recorded on {saved.made:%d %B %Y} on {one.machine}. "
                "Nothing of it was measured here."
            )
            return replace(saved, origin=origin)
    return None


def write_sample_evaluation(
    saved: SavedEvaluation, metrics: Mapping[str, Metrics], machine: str, path: Path
) -> None:
    """Write an evaluation as the file that comes with a sample; the same one gives equal bytes."""
    content = {
        "id": saved.id,
        "made": saved.made.isoformat(),
        "machine": machine,
        "fingerprint": saved.plan.fingerprint,
        "head": head_json(saved, metrics),
        "body": body_json(saved),
    }
    path.write_bytes(gzip.compress(to_json(content), 9, mtime=0))
