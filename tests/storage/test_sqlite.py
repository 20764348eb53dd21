"""SQLite files: one error for whatever is wrong with them, all of a block or none of it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from components.domain import StoreError
from components.storage.sqlite import Database

METADATA = sa.MetaData()
NOTES = sa.Table("notes", METADATA, sa.Column("text", sa.String, primary_key=True))


def notes(path: Path) -> Database:
    return Database(path, METADATA, "notes", "NOTES_DIR")


def texts(database: Database) -> list[str]:
    with database.begin() as connection:
        return list(connection.scalars(sa.select(NOTES.c.text)))


def test_a_block_is_saved_and_read_by_another(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "notes.sqlite"
    with notes(path).begin() as connection:
        connection.execute(sa.insert(NOTES), {"text": "a"})
    assert texts(notes(path)) == ["a"]


def test_a_block_that_fails_saves_nothing(tmp_path: Path) -> None:
    database = notes(tmp_path / "notes.sqlite")
    with pytest.raises(StoreError), database.begin() as connection:
        connection.execute(sa.insert(NOTES), {"text": "a"})
        connection.execute(sa.insert(NOTES), {"text": "a"})
    with pytest.raises(ZeroDivisionError), database.begin() as connection:  # not the file's fault
        connection.execute(sa.insert(NOTES), {"text": "b"})
        raise ZeroDivisionError
    assert texts(database) == []


def test_a_file_that_cannot_be_made_is_named_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "folder.sqlite").mkdir()
    for path in (tmp_path / "file" / "notes.sqlite", tmp_path / "folder.sqlite"):
        with pytest.raises(StoreError) as caught:
            texts(notes(path))
        assert caught.value.reason.startswith(f"The notes in {path} cannot be used: ")
        assert "\n" not in caught.value.reason
        assert caught.value.remedy == (
            "Check the disk and the rights, or set NOTES_DIR to another folder."
        )


def test_a_table_of_another_shape_is_an_error_without_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "notes.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE notes (other VARCHAR)")
    database = notes(path)
    no_column = pytest.raises(StoreError, match="has no column named text")
    with no_column as caught, database.begin() as connection:
        connection.execute(sa.insert(NOTES), {"text": "confidential"})
    assert "confidential" not in str(caught.value)
    assert not (tmp_path / "notes.sqlite.damaged").exists()


@pytest.mark.parametrize("precious", [False, True])
def test_damage_inside_a_file_costs_one_error_unless_it_is_precious(
    tmp_path: Path, precious: bool
) -> None:
    path = tmp_path / "notes.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE notes (text VARCHAR PRIMARY KEY)")
        connection.executemany("INSERT INTO notes VALUES (?)", [(f"{n:0500}",) for n in range(200)])
    connection.close()
    data = path.read_bytes()
    path.write_bytes(data[:8192] + b"\xff" * (len(data) - 8192))
    database = Database(path, METADATA, "notes", "NOTES_DIR", precious=precious)
    with pytest.raises(StoreError, match="malformed"):
        texts(database)
    if precious:
        with pytest.raises(StoreError, match="malformed"):
            texts(database)
    else:
        assert texts(database) == []
    assert (tmp_path / "notes.sqlite.damaged").exists() is not precious
