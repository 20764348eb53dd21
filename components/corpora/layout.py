"""Which file of a folder or an upload is what: documents, queries, judgments, description.

The usual layout is BEIR's: corpus.jsonl, queries.jsonl, qrels/SPLIT.tsv and a card.md in plain
words. What stands there under other names is recognized by what it holds, and what is not read is
named with its reason.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Final

from components.corpora.columns import ID_NAMES, QUERY_ID_NAMES, TEXT_NAMES, matching, plain
from components.corpora.formats import format_of, is_prose, usual_endings
from components.corpora.judgment_forms import ENDINGS, SPLITS, Form, form_of, run_form
from components.corpora.text import HEAD, Upload, printable, quoted
from components.domain import CorpusError
from components.wording import listed

CORPUS = "corpus.jsonl"
QUERIES = "queries.jsonl"
CARD = "card.md"
QRELS = "qrels"
TEST = "test"
"""The usual split: read first, and the only one that may be asked for and be absent."""
_QUERY_STEMS: Final = ("queries", "query", "topics", "questions")
_CORPUS_STEMS: Final = ("corpus", "documents", "docs", "collection", "passages")


@dataclass(frozen=True, slots=True)
class Source:
    """A file that may be read: its name, how it begins, and how to have it whole."""

    name: str
    head: bytes
    load: Callable[[], Upload]

    @property
    def stem(self) -> str:
        """Return the file's name without folders and ending, in lower case."""
        return PurePosixPath(self.name).stem.lower()


@dataclass(frozen=True, slots=True)
class Parts:
    """The files of a corpus by what they are for; `judgments` by split, with their form.

    `ignored` are the names of the other files, with the reason.
    """

    corpus: tuple[Source, ...]
    queries: Source | None = None
    judgments: Mapping[str, tuple[Source, Form]] = field(default_factory=dict)
    card: Source | None = None
    ignored: Mapping[str, str] = field(default_factory=dict)


def check_split(split: str, splits: Collection[str]) -> None:
    """Raise `CorpusError` unless the split is there or is `test`, which may be absent."""
    if split != TEST and split not in splits:
        raise CorpusError(
            f"{QRELS}/{printable(split)}.tsv: there is no such split in this corpus.",
            f"Splits: {', '.join(map(printable, sorted(splits))) or 'none'}.",
        )


def parts_of(name: str, sources: Sequence[Source]) -> Parts:
    """Tell the files of a folder, zip or upload apart by name, ending and contents."""
    ignored: dict[str, str] = {}
    sources = _within_root(name, [s for s in sources if not _hidden(s, ignored)])
    judgments, rest = judgments_among(sources, ignored)
    queries = _queries(rest)
    rest = [source for source in rest if source is not queries]
    corpus = _corpus(name, rest, ignored)
    if queries and not corpus and not judgments:
        corpus, queries = (queries,), None  # without any other documents, the queries are those
    card = next((s for s in rest if s.name == CARD and s not in corpus), None)
    if not corpus:
        raise _no_corpus(name, [*sources], ignored, judgments)
    for source in rest:
        if source not in corpus and source is not card:
            reason = "not the corpus" if is_prose(source.name) else _unread(source)
            ignored.setdefault(source.name, f"{reason}; the documents are in {corpus[0].name}")
    return Parts(corpus, queries, judgments, card, dict(sorted(ignored.items())))


def _hidden(source: Source, ignored: dict[str, str]) -> bool:
    """Tell whether a file is the system's own, and name it."""
    parts = PurePosixPath(source.name).parts
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
    if hidden:
        ignored[source.name] = "hidden: the system's own file"
    return hidden


def _within_root(name: str, sources: Sequence[Source]) -> list[Source]:
    """Return files named from the folder that holds corpus.jsonl, if one does."""
    names = [source.name for source in sources]
    roots = [n.removesuffix(CORPUS) for n in names if f"/{n}".endswith(f"/{CORPUS}")]
    if len(roots) > 1 or len(set(names)) < len(names):
        twice = [n for n, times in Counter(names).items() if times > 1]
        raise CorpusError(
            f"{name}: expected one corpus, and each name once; found "
            f"{', '.join(map(quoted, (twice or [f'{root}{CORPUS}' for root in roots])[:6]))}.",
            "Give the files of one corpus.",
        )
    root = roots[0] if roots else ""
    return [replace(source, name=source.name.removeprefix(root)) for source in sources]


# ---------------------------------------------------------------- judgments and queries


def judgments_among(
    sources: Sequence[Source], ignored: dict[str, str]
) -> tuple[dict[str, tuple[Source, Form]], list[Source]]:
    """Return the judgments by split, and the files that hold none; runs are named as ignored."""
    judged: list[tuple[Source, Form]] = []
    rest: list[Source] = []
    for source in sources:
        form = None if source.name in (CORPUS, QUERIES) else form_of(source.name, source.head)
        suffix = PurePosixPath(source.name).suffix.lower()
        if form and form.value == "rank":
            ignored[source.name] = "a list of candidates, not judgments"
        elif form is None and suffix in (*ENDINGS, ".run") and run_form(source.head):
            ignored[source.name] = "a run: the ranking of a system, not judgments"
        elif form:
            judged.append((source, form))
        else:
            rest.append(source)
    judged.sort(key=lambda entry: entry[0].name)
    return dict(zip(_split_names(judged), judged, strict=True)), rest


def _split_names(judged: Sequence[tuple[Source, Form]]) -> list[str]:
    """Return a split for each file of judgments: a usual name within its own, or its stem.

    The only one without a usual name is `test`.
    """
    names: list[str] = []
    for source, _ in judged:
        parted = [plain(word) for word in re.split(r"[-_.]", source.stem)]
        usual = [word for word in SPLITS if word in parted]
        names.append(usual[0] if usual else source.stem)
    unusual = [at for at, name in enumerate(names) if name not in SPLITS]
    beir = [PurePosixPath(source.name).parent.name == QRELS for source, _ in judged]
    if len(unusual) == 1 and TEST not in names and not beir[unusual[0]]:
        names[unusual[0]] = TEST
    if len(set(names)) < len(names):
        names = [str(PurePosixPath(source.name).with_suffix("")) for source, _ in judged]
    if len(set(names)) < len(names):
        names = [source.name for source, _ in judged]
    return names


def _queries(sources: Sequence[Source]) -> Source | None:
    """Return the file of queries: queries.jsonl, or a table or JSON of that name."""
    usual = next((source for source in sources if source.name == QUERIES), None)
    if usual:
        return usual
    named = [
        source
        for source in sources
        if re.split(r"[-_.]", source.stem)[0] in _QUERY_STEMS
        and format_of(source.name)
        and not is_prose(source.name)
    ]
    others = [s for s in sources if s not in named and format_of(s.name) and _holds_texts(s)]
    return named[0] if len(named) == 1 and others else None


# ---------------------------------------------------------------- documents


def _corpus(name: str, sources: Sequence[Source], ignored: dict[str, str]) -> tuple[Source, ...]:
    """Return the files of documents: corpus.jsonl, the one that holds texts, or else all prose."""
    for source in sources:
        if source.name == CORPUS:
            return (source,)
    data = [s for s in sources if format_of(s.name) and not is_prose(s.name)]
    texts = data if len(data) == 1 else [source for source in data if _holds_texts(source)]
    if len(texts) > 1:
        texts = [source for source in texts if source.stem in _CORPUS_STEMS]
        if len(texts) != 1:
            raise CorpusError(
                f"{name}: expected one corpus ({listed(usual_endings(prose=False), 'or')}; or any "
                f"number of {listed(usual_endings(prose=True))}); found "
                f"{', '.join(quoted(source.name) for source in data[:6])}.",
                f"Give the files of one corpus, or call its documents {CORPUS}.",
            )
    if texts:
        return tuple(texts)
    prose = [source for source in sources if is_prose(source.name)]
    blank = [s for s in prose if len(s.head) < HEAD and not s.head.strip()]
    if len(blank) < len(prose):
        ignored.update({source.name: "blank" for source in blank})
        prose = [source for source in prose if source not in blank]
    return tuple(prose)


def _holds_texts(source: Source) -> bool:
    """Tell whether a file of data looks like documents: it names a text, or begins with bytes."""
    start = source.head.decode(errors="replace").removeprefix("\ufeff").lstrip()
    first = start.partition("\n")[0]
    if PurePosixPath(source.name).suffix.lower() in (".jsonl", ".json"):
        return any(f'"{name}"' in start.lower() for name in TEXT_NAMES)
    cells = [cell.strip(' "\r') for d in "\t,;|" for cell in first.split(d)]
    looks_binary = "\ufffd" in start or "\0" in start
    if first.count("\t") and re.match(r"[\w.:-]*[0-9]\t.*\w \w", first):
        return True  # MS MARCO's collection has no header: an id, a tab, a passage
    return looks_binary or bool(matching(cells, (*TEXT_NAMES, *ID_NAMES, *QUERY_ID_NAMES)))


def _unread(source: Source) -> str:
    """Return why a file is not read."""
    return "holds no documents" if format_of(source.name) else "a file with this ending is not read"


def _no_corpus(
    name: str,
    sources: Sequence[Source],
    ignored: Mapping[str, str],
    judgments: Mapping[str, tuple[Source, Form]],
) -> CorpusError:
    """Return the error for files none of which holds documents."""
    data, prose = listed(usual_endings(prose=False), "or"), listed(usual_endings(prose=True))
    others = [quoted(source.name) for source in sources]
    if judgments:
        source, form = next(iter(judgments.values()))
        what = f"{quoted(source.name)} is a {form.describe()}, and there are no documents"
    elif ignored:
        what = "; ".join(f"{quoted(file)} is {why}" for file, why in list(ignored.items())[:6])
    else:
        what = f"found {', '.join(others[:6]) or 'no file'}"
    return CorpusError(
        f"{name}: expected one corpus ({data}; or any number of {prose}); {what}.",
        f"Give the documents, for example as {CORPUS}: one JSON object a line.",
    )
