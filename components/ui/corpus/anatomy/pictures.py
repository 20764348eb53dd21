"""The charts of what a corpus is made of, each with a choice of documents to look at."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from html import escape

import streamlit as st

from components.analysis.anatomy import Anatomy, share
from components.analysis.anatomy.records import Group
from components.charts import anatomy as charts
from components.charts.anatomy import Amount, range_of
from components.domain import Corpus
from components.ui.corpus.anatomy.looking import document_rows, table
from components.ui.shared import page
from components.wording import MINUS, count, listed, shortened

FIELDS = 12
"""Fields in the chart."""
VALUE = 40
"""Characters of a value in a choice."""


def pictures(corpus: Corpus, anatomy: Anatomy) -> None:
    """Draw lengths and fields, beside them languages and judgments."""
    left, right = st.columns([3, 2], gap="large")
    with left:
        _lengths(corpus, anatomy)
        _fields(corpus, anatomy)
    with right:
        _languages(corpus, anatomy)
        _judgments(anatomy)


def _title(text: str) -> None:
    """Write a chart's title; the name of a split is a file's, and hostile like all of them."""
    st.html(f'<h3 class="anatomy-title" dir="auto">{escape(text)}</h3>', width="content")


def _look(corpus: Corpus, label: str, choices: Mapping[str, Group], key: str) -> None:
    """Offer documents to look at, and show those that are chosen."""
    if not choices:
        return
    choice = st.selectbox(
        label, list(choices), index=None, placeholder="Choose", key=f"_anatomy-{key}"
    )
    if choice is not None:
        group = choices[choice]
        if len(group.ids) < group.number:
            page.soft(f"The first {len(group.ids)} of {count(group.number, 'passage')}", key)
        table(document_rows(corpus, group.ids))


def _lengths(corpus: Corpus, anatomy: Anatomy) -> None:
    units = {"tokens": anatomy.in_tokens, "words": anatomy.in_words}
    units = {unit: lengths for unit, lengths in units.items() if lengths.bars}
    with st.container(key="lengths-of-passages", gap="xxsmall"):
        with st.container(horizontal=True, vertical_alignment="center"):
            _title("How long passages are, in")
            unit = st.segmented_control(
                "Lengths in",
                list(units),
                default=next(iter(units)),
                required=True,
                key="_anatomy-unit",
                label_visibility="collapsed",
            )
        lengths, readings = units[unit], anatomy.readings if unit == "tokens" else ()
        figure = page.figure(
            ("anatomy lengths", corpus, anatomy.documents, unit),
            lambda: charts.lengths(lengths, unit, readings, page.palette()),
        )
        title = f"How long passages are, in {unit}"
        half, usual = f"{lengths.median:,.0f} {unit}", f"{lengths.usual:,}"
        note = f"Half of them have up to {half}, 95% up to {usual}, "
        note += f"the longest {lengths.most:,}."
        if readings:
            ends = sorted((reading.reads, listed(reading.systems)) for reading in readings)
            names = listed([f"{reads} by {systems}" for reads, systems in ends])
            note += f" Read are the first {names}"
            note += ": the lines." if any(reading.cut for reading in readings) else "."
        page.chart(figure, "anatomy-lengths", title, note)
        page.soft(note, "anatomy-lengths")
        if readings and anatomy.absent:
            names = listed(anatomy.absent)
            page.soft(f"Not counted: {names}; its tokenizer is not here.", "anatomy-models")
        choices = {
            f"{range_of(bar.low, bar.high)} {unit} ({bar.number:,})": Group(bar.number, bar.ids)
            for bar in lengths.bars
            if bar.ids
        }
        _look(corpus, "Passages of a length", choices, f"length-{unit}")


def _languages(corpus: Corpus, anatomy: Anatomy) -> None:
    told = anatomy.languages
    groups = {language.name: language.documents for language in told.languages}
    if told.untold:
        groups["cannot be told"] = told.untold
    with st.container(key="languages-of-passages", gap="xxsmall"):
        _title("Languages")
        rows = [
            Amount(name, group.number, f"{group.number:,} · {share(group.number, told.documents)}")
            for name, group in groups.items()
        ]
        figure = page.figure(
            ("anatomy languages", corpus, anatomy.documents),
            lambda: charts.amounts(rows, page.palette(), "passages"),
        )
        note = f"Of {count(told.documents, 'passage')}"
        note += ", drawn at random." if told.documents < anatomy.documents else "."
        page.chart(figure, "anatomy-languages", "Languages of the passages", note)
        page.soft(f"{note} A language is said where it is 90% certain.", "anatomy-languages")
        choices = {f"{name} ({group.number:,})": group for name, group in groups.items()}
        _look(corpus, "Passages in a language", choices, "language")


def _fields(corpus: Corpus, anatomy: Anatomy) -> None:
    if not anatomy.fields:
        return
    with st.container(key="fields-of-passages", gap="xxsmall"):
        title = "Fields, and in how many passages they are filled"
        _title(title)
        rows = []
        for field in anatomy.fields[:FIELDS]:
            holds = f"{'over ' if field.more else ''}{field.distinct:,} different"
            holds = f"{field.low} to {field.high}" if field.low else holds
            filled = share(field.filled, anatomy.documents)
            rows.append(Amount(field.name, field.filled, filled, f"{field.kind}, {holds}"))
        figure = page.figure(
            ("anatomy fields", corpus, anatomy.documents),
            lambda: charts.amounts(rows, page.palette(), "passages"),
        )
        page.chart(figure, "anatomy-fields", title)
        choices = {
            f"{shortened(field.name, VALUE)}: {shortened(value.text, VALUE)} "
            f"({value.documents.number:,})": value.documents
            for field in anatomy.fields
            for value in field.values
        }
        _look(corpus, "Passages with a value, the most frequent ones", choices, "field")


def _judgments(anatomy: Anatomy) -> None:
    """Say how long queries are, and draw how often each grade is given, split by split."""
    asked = anatomy.queries.in_words
    if asked.bars:
        with st.container(key="queries-of-corpus", gap="xxsmall"):
            _title("Queries")
            page.soft(
                f"{count(anatomy.queries.number, 'query')} of up to {count(asked.most, 'word')}, "
                f"half of them up to {asked.median:,.0f}.",
                "anatomy-queries",
            )
    for number, split in enumerate(anatomy.splits):
        name = f" ({split.name})" if len(anatomy.splits) > 1 else ""
        title = f"Grades of the judgments{name}"
        rows = [
            Amount(
                f"grade {one.grade}".replace("-", MINUS),
                one.number,
                f"{one.number:,} · {share(one.number, split.judgments)}",
            )
            for one in split.grades
        ]
        with st.container(key=f"anatomy-judgments-{number}", gap="xxsmall"):
            _title(title)
            figure = page.figure(
                ("anatomy grades", split),
                partial(charts.amounts, rows, page.palette(), "judgments"),
            )
            page.chart(figure, f"anatomy-grades-{number}", title)
            spread = f"{split.least:,} to {split.most:,}"
            page.soft(
                f"{count(split.judgments, 'judgment')} of {count(split.queries, 'query')}, "
                f"{spread if split.least < split.most else split.most} a query, half of them up "
                f"to {split.median:g}.",
                f"anatomy-judgments-{number}",
            )
