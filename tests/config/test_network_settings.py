"""Settings of network rerankers: servers, prices, deadlines, keys and addresses."""

from __future__ import annotations

import traceback
from dataclasses import replace
from pathlib import Path

import pytest

from components import config
from components.config import (
    HubModel,
    PriceOverride,
    ProviderVariables,
    RemoteSettings,
    Server,
)
from components.domain import InputError
from components.lab import read_settings
from tests.support.given_settings import settings_of

NETWORK = """
[[compatible]]
name = "my-vllm"
url = "http://127.0.0.1:8000/"
model = "BAAI/bge-reranker-v2-m3"
shape = "jina"
key_env = "MY_KEY"
instruction = true
listwise = true
documents = 50

[[compatible]]
name = "plain"
url = "https://rerank.example"

[remote]
deadline_s = 2.5
parallel = 8

[prices]
"cohere/rerank-v3.5" = { per_1k_searches = 1 }
"voyage/rerank-2.5" = { per_1m_tokens = 0.04 }
"""


def test_servers_prices_and_deadlines_are_read(tmp_path: Path) -> None:
    read = settings_of(tmp_path, NETWORK)
    mine, plain = read.servers
    assert mine == Server(
        "my-vllm",
        "http://127.0.0.1:8000",
        "BAAI/bge-reranker-v2-m3",
        "jina",
        "MY_KEY",
        instruction=True,
        listwise=True,
        documents=50,
    )
    assert (plain.shape, plain.key, plain.documents) == ("cohere", "compatible:plain", 0)
    assert read.remote == RemoteSettings(2.5, 8)
    assert read.prices == (
        PriceOverride("cohere", "rerank-v3.5", 1.0, "searches"),
        PriceOverride("voyage", "rerank-2.5", 0.04, "tokens"),
    )


def test_keys_and_addresses_come_from_the_environment(tmp_path: Path) -> None:
    path = tmp_path / "lab.toml"
    path.write_text(NETWORK)
    read = read_settings(
        {
            "RERANK_LAB_CONFIG": str(path),
            "CO_API_KEY": " a ",
            "JINA_API_KEY": "",
            "MY_KEY": "b",
            "CO_API_URL": "http://127.0.0.1:1",
        }
    )
    assert dict(read.keys) == {"cohere": "a", "compatible:my-vllm": "b"}
    assert read.addresses == {"cohere": "http://127.0.0.1:1"}
    assert "127.0.0.1:8000" not in repr(read)


@pytest.mark.parametrize(
    ("toml", "reason"),
    [
        ('[[compatible]]\nurl = "http://x"', "name is missing; it must be letters"),
        ('[[compatible]]\nname = "a b"\nurl = "http://x"', "name must be letters"),
        ('[[compatible]]\nname = "x"', "[[compatible]] x: url is missing"),
        ('[[compatible]]\nname = "x"\nurl = "ftp://x"', "not the address of a server"),
        ('[[compatible]]\nname = "x"\nurl = "http://me:pw@x"', "not the address of a server"),
        ('[[compatible]]\nname = "x"\nurl = "http://[x"', "not the address of a server"),
        ('[[compatible]]\nname = "x"\nurl = 3', "url must be text, not 3"),
        (
            '[[compatible]]\nname = "x"\nurl = "http://x"\nshape = "v"',
            "tei, not 'v'",
        ),
        ('[[compatible]]\nname = "x"\nurl = "http://x"\ninstruction = 1', "true or false"),
        ('[[compatible]]\nname = "x"\nurl = "http://x"\ndocuments = 0', "documents must be"),
        ('[[compatible]]\nname = "x"\nurl = "http://x"\npath = "http://y/"', "path must be a path"),
        ('[[compatible]]\nname = "x"\nurl = "http://x"\npath = "/a b"', "path must be a path"),
        ('[[compatible]]\nname = "x"\nurl = "http://x"\npath = 3', "path must be"),
        (
            '[[compatible]]\nname = "x"\nurl = "http://x"\ntruncate = "yes"',
            "truncate must be true, false or a whole number of tokens, not 'yes'",
        ),
        ('[[compatible]]\nname = "x"\nurl = "http://x"\ntruncate = 0', "truncate must be true"),
        ('[[compatible]]\nname = "x"\nurl = "http://x"\nmax_tokens = 4', "at least 16 tokens, not"),
        ('[[compatible]]\nname = "x"\nurl = "http://x"\nkey = "k"', "no setting 'key'"),
        ('[[compatible]]\nname = "x"\nurl = "http://x"\n' * 2, "two [[compatible]] tables"),
        ("[remote]\ndeadline_s = 0", "deadline_s must be a number of seconds"),
        ("[remote]\ndeadline_s = true", "deadline_s must be a number of seconds"),
        ("[remote]\nparallel = 0", "parallel must be a whole number"),
        ("[remote]\ndeadline_s = nan", "deadline_s must be a number of seconds"),
        ('[remote]\ndeadline_s = "3"', "deadline_s must be a number of seconds"),
        ("[remote]\nparallel = 2.0", "parallel must be a whole number"),
        ('[[compatible]]\nname = "x"\nurl = "http://x"\ndocuments = true', "documents must be"),
        ('[[compatible]]\nname = "x"\nurl = "http://x"\nlistwise = "yes"', "not 'yes'"),
        ('[[compatible]]\nname = 7\nurl = "http://x"', "number 1: name must be letters"),
        ("prices = 3", "[prices] must be a table"),
        ('[prices]\n"cohere/x" = { per_1k_searches = true }', "is not a price"),
        ('[prices]\n"cohere/x" = { per_1k_searches = nan }', "is not a price"),
        ('[prices]\n"cohere/x" = { }', "is not a price"),
        ('[prices]\n"/x" = { per_1k_searches = 1 }', "is not a price"),
        ('[prices]\n"cohere/" = { per_1k_searches = 1 }', "is not a price"),
        ("[prices]\ncohere = 2.0", "is not a price"),
        ('[prices]\n"cohere/x" = { per_1k_searches = -1 }', "is not a price"),
        ('[prices]\n"cohere/x" = { per_1k = 1 }', "is not a price"),
        ('[prices]\n"cohere/x" = { per_1k_searches = 1, per_1m_tokens = 2 }', "is not a price"),
    ],
)
def test_a_mistake_in_them_is_named(tmp_path: Path, toml: str, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        settings_of(tmp_path, toml)
    assert reason in caught.value.reason
    assert "me:pw" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("name", ["CO_API_URL", "VOYAGE_API_URL", "JINA_API_URL"])
def test_an_address_that_is_none_is_refused_by_its_variable(name: str) -> None:
    with pytest.raises(InputError, match=f"{name} is not the address of a server"):
        read_settings({name: "127.0.0.1:8000"})


ACME = ProviderVariables("acme", "ACME_KEY", "ACME_ADDRESS")


def test_a_provider_names_its_variables(tmp_path: Path) -> None:
    path = tmp_path / "lab.toml"
    path.write_text(NETWORK)
    environ = {"RERANK_LAB_CONFIG": str(path), "ACME_KEY": "k", "ACME_ADDRESS": "http://acme"}
    read = config.read_settings(environ | {"CO_API_KEY": "a", "CO_API_URL": "no address"}, [ACME])
    assert dict(read.keys) == {"acme": "k"}
    assert read.addresses == {"acme": "http://acme"}
    assert read.variables == {"acme": "ACME_KEY", "compatible:my-vllm": "MY_KEY"}
    with pytest.raises(InputError, match="ACME_ADDRESS is not the address of a server"):
        config.read_settings({"ACME_ADDRESS": "http://me:pw@acme"}, [ACME])


def test_keys_addresses_and_variables_are_no_part_of_equality() -> None:
    one = config.read_settings({"ACME_KEY": "k", "ACME_ADDRESS": "http://acme"}, [ACME])
    assert one == config.read_settings({}, [])
    assert len({one, config.read_settings({}, []), one.with_keys({"acme": "other"})}) == 1
    assert replace(one, hub=(HubModel("x", "a/b"),)).keys == one.keys
