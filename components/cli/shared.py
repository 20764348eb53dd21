"""What all commands share: options, consoles, progress bars, and error messages."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.segment import Segment
from rich.text import Text
from typer.exceptions import TyperException

from components.advice.estimates import Estimate
from components.config import Settings
from components.corpora import Columns, Cutting, check_split, open_corpus, quoted
from components.domain import Corpus, CorpusError, InputError, LabError
from components.exports.as_json import json_text
from components.lab import Lab, catalog, read_settings
from components.lab.library import KeptCorpora, library_folder
from components.pipeline import NullWatcher
from components.wording import listed, visible


class SafeConsole(Console):
    """A console on which no text can move the cursor, change colours or reverse its line."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterator[Segment]:
        """Yield the segments of what is printed, with hidden characters as escapes."""
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else visible(text, keep="\n"), style, control)


out = SafeConsole(highlight=False)
err = SafeConsole(stderr=True, highlight=False)

CorpusOption = Annotated[
    str,
    typer.Option(
        "--corpus",
        help="The name of a sample, of a corpus in the library or of a collection in the "
        "configuration, or a folder or file.",
        metavar="NAME|DIR|FILE",
    ),
]
TextOption = Annotated[
    str | None,
    typer.Option("--text-column", help="The column of a table, or the field, that is the text."),
]
TitleOption = Annotated[
    str | None, typer.Option("--title-column", help='That of the titles; "" for none.')
]
IdOption = Annotated[
    str | None, typer.Option("--id-column", help='That of the ids; "" to number the documents.')
]
FirstStage = Annotated[str, typer.Option("--first-stage", help="The first stage's key.")]


def current_key(key: str) -> str:
    """Return a reranker's key; for a former one the present one, and say so on standard error."""
    if key in catalog.RENAMED:
        err.print(Text(catalog.about_renamed(key)), soft_wrap=True)
    return catalog.RENAMED.get(key, key)


Rerankers = Annotated[
    list[str] | None,
    typer.Option(
        "--reranker",
        help="A reranker's key; may be repeated.",
        callback=lambda keys: [current_key(key) for key in keys or ()],
    ),
]
InitialK = Annotated[int, typer.Option("--initial-k", help="Candidates of the first stage.")]
Instruction = Annotated[
    str, typer.Option(help="What the reranker should look for; few models take one.")
]
FilterOption = Annotated[
    list[str] | None,
    typer.Option(
        "--filter",
        help="Search only documents that meet it, such as product=desktop|mobile or year>=2020; "
        "repeated for and.",
        metavar="CONDITION",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]


Yes = Annotated[
    bool, typer.Option("--yes", help="Send what is estimated to cost more than a little.")
]


def check_spending(estimate: Estimate, settings: Settings, *, yes: bool) -> None:
    """Raise InputError for work that costs more than is sent without asking."""
    if estimate.needs_confirmation(settings.spending) and not yes:
        raise InputError(
            f"This is estimated to cost {estimate}; nothing was sent.",
            "Add --yes to send it; [spending] in the configuration sets the limit.",
        )


def complain(exc: LabError) -> None:
    """Print what went wrong and what to do, in one line."""
    err.print(Text(" ".join(str(exc).split())), soft_wrap=True)


def mistake(exc: TyperException) -> None:
    """Print in one line what is wrong with a command; without any command, Typer printed help."""
    message = " ".join(exc.format_message().split()).rstrip(".")
    if len(sys.argv) > 1:
        err.print(Text(f"{message}. See rerank-lab --help."), soft_wrap=True)


def emit(value: dict[str, Any]) -> None:
    """Write one JSON object to standard output, escaped where its encoding lacks a character."""
    text = json_text(value)
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        text = json.dumps(value)
    sys.stdout.write(text + "\n")


def opened_corpus(
    corpus: str,
    lab: Lab,
    columns: tuple[str | None, str | None, str | None],
    split: str = "test",
) -> Corpus:
    """Open a corpus with these columns as text, title and id; what is None is guessed.

    A name of the configuration or in the library goes before a path, and is said to where both are
    there. A bar on standard error tells what was read.
    """
    any_named = columns != (None, None, None)
    if corpus in lab.collection_names:
        return _opened_collection(corpus, lab, split, any_named=any_named)
    library = KeptCorpora(library_folder(lab.settings))
    if kept := library.opened(corpus, split):
        if any_named:
            raise InputError(
                f"{quoted(corpus)} is in the library, where its columns were chosen.",
                "Choose columns when a corpus is added.",
            )
        with suppress(OSError, ValueError):
            if Path(corpus).exists():
                line = f"{corpus} is the corpus in the library; ./{corpus} is the file or folder."
                err.print(Text(line), soft_wrap=True)
        return kept
    with progress_bars() as bars:
        progress = partial(bars.step, "reading", "")
        try:
            columns_named = named_columns(columns) if any_named else None
            return open_corpus(
                corpus, split, Cutting.of(lab.settings.passages), columns_named, progress
            )
        except CorpusError:
            raise
        except InputError as exc:
            if not library.named():
                raise
            own = f"In the library: {listed(list(library.named()))}."
            raise InputError(exc.reason, f"{own} {exc.remedy}") from exc


def _opened_collection(name: str, lab: Lab, split: str, *, any_named: bool) -> Corpus:
    """Open a collection of the configuration with the judgments of a split."""
    if any_named:
        raise InputError(
            f"{name} is a collection of the configuration, which names its fields.",
            f"Change text_field, title_field and id_field in [[collection]] {name}.",
        )
    opened = lab.collections.open(name)
    check_split(split, opened.splits)
    return opened.with_split(split)


def named_columns(columns: tuple[str | None, str | None, str | None]) -> Columns:
    """Return the columns of text, title and id that were named; what is None is guessed."""
    text, title, identity = columns
    others: dict[Literal["title", "id"], str | None] = {"title": title, "id": identity}
    guessed = frozenset(role for role, name in others.items() if name is None)
    return Columns(text, title or None, identity or None, guessed)


def new_lab() -> Lab:
    """Return a lab as it is configured."""
    return Lab(read_settings())


# ---------------------------------------------------------------- progress


class Bars(NullWatcher):
    """Shows steps as bars on standard error; a pipeline's watcher."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def step(self, system: str, state: str, done: int, total: int) -> None:
        """Show how far a system is."""
        if total:
            name = f"{system}: {state}" if state else system
            if name not in self._tasks:
                self._tasks[name] = self._bars.add_task(name)
            self._bars.update(self._tasks[name], completed=done, total=total)


@contextmanager
def progress_bars() -> Iterator[Bars]:
    """Show bars on standard error while the work goes on; none in a log or a pipe."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:.0f}"))
    bars = Progress(*columns, TimeRemainingColumn(), console=err, transient=True)
    if err.is_terminal:
        with bars:
            yield Bars(bars)
    else:  # in a log or a pipe, rich would leave nothing but an empty line
        yield Bars(bars)


def steps_of(bars: Bars, name: str) -> Callable[[str, int, int], None]:
    """Return a report that shows its steps as bars of one system."""
    return lambda step, done, total: bars.step(name, step, done, total)
