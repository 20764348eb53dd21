from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise

import pytest

from components.domain import RECORDED
from components.exports.trec import RUN_PREFIX
from components.wording import agree, count, dollars, key_form, named, visible
from tests.support.house import ROOT, parsed, sources

NOUNS = """
    attempt batch block byte candidate card cell character chunk collection column comparison corpus
    day dimension document entry evaluation failure field file group hour item judgment key lab line
    list machine measure member minute model more name number object output pair passage piece place
    point prediction provider query question ranking reading recording reply request reranker
    resample result round row run sample score search second sentence setting split stage step
    student system tag term text thread time token unit value variant vector version visitor vote
    warning week window word worker
""".split()
"""What the project counts."""
PLURALS = "|".join(count(2, noun).partition(" ")[2] for noun in NOUNS)
COUNTED = re.compile(rf"^ (?:[a-z-]+ )?(?:{PLURALS})\b")
LARGE = re.compile(r"(?:self\.)?(?:[A-Z_]+|limits\.\w+|entry\.max_\w+)")
"""Constants and limits: the project knows that they are more than one."""
TEXT = re.compile(r".*\b(?:name|system|file|where|label|option|measure|\w+\(.*\))", re.DOTALL)
NUMBER = re.compile(r"(?:len|sum|int|round|max|min|abs)\(")
SEVERAL = {("analysis/comparison.py", "depth")}
"""Numbers, by file, that are more than one where they are written."""


def numbers_before_plurals(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield line and expression of what an f-string writes right before a plural."""
    strings = (node.values for node in ast.walk(tree) if isinstance(node, ast.JoinedStr))
    for values in strings:
        for value, after in pairwise(values):
            if isinstance(value, ast.FormattedValue) and isinstance(after, ast.Constant):
                number = ast.unparse(value.value)
                is_text = TEXT.fullmatch(number) and not NUMBER.match(number)
                if COUNTED.match(str(after.value)) and not is_text and not LARGE.fullmatch(number):
                    yield value.lineno, number


@pytest.mark.parametrize(
    ("n", "noun", "text"),
    [
        (1, "relevant document", "1 relevant document"),
        (0, "judged query", "0 judged queries"),
        (1250, "query", "1,250 queries"),
        (2, "search", "2 searches"),
        (2, "pass", "2 passes"),
        (2, "day", "2 days"),
    ],
)
def test_a_count_agrees_with_its_noun(n: int, noun: str, text: str) -> None:
    assert count(n, noun) == text


def test_a_plural_of_its_own_goes_first() -> None:
    assert count(3, "list or object", "lists and objects") == "3 lists and objects"
    assert (agree(1, "is", "are"), agree(0, "is", "are")) == ("is", "are")


def test_no_count_is_written_without_the_helper() -> None:
    """As far as a test sees: in an f-string, right before the plural of a noun."""
    places = [
        f"{file}:{line}: {{{number}}}"
        for path in sources()
        for file in [str(path.relative_to(ROOT)).removeprefix("components/")]
        for line, number in numbers_before_plurals(parsed(path))
        if (file, number) not in SEVERAL
    ]
    assert not places, "wording.count also writes it for one:\n" + "\n".join(places)


def test_a_count_without_the_helper_is_seen() -> None:
    source = """
f"{n:,} judged queries, {MOST} files and {limits.rows} rows"
f"{len(found)} of {m} documents"
f"{n} is the rank; {count(n, 'query')}"
"""
    assert list(numbers_before_plurals(ast.parse(source))) == [(2, "n"), (3, "m")]


@pytest.mark.parametrize(
    ("key", "name"),
    [
        (f"{RECORDED}minilm-l12", "minilm-l12 (recorded)"),
        (f"{RUN_PREFIX}bm25", "bm25 (from a run file)"),
        ("compatible:own", "compatible:own"),
        ("minilm-l12", "minilm-l12"),
    ],
)
def test_a_key_is_named_as_people_read_it(key: str, name: str) -> None:
    assert named(key) == name


@pytest.mark.parametrize(
    ("usd", "places", "text"),
    [(1234.5, 2, "$1,234.50"), (0.0005, 6, "$0.000500"), (0.0, 2, "$0.00"), (0.02, 4, "$0.0200")],
)
def test_dollars_have_the_places_that_are_asked_for(usd: float, places: int, text: str) -> None:
    assert dollars(usd, places) == text


def test_a_text_becomes_part_of_a_key() -> None:
    assert key_form("Which one? By query") == "which-one?-by-query"
    assert key_form("compatible:own") == "compatible-own"


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("plain, é 狐狸 👩‍🚀", "plain, é 狐狸 👩‍🚀"),
        ("a\x1b[31m\x7f\x9b", "a\\u001b[31m\\u007f\\u009b"),
        ("\u202eb\u2066\u200f", "\\u202eb\\u2066\\u200f"),
        ("a\nb\tc\rd", "a\nb\\u0009c\\u000dd"),
    ],
)
def test_what_is_hidden_becomes_visible(text: str, escaped: str) -> None:
    assert visible(text, keep="\n") == escaped
