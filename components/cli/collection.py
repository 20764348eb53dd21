"""What commands say of a collection that exists already."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.text import Text

from components.cli.shared import err
from components.domain import Corpus, InputError
from components.lab import Lab
from components.wording import count


def told(corpus: Corpus, first_stage: str, lab: Lab, *, tokens: bool) -> dict[str, Any]:
    """Check that a collection can be searched, say what it is, and return it as fields of --json.

    Nothing is to be indexed.
    """
    if tokens:
        raise InputError(
            f"{corpus.name} is a collection that exists already; it is never read whole.",
            "Leave --tokens out: token vectors are computed when a search first wants them.",
        )
    lab.index(corpus, first_stage)
    about, notes = lab.collections.about(corpus), lab.collections.notes(corpus)
    lines = [
        f"{corpus.name}: {count(about.points, 'point')} of {about.where}; {about.search}",
        "It exists already: nothing was indexed, and nothing written.",
        *(f"{check.name}: {check.came}. {check.remedy}" for check in about.checks if check.remedy),
        *notes,
    ]
    for line in lines:
        err.print(Text(line), soft_wrap=True)
    return {"collection": asdict(about), "noted": notes}
