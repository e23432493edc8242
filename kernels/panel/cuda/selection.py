"""Selections on a device, one schedule at a time."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gridproof.kernels.arrays import Array, Floats, Ints
from gridproof.kernels.cuda.device import Device
from gridproof.kernels.cuda.source import panel_kernel
from gridproof.kernels.errors import InputError
from gridproof.kernels.panel.selection import SelectionProblem, Selections

# Parts of a ranking that are computed at a time: a stock has a bit for each.
_PARTS = 64


def select(device: Device, problem: SelectionProblem) -> Selections:
    """As ``reference.selection.select``, with the bits of the CPU where baskets are nested."""
    found = Selections.zeros(problem)
    try:
        inputs = _Inputs.of(device, problem)
        for schedule, (interval, offset) in enumerate(problem.schedules.tolist()):
            closes = np.arange(problem.start + offset, len(problem.value) - 1, interval)
            if len(closes):
                run = _Schedule(device, problem, inputs, closes)
                run.write(*(each[schedule] for each in found))
    except MemoryError:
        device.release()
        rule, size = "the GPU must have enough free memory for a panel", f"{problem.value.nbytes * 8 / 2**20:,.0f} MiB"
        raise InputError(rule, f"less than about {size}", "backend", "Shorten the window, or use cpu") from None
    return found


class _Inputs(NamedTuple):
    """On the device, for all schedules."""

    value: Any
    order: Any
    eligible: Any
    buyable: Any
    sellable: Any
    weight: Any  # the value again where weights are equal
    counts: Any

    @classmethod
    def of(cls, device: Device, problem: SelectionProblem) -> _Inputs:
        value = device.upload(problem.value)
        return cls(
            value,
            device.upload(problem.ranking.order),
            device.upload(problem.ranking.eligible.astype(np.uint64)),
            device.upload(problem.buyable),
            device.upload(problem.sellable),
            value if problem.weight is None else device.upload(problem.weight),
            device.upload(problem.counts.astype(np.uint64)),
        )


class _Rows(NamedTuple):
    """Amounts of the stocks on some rows, on the device."""

    amounts: Any  # (rows, S) float64
    largest: Any  # (rows,) the bits of the largest
    formed: Any  # (rows,) the formation whose members are added
    number: int


class _Schedule:
    """F formations at their closes, and D days from the first of them to the end."""

    def __init__(self, device: Device, problem: SelectionProblem, inputs: _Inputs, closes: Ints) -> None:
        self._device, self._problem, self._inputs = device, problem, inputs
        self._stocks, self._baskets = problem.value.shape[1], problem.counts.shape[1]
        self._first = int(closes[0]) + 1
        self._days = len(problem.value) - self._first
        self._closes, self._decided = self._send(closes), self._send(closes - problem.lag + 1)
        # Of each formation the row of the day of its close; that of the first is not used.
        self._days_of = self._send(np.maximum(closes - self._first, 0))
        formed = np.searchsorted(closes, np.arange(self._first, len(problem.value))) - 1
        self._weights, units = self._set_weights(len(closes))
        self._worth = self._grow(units, self._send(formed))

    def write(self, gross: Floats, bought: Floats, sold: Floats) -> None:
        """Fill (K, return days) arrays with the returns of the days, and the trades of all formations but the first."""
        device, problem = self._device, self._problem
        levels, totals, purchases, sales = (self._parts if problem.parted else self._nested)(self._aims())
        earned = device.empty((self._days, self._baskets), "<f8")
        numbers = [np.int32(self._days), np.int32(self._baskets)]
        self._launch("earn_baskets", self._days * self._baskets, [levels, totals, self._worth.formed, *numbers, earned])
        gross[:, self._first - problem.start - 1 :] = device.download(earned).T
        at = device.download(self._closes)[1:] - problem.start
        bought[:, at], sold[:, at] = purchases[1:].T, sales[1:].T

    def _send(self, numbers: Ints) -> Any:
        return self._device.upload(numbers.astype(np.int32))

    def _launch(self, name: str, threads: int, arguments: list[Any]) -> None:
        self._device.launch(panel_kernel(name), threads, arguments)

    def _set_weights(self, formations: int) -> tuple[_Rows, Any]:
        device, inputs = self._device, self._inputs
        shape, largest = (formations, self._stocks), device.zeros((formations,), "<u8")
        weights, units = device.empty(shape, "<f8"), device.empty(shape, "<f8")
        numbers = [np.int32(formations), np.int32(self._stocks), np.int32(self._problem.weight is not None)]
        arguments = [inputs.value, inputs.weight, self._closes, self._decided, *numbers, weights, units, largest]
        self._launch("set_weights", formations * self._stocks, arguments)
        return _Rows(weights, largest, self._send(np.arange(formations)), formations), units

    def _grow(self, units: Any, formed: Any) -> _Rows:
        device, cells = self._device, self._days * self._stocks
        worth, largest = device.empty((self._days, self._stocks), "<f8"), device.zeros((self._days,), "<u8")
        numbers = [np.int32(self._days), np.int32(self._stocks), np.int64(self._first)]
        self._launch("grow_units", cells, [self._inputs.value, units, formed, *numbers, worth, largest])
        return _Rows(worth, largest, formed, self._days)

    def _aims(self) -> Any:
        inputs, formations = self._inputs, self._weights.number
        aims = self._device.zeros((formations, self._stocks), "<i4")
        numbers = [formations, self._stocks, self._baskets, len(self._problem.counts) > 1]
        arguments = [inputs.order, inputs.eligible, self._decided, inputs.counts, *(np.int32(each) for each in numbers)]
        self._launch("aim_baskets", formations * self._stocks, [*arguments, aims])
        return aims

    def _nested(self, aims: Any) -> tuple[Any, Any, Array, Array]:
        """What baskets are worth by day and by formation, (D, K) and (F, K), and their purchases and sales, (F, K)."""
        device, inputs, formations = self._device, self._inputs, self._weights.number
        shape = (formations, self._stocks)
        sizes = [np.int32(each) for each in (formations, self._stocks, self._baskets)]
        reach = device.empty(shape, "<i4")
        self._launch(
            "advance_ranks", self._stocks, [aims, inputs.buyable, inputs.sellable, self._closes, *sizes, reach]
        )
        (whole_worth, levels), (whole_weight, totals) = (
            self._add(rows, reach) for rows in (self._worth, self._weights)
        )
        ratio, common = device.empty(shape, "<f8"), device.empty(shape, "<i4")
        self._launch(
            "compare_weights", formations * self._stocks,
            [self._worth.amounts, self._weights.amounts, reach, self._days_of, *sizes, ratio, common],
        )  # fmt: skip
        bought, sold = (device.empty((formations, self._baskets), "<f8") for _ in range(2))
        self._launch(
            "trade_baskets", formations * self._baskets,
            [ratio, common, whole_worth, self._worth.largest, levels, whole_weight, self._weights.largest, totals,
             self._days_of, *sizes, bought, sold],
        )  # fmt: skip
        return levels, totals, device.download(bought), device.download(sold)

    def _add(self, rows: _Rows, reach: Any) -> tuple[Any, Any]:
        """The amounts as whole numbers, and their sums by basket."""
        device, cells = self._device, rows.number * self._stocks
        whole, totals = (
            device.empty((rows.number, self._stocks), "<i8"),
            device.empty((rows.number, self._baskets), "<f8"),
        )
        sizes = [np.int32(each) for each in (rows.number, self._stocks, self._baskets)]
        self._launch("make_whole", cells, [rows.amounts, rows.largest, *sizes[:2], whole])
        arguments = [whole, rows.largest, reach, rows.formed, *sizes, totals]
        self._launch("add_baskets", rows.number * self._baskets, arguments)
        return whole, totals

    def _parts(self, aims: Any) -> tuple[Any, Any, Array, Array]:
        """As ``_nested``, of baskets that are parts of the ranking, some at a time."""
        device, inputs, formations = self._device, self._inputs, self._weights.number
        found: list[list[Array]] = []
        for first in range(0, self._baskets, _PARTS):
            some = min(_PARTS, self._baskets - first)
            holders = device.empty((formations, self._stocks), "<u8")
            sizes = [np.int32(each) for each in (formations, self._stocks)]
            arguments = [aims, inputs.buyable, inputs.sellable, self._closes, *sizes, np.int32(first), holders]
            self._launch("advance_parts", self._stocks, arguments)
            sums = []
            for rows in (self._worth, self._weights):
                sums.append(device.empty((rows.number, some), "<f8"))
                numbers = [np.int32(each) for each in (rows.number, self._stocks, some)]
                self._launch("add_parts", rows.number * some, [rows.amounts, holders, rows.formed, *numbers, sums[-1]])
            bought, sold = (device.empty((formations, some), "<f8") for _ in range(2))
            arguments = [self._worth.amounts, self._weights.amounts, holders, *sums, self._days_of, *sizes]
            self._launch("trade_parts", formations * some, [*arguments, np.int32(some), bought, sold])
            found.append([device.download(each) for each in (*sums, bought, sold)])
        levels, totals, bought, sold = (np.concatenate(each, axis=1) for each in zip(*found, strict=True))
        return device.upload(levels), device.upload(totals), bought, sold
