"""Reductions on a device: one metric of every variant to histogram, ranks, surfaces and candidates for the best."""

from __future__ import annotations

from collections.abc import Hashable
from hashlib import blake2b
from math import prod
from typing import Any

import numpy as np

from gridproof.kernels.aggregate.reduction import AxisSpan, ReductionRequest, ReductionResult
from gridproof.kernels.aggregate.surfaces import Surfaces
from gridproof.kernels.arrays import Array, Floats, Ints
from gridproof.kernels.cuda.device import Device
from gridproof.kernels.cuda.kept import KeptArrays
from gridproof.kernels.cuda.source import reduction_kernel

# The number of threads that a reduction is cut into; copies of the histogram; the most candidates that are sent back.
_THREADS, _COPIES, _ROOM = 2**17, 64, 2**16


class Reduction:
    """The reduction of one box. values: for each segment (E, J) on the device. kept: what earlier boxes have sent."""

    def __init__(
        self, device: Device, question: ReductionRequest, values: list[Any], kept: KeptArrays | None = None
    ) -> None:
        self._device, self._question, self._values = device, question, values
        self._kept = kept or KeptArrays(device)
        cells = len(question.box.executions)
        self._paths = [cells, *(len(paths) for paths in question.box.paths)]
        self._inverses = [np.arange(cells, dtype=np.int64), *question.inverses]
        self._spans = [question.spans[-1], *question.spans[:-1]]
        # What the lists and weights of a signal are made from.
        self._names: list[Hashable] = [
            (count, spans, blake2b(inverse.tobytes()).digest())
            for count, spans, inverse in zip(self._paths, self._spans, self._inverses, strict=True)
        ]
        self._jobs = prod(self._paths[1:])
        self._count = cells * self._jobs

    def answer(self) -> ReductionResult:
        question = self._question
        counters = np.zeros(7, dtype=np.int64)
        counters[0] = prod(len(inverse) for inverse in self._inverses)
        histogram, counters[1:4] = self._ranks(self._values[0], question.base[0], question.edges)
        if len(self._values) > 1:
            _, counters[4:] = self._ranks(self._values[1], question.base[1], np.empty(0))
        surfaces = self._surfaces()
        found, value = self._best()
        execution, job = np.divmod(found, self._jobs)
        return ReductionResult(counters, histogram, surfaces, job, execution, value)

    def _weights(self, groups: range) -> Array:
        """How many combinations of parameters each combination of paths stands for."""
        product = np.ones(1, dtype=np.int64)
        for group in groups:
            counts = np.bincount(self._inverses[group], minlength=self._paths[group])
            product = np.multiply.outer(product, counts).ravel()
        return product.astype(np.int32)

    def _all_weights(self, groups: tuple[range, ...]) -> Any:
        """The weights of these groups of signals, one behind the other, on the device."""
        key = "weights", tuple(tuple(self._names[each] for each in group) for group in groups)
        return self._kept.get(key, lambda: [np.concatenate([self._weights(group) for group in groups])])[0]

    def _ranks(self, values: Any, base: float, edges: Floats) -> tuple[Ints, Ints]:
        device, last = self._device, len(self._paths) - 1
        groups = (range(1, last), range(last, last + 1))
        histogram = device.zeros((_COPIES, len(edges) + 1), "<u8")
        counters = device.zeros((3,), "<u8")
        numbers = [np.int32(each) for each in (self._count, self._jobs, self._paths[last])]
        weights = self._all_weights(groups)
        (on_device,) = self._kept.get(("edges", edges.tobytes()), lambda: [np.append(edges, np.inf)])
        self._launch(
            "ranks", min(self._count, _THREADS),
            [values, *numbers, weights, on_device, np.int32(len(edges)), np.float64(base),
             np.int32(_COPIES), histogram, counters],
        )  # fmt: skip
        return device.download(histogram).sum(axis=0).astype(np.int64), device.download(counters).astype(np.int64)

    def _surfaces(self) -> Surfaces:
        """The surface of every pair of axes, from the table of the signals that own them."""
        surfaces = Surfaces.empty(self._question.dims)
        size = len(surfaces.count)
        if size == 0:
            return surfaces
        owner = {span.axis: (group, span) for group, spans in enumerate(self._spans) for span in spans}
        wanted: dict[tuple[int, int], list[tuple[int, AxisSpan, AxisSpan]]] = {}
        within: list[tuple[int, int, AxisSpan, AxisSpan]] = []
        for (x, y), offset in zip(surfaces.pairs, surfaces.offsets()[:-1], strict=True):
            (one, across), (two, down) = owner[x], owner[y]
            if one == two:
                within.append((one, int(offset), across, down))
            else:
                wanted.setdefault((min(one, two), max(one, two)), []).append((int(offset), across, down))
        for group, offset, across, down in within:
            # With a signal whose table is made anyway, else with the smallest.
            made = [pair for pair in wanted if group in pair]
            possible = made or [
                (min(group, each), max(group, each)) for each in range(len(self._paths)) if each != group
            ]
            pair = min(possible, key=lambda pair: len(self._inverses[pair[0]]) * len(self._inverses[pair[1]]))
            wanted.setdefault(pair, []).append((offset, across, down))
        cells = self._device.zeros((6, size), "<u8")
        for pair, several in wanted.items():
            product = self._pair(*pair)
            for offset, across, down in several:
                self._surface(pair, product, offset, across, down, cells, size)
        sums = self._device.download(cells)
        surfaces.count[:] = sums[0].astype(np.int64)
        surfaces.sums[:, :2] = sums[1:5].astype(np.int64).reshape(2, 2, size)
        surfaces.maximum[:] = values_of(sums[5])
        surfaces.carry()
        return surfaces

    def _pair(self, one: int, two: int) -> Any:
        paths, last = self._paths, len(self._paths)
        groups = (range(one), range(one + 1, two), range(two + 1, last))
        outer, middle, inner = (prod(paths[group.start : group.stop]) for group in groups)
        size = paths[one] * paths[two]
        slices = _slices(size, outer * middle * inner)
        cells = self._device.zeros((6, size), "<u8")
        numbers = (outer, paths[one], middle, paths[two], inner, slices)
        self._launch(
            "pairs", size * slices,
            [self._values[0], self._all_weights(groups), *(np.int32(each) for each in numbers), cells],
        )  # fmt: skip
        return cells

    def _surface(
        self, pair: tuple[int, int], product: Any, offset: int, x: AxisSpan, y: AxisSpan, cells: Any, size: int
    ) -> None:
        key = "surface", self._names[pair[0]], self._names[pair[1]], x, y, offset, self._question.dims
        lists = self._kept.get(key, lambda: self._lists(pair, offset, x, y))
        (rows, many), (columns, more) = lists[0].shape, lists[1].shape
        slices = _slices(rows * columns, many * more)
        numbers = (rows, columns, many, more, slices)
        self._launch(
            "surface", rows * columns * slices,
            [product, np.int32(self._paths[pair[0]] * self._paths[pair[1]]), *lists,
             *(np.int32(each) for each in numbers), cells, np.int32(size)],
        )  # fmt: skip

    def _lists(self, pair: tuple[int, int], offset: int, x: AxisSpan, y: AxisSpan) -> list[Array]:
        """For each of the two signals the paths of every position on the surface, and where each position stands."""
        steps = (self._paths[pair[1]], 1)
        lists, positions = [], {}
        for side, (group, step) in enumerate(zip(pair, steps, strict=True)):
            mine = [span for span in (x, y) if span in self._spans[group]]
            order, found = _arrange(self._spans[group], mine)
            lists.append(np.ascontiguousarray((self._inverses[group][order] * step).astype(np.int32)))
            for span, at in zip(mine, found, strict=True):
                positions[span.axis] = at[:, None] if side == 0 else at[None, :]
        shape = len(lists[0]), len(lists[1])
        places = offset + positions[x.axis] * self._question.dims[y.axis] + positions[y.axis]
        return [*lists, np.ascontiguousarray(np.broadcast_to(places, shape).astype(np.int32))]

    def _best(self) -> tuple[Ints, Floats]:
        """The positions of the candidates for the best, ascending, and their values."""
        kept, bound, limit = self._question.kept, self._question.floor, self._jobs
        room = max(_ROOM, kept + self._paths[0])
        count = self._number(bound, limit)
        if count > room:
            # The highest bound that enough values reach; where too many equal it, the lowest jobs of those.
            low, high = key_of(bound), key_of(np.inf)
            while high - low > 1 and count > room:
                middle = (low + high) // 2
                found = self._number(float_of(middle), limit)
                low, high, count = (middle, high, found) if found >= kept else (low, middle, count)
            bound, few = float_of(low), 0
            while limit - few > 1 and count > room:
                middle = (few + limit) // 2
                few, limit = (few, middle) if self._number(bound, middle) >= kept else (middle, limit)
        places, values = self._device.empty((room,), "<i4"), self._device.empty((room,), "<f8")
        count = self._number(bound, limit, room, places, values)
        at, value = self._device.download(places)[:count], self._device.download(values)[:count]
        order = np.argsort(at)
        return at[order].astype(np.int64), value[order]

    def _number(self, bound: float, limit: int, room: int = 0, places: Any = None, values: Any = None) -> int:
        """How many values are above the bound, or equal to it in a job before the limit."""
        number = self._device.zeros((1,), "<u8")
        if room == 0:
            places = values = number
        sizes = [np.int32(self._count), np.int32(self._jobs)]
        self._launch(
            "best", min(self._count, _THREADS),
            [self._values[0], *sizes, np.float64(bound), np.int32(limit), np.int32(room), places, values, number],
        )  # fmt: skip
        return int(self._device.download(number)[0])

    def _launch(self, name: str, count: int, arguments: list[Any]) -> None:
        self._device.launch(reduction_kernel(name), count, arguments)


def _slices(cells: int, others: int) -> int:
    """Into how many parts the work of a cell is cut, so that the device has enough threads."""
    return max(1, min(others, _THREADS // cells))


def _arrange(spans: tuple[AxisSpan, ...], wanted: list[AxisSpan]) -> tuple[Ints, list[Ints]]:
    """Combinations of a signal's axes by the wanted ones: (rows, combinations), and each row's positions on them."""
    lengths = [span.length for span in spans]
    front = [spans.index(span) for span in wanted]
    numbers = np.arange(prod(lengths), dtype=np.int64).reshape(lengths)
    rows = prod(span.length for span in wanted)
    order = np.moveaxis(numbers, front, range(len(front))).reshape(rows, -1)
    digits = np.indices([span.length for span in wanted]).reshape(len(wanted), rows)
    return order, [span.begin + digit for span, digit in zip(wanted, digits, strict=True)]


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
