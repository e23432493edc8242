"""Products of variants on a device: cut into tiles that fit its memory, each walked under every execution."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.cuda.classes import Classes
from gridproof.kernels.cuda.device import Device
from gridproof.kernels.cuda.source import Form
from gridproof.kernels.cuda.tile import Payoff, State, Uploaded, Walker, upload_payoff, upload_tile
from gridproof.kernels.errors import InputError
from gridproof.kernels.metrics import METRICS
from gridproof.kernels.problem import Box, Problem
from gridproof.kernels.product import TABLES_KEPT, Product

# The share of the free memory that the variants of a tile are planned for, and that of its tables.
_VARIANTS, _TABLES = 0.25, 0.35
_MOST = 2**24
# Nodes times paths of one signal: its classes are made on the CPU, 20 bytes for each.
_CLASSES = 2**25

Cut = tuple[slice, ...]


class Products:
    """Of one problem, bound to a device."""

    def __init__(self, device: Device, problem: Problem, top: int | None = None) -> None:
        self._device, self._problem = device, problem
        self._host = Product(problem, top)
        self._classes = Classes(problem, self._host)
        self._payoffs: dict[tuple[Form, int, int], Payoff] = {}
        self._rule: Any = None
        self._invested: Any = None

    def evaluate(self, box: Box) -> Floats:
        """As ``reference.evaluate``, (J, S, 12 + A)."""
        width = len(METRICS) + self._problem.allocations
        box = _with_signal(box)
        sizes = [len(paths) for paths in box.paths]
        result = np.empty((*sizes, len(box.executions), self._problem.segments, width))

        def strides(cut: Cut) -> tuple[Ints, int]:
            return _strides([each.stop - each.start for each in cut]), 0

        def finish(cut: Cut, cell: int, segment: int, conclude: Callable[[Any], None], variants: int) -> None:
            rows = self._device.empty((variants, width), "<f8")
            conclude(rows)
            host = self._device.download(rows)
            result[(*cut, cell, segment)] = host.reshape(*(each.stop - each.start for each in cut), width)

        self._sweep(box, Form(self._problem.allocations, bool(self._host.held.any())), width * 8, strides, finish)
        return result.reshape(-1, self._problem.segments, width)

    def values(self, box: Box, metric: str) -> list[Any]:
        """One metric of every variant, left on the device: for each of the first two segments (E, J / E) float64.

        metric: one of ``metrics.OBJECTIVES``.
        """
        box = _with_signal(box)
        sizes = [len(paths) for paths in box.paths]
        segments = min(2, self._problem.segments)
        kept = [self._device.empty((len(box.executions), prod(sizes)), "<f8") for _ in range(segments)]

        def strides(cut: Cut) -> tuple[Ints, int]:
            steps = _strides(sizes)
            return steps, int(sum(each.start * step for each, step in zip(cut, steps, strict=True)))

        def finish(cut: Cut, cell: int, segment: int, conclude: Callable[[Any], None], variants: int) -> None:
            if segment < segments:
                conclude(kept[segment][cell])

        form = Form(self._problem.allocations, bool(self._host.held.any()), metric)
        self._sweep(box, form, 0, strides, finish)
        return kept

    def _sweep(
        self,
        box: Box,
        form: Form,
        bytes_each: int,
        strides: Callable[[Cut], tuple[Ints, int]],
        finish: Callable[[Cut, int, int, Callable[[Any], None], int], None],
    ) -> None:
        waiting: list[Cut] = [tuple(slice(0, len(paths)) for paths in box.paths)]
        while waiting:
            cut = waiting.pop()
            variants = prod(each.stop - each.start for each in cut)
            try:
                if self._too_large(form, cut, variants, bytes_each):
                    raise MemoryError
                self._tile(box, form, cut, strides, finish)
            except MemoryError:
                self._device.release()
                if variants == 1:
                    raise InputError(
                        "a launch needs some free GPU memory",
                        "no room for one variant",
                        "--backend",
                        "End what else uses the GPU, or use --backend cpu",
                    ) from None
                waiting += _halves(cut, self._longest())

    def _too_large(self, form: Form, cut: Cut, variants: int, bytes_each: int) -> bool:
        if max(each.stop - each.start for each in cut) > self._longest():
            return True
        planned = self._device.free_bytes() * _VARIANTS
        return variants > 1 and variants > min(_MOST, planned / (form.state_width * 8 + 4 + bytes_each))

    def _longest(self) -> int:
        days = self._problem.decision_days + self._problem.lead
        return max(1, _CLASSES // days)

    def _tile(
        self,
        box: Box,
        form: Form,
        cut: Cut,
        strides: Callable[[Cut], tuple[Ints, int]],
        finish: Callable[[Cut, int, int, Callable[[Any], None], int], None],
    ) -> None:
        problem, device = self._problem, self._device
        order = sorted(range(len(cut)), key=lambda signal: cut[signal].stop - cut[signal].start)
        steps, begin = strides(cut)
        paths = [np.ascontiguousarray(box.paths[signal][cut[signal]]) for signal in order]
        if self._rule is None:
            self._rule = device.upload(np.ascontiguousarray(problem.rule, dtype=np.uint8))
            self._invested = device.upload(np.ascontiguousarray(problem.invested, dtype=np.float64))
        lags = problem.lags[box.executions]
        for lag in np.unique(lags):
            delay = problem.lead - int(lag)
            tile = self._classes.tile(paths, [box.places[signal] for signal in order], delay)
            sizes = tuple(len(each) for each in paths)
            uploaded = upload_tile(device, tile, sizes, steps[order])
            nodes = self._classes.nodes(delay)
            walker = Walker(device, form, nodes, tile, uploaded, int(device.free_bytes() * _TABLES))
            for cell in np.flatnonzero(lags == lag):
                payoff = self._payoff(form, int(box.executions[cell]))

                def end(
                    segment: int, days: int, up: Uploaded, state: State, cell: int = int(cell), payoff: Payoff = payoff
                ) -> None:
                    def conclude(result: Any) -> None:
                        numbers = (len(up.sizes), walker.variants, days, self._host.field)
                        device.launch(
                            form.kernel("conclude"), walker.variants,
                            [state.sums, state.held, up.layout, payoff.constant[segment], self._invested,
                             *(np.int32(number) for number in numbers), np.float64(payoff.centre),
                             np.float64(problem.periods), np.float64(problem.risk_free), np.int64(begin), result],
                        )  # fmt: skip

                    finish(cut, cell, segment, conclude, walker.variants)

                walker.run(payoff, self._rule, problem.rule.shape[1], problem.start, end)

    def _payoff(self, form: Form, execution: int) -> Payoff:
        key = form, int(self._problem.payoff_of[execution]), int(self._problem.cost_of[execution])
        if key not in self._payoffs:
            if len(self._payoffs) >= TABLES_KEPT:
                self._payoffs.pop(next(iter(self._payoffs)))
            self._payoffs[key] = upload_payoff(self._device, form, self._host.tables(*key[1:]))
        return self._payoffs[key]


def _with_signal(box: Box) -> Box:
    """A box without signals has one path that says nothing."""
    if box.paths:
        return box
    return Box((np.zeros((1, 0), dtype=np.int32),), (np.zeros(0, dtype=np.int64),), box.executions)


def _strides(sizes: list[int]) -> Ints:
    return np.array([prod(sizes[at + 1 :]) for at in range(len(sizes))], dtype=np.int64)


def _halves(cut: Cut, longest: int) -> list[Cut]:
    """Halves of the first signal that is too long, else of the first of several paths: the inner ones stay whole."""
    sizes = [each.stop - each.start for each in cut]
    at = next((at for at, size in enumerate(sizes) if size > longest), None)
    if at is None:
        at = next(at for at, size in enumerate(sizes) if size > 1)
    low, high = cut[at].start, cut[at].stop
    parts = [slice(begin, end) for begin, end in pairwise((low, (low + high) // 2, high))]
    return [(*cut[:at], part, *cut[at + 1 :]) for part in reversed(parts)]
