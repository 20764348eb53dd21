"""What browser tests do on several pages."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

LETTERS = ("A", "B", "C", "D")
"""The columns of the systems that are compared unless others are chosen."""
LOGGING = "Recording a failure with logging.exception"
TRACEBACK = "how do I get the traceback into my log file"
HARBOUR = "Weather in the harbour city"


def among_exceptions(enter: Callable[..., Any]) -> Any:  # noqa: ANN401
    """Return a visitor who compares over the nine passages of "exceptions"."""
    visitor = enter("/?corpus=exceptions")
    visitor.page.locator(".board .card").first.wait_for()
    visitor.idle()
    return visitor


def jsonl(*rows: dict[str, object]) -> bytes:
    """Return rows as the bytes of a JSONL file."""
    return "\n".join(map(json.dumps, rows)).encode()


def upload(visitor: Any, name: str, content: bytes) -> None:  # noqa: ANN401
    """Upload a corpus on the Corpus page and use it."""
    page = visitor.page
    page.locator(".st-key-_files input[type=file]").set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    )
    use = page.locator(".st-key-use_upload button")
    use.wait_for()
    visitor.idle()
    visitor.after(use.click)
    page.get_by_text("Indexed.", exact=True).wait_for()
    visitor.quiet()


def overflow(visitor: Any) -> list[int]:  # noqa: ANN401
    """Return by how many pixels the page, and Streamlit's scrolling part of it, are too wide."""
    found = visitor.page.evaluate(
        """() => [document.scrollingElement, document.querySelector('[data-testid=stMain]')].map(
          (node) => node.scrollWidth - Math.min(node.clientWidth, innerWidth))"""
    )
    return list(found)


def fits(visitor: Any, *sizes: tuple[int, int]) -> None:  # noqa: ANN401
    """Give the window one size after the other; fail where the page stays too wide for it."""
    for width, height in sizes:
        visitor.page.set_viewport_size({"width": width, "height": height})
        visitor.until(lambda: max(overflow(visitor)) <= 1)
