"""Judgments as files: TREC qrels, BEIR's TSV, Quepid's CSV, and a table of every judge's own."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping

from components.domain import Corpus, Judgments
from components.exports.tables import guarded
from components.exports.trec import qrels_lines
from components.judging.records import Judgment

COLUMNS = (
    *("query", "document", "judge", "grade", "highest", "note", "at", "blind", "edited"),
    *("pool", "draw", "chance", "seed"),
)


def trec_qrels(judgments: Judgments, corpus: Corpus) -> str:
    """Return judgments as the lines of TREC qrels."""
    return "".join(f"{line}\n" for line in qrels_lines(judgments))


def beir_qrels(judgments: Judgments, corpus: Corpus) -> str:
    """Return judgments as the TSV that BEIR's collections have."""
    rows = ((q, d, grade) for q, row in judgments.items() for d, grade in row.items())
    return _table(("query-id", "corpus-id", "score"), rows, "\t")


def quepid_csv(judgments: Judgments, corpus: Corpus) -> str:
    """Return judgments as Quepid imports them: the query's text, the document's id, the rating."""
    texts = {query.id: query.text for query in corpus.queries}
    rows = (
        (guarded(texts.get(q, q)), guarded(d), grade)
        for q, row in judgments.items()
        for d, grade in row.items()
    )
    return _table(("query", "docid", "rating"), rows, ",")


FORMATS: Mapping[str, Callable[[Judgments, Corpus], str]] = {
    "trec": trec_qrels,
    "beir": beir_qrels,
    "quepid": quepid_csv,
}


def judgments_csv(judgments: Iterable[Judgment], corpus: Corpus, *, names: bool) -> str:
    """Return every judgment in force, one a row; without `names` judges are numbered.

    A judgment without a grade is one of a judge who could not say.
    """
    judgments = list(judgments)
    numbers = {j: f"judge {i}" for i, j in enumerate(sorted({j.judge for j in judgments}), 1)}
    rows = (
        (
            guarded(j.query),
            guarded(j.document),
            guarded(j.judge) if names else numbers[j.judge],
            "" if j.grade is None else j.grade,
            j.highest,
            guarded(j.note),
            j.at.isoformat(timespec="seconds"),
            j.blind,
            j.is_outdated(corpus.by_id),
            *(j.draw.pool, j.draw.number, repr(j.draw.chance), j.draw.seed),
        )
        for j in judgments
    )
    return _table(COLUMNS, rows, ",")


def _table(head: Iterable[str], rows: Iterable[Iterable[object]], delimiter: str) -> str:
    out = io.StringIO()
    table = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    table.writerow(head)
    table.writerows(rows)
    return out.getvalue()
