"""`rerank-lab serve`: what it refuses to begin, what it says, and how it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import connect

from components.config import Settings, SharingSettings, SignInSettings
from components.ui.server import audience, options
from components.ui.shared.visitor import BROWSER, BROWSER_HEADER, USER
from tests.support.command_line import Run, complained
from tests.support.servers.app_server import AppServer, await_health, free_port
from tests.support.servers.lab_server import ROOT


@pytest.mark.parametrize("port", ["0", "-1", "65536", "99999999999", "x", "8501.5", ""])
def test_a_port_out_of_range(run: Run, port: str) -> None:
    complained(run("serve", f"--port={port}"), 2, "'--port'")


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("nowhere.invalid", "is no address and no known name"),
        ("a b", "is no address and no known name"),
        ("x" * 300, "is no address and no known name"),
        ("\u00e9" * 80, "is no address and no known name"),
        ("1:2", "is no address and no known name"),
        ("unix:///tmp/lab", "is no address and no known name"),
        ("192.0.2.1", "this machine has no such address"),
        ("", "--host is empty"),
        (" ", "--host is empty"),
    ],
)
def test_a_host_that_nobody_can_listen_on(run: Run, host: str, reason: str) -> None:
    complained(run("serve", "--host", host), 2, reason)


def test_a_port_that_is_taken(run: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        complained(
            run("serve", "--port", str(port)),
            2,
            f"Port {port} of 127.0.0.1 is taken. Choose another with --port.",
        )


PROXY = SharingSettings(user_header="X-User", proxies=("10.0.0.1", "10.1.0.0/16"))
SIGN_IN = SignInSettings("id", "secret", "c" * 32, "https://a/oauth2callback", "https://b")


@pytest.mark.parametrize(
    ("settings", "address", "line"),
    [
        (Settings(), "127.0.0.1", ""),
        (Settings(), "::1", ""),
        (Settings(), "0.0.0.0", "Everybody who reaches this address may use this lab"),
        (
            Settings(sharing=SharingSettings(hosts=("lab.example.org",))),
            "127.0.0.1",
            "Everybody who reaches this address may use this lab",
        ),
        (Settings(sign_in=SIGN_IN), "127.0.0.1", "Visitors sign in by OpenID Connect."),
        (
            Settings(sharing=PROXY),
            "127.0.0.1",
            "Visitors are those named in X-User by 10.0.0.1, 10.1.0.0/16.",
        ),
    ],
)
def test_who_may_use_it(settings: Settings, address: str, line: str) -> None:
    assert audience(settings, address).startswith(line)
    assert bool(audience(settings, address)) is bool(line)


def test_the_settings_of_streamlit() -> None:
    here = options(Settings(sharing=SharingSettings(hosts=("lab.example.org",))), "127.0.0.1", 1)
    assert here["server.allowedHosts"] == [
        *("localhost", "127.0.0.1", "::1", "127.0.0.1", "lab.example.org"),
    ]
    browser = {BROWSER_HEADER: BROWSER}
    assert here["server.trustedUserHeaders"] == browser
    assert options(Settings(), "127.0.0.1", 1)["server.trustedUserHeaders"] == {}
    shared = options(Settings(sharing=PROXY), "0.0.0.0", 8501)
    assert shared["server.allowedHosts"] == []
    assert shared["server.trustedUserHeaders"] == {"X-User": USER} | browser
    for settings in (here, shared):
        assert settings["server.enableAgentApi"] is False
        assert settings["server.enableXsrfProtection"] is settings["server.enableCORS"] is True


@pytest.mark.browser
def test_a_relative_configuration_and_an_end_by_ctrl_c(tmp_path: Path) -> None:
    (tmp_path / "lab.toml").write_text('[sharing]\nhosts = ["lab.example.org"]\n')
    port = free_port()
    log = tmp_path / "log"
    with log.open("wb") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", "components.cli", "serve", "--port", str(port)],
            cwd=tmp_path,
            env=os.environ | {"RERANK_LAB_CONFIG": "lab.toml", "PYTHONPATH": str(ROOT)},
            stdout=written,
            stderr=written,
        )
    server = AppServer(f"http://127.0.0.1:{port}", process, log)
    try:
        await_health(server)
        named = httpx.get(server.url, headers={"Host": "lab.example.org"})
        assert named.status_code == 200
        with connect(f"{server.url.replace('http', 'ws')}/_stcore/stream"):
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 130
    finally:
        process.kill()
        process.wait()
    first, second = log.read_text().splitlines()
    assert first == f"Rerank Lab: {server.url}"
    assert second.startswith("Everybody who reaches this address may use this lab")
