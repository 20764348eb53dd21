"""Seconds and memory that reading the largest uploads takes.

    python -m tests.support.upload_benchmark [--megabytes 50] [CASE ...]

Each case is a kind of file that costs much to read, as long as the limits of an upload and the
size admit. One process reads it and measures itself: seconds, those of them in which it was busy,
the most memory above what it had before, and what came of it. Smaller sizes show how costs grow.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from components.corpora import Upload, preview_columns, read_uploads
from components.corpora.formats.tables import MAX_COLUMNS
from components.corpora.limits import (
    MAX_BRACKETS,
    MAX_BYTES,
    MAX_LINE,
    MAX_LINES,
    MAX_MARKDOWN,
    MAX_MARKDOWN_LINES,
    MAX_ROWS,
    MAX_TEXT,
    MAX_VALUES,
)
from components.domain import CorpusError

Case = Callable[[int], Mapping[str, bytes]]
ONE = b'{"_id": "a", "text": "x"}\n'
HEADER = "query-id\tcorpus-id\tscore\n"
LIMIT_S = 120


def repeated(pattern: str, size: int, most: int = MAX_BYTES) -> bytes:
    """Return a pattern as often as it fits; `%d` in it is the number of the repetition."""
    if "%d" not in pattern:
        return pattern.encode() * min(size // len(pattern.encode()), most)
    numbers = range(min(size // len(pattern % 1_000_000), most))
    return "".join(pattern % number for number in numbers).encode()


def file(
    name: str, start: str, pattern: str, end: str = "", most: int = MAX_BYTES, size: int = MAX_BYTES
) -> Case:
    """Return a case of one file: a pattern up to `most` times and up to a size."""

    def content(at_most: int) -> Mapping[str, bytes]:
        room = min(size, at_most) - len(start) - len(end) - 100
        return {name: start.encode() + repeated(pattern, room, most) + end.encode()}

    return content


def line(start: str, pattern: str, end: str, most: int = MAX_BYTES) -> Case:
    """Return a case of a JSONL file of lines as long as a line may be, or of `most` patterns."""

    def content(at_most: int) -> Mapping[str, bytes]:
        room = min(MAX_LINE, at_most) - len(start) - len(end) - 100
        one = start.encode() + repeated(pattern, room, most) + end.encode() + b"\n"
        return {"a.jsonl": one * max(1, at_most // len(one))}

    return content


def table(columns: int) -> Case:
    """Return a case of a CSV file with this many columns, the text first."""
    header = ",".join(["text", *(f"c{number}" for number in range(1, columns))]) + "\n"
    return file("a.csv", header, "a," * (columns - 1) + "a\n")


def archive(at_most: int, line: str, suffix: str, size: int, lines: int) -> Mapping[str, bytes]:
    """Return a zip of 2,000 files of equal lines."""
    buffer = io.BytesIO()
    content = repeated(line, min(size, at_most) // 2_000, lines // 2_000)
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as members:
        for number in range(2_000):
            members.writestr(f"{number}{suffix}", content + b"x" * (number % 9))
    return {"a.zip": buffer.getvalue()}


def judged(at_most: int, document: str, query: str, judgment: str) -> Mapping[str, bytes]:
    """Return as many documents, queries and judgments as may be, a third of each."""
    patterns = (document, query, judgment)
    count = min(at_most // sum(len(p % 1_000_000) for p in patterns), MAX_ROWS // 3)
    texts = ["".join(p % n for n in range(count)) for p in patterns]
    names = ("a.jsonl", "queries.jsonl", "t.tsv")
    texts[2] = HEADER + texts[2].replace("@", "0")
    return dict(zip(names, (text.encode() for text in texts), strict=True))


def judgments(at_most: int, pattern: str, most: int) -> Mapping[str, bytes]:
    """Return one document, one query and a pattern in the file of judgments."""
    content = HEADER.encode() + b"a\ta\t1\n" + repeated(pattern, at_most - 100, most)
    return {"a.jsonl": ONE, "queries.jsonl": ONE, "t.tsv": content}


def cases() -> Iterator[tuple[str, Case]]:
    """Yield the cases by name."""
    rows, blank = MAX_ROWS - 10, MAX_LINES - 10
    yield "jsonl blank", file("a.jsonl", '{"text":"x"}\n', "\n", most=blank)
    yield "jsonl too many blank", file("a.jsonl", '{"text":"x"}\n', "\n")
    yield "jsonl spaces", file("a.jsonl", '{"text":"x"}\n', " " * 20 + "\n", most=blank)
    yield "jsonl rows", file("a.jsonl", "", '{"text":"a"}\n', most=rows)
    yield "jsonl too many rows", file("a.jsonl", "", '{"text":"a"}\n', most=blank)
    yield "jsonl long rows", file("a.jsonl", "", '{"id":"%d","text":"' + "ab " * 24 + '"}\n')
    yield "jsonl long ids", file("a.jsonl", "", '{"id":"%d' + "i" * 500 + '","text":"a"}\n')
    yield "jsonl same id", file("a.jsonl", "", '{"id":"a","text":"a"}\n')
    end = '{"doc_id":"1","text":"a"}\n'
    yield "jsonl doc_id", file("a.jsonl", "", '{"doc_id":"%d","text":"a"}\n', end, most=rows)
    few = '{"text":"a","metadata":{"ab":1.5,"bc":2.5}}\n'
    yield "jsonl metadata", file("a.jsonl", "", few, most=rows)
    many = '{"text":"a","metadata":{"0":1' + ',"%d":1.5' * 49
    many = many % tuple(range(1_000, 1_049)) + "}}\n"
    yield "jsonl much metadata", file("a.jsonl", "", many, most=MAX_VALUES // 50)
    yield "jsonl unread", file("a.jsonl", "", '{"text":"a","x":{"a":{"b":{"c":{}}}}}\n', most=rows)
    most = MAX_BRACKETS - 20
    yield "jsonl lists in a line", line('{"text":"a","x":[', "[],", "1]}", most)
    yield "jsonl objects in a line", line('{"text":"a","x":[', '{"a":{}},', "1]}", most // 2)
    nested = '{"a":' * 30 + "{}" + "}" * 30 + ","
    yield "jsonl nested objects", line('{"text":"a","x":[', nested, "1]}", most // 31)
    yield "jsonl numbers", line('{"text":"a","x":[', "1.5,", "1]}")
    yield "jsonl too many lists", line('{"text":"a","x":[', "[],", "1]}")
    yield "jsonl deep", line('{"text":"a","x":', "[", "1}")
    yield "jsonl keys", line('{"text":"a"', ',"%d":1', "}")
    yield "jsonl texts", file("a.jsonl", "", '{"text":"' + "a b " * (MAX_TEXT // 4) + '"}\n')
    yield "jsonl wide", file("a.jsonl", "", '{"text":"\U0001f600' + "a b " * 200_000 + '"}\n')
    yield "jsonl escaped", file("a.jsonl", "", '{"text":"' + "\\u1234" * MAX_TEXT + '"}\n')
    yield "csv blank", file("a.csv", "id,text\n", "\n", "a,b\n", most=blank)
    yield "csv blank cells", file("a.csv", "id,text\n", " ,\n", "a,b\n", most=blank)
    yield "csv blank first", file("a.csv", "", "\n", "id,text\na,b\n", most=blank)
    yield "csv carriage returns", file("a.csv", "id,text\n", "\r", "\na,b\n")
    yield "csv commas", file("a.csv", "text,b\n", ",", "\n", size=MAX_LINE)
    yield "csv header", file("a.csv", "", "c%d,", "text\n", size=MAX_LINE)
    yield "csv rows", file("a.csv", "text,b\n", "a,b\n", most=rows)
    yield "csv rows of 90 bytes", file("a.csv", "id,text\n", "%d,the " + "quick " * 14 + "\n")
    yield "csv open quote", file("a.csv", 'text,b\n"', "a\n", most=blank)
    yield "csv quotes", file("a.csv", 'text,b\n"', '""', '",b\n', size=MAX_LINE)
    yield "csv most columns", table(MAX_COLUMNS)
    yield "csv 20,000 columns", table(20_000)
    yield "csv one column", file("a.csv", "text\n", "a\n", most=rows)
    markdown = partial(file, "a.md", size=MAX_MARKDOWN)
    for name, pattern in MARKDOWN.items():
        most = (MAX_MARKDOWN_LINES - 10) // max(1, pattern.count("\n"))
        yield f"md {name}", markdown("a\n\n", pattern, "\na\n", most=most)
    yield "txt blank", file("a.txt", "a\n", "\n", most=blank)
    yield "txt paragraphs", file("a.txt", "", "a\n\n", most=blank // 2)
    yield "txt words", file("a.txt", "", "a " * 301 + "\n\n")
    yield "txt lines", file("a.txt", "", "a b c d e f g h i j k l\n", most=blank)
    text = {"line": "a b\n", "suffix": ".txt", "size": MAX_BYTES, "lines": MAX_LINES}
    yield "zip of text", partial(archive, **text)
    section = {"line": "# a\n", "suffix": ".md", "size": MAX_MARKDOWN}
    yield "zip of markdown", partial(archive, **section, lines=MAX_MARKDOWN_LINES)
    document, query = '{"_id":"d%d","text":"a"}\n', '{"_id":"q%d","text":"a"}\n'
    yield "judged", partial(judged, document=document, query=query, judgment="q%d\td@\t1\n")
    yield "judgments blank", partial(judgments, pattern="\n", most=blank)
    yield "judgments same", partial(judgments, pattern="a\ta\t1\n", most=rows)
    yield "judgments tabs", partial(judgments, pattern="\t", most=MAX_LINE - 100)


MARKDOWN: Mapping[str, str] = {
    "blank": "\n",
    "headings": "# a\n",
    "sections": "# a\nb\n",
    "paragraphs": "a\n\n",
    "prose": "the quick brown fox jumps over the lazy dog\n" * 4 + "\n",
    "lines": "the quick brown fox jumps over the lazy dog\n",
    "quotes": ">" * 40 + " a\n",
    "quotes apart": "> > > > a\n\n",
    "deep quotes apart": "> " * 20 + "a\n\n",
    "deep items": "- " * 9 + "a\n\n",
    "items in quotes": "> - > - a\n\n",
    "items": "- a\n",
    "nested items": "- - - - - - - - - - - - a\n",
    "long items": "- " * 500_000 + "a\n",
    "references": "[a%d]: b\n",
    "open references": "[a\n",
    "html": "<!--\n",
    "fences": "```\n",
    "underlines": "a\n=\n\n",
    "lazy quotes": "> a\nb\n",
    "tabs": "\t-\ta\n",
    "rules": "* * *\n",
}


def peak() -> int:
    """Return the most memory that this process has had, in bytes, as Linux counts it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def measure(paths: Sequence[Path]) -> str:
    """Read files as one upload; return seconds, megabytes above idle, and what came of it."""
    idle, start = peak(), (time.perf_counter(), time.process_time())
    try:
        uploads = [Upload(path.name, path.read_bytes()) for path in paths]
        if len(uploads) == 1:
            preview_columns(uploads[0])  # as the Corpus page does before
        corpus = read_uploads(uploads)
        outcome = f"{len(corpus.documents):,} documents, {len(corpus.queries):,} queries"
    except CorpusError as error:
        outcome = error.reason
    seconds, busy = time.perf_counter() - start[0], time.process_time() - start[1]
    memory = (peak() - idle) / 1024**2
    return f"{seconds:6.1f} s ({busy:5.1f} s busy) {memory:6.0f} MB  {outcome[:110]}"


def run(case: Case, size: int) -> str:
    """Write the files of a case and have another process read them."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for name, content in case(size).items():
            paths.append(Path(folder) / name)
            paths[-1].write_bytes(content)
        command = [sys.executable, "-m", __spec__.name, "--read", *map(str, paths)]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=LIMIT_S, check=False
            )
        except subprocess.TimeoutExpired:
            return f"more than {LIMIT_S} s"
        return done.stdout or done.stderr[-300:]


def main() -> None:
    """Measure the cases whose names begin with an argument, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*")
    parser.add_argument("--megabytes", type=float, default=MAX_BYTES / 1024**2)
    parser.add_argument("--read", nargs="+", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.read:
        sys.stdout.write(measure(arguments.read))
        return
    for name, case in cases():
        if name.startswith(tuple(arguments.cases or [""])):
            sys.stdout.write(f"{name:24}{run(case, int(arguments.megabytes * 1024**2))}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
