"""Arrays that the boxes of a grid share are sent once, and no result depends on it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gridproof.kernels.aggregate.reduction import ReductionRequest
from gridproof.kernels.arrays import Array
from gridproof.kernels.cuda.evaluate import CudaReducer
from gridproof.kernels.cuda.kept import KeptArrays
from tests.support.box_requests import box_requests
from tests.support.problems import random_problem
from tests.support.shim.device import ShimDevice


class CountingDevice(ShimDevice):
    sent = 0

    def upload(self, array: Array) -> Array:
        self.sent += 1
        return super().upload(array)


def fingerprint(reducer: CudaReducer, request: ReductionRequest) -> bytes:
    found = reducer.reduce(request)
    order = np.lexsort((found.execution, found.job))
    parts: Sequence[Array] = (
        found.counters, found.histogram, found.surfaces.count, found.surfaces.sums, found.surfaces.maximum,
        found.job[order], found.execution[order], found.value[order],
    )  # fmt: skip
    return b"".join(np.ascontiguousarray(part).tobytes() for part in parts)


def test_later_boxes_send_less_and_give_the_same_bytes(folder: Path) -> None:
    problem = random_problem(np.random.default_rng(3), days=90, flip=0.1)
    device = CountingDevice(folder)
    reducer, sent = CudaReducer(device, problem), []
    for request in box_requests(3):
        before = device.sent
        found = fingerprint(reducer, request)
        sent.append(device.sent - before)
        assert found == fingerprint(CudaReducer(ShimDevice(folder), problem), request)
    assert sent[1] <= sent[0] * 2 / 3
    assert sent[2] == sent[1]


def test_what_was_not_used_for_longest_is_given_up(folder: Path) -> None:
    device = CountingDevice(folder)
    kept = KeptArrays(device, most=3 * 800)
    arrays = {name: np.full(100, float(name)) for name in range(5)}
    for name in (0, 1, 2, 0, 3):
        (found,) = kept.get(name, lambda name=name: [arrays[name]])  # type: ignore[misc]
        np.testing.assert_array_equal(found, arrays[name])
    assert device.sent == 4
    kept.get(0, list)
    assert device.sent == 4, "0 was used after 1 and stays"
    kept.get(1, lambda: [arrays[1]])
    assert device.sent == 5, "1 was given up"
    kept.clear()
    kept.get(1, lambda: [arrays[1]])
    assert device.sent == 6


def test_where_memory_is_short_kept_arrays_go_first(folder: Path) -> None:
    """A reduction that does not fit is tried once more without them."""
    problem = random_problem(np.random.default_rng(3), days=90, flip=0.1)
    request = box_requests(1)[0]
    expected = fingerprint(CudaReducer(ShimDevice(folder), problem), request)
    device = ShimDevice(folder)
    reducer = CudaReducer(device, problem)
    zeros, failed = device.zeros, []

    def fail_once(shape: tuple[int, ...], dtype: str) -> Array:
        if not failed:
            failed.append(1)
            raise MemoryError
        return zeros(shape, dtype)

    device.zeros = fail_once  # type: ignore[method-assign]
    assert fingerprint(reducer, request) == expected
    assert failed
    assert device.released == 1
