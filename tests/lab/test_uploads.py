"""Uploads on the shelf: by owner, by link, and no more than fit."""

from __future__ import annotations

from components.domain import Corpus, Document
from components.lab.uploads import UploadShelf


def corpus(name: str, characters: int = 10) -> Corpus:
    return Corpus(name, (Document("d", "", "x" * characters),), (), {}, name * 8)


def test_an_upload_is_its_owners() -> None:
    shelf, mine = UploadShelf(), corpus("mine")
    shelf.add("ann", mine)
    assert shelf.of("ann") == {"mine": mine}
    assert shelf.of("ben") == shelf.of("") == {}
    assert shelf.token("ben", "mine") == shelf.token("ann", "other") == ""


def test_a_link_opens_an_upload_and_cannot_be_guessed() -> None:
    shelf, mine = UploadShelf(), corpus("mine")
    shelf.add("ann", mine)
    shelf.add("ben", corpus("mine"))
    token = shelf.token("ann", "mine")
    assert shelf.linked(token) is mine
    assert len(token) >= 32
    assert token != shelf.token("ben", "mine")
    for wrong in ("", "mine", token[:-1], token + "x", token.swapcase(), "\N{SNOWMAN}"):
        assert shelf.linked(wrong) is None


def test_a_second_of_the_same_name_takes_the_place_and_another_link() -> None:
    shelf, second = UploadShelf(), corpus("mine", 20)
    shelf.add("ann", corpus("mine"))
    old = shelf.token("ann", "mine")
    shelf.add("ann", second)
    assert shelf.of("ann") == {"mine": second}
    assert shelf.linked(old) is None


def test_the_oldest_makes_room_and_the_newest_always_stays() -> None:
    shelf = UploadShelf(most_characters=25)
    for name in ("one", "two", "three"):
        shelf.add("ann", corpus(name))
    assert list(shelf.of("ann")) == ["two", "three"]
    shelf.add("ben", corpus("large", 100))
    assert shelf.of("ann") == {}
    assert list(shelf.of("ben")) == ["large"]


def test_who_uploads_much_takes_the_room_of_nobody_else() -> None:
    shelf = UploadShelf(most_characters=100)
    shelf.add("ann", corpus("mine", 20))
    for number in range(9):
        shelf.add("eve", corpus(f"one{number}", 30))
    assert list(shelf.of("ann")) == ["mine"]
    assert list(shelf.of("eve")) == ["one7", "one8"]
    for number in range(9):  # under another name each time
        shelf.add(f"eve{number}", corpus("large", 40))
    assert list(shelf.of("ann")) == ["mine"]
    assert list(shelf.of("eve")) == ["one8"]
    assert list(shelf.of("eve8")) == ["large"]
