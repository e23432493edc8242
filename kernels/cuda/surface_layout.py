"""What the kernels of the surfaces read of a box: laid out once for boxes of the same shape, and kept on the device."""

from __future__ import annotations

from collections.abc import Hashable
from hashlib import blake2b
from math import prod

import numpy as np

from gridproof.kernels.aggregate.reduction import AxisSpan
from gridproof.kernels.aggregate.surfaces import Surfaces
from gridproof.kernels.arrays import Array, Ints
from gridproof.kernels.cuda.source import THREADS

# The number of threads that a reduction is cut into.
MOST_THREADS = 2**17


class Signals:
    """The executions, then the signals of a box: paths, the path of every combination of its axes, and those axes."""

    def __init__(self, paths: list[int], inverses: list[Ints], spans: list[tuple[AxisSpan, ...]]) -> None:
        self.paths, self.inverses, self.spans = paths, inverses, spans
        # What decides weights and lists. Where a box begins on its axes is no part of it.
        self.names: list[Hashable] = [
            (count, tuple((span.axis, span.length) for span in mine), blake2b(inverse.tobytes()).digest())
            for count, mine, inverse in zip(paths, spans, inverses, strict=True)
        ]

    def weights(self, groups: tuple[range, ...]) -> Array:
        """How many combinations of parameters each combination of paths stands for, group after group, int32."""
        return np.concatenate([self._product(group) for group in groups])

    def _product(self, group: range) -> Array:
        product = np.ones(1, dtype=np.int64)
        for each in group:
            counts = np.bincount(self.inverses[each], minlength=self.paths[each])
            product = np.multiply.outer(product, counts).ravel()
        return product.astype(np.int32)


class SurfaceLayout:
    """The launches that give every surface of boxes of the same shape.

    Two signals have one table over all others; the surfaces of their axes are made from it. Two axes of one signal are
    taken from any table of that signal. ``cells``: of all tables. ``table_threads``, ``surface_threads``: of a launch.
    """

    def __init__(self, signals: Signals, surfaces: Surfaces) -> None:
        self._signals = signals
        self._offsets = surfaces.offsets()[:-1]
        self._pairs = np.array(surfaces.pairs, dtype=np.int64).reshape(-1, 2)
        self._dims = np.array(surfaces.dims, dtype=np.int64)
        self._owner = {span.axis: group for group, spans in enumerate(signals.spans) for span in spans}
        self._lists: list[Array] = []
        self._list_at: dict[tuple[int, tuple[int, ...]], tuple[int, int]] = {}
        self._listed = self.cells = self.table_threads = self.surface_threads = 0
        wanted = self._wanted(surfaces.pairs)
        self.weights = np.concatenate([signals.weights(self._groups(pair)) for pair in wanted])
        self.tables, place = self._tables(list(wanted))
        self._rows = self._surfaces(wanted, place)
        self.paths = np.concatenate(self._lists)

    def surfaces(self, spans: list[tuple[AxisSpan, ...]]) -> Array:
        """(S, 16) int32, as the kernel ``surface`` reads it, for a box that begins where these spans do."""
        begins = np.zeros(len(self._dims), dtype=np.int64)
        for span in (span for several in spans for span in several):
            begins[span.axis] = span.begin
        across, down = self._pairs[self._order].T
        rows = self._rows.copy()
        rows[:, 11] = self._offsets[self._order] + begins[across] * self._dims[down] + begins[down]
        return rows

    def _wanted(self, pairs: tuple[tuple[int, int], ...]) -> dict[tuple[int, int], list[int]]:
        """For each pair of signals with a table the numbers of the surfaces that are made from it."""
        wanted: dict[tuple[int, int], list[int]] = {}
        within: list[tuple[int, int]] = []
        for number, (x, y) in enumerate(pairs):
            one, two = sorted((self._owner[x], self._owner[y]))
            if one == two:
                within.append((number, one))
            else:
                wanted.setdefault((one, two), []).append(number)
        every = range(len(self._signals.paths))
        for number, group in within:
            # With a signal whose table is made anyway, else with the smallest.
            made = [pair for pair in wanted if group in pair]
            possible = made or [(min(group, each), max(group, each)) for each in every if each != group]
            sizes = [len(inverse) for inverse in self._signals.inverses]
            wanted.setdefault(min(possible, key=lambda pair: sizes[pair[0]] * sizes[pair[1]]), []).append(number)
        return wanted

    def _groups(self, pair: tuple[int, int]) -> tuple[range, ...]:
        one, two = pair
        return range(one), range(one + 1, two), range(two + 1, len(self._signals.paths))

    def _tables(self, pairs: list[tuple[int, int]]) -> tuple[Array, dict[tuple[int, int], int]]:
        """(P, 9) int32, as the kernel ``pairs`` reads it, and where each table begins."""
        paths, rows, place, weights = self._signals.paths, [], {}, 0
        for one, two in pairs:
            groups = self._groups((one, two))
            outer, middle, inner = (prod(paths[group.start : group.stop]) for group in groups)
            size = paths[one] * paths[two]
            slices = slices_of(size, outer * middle * inner)
            block = self.table_threads // THREADS
            rows.append((block, outer, paths[one], middle, paths[two], inner, slices, weights, self.cells))
            place[one, two] = self.cells
            weights += outer + middle + inner
            self.cells += 6 * size
            self.table_threads += -(-size * slices // THREADS) * THREADS
        return np.array(rows, dtype=np.int32), place

    def _surfaces(self, wanted: dict[tuple[int, int], list[int]], place: dict[tuple[int, int], int]) -> Array:
        """The rows of ``surfaces`` without the first cell, by table."""
        rows, order = [], []
        for (one, two), numbers in wanted.items():
            size = self._signals.paths[one] * self._signals.paths[two]
            for number in numbers:
                sides = [self._side(group, number) for group in (one, two)]
                (first, down, many, inner, step), (second, across, more, wide, stride) = sides
                slices = slices_of(down * across, many * more)
                block = self.surface_threads // THREADS
                rows.append(
                    (block, down, across, many, more, slices, first, second, self._signals.paths[two],
                     place[one, two], size, 0, inner, step, wide, stride)
                )  # fmt: skip
                order.append(number)
                self.surface_threads += -(-down * across * slices // THREADS) * THREADS
        self._order = np.array(order, dtype=np.int64)
        return np.array(rows, dtype=np.int32)

    def _side(self, group: int, number: int) -> tuple[int, int, int, int, int]:
        """Of one of a table's signals, for a surface: where its list begins, positions on the axes shown, combinations
        of the others; positions of the second axis where both are its own, and the step of the first."""
        spans = self._signals.spans[group]
        x, y = self._pairs[number]
        mine = [next(span for span in spans if span.axis == axis) for axis in (x, y) if self._owner[axis] == group]
        at, more = self._list(group, [spans.index(span) for span in mine])
        rows = prod(span.length for span in mine)
        if len(mine) == 2:
            return at, rows, more, mine[1].length, int(self._dims[y])
        return at, rows, more, 1, int(self._dims[y]) if mine and mine[0].axis == x else 1

    def _list(self, group: int, front: list[int]) -> tuple[int, int]:
        """Where the paths of a signal stand in ``paths``, by the positions on some of its axes: (positions, others)."""
        key = group, tuple(front)
        if key not in self._list_at:
            spans = self._signals.spans[group]
            lengths = [span.length for span in spans]
            numbers = np.arange(prod(lengths), dtype=np.int64).reshape(lengths)
            order = np.moveaxis(numbers, front, range(len(front))).ravel()
            self._lists.append(self._signals.inverses[group][order].astype(np.int32))
            self._list_at[key] = self._listed, len(order) // prod(lengths[axis] for axis in front)
            self._listed += len(order)
        return self._list_at[key]


def slices_of(cells: int, others: int) -> int:
    """Into how many parts the work of a cell is cut, so that the device has enough threads."""
    return max(1, min(others, MOST_THREADS // cells))
