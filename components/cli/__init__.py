"""The command line: the same capabilities without a browser.

Each command is a function in a module of this package; `app` holds them all.
"""

from __future__ import annotations

import logging
import sys

import typer
from typer.exceptions import TyperException

from components.cli.bench import bench
from components.cli.evaluate import evaluate
from components.cli.models import models
from components.cli.search import index, rerank, search
from components.cli.serve import serve
from components.cli.shared import complain, err, mistake
from components.domain import InputError, LabError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
for command in (serve, models, index, search, rerank, evaluate, bench):
    app.command()(command)


def main() -> None:
    """Run a command; 0 on success, 2 for a user's mistake, 1 when a requested system failed."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")
    try:
        sys.exit(app(standalone_mode=False) or 0)
    except TyperException as exc:  # an option that is missing, misspelt or no number
        mistake(exc)
        sys.exit(exc.exit_code)
    except InputError as exc:
        complain(exc)
        sys.exit(2)
    except LabError as exc:
        complain(exc)
        sys.exit(1)
    except KeyboardInterrupt:
        err.print("Stopped.")
        sys.exit(130)
