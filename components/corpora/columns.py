"""Which field of a row is its id, title and text: one list of names serves every format."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from components.corpora.formats import Columns, TablePreview
from components.corpora.text import Row, quoted
from components.domain import CorpusError
from components.wording import count

SAMPLE_ROWS: Final = 200
"""Rows that a guess looks at."""

OWN_IDS: Final = ("_id", "id", "docid")
"""Names that say that a field is the row's own id: an id that comes twice is then an error."""
ID_NAMES: Final = (
    *OWN_IDS,
    *("documentid", "docno", "passageid", "chunkid", "corpusid", "articleid", "pid", "did"),
    *("uid", "uuid", "guid", "identifier", "pmid", "doi", "isbn", "sku", "key", "slug"),
)
TITLE_NAMES: Final = (
    *("title", "heading", "subject", "headline", "doctitle", "documenttitle", "pagetitle"),
    *("titel", "name"),
)
TEXT_NAMES: Final = (
    *("text", "contents", "body", "passage", "content", "document", "passagetext", "documenttext"),
    *("doctext", "fulltext", "bodytext", "pagecontent", "chunktext", "chunk", "paragraph"),
    *("segment", "abstract", "description"),
)
QUERY_ID_NAMES: Final = (*OWN_IDS[:2], "qid", "queryid", "topicid", "number", *ID_NAMES[2:])
QUERY_TEXT_NAMES: Final = ("text", "query", "question", "querytext", "title", *TEXT_NAMES[1:])
"""The names of fields and columns, plain as `plain` makes them; the first wins."""

UNNAMED: Final = "column {}"
"""The name of a column without one; the first is usually an id."""
_LOOKED_AT: Final = 2_000
"""Characters of a text in which words are told from addresses and codes."""
_ADDRESS = re.compile(r"[\w+.-]+://\S+|www\.\S+|\S+@\S+")
_CODED = re.compile(
    r"[\w+.-]+://\S*|www\.\S+|\S*[0-9_@=&]\S*|\S*\w[./\\:]\w\S*|\S*\w-\w+-\w\S*|\S{41,}|\W+"
)
"""A word of ASCII that is none: an address, a number, a code, a file's name, a slug, a hash."""
_ID_WORDS = frozenset({"id", "ids", "no", "nr", "number", "num", "code", "url", "uri", "link"})


@dataclass(frozen=True, slots=True)
class Roles:
    """The fields that are read as id, title and text; the first that a row has counts.

    Those of `strict` are ids and nothing else: where one holds none, or the same twice, that is an
    error. `guessed` is the text's field where only the length of its texts suggests it, and
    `reasons` says for each field why it was taken.
    """

    ids: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    strict: frozenset[str] = frozenset()
    guessed: str = ""
    reasons: Mapping[str, str] = field(default_factory=dict)


def plain(name: str) -> str:
    """Return a name in lower case without spaces, hyphens, underscores and other signs."""
    return re.sub(r"[\W_]+", "", name.lower())


def matching(names: Sequence[str], wanted: Sequence[str]) -> tuple[str, ...]:
    """Return the names that mean one of those wanted, in the order in which these stand."""
    places = {name: place for place, name in reversed(list(enumerate(wanted)))}
    ranks = {}
    for name in names:
        place = places.get(name.lower().strip(), places.get(plain(name)))
        if place is not None:
            ranks[name] = place
    return tuple(sorted(ranks, key=ranks.__getitem__))


def roles_of(file: str, rows: Sequence[Row], columns: Columns | None = None) -> Roles:
    """Return the roles of fields among a file's first rows; `columns` were chosen by hand.

    Raises `CorpusError` for a column that is not there, and where no field can be the text.
    """
    names = list(dict.fromkeys(name for row in rows for name in row.fields))
    by_hand = columns.named if columns else {}
    taken = [name for role in by_hand.values() for name in role]
    _check_columns(file, names, taken)
    free = [name for name in names if name not in (*taken, "metadata")]
    guessed = ""
    ids = by_hand.get("id", matching(free, ID_NAMES))
    titles = by_hand.get("title", matching(_with_strings(rows, free, TITLE_NAMES[0]), TITLE_NAMES))
    texts = by_hand["text"] if "text" in by_hand else _named_texts(rows, free)
    if not texts and rows:
        guessed = _longest(rows, [name for name in free if name not in ids])
        texts, titles = (guessed,), tuple(title for title in titles if title != guessed)
    if not ids and "id" not in by_hand:
        ids = _identifying(rows, [name for name in free if name not in (*texts, *titles)])
    strict = frozenset(name for name in ids if name.lower().strip() in OWN_IDS)
    reasons = {name: "by its name" for name in (*texts[:1], *titles[:1], *ids[:1])}
    reasons |= dict.fromkeys(taken, "as chosen")
    if guessed:
        reasons[guessed] = _why_text(rows, free, ids, guessed)
    return Roles(ids, titles, texts, strict, guessed, reasons)


def _check_columns(file: str, names: Sequence[str], wanted: Sequence[str]) -> None:
    """Raise `CorpusError` for a chosen column that is not there."""
    for name in wanted:
        if name not in names:
            raise CorpusError(
                f"{file}:1: expected one column {quoted(name)}; found 0 among "
                f"{listed_names(names)}.",
                "Choose a column that the file has.",
            )


def _named_texts(rows: Sequence[Row], names: Sequence[str]) -> tuple[str, ...]:
    """Return the fields that are named like a text; one of addresses alone is not one."""
    named = matching(_with_strings(rows, names, TEXT_NAMES[0]), TEXT_NAMES)
    texts = []
    for name in named:
        values = _strings(rows, name) if name != TEXT_NAMES[0] else []
        if not values or not all(_ADDRESS.fullmatch(value.strip()) for value in values):
            texts.append(name)
    return tuple(texts)


def _with_strings(rows: Sequence[Row], names: Sequence[str], always: str) -> list[str]:
    """Return the names of fields that hold a string somewhere, or that have this very name."""
    return [
        name
        for name in names
        if name == always or any(isinstance(row.fields.get(name), str) for row in rows)
    ]


def _longest(rows: Sequence[Row], names: Collection[str]) -> str:
    """Return the field with the longest texts; raise `CorpusError` where none holds any.

    Only words count, not addresses and codes, unless there is nothing else.
    """
    lengths = {name: (_length(rows, name, in_words=True), _length(rows, name)) for name in names}
    best = max(lengths, key=lengths.__getitem__, default="")
    if not best or not lengths[best][1]:
        names = list(dict.fromkeys(name for row in rows for name in row.fields))
        raise CorpusError(
            f"{rows[0].where}: the field {TEXT_NAMES[0]!r} is missing, and no other holds a text; "
            f"found {listed_names(names) or 'no fields'}.",
            f"Name the field that holds the text {TEXT_NAMES[0]}.",
        )
    return best


def _why_text(rows: Sequence[Row], names: Sequence[str], ids: Collection[str], guessed: str) -> str:
    """Return why a field is read as the text: what follows "it"."""
    n_words = sum(len(str(row.fields.get(guessed, "")).split()) for row in rows) / len(rows)
    why = f"holds the longest texts: {count(round(n_words), 'word')} a row"
    length = _length(rows, guessed)
    longer = [name for name in names if name not in ids and _length(rows, name) > length]
    if longer and _length(rows, guessed, in_words=True):
        why += f" (addresses and codes, as in {quoted(longer[0])}, do not count)"
    return why


def _strings(rows: Sequence[Row], name: str) -> list[str]:
    """Return what strings the rows hold in a field, but for blank ones."""
    values = (row.fields.get(name) for row in rows)
    return [value for value in values if isinstance(value, str) and value.strip()]


def _length(rows: Sequence[Row], name: str, *, in_words: bool = False) -> float:
    """Return how many characters the strings of a field have, or about how many `in_words`."""
    total = 0.0
    for value in _strings(rows, name):
        text = value.strip()
        tokens = text[:_LOOKED_AT].split() if in_words else []
        plain_words = sum(len(t) for t in tokens if not (t.isascii() and _CODED.fullmatch(t)))
        total += len(text) * plain_words / sum(map(len, tokens)) if in_words else len(text)
    return total


def _identifying(rows: Sequence[Row], names: Sequence[str]) -> tuple[str, ...]:
    """Return the first field that could be an id: named like one, or coded like one."""
    split = re.compile(r"[\W_]+|(?<=[a-z])(?=[A-Z])")
    named = [
        name
        for name in names
        if _ID_WORDS & {w.lower() for w in split.split(name)} or name == UNNAMED.format(1)
    ]
    for name in (*named, *names):
        values = [row.fields.get(name) for row in rows]
        plain_ids = [v for v in values if isinstance(v, int | str) and not isinstance(v, bool)]
        texts = [str(value) for value in plain_ids]
        if len(set(texts)) < len(rows) or not all(t.strip() and len(t) <= 200 for t in texts):
            continue
        if name in named or all(re.fullmatch(r"(?=\S*[A-Za-z])(?=\S*\d)\S+", t) for t in texts):
            return (name,)
    return ()


def listed_names(names: Sequence[str]) -> str:
    """Return up to twelve names in quotes, and how many more there are."""
    more = f" and {count(len(names) - 12, 'other')}" if len(names) > 12 else ""
    return ", ".join(map(quoted, names[:12])) + more


PREVIEW_ROWS: Final = 20


def preview_of(
    file: str,
    rows: Sequence[Row],
    names: Sequence[str] = (),
    delimiter: str = "",
    *,
    named: bool = True,
) -> TablePreview:
    """Return what a page shows of a file's first rows, with the columns that are suggested."""
    names = names or list(dict.fromkeys(name for row in rows for name in row.fields))
    try:
        roles = roles_of(file, rows)
    except CorpusError:
        roles = Roles()
    columns = None
    if roles.texts:
        columns = Columns(
            roles.texts[0], next(iter(roles.titles), None), next(iter(roles.ids), None)
        )
    cells = tuple(
        tuple("" if (v := row.fields.get(name)) is None else str(v) for name in names)
        for row in rows[:PREVIEW_ROWS]
    )
    reason = roles.reasons.get(roles.texts[0], "") if columns else ""
    return TablePreview(tuple(names), cells, delimiter, columns, reason, bool(roles.guessed), named)
