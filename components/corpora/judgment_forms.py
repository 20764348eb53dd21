"""The usual forms of judgments, recognized by what a file holds: tables, TREC's lines, JSON.

Every form becomes pairs of query, document and grade. A query may be named by its id or, as Quepid
and OpenSearch do, by its text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final, Literal

from components.corpora.columns import TEXT_NAMES, matching, plain
from components.corpora.formats.tables import EXCEL, split_line
from components.corpora.text import HEAD
from components.corpora.trec import NUMBER, RUN_WIDTH, is_comment

QUERY_NAMES: Final = ("queryid", "qid", "topicid", "topic")
QUERY_TEXTS: Final = ("query", "querytext", "question", "searchquery", "keywords", "searchterm")
DOCUMENT_NAMES: Final = (
    *("corpusid", "docid", "documentid", "did", "pid", "passageid", "docno", "doc"),
    *("productid", "itemid"),
)
GRADE_NAMES: Final = (
    *("score", "rating", "grade", "relevance", "rel", "label", "judgment", "judgement"),
    *("relevancescore", "relevancegrade", "relevancelabel", "gain"),
)
RANK_NAMES: Final = ("rank",)
SPLITS: Final = ("test", "dev", "train", "val", "valid", "validation", "trial")
"""The usual names of splits: a file of judgments with another name, if alone, is `test`."""
ENDINGS: Final = (".tsv", ".csv", ".txt", ".trec", ".qrels", ".qrel", ".jsonl", ".json")
"""The endings of files that can hold judgments."""
SAMPLE_LINES: Final = 50
_TREC_ITERATION = re.compile(r"[Qq]?[0-9]{1,4}")

Kind = Literal["table", "trec", "objects", "document"]


@dataclass(frozen=True, slots=True)
class Form:
    """How a file names query, document and grade; `value` is the grade's or the rank's column.

    `places` are the columns of a table or of TREC's lines, `names` the fields of objects. `header`
    tells whether the first line names the columns, and `by_text` whether queries are texts.
    """

    kind: Kind
    delimiter: str = ""
    places: tuple[int, int, int] = (0, 1, 2)
    width: int = 3
    names: tuple[str, str, str] = ("", "", "")
    header: bool = False
    by_text: bool = False
    value: Literal["score", "rank"] = "score"

    def describe(self) -> str:
        """Return the form in words."""
        if self.kind == "trec":
            return "TREC qrels"
        if self.kind == "document":
            return "JSON judgment list"
        return "JSONL judgments" if self.kind == "objects" else "table of judgments"


def form_of(name: str, head: bytes, *, sure: bool = False) -> Form | None:
    """Return the form of a file's judgments, or None where it holds none, by its first bytes.

    What is `sure` to be judgments, by its name too, is a table or TREC's lines where it has lines.
    """
    suffix = PurePosixPath(name).suffix.lower()
    if suffix not in ENDINGS and not sure:
        return None
    text = head.decode(errors="replace").removeprefix("\ufeff")
    if suffix in (".json", ".jsonl"):
        return _object_form(text, suffix, sure=sure or is_named(name))
    sample = _sample(text)
    if not sample:
        return None
    return _table_form(sample) or _bare_form(sample, sure=sure or is_named(name))


def is_named(name: str) -> bool:
    """Return whether a file's name says that it holds judgments: qrels.txt, qrels/dev.tsv."""
    path = PurePosixPath(name)
    suffix = path.suffix.lower()
    folder = path.parent.name == "qrels" and suffix in (".tsv", ".csv")
    return suffix in (".trec", ".qrels", ".qrel") or "qrel" in path.stem.lower() or folder


def run_form(head: bytes) -> bool:
    """Return whether a file's first lines are those of a TREC run."""
    sample = _sample(head.decode(errors="replace").removeprefix("\ufeff"))
    rows = [line.split() for line in sample]
    return bool(rows) and all(
        len(row) == RUN_WIDTH and re.fullmatch(r"-?\d+", row[3]) and NUMBER.fullmatch(row[4])
        for row in rows
    )


def _sample(text: str) -> list[str]:
    """Return the first whole lines that are neither blank nor comments."""
    whole = text if text.endswith("\n") or len(text) < HEAD // 4 else text.rpartition("\n")[0]
    usable = (line.rstrip("\r") for line in (whole or text).split("\n"))
    return [line for line in usable if line.strip() and not is_comment(line)][:SAMPLE_LINES]


def _table_form(sample: Sequence[str]) -> Form | None:
    """Return the form of a table whose header names query, document and grade or rank."""
    first, excel = sample[0], EXCEL.fullmatch(sample[0])
    if excel and len(sample) > 1:
        first = sample[1]
    for delimiter in (excel[1],) if excel else ("\t", ",", ";", "|", ""):
        cells = split_line(first, delimiter)
        if len(cells) < 3:
            continue
        named = _named(cells)
        if named and not matching(cells, TEXT_NAMES[:1]):
            query, document, value = (cells.index(name) for name in named)
            return Form(
                "table",
                delimiter,
                (query, document, value),
                len(cells),
                header=True,
                by_text=plain(named[0]) in QUERY_TEXTS,
                value="rank" if plain(named[2]) in RANK_NAMES else "score",
            )
    return None


def _named(cells: Sequence[str]) -> tuple[str, str, str] | None:
    """Return the names among these of query, document and grade or rank; None without all."""
    queries = matching(cells, (*QUERY_NAMES, *QUERY_TEXTS))
    documents = matching(cells, DOCUMENT_NAMES)
    values = matching(cells, GRADE_NAMES) or matching(cells, RANK_NAMES)
    return (queries[0], documents[0], values[0]) if queries and documents and values else None


def _bare_form(sample: Sequence[str], *, sure: bool) -> Form | None:
    """Return the form of lines without a header: TREC's four columns, or three.

    Where the file's name is `sure` to say so, anything may be the iteration, and the first line
    a header of other names.
    """
    ends = sample[0].split() or [""]
    other = sure and len(sample) > 1 and not NUMBER.fullmatch(ends[-1])
    for header in (False, True) if other else (False,):
        rows = sample[header:]
        tokens = [line.split() for line in rows]
        if _fits(tokens, 4) and (sure or all(_TREC_ITERATION.fullmatch(w[1]) for w in tokens[:3])):
            return Form("trec", "", (0, 2, 3), 4, header=header)
        for delimiter in ("\t", ",", ";", "|", ""):
            cells = [split_line(line, delimiter) for line in rows]
            if _fits(cells, 3):
                return Form("trec" if not delimiter else "table", delimiter, header=header)
    if not sure:
        return None
    four = len(sample[0].split()) == 4 and "\t" not in sample[0]
    return Form("trec", "", (0, 2, 3), 4) if four else Form("table", "\t")


def _fits(rows: Sequence[Sequence[str]], width: int) -> bool:
    """Return whether the first and four fifths of all rows are this wide and end in a number."""
    fit = [
        len(row) == width
        and all(cell.strip() for cell in row)
        and bool(NUMBER.fullmatch(row[-1].strip()))
        for row in rows
    ]
    return fit[0] and sum(fit) >= 0.8 * len(fit)


def _object_form(text: str, suffix: str, *, sure: bool) -> Form | None:
    """Return the form of JSON: a judgment list, or objects with query, document and grade."""
    start = text.lstrip()
    if '"judgmentRatings"' in start or ('"ratings"' in start and '"query"' in start):
        return Form("document", by_text=True)
    if sure and suffix == ".json" and start[:1] == "{":
        return Form("document")
    first = re.match(r"\[?\s*(\{[^{}]*\})", start)
    try:
        value = json.loads(first[1]) if first else None
    except ValueError:
        return None
    keys = list(value) if isinstance(value, dict) else []
    named = _named(keys)
    if named is None or matching(keys, TEXT_NAMES[:1]):
        return None
    form: Kind = "document" if start.startswith("[") else "objects"
    by_text = plain(named[0]) in QUERY_TEXTS
    value_kind: Literal["score", "rank"] = "rank" if plain(named[2]) in RANK_NAMES else "score"
    return Form(form, names=named, by_text=by_text, value=value_kind)
