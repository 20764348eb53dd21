"""Markdown and text files, cut into passages."""

from __future__ import annotations

import pytest

from components.corpora import read_uploads
from tests.support.uploads import passages, refusal, up


def test_markdown_is_cut_at_headings_of_level_one_and_two() -> None:
    """Not at deeper ones, not in code; a heading with nothing under it is left out."""
    content = (
        "Before.\n\n# One #\n\nText of one.\n### Deeper\nmore\n```sh\n# no heading\n```\n\n"
        "# Empty\n\n## C#\n  Indented.\n\n\nTwo   blanks.\n#no\n"
        "Three\n=====\nthree\n\nFour\n---\nfour\n"
    )
    assert passages(read_uploads([up("n.md", content)])) == [
        ("n.md#1", "", "Before."),
        ("n.md#2", "One", "Text of one.\n### Deeper\nmore\n```sh\n# no heading\n```"),
        ("n.md#3", "C#", "  Indented.\n\n\nTwo   blanks.\n#no\nThree\n=====\nthree"),
        ("n.md#4", "Four", "four"),
    ]


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
    assert passages(read_uploads([up("n.md", content)])) == [("n.md#1", "", content)]


def test_a_fence_closes_only_with_its_like() -> None:
    """Inline code in three backticks opens none."""
    content = "````\n```\n# a\n````\n# b\nx\n```y```\n# c\nz"
    assert passages(read_uploads([up("n.md", content)])) == [
        ("n.md#1", "", "````\n```\n# a\n````"),
        ("n.md#2", "b", "x\n```y```"),
        ("n.md#3", "c", "z"),
    ]


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
    assert passages(read_uploads([up("n.txt", "\n\n".join([paragraph] * 4))])) == [
        ("n.txt#1", "", "\n\n".join([paragraph] * 4))
    ]
    three = f"{paragraph}\n \r\n{paragraph}\n\n\n{paragraph}"
    content = f"\n{three}\r\n\r\n{paragraph}\n\n{'w ' * 500}\n\nend\n"
    assert passages(read_uploads([up("n.txt", content)])) == [
        ("n.txt#1", "", three),
        ("n.txt#2", "", paragraph),
        ("n.txt#3", "", "w " * 500),
        ("n.txt#4", "", "end"),
    ]


def test_files_are_documents_side_by_side() -> None:
    """Each with its own ids; a card among prose is prose."""
    corpus = read_uploads([up("b.md", "# T\nx"), up("card.md", "y"), up("a.txt", "# z")])
    assert corpus.name == "upload"
    assert passages(corpus) == [
        ("b.md#1", "T", "x"),
        ("card.md#1", "", "y"),
        ("a.txt#1", "", "# z"),
    ]


def test_a_blank_file_is_named() -> None:
    """Among others it is left out; a byte that is not text is refused."""
    corpus = read_uploads([up("a.md", "x"), up("b.txt", " \n")])
    assert passages(corpus) == [("a.md#1", "", "x")]
    assert corpus.report.warnings == ("Not read: 'b.txt' (blank).",)
    assert refusal(up("b.txt", " \n")) == "b.txt:1: the file is blank."
    assert refusal(up("a.md", b"a\n\xc3")).startswith("a.md:2: the byte 0xc3 at offset 2 of the ")
