"""The cells of judgments: query, document and grade of each, as they stand in a file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

from components.corpora.columns import matching
from components.corpora.formats.tables import EXCEL, split_line
from components.corpora.judgment_forms import (
    DOCUMENT_NAMES,
    GRADE_NAMES,
    QUERY_NAMES,
    QUERY_TEXTS,
    Form,
)
from components.corpora.text import Upload, decode, kind, lines, quoted
from components.corpora.trec import is_comment
from components.domain import CorpusError
from components.wording import count

BLOCK: Final = 500_000
"""Characters of lines that are taken apart at once."""


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
    """Yield the cells of a table, or of TREC's lines, whose comments are left out.

    A block of lines all of which are as usual is taken apart at once; of any other each line.
    """
    usual, header = _usual_line(form), form.header
    for first, block in _blocks(file):
        quotes = form.delimiter not in ("", "\t") and '"' in block
        rows = usual.findall(block) if usual and not header and not quotes else []
        if rows and len(rows) == block.count("\n") + (block[-1] != "\n"):
            for number, (query, document, grade) in enumerate(rows, first):
                yield f"{file.name}:{number}", query, document, grade
            continue
        for number, line in enumerate(block.split("\n"), first):
            if not line.strip() or (_has_comments(form) and is_comment(line)):
                continue
            line = line.removesuffix("\r")
            if header:
                header = EXCEL.fullmatch(line) is not None
            else:
                yield _cells(f"{file.name}:{number}", line, form)


def _has_comments(form: Form) -> bool:
    return form.kind == "trec" or not form.header


def _blocks(file: Upload) -> Iterator[tuple[int, str]]:
    """Yield a file's text in blocks of whole lines, each with the number of its first."""
    text, start, number = decode(file), 0, 1
    while start < len(text):
        file.check()
        end = text.find("\n", start + BLOCK) + 1 or len(text)
        yield number, text[start:end]
        number += text.count("\n", start, end)
        start = end


def _usual_line(form: Form) -> re.Pattern[str] | None:
    """Return what a line without anything unusual looks like: no blank before a name, no quotes.

    None is where the columns stand in another order than query, document and grade.
    """
    if list(form.places) != sorted(form.places):
        return None
    d = re.escape(form.delimiter)
    blank, cell = rf"[^\S\n{d}]*", rf"[^{d}\n]*" if d else r"\S+"
    kinds = dict(zip(form.places, (rf"([^\s{d}][^{d}\n]*)" if d else r"(\S+)",) * 2, strict=False))
    kinds[form.places[2]] = rf"{blank}([+-]?[0-9]{{1,9}}(?:\.0*)?){blank}"
    columns = (d or r"[^\S\n]+").join(kinds.get(at, cell) for at in range(form.width))
    comment = r"(?!\s*#)" if _has_comments(form) else ""
    around = "" if d else blank
    return re.compile(f"^{comment}{around}{columns}{around}$", re.MULTILINE)


def _cells(where: str, line: str, form: Form) -> tuple[str, str, str, object]:
    """Return the cells of a line; raise `CorpusError` where it lacks any."""
    cells = split_line(line, form.delimiter)
    picked = [cells[at] for at in form.places] if len(cells) == form.width else []
    if not picked or not all(cell.strip() for cell in picked):
        raise CorpusError(
            f"{where}: expected {count(form.width, 'column')}, all filled; found {len(cells)}: "
            f"{', '.join(quoted(cell) for cell in cells[:6])}.",
            f"Write query, document and {form.value}, separated as in the first line.",
        )
    return where, picked[0], picked[1], picked[2].strip()


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
