"""Products of variants on a device: cut into tiles that fit its memory, each walked under every execution."""

from __future__ import annotations

from itertools import pairwise
from math import prod
from typing import Any

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.cpu.product.limits import count_bits
from gridproof.kernels.cpu.product.product import TABLES_KEPT, Product
from gridproof.kernels.cuda.classes import DeviceClasses
from gridproof.kernels.cuda.device import Device
from gridproof.kernels.cuda.source import KernelForm
from gridproof.kernels.cuda.tile import DeviceTables, Walker, upload_payoff, upload_tile
from gridproof.kernels.errors import InputError
from gridproof.kernels.metrics import WIDTH
from gridproof.kernels.problem import Box, Problem

# The share of the free memory that the variants of a tile are planned for, and that of its tables.
_VARIANTS, _TABLES = 0.25, 0.35
_MOST = 2**24
# The most nodes times paths of one signal, whose classes take 20 bytes for each on the CPU.
_CLASSES = 2**25

Cut = tuple[slice, ...]


class Products:
    """Evaluates boxes of one problem on a device."""

    def __init__(self, device: Device, problem: Problem, top: int | None = None) -> None:
        self._device, self._problem = device, problem
        self._host = Product(problem, top)
        self._classes = DeviceClasses(problem, self._host)
        self._payoffs: dict[tuple[KernelForm, int, int, int], DeviceTables] = {}
        self._rule: Any = None
        self._invested: Any = None

    def evaluate(self, box: Box) -> Floats:
        """As ``reference.evaluate``, (J, S, 12 + A)."""
        box = with_signal(box)
        rows = MetricRows(self._device, box, self._problem)
        self._sweep(box, KernelForm(self._problem.allocations, bool(self._host.depends.any())), rows)
        return rows.result.reshape(-1, *rows.result.shape[-2:])

    def values(self, box: Box, metric: str) -> list[Any]:
        """One metric of every variant, left on the device: for each of the first two segments (E, J / E) float64.

        metric: one of ``metrics.OBJECTIVES``.
        """
        box = with_signal(box)
        column = MetricColumn(self._device, box, self._problem)
        self._sweep(box, KernelForm(self._problem.allocations, bool(self._host.depends.any()), metric), column)
        return column.values

    def _sweep(self, box: Box, form: KernelForm, answer: MetricRows | MetricColumn) -> None:
        waiting: list[Cut] = [tuple(slice(0, len(paths)) for paths in box.paths)]
        while waiting:
            cut = waiting.pop()
            variants = prod(_sizes(cut))
            try:
                if self._too_large(form, cut, variants, answer.bytes_each):
                    raise MemoryError
                self._tile(box, form, cut, answer)
            except MemoryError:
                self._device.release()
                if variants == 1:
                    raise InputError(
                        "the GPU must have enough free memory for one launch",
                        "too little for one variant",
                        "backend",
                        "Stop other programs that use the GPU, or use the cpu backend",
                    ) from None
                waiting += _halves(cut, self._longest())

    def _too_large(self, form: KernelForm, cut: Cut, variants: int, bytes_each: int) -> bool:
        if max(_sizes(cut)) > self._longest():
            return True
        planned = self._device.free_bytes() * _VARIANTS
        return variants > 1 and variants > min(_MOST, planned / (form.state_width * 8 + 4 + bytes_each))

    def _longest(self) -> int:
        days = self._problem.decision_days + self._problem.lead
        return max(1, _CLASSES // days)

    def _tile(self, box: Box, form: KernelForm, cut: Cut, answer: MetricRows | MetricColumn) -> None:
        problem, device = self._problem, self._device
        order = sorted(range(len(cut)), key=lambda signal: cut[signal].stop - cut[signal].start)
        paths = [np.ascontiguousarray(box.paths[signal][cut[signal]]) for signal in order]
        sizes = tuple(len(each) for each in paths)
        if self._rule is None:
            rule = device.upload(np.ascontiguousarray(problem.rule, dtype=np.uint8))
            self._invested = device.upload(np.ascontiguousarray(problem.invested, dtype=np.float64))
            self._rule = rule  # last: where the other does not fit, both are sent again
        strides, begin = answer.strides(cut)
        lags = problem.lags[box.executions]
        for lag in np.unique(lags):
            delay = problem.lead - int(lag)
            tile = self._classes.tile(paths, [box.places[signal] for signal in order], delay)
            uploaded = upload_tile(device, tile, sizes, strides[order])
            tree = self._classes.tree(delay)
            walker = Walker(device, form, tree, tile, uploaded, int(device.free_bytes() * _TABLES))
            for cell in np.flatnonzero(lags == lag):
                payoff = self._payoff(form, int(box.executions[cell]))
                for segment, days in walker.run(payoff, self._rule, problem.rule.shape[1], problem.start):
                    where = answer.begin(int(cell), segment, walker.variants)
                    if where is None:
                        continue
                    numbers = (len(sizes), walker.variants, days, count_bits(problem))
                    device.launch(
                        form.kernel("conclude"), walker.variants,
                        [walker.sums, walker.held, uploaded.layout, payoff.constant[segment], self._invested,
                         *(np.int32(number) for number in numbers), np.float64(payoff.centre),
                         np.float64(problem.periods), np.float64(problem.risk_free), np.int64(begin), where],
                    )  # fmt: skip
                    answer.end(cut, int(cell), segment, where)

    def _payoff(self, form: KernelForm, execution: int) -> DeviceTables:
        key = form, *self._host.tables_of(execution)
        if key not in self._payoffs:
            if len(self._payoffs) >= TABLES_KEPT:
                self._payoffs.pop(next(iter(self._payoffs)))
            self._payoffs[key] = upload_payoff(self._device, form, self._host.tables(execution))
        return self._payoffs[key]


class MetricRows:
    """Collects all metrics of a box on the host, tile by tile: (sizes of the signals, E, S, 12 + A)."""

    def __init__(self, device: Device, box: Box, problem: Problem) -> None:
        self._device = device
        self._width = WIDTH + problem.allocations
        self.bytes_each = self._width * 8
        sizes = [len(paths) for paths in box.paths]
        self.result = np.empty((*sizes, len(box.executions), problem.segments, self._width))

    def strides(self, cut: Cut) -> tuple[Ints, int]:
        return _strides(_sizes(cut)), 0

    def begin(self, cell: int, segment: int, variants: int) -> Any:
        return self._device.empty((variants, self._width), "<f8")

    def end(self, cut: Cut, cell: int, segment: int, rows: Any) -> None:
        place: tuple[Any, ...] = (*cut, cell, segment)
        self.result[place] = self._device.download(rows).reshape(*_sizes(cut), self._width)


class MetricColumn:
    """Collects one metric of a whole box on the device."""

    bytes_each = 0

    def __init__(self, device: Device, box: Box, problem: Problem) -> None:
        self._sizes = [len(paths) for paths in box.paths]
        shape = len(box.executions), prod(self._sizes)
        self.values = [device.empty(shape, "<f8") for _ in range(min(2, problem.segments))]

    def strides(self, cut: Cut) -> tuple[Ints, int]:
        steps = _strides(self._sizes)
        return steps, int(sum(each.start * step for each, step in zip(cut, steps, strict=True)))

    def begin(self, cell: int, segment: int, variants: int) -> Any:
        return self.values[segment][cell] if segment < len(self.values) else None

    def end(self, cut: Cut, cell: int, segment: int, rows: Any) -> None:
        """Does nothing: the values stay on the device."""


def with_signal(box: Box) -> Box:
    """The box; one path without bits is added to a box without signals."""
    if box.paths:
        return box
    return Box((np.zeros((1, 0), dtype=np.int32),), (np.zeros(0, dtype=np.int64),), box.executions)


def _sizes(cut: Cut) -> list[int]:
    return [each.stop - each.start for each in cut]


def _strides(sizes: list[int]) -> Ints:
    return np.array([prod(sizes[at + 1 :]) for at in range(len(sizes))], dtype=np.int64)


def _halves(cut: Cut, longest: int) -> list[Cut]:
    """Halve the first signal that is too long, else the first that has several paths: the inner ones stay whole."""
    sizes = _sizes(cut)
    at = next((at for at, size in enumerate(sizes) if size > longest), None)
    if at is None:
        at = next(at for at, size in enumerate(sizes) if size > 1)
    low, high = cut[at].start, cut[at].stop
    parts = [slice(begin, end) for begin, end in pairwise((low, (low + high) // 2, high))]
    return [(*cut[:at], part, *cut[at + 1 :]) for part in reversed(parts)]
