"""The page at which a visitor began to sign in is the one he returns to; no other address is."""

from __future__ import annotations

import base64
from http.cookies import SimpleCookie

import pytest

from components.config import Settings, SignInSettings
from components.ui.server import guarded
from components.ui.server.returning import COOKIE
from tests.support.requests import Header, Page, ask

SIGNED = Settings(sign_in=SignInSettings("id", "secret", "c" * 32, "http://a/x", "http://b"))
LAB = "http://127.0.0.1:8501"


def kept(*headers: Header) -> str:
    """Return the value of the cookie that the way to the provider sets."""
    page = Page(location="https://id.example/authorize")
    answer = ask(guarded(page, SIGNED, "127.0.0.1"), "/auth/login", *headers)
    assert answer.headers["location"] == "https://id.example/authorize"
    cookies = SimpleCookie(next(v for v in answer.headers.getlist("set-cookie") if COOKIE in v))
    assert cookies[COOKIE]["httponly"]
    assert cookies[COOKIE]["samesite"] == "Lax"
    return cookies[COOKIE].value


def returned(value: str, location: str = "/") -> str | None:
    """Return where the way back from the provider leads with this cookie."""
    page = Page(location=location)
    app = guarded(page, SIGNED, "127.0.0.1")
    return ask(app, "/oauth2callback", ("Cookie", f"{COOKIE}={value}")).headers.get("location")


@pytest.mark.parametrize(
    "address", ["/", "/?q=a%20%26%3B%20b&first=bm25", "/corpus", "/evaluate?a=1"]
)
def test_a_page_and_its_permalink(address: str) -> None:
    assert returned(kept(("Referer", LAB + address))) == address


@pytest.mark.parametrize(
    "referer",
    [
        "",
        "https://evil.example/corpus",
        "http://127.0.0.1:3000/corpus",
        "http://[",
        LAB + "/?" + "q" * 2800,
    ],
)
def test_what_is_kept_is_a_page_of_the_lab(referer: str) -> None:
    assert kept(("Referer", referer)) == ""
    assert kept() == ""


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "///evil.example",
        "/corpus//evil.example",
        "/auth/logout",
        "/auth",
        "/oauth2callback?state=x",
        "/_stcore/health",
        "/../x",
        "/?q=\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
        "/?q=é",
        "",
    ],
)
def test_a_forged_cookie_leads_nowhere_else(address: str) -> None:
    assert returned(base64.urlsafe_b64encode(address.encode()).decode()) == "/"


def test_a_cookie_that_cannot_be_read_is_none() -> None:
    assert returned("%%%") == returned("a") == returned("") == "/"
    good = base64.urlsafe_b64encode(b"/corpus").decode()
    assert returned(good, "https://id.example/elsewhere") == "https://id.example/elsewhere"
