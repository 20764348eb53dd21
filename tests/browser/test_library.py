"""Corpora that stay, in a real browser: after a reload, a restart, by a link, from a command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.support.browsing import jsonl, upload
from tests.support.servers.lab_server import ROOT, serve_lab
from tests.support.windows import PATIENCE_MS, Visitor, watch

expect.set_options(timeout=60_000)
ROWS = (
    {"_id": "a", "title": "The lighthouse", "text": "A lamp of zorblax stands on the cliff."},
    {"_id": "b", "title": "The mill", "text": "Two stones grind the corn."},
)
BM25 = "first=bm25&reranker="


def opened(browser: Any, address: str) -> Visitor:  # noqa: ANN401
    """Open an address in a new window of a new browser."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    visitor = Visitor(context.new_page())
    watch(visitor)
    visitor.page.goto(address)
    return visitor


def first_column(visitor: Visitor) -> list[list[str]]:
    """Return the titles and scores of the first column once they are there."""
    visitor.page.locator(".board .card").first.wait_for()
    visitor.idle()
    return list(visitor.rankings()["A"])


def command(environment: dict[str, str], *arguments: str) -> dict[str, Any]:
    """Return what `rerank-lab corpus` prints, run beside the app."""
    ended = subprocess.run(
        [sys.executable, "-m", "components.cli", "corpus", *arguments, "--json"],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        check=True,
    )
    return dict(json.loads(ended.stdout))


def test_an_upload_stays_until_it_is_deleted(browser: Any, tmp_path: Path) -> None:  # noqa: ANN401
    own = {"RERANK_LAB_DATA": str(tmp_path / "data"), "RERANK_LAB_CACHE": str(tmp_path / "cache")}
    serve: Callable[[], Any] = lambda: serve_lab(tmp_path, environment=own)  # noqa: E731
    with serve() as server:
        visitor = opened(browser, f"{server.url}/?corpus=exceptions&{BM25}")
        first_column(visitor)
        visitor.go("Corpus")
        upload(visitor, "towers.jsonl", jsonl(*ROWS))
        visitor.go("Compare")
        visitor.search("who has a zorblax lamp")
        before = first_column(visitor)
        assert before[0][0] == "The lighthouse"
        link = visitor.page.url
        visitor.page.reload()
        assert first_column(visitor) == before
        assert first_column(opened(browser, link)) == before
        command(own, "add", "helpdesk", "--name", "by command")
        visitor.go("Corpus")
        visitor.page.locator(".st-key-_corpus_page input").click()
        expect(visitor.page.get_by_role("option", name="by command (library)")).to_be_visible()
        visitor.page.keyboard.press("Escape")
    with serve() as server:
        again = link.replace(link.partition("/?")[0], server.url)
        visitor = opened(browser, again)
        assert first_column(visitor) == before
        expect(visitor.page.locator(".st-key-where")).to_contain_text("towers · 2 passages")
        visitor.go("Corpus")
        page = visitor.page
        page.locator(".st-key-manage").get_by_role("button", name="Rename").click()
        page.get_by_label("New name").fill("coast")
        visitor.after(page.get_by_role("button", name="Rename it").click)
        expect(page.locator(".st-key-_corpus_page input")).to_have_value("coast (library)")
        assert first_column(opened(browser, again.replace("corpus=towers", "corpus=x"))) == before
        page.locator(".st-key-manage").get_by_role("button", name="Delete").click()
        visitor.after(page.locator(".st-key-delete_corpus button").click)
        expect(page.get_by_text("coast was deleted.")).to_be_visible()
        assert [c["name"] for c in command(own, "list")["corpora"]] == ["by command"]
        gone = opened(browser, again)
        expect(gone.page.get_by_text("The corpus towers is not here")).to_be_visible()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in files if b"zorblax stands" in path.read_bytes()]
