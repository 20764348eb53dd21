"""What encoders from a folder or the hub share: spec, prompts, the length of a query."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from components.config import OwnEncoder, Settings
from components.domain import Matrix, Spec, UnavailableError
from components.encoders.base import check_query_length
from components.models.devices import Device, device_for, words_for
from components.models.hub import HubSource, read_json, short_digest
from components.models.sentence_transformers import Kind, load_from_folder
from components.wording import count, listed

_FAMILIES = {"dense": "bi-encoder", "sparse": "learned sparse"}
_CAUTION = (
    "It names no prompts of its own. Where its authors ask for some, such as “query: ” and "
    "“passage: ”, set query_prefix and document_prefix."
)


def source(encoder: OwnEncoder) -> HubSource:
    """Return where an encoder's model is."""
    name, code = encoder.id, encoder.trust_remote_code
    return HubSource(name, encoder.path, encoder.key, "[[encoder]]", code=code)


def local_spec(encoder: OwnEncoder, settings: Settings, scale: str) -> Spec:
    """Return the spec of an encoder; its revision covers all that shapes its vectors."""
    origin, device = source(encoder), words_for(settings.models)
    folder, own = origin.folder, encoder.query_prefix is not None
    prompts = (encoder.query_prefix, encoder.document_prefix)
    numbers = (encoder.dimensions, encoder.max_tokens)
    kinds = {"dense": "A bi-encoder", "sparse": "A learned sparse encoder"}
    return Spec(
        key=encoder.key,
        label=encoder.name,
        family=_FAMILIES[encoder.kind],
        summary=f"{kinds[encoder.kind]} named in the configuration.",
        scale=scale,
        model=encoder.id or str(encoder.path),
        revision=short_digest(origin.identity(), prompts, numbers, device),
        source=f"https://huggingface.co/{encoder.id}" if encoder.id else "",
        license="as its authors say",
        max_tokens=encoder.max_tokens,
        runtime="torch",
        languages="as the model's card says",
        caution=_CAUTION if folder and not own and not _prompts(folder) else "",
        device=device,
    )


def check(encoder: OwnEncoder, settings: Settings) -> None:
    """Raise UnavailableError where the model is not here, or plainly is no encoder."""
    device_for(settings.models)
    origin = source(encoder)
    origin.check()
    folder = origin.folder
    if folder is None:
        return
    kind = str((read_json(folder / "config.json").get("architectures") or [""])[0])
    own = read_json(folder / "config_sentence_transformers.json").get("model_type")
    scores = kind.endswith("ForSequenceClassification") and not (folder / "modules.json").is_file()
    if scores or own == "CrossEncoder":
        raise UnavailableError(
            f"{origin.model or folder} is a cross-encoder ({kind}): it scores pairs and has no "
            "vectors for texts.",
            "Configure it as a reranker in a [[hub]] table, and an encoder here.",
        )
    prompts = _prompts(folder)
    if prompts and encoder.query_prefix is None and not prompts.get("query"):
        raise UnavailableError(
            f"{origin.model or folder} has prompts ({listed(sorted(prompts))}), and none of them "
            "is named query.",
            f'Set query_prefix in the [[encoder]] table of {encoder.name}; "" uses none.',
        )


def _prompts(folder: Path) -> dict[str, str]:
    """Return the prompts that a model's own configuration names, without empty ones."""
    config = read_json(folder / "config_sentence_transformers.json")
    prompts = config.get("prompts")
    return {k: v for k, v in prompts.items() if v} if isinstance(prompts, dict) else {}


class LocalModel:
    """A model of sentence-transformers with its prompts, its limit and its lock.

    torch is imported when the first text is encoded, not before.
    """

    def __init__(self, kind: Kind, encoder: OwnEncoder, device: Device) -> None:
        self._kind: Kind = kind
        self.encoder, self.device = encoder, device
        self.lock = threading.RLock()

    @cached_property
    def model(self) -> Any:  # noqa: ANN401
        """Return the loaded model; UnavailableError where it cannot be loaded."""
        with self.lock:
            folder = source(self.encoder).local()
            model = load_from_folder(
                self._kind,
                folder,
                f"{self.encoder.name} from {folder}",
                "The folder must hold a model of that library: modules.json or config.json, the "
                "weights and the tokenizer.",
                self.device,
                trust_remote_code=self.encoder.trust_remote_code,
            )
            longest = model.max_seq_length
            if self.encoder.max_tokens:
                most = min(self.encoder.max_tokens, longest or self.encoder.max_tokens)
                model.max_seq_length = most
            return model

    def rows(self, texts: Sequence[str], prefix: str | None, *, query: bool) -> Matrix:
        """Return the model's numbers for texts that go through together, one row a text.

        None as `prefix` takes the model's own prompt. Raises UnavailableError for a number that is
        not finite.
        """
        encode = self.model.encode_query if query else self.model.encode_document
        sparse = {"convert_to_sparse_tensor": False} if self.encoder.kind == "sparse" else {}
        with self.lock:
            tensor = encode(
                list(texts),
                prompt=prefix,
                batch_size=self.device.batch,
                show_progress_bar=False,
                convert_to_tensor=True,
                **sparse,
            )
        rows = np.asarray(tensor.float().cpu().numpy(), np.float32)
        if len(rows) != len(texts) or not np.isfinite(rows).all():
            raise UnavailableError(
                f"{self.encoder.name} returned no finite numbers for each of "
                f"{count(len(texts), 'text')}.",
                "Check the model, or set another precision in [models].",
            )
        return rows

    def check_query(self, text: str) -> None:
        """Raise InputError if a query is longer than the model reads: queries are never cut."""
        limit = self.model.max_seq_length
        if not limit:
            return
        prefix = self.encoder.query_prefix
        prompt = self.model.prompts.get("query", "") if prefix is None else prefix
        tokens = len(self.model.tokenizer(prompt + text, verbose=False)["input_ids"])
        check_query_length(tokens, int(limit), self.encoder.name)
