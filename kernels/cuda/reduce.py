"""Reductions on a device: one metric of every variant to histogram, ranks, surfaces and candidates for the best."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from gridproof.kernels.aggregate.reduction import ReductionRequest, ReductionResult
from gridproof.kernels.aggregate.surfaces import Surfaces
from gridproof.kernels.arrays import Array, Floats, Ints
from gridproof.kernels.cuda.device import Device
from gridproof.kernels.cuda.kept import KeptArrays
from gridproof.kernels.cuda.source import reduction_kernel
from gridproof.kernels.cuda.surface_layout import MOST_THREADS, Signals, SurfaceLayout

# Copies of the histogram, and the most candidates for the best that are sent back.
_COPIES, _ROOM = 64, 2**16


class Reduction:
    """The reduction of one box, begun on the device; ``answer`` waits for it.

    values: for each segment (E, J) on the device. kept: what earlier boxes have sent. guess: a value that many more
    than the wanted best, but not more than can be sent back, are expected to reach. A wrong guess costs time and
    changes no tally.
    """

    def __init__(
        self,
        device: Device,
        question: ReductionRequest,
        values: list[Any],
        kept: KeptArrays | None = None,
        guess: float = -np.inf,
    ) -> None:
        self._device, self._question, self._values = device, question, values
        self._kept = kept or KeptArrays(device)
        cells = len(question.box.executions)
        paths = [cells, *(len(each) for each in question.box.paths)]
        inverses = [np.arange(cells, dtype=np.int64), *question.inverses]
        self._signals = Signals(paths, inverses, [question.spans[-1], *question.spans[:-1]])
        self._jobs = prod(paths[1:])
        self._count = cells * self._jobs
        self._surfaces = Surfaces.empty(question.dims)
        self._room = max(_ROOM, question.kept + cells)
        self._bound = question.floor if self._count <= self._room else max(question.floor, guess)
        self._answers = self._begin()

    def answer(self) -> ReductionResult:
        found = self._answers()
        question, signals = self._question, self._signals
        counters = np.zeros(7, dtype=np.int64)
        counters[0] = prod(len(inverse) for inverse in signals.inverses)
        counters[1 : 1 + found["counters"].size] = found["counters"]
        histogram = found["histogram"].reshape(_COPIES, -1).sum(axis=0).astype(np.int64)
        surfaces = self._surfaces
        if surfaces.pairs:
            sums = found["cells"].reshape(6, -1)
            surfaces.count[:] = sums[0].astype(np.int64)
            surfaces.sums[:, :2] = sums[1:5].astype(np.int64).reshape(2, 2, -1)
            surfaces.maximum[:] = values_of(sums[5])
            surfaces.carry()
        count = int(found["number"][0])
        if count <= self._room and (count >= question.kept or self._bound == question.floor):
            places, values = _in_order(found["places"][:count], found["values"][:count])
        else:
            places, values = self._search()
        execution, job = np.divmod(places, self._jobs)
        return ReductionResult(counters, histogram, surfaces, job, execution, values)

    def guess(self, values: Floats) -> float:
        """A guess for a box like this one, whose candidates have these values."""
        if len(values) <= self._aim:
            return float(values.min(initial=np.inf)) if len(values) else -np.inf
        return float(np.partition(values, len(values) - self._aim)[len(values) - self._aim])

    @property
    def _aim(self) -> int:
        """How many values a bound should leave: more than are wanted, fewer than can be sent back."""
        return max(self._question.kept, (self._room - self._signals.paths[0]) // 8)

    def _begin(self) -> Callable[[], dict[str, Array]]:
        question, segments = self._question, min(2, len(self._values))
        sizes = {
            "number": 1,
            "counters": 3 * segments,
            "histogram": _COPIES * (len(question.edges) + 1),
            "cells": 6 * len(self._surfaces.count),
            "places": -(-self._room // 2),
            "values": self._room,
        }
        block = self._device.zeros((sum(sizes.values()),), "<u8")
        ends = dict(zip(sizes, np.cumsum(list(sizes.values())).tolist(), strict=True))
        part = {name: slice(ends[name] - size, ends[name]) for name, size in sizes.items()}
        types = {"places": "<i4", "values": "<f8"}
        into = {name: block[where].view(types.get(name, "<u8")) for name, where in part.items()}
        self._ranks(into["histogram"], into["counters"])
        if self._surfaces.pairs:
            self._launch_surfaces(into["cells"])
        self._launch_best(self._bound, self._jobs, self._room, into["places"], into["values"], into["number"])
        wait = self._device.download_later(block)

        def answers() -> dict[str, Array]:
            host = wait()
            return {name: host[where].view(types.get(name, "<u8")) for name, where in part.items()}

        return answers

    def _ranks(self, histogram: Any, counters: Any) -> None:
        """The histogram is that of the first segment; each segment has counts of its own."""
        question, signals, last = self._question, self._signals, len(self._signals.paths) - 1
        groups = (range(1, last), range(last, last + 1))
        key = "weights", tuple(tuple(signals.names[each] for each in group) for group in groups)
        (weights,) = self._kept.get(key, lambda: [signals.weights(groups)])
        edges = question.edges
        (on_device,) = self._kept.get(("edges", edges.tobytes()), lambda: [np.append(edges, np.inf)])
        numbers = [np.int32(each) for each in (self._count, self._jobs, signals.paths[last])]
        for segment, values in enumerate(self._values[:2]):
            many = len(edges) if segment == 0 else 0
            self._launch(
                "ranks", min(self._count, MOST_THREADS),
                [values, *numbers, weights, on_device, np.int32(many), np.float64(question.base[segment]),
                 np.int32(_COPIES), histogram, counters[3 * segment : 3 * segment + 3]],
            )  # fmt: skip

    def _launch_surfaces(self, cells: Any) -> None:
        """All tables of two signals, then the surface of every pair of axes from them."""
        signals = self._signals
        key = "surfaces", tuple(signals.names), self._question.dims
        layout, (weights, tables, paths) = self._kept.made(
            key, lambda: SurfaceLayout(signals, self._surfaces), lambda made: [made.weights, made.tables, made.paths]
        )
        rows = layout.surfaces(signals.spans)
        on_device, products = self._device.upload(rows), self._device.zeros((layout.cells,), "<u8")
        many = np.int32(len(layout.tables))
        self._launch("pairs", layout.table_threads, [self._values[0], weights, tables, many, products])
        size = np.int32(len(self._surfaces.count))
        self._launch(
            "surface", layout.surface_threads, [products, paths, on_device, np.int32(len(rows)), cells, size]
        )  # fmt: skip

    def _search(self) -> tuple[Ints, Floats]:
        """The positions of the candidates for the best, ascending, and their values; waits for every count."""
        room, aim, bound, limit = self._room, self._aim, self._question.floor, self._jobs
        count = self._number(bound, limit)
        if count > room:
            # The highest bound that enough values reach; where too many equal it, the lowest jobs of those.
            low, high = key_of(bound), key_of(np.inf)
            while high - low > 1 and count > room:
                middle = (low + high) // 2
                found = self._number(float_of(middle), limit)
                low, high, count = (middle, high, found) if found >= aim else (low, middle, count)
            bound, few = float_of(low), 0
            while limit - few > 1 and count > room:
                middle = (few + limit) // 2
                few, limit = (few, middle) if self._number(bound, middle) >= aim else (middle, limit)
        places, values = self._device.empty((room,), "<i4"), self._device.empty((room,), "<f8")
        count = self._number(bound, limit, room, places, values)
        return _in_order(self._device.download(places)[:count], self._device.download(values)[:count])

    def _number(self, bound: float, limit: int, room: int = 0, places: Any = None, values: Any = None) -> int:
        """How many values are above the bound, or equal to it in a job before the limit."""
        number = self._device.zeros((1,), "<u8")
        if room == 0:
            places = values = number
        self._launch_best(bound, limit, room, places, values, number)
        return int(self._device.download(number)[0])

    def _launch_best(self, bound: float, limit: int, room: int, places: Any, values: Any, number: Any) -> None:
        sizes = [np.int32(self._count), np.int32(self._jobs)]
        self._launch(
            "best", min(self._count, MOST_THREADS),
            [self._values[0], *sizes, np.float64(bound), np.int32(limit), np.int32(room), places, values, number],
        )  # fmt: skip

    def _launch(self, name: str, count: int, arguments: list[Any]) -> None:
        self._device.launch(reduction_kernel(name), count, arguments)


def _in_order(places: Array, values: Array) -> tuple[Ints, Floats]:
    order = np.argsort(places)
    return places[order].astype(np.int64), values[order]


def key_of(value: float) -> int:
    """A whole number that orders as the float64 does, as ``key_of`` in keys.cuh."""
    bits = int(np.float64(value).view(np.uint64))
    return 2**64 - 1 - bits if bits >> 63 else bits | 1 << 63


def float_of(key: int) -> float:
    """The inverse of ``key_of``."""
    bits = key ^ 1 << 63 if key >> 63 else 2**64 - 1 - key
    return float(np.uint64(bits).view(np.float64))


def values_of(keys: Array) -> Floats:
    """The float64 of each key; −inf for key 0, where nothing was added."""
    bits = np.where(keys >> np.uint64(63), keys ^ np.uint64(2**63), ~keys)
    return np.where(keys == 0, -np.inf, bits.view(np.float64))
