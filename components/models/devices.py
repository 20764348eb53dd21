"""What torch models run on: CUDA, MPS or the CPU, by detection or by setting, and how precisely."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

from components.domain import UnavailableError
from components.wording import listed

CPU = "cpu"
BATCH = 32
"""Texts or pairs that an accelerator takes at once, of like length."""


class DeviceHolder(Protocol):
    """What the configuration says of devices: a name or `auto`, and a precision."""

    @property
    def device(self) -> str:
        """Return the device that is wanted."""
        ...

    @property
    def precision(self) -> str:
        """Return the precision of numbers."""
        ...


@dataclass(frozen=True, slots=True)
class Device:
    """Where a model runs and the precision of its numbers.

    On the CPU texts go through one by one, which is fastest there, and a vector or a score is then
    a function of its text alone; an accelerator takes `batch` at once.
    """

    name: str = CPU
    precision: str = "float32"

    @property
    def batch(self) -> int:
        """Return how many texts go through together."""
        return 1 if self.name == CPU else BATCH

    def __str__(self) -> str:
        """Return device and precision in words."""
        names = {CPU: "CPU", "cuda": "GPU (CUDA)", "mps": "GPU (MPS)"}
        return f"{names.get(self.name, self.name)}, {self.precision}"


@cache
def available() -> tuple[str, ...]:
    """Return what torch finds on this machine, the fastest first.

    torch takes seconds to import, so it is asked only where there is a sign of an accelerator.
    """
    apple = platform.system() == "Darwin" and platform.machine() == "arm64"
    signs = ("/dev/nvidia0", "/dev/nvidiactl", "/dev/dxg", "/dev/kfd")
    windows = platform.system() == "Windows"
    if not (apple or windows or any(Path(sign).exists() for sign in signs)):
        return (CPU,)
    import torch

    cuda = ("cuda",) if torch.cuda.is_available() else ()
    mps = ("mps",) if torch.backends.mps.is_available() else ()
    return (*cuda, *mps, CPU)


def device_for(settings: DeviceHolder, there: Callable[[], Sequence[str]] = available) -> Device:
    """Return the fastest device that is there, or the one that is set.

    Raises UnavailableError where a device is set that is not there.
    """
    if settings.device == CPU:
        return Device(CPU, settings.precision)
    names = there()
    if settings.device == "auto":
        return Device(names[0], settings.precision)
    if settings.device not in names:
        raise UnavailableError(
            f"[models] device is {settings.device!r}, and torch finds only {listed(names)} here.",
            'Set device = "auto", or install a torch that knows the device.',
        )
    return Device(settings.device, settings.precision)


def words_for(settings: DeviceHolder) -> str:
    """Return the device in words; a wrong setting is complained of when a model is checked."""
    try:
        return str(device_for(settings))
    except UnavailableError:
        return settings.device


def batches(lengths: Sequence[int], device: Device) -> Iterator[list[int]]:
    """Yield which texts go through together: one by one in order, or those of like length."""
    places = list(range(len(lengths)))
    if device.batch > 1:
        places.sort(key=lambda i: lengths[i])
    for start in range(0, len(places), device.batch):
        yield places[start : start + device.batch]
