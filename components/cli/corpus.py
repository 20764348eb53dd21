"""`rerank-lab corpus`: commands about a corpus as a whole."""

from __future__ import annotations

import typer

from components.cli.describe import describe

corpus = typer.Typer(no_args_is_help=True, help="What a corpus is made of.")
corpus.command()(describe)
