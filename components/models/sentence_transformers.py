"""Models of sentence-transformers, loaded from a folder on this machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

from components.domain import UnavailableError
from components.models.devices import Device

Kind = Literal["SentenceTransformer", "SparseEncoder", "MultiVectorEncoder", "CrossEncoder"]
ON_CPU = Device()


def load_from_folder(
    kind: Kind,
    folder: Path,
    subject: str,
    remedy: str,
    device: Device = ON_CPU,
    *,
    trust_remote_code: bool = False,
) -> Any:  # noqa: ANN401  (sentence_transformers carries no types)
    """Return a model of one of the library's classes; nothing is downloaded.

    Raises UnavailableError, which names the `subject` that cannot be loaded, with `remedy`.
    """
    # torch's threads spin while they wait, which slows all work on busy cores; it reads this once,
    # when it is imported
    os.environ.setdefault("GOMP_SPINCOUNT", "30000")
    try:
        import sentence_transformers
        from transformers.utils import logging

        logging.disable_progress_bar()
        load = getattr(sentence_transformers, kind)
        model = load(
            str(folder),
            device=device.name,
            local_files_only=True,
            trust_remote_code=trust_remote_code,
        )
        if device.precision == "float32":
            return model
        import torch

        return model.to(getattr(torch, device.precision))
    except Exception as exc:  # the library raises many unrelated types here
        raise UnavailableError(
            f"sentence-transformers cannot load {subject}: {exc}", remedy
        ) from exc
