"""Scripts and styles of the components, as Streamlit takes them and as short as they can be.

Streamlit sends them whole with every change of a component's data.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from rcssmin import cssmin
from rjsmin import jsmin

_MODULE_SYNTAX: Final = re.compile(r"^import\b[^;]*;\n|^export (?!default\b)", re.MULTILINE)


def joined(files: Iterable[Path]) -> str:
    """Return modules, each after those that it imports, as one ES module.

    They share one scope: imports between them and the word `export` are left out, but for the
    default export of the last.
    """
    parts = (_MODULE_SYNTAX.sub("", file.read_text(encoding="utf-8")) for file in files)
    # one line alone would be taken for the path of a file
    script = jsmin("\n".join(parts))
    return f'"use strict";\n{script}'


def minified(css: str) -> str:
    """Return a style sheet without comments and spaces."""
    return str(cssmin(css)).replace("}", "}\n")
