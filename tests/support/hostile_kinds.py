"""Hostile files of every kind that is read: numbers, lengths, nesting, encodings, bombs."""

from __future__ import annotations

import gzip
import io
import json
import random
import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from itertools import count
from typing import Any

ONE = b'{"_id": "a", "text": "a fox"}\n'
QRELS = "query-id\tcorpus-id\tscore\n"
DEEP = 100_000
NUMBERS = (
    *("NaN", "Infinity", "-Infinity", "1e309", "-1e309", "1e308", "1e-400", "-0", "1e9"),
    *("1000000000", "9223372036854775808", "18446744073709551616", "-101", "101", "2.5"),
    *("9" * 400, "9" * 5000, "9" * 1_000_000, "0x10", "1_000", "\uff11", "+1", "1e", ".", "--1"),
    *("true", "null", '""', "[]", "{}", '"1"'),
)
"""Numbers and what may stand in their place, as they are written."""
ENCODINGS: Mapping[str, Callable[[str], bytes]] = {
    "utf-16 with mark": lambda text: text.encode("utf-16"),
    "utf-16 without": lambda text: text.encode("utf-16-le"),
    "utf-32": lambda text: text.encode("utf-32"),
    "latin-1": lambda text: text.replace("fox", "f\xf6x").encode("latin-1"),
    "lone surrogate": lambda text: text.replace("fox", "\ud800").encode("utf-8", "surrogatepass"),
    "overlong": lambda text: text.encode().replace(b"fox", b"\xc0\xaf\xe0\x80\xaf"),
    "two marks": lambda text: b"\xef\xbb\xbf\xef\xbb\xbf" + text.encode(),
    "NUL": lambda text: text.encode().replace(b"fox", b"f\0x"),
    "cut in a letter": lambda text: text.encode() + b"\xe2\x82",
    "carriage returns": lambda text: text.replace("\n", "\r").encode(),
    "line separators": lambda text: text.replace("\n", "\u2028").encode(),
    "controls": lambda text: text.replace("fox", "\x1b[2J\x07\x9b\u202efox\u2066").encode(),
    "gzip": lambda text: gzip.compress(text.encode()),
    "utf-7": lambda text: text.encode("utf-7"),
}


@dataclass(frozen=True)
class HostileFile:
    """A file: its kind, what is hostile about it, its name, and what makes its content."""

    kind: str
    what: str
    name: str
    content: Callable[[], bytes]


def hostile_files() -> Iterator[HostileFile]:
    """Yield all files."""
    kinds = (_jsonl, _tables, _prose, _zips, _judged, _texts, _recordings, _runs, _settings)
    for number, file in zip(count(), (file for kind in kinds for file in kind())):
        name = f"{number:03}-{file.name}"
        yield HostileFile(file.kind, file.what, name, file.content)


def _file(kind: str, what: str, name: str, content: bytes | Callable[[], bytes]) -> HostileFile:
    shown = what if len(what) < 40 else f"{what[:30]}... ({len(what)})"
    return HostileFile(kind, shown, name, content if callable(content) else lambda: content)


# ---------------------------------------------------------------- corpora


def _jsonl() -> Iterator[HostileFile]:
    def corpus(what: str, content: bytes | Callable[[], bytes]) -> HostileFile:
        return _file("corpus", f"jsonl {what}", "a.jsonl", content)

    for number in NUMBERS:
        yield corpus(f"metadata {number}", f'{{"text": "a fox", "n": {number}}}\n'.encode())
    for number in NUMBERS[:12]:
        yield corpus(f"id {number}", f'{{"_id": {number}, "text": "a fox"}}\n'.encode())
        yield corpus(f"text {number}", f'{{"_id": "a", "text": {number}}}\n'.encode())
    for name, encode in ENCODINGS.items():
        yield corpus(name, encode(ONE.decode() * 3))
    shapes = {
        "nothing": b"",
        "blank lines": b"\n" * 1_000_000,
        "spaces": b" " * 9_000_000,
        "lists in lists": b'{"text": "fox", "n": ' + b"[" * DEEP + b"]" * DEEP + b"}",
        "objects in objects": b'{"text": "fox", "n": '
        + b'{"a":' * DEEP
        + b"1"
        + b"}" * DEEP
        + b"}",
        "unclosed lists": b'{"text": ' + b"[" * DEEP,
        "escaped surrogates": b'{"_id": "\\ud800", "text": "\\udfff fox"}',
        "escaped NUL": b'{"_id": "\\u0000", "text": "\\u0000 fox"}',
        "a key twice": b'{"_id": "a", "_id": "b", "text": "fox", "text": "hat"}',
        "an id twice": ONE * 2,
        "an array": b"[" + ONE + b"]",
        "a string": b'"fox"\n' * 10,
        "cut": ONE[:-8],
        "a line of 9 MB": b'{"text": "' + b"fox " * 2_250_000 + b'"}',
        "a line of 12 MB": b'{"text": "' + b"fox " * 3_000_000 + b'"}',
        "an id of 9 MB": b'{"_id": "' + b"a" * 9_000_000 + b'", "text": "fox"}',
        "a key of 9 MB": b'{"' + b"a" * 9_000_000 + b'": 1, "text": "fox"}',
        "a million keys": b'{"text": "fox"'
        + b"".join(b',"k%d":0' % n for n in range(600_000))
        + b"}",
        "quotes": b'"' * 9_000_000,
        "backslashes": b'{"text": "' + b"\\" * 9_000_000,
        "a title of a million": b'{"title": "' + b"t" * 1_100_000 + b'", "text": "fox"}',
        "an id of spaces": b'{"_id": "  ", "text": "fox"}',
        "combining marks": ('{"text": "fox' + "\u0301" * 900_000 + '"}').encode(),
        "an id of marks": '{"_id": "\u202e\u200b\x85", "text": "fox"}'.encode(),
        "random bytes": random.Random(1).randbytes(200_000),
        "random lines": b"\n".join(random.Random(2).randbytes(40) for _ in range(5000)),
        "20,000 documents": b"".join(b'{"text":"fox %d"}\n' % n for n in range(20_000)),
    }
    for what, content in shapes.items():
        yield corpus(what, content)


def _tables() -> Iterator[HostileFile]:
    shapes = {
        "nothing": b"",
        "a header alone": b"_id,title,text\n",
        "an unclosed quote": b'text\n"fox ' + b"a\n" * 100_000,
        "quotes in quotes": b"text\n" + b'"' * 1_000_001,
        "a column twice": b"text,text\nfox,hat\n",
        "20,000 columns": b",".join(b"c%d" % n for n in range(20_000)) + b"\n" + b"a," * 20_000,
        "more cells than columns": b"text\n" + b"fox," * 100_000 + b"\n",
        "fewer cells": b"_id,title,text\n" + b"a\n" * 1000,
        "a cell of 9 MB": b"text\n" + b"fox " * 2_250_000,
        "semicolons": b"_id;text\na;fox\n",
        "a formula": b"_id,text\n=cmd|'/c calc'!A1,=1+fox\n",
        "no text column": b"a,b\nfox,2\n",
        "blank names": b",,\nfox,fox,fox\n",
        "NUL names": b"te\0xt\nfox\n",
        "commas": b"," * 5_000_000,
        "blank lines": b"text\n" + b"\n" * 1_500_000,
        "carriage returns": b"text\rfox\rhat\r",
    }
    for ending in ("csv", "tsv"):
        for what, content in shapes.items():
            content = content.replace(b",", b"\t") if ending == "tsv" else content
            yield _file("corpus", f"{ending} {what}", f"a.{ending}", content)
    for name, encode in ENCODINGS.items():
        yield _file("corpus", f"csv {name}", "a.csv", encode("_id,text\na,a fox\n"))


def _prose() -> Iterator[HostileFile]:
    shapes = {
        "nothing": b"",
        "quotes in quotes": b"> " * 50_000 + b"fox",
        "lists in lists": b"".join(b" " * n + b"- fox\n" for n in range(3_000)),
        "brackets": b"[" * 200_000 + b"fox",
        "links": b"[fox](" * 50_000,
        "images": b"![" * 100_000,
        "backticks": b"`" * 100_000 + b" fox " + b"`" * 99_999,
        "asterisks": b"*a **fox " * 100_000,
        "underscores": b"_" * 500_000 + b"fox",
        "headings": b"# fox\n" * 150_000,
        "a heading of 9 MB": b"# " + b"fox" * 3_000_000,
        "tables": b"|" * 100_000 + b"\n" + b"|-" * 100_000 + b"\nfox",
        "html": b"<a " * 300_000 + b"fox",
        "comments": b"<!--" * 100_000 + b"fox",
        "entities": b"&#0;&#x110000;&amp" * 50_000 + b"fox",
        "references": b"".join(b"[a%d]: /b\n" % n for n in range(100_000)) + b"fox",
        "one line": b"fox " * 2_000_000,
        "dashes": b"-" * 1_000_000 + b"\nfox",
        "a fence": b"```\n" + b"fox\n" * 100_000,
    }
    for ending in ("md", "txt"):
        for what, content in shapes.items():
            yield _file("corpus", f"{ending} {what}", f"a.{ending}", content)
    for name, encode in ENCODINGS.items():
        yield _file("corpus", f"md {name}", "a.md", encode("# a fox\n\na fox and a hat\n"))


# ---------------------------------------------------------------- zips


def _zip(members: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _zips() -> Iterator[HostileFile]:
    def packed(what: str, content: Callable[[], bytes] | bytes) -> HostileFile:
        return _file("corpus", f"zip {what}", "a.zip", content)

    sound = _zip({"corpus.jsonl": ONE})
    shapes: Mapping[str, Callable[[], bytes]] = {
        "nothing": lambda: b"",
        "no zip": lambda: b"PK\x03\x04" + b"a" * 1000,
        "of nothing": lambda: _zip({}),
        "bomb of 500 MB": lambda: _zip({"corpus.jsonl": b" " * 500_000_000}),
        "bomb in the judgments": lambda: _zip(
            {"corpus.jsonl": ONE, "qrels/test.tsv": b"\n" * 300_000_000}
        ),
        "zip in a zip": lambda: _zip({"corpus.jsonl": ONE, "b.zip": sound}),
        "way out": lambda: _zip({"../corpus.jsonl": ONE}),
        "absolute name": lambda: _zip({"/corpus.jsonl": ONE}),
        "drive": lambda: _zip({"C:corpus.jsonl": ONE}),
        "backslashes": lambda: _zip({"..\\corpus.jsonl": ONE}),
        "3,000 members": lambda: _zip({f"{n}.txt": b"fox" for n in range(3_000)}),
        "100,000 members": lambda: _zip(
            {f"{n}.txt": b"" for n in range(100_000)}, zipfile.ZIP_STORED
        ),
        "lzma": lambda: _zip({"corpus.jsonl": ONE}, zipfile.ZIP_LZMA),
        "bzip2": lambda: _zip({"corpus.jsonl": ONE}, zipfile.ZIP_BZIP2),
        "cut": lambda: sound[:-10],
        "half": lambda: sound[: len(sound) // 2],
        "wrong checksum": lambda: _changed(sound, 14, b"\1\2\3\4"),
        "wrong size": lambda: _changed(sound, 22, b"\xff\xff\xff\x7f"),
        "comment": lambda: sound[:-2] + struct.pack("<H", 60_000) + b"P" * 60_000,
        "comment of entries": lambda: sound[:-2] + struct.pack("<H", 60_000) + b"PK\1\2" * 15_000,
        "name of 60,000": lambda: _zip({"a" * 60_000 + "/corpus.jsonl": ONE}),
        "name of controls": lambda: _zip({"\x1b[2J\u202e/corpus.jsonl": ONE}),
        "two corpora": lambda: _zip({"a/corpus.jsonl": ONE, "b/corpus.jsonl": ONE}),
        "folder named corpus.jsonl": lambda: _zip({"corpus.jsonl/": b""}),
        "encrypted": lambda: _changed(
            _changed(sound, 6, b"\1\0"), sound.index(b"PK\1\2") + 8, b"\1\0"
        ),
        "link": lambda: _linked(),
        "card of 2 MB": lambda: _zip({"corpus.jsonl": ONE, "card.md": b"[" * 2_000_000}),
        "queries of lists": lambda: _zip(
            {"corpus.jsonl": ONE, "queries.jsonl": b'{"_id": "q", "text": ' + b"[" * DEEP + b"}"}
        ),
        "200 splits": lambda: _zip(
            {"corpus.jsonl": ONE, "queries.jsonl": b'{"_id":"q","text":"fox"}\n'}
            | {f"qrels/{n}.tsv": f"{QRELS}q\ta\t1\n".encode() for n in range(200)}
        ),
        "entries over each other": lambda: _overlapping(),
    }
    for what, content in shapes.items():
        yield packed(what, content)


def _changed(content: bytes, at: int, new: bytes) -> bytes:
    return content[:at] + new + content[at + len(new) :]


def _linked() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        link = zipfile.ZipInfo("corpus.jsonl")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return buffer.getvalue()


def _overlapping() -> bytes:
    """Return a zip whose 500 entries all mean the same megabytes."""
    one = _zip({"a.txt": b"fox " * 1_000_000})
    start = one.index(b"PK\1\2")
    end = one.index(b"PK\5\6")
    entries = b"".join(_changed(one[start:end], 46, f"{n:05}"[:5].encode()) for n in range(500))
    tail = bytearray(one[end:])
    struct.pack_into("<HHI", tail, 8, 500, 500, len(entries))
    return one[:start] + entries + bytes(tail)


# ---------------------------------------------------------------- beside a corpus


def _judged() -> Iterator[HostileFile]:
    for number in NUMBERS:
        line = f"q1\tcatch\t{number}\n"
        yield _file("qrels", f"grade {number}", "q.tsv", (QRELS + line).encode())
        yield _file("candidates", f"score {number}", "c.tsv", line.encode())
        zipped = {
            "corpus.jsonl": ONE,
            "queries.jsonl": b'{"_id": "q1", "text": "fox"}\n',
            "qrels/test.tsv": f"{QRELS}q1\ta\t{number}\n".encode(),
        }
        yield _file("corpus", f"zip grade {number}", "a.zip", _zip(zipped))
    shapes = {
        "nothing": b"",
        "a header": QRELS.encode(),
        "one column": b"q1\n" * 10,
        "many columns": b"q1\t" * 100_000,
        "the same twice": b"q1\tcatch\t1\n" * 2,
        "unknown ids": b"q-none\td-none\t1\n",
        "ids of controls": "\x1b[2J\u202e\t\x07\t1\n".encode(),
        "a line of 12 MB": b"q" * 12_000_000 + b"\td\t1\n",
        "blank lines": b"\n" * 1_000_000,
        "TREC": b"q1 0 catch 1\n" * 3,
        "400,000 lines": b"".join(b"q%d\td%d\t1\n" % (n, n) for n in range(400_000)),
    }
    for what, content in shapes.items():
        yield _file("qrels", what, "q.tsv", QRELS.encode() + content if content else content)
        yield _file("candidates", what, "c.tsv", content)
    for name, encode in ENCODINGS.items():
        yield _file("qrels", name, "q.tsv", encode(QRELS + "q1\tfox\t1\n"))
        yield _file("candidates", name, "c.tsv", encode("q1\tfox\t1\n"))


def _texts() -> Iterator[HostileFile]:
    for name, encode in ENCODINGS.items():
        yield _file("texts", name, "t.jsonl", encode('{"text": "a fox"}\n{"text": "a hat"}\n'))
    for number in NUMBERS[:20]:
        yield _file("texts", f"text {number}", "t.jsonl", f'{{"text": {number}}}\n'.encode())
    yield _file("texts", "nothing", "t.txt", b"")
    yield _file("texts", "50,000 lines", "t.txt", b"a fox\n" * 50_000)
    yield _file("texts", "lists in lists", "t.txt", b'{"text": ' + b"[" * DEEP)


# ---------------------------------------------------------------- recordings and runs


def sound_recording() -> dict[str, Any]:
    """Return a sound recording of one query and one column."""
    system = {
        "system": "bm25",
        "model": "m",
        "scale": "s",
        "date": "2026-01-01T00:00:00Z",
        "hits": [["a", 1.0]],
        "timing": {"embed_ms": 0.0, "search_ms": 1.0, "rerank_ms": 1.0},
        "usage": {"pairs": 1, "tokens": 1, "usd": 0.1, "searches": 1.0},
    }
    return {
        "format": "rerank-lab-recording",
        "version": 1,
        "date": "2026-01-01T00:00:00Z",
        "corpus": {"name": "c", "documents": 1, "fingerprint": "a" * 64},
        "documents": [{"id": "a", "title": "t", "text": "a fox"}],
        "queries": [
            {
                "text": "fox",
                "initial_k": 1,
                "instruction": "",
                "grades": {"a": 1},
                "first_stage": system,
                "systems": [system | {"system": "cohere"}],
                "failures": [],
            }
        ],
    }


PLACES: tuple[tuple[str | int, ...], ...] = (
    ("version",),
    ("corpus", "documents"),
    ("queries", 0, "initial_k"),
    ("queries", 0, "grades", "a"),
    ("queries", 0, "systems", 0, "hits", 0, 1),
    ("queries", 0, "systems", 0, "timing", "rerank_ms"),
    ("queries", 0, "systems", 0, "usage", "tokens"),
    ("queries", 0, "systems", 0, "usage", "usd"),
    ("queries", 0, "systems", 0, "date"),
    ("queries", 0, "first_stage", "hits"),
    ("documents", 0, "text"),
    ("corpus", "fingerprint"),
)


def _placed(path: tuple[str | int, ...], written: str) -> bytes:
    """Return the recording with something else at a place."""
    recording: Any = deepcopy(sound_recording())
    inner = recording
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = "PLACE"
    return json.dumps(recording).replace('"PLACE"', written).encode()


def _recordings() -> Iterator[HostileFile]:
    sound = json.dumps(sound_recording())
    yield _file("recording", "sound", "r.json", sound.encode())
    for path in PLACES:
        for number in NUMBERS:
            what = f"{'.'.join(map(str, path))} {number}"
            yield _file("recording", what, "r.json", _placed(path, number))
    deep = "[" * DEEP + "]" * DEEP
    for path in (("documents",), ("queries",), ("corpus",), ("queries", 0, "grades")):
        yield _file("recording", f"lists at {path[-1]}", "r.json", _placed(path, deep))
        yield _file("recording", f"nothing at {path[-1]}", "r.json", _placed(path, "[]"))
    same = ", ".join(['{"id": "a", "title": "", "text": "x"}'] * 100_000)
    yield _file("recording", "a document often", "r.json", _placed(("documents",), f"[{same}]"))
    long = json.dumps("fox " * 600_000)
    yield _file("recording", "a long text", "r.json", _placed(("documents", 0, "text"), long))
    hits = json.dumps([["a", 1.0]] * 10_001)
    place = ("queries", 0, "systems", 0, "hits")
    yield _file("recording", "a hit often", "r.json", _placed(place, hits))
    many = json.dumps([sound_recording()["queries"][0]] * 1_000)
    yield _file("recording", "1,000 queries", "r.json", _placed(("queries",), many))
    yield _file("recording", "commas", "r.json", b"[" + b"0," * 2_000_000 + b"0]")
    for name, encode in ENCODINGS.items():
        yield _file("recording", name, "r.json", encode(sound))
    yield _file("recording", "nothing", "r.json", b"")
    yield _file("recording", "cut", "r.json", sound[:-20].encode())


def _runs() -> Iterator[HostileFile]:
    for number in NUMBERS:
        yield _file("run", f"score {number}", "a.trec", f"q1 Q0 d 1 {number} t\n".encode())
        yield _file("run", f"rank {number}", "a.trec", f"q1 Q0 d {number} 1.0 t\n".encode())
    for name, encode in ENCODINGS.items():
        yield _file("run", name, "a.trec", encode("q1 Q0 fox 1 1.0 t\n"))
    shapes = {
        "nothing": b"",
        "two tags": b"q1 Q0 d 1 1 a\nq1 Q0 e 1 1 b\n",
        "a document twice": b"q1 Q0 d 1 1 a\nq1 Q0 d 2 1 a\n",
        "a long tag": b"q1 Q0 d 1 1 " + b"a" * 9_000_000,
        "controls": "q1 Q0 \x1b[2J 1 1 \u202e\x07\n".encode(),
        "a million lines": b"".join(b"q%d Q0 d 1 1 t\n" % n for n in range(1_000_001)),
        "20,000 hits": b"".join(b"q Q0 d%d 1 1 t\n" % n for n in range(20_000)),
    }
    for what, content in shapes.items():
        yield _file("run", what, "a.trec", content)


# ---------------------------------------------------------------- settings


def _settings() -> Iterator[HostileFile]:
    numeric = {
        "spending": ("day_usd", "visitor_usd", "day_requests", "confirm_usd", "confirm_requests"),
        "remote": ("deadline_s", "parallel"),
        "qdrant": ("shards", "timeout_s"),
    }
    numbers = ("nan", "inf", "-inf", "-1", "-0.0", "1e400", "9223372036854775808", "9" * 400)
    numbers += ("9" * 5000, '"1"', "true", "[]", "{}", "1979-05-27", "0x7fffffff", "1_0")
    for table, names in numeric.items():
        for name in names:
            for number in numbers:
                what = f"{table}.{name} {number}"
                content = f"[{table}]\n{name} = {number}\n".encode()
                yield _file("settings", what, "lab.toml", content)
    for number in numbers:
        price = f'[prices]\n"cohere/rerank-v3.5" = {{ per_1k_searches = {number} }}\n'
        yield _file("settings", f"price {number}", "lab.toml", price.encode())
    shapes = {
        "lists in lists": "a = " + "[" * DEEP,
        "tables in tables": "[" + "a." * 50_000 + "a]",
        "a key twice": "[remote]\nparallel = 1\nparallel = 2",
        "no table": "a = 1",
        "host of controls": '[sharing]\nhosts = ["\\u001b[2J\\u202e"]',
        "100,000 hosts": "[sharing]\nhosts = [" + '"a.b",' * 100_000 + "]",
        "a network of all": '[sharing]\nuser_header = "X"\nproxies = ["0.0.0.0/0", "::/129"]',
        "a header of spaces": '[sharing]\nuser_header = "X Y"\nproxies = ["127.0.0.1"]',
        "a url of spaces": '[[compatible]]\nname = "a"\nurl = "http:// "\nmodel = "m"',
        "a url of a file": '[[compatible]]\nname = "a"\nurl = "file:///etc/passwd"\nmodel = "m"',
        "a port": '[[compatible]]\nname = "a"\nurl = "http://a:99999999"\nmodel = "m"',
        "a name of controls": '[[compatible]]\nname = "\\u0007"\nurl = "http://a"\nmodel = "m"',
    }
    for what, content in shapes.items():
        yield _file("settings", what, "lab.toml", content.encode())
    for name, encode in ENCODINGS.items():
        yield _file("settings", name, "lab.toml", encode("[remote]\n# fox\nparallel = 1\n"))
