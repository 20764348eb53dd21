"""Commands run in this process, and what is expected of one that complains."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

HEADER = "query-id\tcorpus-id\tscore\n"
"""The first line of a qrels file."""
EXCEPTIONS = ("--corpus", "exceptions")


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401
        """Return the one JSON object that standard output holds."""
        assert self.out.count("\n") == 1
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value


Run = Callable[..., Ended]


def complained(ended: Ended, code: int, *words: str) -> None:
    """Check for nothing on standard output, and one line with these words on the other."""
    assert (ended.code, ended.out) == (code, "")
    assert ended.err.endswith("\n")
    assert ended.err.count("\n") == 1, ended.err
    assert "Traceback" not in ended.err
    for word in words:
        assert word in ended.err
