"""[[encoder]] tables, [hosted] and [hybrid]: what is read, and what is refused in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.config import HostedModel, HybridSettings, OwnEncoder, Settings, read_settings
from components.domain import InputError


def read(folder: Path, text: str, **environment: str) -> Settings:
    config = folder / "lab.toml"
    config.write_text(text)
    return read_settings({"RERANK_LAB_CONFIG": str(config), **environment})


def table(*lines: str, name: str = "e") -> str:
    return "\n".join([f'[[encoder]]\nname = "{name}"', *lines, ""])


def test_what_is_read(tmp_path: Path) -> None:
    text = (
        table('path = "/models/e5"', 'query_prefix = "query: "', "dimensions = 256", name="a")
        + table('url = "http://localhost:8080/v1/"', 'model = "m"', 'key_env = "A_KEY"', name="b")
        + table('id = "org/splade"', 'kind = "sparse"', name="c")
        + '[hybrid]\ndense = 2.0\n[hosted."cohere/embed-v4.0"]\ndimensions = 512\ndocuments = 10\n'
    )
    settings = read(tmp_path, text, A_KEY="secret")
    a, b, c = settings.encoders
    assert a == OwnEncoder("a", path=Path("/models/e5"), query_prefix="query: ", dimensions=256)
    assert (b.url, b.shape, b.key) == ("http://localhost:8080/v1", "openai", "encoder:b")
    assert (c.id, c.kind) == ("org/splade", "sparse")
    assert settings.hybrid == HybridSettings(2.0, 1.0)
    assert settings.hosted == (("cohere/embed-v4.0", HostedModel(512, 10)),)
    assert settings.keys["encoder:b"] == "secret"
    assert settings.variables == {"encoder:b": "A_KEY"}
    assert "secret" not in repr(settings)


SERVER = 'url = "http://h/v1"'
REFUSED = {
    "nowhere": ("", "[[encoder]] e must name one of path, id and url."),
    "two places": (f'{SERVER}\nid = "a/b"', "[[encoder]] e must name one of path, id and url."),
    "kind": (f'{SERVER}\nkind = "both"', "[[encoder]] e: kind must be one of dense, sparse, not"),
    "shape": (f'{SERVER}\nshape = "x"', "[[encoder]] e: shape must be one of openai, tei, not"),
    "sparse": (f'{SERVER}\nkind = "sparse"', 'e is sparse, which needs shape = "tei".'),
    "dimensions": (f"{SERVER}\ndimensions = 1", "dimensions must be a whole number of at least 2"),
    "sparse dimensions": (
        'path = "/m"\nkind = "sparse"\ndimensions = 8',
        "[[encoder]] e has dimensions, which does nothing there.",
    ),
    "local model": ('path = "/m"\nmodel = "m"', "e has model, which does nothing there."),
    "code": (f"{SERVER}\ntrust_remote_code = true", "e has trust_remote_code, which does nothing"),
    "prefix": (f"{SERVER}\nquery_prefix = 3", "query_prefix must be text, not 3."),
    "address": ('url = "ftp://h"', "e: url is not the address of a server."),
    "password": ('url = "http://u:p@h/v1"', "e: url is not the address of a server."),
    "misspelt": (f"{SERVER}\ndimension = 8", "e has no setting 'dimension'."),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(tmp_path: Path, case: str) -> None:
    lines, said = REFUSED[case]
    with pytest.raises(InputError) as caught:
        read(tmp_path, table(lines))
    assert said in str(caught.value)
    assert "u:p" not in str(caught.value)


OTHERS = {
    "twice": (table(SERVER) * 2, "two [[encoder]] tables are named 'e'. Keep one."),
    "name": (table(SERVER, name="a b"), "name must be letters, digits, dots and dashes"),
    "weight": ("[hybrid]\nsparse = 0.0", "[hybrid]: sparse must be a number above 0"),
    "hosted": (
        '[hosted."cohere/embed-v4.0"]\ndimension = 1',
        "[hosted.\"cohere/embed-v4.0\"] has no setting 'dimension'.",
    ),
    "no table": ("encoder = 3", "[[encoder]] must be a list of tables."),
}


@pytest.mark.parametrize("case", OTHERS)
def test_what_else_is_refused(tmp_path: Path, case: str) -> None:
    text, said = OTHERS[case]
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    assert said in str(caught.value)
