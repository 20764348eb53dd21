"""The command line: the same capabilities without a browser.

Each command is a function in a module of this package; `app` holds them all.
"""

from __future__ import annotations

import logging
import sys

import typer
from typer.exceptions import TyperException

from components.cli.bench import bench
from components.cli.corpus import corpus
from components.cli.evaluate import evaluate
from components.cli.index import index
from components.cli.judge import judge
from components.cli.models import models
from components.cli.search import rerank, search
from components.cli.serve import serve
from components.cli.shared import complain, err, mistake
from components.cli.streams import PipeClosedError, standard_streams
from components.domain import InputError, LabError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
for command in (serve, models, index, search, rerank, evaluate, bench):
    app.command()(command)
app.add_typer(corpus, name="corpus")
app.add_typer(judge, name="judge")


CLOSED_PIPE = 141
"""The exit code of a command whose reader has gone, as a shell reports it of other programs."""


def main() -> None:
    """Run a command; 0 on success, 2 for a user's mistake, 1 when a requested system failed."""
    sys.argv[1:] = map(_in_utf8, sys.argv[1:])
    with standard_streams():
        logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")
        code = _run()
    sys.exit(code)


def _in_utf8(argument: str) -> str:
    """Return an argument that another locale has read byte by byte as the UTF-8 that it is."""
    try:
        return argument.encode("utf-8", "surrogateescape").decode()
    except UnicodeError:  # it is none, and whoever needs a text says so; a path may be any bytes
        return argument


def _run() -> int:
    """Run a command and return its exit code; what went wrong is printed."""
    try:
        code = app(standalone_mode=False) or 0
        sys.stdout.flush()
    except TyperException as exc:  # an option that is missing, misspelt or no number
        mistake(exc)
        return exc.exit_code
    except PipeClosedError:
        return CLOSED_PIPE
    except LabError as exc:
        complain(exc)
        return 2 if isinstance(exc, InputError) else 1
    except KeyboardInterrupt:
        err.print("Stopped.")
        return 130
    return int(code)
