"""Which file of a folder or an upload is what: documents, queries, judgments, card.

The layout is BEIR's: corpus.jsonl, queries.jsonl, qrels/SPLIT.tsv and a card.md in plain words.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from components.corpora.formats import format_of, is_prose, usual_endings
from components.corpora.judgments import is_header
from components.corpora.text import Upload, load, printable, quoted
from components.domain import CorpusError
from components.wording import listed

CORPUS = "corpus.jsonl"
QUERIES = "queries.jsonl"
CARD = "card.md"
QRELS = "qrels"
TEST = "test"
"""The usual split: read first, and the only one that may be asked for and be absent."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The files of a corpus by what they are for; `qrels` by split."""

    corpus: tuple[Upload, ...]
    queries: Upload | None = None
    qrels: Mapping[str, Upload] = field(default_factory=dict)
    card: Upload | None = None


def is_split(name: str) -> bool:
    """Return whether a path within a BEIR folder is that of a split's judgments."""
    return re.fullmatch(rf"{QRELS}/[^/]+\.tsv", name) is not None


def check_split(split: str, splits: Collection[str]) -> None:
    """Raise `CorpusError` unless the split is there or is `test`, which may be absent."""
    if split != TEST and split not in splits:
        raise CorpusError(
            f"{QRELS}/{printable(split)}.tsv: there is no such split in this corpus.",
            f"Splits: {', '.join(map(printable, sorted(splits))) or 'none'}.",
        )


def folder_parts(folder: Path, split: str = TEST) -> Parts:
    """Read the files of a BEIR folder, with the judgments of one split."""
    if not (folder / CORPUS).is_file():
        raise CorpusError(
            f"{printable(str(folder))}: there is no {CORPUS} in this folder.",
            f"A corpus is a folder with {CORPUS} and, optionally, {QUERIES}, "
            f"{QRELS}/{TEST}.tsv and {CARD}.",
        )
    check_split(split, [path.stem for path in (folder / QRELS).glob("*.tsv")])

    def optional(name: str) -> Upload | None:
        return load(folder / name, name) if (folder / name).is_file() else None

    judgments = optional(f"{QRELS}/{split}.tsv")
    return Parts(
        (load(folder / CORPUS, CORPUS),),
        optional(QUERIES),
        {split: judgments} if judgments else {},
        optional(CARD),
    )


def upload_parts(files: Sequence[Upload]) -> Parts:
    """Tell corpus, queries, judgments and card apart by name, ending and header."""
    named = {file.name: file for file in files}
    qrels = sorted(name for name, file in named.items() if _is_qrels(file))
    queries, card = named.get(QUERIES), named.get(CARD)
    beside = {*qrels, QUERIES, CARD}
    others = [name for name in named if name not in beside]
    if queries and not others:
        queries = None  # without any other documents, the queries are those
    elif all(map(is_prose, others)):
        card = None  # among prose, a card is prose
    beside = {*qrels, *(file.name for file in (queries, card) if file)}
    corpus = tuple(file for name, file in named.items() if name not in beside)
    _check_parts(files, corpus)
    return Parts(corpus, queries, {PurePosixPath(name).stem: named[name] for name in qrels}, card)


def _check_parts(files: Sequence[Upload], corpus: Sequence[Upload]) -> None:
    """Raise `CorpusError` unless there is one corpus, or prose, and each name is there once."""
    names = [file.name for file in files]
    unread = [file.name for file in corpus if not format_of(file.name)]
    alone = len(corpus) == 1 or (corpus and all(is_prose(file.name) for file in corpus))
    if len(set(names)) < len(names) or unread or not alone:
        raise CorpusError(
            f"Upload: expected one corpus ({listed(usual_endings(prose=False), 'or')}; or any "
            f"number of {listed(usual_endings(prose=True))}), if wanted with {QUERIES}, a .tsv of "
            f"judgments for each split and {CARD}, each name once; "
            f"found {', '.join(quoted(name) for name in (unread or names)[:6])}.",
            "Choose the files of one corpus.",
        )


def _is_qrels(file: Upload) -> bool:
    """Tell whether a TSV holds judgments: by its folder, as in BEIR, or by its header."""
    start = file.content[:200].decode(errors="replace").lstrip("\ufeff").partition("\n")[0]
    return file.suffix == ".tsv" and (file.name.startswith(f"{QRELS}/") or is_header(start))
