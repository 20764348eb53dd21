"""`[[collection]]` in the configuration: what is read, and which mistakes are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.config import CollectionSettings, Settings
from components.domain import InputError
from components.lab import read_settings

USUAL = {
    "name": '"docs"',
    "url": '"https://qdrant.example:6333/"',
    "collection": '"prod"',
    "text_field": '"page_content"',
    "encoder": '"bge-small"',
}


def read(folder: Path, *tables: dict[str, str], **environ: str) -> Settings:
    file = folder / "lab.toml"
    file.write_text(
        "\n".join(
            "[[collection]]\n" + "\n".join(f"{name} = {value}" for name, value in table.items())
            for table in tables
        )
    )
    return read_settings({"RERANK_LAB_CONFIG": str(file), **environ})


def test_a_collection_is_read_with_its_key_and_its_files(tmp_path: Path) -> None:
    more = {
        "api_key_env": '"DOCS_KEY"',
        "id_field": '"id"',
        "title_field": '"metadata.title"',
        "vector": '"dense"',
        "sparse": '"bm25"',
        "tokenizer": '"fastembed"',
        "mean_length": "120",
        "tenant": '"acme"',
        "queries": '"queries.jsonl"',
        "qrels": f'"{tmp_path}/qrels"',
    }
    settings = read(tmp_path, USUAL | more, {**USUAL, "name": '"plain"'}, DOCS_KEY="s3cret")
    first, plain = settings.collections
    assert first == CollectionSettings(
        *("docs", "https://qdrant.example:6333", "prod", "page_content", "bge-small"),
        *("DOCS_KEY", "id", "metadata.title", "dense", "bm25", "fastembed", 120, "acme"),
        tmp_path / "queries.jsonl",
        tmp_path / "qrels",
    )
    assert (plain.vector, plain.sparse, plain.queries, plain.tenant) == ("", "", None, "")
    assert settings.keys[first.key] == "s3cret"
    assert plain.key not in settings.keys
    assert "s3cret" not in repr(settings)
    assert "qdrant.example" not in repr(settings)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"name": '"a/b"'}, "name must be letters, digits, dots and dashes, not 'a/b'"),
        ({"name": f'"{"x" * 10_000}"'}, "name may have at most 60 characters, not 10,000"),
        ({"url": '"qdrant:6333"'}, "url is not the address of a server"),
        ({"url": '"http://me:s3cret@qdrant"'}, "url is not the address of a server"),
        ({"collection": '""'}, "collection must be text of at least one letter, not ''"),
        ({"encoder": "384"}, "encoder must be text of at least one letter, not 384"),
        ({"tokenizer": '"own"'}, "tokenizer must be one of fastembed, not 'own'"),
        ({"mean_length": "0"}, "mean_length must be a number of words above 0, not 0"),
        ({"distance": '"dot"'}, "has no setting 'distance'"),
        ({"name": '"helpdesk"'}, "[[collection]] helpdesk has the name of a sample"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, table: dict[str, str], message: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, USUAL | table)
    assert message in caught.value.reason
    assert "s3cret" not in str(caught.value)


def test_a_name_comes_once_and_what_is_needed_is_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="two \\[\\[collection\\]\\] tables are named 'docs'"):
        read(tmp_path, USUAL, USUAL)
    with pytest.raises(InputError, match="docs: text_field is missing"):
        read(tmp_path, {name: value for name, value in USUAL.items() if name != "text_field"})
