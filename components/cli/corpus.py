"""The group of commands about corpora."""

from __future__ import annotations

import typer

from components.cli.describe import describe
from components.cli.library import add, delete, list_corpora, rename, share

corpus = typer.Typer(
    no_args_is_help=True, help="Corpora that stay, by their names, and what a corpus is made of."
)
corpus.command()(add)
corpus.command("list")(list_corpora)
corpus.command()(rename)
corpus.command()(share)
corpus.command()(delete)
corpus.command()(describe)
