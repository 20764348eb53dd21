"""A proxy's header and a browser's cookie, asked of the checks alone."""

from __future__ import annotations

import hashlib
import re

import pytest

from components.config import Settings, SharingSettings
from components.ui.server import guarded, options
from components.ui.shared.visitor import BROWSER_HEADER, COOKIE
from tests.support.requests import Header, Page, ask

USER = "X-Forwarded-User"
TOKEN = "a" * 43


def behind(*proxies: str) -> Settings:
    return Settings(sharing=SharingSettings(user_header=USER, proxies=proxies))


def believed(settings: Settings, peer: str, *headers: Header) -> list[str]:
    """Return the names that reach the page, by any spelling of the header."""
    for websocket in (False, True):
        page = Page()
        ask(guarded(page, settings, "127.0.0.1"), "/", *headers, peer=peer, websocket=websocket)
        names = [v for n, v in page.headers.items() if n.replace("_", "-") == USER.lower()]
        if websocket:
            return names
    raise AssertionError


@pytest.mark.parametrize(
    ("proxies", "peer", "passes"),
    [
        (("127.0.0.1",), "127.0.0.1", True),
        (("127.0.0.1",), "127.0.0.2", False),
        (("10.0.0.0/8",), "127.0.0.1", False),
        (("10.0.0.0/8", "127.0.0.0/8"), "127.9.9.9", True),
        (("10.0.0.0/8",), "::ffff:10.1.2.3", True),
        (("10.0.0.0/8",), "::ffff:11.1.2.3", False),
        (("2001:db8::/32",), "2001:db8::5", True),
        (("::/0",), "10.1.2.3", False),
        (("10.0.0.0/8",), "", False),
        (("10.0.0.0/8",), "unix:", False),
    ],
)
def test_a_name_is_believed_from_named_proxies_alone(
    proxies: tuple[str, ...], peer: str, passes: bool
) -> None:
    for name in (USER, USER.lower(), USER.upper()):
        assert believed(behind(*proxies), peer, (name, "ann")) == (["ann"] if passes else [])


@pytest.mark.parametrize("name", ["X_Forwarded_User", "x-forwarded_user", "X_FORWARDED-USER"])
def test_other_spellings_are_believed_from_nobody(name: str) -> None:
    assert believed(behind("127.0.0.1"), "127.0.0.1", (name, "eve")) == []
    assert believed(behind("127.0.0.1"), "127.0.0.1", (name, "eve"), (USER, "ann")) == ["ann"]


def test_forwarding_headers_make_nobody_a_proxy() -> None:
    claims = (("X-Forwarded-For", "10.0.0.1"), ("X-Real-IP", "10.0.0.1"), ("Forwarded", "for=x"))
    assert believed(behind("10.0.0.0/8"), "127.0.0.1", (USER, "eve"), *claims) == []


@pytest.mark.parametrize("websocket", [False, True])
def test_a_name_that_comes_twice_is_refused(websocket: bool) -> None:
    page = Page()
    app = guarded(page, behind("127.0.0.1"), "127.0.0.1")
    names = ((USER, "ann"), (USER.lower(), "eve"))
    answer = ask(app, "/", *names, websocket=websocket)
    assert (answer.status, page.seen) == (400, [])
    assert answer.text == "The header x-forwarded-user comes twice; the proxy must overwrite it.\n"


def test_without_the_setting_headers_pass_untouched() -> None:
    page = Page()
    ask(guarded(page, Settings(), "127.0.0.1"), "/", (USER, "ann"))
    assert page.headers[USER] == "ann"


# ---------------------------------------------------------------- the cookie


def cookies(settings: Settings, address: str, *headers: Header, **how: str) -> list[str]:
    """Return the cookies that a page's answer sets."""
    page = Page(**{k: v for k, v in how.items() if k == "content_type"})
    options = {k: v for k, v in how.items() if k != "content_type"}
    answer = ask(guarded(page, settings, address), "/", *headers, **options)  # type: ignore[arg-type]
    return answer.headers.getlist("set-cookie")


def test_a_browser_of_a_shared_lab_gets_a_random_cookie_with_the_page() -> None:
    [first], [second] = cookies(Settings(), "0.0.0.0"), cookies(Settings(), "0.0.0.0")
    form = rf"{COOKIE}=([\w-]{{43}}); Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax"
    assert re.fullmatch(form, first)
    assert re.fullmatch(form, second)
    assert first != second


def test_no_cookie_on_a_lab_of_this_machine_nor_with_anything_but_a_page() -> None:
    assert cookies(Settings(), "127.0.0.1") == []
    assert cookies(Settings(), "0.0.0.0", content_type="text/javascript") == []
    assert cookies(Settings(), "0.0.0.0", content_type="text/plain") == []


def test_a_cookie_stays_and_a_malformed_one_is_replaced() -> None:
    assert cookies(Settings(), "0.0.0.0", ("Cookie", f"a=b; {COOKIE}={TOKEN}; c=d")) == []
    for value in ("", "short", TOKEN + "a", TOKEN[1:] + " ", TOKEN[1:] + "é", f'"{TOKEN[2:]}"'):
        assert len(cookies(Settings(), "0.0.0.0", ("Cookie", f"{COOKIE}={value}"))) == 1, value
    assert len(cookies(Settings(), "0.0.0.0", ("Cookie", f"x{COOKIE}={TOKEN}"))) == 1


def test_a_page_without_the_cookie_is_sent_whole_and_kept_by_nobody_else() -> None:
    page = Page()
    app = guarded(page, Settings(), "0.0.0.0")
    answer = ask(app, "/", ("If-None-Match", '"e"'), ("If-Modified-Since", "now"))
    assert "if-none-match" not in page.headers
    assert "if-modified-since" not in page.headers
    assert answer.headers.getlist("cache-control") == ["private, no-cache"]


def test_a_cookie_is_secure_where_the_page_came_by_https() -> None:
    forwarded = ("X-Forwarded-Proto", "https")
    assert cookies(Settings(), "0.0.0.0", scheme="https")[0].endswith("; Secure")
    assert cookies(behind("10.0.0.1"), "0.0.0.0", forwarded, peer="10.0.0.1")[0].endswith("Secure")
    assert "Secure" not in cookies(behind("10.0.0.1"), "0.0.0.0", forwarded, peer="10.0.0.2")[0]
    assert "Secure" not in cookies(Settings(), "0.0.0.0", forwarded)[0]


# ---------------------------------------------------------------- the browser of a web socket


def browsers(address: str, *headers: Header, settings: Settings | None = None) -> list[str]:
    """Return the headers that stand for the browser of a web socket."""
    page = Page()
    app = guarded(page, settings or Settings(), address)
    ask(app, "/_stcore/stream", *headers, websocket=True)
    return page.headers.getlist(BROWSER_HEADER)


def test_a_web_socket_brings_the_digest_of_its_browsers_cookie() -> None:
    mine = browsers("0.0.0.0", ("Cookie", f"{COOKIE}={TOKEN}"))
    assert mine == [hashlib.sha256(TOKEN.encode()).hexdigest()]
    assert mine == browsers("0.0.0.0", ("Cookie", f"a=b; {COOKIE}={TOKEN}"))
    assert browsers("0.0.0.0", ("Cookie", f"{COOKIE}={TOKEN[1:]}b")) != mine
    named = browsers("127.0.0.1", ("Cookie", f"{COOKIE}={TOKEN}"), settings=behind("127.0.0.1"))
    assert named == mine


def test_without_the_cookie_every_web_socket_is_another_browser() -> None:
    [first], [second] = browsers("0.0.0.0"), browsers("0.0.0.0", ("Cookie", f"{COOKIE}=short"))
    assert first != second
    assert len(first) == len(second) == 64


def test_nobody_names_a_browser_himself() -> None:
    forged = ((BROWSER_HEADER, "eve"), (BROWSER_HEADER.lower(), "ann"))
    assert browsers("0.0.0.0", ("Cookie", f"{COOKIE}={TOKEN}"), *forged) == browsers(
        "0.0.0.0", ("Cookie", f"{COOKIE}={TOKEN}")
    )
    assert "eve" not in browsers("0.0.0.0", *forged)


def test_on_a_lab_of_this_machine_all_windows_are_one() -> None:
    assert browsers("127.0.0.1", ("Cookie", f"{COOKIE}={TOKEN}")) == []
    assert options(Settings(), "127.0.0.1", 1)["server.trustedUserHeaders"] == {}
    trusted = options(behind("10.0.0.1"), "127.0.0.1", 1)["server.trustedUserHeaders"]
    assert trusted == {USER: "proxy_user", BROWSER_HEADER: "browser"}
