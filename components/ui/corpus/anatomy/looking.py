"""What a finding is about: documents, queries, pairs side by side with their differences."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from html import escape
from typing import Any

import streamlit as st

from components.analysis.anatomy import Finding
from components.analysis.anatomy.records import Pair
from components.domain import Corpus
from components.models.tokens import cut_texts
from components.ui.shared import page, state
from components.wording import count, describe_grade, shortened

CELL = 2_000
"""Characters of a text in a table."""
COMPARED = 6_000
"""Characters of two texts whose differences are marked."""
_NOUNS: Mapping[str, str] = {
    "documents": "passage",
    "queries": "query",
    "repeated": "query",
    "asked": "passage",
    "pairs": "pair",
    "apart": "copy",
    "missing": "judgment",
}


def look(corpus: Corpus, finding: Finding) -> None:
    """Show what a finding is about."""
    listed = len(finding.ids) or len(finding.pairs) or len(finding.apart)
    if listed < finding.number:
        noun = count(finding.number, _NOUNS.get(finding.kind, "passage"))
        page.soft(f"The first {listed:,} of {noun}", f"first-{finding.kind}")
    if finding.kind == "pairs":
        _pairs(corpus, finding.pairs, finding.key)
    elif finding.kind == "documents":
        table(document_rows(corpus, finding.ids, finding.reads))
    else:
        table(_rows(corpus, finding))


def _rows(corpus: Corpus, finding: Finding) -> list[dict[str, Any]]:
    """Return rows about queries and judgments."""
    texts = {query.id: shortened(query.text, CELL) for query in corpus.queries}
    if finding.kind == "repeated":
        return [
            {"query": pair.later, "repeats": pair.earlier, "text": texts[pair.later]}
            for pair in finding.pairs
        ]
    if finding.kind == "asked":
        documents = document_rows(corpus, [pair.later for pair in finding.pairs])
        pairs = zip(finding.pairs, documents, strict=True)
        return [{"query": pair.earlier, **row} for pair, row in pairs]
    if finding.kind == "apart":
        return [
            {
                "query": texts.get(one.query, one.query),
                "relevant passage": one.document,
                "its judgment": describe_grade(one.grade),
                "its copy": one.copy,
                "the copy's": describe_grade(one.other),
                "text": shortened(corpus.by_id[one.document].passage, CELL),
            }
            for one in finding.apart
        ]
    if finding.kind == "missing":
        return [{"judged, but not in the corpus": identity} for identity in finding.ids]
    return [{"id": identity, "query": texts.get(identity, "")} for identity in finding.ids]


def document_rows(corpus: Corpus, ids: Sequence[str], reads: int = 0) -> list[dict[str, Any]]:
    """Return the documents with these ids as rows of a table; of a cut one its unread end too.

    `reads` are the tokens that are read of a passage, by the tokenizer of the lab's own models.
    """
    documents = [corpus.by_id[identity] for identity in ids]
    passages = [document.passage for document in documents]
    unread = [
        {"not read": shortened(passage[len(read) :].strip(), CELL)}
        for passage, read in zip(passages, cut_texts(passages, reads), strict=True)
    ] if reads else [{} for _ in documents]  # fmt: skip
    return [
        {"id": d.id, "title": shortened(d.title, CELL)}
        | end
        | {"text": shortened(d.text, CELL), "words": len(d.passage.split())}
        for d, end in zip(documents, unread, strict=True)
    ]


def table(rows: Sequence[Mapping[str, Any]]) -> None:
    """Show rows as a table; a text is read whole by a double click on its cell."""
    wide = ("text", "not read")
    columns = {name: st.column_config.Column(width="large") for name in wide}
    st.dataframe(list(rows), hide_index=True, width="stretch", column_config=columns)


def _pairs(corpus: Corpus, pairs: Sequence[Pair], key: str) -> None:
    """Show one pair of documents side by side; the others are a choice away."""
    labels = [f"{pair.later} repeats {pair.earlier}" for pair in pairs]
    place = 0
    if len(pairs) > 1:
        place = st.selectbox(
            f"Pair, of {len(pairs)}",
            range(len(pairs)),
            format_func=lambda place: f"{place + 1}: {shortened(labels[place], 90)}",
            key=f"anatomy-pair-{key}",
        )
    pair, documents = pairs[place], corpus.by_id
    texts = [documents[identity].passage[:COMPARED] for identity in (pair.earlier, pair.later)]
    marked = state.memo(("differences", *texts), lambda: differences(*texts))
    for column, identity, html in zip(
        st.columns(2, gap="medium"), (pair.earlier, pair.later), marked, strict=True
    ):
        with column:
            page.soft(identity, f"pair-{'earlier' if identity == pair.earlier else 'later'}")
            st.html(f'<div class="shaded anatomy-text" dir="auto">{html}</div>')
    said = f"{pair.similarity:.0%} of their three-word sequences are in both. Marked is what the "
    said += "other one lacks."
    if texts[0] == texts[1]:
        said = "Letter for letter the same."
    elif len({" ".join(text.casefold().split()) for text in texts}) == 1:
        said = "They differ in white space or case alone."
    page.soft(said, "pair-similarity")


def differences(one: str, other: str) -> tuple[str, str]:
    """Return two texts as escaped HTML in which the words that the other one lacks are marked.

    The texts stay as they are: what is marked is marked around them. White space and case make no
    difference.
    """
    left, right = (re.findall(r"\S+\s*|^\s+", text) for text in (one, other))
    folded = [["".join(p.casefold().split()) for p in pieces] for pieces in (left, right)]
    matcher = SequenceMatcher(None, folded[0], folded[1], autojunk=False)
    html: tuple[list[str], list[str]] = [], []
    for kind, *ends in matcher.get_opcodes():
        sides = zip((left, right), (ends[:2], ends[2:]), html, strict=True)
        for pieces, (start, end), out in sides:
            text = "".join(pieces[start:end])
            marked = text.rstrip() if kind != "equal" else ""
            out += [f"<mark>{escape(marked)}</mark>" if marked else "", escape(text[len(marked) :])]
    return "".join(html[0]), "".join(html[1])
