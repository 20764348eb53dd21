"""Word documents as HTML, by mammoth: what a process of its own runs, or what is called here.

    python -P word_html.py < document.docx > document.html

Nothing of the lab is imported: the process begins at once, and its folder is on no path.
"""

from __future__ import annotations

import io
import sys
from contextlib import suppress

MOST_MEMORY = 1_000_000_000
"""Bytes that the process may have; a document of 12 MB of XML takes about 700 million."""
STYLES = 'p[style-name="Title"] => h1:fresh\np[style-name="title"] => h1:fresh'


def html_of(content: bytes) -> str:
    """Return a document's text and headings as HTML, without its pictures; raises anything."""
    import mammoth  # here, since most runs read no document of Word

    return str(
        mammoth.convert_to_html(
            io.BytesIO(content),
            style_map=STYLES,
            convert_image=mammoth.images.img_element(lambda image: {}),
            include_embedded_style_map=False,
            external_file_access=False,
        ).value
    )


if __name__ == "__main__":
    with suppress(ImportError, ValueError, OSError):  # not every system has such limits
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    try:
        sys.stdout.buffer.write(html_of(sys.stdin.buffer.read()).encode(errors="surrogatepass"))
    except (Exception, RecursionError) as exc:  # mammoth raises anything at a damaged file
        sys.stderr.write(f"{type(exc).__name__}: {exc}")
        sys.exit(1)
