"""`rerank-lab corpus add`, `list`, `rename`, `share` and `delete`: the library by command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from components.cli.imports import import_fields, tell_report
from components.cli.shared import (
    IdOption,
    Json,
    TextOption,
    TitleOption,
    emit,
    err,
    named_columns,
    new_lab,
    out,
    progress_bars,
)
from components.corpora import Columns, Cutting, open_corpus, quoted, read_uploads
from components.corpora.text import load
from components.domain import Corpus, DocumentSink, InputError, Progress, StoreError
from components.lab import Lab
from components.lab.library import Entry, check_name
from components.lab.library.traces import bytes_elsewhere, indexed_by
from components.wording import count, listed

Name = Annotated[str, typer.Argument(help="A name, as `corpus list` has it.", metavar="NAME")]


def add(
    files: Annotated[
        list[str],
        typer.Argument(help="A folder, a file, or several files of prose.", metavar="FILES..."),
    ],
    name: Annotated[
        str, typer.Option("--name", help="What it is called; by default after its files.")
    ] = "",
    text_column: TextOption = None,
    title_column: TitleOption = None,
    id_column: IdOption = None,
    share: Annotated[
        bool, typer.Option("--share", help="Everybody at a shared lab finds it.")
    ] = False,
    replaces: Annotated[
        bool, typer.Option("--replace", help="Take the place of the corpus of that name.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Keep a corpus in the library, for the app and for --corpus NAME."""
    lab = new_lab()
    if name:
        check_name(name, lab.collection_names)  # before anything is read
    columns = (text_column, title_column, id_column)
    named = named_columns(columns) if columns != (None, None, None) else None
    with progress_bars() as bars:
        entry = lab.library.read(
            partial(_read, lab, files, named, partial(bars.step, "reading", "")),
            name,
            shared=share,
            replaces=replaces,
            progress=partial(bars.step, "keeping", ""),
        )
    corpus = lab.library.open(entry)
    tell_report(corpus.report)
    if as_json:
        emit({"corpus": _fields(entry), "import": import_fields(corpus)})
    else:
        out.print(Text(f"{entry.name}: {_amounts(entry)}"), soft_wrap=True)


def _read(
    lab: Lab,
    files: Sequence[str],
    columns: Columns | None,
    progress: Progress,
    sink: DocumentSink,
) -> Corpus:
    """Read one source, or several files as the Corpus page reads an upload of them."""
    cutting = Cutting.of(lab.settings.passages)
    if len(files) == 1:
        return open_corpus(files[0], cutting=cutting, columns=columns, progress=progress, sink=sink)
    paths = [Path(file).expanduser() for file in files]
    uploads = [replace(load(path, path.name), cutting=cutting) for path in paths]
    return read_uploads(uploads, columns=columns, progress=progress)


def list_corpora(as_json: Json = False) -> None:
    """List the corpora in the library, with what they hold on disk and in the engine.

    Below them stand the collections that the configuration names.
    """
    lab = new_lab()
    lab.library.sweep()
    named, stages = lab.library.named(), {}
    try:
        stages = indexed_by(lab, named.values())
    except StoreError as exc:  # the corpora are on this machine
        err.print(Text(f"Which are indexed is not known. {exc}"), soft_wrap=True)
    if as_json:
        corpora = [
            _fields(entry, name)
            | {"all_bytes": entry.bytes + bytes_elsewhere(lab, entry)}
            | {"indexed": stages.get(entry.id)}
            for name, entry in named.items()
        ]
        limit = lab.settings.library.limit_mb
        states = [asdict(state) for state in lab.collections.states()]
        own = {"bytes": lab.library.bytes_of(), "limit_mb": limit, "collections": states}
        emit({"corpora": corpora} | own)
        return
    table = Table("", "passages", "queries", "size", "indexed for", "added", box=None)
    for name, entry in named.items():
        size = (entry.bytes + bytes_elsewhere(lab, entry)) / 1e6
        row = (f"{entry.documents:,}", f"{entry.queries:,}", f"{size:,.1f} MB")
        indexed = listed(stages[entry.id]) or "nothing yet" if stages else "not known"
        table.add_row(*map(Text, (name, *row, indexed, f"{entry.made:%Y-%m-%d %H:%M}")))
    out.print(table if named else Text("The library is empty; rerank-lab corpus add fills it."))
    for state in lab.collections.states():
        about = state.error or f"{count(state.points, 'point')} of {state.where}; {state.search}"
        out.print(Text(f"{state.name}: {about}"), soft_wrap=True)


def rename(
    old: Name,
    new: Annotated[str, typer.Argument(help="The new name.", metavar="NEW")],
    as_json: Json = False,
) -> None:
    """Give a corpus another name; its link and its index stay."""
    lab = new_lab()
    entry = lab.library.rename(_entry(lab, old), new)
    if as_json:
        emit({"corpus": _fields(entry)})
    else:
        out.print(Text(f"{entry.name}: {_amounts(entry)}"), soft_wrap=True)


def share(
    name: Name,
    off: Annotated[bool, typer.Option("--off", help="No longer; its link goes on.")] = False,
    as_json: Json = False,
) -> None:
    """Let everybody at a shared lab find a corpus."""
    lab = new_lab()
    entry = lab.library.share(_entry(lab, name), shared=not off)
    whose = "everybody at a shared lab" if entry.shared else "its owner, and who has its link"
    if as_json:
        emit({"corpus": _fields(entry)})
    else:
        out.print(Text(f"{entry.name}: found by {whose}"), soft_wrap=True)


def delete(name: Name, as_json: Json = False) -> None:
    """Delete a corpus with its vectors and its indexes; saved evaluations stay."""
    lab = new_lab()
    entry = _entry(lab, name)
    freed = entry.bytes + bytes_elsewhere(lab, entry)
    later = lab.library.remove(entry)
    if later:
        err.print(Text(f"Its vectors and indexes go later: {later}"), soft_wrap=True)
    if as_json:
        emit({"deleted": _fields(entry) | {"all_bytes": freed}, "later": later})
    else:
        out.print(Text(f"{entry.name}: deleted, {freed / 1e6:,.1f} MB"), soft_wrap=True)


def _entry(lab: Lab, name: str) -> Entry:
    """Return a corpus of the library; InputError where there is none of that name."""
    if named := lab.library.find(name):
        return named[1]
    raise InputError(
        f"There is no corpus called {quoted(name)} in the library.",
        f"There are: {listed(list(lab.library.named())) or 'none'}.",
    )


def _amounts(entry: Entry) -> str:
    return (
        f"{count(entry.documents, 'passage')}, {count(entry.queries, 'query')}, "
        f"{count(entry.judgments, 'judgment')}, {entry.bytes / 1e6:,.1f} MB in the library"
    )


def _fields(entry: Entry, name: str = "") -> dict[str, Any]:
    """Return an entry as fields of --json; `link` is the part of its address that finds it."""
    fields = ("documents", "queries", "judgments", "fingerprint", "bytes", "shared")
    return {
        "name": name or entry.name,
        **{field: getattr(entry, field) for field in fields},
        "owner": entry.owner,
        "made": entry.made.isoformat(timespec="seconds"),
        "link": f"?upload={entry.token}",
    }
