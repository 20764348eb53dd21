"""Names, origins and closed routes, asked of the checks alone."""

from __future__ import annotations

import socket

import pytest
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from components.config import Settings, SharingSettings
from components.ui.server import guarded
from components.ui.server.headers import HEADERS
from tests.support.requests import Page, ask

NAMED = Settings(sharing=SharingSettings(hosts=("lab.example.org",)))
LOOPBACK, ELSEWHERE = "127.0.0.1", "0.0.0.0"
NEWS = Route("/lab/news", lambda request: PlainTextResponse("news"))


def status(address: str, host: str, *, websocket: bool = False, path: str = "/") -> int:
    """Return what a named lab that listens on an address answers under a name; 200 if it does."""
    page = Page()
    app = guarded(page, NAMED, address)
    answer = ask(app, path, host=("Host", host), websocket=websocket)
    return 200 if page.seen else answer.status


@pytest.mark.parametrize("websocket", [False, True])
@pytest.mark.parametrize(
    ("host", "loopback", "elsewhere"),
    [
        ("127.0.0.1:8501", 200, 200),
        ("127.0.0.53", 200, 200),
        ("localhost:8501", 200, 200),
        ("LOCALHOST.:8501", 200, 200),
        ("[::1]:8501", 200, 200),
        ("lab.example.org", 200, 200),
        ("Lab.Example.ORG.:443", 200, 200),
        ("10.1.2.3:8501", 421, 200),
        ("[2001:db8::1]:8501", 421, 200),
        ("0.0.0.0:8501", 421, 200),
        (socket.gethostname(), 421, 200),
        ("evil.example", 421, 421),
        ("lab.example.org.evil.example", 421, 421),
        ("evil.lab.example.org", 421, 421),
        ("127.0.0.1.evil.example", 421, 421),
        ("localhost.evil.example", 421, 421),
        ("127.1", 421, 421),
        ("2130706433", 421, 421),
        ("127.0.0.1:8501@evil.example", 421, 421),
        ("localhost:8501/x", 421, 421),
        ("localhost..", 421, 421),
        ("[::1", 421, 421),
        ("", 421, 421),
        (" localhost", 421, 421),
        ("localhost,evil.example", 421, 421),
    ],
)
def test_only_names_of_the_lab_are_answered(
    host: str, loopback: int, elsewhere: int, websocket: bool
) -> None:
    if host in {"localhost", LOOPBACK}:
        pytest.skip("this machine is named so")
    assert status(LOOPBACK, host, websocket=websocket) == loopback
    assert status(ELSEWHERE, host, websocket=websocket) == elsewhere


def test_the_name_that_it_listens_on_is_one_of_its_own() -> None:
    assert status("Shelf.lan", "shelf.lan:8501") == 200
    assert status("Shelf.lan", "other.lan:8501") == 421


def test_a_request_has_one_name() -> None:
    page = Page()
    app = guarded(page, NAMED, LOOPBACK)
    assert ask(app, "/", ("Host", "evil.example")).status == 421
    assert ask(app, "/", host=None).status == 421
    assert not page.seen


def test_the_refusal_names_the_setting_in_one_line() -> None:
    answer = ask(guarded(Page(), NAMED, LOOPBACK), host=("Host", "<script>.example"))
    assert answer.text == (
        "The lab does not answer to this name; its names are in its settings: [sharing] hosts.\n"
    )
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


def test_a_probe_of_health_may_use_any_name_of_a_lab_that_is_not_bound_to_this_machine() -> None:
    assert status(ELSEWHERE, "lab-7f9c.cluster", path="/_stcore/health") == 200
    assert status(LOOPBACK, "evil.example", path="/_stcore/health") == 421
    assert status(ELSEWHERE, "lab-7f9c.cluster", path="/_stcore/health/more") == 421


ORIGINS = [
    ("http://127.0.0.1:8501", True),
    ("https://lab.example.org", True),
    ("https://lab.example.org:8443", True),
    ("null", False),
    ("http://127.0.0.1:3000", False),
    ("http://127.0.0.1", False),
    ("http://localhost:8501", False),
    ("https://evil.example", False),
    ("https://lab.example.org.evil.example", False),
    ("file://", False),
    ("", False),
    ("http://[", False),
    ("javascript://127.0.0.1:8501", False),
]


@pytest.mark.parametrize(("origin", "own"), ORIGINS)
def test_pages_of_other_sites_change_nothing_and_hear_nothing(origin: str, own: bool) -> None:
    def reaches(path: str = "/", method: str = "GET", *, websocket: bool = False) -> bool:
        page = Page()
        app = guarded(page, NAMED, LOOPBACK, (NEWS,))
        answer = ask(app, path, ("Origin", origin), method=method, websocket=websocket)
        assert page.seen or answer.status == 403
        return bool(page.seen)

    assert reaches(websocket=True) is own
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        assert reaches(method=method) is own
    assert reaches("/lab/news") is own
    assert reaches() and reaches(method="HEAD")


def test_several_origins_are_all_looked_at() -> None:
    page = Page()
    origins = ("Origin", "http://127.0.0.1:8501"), ("Origin", "https://evil.example")
    assert ask(guarded(page, NAMED, LOOPBACK), "/", *origins, method="POST").status == 403
    assert not page.seen


def test_what_no_browser_sent_needs_no_origin() -> None:
    page = Page()
    ask(guarded(page, NAMED, LOOPBACK, (NEWS,)), "/lab/news", method="POST")
    ask(guarded(page, NAMED, LOOPBACK), "/_stcore/stream", websocket=True)
    assert len(page.seen) == 2


def test_streamlit_sees_the_name_of_the_page_where_a_proxy_passes_another_on() -> None:
    page = Page()
    app: ASGIApp = guarded(page, NAMED, LOOPBACK)
    ask(app, "/_stcore/stream", ("Origin", "https://lab.example.org"), websocket=True)
    assert page.headers.getlist("host") == ["lab.example.org"]
    ask(app, "/", ("Origin", "https://lab.example.org"))
    assert page.headers.getlist("host") == ["127.0.0.1:8501"]


@pytest.mark.parametrize(
    "path",
    [
        "/_stcore/metrics",
        "/_stcore/metrics/",
        "/_stcore/script-health-check",
        "/_stcore/agent/interact",
        "/_stcore/agent/mcp",
        "/_stcore/agent/openapi.json",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_routes_that_no_page_needs_are_closed(path: str, method: str) -> None:
    page = Page()
    assert ask(guarded(page, Settings(), LOOPBACK), path, method=method).status == 404
    assert not page.seen


def test_every_refusal_has_the_headers() -> None:
    app = guarded(Page(), NAMED, LOOPBACK)
    foreign = ("Origin", "https://evil.example")
    answers = [
        ask(app),
        ask(app, host=("Host", "evil.example")),
        ask(app, "/", foreign, method="POST"),
        ask(app, "/", foreign, websocket=True),
        ask(app, "/_stcore/metrics"),
        ask(app, "/_stcore/stream", websocket=True),  # the page refuses it
    ]
    assert [answer.status for answer in answers] == [200, 421, 403, 403, 404, 403]
    for answer in answers:
        for name, value in HEADERS.items():
            assert answer.headers.getlist(name) == [value]
