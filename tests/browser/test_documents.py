"""Twenty documents of four kinds, from upload to first search, in a browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.support.given_documents import twenty

Enter = Callable[..., Any]
TOPICS = [
    ("Lamps", "A lamp is lit at dusk and burns until dawn."),
    ("Clocks", "The keeper winds the clock every morning."),
    ("Boats", "The boat brings oil and letters on Mondays."),
]


def test_a_folder_of_twenty_documents_is_uploaded_and_searched(
    enter: Enter, tmp_path: Path
) -> None:
    """PDF, Word, HTML and Markdown, one of them damaged; a script in them is text of no one.

    A card says where in which file its passage stands, and so does the panel; presenter view has
    no room for it.
    """
    folder = tmp_path / "station"
    files = {**twenty(TOPICS), "old/broken.pdf": b"hello"}
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    visitor = enter("/corpus?first=bm25&reranker=bm25")
    page = visitor.page
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    visitor.idle()
    visitor.after(page.locator(".st-key-_upload_kind").get_by_text("A folder").click)
    field = page.locator(".st-key-_files input[type=file]")
    expect(field).to_have_attribute("webkitdirectory", "")
    field.set_input_files(folder)
    use = page.locator(".st-key-use_upload button")
    use.wait_for()
    visitor.idle()
    expect(page.get_by_text("station: 25 passages, 0 queries, 0 judgments.")).to_be_visible()
    expect(page.get_by_text("Not read: old/broken.pdf: expected a PDF")).to_be_visible()
    visitor.after(use.click)
    page.get_by_text("Indexed.", exact=True).wait_for()
    visitor.quiet()
    visitor.go("Compare")
    visitor.search("who winds the clock in the morning")
    expect(page.locator(".column[data-letter=A] .card")).not_to_have_count(0)
    expect(page.locator(".board")).to_contain_text("The keeper winds the clock every morning.")
    details = page.locator(".board .details").all_inner_texts()
    assert any(line.endswith(".pdf, page 1") for line in details), details
    page.locator(".board").evaluate("board => board.toggleAttribute('data-presenting', true)")
    expect(page.locator(".board .details").first).to_be_hidden()
    page.locator(".board").evaluate("board => board.removeAttribute('data-presenting')")
    page.locator(".card").first.click()
    expect(page.locator(".panel-details dt").first).to_have_text("document")
    visitor.quiet()
    assert page.evaluate("window.ran") is None
    assert not [url for url in requests if "fetched.png" in url]
