"""The filter on metadata: a popover that Compare and Evaluate share, and what is said of it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

import streamlit as st

from components.domain import Condition, Corpus, Field, Filter, InputError, Op, Ranking
from components.ui.shared import page, state
from components.wording import agree, count, shortened

AT_ONCE = 6
"""Fields whose controls are shown; of more, one chooses."""
MOST_OFFERED = 200
"""Values of a field that are offered; one can name others in an address or a command."""
FEW_NUMBERS = 40
"""Different numbers or dates up to which they are offered one by one, beside their range."""
WORDS = 60
"""Characters of a name, and of a value."""


def current() -> Filter:
    """Return the session's filter."""
    filter: Filter = state.get(state.FILTER)
    return filter


def popover() -> None:
    """Offer to filter on the corpus's fields; nothing where there are none, and no filter is on."""
    corpus, filter = state.corpus(), current()
    indexed = corpus.fields.indexed
    if not indexed and not filter:
        return
    label = f"Filter ({len(filter.conditions)})" if filter else "Filter"
    with st.popover(label, icon=":material/filter_alt:", width="content", key="filter-popover"):
        above = st.container()
        drawn = [key for field in _offered(corpus, indexed) for key in _choose(corpus, field)]
        with above:
            _active(filter, drawn)
        if fault := state.get(state.FILTER_FAULT):
            st.text(f"⚠ {fault}")
        _explain(corpus)


def _active(filter: Filter, drawn: Collection[tuple[str, Op]]) -> None:
    """List the conditions that no control holds, each to be removed, and offer to remove all."""
    others = [c for c in filter.conditions if (c.field, c.op) not in drawn]
    for place, condition in enumerate(others):
        with st.container(horizontal=True, vertical_alignment="center", key=f"condition-{place}"):
            st.text(shortened(str(condition), 2 * WORDS))
            st.button(
                "Remove",
                key=f"remove_condition_{place}",
                on_click=_set,
                args=([c for c in filter.conditions if c != condition],),
            )
    if filter:
        clear_button("clear_filter")


def clear_button(key: str) -> None:
    """Offer to search the whole corpus again."""
    st.button("Remove the filter", key=key, icon=":material/filter_alt_off:", on_click=_set)


def _set(conditions: Sequence[Condition] = ()) -> None:
    """Make conditions the session's filter, or say why they cannot be."""
    state.put(state.FILTER_FAULT, "")
    try:
        state.put(state.FILTER, Filter(tuple(conditions)))
    except InputError as exc:
        state.put(state.FILTER_FAULT, str(exc))


def _offered(corpus: Corpus, indexed: Sequence[Field]) -> list[Field]:
    """Return the first fields, those of the filter, and one that the visitor chooses."""
    named = {condition.field for condition in current().conditions}
    offered = [f for i, f in enumerate(indexed) if i < AT_ONCE or f.name in named]
    others = {field.name: field for field in indexed if field not in offered}
    if others:
        name = st.selectbox(
            f"Other fields ({len(others):,})",
            list(others),
            index=None,
            placeholder="Choose a field",
            format_func=lambda name: shortened(name, WORDS),
            key=f"_field_{corpus.fields.digest[:8]}_{len(others)}",
        )
        offered += [others[name]] if name in others else []
    return offered


# ---------------------------------------------------------------- one field


def _choose(corpus: Corpus, field: Field) -> Iterator[tuple[str, Op]]:
    """Show the controls of one field: its values, and from and to where they can be compared.

    Yields the operators that they are of, with the field's name.
    """
    key = f"_filter_{corpus.fields.digest[:8]}_{corpus.fields.all.index(field)}"
    sized = field.numbers + field.dates
    if field.counts and (not sized or field.texts or len(field.counts) <= FEW_NUMBERS):
        _choose_values(field, key)
        yield field.name, Op.EQUAL
    if sized:
        _choose_range(field, key)
        yield from ((field.name, op) for op in (Op.AT_LEAST, Op.AT_MOST))


def _choose_values(field: Field, key: str) -> None:
    """Offer a field's values, those of most documents first."""
    counts = dict(field.counts[:MOST_OFFERED])
    values = _values_of(field.name, Op.EQUAL)
    options = dict.fromkeys((*counts, *values))
    st.session_state[key] = list(values)
    st.multiselect(
        _label(field.name),
        options,
        format_func=lambda value: f"{shortened(value, WORDS)} ({counts.get(value, 0):,})",
        placeholder="any",
        key=key,
        on_change=_replace,
        args=(field.name, Op.EQUAL, key),
    )
    if len(field.counts) > MOST_OFFERED:
        page.soft(
            f"The first {MOST_OFFERED} of {count(len(field.counts), 'value')}.", f"values-{key}"
        )


def _choose_range(field: Field, key: str) -> None:
    """Offer bounds, as texts: a date may be a year, a month or a day."""
    low, high = f"{field.low:.15g}", f"{field.high:.15g}"
    if field.dates:
        low, high = field.earliest, field.latest
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for op, side, bound in ((Op.AT_LEAST, "from", low), (Op.AT_MOST, "to", high)):
            own = f"{key}_{op.name}"
            st.session_state[own] = next(iter(_values_of(field.name, op)), "")
            st.text_input(
                f"{_label(field.name)} {side}",
                placeholder=shortened(bound, WORDS),
                key=own,
                on_change=_replace,
                args=(field.name, op, own),
            )


def _values_of(name: str, op: Op) -> tuple[str, ...]:
    """Return what the session's filter compares a field with by an operator."""
    compared = (c.values for c in current().conditions if (c.field, c.op) == (name, op))
    return next(compared, ())


def _replace(name: str, op: Op, key: str) -> None:
    """Compare a field by an operator with what a widget holds; with nothing, not at all."""
    typed = st.session_state[key]
    values = [typed.strip()] if isinstance(typed, str) else typed
    others = [c for c in current().conditions if (c.field, c.op) != (name, op)]
    try:
        condition = [Condition(name, op, tuple(values))] if any(values) else []
        filter = Filter((*others, *condition))
        state.corpus().fields.check(filter)
    except InputError as exc:
        state.put(state.FILTER_FAULT, str(exc))
    else:
        _set(filter.conditions)


def _label(name: str) -> str:
    """Return a field's name as a label, which is Markdown: every sign of it is escaped."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", shortened(" ".join(name.split()), WORDS))


def _explain(corpus: Corpus) -> None:
    """Say how a filter acts, and which fields cannot be filtered on."""
    page.soft(
        "Only passages that meet all conditions are searched, before the first stage. BM25 counts "
        "words over the whole corpus all the same.",
        "filter-how",
    )
    for place, field in enumerate(f for f in corpus.fields.all if f.unindexed):
        if place < AT_ONCE:
            name = shortened(field.name, WORDS)
            page.soft(f"Not filterable: {name}, which {field.unindexed}.", f"unindexed-{place}")


# ---------------------------------------------------------------- what is said of it


def describe(first: Ranking, corpus: Corpus, outside: int) -> str:
    """Return a first stage's filter: how many documents meet it, and how many judged ones do not.

    The corpus of a recording may be smaller than the one that was searched then.
    """
    searched = f"{first.matching:,} of {count(len(corpus.documents), 'document')} searched"
    if first.recorded:
        searched = f"{count(first.matching, 'document')} searched then"
    parts = [f"Filter {first.filter}: {searched}."]
    if outside:
        verb = agree(outside, "lies outside it and is", "lie outside it and are")
        parts.append(f"{count(outside, 'judged document')} {verb} not counted.")
    return " ".join(parts)
