"""Rank IC and quantile returns on a device: whole sums of products of ranks, divided on the host."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridproof.kernels.arrays import Array, Floats, Ints
from gridproof.kernels.cuda.device import Device
from gridproof.kernels.cuda.pattern_rows import by_groups
from gridproof.kernels.cuda.source import panel_kernel
from gridproof.kernels.panel.cuda.ranking import order_keys, place_stocks, twice_ranks
from gridproof.kernels.panel.information import Information, checked_information


def rank_ic(device: Device, factors: Floats, value: Floats, horizons: Ints, quantiles: int) -> Information:
    """As ``reference.information.rank_ic``, with the bits of the CPU."""
    factors, value, horizons, found = checked_information(factors, value, horizons, quantiles)
    days, stocks = value.shape

    def compute(part: slice) -> None:
        """The days of a part; the days after it, up to the longest horizon, give their returns."""
        own = part.stop - part.start
        values = device.upload(value[part.start : min(days, part.stop + int(horizons.max(initial=0)))])
        for kind in range(len(factors)):
            _measure(kind, part.start, own, values)

    def _measure(kind: int, first: int, own: int, values: Any) -> None:
        shape, cells = (own, stocks), own * stocks
        factor = device.upload(factors[kind, first : first + own])
        keys = order_keys(device, factor, values, cells)
        order, eligible = place_stocks(device, keys, shape)
        ranks = twice_ranks(device, keys, shape)
        squares = _multiply(device, ranks, ranks, shape)
        size = found.stocks[kind, first : first + own] = device.download(eligible)
        for reach, horizon in enumerate(horizons.tolist()):
            known = min(own, days - horizon - first)
            if known <= 0:
                continue
            part = (known, stocks)
            growth, means = device.empty(part, "<f8"), device.empty((known, quantiles), "<f8")
            ahead = [np.int64(known * stocks), np.int64(horizon * stocks)]
            device.launch(panel_kernel("forward_growth"), known * stocks, [values, *ahead, growth])
            later = twice_ranks(device, order_keys(device, growth, factor, known * stocks), part)
            products, others = _multiply(device, ranks, later, part), _multiply(device, later, later, part)
            numbers = [np.int32(each) for each in (known, stocks, quantiles)]
            kernel = panel_kernel("average_quantiles")
            device.launch(kernel, known * quantiles, [growth, order, eligible, *numbers, means])
            found.quantile_returns[kind, reach, first : first + known] = device.download(means)
            spread = squares[:known].astype(np.float64) * others.astype(np.float64)
            some = (size[:known] > 0) & (spread > 0.0)
            found.ic[kind, reach, first : first + known][some] = products[some] / np.sqrt(spread[some])

    by_groups(device, days, 60 * stocks, compute, "the ranks of a day")
    return found


def _multiply(device: Device, one: Any, other: Any, shape: tuple[int, ...]) -> Array:
    """(days,) Σ one·other over the stocks of each day, int64."""
    cells, sums = shape[0] * shape[1], device.zeros((shape[0],), "<u8")
    arguments = [one, other, np.int64(cells), np.int32(shape[1]), sums]
    device.launch(panel_kernel("multiply_ranks"), cells, arguments)
    return device.download(sums).view(np.int64)
