"""Recorded launches: what a kernel got and left on the CPU, launched again on the GPU and compared byte by byte."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gpu.exercise import exercise
from benchmarks.gpu.settings import Found, NotRunError, Settings
from gridproof.kernels.arrays import Array
from gridproof.kernels.cuda.device import Device
from gridproof.kernels.cuda.source import Kernel
from tests.support.shim.device import ShimDevice

RECORDINGS = "launches.npz"
# Kernels that take exponentials and logarithms, which differ in their last digits between libraries.
_TRANSCENDENTAL = ("scan", "conclude")
# The allowed difference of such numbers, relative or of one; everything else must be the same to the bit.
_CLOSE = 1e-12
# What the threads of ``best`` write is in no order.
_UNORDERED = {"best": (6, 7)}
# Launches kept of a kernel in one form.
_KEPT = 6


@dataclass(slots=True)
class Launch:
    """arguments: arrays and numbers as they were passed. after: the arrays as the kernel left them, None for numbers.
    same: for each argument the first one that is the same array."""

    kernel: Kernel
    count: int
    arguments: list[Any]
    after: list[Array | None]
    same: list[int]


class RecordingDevice(ShimDevice):
    """The device of the tests, which keeps the first launches of every kernel in every form."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.kept: list[Launch] = []
        self._seen: Counter[Kernel] = Counter()

    def launch(self, kernel: Kernel, count: int, arguments: Sequence[Any]) -> None:
        self._seen[kernel] += 1
        if self._seen[kernel] > _KEPT:
            super().launch(kernel, count, arguments)
            return
        before = [each.copy() if isinstance(each, np.ndarray) else each for each in arguments]
        super().launch(kernel, count, arguments)
        after = [each.copy() if isinstance(each, np.ndarray) else None for each in arguments]
        where = [each.ctypes.data if isinstance(each, np.ndarray) else None for each in arguments]
        same = [where.index(each) if each is not None else at for at, each in enumerate(where)]
        self.kept.append(Launch(kernel, count, before, after, same))


def record(folder: Path) -> list[Launch]:
    """Launches of the exercise. folder: for the compiled sources. Needs g++."""
    device = RecordingDevice(folder)
    exercise(device)
    return device.kept


def save(launches: list[Launch], file: Path) -> None:
    """One compressed file, which is read without executing anything."""
    arrays: dict[str, Array] = {}
    headers = []
    for number, each in enumerate(launches):
        kernel = each.kernel
        headers.append(
            {
                "name": kernel.name,
                "files": kernel.files,
                "macros": kernel.macros,
                "count": each.count,
                "same": each.same,
            }
        )
        for at, (before, after) in enumerate(zip(each.arguments, each.after, strict=True)):
            arrays[f"{number}.{at}.before"] = np.asarray(before)
            if after is not None:
                arrays[f"{number}.{at}.after"] = after
    arrays["headers"] = np.array(json.dumps(headers))
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


def load(file: Path) -> Iterator[Launch]:
    with np.load(file, allow_pickle=False) as arrays:
        for number, header in enumerate(json.loads(str(arrays["headers"]))):
            macros = tuple((name, value) for name, value in header["macros"])
            kernel = Kernel(header["name"], tuple(header["files"]), macros)
            arguments: list[Any] = []
            after: list[Array | None] = []
            for at in range(len(header["same"])):
                before = arrays[f"{number}.{at}.before"]
                left = f"{number}.{at}.after"
                after.append(arrays.get(left))
                arguments.append(before if left in arrays else before[()])
            yield Launch(kernel, header["count"], arguments, after, header["same"])


def replay(device: Device, launch: Launch) -> float:
    """The largest relative difference that a launch leaves. Raises AssertionError beyond what is allowed."""
    passed: list[Any] = []
    for at, each in enumerate(launch.arguments):
        if isinstance(each, np.ndarray):
            passed.append(passed[launch.same[at]] if launch.same[at] < at else device.upload(each))
        else:
            passed.append(each)
    device.launch(launch.kernel, launch.count, passed)
    largest = 0.0
    for at, expected in enumerate(launch.after):
        if expected is not None:
            found = device.download(passed[at])
            largest = max(largest, _difference(launch.kernel.name, at, found, expected))
    return largest


def _difference(name: str, at: int, found: Array, expected: Array) -> float:
    if at in _UNORDERED.get(name, ()):
        found, expected = np.sort(found, axis=None), np.sort(expected, axis=None)
    if found.tobytes() == expected.tobytes():
        return 0.0
    what = f"{name}, argument {at}"
    # The bits of a NaN, and the sign of a zero that is the larger of two, are no part of a result.
    if expected.dtype.kind == "f" and np.array_equal(found, expected, equal_nan=True):
        return 0.0
    assert name in _TRANSCENDENTAL, f"{what}: other numbers"
    assert expected.dtype.kind == "f", f"{what}: other numbers"
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected), err_msg=what)
    with np.errstate(invalid="ignore"):
        distance = np.abs(found - expected) / np.maximum(np.abs(expected), 1.0)
    largest = float(np.nanmax(np.where(found == expected, 0.0, distance)))
    assert largest <= _CLOSE, f"{what}: differs by {largest:.1e}"
    return largest


def launches_of(settings: Settings) -> list[Launch]:
    """Those that were carried along, or recorded here where g++ is installed. Raises NotRunError."""
    import shutil

    if settings.carried is not None and (file := settings.carried / RECORDINGS).is_file():
        return list(load(file))
    if shutil.which("g++") is None:
        raise NotRunError("no launches were carried along, and g++ is missing to record some")
    return record(settings.shim)


def replay_all(settings: Settings) -> Found:
    launches = launches_of(settings)
    yield "launches", len(launches)
    yield "kernels", sorted({each.kernel.name for each in launches})
    device, largest, wrong = settings.device(), 0.0, list[str]()
    for launch in launches:
        try:
            largest = max(largest, replay(device, launch))
        except AssertionError as error:
            wrong.append(str(error))
    yield "largest_difference", largest
    yield "wrong", wrong[:20]
    if wrong:
        raise AssertionError(f"{len(wrong)} of {len(launches)} launches leave other numbers on the GPU")
