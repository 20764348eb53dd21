"""Settings: what is read from where, defaults, and errors that name file and setting."""

from __future__ import annotations

from pathlib import Path

import platformdirs
import pytest

from components.config import (
    HubModel,
    LibrarySettings,
    QdrantSettings,
    Settings,
)
from components.domain import InputError
from components.lab import read_settings
from tests.support.given_settings import settings_of


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

        [library]
        limit_mb = 500
        visitor_mb = 50

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
        library=LibrarySettings(500, 50),
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
    "library-little": ("[library]\nlimit_mb = 0", "[library]: limit_mb", "not 0"),
    "library-unknown": ("[library]\nlimit = 50", "[library]", "'limit'"),
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
