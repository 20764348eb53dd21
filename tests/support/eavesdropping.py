"""A visitor who speaks to the server's web socket directly, and all that the server tells him."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.support.servers.app_server import AppServer

SECONDS = 120.0


def rerun(page: str = "", query: str = "", triggers: Iterable[str] = ()) -> bytes:
    """Return the frame that asks for a page, with buttons that are pressed by their ids."""
    message = BackMsg(rerun_script=ClientState(page_name=page, query_string=query))
    for widget in triggers:
        message.rerun_script.widget_states.widgets.add(id=widget, trigger_value=True)
    return message.SerializeToString()


def overhear(
    server: AppServer,
    frames: Sequence[bytes],
    headers: Mapping[str, str] | None = None,
    protocols: Sequence[str] = (),
) -> bytes:
    """Send frames on a web socket of one's own; return every byte that comes back."""
    url = f"{server.url.replace('http', 'ws')}/_stcore/stream"
    subprotocols = [Subprotocol(name) for name in protocols] or None
    with connect(
        url, max_size=None, additional_headers=dict(headers or {}), subprotocols=subprotocols
    ) as socket:
        return b"".join(_told(socket, frame) for frame in frames)


def _told(socket: ClientConnection, frame: bytes) -> bytes:
    """Send a frame; return what comes until the script has ended, or for a second if none runs."""
    socket.send(frame)
    runs = BackMsg.FromString(frame).HasField("rerun_script")
    deadline = time.monotonic() + (SECONDS if runs else 1.0)
    told: list[bytes] = []
    with suppress(TimeoutError):
        while time.monotonic() < deadline:
            told.append(bytes(socket.recv(timeout=deadline - time.monotonic(), decode=False)))
            if ForwardMsg.FromString(told[-1]).HasField("script_finished"):
                break
    return b"".join(told)
