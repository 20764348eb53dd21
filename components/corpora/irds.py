"""Collections of ir_datasets by their ids: `irds:beir/scifact/test`.

The library is an optional extra. It downloads a collection once, and asks its owner for it: nothing
is fetched unless a user names an id on the command line or in Python.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import islice
from typing import Any, Final

from components.corpora.layout import CORPUS, QRELS, QUERIES, TEST, Source
from components.corpora.limits import PROGRESS_ROWS, Meter
from components.corpora.reading import read_sources, source_of
from components.corpora.text import Upload, printable, quoted
from components.domain import Cancelled, Corpus, CorpusError, InputError, Progress, no_progress
from components.wording import count, shortened

PREFIX: Final = "irds:"
MOST_DOCUMENTS: Final = 1_000_000
"""Documents of a collection, each of which takes about two kilobytes of memory."""


def read_irds(identity: str, progress: Progress = no_progress) -> Corpus:
    """Read a collection of ir_datasets; its queries and judgments are those of the id.

    `progress` is told of the documents as the library hands them out, then of the rows read.
    Raises `InputError` where the library is not installed or has no such id, and `CorpusError`
    where the collection cannot be had, has no documents or too many.
    """
    dataset = _dataset(identity)
    try:
        if not dataset.has_docs():
            raise CorpusError(
                f"{PREFIX}{identity}: the collection has no documents.",
                "Give the id of one that has.",
            )
        _check_number(identity, dataset.docs_count() or 0)  # not every collection knows it ahead
        sources = _sources(identity, dataset, progress)
    except (CorpusError, Cancelled):
        raise
    except Exception as exc:  # a download, a licence or a file of any kind went wrong
        reason = shortened(printable(str(exc), 2_000) or type(exc).__name__, 200)
        raise CorpusError(
            f"{PREFIX}{identity}: ir_datasets cannot read the collection: {reason}.",
            f"Try it by itself: ir_datasets export {identity} docs.",
        ) from exc
    name = printable(identity)
    return read_sources(name, f"{PREFIX}{name}", sources, Meter(progress=progress))


def _dataset(identity: str) -> Any:  # noqa: ANN401
    """Return what the library knows under an id."""
    try:
        import ir_datasets  # an optional extra
    except ImportError as exc:
        raise InputError(
            f"{PREFIX}{printable(identity)} needs the library ir_datasets, which is not installed.",
            'Install it: pip install "rerank-lab[irds]".',
        ) from exc
    try:
        return ir_datasets.load(identity)
    except KeyError as exc:
        raise InputError(
            f"ir_datasets has no collection {quoted(identity)}.",
            "Its ids are listed at https://ir-datasets.com, for example irds:beir/scifact/test.",
        ) from exc


def _check_number(identity: str, number: int) -> None:
    """Raise `CorpusError` for more documents than are read."""
    if number > MOST_DOCUMENTS:
        raise CorpusError(
            f"{PREFIX}{identity}: the collection has {count(number, 'document')} or more; "
            f"expected at most {MOST_DOCUMENTS:,}.",
            "Give the id of a smaller one.",
        )


def _sources(identity: str, dataset: Any, progress: Progress) -> list[Source]:  # noqa: ANN401
    """Return a collection as the files of a BEIR folder."""
    documents: list[Any] = []
    total = dataset.docs_count() or 0
    for document in islice(dataset.docs_iter(), MOST_DOCUMENTS + 1):
        if len(documents) % PROGRESS_ROWS == 0:
            progress(len(documents), max(total, len(documents)))
        documents.append(document)
    progress(len(documents), len(documents))
    _check_number(identity, len(documents))
    files = {CORPUS: _lines(map(_document, documents))}
    if dataset.has_queries():
        files[QUERIES] = _lines(map(_query, dataset.queries_iter()))
        if dataset.has_qrels():
            rows = (f"{q.query_id}\t{q.doc_id}\t{q.relevance}\n" for q in dataset.qrels_iter())
            files[f"{QRELS}/{TEST}.tsv"] = "query-id\tcorpus-id\tscore\n" + "".join(rows)
    return [source_of(Upload(name, text.encode())) for name, text in files.items()]


def _lines(rows: Iterable[dict[str, object]]) -> str:
    return "".join(f"{json.dumps(row, default=str)}\n" for row in rows)


def _document(document: Any) -> dict[str, object]:  # noqa: ANN401
    """Return the fields of a document; the text of one with none of that name is put together."""
    fields = document._asdict()
    identity = fields.pop("doc_id")
    text = next((fields.pop(name) for name in ("text", "body") if name in fields), None)
    if text is None:
        text, fields = document.default_text(), {}
    return {"_id": identity, "title": fields.pop("title", ""), "text": text, **fields}


def _query(query: Any) -> dict[str, object]:  # noqa: ANN401
    """Return the id and the text of a query."""
    fields = query._asdict()
    text = next((fields[name] for name in ("text", "title", "query") if name in fields), None)
    return {"_id": query.query_id, "text": query.default_text() if text is None else text}
