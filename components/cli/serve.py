"""`rerank-lab serve`: the app in the browser."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from components.cli.shared import err
from components.domain import InputError
from components.lab import read_settings

_PATHS = ("RERANK_LAB_CONFIG", "RERANK_LAB_CACHE", "RERANK_LAB_DATA")
_REASONS = {
    errno.EADDRINUSE: ("is taken", "Choose another with --port."),
    errno.EACCES: ("is not allowed to this user", "Choose one above 1023 with --port."),
    errno.EADDRNOTAVAIL: ("cannot be had: this machine has no such address", "Correct --host."),
}


def serve(
    port: Annotated[int, typer.Option(help="The port to listen on.", min=1, max=65535)] = 8501,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
) -> None:
    """Start the app in the browser."""
    settings = read_settings()  # a mistake in it is reported here, not in the browser
    address = _listening(host.strip().strip("[]"), port)
    from components.ui import server  # other commands do without Streamlit

    for name in _PATHS:
        if os.environ.get(name):
            os.environ[name] = str(Path(os.environ[name]).resolve())
    os.chdir(server.ROOT)  # Streamlit takes its theme from the folder it starts in
    shown_host = f"[{address}]" if ":" in address else address
    err.print(Text(f"Rerank Lab: http://{shown_host}:{port}"), soft_wrap=True)
    audience = server.audience(settings, address)
    if audience:
        err.print(Text(audience), soft_wrap=True)
    server.run(settings, address, port)


def _listening(host: str, port: int) -> str:
    """Return the host as it was given; its address where that is loopback, by whatever name.

    Raises InputError where nothing can listen there.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    if not host:
        raise InputError("--host is empty.", "For example: --host 127.0.0.1.")
    with socket.socket(family) as trial:
        if os.name != "nt":  # there, it would let two programs share a port
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except (socket.gaierror, UnicodeError, TypeError):  # the last where IDNA cannot write it
            raise InputError(
                f"--host {host[:100]!r} is no address and no known name.",
                "For example: --host 127.0.0.1.",
            ) from None
        except OSError as exc:
            reason, remedy = _REASONS.get(exc.errno or 0, (f"cannot be had: {exc.strerror}", ""))
            raise InputError(f"Port {port} of {host} {reason}.", remedy) from None
        address = str(trial.getsockname()[0])
    return address if address.startswith("127.") or address == "::1" else host
