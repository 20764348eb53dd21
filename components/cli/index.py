"""`rerank-lab index`: one corpus, made searchable ahead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import Annotated

import typer
from rich.text import Text

from components import pipeline
from components.advice.costs import tokens_of_corpus
from components.advice.estimates import estimate_first_stage
from components.cli import collection
from components.cli.imports import import_fields, tell_import
from components.cli.shared import (
    CorpusOption,
    FirstStage,
    IdOption,
    Json,
    TextOption,
    TitleOption,
    Yes,
    check_spending,
    emit,
    err,
    new_lab,
    opened_corpus,
    out,
    progress_bars,
    steps_of,
)
from components.domain import Billed, Corpus
from components.lab import Lab, catalog
from components.rerankers.late_interaction import LATE_BGE, encode_ahead
from components.retrieval.engine import CollectionStatus
from components.wording import count

AHEAD = 2_000
"""Documents up to which token vectors are encoded ahead unless it was said."""


def index(
    corpus: CorpusOption = "helpdesk",
    text_column: TextOption = None,
    title_column: TitleOption = None,
    id_column: IdOption = None,
    first_stage: FirstStage = catalog.DEFAULT_FIRST_STAGE,
    tokens: Annotated[
        bool | None,
        typer.Option(
            help=f"Also encode token vectors, for {LATE_BGE.key}; without either, up to "
            f"{AHEAD:,} documents."
        ),
    ] = None,
    remove_outdated: Annotated[
        bool,
        typer.Option(
            "--remove-outdated",
            help="Then remove the collections of earlier versions, of all corpora, from the store.",
        ),
    ] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Index a corpus ahead; the index lies on disk, or on the server that is configured."""
    lab = new_lab()
    catalog.first_stage(first_stage, lab.settings)
    columns = (text_column, title_column, id_column)
    opened = opened_corpus(corpus, lab, columns)
    if opened.remote:
        tell_import(opened)
        about = collection.told(opened, first_stage, lab, tokens=bool(tokens))
        if as_json:
            own = {"first_stage": first_stage, "token_vectors": False, "removed": ()}
            emit(_index_fields(opened, lab) | own | about | {"billed": ()})
        return
    estimate = estimate_first_stage(first_stage, opened, 0, partial(tokens_of_corpus, opened), lab)
    check_spending(estimate, lab.settings, yes=yes)
    tell_import(opened)
    ahead = len(opened.documents) <= AHEAD if tokens is None else tokens
    bills = _indexed(lab, opened, first_stage, ahead=ahead)
    removed = lab.store.drop_outdated() if remove_outdated else ()
    if as_json:
        own = {"first_stage": first_stage, "token_vectors": ahead, "removed": removed}
        paid = {"billed": [asdict(billed) for billed in bills]}
        emit(_index_fields(opened, lab) | own | paid)
    else:
        documents = count(len(opened.documents), "document")
        out.print(Text(f"{opened.name}: {documents} in {lab.store.where}"), soft_wrap=True)
        _tell_store(lab.store.status(), removed)


def _indexed(lab: Lab, corpus: Corpus, first_stage: str, *, ahead: bool) -> list[Billed]:
    """Index with progress; say on standard error, and return, what requests are billed for."""
    bills: list[Billed] = []
    stage = catalog.first_stage(first_stage, lab.settings)

    def told(billed: Billed) -> None:
        if billed.requests:
            bills.append(billed)
            line = f"{first_stage}: {pipeline.describe_indexing(stage, billed, lab.settings)}"
            err.print(Text(line), soft_wrap=True)

    with progress_bars() as bars:
        report_to = steps_of(bars, "index")
        lab.index(corpus, first_stage, report_to, told)
        if ahead:
            progress = partial(report_to, f"encode with {LATE_BGE.key}")
            encode_ahead(lab.tokens, corpus.documents, progress)
    return bills


def _index_fields(corpus: Corpus, lab: Lab) -> dict[str, object]:
    """Return what was indexed, and what is in the store."""
    collections = lab.store.status()
    return {
        "corpus": {
            "name": corpus.name,
            "documents": len(corpus.documents),
            "fingerprint": corpus.fingerprint,
        },
        "store": lab.store.where,
        "collections": {s.alias: s.points for s in collections},
        "search": {s.alias: s.search for s in collections},
        "notes": {s.alias: s.notes for s in collections if s.notes},
        "outdated": [s.alias for s in collections if s.outdated],
        "import": import_fields(corpus),
    }


def _tell_store(collections: Sequence[CollectionStatus], removed: Sequence[str]) -> None:
    """Print what is to be noted of the store's collections, and which were removed."""
    lines = [f"{s.alias}: {note}" for s in collections for note in s.notes]
    lines += [f"{alias}: removed" for alias in removed]
    lines += [
        f"{s.alias}: of an earlier version; --remove-outdated removes it"
        for s in collections
        if s.outdated
    ]
    for line in lines:
        err.print(Text(line), soft_wrap=True)
