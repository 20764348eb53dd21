"""Which device a model runs on: by detection over a fake list of devices, or by setting."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.config import ModelSettings, read_settings
from components.domain import InputError, UnavailableError
from components.models.devices import BATCH, Device, available, batches, device_for

CUDA, MPS, BARE = ("cuda", "cpu"), ("mps", "cpu"), ("cpu",)


@pytest.mark.parametrize(
    ("wanted", "there", "device"),
    [
        ("auto", CUDA, "cuda"),
        ("auto", MPS, "mps"),
        ("auto", BARE, "cpu"),
        ("cpu", CUDA, "cpu"),
        ("cuda", CUDA, "cuda"),
        ("mps", MPS, "mps"),
    ],
)
def test_the_fastest_is_taken_or_the_one_that_is_set(
    wanted: str, there: tuple[str, ...], device: str
) -> None:
    assert device_for(ModelSettings(wanted), lambda: there) == Device(device, "float32")


@pytest.mark.parametrize(("wanted", "there"), [("cuda", MPS), ("mps", CUDA), ("cuda", BARE)])
def test_a_device_that_is_not_there_is_refused(wanted: str, there: tuple[str, ...]) -> None:
    with pytest.raises(UnavailableError) as caught:
        device_for(ModelSettings(wanted), lambda: there)
    assert caught.value.reason.startswith(f"[models] device is '{wanted}', and torch finds only ")


def test_the_cpu_needs_no_detection() -> None:
    def never() -> tuple[str, ...]:
        raise AssertionError("nobody asks")

    assert device_for(ModelSettings("cpu", "bfloat16"), never) == Device("cpu", "bfloat16")


def test_this_machine_has_a_cpu() -> None:
    assert available()[-1] == "cpu"


def test_words() -> None:
    assert [str(Device(name)) for name in ("cpu", "cuda", "mps")] == [
        "CPU, float32",
        "GPU (CUDA), float32",
        "GPU (MPS), float32",
    ]
    assert str(Device("cuda", "float16")) == "GPU (CUDA), float16"


def test_the_cpu_takes_one_by_one_in_order() -> None:
    assert list(batches([5, 1, 3], Device("cpu"))) == [[0], [1], [2]]
    assert list(batches([], Device("cpu"))) == []


def test_an_accelerator_takes_those_of_like_length_together() -> None:
    lengths = [i % 7 for i in range(2 * BATCH + 3)]
    together = list(batches(lengths, Device("cuda")))
    assert [len(batch) for batch in together] == [BATCH, BATCH, 3]
    assert sorted(i for batch in together for i in batch) == list(range(len(lengths)))
    ordered = [lengths[i] for batch in together for i in batch]
    assert ordered == sorted(lengths)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('device = "gpu"', "[models]: device must be one of auto, cpu, cuda, mps, not 'gpu'."),
        ('precision = "int8"', "[models]: precision must be one of float32, float16, bfloat16"),
    ],
)
def test_settings_are_checked(tmp_path: Path, line: str, said: str) -> None:
    config = tmp_path / "lab.toml"
    config.write_text(f"[models]\n{line}\n")
    with pytest.raises(InputError) as caught:
        read_settings({"RERANK_LAB_CONFIG": str(config)})
    assert said in str(caught.value)
