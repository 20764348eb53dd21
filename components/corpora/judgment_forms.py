"""The usual forms of judgments, recognized by what a file holds: tables, TREC's lines, JSON.

Every form becomes pairs of query, document and grade. A query may be named by its id or, as Quepid
and OpenSearch do, by its text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final, Literal

from components.corpora.columns import TEXT_NAMES, matching, plain
from components.corpora.formats.tables import EXCEL, split_line
from components.corpora.text import HEAD, Upload, decode, kind, lines, quoted
from components.corpora.trec import NUMBER, RUN_WIDTH, is_comment
from components.domain import CorpusError
from components.wording import count

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
        return _object_form(name, text)
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
    first, excel = sample[0], EXCEL.fullmatch(sample[0].strip())
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


def _object_form(name: str, text: str) -> Form | None:
    """Return the form of JSON: a judgment list, or objects with query, document and grade."""
    start = text.lstrip()
    if '"judgmentRatings"' in start or ('"ratings"' in start and '"query"' in start):
        return Form("document", by_text=True)
    if PurePosixPath(name).suffix.lower() == ".json" and is_named(name) and start[:1] == "{":
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


# ---------------------------------------------------------------- cells


def cells_of(file: Upload, form: Form) -> Iterator[tuple[str, str, str, object]]:
    """Yield place, query, document and grade of each judgment of a file, all as they stand."""
    if form.kind == "document":
        yield from _listed_cells(file, form)
    elif form.kind == "objects":
        for number, line in lines(file):
            where = f"{file.name}:{number}"
            yield where, *_object_cells(where, _loaded(where, line), form)
    else:
        yield from _line_cells(file, form)


def _line_cells(file: Upload, form: Form) -> Iterator[tuple[str, str, str, object]]:
    """Yield the cells of a table, or of TREC's lines, whose comments are left out."""
    header = form.header
    for number, line in lines(file):
        if (form.kind == "trec" or not form.header) and is_comment(line):
            continue
        if header:
            header = EXCEL.fullmatch(line.strip()) is not None
            continue
        where = f"{file.name}:{number}"
        cells = split_line(line, form.delimiter)
        picked = [cells[at] for at in form.places] if len(cells) == form.width else []
        if not picked or not all(cell.strip() for cell in picked):
            raise CorpusError(
                f"{where}: expected {count(form.width, 'column')}, all filled; found {len(cells)}: "
                f"{', '.join(quoted(cell) for cell in cells[:6])}.",
                f"Write query, document and {form.value}, separated as in the first line.",
            )
        yield where, picked[0], picked[1], picked[2].strip()


def _loaded(where: str, text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError as exc:
        reason = f"{where}: not valid JSON at line {exc.lineno}, column {exc.colno}: {exc.msg}."
        raise CorpusError(reason, "Write valid JSON.") from exc
    except (RecursionError, ValueError) as exc:
        reason = f"{where}: the JSON is nested too deeply or has a number of over 4300 digits."
        raise CorpusError(reason, "Simplify it.") from exc


def _object_cells(where: str, value: object, form: Form) -> tuple[str, str, object]:
    """Return query, document and grade of an object."""
    if not isinstance(value, dict) or any(name not in value for name in form.names):
        raise CorpusError(
            f"{where}: expected an object with {', '.join(map(quoted, form.names))}; found "
            f"{kind(value)}.",
            "Name query, document and grade as in the first object.",
        )
    query, document, grade = (value[name] for name in form.names)
    return _name(where, query), _name(where, document), grade


def _name(where: str, value: object) -> str:
    """Return a query or document, which is a string or a whole number."""
    if isinstance(value, str) and value.strip():
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise CorpusError(
        f"{where}: expected the name of a query or document; found {kind(value)}.",
        "Name it by a string.",
    )


def _listed_cells(file: Upload, form: Form) -> Iterator[tuple[str, str, str, object]]:
    """Yield the cells of a JSON document: objects, queries with ratings, or grades by query."""
    value = _loaded(f"{file.name}:1", decode(file))
    if isinstance(value, dict):
        inner = [value[k] for k in ("judgmentRatings", "judgments", "queries") if k in value]
        value = inner[0] if inner else value
    if isinstance(value, dict):
        value = [{"query": query, "ratings": ratings} for query, ratings in value.items()]
    if not isinstance(value, list):
        raise CorpusError(
            f"{file.name}: expected a list of judgments; found {kind(value)}.",
            'Write a list of {"query": ..., "ratings": [{"docId": ..., "rating": ...}]}.',
        )
    for number, item in enumerate(value, 1):
        where = f"{file.name}, item {number}"
        if isinstance(item, dict) and "ratings" in item:
            yield from _rated(where, item)
        else:
            yield where, *_object_cells(where, item, form)


def _rated(where: str, item: Mapping[str, object]) -> Iterator[tuple[str, str, str, object]]:
    """Yield the judgments of a query with its ratings, a list of objects or grades by document."""
    named = matching(list(item), (*QUERY_TEXTS, *QUERY_NAMES))
    query = _name(where, item[named[0]] if named else None)
    ratings = item["ratings"]
    if isinstance(ratings, dict):
        ratings = [{"docId": document, "rating": grade} for document, grade in ratings.items()]
    for number, rating in enumerate(ratings if isinstance(ratings, list) else [ratings], 1):
        place = f"{where}, rating {number}"
        keys = list(rating) if isinstance(rating, dict) else []
        documents = matching(keys, (*DOCUMENT_NAMES, "id"))
        grades = matching(keys, GRADE_NAMES)
        names = (documents or ("docId",))[0], (grades or ("rating",))[0]
        form = Form("objects", names=("query", *names))
        value = {"query": query, **rating} if isinstance(rating, dict) else rating
        yield place, *_object_cells(place, value, form)
