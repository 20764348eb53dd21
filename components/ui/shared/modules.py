"""Scripts of the components, joined to the one module that Streamlit takes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_MODULE_SYNTAX: Final = re.compile(r"^import\b[^;]*;\n|^export (?!default\b)", re.MULTILINE)


def joined(files: Iterable[Path]) -> str:
    """Return modules, each after those that it imports, as one ES module.

    They share one scope: imports between them and the word `export` are left out, but for the
    default export of the last.
    """
    return "\n".join(_MODULE_SYNTAX.sub("", file.read_text(encoding="utf-8")) for file in files)
