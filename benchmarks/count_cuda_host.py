"""Counts the work of the host for a box on the cuda backend, for docs/cuda.md: python -m benchmarks.count_cuda_host.

The device does nothing but count, so what is measured is Python, NumPy and the classes of paths. No GPU is used.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import prod
from statistics import median
from typing import Any

import numpy as np

from benchmarks.problem import Case, build, distinct_paths
from gridproof.kernels.aggregate.reduction import AxisSpan, ReductionRequest
from gridproof.kernels.arrays import Array
from gridproof.kernels.cuda.evaluate import CudaReducer
from gridproof.kernels.cuda.source import Kernel
from gridproof.kernels.paths import pack
from gridproof.kernels.problem import Box, Problem

# Boxes that are measured, after two that fill the caches.
_BOXES = 5


@dataclass(frozen=True, slots=True)
class Handle:
    """An array of the device that does nothing: its shape and type."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def __getitem__(self, at: object) -> Handle:
        if isinstance(at, slice):
            return Handle((len(range(*at.indices(self.shape[0]))), *self.shape[1:]), self.dtype)
        return Handle(self.shape[1:], self.dtype)

    def view(self, dtype: str) -> Handle:
        return Handle((self.shape[0] * self.dtype.itemsize // np.dtype(dtype).itemsize,), np.dtype(dtype))


class IdleDevice:
    """A device that counts calls and bytes. ``best`` finds as many values above a bound as normal ones would have."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self._values = np.sort(np.random.default_rng(0).normal(0.6, 0.25, 200_000))
        self._above = np.empty(0)

    def upload(self, array: Array) -> Handle:
        self.calls["uploads"] += 1
        self.calls["bytes sent"] += array.nbytes
        return Handle(array.shape, array.dtype)

    def empty(self, shape: tuple[int, ...], dtype: str) -> Handle:
        return Handle(shape, np.dtype(dtype))

    def zeros(self, shape: tuple[int, ...], dtype: str) -> Handle:
        self.calls["clearings"] += 1
        return Handle(shape, np.dtype(dtype))

    def download(self, array: Handle) -> Array:
        self.calls["downloads that are waited for"] += 1
        return self._host(array)

    def download_later(self, array: Handle) -> Callable[[], Array]:
        self.calls["downloads"] += 1
        host = self._host(array)
        return lambda: host

    def _host(self, array: Handle) -> Array:
        """The number of values above the bound in the first word, and such values in the last words."""
        host = np.zeros(array.shape, array.dtype)
        if array.dtype == np.dtype("<u8") and array.shape:
            host[0] = len(self._above)
        if array.dtype.itemsize == 8 and host.size > 1:
            room = min(host.size, 2**16)
            kept = min(room, len(self._above))
            host[host.size - room : host.size - room + kept].view("<f8")[:] = self._above[:kept]
        return host

    def launch(self, kernel: Kernel, count: int, arguments: Sequence[Any]) -> None:
        self.calls["launches"] += 1
        if kernel.name == "best":
            every, many = int(arguments[1]), len(self._values)
            above = many - int(np.searchsorted(self._values, float(arguments[3]), side="right"))
            found = np.arange(min(2**20, int(above * every / many)))
            self._above = self._values[many - 1 - (found * many / every).astype(np.int64)]

    def free_bytes(self) -> int:
        self.calls["questions for free memory"] += 1
        return 130 * 2**30

    def release(self) -> None: ...


def headline() -> tuple[Problem, Box, tuple[tuple[AxisSpan, ...], ...], tuple[int, ...]]:
    """Three signals of three axes: 16 × 1,000 × 1,000 variants of 4,300 days."""
    rng, case = np.random.default_rng(1), Case("headline")
    states = np.concatenate([distinct_paths(rng, 1_000, case) for _ in range(3)])
    problem = replace(build(replace(case, variants=8)).problem, path_bits=pack(states))
    sizes = (16, 1_000, 1_000)
    paths = tuple((np.arange(size, dtype=np.int32) + 1_000 * at)[:, None] for at, size in enumerate(sizes))
    lengths = ((1, 2, 8), (10, 10, 10), (10, 10, 10))
    spans = tuple(
        tuple(AxisSpan(3 * at + axis, 0, n) for axis, n in enumerate(each)) for at, each in enumerate(lengths)
    )
    return problem, Box(paths, tuple(np.array([at]) for at in range(3)), np.array([0])), (*spans, ()), (10,) * 9


def several() -> tuple[Problem, Box, tuple[tuple[AxisSpan, ...], ...], tuple[int, ...]]:
    """Five signals of fourteen axes and six executions, as a box of csi1000-csi300: 22 × 18 × 21 × 12 × 24 paths."""
    rng, days = np.random.default_rng(1), 4_700
    sizes, bits, yearly = (22, 18, 21, 12, 24), (1, 1, 1, 2, 1), (1.5, 2, 3, 12, 1.5)
    states = []
    for size, each, switches in zip(sizes, bits, yearly, strict=True):
        case = Case("several", days=days + 1, yearly=switches)
        states.append(distinct_paths(rng, size * each, case))
    codes = np.arange(64)
    bit = [(codes >> at) & 1 for at in range(6)]
    chosen = bit[5] | bit[3] | (bit[2] & (1 - bit[4]))
    rule = np.tile(np.where(chosen & bit[0] & bit[1], 2, np.where(chosen, 0, 1)), (3, 1))
    returns = rng.normal(0.0004, 0.012, (1, 3, days))
    returns[:, -1] = 0.0
    traded = np.full((3, 3), 2.0)
    np.fill_diagonal(traded, 0.0)
    costs = np.stack([np.repeat((cost * traded)[:, :, None], days, axis=2) for cost in (0.0, 0.001, 0.003)])
    problem = Problem(
        path_bits=pack(np.concatenate(states)), decision_days=days + 1, lead=2, rule=rule, start=2,
        lags=np.array([1, 1, 1, 2, 2, 2]), payoff_of=np.zeros(6, dtype=np.int64), cost_of=np.array([0, 1, 2, 0, 1, 2]),
        returns=returns, costs=costs, traded=traded[None, :, :, None], traded_of=np.zeros(6, dtype=np.int64),
        invested=np.array([1.0, 1.0, 0.0]),
        bounds=np.array([0, days * 17 // 20, days]), periods=243.0, risk_free=0.0,
    )  # fmt: skip
    paths, places, row, place = [], [], 0, 0
    for size, each in zip(sizes, bits, strict=True):
        paths.append(np.arange(size * each, dtype=np.int32).reshape(size, each) + row)
        places.append(np.arange(place, place + each))
        row, place = row + size * each, place + each
    lengths = ((1, 2, 11), (2, 3, 3), (21,), (12,), (4, 3, 2), (2, 3))
    spans, axis = [], 0
    for several_lengths in lengths:
        spans.append(tuple(AxisSpan(axis + at, 0, length) for at, length in enumerate(several_lengths)))
        axis += len(several_lengths)
    dims = tuple(length for each in lengths for length in each)
    return problem, Box(tuple(paths), tuple(places), np.arange(6)), tuple(spans), dims


def main() -> None:
    argparse.ArgumentParser(prog="python -m benchmarks.count_cuda_host", description=__doc__).parse_args()
    for name, make in (("headline", headline), ("csi1000-csi300", several)):
        measure(name, make)


def measure(
    name: str, make: Callable[[], tuple[Problem, Box, tuple[tuple[AxisSpan, ...], ...], tuple[int, ...]]]
) -> None:
    problem, box, spans, dims = make()
    device = IdleDevice()
    reducer = CudaReducer(device, problem)
    inverses = tuple(np.arange(len(paths), dtype=np.int64) for paths in box.paths)
    edges, times = np.linspace(-1.0, 2.0, 201), []
    for number in range(_BOXES + 2):
        paths = (np.roll(box.paths[0], number, axis=0), *box.paths[1:])  # the first signal's are new in every box
        one = Box(paths, box.places, box.executions)
        question = ReductionRequest(one, inverses, spans, dims, "sharpe", edges, (0.5, 0.5), 1000, -np.inf)
        if number == 2:
            device.calls.clear()
        began = time.process_time()
        reducer.reduce(question)
        times.append(time.process_time() - began)
    variants = prod(len(paths) for paths in box.paths) * len(box.executions)
    counts = {what: round(count / _BOXES) for what, count in device.calls.items()}
    print(f"{name}: a box of {variants:,} variants, {median(times[2:]) * 1e3:.1f} ms of CPU on the host")
    print("  " + ", ".join(f"{count:,} {what}" for what, count in counts.items()))


if __name__ == "__main__":
    main()
