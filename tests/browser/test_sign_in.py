"""Signing in with an OpenID Connect provider, and out again, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from components.ui.server.headers import HEADERS
from tests.support.servers.app_server import AppServer, free_port
from tests.support.servers.lab_server import serve_lab
from tests.support.servers.openid_server import PERSON, OpenIdProvider, serve_openid

Tab = Any
"""Playwright's page."""
SIGN_IN = ".st-key-sign-in-button button"
SIGN_OUT = ".st-key-sign-out button"
PERMALINK = "/?corpus=exceptions&q=zip%20%26%20strict&first=bm25&reranker=bm25"


@pytest.fixture(scope="module")
def provider() -> Iterator[OpenIdProvider]:
    with serve_openid() as running:
        yield running


@pytest.fixture(scope="module")
def lab(provider: OpenIdProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    port = free_port()
    table = provider.table(f"http://127.0.0.1:{port}")
    with serve_lab(tmp_path_factory.mktemp("signed"), table, port=port) as server:
        yield server


@pytest.fixture
def tab(browser: Tab, provider: OpenIdProvider) -> Iterator[Tab]:
    """Return the page of a new browser; the provider makes no mistake yet."""
    provider.fault = ""
    provider.seen.clear()
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    yield context.new_page()
    context.close()


def must_sign_in(tab: Tab, lab: AppServer, path: str = "/") -> None:
    """Open a page and see nothing of the lab but the way in."""
    tab.goto(lab.url + path)
    tab.locator(SIGN_IN).wait_for()
    expect(tab.locator("[data-testid=stMain]")).to_have_text(
        "Rerank Lab This lab is for those who sign in. Sign in", use_inner_text=True
    )


def sign_in(tab: Tab, lab: AppServer, path: str = "/") -> None:
    must_sign_in(tab, lab, path)
    tab.locator(SIGN_IN).click()


def test_in_and_out_again(tab: Tab, lab: AppServer, provider: OpenIdProvider) -> None:
    said: list[str] = []
    tab.on("console", lambda message: said.append(message.text) if message.type == "error" else 0)
    for page in ("/corpus", "/evaluate", "/rerankers"):
        must_sign_in(tab, lab, page)
    said.clear()  # Streamlit looks for its own base path on other pages than the first
    assert provider.seen == []
    sign_in(tab, lab, PERMALINK)
    tab.locator(SIGN_OUT).wait_for()
    assert tab.url.startswith(lab.url + "/?corpus=exceptions&")
    expect(tab.locator(".st-key-ask input")).to_have_value("zip & strict")
    visitor = tab.locator(".st-key-soft-visitor")
    expect(visitor.get_by_text(PERSON["email"], exact=True)).to_be_visible()
    expect(tab.locator(SIGN_IN)).to_have_count(0)
    tab.reload()
    tab.locator(SIGN_OUT).click()
    tab.locator(SIGN_IN).wait_for()
    assert "/leave" in provider.seen
    assert not [text for text in said if "Content Security" in text or "Refused" in text]
    must_sign_in(tab, lab)


@pytest.mark.parametrize("fault", ["state", "signature", "token"])
def test_a_provider_that_errs_signs_nobody_in(
    fault: str,
    tab: Tab,
    lab: AppServer,
    provider: OpenIdProvider,
) -> None:
    provider.fault = fault
    must_sign_in(tab, lab)
    with tab.expect_request_finished(lambda request: "/_stcore/host-config" in request.url):
        tab.locator(SIGN_IN).click()
    tab.locator(SIGN_IN).wait_for()
    assert tab.url == lab.url + "/"
    must_sign_in(tab, lab)
    assert "/authorize" in provider.seen


def test_a_provider_that_is_down_is_said_in_one_line(
    tab: Tab,
    lab: AppServer,
    provider: OpenIdProvider,
) -> None:
    provider.fault = "down"
    begun = lab.written()
    must_sign_in(tab, lab)
    with tab.expect_response(lambda answer: "/auth/login" in answer.url) as response:
        tab.locator(SIGN_IN).click()
    tab.get_by_text("Authentication error").wait_for()
    assert response.value.status == 400
    assert HEADERS["Content-Security-Policy"] == response.value.headers["content-security-policy"]
    said = lab.log.read_text()[begun:]
    assert said.count("\n") == 1
    assert "HTTPStatusError" in said
    assert provider.url not in said  # none of the settings is ever shown
    must_sign_in(tab, lab)


def test_a_forged_identity_is_nobodys(tab: Tab, lab: AppServer) -> None:
    sign_in(tab, lab, "/corpus")
    tab.locator(SIGN_OUT).wait_for()
    [real] = [c for c in tab.context.cookies() if c["name"] == "_streamlit_user"]
    middle = len(real["value"]) // 2
    changed = real["value"][:middle] + "AAAA" + real["value"][middle + 4 :]
    for value in (changed, "x" + real["value"], "", "eyJpc19sb2dnZWRfaW4iOnRydWV9"):
        tab.context.add_cookies([real | {"value": value}])
        must_sign_in(tab, lab)
    tab.context.add_cookies([real])
    tab.goto(f"{lab.url}/corpus")
    tab.locator(SIGN_OUT).wait_for()


def test_another_site_shows_the_lab_in_no_frame(
    tab: Tab, lab: AppServer, provider: OpenIdProvider
) -> None:
    for framed, url in (
        (f"{provider.url}/keys", f"{provider.url}/keys"),
        (f"{lab.url}/", "chrome-error://chromewebdata/"),
        (f"{lab.url}/_stcore/health", "chrome-error://chromewebdata/"),
    ):
        tab.goto(f"{provider.url}/frame?of={framed}")
        assert [inner.url for inner in tab.frames[1:]] == [url]


def test_no_secret_is_logged(lab: AppServer) -> None:
    log = lab.log.read_text()
    for secret in ("client-secret", "c" * 40):
        assert secret not in log
    assert "Visitors sign in by OpenID Connect." in log
