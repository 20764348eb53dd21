"""Arrays in .npz files: computed once, and computed anew when the file is damaged."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from components.storage.arrays import Arrays, cached_arrays, read_arrays, write_arrays

EXPECTED = np.random.default_rng(1).standard_normal((5, 4)).astype(np.float32)


def computed() -> Arrays:
    return {"vectors": EXPECTED}


def the_file(folder: Path) -> Path:
    """Return a file of arrays."""
    path = folder / "vectors.npz"
    cached_arrays(path, 5, computed)
    return path


# ---------------------------------------------------------------- damage


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def flip_a_vector_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[content.index(EXPECTED[2].tobytes()) + 1] ^= 1
    path.write_bytes(content)


def garbage(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 8)


def a_page_of_a_proxy(path: Path) -> None:
    path.write_text("<html>502 Bad Gateway</html>")


def a_bare_array(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, EXPECTED)


def a_pickle(path: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, vectors=np.array([{"a": 1}], object), rows=np.array(5))


def too_few_rows(path: Path) -> None:
    write_arrays(path, {"vectors": EXPECTED[:3], "rows": np.array(3)})


def no_row_count(path: Path) -> None:
    write_arrays(path, {"vectors": EXPECTED})


def of_zeros(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


DAMAGES = (
    truncate,
    empty,
    flip_a_vector_bit,
    garbage,
    a_page_of_a_proxy,
    a_bare_array,
    a_pickle,
    too_few_rows,
    no_row_count,
    of_zeros,
)


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_file_is_replaced_by_the_right_values(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    path = the_file(tmp_path)
    sound = path.read_bytes()
    damage(path)
    assert path.read_bytes() != sound
    for cached in (False, True):
        arrays, was_cached = cached_arrays(path, 5, computed)
        np.testing.assert_array_equal(arrays["vectors"], EXPECTED)
        assert was_cached == cached
    assert [file.name for file in tmp_path.iterdir()] == ["vectors.npz"]


def test_whatever_bit_flips_no_wrong_value_is_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR, "components.storage.arrays")
    path = the_file(tmp_path)
    sound = path.read_bytes()
    for position in range(len(sound)):
        content = bytearray(sound)
        content[position] ^= 1 << position % 8
        path.write_bytes(content)
        loaded = read_arrays(path)  # None, or something that is plainly not ours, is rebuilt
        if loaded is not None and loaded.get("rows", -1) == 5:
            np.testing.assert_array_equal(loaded["vectors"], EXPECTED)


def test_damage_is_logged_with_the_files_name(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = the_file(tmp_path)
    assert caplog.text == ""
    truncate(path)
    assert read_arrays(path) is None
    assert "vectors.npz is damaged and will be rebuilt" in caplog.text


def test_an_absent_file_is_no_damage(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert read_arrays(tmp_path / "absent.npz") is None
    assert caplog.text == ""


# ---------------------------------------------------------------- writing


def test_nothing_is_left_aside_when_the_file_cannot_be_moved_into_place(tmp_path: Path) -> None:
    target = tmp_path / "vectors.npz"
    (target / "in the way").mkdir(parents=True)
    write_arrays(target, {"a": np.ones(3)})  # a folder of that name: logged, not raised
    assert [path.name for path in tmp_path.iterdir()] == ["vectors.npz"]


def test_nothing_is_left_aside_when_writing_fails_and_the_old_file_stays(tmp_path: Path) -> None:
    target = tmp_path / "vectors.npz"
    write_arrays(target, {"a": np.ones(3)})
    with pytest.raises(ValueError, match=r"[Oo]bject arrays"):
        write_arrays(target, {"a": np.zeros(3), "b": np.array([object()], object)})
    assert [path.name for path in tmp_path.iterdir()] == ["vectors.npz"]
    old = read_arrays(target)
    assert old is not None
    np.testing.assert_array_equal(old["a"], np.ones(3))
