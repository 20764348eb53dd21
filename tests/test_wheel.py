"""The wheel: every file is in it, and what it installs serves the app from another folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.NewSession_pb2 import NewSession
from websockets.sync.client import connect

from tests.support.servers.app_server import serve_app

ROOT = Path(__file__).resolve().parent.parent
PACKED = ("app.py", "pages", "components", "sample_data", ".streamlit")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the project without its dependencies into a folder; return the folder."""
    folder = tmp_path_factory.mktemp("installed")
    options = ("--quiet", "--no-deps", "--no-index", "--no-build-isolation")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", *options, "--target", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
        timeout=120,
    )
    return folder


def packed_files(root: Path) -> set[str]:
    """Return the files of what belongs into the wheel, without what Python or a person leaves."""
    files = (path for name in PACKED for path in [root / name, *(root / name).rglob("*")])
    named = {str(path.relative_to(root)) for path in files if path.is_file()}
    return {n for n in named if "__pycache__" not in n and not n.endswith("secrets.toml")}


def test_every_file_is_in_the_wheel(installed: Path) -> None:
    files = packed_files(ROOT)
    assert {"app.py", ".streamlit/config.toml", "sample_data/helpdesk/corpus.jsonl"} <= files
    assert packed_files(installed) == files


def first_session(url: str) -> NewSession:
    """Open the app's web socket as a browser does and return what begins the session."""
    with connect(f"{url.replace('http', 'ws')}/_stcore/stream", max_size=None) as socket:
        socket.send(BackMsg(rerun_script=ClientState()).SerializeToString())
        while True:
            message = ForwardMsg.FromString(bytes(socket.recv(timeout=60, decode=False)))
            if message.HasField("new_session"):
                return message.new_session


@pytest.mark.models
def test_it_serves_from_another_folder_with_its_theme(installed: Path, tmp_path: Path) -> None:
    """The app answers, is the installed one, and Streamlit has read the installed settings."""
    command = [str(installed / "bin" / "rerank-lab")]
    with serve_app(command, tmp_path, {"PYTHONPATH": str(installed)}) as server:
        session = first_session(server.url)
        assert session.main_script_path == str(installed / "app.py")
        assert session.custom_theme.light.primary_color == "#1d1f23"
        assert session.custom_theme.dark.primary_color == "#eceae4"
