"""`rerank-lab serve` with a configuration of its own, and how a page of it is read."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

from tests.support.servers.app_server import AppServer, serve_app

ROOT = Path(__file__).resolve().parents[3]
EVERYBODY = "Everybody who reaches this address may use this lab."


@contextmanager
def serve_lab(
    folder: Path,
    toml: str = "",
    arguments: Sequence[str] = (),
    port: int = 0,
    environment: Mapping[str, str] | None = None,
) -> Iterator[AppServer]:
    """Serve the app of this checkout with a configuration, until the block ends."""
    config = folder / "lab.toml"
    config.write_text(toml)
    command = [sys.executable, "-m", "components.cli"]
    settings = {"RERANK_LAB_CONFIG": str(config)} | dict(environment or {})
    with serve_app(command, ROOT, settings, arguments, port) as server:
        yield server


def texts(server: AppServer, headers: Mapping[str, str], path: str = "") -> list[str]:
    """Open a page as a browser does and return its plain texts, in order."""
    url = f"{server.url.replace('http', 'ws')}/_stcore/stream"
    with connect(url, max_size=None, additional_headers=headers) as socket:
        socket.send(BackMsg(rerun_script=ClientState(page_name=path)).SerializeToString())
        written: list[str] = []
        while True:
            message = ForwardMsg.FromString(bytes(socket.recv(timeout=60, decode=False)))
            if message.HasField("script_finished"):
                return written
            element = message.delta.new_element
            if element.HasField("text"):
                written.append(element.text.body)
            elif element.HasField("exception"):
                written.append(f"exception: {element.exception.message}")
