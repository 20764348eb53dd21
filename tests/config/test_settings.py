"""Settings: what is read from where, defaults, and errors that name file and setting."""

from __future__ import annotations

import traceback
from dataclasses import replace
from pathlib import Path

import platformdirs
import pytest

from components import config
from components.config import (
    HubModel,
    PriceOverride,
    ProviderVariables,
    QdrantSettings,
    RemoteSettings,
    Server,
    Settings,
)
from components.domain import InputError
from components.lab import read_settings


def settings_of(folder: Path, toml: str) -> Settings:
    """Write a configuration and read it, with nothing else in the environment."""
    path = folder / "lab.toml"
    path.write_text(toml, encoding="utf-8")
    return read_settings({"RERANK_LAB_CONFIG": str(path)})


def test_an_empty_environment_gives_the_defaults() -> None:
    assert (
        read_settings({})
        == Settings()
        == Settings(
            qdrant=QdrantSettings(url="", api_key="", shards=1, replicas=1, timeout_s=10),
            hub=(),
            cache_dir=platformdirs.user_cache_path("rerank-lab"),
        )
    )


def test_everything_is_read(tmp_path: Path) -> None:
    config = tmp_path / "lab.toml"
    config.write_text(
        """
        [qdrant]
        shards = 6
        replicas = 2
        timeout_s = 30

        [[hub]]
        key = "bge-v2-m3"
        model = "BAAI/bge-reranker-v2-m3"
        path = "/models/bge"

        [[hub]]
        key = "größer"
        model = "org/model"
        """,
        encoding="utf-8",
    )
    read = read_settings(
        {
            "RERANK_LAB_CONFIG": str(config),
            "RERANK_LAB_CACHE": str(tmp_path / "cache"),
            "QDRANT_URL": " https://qdrant.example:6333 ",
            "QDRANT_API_KEY": "s3cret\n",
        }
    )
    assert read == Settings(
        qdrant=QdrantSettings("https://qdrant.example:6333", "s3cret", 6, 2, 30),
        hub=(
            HubModel("bge-v2-m3", "BAAI/bge-reranker-v2-m3", Path("/models/bge")),
            HubModel("größer", "org/model"),
        ),
        cache_dir=tmp_path / "cache",
    )


def test_the_process_environment_is_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RERANK_LAB_CACHE", str(tmp_path))
    monkeypatch.setenv("QDRANT_URL", "http://127.0.0.1:6333")
    read = read_settings()
    assert (read.cache_dir, read.qdrant.url) == (tmp_path, "http://127.0.0.1:6333")


@pytest.mark.parametrize("name", ["RERANK_LAB_CONFIG", "RERANK_LAB_CACHE", "QDRANT_URL"])
def test_an_empty_variable_is_no_setting(name: str) -> None:
    assert read_settings({name: ""}) == Settings()


def test_a_folder_alone_names_a_hub_model(tmp_path: Path) -> None:
    read = settings_of(tmp_path, '[[hub]]\nkey = "mine"\npath = "/models/mine"')
    assert read.hub == (HubModel("mine", "", Path("/models/mine")),)


BAD = {
    "shards-zero": ("[qdrant]\nshards = 0", "shards", "not 0"),
    "shards-negative": ("[qdrant]\nshards = -3", "shards", "not -3"),
    "replicas-text": ('[qdrant]\nreplicas = "2"', "replicas", "not '2'"),
    "timeout-fraction": ("[qdrant]\ntimeout_s = 1.5", "timeout_s", "not 1.5"),
    "timeout-bool": ("[qdrant]\ntimeout_s = true", "timeout_s", "not True"),
    "qdrant-no-table": ("qdrant = 6333", "[qdrant]", "must be a table"),
    "qdrant-list": ("[[qdrant]]\nshards = 2", "[qdrant]", "must be a table"),
    "hub-table": ('[hub]\nkey = "x"', "[[hub]]", "must be a list of tables"),
    "hub-texts": ('hub = ["x"]', "[[hub]]", "must be a list of tables"),
    "hub-no-key": ('[[hub]]\nmodel = "org/model"', "[[hub]] number 1: key", "is missing"),
    "hub-empty-key": ('[[hub]]\nkey = ""\nmodel = "org/model"', "[[hub]] number 1: key", "not ''"),
    "hub-key-number": ('[[hub]]\nkey = 7\nmodel = "org/model"', "[[hub]] number 1: key", "not 7"),
    "hub-model-number": ('[[hub]]\nkey = "x"\nmodel = 7', "[[hub]] x: model", "not 7"),
    "hub-nothing": ('[[hub]]\nkey = "lonely"', "[[hub]] lonely", "neither model nor path"),
    "hub-empty-path": ('[[hub]]\nkey = "lonely"\npath = ""', "[[hub]] lonely", "neither"),
    "hub-path-number": ('[[hub]]\nkey = "x"\npath = 7', "[[hub]] x: path", "not 7"),
    "hub-path-list": ('[[hub]]\nkey = "x"\npath = ["/m"]', "[[hub]] x: path", "not ['/m']"),
    "hub-second": (
        '[[hub]]\nkey = "x"\nmodel = "a/b"\n[[hub]]\nmodel = "a/b"',
        "[[hub]] number 2: key",
        "is missing",
    ),
    "hub-twice": (
        '[[hub]]\nkey = "x"\nmodel = "a/b"\n[[hub]]\nkey = "x"\npath = "/m"',
        "[[hub]]",
        "the key 'x'",
    ),
}


@pytest.mark.parametrize(("toml", "setting", "value"), BAD.values(), ids=BAD.keys())
def test_a_bad_value_names_file_setting_and_what_came(
    tmp_path: Path, toml: str, setting: str, value: str
) -> None:
    with pytest.raises(InputError) as caught:
        settings_of(tmp_path, toml)
    assert caught.value.reason.startswith(f"{tmp_path / 'lab.toml'}: ")
    assert setting in caught.value.reason
    assert value in caught.value.reason
    assert caught.value.remedy


def test_broken_toml_names_file_and_line(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        settings_of(tmp_path, "[qdrant]\nshards =\n")
    assert str(tmp_path / "lab.toml") in caught.value.reason
    assert "line 2" in caught.value.reason
    assert "RERANK_LAB_CONFIG" in caught.value.remedy


@pytest.mark.parametrize("kind", ["absent", "folder", "not utf-8"])
def test_an_unreadable_file_is_named(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "lab.toml"
    if kind == "folder":
        path.mkdir()
    elif kind == "not utf-8":
        path.write_bytes(b'[qdrant]\nshards = "\xff\xfe"')
    with pytest.raises(InputError) as caught:
        read_settings({"RERANK_LAB_CONFIG": str(path)})
    assert str(path) in caught.value.reason
    assert "RERANK_LAB_CONFIG" in caught.value.remedy


def test_secrets_are_not_in_repr() -> None:
    read = read_settings({"QDRANT_URL": "http://127.0.0.1:6333", "QDRANT_API_KEY": "s3cret"})
    assert read.qdrant.api_key == "s3cret"
    for text in (repr(read), str(read), repr(read.qdrant), f"{read.qdrant}"):
        assert "s3cret" not in text
        assert "127.0.0.1" not in text  # an address may carry a name and a password
        assert "timeout_s=10" in text


@pytest.mark.parametrize(
    ("toml", "name"),
    [
        ('[qdrant]\nurl = "http://x"', "url"),
        ('[qdrant]\napi_key = "k"', "api_key"),
        ('[[compatible]]\nnmae = "x"\nurl = "http://x"', "nmae"),  # before the name that is missing
        ("[remote]\ndeadline = 3", "deadline"),
        ('[[hub]]\nmodel = 3\nkye = "x"', "kye"),
        ("[qdrnt]\nshards = 2", "qdrnt"),
        ("[qdrant]\nshard = 2", "shard"),
        ('[[hub]]\nkey = "x"\nmodle = "y"', "modle"),
    ],
)
def test_a_setting_that_does_not_exist_is_refused(tmp_path: Path, toml: str, name: str) -> None:
    with pytest.raises(InputError, match=f"has no setting '{name}'") as caught:
        settings_of(tmp_path, toml)
    assert caught.value.remedy.startswith("Known are: ")
    assert name not in caught.value.remedy.removeprefix("Known are: ").rstrip(".").split(", ")


def test_settings_can_be_keys() -> None:
    assert len({Settings(), read_settings({})}) == 1


# ---------------------------------------------------------------- network rerankers

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
