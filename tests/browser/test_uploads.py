"""Uploaded corpora in a real browser: they are searched, and their texts are text."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from tests.support.browsing import LETTERS, jsonl, upload

HOSTILE = (
    '<img src="x" onerror="window.__hacked=1"><script>window.__hacked=1</script>'
    "![pwned](https://evil.example/pwned.png) <b>bold</b>"
)
expect.set_options(timeout=60_000)


def test_an_uploaded_corpus_is_searched(small: Any) -> None:  # noqa: ANN401
    small.go("Corpus")
    rows = (
        {"_id": "a", "title": "The lighthouse", "text": "A lamp of zorblax stands on the cliff."},
        {"_id": "b", "title": "The mill", "text": "Two stones grind the corn."},
    )
    upload(small, "towers.jsonl", jsonl(*rows))
    chosen = small.page.locator(".st-key-_corpus_page input")
    expect(chosen).to_have_value("towers (library)")
    expect(small.page.locator(".st-key-figures")).to_contain_text("Passages2")
    small.go("Compare")
    expect(small.page.locator(".st-key-where")).to_contain_text("towers · 2 passages")
    small.search("who has a zorblax lamp")
    assert {letter: small.titles(letter)[0] for letter in LETTERS} == dict.fromkeys(
        LETTERS, "The lighthouse"
    )
    small.go("Corpus")
    expect(chosen).to_have_value("towers (library)")
    small.choose("_corpus_page", "exceptions")
    expect(small.page.locator(".st-key-figures")).to_contain_text("Passages9")


def test_hostile_documents_are_text(small: Any) -> None:  # noqa: ANN401
    page = small.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    small.go("Corpus")
    rows = [
        {"_id": f"{n}{HOSTILE}", "title": f"{n} {HOSTILE}", "text": f"harbour {HOSTILE}"}
        for n in range(3)
    ]
    upload(small, "hostile.jsonl", jsonl(*rows))
    small.go("Compare")
    small.search(f"harbour {HOSTILE}")
    for letter in LETTERS:
        first = page.locator(f".column[data-letter={letter}] .card .title").first
        assert first.text_content()[2:] == HOSTILE
    small.after(page.locator(".column[data-letter=B] .card").first.click)
    expect(page.locator(".st-key-detail")).to_contain_text(f"harbour {HOSTILE}")
    expect(page.locator(".bump .names li").first).to_contain_text("<script")
    page.locator(".bump .way circle").first.hover(force=True)
    expect(page.locator("img[src='x'], img[src*='evil'], [onerror]")).to_have_count(0)
    expect(page.locator(".board b b, .board script")).to_have_count(0)
    assert page.evaluate("window.__hacked") is None
    assert not [url for url in asked if "evil.example" in url or url.endswith("/x")]
