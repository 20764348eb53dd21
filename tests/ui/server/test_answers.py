"""What `rerank-lab serve` really answers: headers, names, origins, cookies, identities."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from components.ui.server.headers import HEADERS
from components.ui.shared.visitor import COOKIE
from tests.support.servers.app_server import AppServer, await_health, free_port
from tests.support.servers.lab_server import EVERYBODY, ROOT, serve_lab, texts

pytestmark = pytest.mark.browser
EVIL = "https://evil.example"
USER = "X-Forwarded-User"


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    with serve_lab(tmp_path_factory.mktemp("local")) as server:
        yield server


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    toml = '[sharing]\nhosts = ["lab.example.org"]\n'
    folder = tmp_path_factory.mktemp("shared")
    with serve_lab(folder, toml, ("--host", "0.0.0.0")) as server:
        yield server


def handshake(server: AppServer, **headers: str) -> int:
    """Try to open Streamlit's web socket; return the status of the answer."""
    port = httpx.URL(server.url).port or 0
    url = f"ws://{headers.pop('host', '127.0.0.1')}:{port}/_stcore/stream"
    with socket.create_connection(("127.0.0.1", port)) as peer:
        try:
            with connect(url, sock=peer, additional_headers=headers):
                return 101
        except InvalidStatus as refused:
            return refused.response.status_code


def test_every_kind_of_answer_has_the_headers(local: AppServer) -> None:
    page = httpx.get(local.url)
    script = page.text.split('crossorigin src="./')[1].split('"')[0]
    answers = {
        "page": page,
        "deep link": httpx.get(f"{local.url}/corpus"),
        "script": httpx.get(f"{local.url}/{script}"),
        "not modified": httpx.get(local.url, headers={"If-None-Match": page.headers["etag"]}),
        "health": httpx.get(f"{local.url}/_stcore/health"),
        "settings": httpx.get(f"{local.url}/_stcore/host-config"),
        "no such file": httpx.get(f"{local.url}/media/nothing.html"),
        "no such component": httpx.get(f"{local.url}/component/nothing/x.js"),
        "redirect": httpx.get(f"{local.url}/corpus/"),
        "sign-in": httpx.get(f"{local.url}/auth/login"),
        "upload": httpx.put(f"{local.url}/_stcore/upload_file/a/b"),
        "method": httpx.post(local.url),
        "path": httpx.get(f"{local.url}/static//evil.example/..%5c"),
        "name": httpx.get(local.url, headers={"Host": "evil.example"}),
        "origin": httpx.post(local.url, headers={"Origin": EVIL}),
        "agent": httpx.post(f"{local.url}/_stcore/agent/interact", json={}),
    }
    for kind, answer in answers.items():
        for name, value in HEADERS.items():
            assert answer.headers.get_list(name) == [value], kind
    statuses = {answer.status_code for answer in answers.values()}
    assert {200, 304, 403, 404, 405, 421} <= statuses
    assert any(300 < status < 304 for status in statuses)


def test_a_page_may_load_nothing_from_elsewhere(local: AppServer) -> None:
    policy = httpx.get(local.url).headers["content-security-policy"]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["frame-ancestors"] == rules["object-src"] == rules["frame-src"] == "'none'"
    assert rules["img-src"] == "'self' data: blob:"
    assert rules["connect-src"] == rules["default-src"] == rules["form-action"] == "'self'"
    assert "unsafe" not in rules["script-src"]
    assert "http" not in policy
    assert "*" not in policy


@pytest.mark.parametrize("name", ["local", "shared"])
def test_names_and_origins(name: str, request: pytest.FixtureRequest) -> None:
    server: AppServer = request.getfixturevalue(name)
    port = httpx.URL(server.url).port
    elsewhere = 200 if name == "shared" else 421
    names = {"localhost": 200, "127.0.0.1": 200, "evil.example": 421}
    names |= {"10.1.2.3": elsewhere, "lab.example.org": elsewhere}
    for host, status in names.items():
        answer = httpx.get(server.url, headers={"Host": f"{host}:{port}"})
        assert (host, answer.status_code) == (host, status)
        assert (host, handshake(server, host=host)) == (host, 101 if status == 200 else 421)
    assert handshake(server, origin=server.url) == 101
    for origin in (
        EVIL,
        "null",
        "http://127.0.0.1:1",
        server.url.replace("127.0.0.1", "localhost"),
    ):
        assert (origin, handshake(server, origin=origin)) == (origin, 403)
        put = httpx.put(f"{server.url}/_stcore/upload_file/a/b", headers={"Origin": origin})
        assert put.text.startswith("A page of another site")
    own = httpx.put(f"{server.url}/_stcore/upload_file/a/b", headers={"Origin": server.url})
    assert "XSRF" in own.text


def test_health_is_told_to_probes(local: AppServer, shared: AppServer) -> None:
    assert httpx.get(f"{local.url}/_stcore/health").text == "ok"
    probe = httpx.get(f"{shared.url}/_stcore/health", headers={"Host": "lab-7f9c:8501"})
    assert (probe.status_code, probe.text) == (200, "ok")


def test_a_proxy_that_passes_another_host_on(shared: AppServer) -> None:
    assert handshake(shared, origin="https://lab.example.org") == 101


def test_the_agent_interface_and_the_metrics_are_closed(local: AppServer) -> None:
    for path in ("agent/interact", "agent/mcp", "agent/openapi.json", "metrics"):
        for method in ("GET", "POST"):
            answer = httpx.request(method, f"{local.url}/_stcore/{path}", json={})
            assert (path, answer.status_code, answer.text) == (path, 404, "Not found.\n")


def test_a_cookie_on_a_shared_lab_alone(local: AppServer, shared: AppServer) -> None:
    assert COOKIE not in httpx.get(local.url).cookies
    with httpx.Client(base_url=shared.url) as browser:
        first = browser.get("/").cookies[COOKIE]
        assert len(first) == 43
        assert "set-cookie" not in browser.get("/corpus").headers
        assert "set-cookie" not in browser.get("/").headers
    assert httpx.get(shared.url).cookies[COOKIE] != first
    assert COOKIE not in httpx.get(f"{shared.url}/_stcore/health").cookies


def test_an_open_lab_says_so_and_a_local_one_says_nothing(
    local: AppServer, shared: AppServer
) -> None:
    for page in ("corpus", "evaluate", "rerankers"):  # Compare would begin a comparison
        assert EVERYBODY in texts(shared, {}, page)
        assert EVERYBODY not in texts(local, {}, page)
    log = shared.log.read_text()
    assert log.count("\n") == 2
    assert "Everybody who reaches this address may use this lab, its uploads" in log
    assert local.log.read_text() == f"Rerank Lab: {local.url}\n"


@pytest.mark.parametrize(("proxies", "believed"), [("127.0.0.1", True), ("10.0.0.0/8", False)])
def test_a_proxys_header(proxies: str, believed: bool, tmp_path: Path) -> None:
    """Behind a named proxy a visitor has a name; nobody else has one, whatever he claims."""
    toml = f'[sharing]\nuser_header = "{USER}"\nproxies = ["{proxies}"]\n'
    environment = {"FORWARDED_ALLOW_IPS": "*", "STREAMLIT_SERVER_ENABLE_AGENT_API": "true"}
    gate = ["This lab is reached through its proxy, which signs visitors in."]
    with serve_lab(tmp_path, toml, environment=environment) as server:
        claim = {USER: "ann@example.org"}
        for page in ("", "corpus", "evaluate", "rerankers"):
            assert texts(server, {}, page) == gate
        assert ("ann@example.org" in texts(server, claim, "corpus")) is believed
        if not believed:
            for forged in ("10.0.0.1", "10.0.0.1, 127.0.0.1"):
                assert texts(server, claim | {"X-Forwarded-For": forged}) == gate
        assert texts(server, {USER.replace("-", "_"): "ann"}) == gate
        assert texts(server, {USER: " "}) == gate
        assert f"named in {USER} by {proxies}" in server.log.read_text()
        assert httpx.post(f"{server.url}/_stcore/agent/interact", json={}).status_code == 404


def test_streamlit_alone_still_serves_the_app_on_this_machine(tmp_path: Path) -> None:
    port = free_port()
    with (tmp_path / "log").open("wb") as log:
        command = ["streamlit", "run", "app.py", f"--server.port={port}"]
        process = subprocess.Popen(
            [sys.executable, "-m", *command], cwd=ROOT, stdout=log, stderr=log, env=os.environ
        )
    try:
        server = AppServer(f"http://127.0.0.1:{port}", process, tmp_path / "log")
        await_health(server)
        written = texts(server, {}, "corpus")
        assert any(line.endswith("embedded Qdrant") for line in written)
        assert EVERYBODY not in written
        assert "0.0.0.0" not in server.log.read_text()
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
