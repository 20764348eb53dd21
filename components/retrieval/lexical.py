"""BM25's statistics of a corpus and the sparse vectors of its documents, computed once, on disk."""

from __future__ import annotations

import logging
import threading
import unicodedata
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import Stemmer
from scipy.sparse import csr_array

from components.domain import Corpus, Progress, no_progress
from components.models.bm25 import (
    BM25,
    CORPORA_REMEMBERED,
    Bm25,
    corpus_key,
    forget,
    remember,
    saturated,
)
from components.models.terms import PIECE, TermCounts, TermStatistics
from components.storage.locks import exclusive
from components.storage.mapped import read_mapped, write_mapped

_log = logging.getLogger(__name__)
Array = npt.NDArray[Any]
RULES = f"bm25 {BM25.revision}, Snowball {Stemmer.version()}, Unicode {unicodedata.unidata_version}"
"""What decides which terms a text has; what was counted under other rules is counted anew."""


@dataclass(frozen=True, slots=True, eq=False)
class Lexicon:
    """BM25's statistics of a corpus, and its documents' sparse vectors.

    `vectors` is float32 of shape (documents, terms), in rows, over arrays that are mapped from the
    disk; a row's terms are in ascending order. Numbers are 32 bits: it holds at most 2**31 of them.
    Its product with a query's vector, which holds the inverse document frequencies, is the BM25
    score.
    """

    bm25: Bm25
    vectors: csr_array[np.float32]


_lexicons: OrderedDict[Hashable, Lexicon] = OrderedDict()
_lock = threading.Lock()


def lexicon(corpus: Corpus, folder: Path, progress: Progress = no_progress) -> Lexicon:
    """Return a corpus's lexicon: from memory, from the disk, or computed in one pass over it.

    `progress` is called while documents are counted and while another thread or process counts
    them; it may raise to end the work. Where the disk cannot be written the vectors are in memory.
    From now on `statistics` of the corpus returns the lexicon's.
    """
    path = folder / "vectors" / f"{corpus.fingerprint[:32]}-bm25-{BM25.revision}.lexicon"
    key, total = (path, corpus_key(corpus)), len(corpus.documents)
    contents = f"{corpus.fingerprint}, documents: {total}, {RULES}"
    lexicon = _recall(key)
    if lexicon is None:
        with exclusive(path, lambda: progress(0, total)):
            lexicon = _recall(key) or _computed(corpus, path, contents, progress)
            _keep(key, lexicon)
    remember(corpus, lexicon.bm25)
    return lexicon


def forget_lexicon(fingerprint: str) -> None:
    """Let go of a corpus's lexicon, which then may be removed from the disk."""
    with _lock:
        for key in [key for key in _lexicons if fingerprint[:32] in str(key)]:
            del _lexicons[key]
    forget(fingerprint)


def _recall(key: Hashable) -> Lexicon | None:
    with _lock:
        if key in _lexicons:
            _lexicons.move_to_end(key)
        return _lexicons.get(key)


def _keep(key: Hashable, lexicon: Lexicon) -> None:
    with _lock:
        _lexicons[key] = lexicon
        _lexicons.move_to_end(key)
        while len(_lexicons) > CORPORA_REMEMBERED:
            _lexicons.popitem(last=False)


def _of(arrays: Mapping[str, Array]) -> Lexicon:
    terms = arrays["terms"].tobytes().decode()
    statistics = TermStatistics(
        terms.split("\n") if terms else (),
        np.array(arrays["document_counts"]),
        len(arrays["offsets"]) - 1,
        float(arrays["mean_length"][0]),
    )
    shape = (statistics.documents, len(statistics.terms))
    vectors = csr_array((arrays["values"], arrays["indices"], arrays["offsets"]), shape)
    vectors.has_canonical_format = True  # known, so nobody reads all of it to find out
    return Lexicon(Bm25(statistics), vectors)


def _computed(corpus: Corpus, path: Path, contents: str, progress: Progress) -> Lexicon:
    """Return the lexicon from the disk, or else compute and save it."""
    if corpus.fingerprint and (arrays := read_mapped(path, contents)):
        return _of(arrays)
    computed = _count(corpus, progress)
    if corpus.fingerprint:  # without one nothing tells corpora apart
        try:
            write_mapped(path, contents, computed)
            if arrays := read_mapped(path, contents):
                return _of(arrays)
        except OSError as exc:
            _log.warning("the statistics of words stay in memory; %s: %s", path, exc)
    return _of({name: np.concatenate(list(pieces)) for name, pieces in computed.items()})


def _count(corpus: Corpus, progress: Progress) -> Mapping[str, Iterable[Array]]:
    """Count a corpus's terms; return the arrays of its lexicon, in pieces."""
    counts, total = TermCounts(keep=True), len(corpus.documents)
    for start in range(0, total, PIECE):
        counts.add(document.passage for document in corpus.documents[start : start + PIECE])
        progress(min(start + PIECE, total), total)
    statistics = counts.statistics()
    indices, values, distinct = (
        [np.empty(0, np.int32)],
        [np.empty(0, np.float32)],
        [np.zeros(1, np.int64)],
    )
    for piece in counts.take(statistics):
        lengths = np.repeat(piece.lengths, piece.distinct).astype(np.float64)
        frequencies = piece.frequencies.astype(np.float64)
        weights = saturated(frequencies, lengths, statistics.mean_length)
        indices.append(piece.numbers)
        values.append(weights.astype(np.float32))
        distinct.append(piece.distinct)
    return {
        # SciPy maps offsets and indices only where they are of one type.
        "offsets": [np.cumsum(np.concatenate(distinct)).astype(np.int32)],
        "indices": indices,
        "values": values,
        "document_counts": [statistics.document_counts],
        "terms": [np.frombuffer("\n".join(statistics.terms).encode(), np.uint8)],
        "mean_length": [np.array([statistics.mean_length])],
    }
