"""`rerank-lab corpus`: commands about a corpus as a whole."""

from __future__ import annotations

import typer

from components.cli.library import add, delete, list_corpora, rename, share

corpus = typer.Typer(no_args_is_help=True, help="Corpora that stay, by their names.")
corpus.command()(add)
corpus.command("list")(list_corpora)
corpus.command()(rename)
corpus.command()(share)
corpus.command()(delete)
