"""Arrays in one file, mapped: what is read is what was written, or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest

from components.storage.mapped import Array, read_mapped, write_mapped

NUMBERS = np.arange(10, dtype=np.int32)
ROWS = np.arange(6, dtype=np.float32).reshape(3, 2)
ARRAYS: Mapping[str, tuple[Array, ...]] = {
    "numbers": (NUMBERS[:3], NUMBERS[3:3], NUMBERS[3:]),
    "none": (np.empty((0, 2), np.float64),),
    "rows": (ROWS[:1], ROWS[1:]),
}


def written(folder: Path) -> Path:
    """Return a file of arrays."""
    path = folder / "new" / "a.mapped"
    write_mapped(path, "of this", ARRAYS)
    assert [file.name for file in path.parent.iterdir()] == ["a.mapped"]
    return path


def check(arrays: Mapping[str, Array] | None) -> None:
    """Check that arrays are ARRAYS."""
    assert arrays is not None
    np.testing.assert_array_equal(arrays["numbers"], NUMBERS)
    np.testing.assert_array_equal(arrays["rows"], ROWS)
    assert (arrays["none"].shape, arrays["none"].dtype) == ((0, 2), np.float64)


def test_arrays_are_mapped_read_only_at_aligned_places(tmp_path: Path) -> None:
    arrays = read_mapped(written(tmp_path), "of this")
    check(arrays)
    assert arrays is not None
    for name in ("numbers", "rows"):
        assert isinstance(arrays[name], np.memmap)
        assert arrays[name].offset % 64 == 0
        assert arrays[name].flags.aligned
        with pytest.raises(ValueError, match="read-only"):
            arrays[name][0] = 1


def test_whatever_bit_flips_no_wrong_value_is_read(tmp_path: Path) -> None:
    path = written(tmp_path)
    sound = path.read_bytes()
    for position in range(len(sound)):
        content = bytearray(sound)
        content[position] ^= 1 << position % 8
        path.write_bytes(content)
        if arrays := read_mapped(path, "of this"):
            check(arrays)  # between two arrays nothing is of account


def test_wherever_it_is_cut_off_nothing_is_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = written(tmp_path)
    sound = path.read_bytes()
    for end in range(len(sound)):
        path.write_bytes(sound[:end])
        assert read_mapped(path, "of this") is None
    assert "a.mapped is damaged and will be rebuilt" in caplog.text


def test_what_is_of_something_else_is_not_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = written(tmp_path)
    assert read_mapped(path, "of that") is None
    assert "a.mapped is of something else and will be rebuilt" in caplog.text
    assert read_mapped(tmp_path / "absent", "of this") is None


def test_a_failing_writer_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    def failing() -> Iterator[Array]:
        yield NUMBERS
        raise OSError("No space left on device")

    path = written(tmp_path)
    with pytest.raises(OSError, match="No space"):
        write_mapped(path, "of this", {"numbers": failing()})
    assert [file.name for file in path.parent.iterdir()] == ["a.mapped"]
    check(read_mapped(path, "of this"))


def test_what_a_killed_writer_left_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "a.mapped.part").write_bytes(b"half" * 1000)
    check(read_mapped(written(tmp_path), "of this"))


def test_a_map_outlives_its_file_in_another_version(tmp_path: Path) -> None:
    path = written(tmp_path)
    arrays = read_mapped(path, "of this")
    write_mapped(path, "of this", {"numbers": [NUMBERS * 2]})
    check(arrays)
