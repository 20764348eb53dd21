"""The [[llm]] tables: what is read, the numbers of each method, and every mistake in words."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from components.config import LlmServer
from components.domain import InputError
from components.lab import catalog, read_settings
from tests.support.given_settings import settings_of

WHOLE = """
[[llm]]
name = "judge"
url = "https://llm.example/v1/"
model = "gpt-x"
key_env = "JUDGE_KEY"
method = "listwise"
window = 10
stride = 4
passes = 3
passage_tokens = 200
answer_tokens = 500
deadline_s = 60
input_usd = 0.15
output_usd = 0.6
price_source = "https://llm.example/pricing"
price_noted = 2026-11-26
[[llm]]
name = "own"
url = "http://127.0.0.1:8000"
model = "m"
"""
LEAST = '[[llm]]\nname = "a"\nurl = "http://x"\nmodel = "m"\n'


def test_tables_are_read(tmp_path: Path) -> None:
    judge, own = settings_of(tmp_path, WHOLE).llms
    assert judge == LlmServer(
        name="judge",
        url="https://llm.example/v1",
        model="gpt-x",
        key_env="JUDGE_KEY",
        window=10,
        stride=4,
        passes=3,
        passage_tokens=200,
        answer_tokens=500,
        deadline_s=60.0,
        input_usd=0.15,
        output_usd=0.6,
        price_source="https://llm.example/pricing",
        price_noted=date(2026, 11, 26),
    )
    assert (own.key, own.method, own.size, own.step) == ("llm:own", "listwise", 20, 10)
    assert "llm.example/v1" not in repr(judge)


def test_each_method_has_its_numbers() -> None:
    def server(**fields: object) -> LlmServer:
        return LlmServer("a", "http://x", "m", **fields)  # type: ignore[arg-type]

    assert server(method="pointwise").size == 1
    assert server(method="setwise").size == 4
    assert (server(window=8).size, server(window=8).step) == (8, 4)
    assert (server(window=40).step, server(window=2).step) == (10, 1)
    assert server(window=8, stride=7).step == 7
    assert (server().settled, server(passes=3).settled) == (10, 30)
    assert server(window=8, stride=7).settled == 1
    assert server(method="setwise", depth=7).settled == 7
    assert server(method="pointwise").settled == 0


def test_the_key_is_that_of_its_variable(tmp_path: Path) -> None:
    path = tmp_path / "lab.toml"
    path.write_text(WHOLE)
    settings = read_settings({"RERANK_LAB_CONFIG": str(path), "JUDGE_KEY": " k "})
    assert dict(settings.keys) == {"llm:judge": "k"}
    assert settings.variables["llm:judge"] == "JUDGE_KEY"
    keyless = read_settings({"RERANK_LAB_CONFIG": str(path)})
    entries = {e.spec.key: e for e in catalog.entries(keyless) if e.stage == "reranker"}
    assert not entries["llm:judge"].available
    assert "JUDGE_KEY" in entries["llm:judge"].remedy
    assert entries["llm:own"].available


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ('url = "http://x"\nmodel = "m"', "[[llm]] number 1: name is missing"),
        ('name = "a"\nmodel = "m"', "[[llm]] a: url is missing"),
        ('name = "a"\nurl = "http://x"', "[[llm]] a: model is missing; it must be the name of"),
        ('name = "a"\nurl = "http://x"\nmodel = ""', "model must be the name of a model, not ''"),
        ('name = "a"\nurl = "ftp://x"\nmodel = "m"', "url is not the address of a server"),
        ('name = "a"\nurl = "http://u:p@x"\nmodel = "m"', "url is not the address of a server"),
        ('name = "a b"\nurl = "http://x"\nmodel = "m"', "name must be letters"),
    ],
)
def test_a_table_without_what_it_needs(tmp_path: Path, lines: str, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        settings_of(tmp_path, f"[[llm]]\n{lines}")
    assert reason in caught.value.reason


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('method = "pairwise"', "method must be one of pointwise, listwise, setwise"),
        ("window = 1", "window is 1; it must hold at least 2 passages"),
        ("window = 10\nstride = 10", "stride is 10; it must be smaller than the window of 10"),
        ('method = "pointwise"\nwindow = 5', "window has no meaning: pointwise asks for one"),
        ('method = "setwise"\nstride = 2', "stride and passes are those of the method listwise"),
        ('method = "setwise"\npasses = 2', "stride and passes are those of the method listwise"),
        ("input_usd = 1.0", "input_usd and output_usd belong together"),
        ('input_usd = "free"', "input_usd must be US dollars for 1,000,000 tokens"),
        ("output_usd = -1", "output_usd must be US dollars"),
        ("output_usd = nan", "output_usd must be US dollars"),
        ('price_noted = "today"', "price_noted must be a date, unquoted"),
        ("passes = 0", "passes must be a whole number of at least 1"),
        ("passage_tokens = 15", "passage_tokens must be a whole number of at least 16 tokens"),
        ("deadline_s = 0", "deadline_s must be a number of seconds above 0"),
        ("windows = 3", "[[llm]] a has no setting 'windows'"),
        (LEAST, "two [[llm]] tables are named 'a'"),
    ],
)
def test_a_mistake_is_told_with_its_table(tmp_path: Path, line: str, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        settings_of(tmp_path, f"{LEAST}{line}")
    assert reason in caught.value.reason
    assert caught.value.remedy
