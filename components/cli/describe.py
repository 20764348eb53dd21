"""`rerank-lab corpus describe`: what a corpus is made of, as the Corpus page tells it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from components import pipeline
from components.analysis.anatomy import REMOTE, Anatomy, AnatomyStore, clear, findings, share
from components.analysis.anatomy import describe as describe_corpus
from components.cli.imports import import_fields, tell_import
from components.cli.shared import (
    CorpusOption,
    IdOption,
    Json,
    TextOption,
    TitleOption,
    emit,
    new_lab,
    opened_corpus,
    out,
    progress_bars,
    steps_of,
)
from components.domain import Corpus
from components.wording import agree, count, listed, shortened, visible

CELL = 48
"""Characters of a field's name or of its values in the table."""
MOST_ROWS = 30
"""Fields in it."""


def describe(
    corpus: CorpusOption = "helpdesk",
    text_column: TextOption = None,
    title_column: TitleOption = None,
    id_column: IdOption = None,
    sample: Annotated[
        int | None, typer.Option(help="Only N documents, drawn at random; the draw is always one.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Tell what a corpus is made of: lengths, copies, languages, fields, queries, judgments."""
    pipeline.check_depth("sample", 1 if sample is None else sample)
    lab = new_lab()
    opened = opened_corpus(corpus, lab, (text_column, title_column, id_column))
    tell_import(opened)
    most = sample if sample is not None and sample < len(opened.documents) else None
    if opened.remote:  # it is never all read
        most = most or min(REMOTE, len(opened.documents))
    store = AnatomyStore(lab.settings)
    anatomy = store.find(opened, most)
    if anatomy is None:
        with progress_bars() as bars:
            anatomy = describe_corpus(opened, lab.settings, most, steps_of(bars, "describe"))
        store.keep(opened, anatomy, most)
    emit(_fields(opened, anatomy)) if as_json else _print(opened, anatomy)


def _fields(corpus: Corpus, anatomy: Anatomy) -> dict[str, Any]:
    """Return all figures, and the findings in words, as one JSON object."""
    return {
        "corpus": corpus.name,
        "fingerprint": corpus.fingerprint,
        "findings": [asdict(finding) for finding in findings(anatomy)],
        "clear": list(clear(anatomy)),
        **asdict(anatomy),
        "import": import_fields(corpus),
    }


def _print(corpus: Corpus, anatomy: Anatomy) -> None:
    """Print the findings, then tables of what was counted."""
    whole = count(anatomy.total, "passage")
    of = whole if anatomy.whole else f"{anatomy.documents:,} of {whole}, drawn at random"
    queries = count(anatomy.queries.number, "query")
    out.print(Text(f"{corpus.name}: {of}; {queries}", style="bold"), soft_wrap=True)
    for finding in findings(anatomy):
        out.print(Text(f"{'!' if finding.grave else '-'} {finding.text}"), soft_wrap=True)
    absent = clear(anatomy)
    if absent:
        where = "" if anatomy.whole else " in the sample"
        line = f"Looked for{where} and not there: {listed(absent)}."
        out.print(Text(line, style="dim"), soft_wrap=True)
    for line in _lines(anatomy):
        out.print(Text(line), soft_wrap=True)
    if anatomy.fields:
        table = Table("Field", "Holds", "Filled", "Different", "Most frequent", box=None)
        for field in anatomy.fields[:MOST_ROWS]:
            frequent = [f"{value.text} ({value.documents.number:,})" for value in field.values]
            between = f"{field.low} to {field.high}" if field.low else ""
            table.add_row(
                Text(visible(shortened(field.name, CELL))),
                field.kind,
                share(field.filled, anatomy.documents),
                f"{'more than ' if field.more else ''}{field.distinct:,}",
                Text(visible(shortened(between or ", ".join(frequent), CELL))),
            )
        out.print(table)


def _lines(anatomy: Anatomy) -> Iterator[str]:
    """Yield lengths, models, languages and judgments in words."""
    for unit, lengths in (("words", anatomy.in_words), ("tokens", anatomy.in_tokens)):
        yield (
            f"Passages have up to {lengths.most:,} {unit}, half of them up to "
            f"{lengths.median:,.0f}, 95% up to {lengths.usual:,}."
        )
    if asked := anatomy.queries.number:
        lengths = anatomy.queries.in_words
        yield (
            f"{count(asked, 'query')} of up to {count(lengths.most, 'word')}, half of them up to "
            f"{lengths.median:,.0f}."
        )
    for reading in anatomy.readings:
        cut = count(reading.cut.number, "passage")
        read, are = count(reading.reads, "token"), agree(reading.reads, "is", "are")
        yield f"{listed(reading.systems)}: {read} of a passage {are} read; {cut} cut."
    if anatomy.absent:
        yield f"Not counted, since the tokenizer is not here: {listed(anatomy.absent)}."
    told = anatomy.languages
    names = [f"{one.name} {one.documents.number:,}" for one in told.languages]
    names += [f"cannot be told {told.untold.number:,}"] if told.untold else []
    if names:
        yield f"Languages of {count(told.documents, 'passage')}: {listed(names)}."
    for split in anatomy.splits:
        grades = [f"grade {one.grade} {one.number:,}" for one in split.grades]
        spread = f"{split.least} to {split.most}" if split.least < split.most else f"{split.most}"
        yield (
            f"Judgments {split.name}: {split.judgments:,} of {count(split.queries, 'query')}, "
            f"{spread} a query; {listed(grades) or 'none'}."
        )
