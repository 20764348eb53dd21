"""Opening a corpus by name or path: samples, folders and files go the way that uploads go."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from components.corpora.amounts import check_amount
from components.corpora.cutting import USUAL, Cutting
from components.corpora.formats import Columns
from components.corpora.irds import PREFIX, read_irds
from components.corpora.layout import CORPUS, QRELS, TEST, Source, check_split
from components.corpora.limits import MAX_BYTES, MAX_FILES, Meter
from components.corpora.reading import ZIP, read_sources, read_uploads, upload_endings
from components.corpora.text import HEAD, UNKNOWN, load, printable, quoted
from components.domain import (
    Corpus,
    CorpusError,
    DocumentSink,
    InputError,
    Progress,
    no_progress,
)
from components.wording import listed

SAMPLES: Path = Path(__file__).resolve().parent.parent.parent / "sample_data"


def sample_names() -> tuple[str, ...]:
    """Return the names of the corpora that come with the project, helpdesk first."""
    names = (path.parent.name for path in SAMPLES.glob(f"*/{CORPUS}") if path.is_file())
    return tuple(sorted(names, key=lambda name: (name != "helpdesk", name)))


def open_corpus(
    source: str,
    split: str = TEST,
    cutting: Cutting = USUAL,
    columns: Columns | None = None,
    progress: Progress = no_progress,
    sink: DocumentSink | None = None,
) -> Corpus:
    """Read a sample by its name, or a folder or a file by its path as if it were uploaded.

    `irds:beir/scifact/test` is a collection of ir_datasets, if that library is installed; it has
    no `columns` to choose from. `progress` is told of what is read, as by `read_uploads`.

    Raises `InputError` where there is neither a sample, a folder nor a file, or for a file with an
    ending that is not read.
    """
    if source in sample_names():
        return read_folder(SAMPLES / source, split=split, columns=columns)
    if source.startswith(PREFIX):
        if columns:
            raise InputError(
                f"{printable(source)}: a collection of ir_datasets has no columns to choose from.",
                "Choose columns of files.",
            )
        return with_split(read_irds(source.removeprefix(PREFIX), progress), split)
    try:
        path = Path(source).expanduser()
        is_folder, is_file = bool(source) and path.is_dir(), path.is_file()
    except (OSError, ValueError, RuntimeError):
        is_folder = is_file = False
    if is_folder:
        return read_folder(path, None, split, cutting, columns, progress, sink)
    if is_file:
        return read_file(path, split, cutting, columns, progress)
    raise InputError(
        f"{quoted(source)} is neither a sample nor a folder.",
        f"Samples: {', '.join(sample_names()) or 'none'}. The path of a folder that holds a "
        f"{CORPUS} works too, and so does that of a file ({listed(upload_endings(), 'or')}).",
    )


def read_folder(
    folder: Path,
    name: str | None = None,
    split: str = TEST,
    cutting: Cutting = USUAL,
    columns: Columns | None = None,
    progress: Progress = no_progress,
    sink: DocumentSink | None = None,
) -> Corpus:
    """Read a folder as if it were uploaded as a zip, but for the limits of uploads.

    A `sink` takes the documents where they are many: a `corpus.jsonl` beyond those limits.
    """
    large = is_large(folder)
    sources = list(_sources(folder, MAX_BYTES if sink and large else sys.maxsize))
    label = printable(str(folder))
    title = name or printable(folder.resolve().name)
    meter = Meter(progress=progress)
    sink = sink if large else None
    corpus = read_sources(title, label, sources, meter, columns, cutting, split, sink)
    return with_split(corpus, split)


def read_file(
    path: Path,
    split: str = TEST,
    cutting: Cutting = USUAL,
    columns: Columns | None = None,
    progress: Progress = no_progress,
) -> Corpus:
    """Read a file as the Corpus page reads an upload, with the judgments of one split."""
    if path.suffix.lower() not in upload_endings():
        raise InputError(
            f"{quoted(str(path))}: a file with this ending is not read as a corpus.",
            f"Give a folder, or a file that ends in {listed(upload_endings(), 'or')}.",
        )
    check_amount(1, int(path.suffix.lower() == ZIP), path.stat().st_size)  # before it is read
    file = replace(load(path, path.name), cutting=cutting)
    corpus = read_uploads([file], columns=columns, progress=progress, split=split)
    return with_split(corpus, split)


def with_split(corpus: Corpus, split: str) -> Corpus:
    """Return a corpus with the judgments of one split; CorpusError for one that it lacks.

    `test` may be absent.
    """
    check_split(split, corpus.splits)
    if split in corpus.splits:
        return corpus.with_split(split)
    return replace(corpus, judgments={})


def is_large(folder: Path) -> bool:
    """Return whether a folder's documents are more than belongs into memory."""
    try:
        return (folder / CORPUS).stat().st_size > MAX_BYTES
    except OSError:
        return False


def _sources(folder: Path, most: int) -> Iterator[Source]:
    """Yield the files of a folder; beside corpus.jsonl only its own and those of qrels."""
    if not folder.is_dir():
        raise CorpusError(f"{printable(str(folder))}: there is no such folder.", "Check the path.")
    beir = (folder / CORPUS).is_file()
    paths = [*folder.iterdir(), *(folder / QRELS).rglob("*")] if beir else folder.rglob("*")
    for number, path in enumerate(sorted(path for path in paths if path.is_file())):
        if number >= MAX_FILES:
            raise CorpusError(
                f"{printable(str(folder))}: expected at most {MAX_FILES} files; found more.",
                f"Give a folder with {CORPUS}, or one with fewer files.",
            )
        name = printable(path.relative_to(folder).as_posix())
        try:
            with path.open("rb") as file:
                head = file.read(HEAD)
        except OSError:
            head = UNKNOWN  # if it is wanted, the error is told when it is read whole
        yield Source(name, head, partial(load, path, name, most=most))
