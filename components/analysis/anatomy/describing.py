"""Reading a corpus once, and telling what it is made of."""

from __future__ import annotations

from functools import partial

from components.analysis.anatomy.copies import CopyFinder, copies_of
from components.analysis.anatomy.fields import FieldCounter
from components.analysis.anatomy.judged import AskedDocuments, query_figures, split_figures
from components.analysis.anatomy.languages import LanguageCounter
from components.analysis.anatomy.lengths import Sizes
from components.analysis.anatomy.records import Anatomy
from components.analysis.anatomy.rows import Part, Rows
from components.analysis.anatomy.windows import windows
from components.config import Settings
from components.domain import Corpus
from components.lab import StepReport, no_report
from components.models.gate import GATE

READING, COMPARING = "reading", "comparing what looks alike"
"""The steps that are told of."""


def describe(
    corpus: Corpus,
    settings: Settings,
    most: int | None = None,
    report: StepReport = no_report,
) -> Anatomy:
    """Read a corpus, or `most` of its documents drawn at random, and tell what it is made of.

    Documents are read once, a batch after another; what looks alike is read again to be compared.
    A batch holds the gate, so that no model is timed while its cores are busy.
    `report` is called between batches and may raise `Cancelled`.
    """
    rows = Rows(corpus, most)
    read, absent = windows(settings)
    sizes, copies, fields = Sizes(read), CopyFinder(), FieldCounter()
    languages, asked = LanguageCounter(len(rows)), AskedDocuments(corpus.queries)
    parts: tuple[Part, ...] = (sizes, copies, fields, languages, asked)
    for batch in rows.batches():
        with GATE.hold(check=partial(report, READING, batch.start, len(rows))):
            for part in parts:
                part.add(batch)
        report(READING, batch.start + len(batch.documents), len(rows))
    twins = copies.twins(rows, lambda done, total: report(COMPARING, done, total))
    exact, near = copies_of(twins, rows)
    readings, refusals = sizes.readings(read, corpus.queries, rows)
    return Anatomy(
        total=len(corpus.documents),
        documents=len(rows),
        empty=sizes.empty(rows),
        untexted=sizes.untexted(rows),
        short=sizes.short(rows),
        in_words=sizes.in_words(rows),
        in_tokens=sizes.in_tokens(rows),
        readings=readings,
        absent=absent,
        copies=exact,
        near=near,
        languages=languages.languages(rows),
        fields=fields.fields(rows),
        queries=query_figures(corpus, asked.copies(), refusals),
        splits=split_figures(corpus, twins, rows),
    )
