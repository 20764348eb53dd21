"""A filter in a real browser: chosen in its popover, kept by the address, at home on a phone."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import expect

from tests.support.browsing import fits, jsonl, upload
from tests.support.given_fields import DOCUMENTS

expect.set_options(timeout=60_000)


def rows() -> bytes:
    """Return the documents of `given_fields` as a file."""
    return jsonl(
        *(
            {"_id": d.id, "text": d.text}
            | {n: json.loads(v) if v.startswith("[") else v for n, v in d.metadata.items()}
            for d in DOCUMENTS
        )
    )


def test_a_filter_is_chosen_kept_by_the_address_and_removed(small: Any) -> None:  # noqa: ANN401
    page = small.page
    small.go("Corpus")
    upload(small, "fields.jsonl", rows())
    small.go("Compare")
    small.search("red")
    assert len(small.titles("A")) >= 4
    page.locator(".st-key-filter-popover button").first.click()
    body = page.locator("[data-testid=stPopoverBody]")
    expect(body).to_contain_text("Only passages that meet all conditions are searched")
    assert page.locator("img[src*='evil']").count() == 0
    bound = body.get_by_label("year from")
    bound.fill("2021")
    small.after(lambda: bound.press("Enter"))
    narrowed = page.locator(".st-key-soft-under-filter")
    expect(narrowed).to_contain_text("Filter year>=2021: 2 of 6 documents searched")
    expect(page.locator(".column[data-letter=A] .card")).to_have_count(2)
    small.quiet()
    assert "filter=year%3E%3D2021" in page.url
    page.reload()
    expect(narrowed).to_contain_text("Filter year>=2021: 2 of 6 documents searched")
    expect(page.locator(".st-key-filter-popover button").first).to_contain_text("Filter (1)")
    fits(small, (390, 844))
    page.locator(".st-key-filter-popover button").first.click()
    box = body.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    small.after(body.get_by_role("button", name="Remove the filter").click)
    expect(narrowed).to_have_count(0)
    assert "filter=" not in page.url
