"""TREC's white space format: how ids stand in it, and how a run orders documents.

The format parts fields by white space, so an id with white space or hidden characters is written
percent-encoded. Whoever writes such files and whoever reads them uses this one pair of functions.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Final
from urllib.parse import quote

import numpy as np

from components.corpora.text import quoted
from components.domain import CorpusError
from components.wording import HIDDEN, count

RUN_WIDTH: Final = 6
RUN_FORM: Final = "Each line is: query Q0 document rank score tag."
NUMBER: Final = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,9})?")
# Only white space and hidden characters are encoded: an id may hold a percent sign of its own. One
# that would be taken for the beginning of a code is %25, where two digits of a code follow.
# A line that begins with # is a comment: of a first # the code is written.
_ENCODED = {quote(c): c for c in map(chr, range(0x3001)) if c.isspace() or HIDDEN.match(c)}
# A byte order mark would be cut from the beginning of a file.
_ENCODED |= {"%23": "#", quote("\ufeff"): "\ufeff"}
_CODE = re.compile("|".join([*_ENCODED, "%25(?=[0-9A-F]{2})"]))


def encode_id(id: str) -> str:
    """Return an id as it is written in a TREC file, without white space."""
    marked = _CODE.sub(lambda code: f"%25{code[0][1:]}", id)
    token = "".join(quote(c) if c.isspace() or HIDDEN.match(c) else c for c in marked)
    return quote(token[0]) + token[1:] if token.startswith(("#", "\ufeff")) else token


def decode_id(token: str) -> str:
    """Return the id that `encode_id` wrote as this token."""
    return _CODE.sub(lambda code: _ENCODED.get(code[0], "%"), token)


def ids_of(tokens: Iterable[str], ids: Collection[str] = ()) -> Mapping[str, str]:
    """Return the id of each token of a file that has a code; other tokens are ids as they are.

    The lab encodes ids and other tools do not: an id of theirs may look encoded. Where more tokens
    are among `ids` as they stand than decoded, the file's tokens are taken as they stand.
    """
    decoded = {token: decode_id(token) for token in set(tokens) if "%" in token}
    plain = sum(token in ids for token in decoded)
    if plain > sum(id in ids for id in decoded.values()):
        return {}
    return decoded


def ordered(scores: Mapping[str, float]) -> tuple[str, ...]:
    """Return documents in trec_eval's order: by falling 32-bit score, ties by descending id."""
    with np.errstate(over="ignore"):
        return tuple(sorted(scores, key=lambda d: (float(np.float32(scores[d])), d), reverse=True))


def run_line(where: str, line: str) -> tuple[str, str, int, float, str]:
    """Return the tokens of query and document, rank, score and tag of a run's line."""
    cells = line.split()
    if len(cells) != RUN_WIDTH:
        raise CorpusError(f"{where} has {count(len(cells), 'field')}; a TREC run has 6.", RUN_FORM)
    query, _, document, rank, score, tag = cells
    if not re.fullmatch(r"-?[0-9]{1,9}", rank) or not NUMBER.fullmatch(score):
        raise CorpusError(
            f"{where}: rank {quoted(rank)} and score {quoted(score)} must be numbers.", RUN_FORM
        )
    value = float(score)
    if not math.isfinite(value):
        raise CorpusError(f"{where}: the score {quoted(score)} is not finite.", "Correct it.")
    return query, document, int(rank), value, tag


def is_comment(line: str) -> bool:
    """Return whether trec_eval skips a line: it begins with `#`."""
    return line.lstrip().startswith("#")
