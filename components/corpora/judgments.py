"""Judgments and candidates: read in every usual form, checked, and fitted to a corpus."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from components.corpora.encodings import as_utf8
from components.corpora.judgment_cells import cells_of
from components.corpora.judgment_forms import Form, form_of, run_form
from components.corpora.limits import Meter
from components.corpora.text import HEAD, Upload, kind, lines, load, quoted
from components.corpora.trec import ids_of, is_comment, ordered, run_line
from components.domain import MAX_GRADE, Corpus, CorpusError, Count, Judgments, Query
from components.wording import count

_WHOLE = re.compile(r"([+-]?[0-9]{1,9})(?:\.0*)?")


class Pair(NamedTuple):
    """One line of a qrels or candidate file: a query, a document, its grade or rank, the place."""

    query: str
    document: str
    value: int
    where: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a judgment file lies outside a corpus, in distinct queries and documents."""

    queries: int
    unknown_queries: int
    documents: int
    unknown_documents: int


@dataclass(frozen=True, slots=True)
class Fitted:
    """Judgments of a corpus's queries and documents, and what else was judged.

    `dangling` are grades of documents that the corpus lacks, for its own queries; `unasked` counts
    the judged queries that it lacks, `left_out` the judgments of either kind, and `moved` those of
    passages that were cut otherwise.
    """

    judgments: Judgments
    dangling: Judgments = field(default_factory=dict)
    unasked: Count = field(default_factory=Count)
    left_out: Count = field(default_factory=Count)
    moved: int = 0


def read_qrels(path: Path, corpus: Corpus | None = None) -> Judgments:
    """Read graded judgments in any usual form; queries that are named by text need a corpus."""
    file = as_utf8(load(path), guess=False)  # nowhere would a guess be told
    form = form_of(file.name, file.content[:HEAD], sure=True) or Form("table", "\t")
    pairs = read_pairs(file, form)
    if corpus is None:
        return judgments_of(pairs)
    queries = named_queries(pairs, form, corpus.queries)
    return judgments_of(renamed(pairs, form, queries, corpus.by_id.keys()))


def read_candidates(path: Path, corpus: Corpus | None = None) -> dict[str, tuple[str, ...]]:
    """Read documents by query, in order: a TREC run, or a table of query, document and rank.

    Of a run the score decides and not the rank, as in trec_eval.
    """
    file = as_utf8(load(path), guess=False)  # nowhere would a guess be told
    head = file.content[:HEAD]
    ids = corpus.by_id.keys() if corpus else ()
    query_ids = {query.id for query in corpus.queries} if corpus else ()
    if run_form(head):
        return _run_candidates(file, query_ids, ids)
    form = form_of(f"{file.name}.tsv", head)
    if form is None or form.width == 4 or (form.header and form.value != "rank"):
        number, line = next(lines(file), (1, ""))
        if not line:
            raise CorpusError(f"{file.name}:1: the file holds no rows.", "Fill it.")
        raise CorpusError(
            f"{file.name}:{number}: expected the header query-id, corpus-id, rank, separated by "
            f"tabs, or the six columns of a TREC run; found {quoted(line)}.",
            "Add the header line, or give a run.",
        )
    ranks = _table(renamed(read_pairs(file, form), form, {}, ids))
    return {query: tuple(sorted(row, key=row.__getitem__)) for query, row in ranks.items()}


def _run_candidates(
    file: Upload, query_ids: Collection[str], ids: Collection[str]
) -> dict[str, tuple[str, ...]]:
    """Return the documents of a TREC run by query, in trec_eval's order."""
    run: dict[str, dict[str, float]] = {}
    for number, line in lines(file):
        if is_comment(line):
            continue
        where = f"{file.name}:{number}"
        query, document, _, score, _ = run_line(where, line)
        scores = run.setdefault(query, {})
        if document in scores:
            raise CorpusError(f"{where} ranks {quoted(document)} a second time.", "Remove a line.")
        scores[document] = score
    queries = ids_of(run, query_ids)
    documents = ids_of((document for scores in run.values() for document in scores), ids)
    return {
        queries.get(query, query): ordered({documents.get(d, d): s for d, s in scores.items()})
        for query, scores in run.items()
    }


def coverage(judgments: Judgments, corpus: Corpus) -> Coverage:
    """Count what judgments of a larger collection name beyond a corpus; no shared query raises."""
    query_ids = {query.id for query in corpus.queries}
    judged = {document for grades in judgments.values() for document in grades}
    unknown = judgments.keys() - query_ids
    if len(unknown) == len(judgments):
        raise CorpusError(
            f"None of the judged queries ({len(judgments):,}) is among the "
            f"{count(len(query_ids), 'query')} of the corpus {quoted(corpus.name)}; "
            f"the first is {quoted(next(iter(judgments), ''))}.",
            "Give the judgments that belong to this corpus.",
        )
    missing = judged - corpus.present(judged)
    return Coverage(len(judgments), len(unknown), len(judged), len(missing))


def within(judgments: Judgments, corpus: Corpus) -> Judgments:
    """Return the judgments of a corpus's own queries and documents."""
    query_ids = {query.id for query in corpus.queries}
    ids = corpus.present({document for grades in judgments.values() for document in grades})
    kept = {
        query: MappingProxyType({d: grade for d, grade in grades.items() if d in ids})
        for query, grades in judgments.items()
        if query in query_ids
    }
    return MappingProxyType({query: grades for query, grades in kept.items() if grades})


# ---------------------------------------------------------------- reading


def read_pairs(file: Upload, form: Form, meter: Meter | None = None) -> tuple[Pair, ...]:
    """Read the judgments or candidates of a file in this form; names are as they stand."""
    meter = meter or Meter()
    pairs: list[Pair] = []
    texts: dict[str, int] = {}  # numbers by how they are written, which is checked once
    for where, query, document, value in cells_of(file, form):
        meter.count_row(where)
        number = texts.get(value) if isinstance(value, str) else None
        if number is None:
            number = _whole(where, value, form.value)
            if isinstance(value, str):
                texts[value] = number
        pairs.append(Pair(query, document, number, where))
    if not pairs:
        raise CorpusError(f"{file.name}:1: the file holds no rows.", "Fill it or leave it out.")
    return tuple(pairs)


def _whole(where: str, value: object, column: str) -> int:
    """Return a grade or rank: a whole number, also where it is written as 1.0."""
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    text = str(value) if numeric or isinstance(value, str) else kind(value)
    match = _WHOLE.fullmatch(text.strip())
    if match is None or (column == "rank" and int(match[1]) < 0):
        what = "a whole number" if column == "score" else "a whole number from 0 or 1 upward"
        raise CorpusError(
            f"{where}: the {column} {quoted(text)} is not {what}.",
            "Write whole numbers of at most nine digits."
            if column == "rank"
            else f"Write whole numbers from -{MAX_GRADE} to {MAX_GRADE}; 1.0 is one as well.",
        )
    if column == "score" and abs(int(match[1])) > MAX_GRADE:
        raise CorpusError(
            f"{where}: the score {quoted(text)} is not a grade: an integer from -{MAX_GRADE} to "
            f"{MAX_GRADE}.",
            "Write how relevant the document is; ranks and raw scores are no grades.",
        )
    return int(match[1])


# ---------------------------------------------------------------- fitting


def named_queries(pairs: Iterable[Pair], form: Form, queries: Sequence[Query]) -> Mapping[str, str]:
    """Return the id of each query that judgments name otherwise: by its text, or encoded."""
    ids = {query.id for query in queries}
    by_text = {_folded(query.text): query.id for query in reversed(queries)}
    names = {pair.query for pair in pairs}
    codes = ids_of(names, ids) if form.kind == "trec" else {}
    texts = {name: by_text.get(_folded(name)) for name in names if name not in ids}
    return {**codes, **{name: id for name, id in texts.items() if id and name not in codes}}


def queries_of(pairs: Iterable[Pair]) -> tuple[Query, ...]:
    """Return a query for each text that judgments name, for a corpus that has no queries."""
    texts = dict.fromkeys(pair.query for pair in pairs)
    return tuple(Query(f"query-{number}", text) for number, text in enumerate(texts, 1))


def renamed(
    pairs: Sequence[Pair], form: Form, queries: Mapping[str, str], document_ids: Collection[str]
) -> list[Pair]:
    """Return pairs with the ids of their queries and documents."""
    coded = form.kind == "trec"
    documents = ids_of((p.document for p in pairs), document_ids) if coded else {}
    if not queries and not documents:
        return list(pairs)
    return [
        Pair(queries.get(p.query, p.query), documents.get(p.document, p.document), p.value, p.where)
        for p in pairs
    ]


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def fit(pairs: Sequence[Pair], document_ids: Collection[str], query_ids: Collection[str]) -> Fitted:
    """Return the judgments of these queries and documents, and count the others."""
    strange = [p for p in pairs if p.query not in query_ids or p.document not in document_ids]
    if not strange:
        return Fitted(judgments_of(pairs))
    first = strange[0]
    what, value = (
        ("document", first.document) if first.query in query_ids else ("query", first.query)
    )
    beyond = {pair.where for pair in strange}
    table = _table(pairs)  # a contradiction is one wherever it stands
    kept = judgments_of(p for p in pairs if p.where not in beyond)
    dangling = {
        query: {d: grade for d, grade in row.items() if d not in document_ids}
        for query, row in table.items()
        if query in query_ids
    }
    unasked = [query for query in table if query not in query_ids]
    return Fitted(
        kept,
        MappingProxyType({query: row for query, row in dangling.items() if row}),
        Count(len(unasked), *unasked[:1]),
        Count(len(strange), f"{first.where}: {what} {quoted(value)}"),
    )


def _table(pairs: Iterable[Pair]) -> dict[str, dict[str, int]]:
    """Return values by query and document; a pair that comes twice must say the same twice."""
    pairs, table = list(pairs), dict[str, dict[str, int]]()
    for query, document, value, where in pairs:
        row = table.get(query)
        if row is None:
            row = table[query] = {}
        if row.setdefault(document, value) != value:
            earlier = next(p for p in pairs if (p.query, p.document) == (query, document))
            raise CorpusError(
                f"{where}: query {quoted(query)} with document {quoted(document)} has {value} "
                f"here and {earlier.value} at {earlier.where}.",
                "Keep one of the two lines.",
            )
    return table


def judgments_of(pairs: Iterable[Pair]) -> Judgments:
    """Return read-only grades by query and document."""
    return MappingProxyType({q: MappingProxyType(row) for q, row in _table(pairs).items()})
