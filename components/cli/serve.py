"""`rerank-lab serve`: the app in the browser."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from components.cli.shared import err
from components.lab import read_settings

ROOT = Path(__file__).resolve().parents[2]
"""The folder of app.py and of Streamlit's configuration."""


def serve(
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 8501,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
) -> None:
    """Start the app in the browser."""
    read_settings()  # a mistake in the configuration is reported here, not in the browser
    config = os.environ.get("RERANK_LAB_CONFIG")
    if config:
        os.environ["RERANK_LAB_CONFIG"] = str(Path(config).resolve())
    os.chdir(ROOT)  # Streamlit takes its theme from the folder it starts in
    err.print(f"Rerank Lab: http://{host}:{port}", soft_wrap=True)
    command = ["streamlit", "run", "app.py", f"--server.port={port}", f"--server.address={host}"]
    os.execv(sys.executable, [sys.executable, "-m", *command])
