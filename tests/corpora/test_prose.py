"""Markdown and text files, cut into passages."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.corpora import read_uploads
from tests.support.uploads import passages, refusal, up


def placed(name: str, content: str, *sections: tuple[str, str]) -> list[tuple[str, str, str]]:
    """Return id, title and text of passages, one behind the other, by where their texts stand."""
    rows, at = [], 0
    for title, text in sections:
        at = content.index(text, at)
        rows.append((f"{name}#{at}-{at + len(text)}", title, text))
        at += len(text)
    return rows


def test_markdown_is_cut_at_headings_of_level_one_and_two() -> None:
    """Not at deeper ones, not in code; a heading with nothing under it is left out and named."""
    content = (
        "Before.\n\n# One #\n\nText of one.\n### Deeper\nmore\n```sh\n# no heading\n```\n\n"
        "# Empty\n\n## C#\n  Indented.\n\n\nTwo   blanks.\n#no\n"
        "Three\n=====\nthree\n\nFour\n---\nfour\n"
    )
    assert passages(read_uploads([up("n.md", content)])) == placed(
        "n.md",
        content,
        ("", "Before."),
        ("One", "Text of one.\n### Deeper\nmore\n```sh\n# no heading\n```"),
        ("C#", "  Indented.\n\n\nTwo   blanks.\n#no\nThree\n=====\nthree"),
        ("Four", "four"),
    )


@pytest.mark.parametrize(
    "content",
    [
        "---\ntitle: x\n---\nNo heading, but front matter.\n",
        "A paragraph\nof two lines\n---\nand a rule.",
        "~~~\n# a\n```\n# b\n~~~ no end\n# c",
        "- a list\n---\n",
        "# Only a heading\n",
        "  one line \r\n\r\n",
        "0\r",
    ],
)
def test_what_is_not_cut_is_not_touched(content: str) -> None:
    """The one passage is the file, whatever its white space."""
    passage_id = f"n.md#0-{len(content)}"
    assert passages(read_uploads([up("n.md", content)])) == [(passage_id, "", content)]


def test_a_fence_closes_only_with_its_like() -> None:
    """Inline code in three backticks opens none."""
    content = "````\n```\n# a\n````\n# b\nx\n```y```\n# c\nz"
    assert passages(read_uploads([up("n.md", content)])) == placed(
        "n.md",
        content,
        ("", "````\n```\n# a\n````"),
        ("b", "x\n```y```"),
        ("c", "z"),
    )


def test_only_headings_of_the_document_itself_cut_it() -> None:
    """As CommonMark has them: not those in quotes, lists, HTML or indented code."""
    content = (
        "# One\r\n> # quoted\r\n\r\n- item\r\n\r\n  # in a list\r\n\r\n<!--\r\n# in a comment\r\n"
        "-->\r\n\r\n    # code\r\n\r\n*Two* of `them`\r\n===\r\ntwo\r\n"
    )
    corpus = read_uploads([up("n.md", content)])
    assert [(d.title, d.text.count("\n")) for d in corpus.documents] == [
        ("One", 10),
        ("*Two* of `them`", 0),
    ]


def test_text_files_are_cut_by_length_only() -> None:
    """Up to 400 words stay whole; more are cut at blank lines into at most 300."""
    paragraph = "# word\n" + "word " * 97 + "word"  # 100 words
    four = "\n\n".join([paragraph] * 4)
    assert passages(read_uploads([up("n.txt", four)])) == placed("n.txt", four, ("", four))
    three = f"{paragraph}\n \r\n{paragraph}\n\n\n{paragraph}"
    content = f"\n{three}\r\n\r\n{paragraph}\n\n{'w ' * 500}\n\nend\n"
    assert passages(read_uploads([up("n.txt", content)])) == placed(
        "n.txt",
        content,
        ("", three),
        ("", paragraph),
        ("", ("w " * 300).strip()),
        ("", f"{'w ' * 200}\n\nend"),
    )


def test_files_are_documents_side_by_side() -> None:
    """Each with its own ids, by their names; a card among prose is prose."""
    corpus = read_uploads([up("b.md", "# T\nx"), up("card.md", "y"), up("a.txt", "# z")])
    assert corpus.name == "upload"
    assert passages(corpus) == [
        ("a.txt#0-3", "", "# z"),
        ("b.md#4-5", "T", "x"),
        ("card.md#0-1", "", "y"),
    ]


def test_a_blank_file_is_named() -> None:
    """Among others it is left out; a byte that is not text is refused."""
    corpus = read_uploads([up("a.md", "x"), up("b.txt", " \n")])
    assert passages(corpus) == [("a.md#0-1", "", "x")]
    assert corpus.report.warnings == ("Not read: 'b.txt' (blank).",)
    assert refusal(up("b.txt", " \n")) == "b.txt:1: the file is blank."
    assert refusal(up("a.md", b"a\n\x81")).startswith("a.md:2: the byte 0x81 at offset 2 of the ")


def test_headings_with_nothing_under_them_are_named() -> None:
    """One above another heading is in the path of what stands there, and so is not lost."""
    content = "Before.\n\n# Guide\n\n## Setup\n\nPut it up.\n\n## Later\n\n# Rest\n# Index\n"
    corpus = read_uploads([up("n.md", content)])
    assert [d.metadata.get("section", "") for d in corpus.documents] == ["", "Guide › Setup"]
    assert corpus.report.warnings == (
        "n.md:1: 3 headings with nothing under them left out: 'Later', 'Rest' and 'Index'.",
    )
    one = read_uploads([up("n.html", "<p>Before.</p><h1>A</h1><p>x</p><h1>B</h1>")])
    assert one.report.warnings == ("n.html#0-7: 1 heading with nothing under it left out: 'B'.",)
    long = " ".join(f"word{n}" for n in range(900))
    assert read_uploads([up("n.md", f"{long}\n\n# B\n")]).report.warnings == (
        "n.md:1: 1 heading with nothing under it left out: 'B'.",
    )
    many = "# A\n\nx\n" + "".join(f"# H{n}\n" for n in range(8))
    [warning] = read_uploads([up("n.md", many)]).report.warnings
    assert warning.endswith("left out: 'H0', 'H1', 'H2', 'H3' and 'H4' and 3 others.")


@pytest.mark.parametrize("content", ["# Alone\n", "Before.\n\n# Alone\n", "# A\n\n## B\n\nx\n"])
def test_headings_that_are_kept_are_not_named(content: str) -> None:
    """What is not cut at all stays whole, and so do its headings."""
    assert read_uploads([up("n.md", content)]).report.warnings == ()


BLOCKS = st.lists(st.sampled_from(["# One", "## Two", "# A › B", "text", ""]), max_size=6)


@settings(deadline=None)
@given(BLOCKS)
def test_every_heading_is_in_a_passage_or_named(blocks: list[str]) -> None:
    blocks = [f"{block} {n}" if block else "" for n, block in enumerate(blocks)]
    corpus = read_uploads([up("n.md", "\n\n".join([*blocks, "text at the end"]))])
    kept = " ".join(f"{d.text} {d.metadata.get('section', '')}" for d in corpus.documents)
    told = " ".join(corpus.report.warnings)
    for block in filter(None, blocks):
        heading = block.lstrip("# ")
        assert (heading in kept) != (f"'{heading}'" in told)
