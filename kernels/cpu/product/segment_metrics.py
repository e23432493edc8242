"""Metrics of a segment in closed form, of the sums that its blocks add up to, with variants side by side."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.kernels.cpu.product.block_tables import SUMS
from gridproof.kernels.cpu.product.simd import LANES, half_of_power, turn_eight
from gridproof.kernels.jit import jit
from gridproof.kernels.metrics import FLAT, LEVEL

STRIP = 128  # variants measured at a time
MEASURED = SUMS + 1  # of the columns that a strip is measured in, where the metrics begin
_SUMS = np.uint64(SUMS)
_EIGHT = np.uint64(LANES)
_SWITCHES = MEASURED + 9


@jit()
def finish(
    sums: Floats, states: Floats, begin: Any, many: Any, count: Any, columns: Floats, length: int, field: int,
    centre: float, periods: float, risk_free: float, invested: Floats, constant: Floats, only: Any, metrics: Any,
    result: Floats, at: Any, stride: Any,
) -> None:  # fmt: skip
    """The ``metrics`` from ``only`` on of one segment of ``count`` variants from ``begin`` on, to ``result[at …]``,
    those of the next one to ``at + stride``.

    columns: (8 + 1 + 12 + A + 8, strip) flat, sums, fall and metrics with the variants side by side, to fill the lanes.
    """
    strip = np.uint64(STRIP)
    low = np.uint64(0)
    while low < count:
        here = min(count - low, strip)
        first = begin + low
        for place in range(np.uint64(0), here, _EIGHT):
            turn_eight(sums, (first + place) * _SUMS, _SUMS, columns, place, strip, _EIGHT, _EIGHT)
        for place in range(here):
            columns[_SUMS * strip + place] = states[many + first + place]
        _measure(columns, np.int64(here), length, field, centre, periods, risk_free, invested)
        for place in range(np.uint64(0), here, _EIGHT):
            for metric in range(np.uint64(0), metrics, _EIGHT):
                turn_eight(
                    columns, (np.uint64(MEASURED) + only + metric) * strip + place, strip, result, at + metric, stride,
                    here - place, metrics - metric,
                )  # fmt: skip
            for lane in range(min(here - place, _EIGHT)):
                if columns[np.uint64(_SWITCHES) * strip + place + lane] == 0.0:
                    # All in one allocation: its own metrics, whose moments are about its own mean.
                    for allocation in range(np.uint64(len(invested))):
                        if columns[(np.uint64(MEASURED + 12) + allocation) * strip + place + lane] == 1.0:
                            for metric in range(metrics):
                                result[at + lane * stride + metric] = constant[allocation, only + metric]
            at += _EIGHT * stride
        low += strip


@jit()
def _measure(
    columns: Floats, count: Any, length: int, field: int, centre: float, periods: float, risk_free: float,
    invested: Floats,
) -> None:  # fmt: skip
    """``metrics.measure_returns`` in closed form, of sums about ``centre``."""
    legs = len(invested)
    days = float(length)
    mask = (1 << field) - 1
    less = days - 1.0 if length > 1 else np.nan
    for at in range(count):
        log = columns[at]
        offset = columns[STRIP + at] / days
        square = columns[2 * STRIP + at] / days
        cube = columns[3 * STRIP + at] / days
        fourth = columns[4 * STRIP + at] / days
        downside = columns[5 * STRIP + at]
        fall = columns[8 * STRIP + at]
        mean = offset + centre
        spread = square - offset * offset
        variance = spread * days / less
        flat = not variance > FLAT * (spread + mean * mean)
        fall = fall if fall > LEVEL else 0.0
        excess = mean * periods - risk_free
        volatility = np.sqrt(variance * periods)
        volatility = 0.0 if flat else volatility
        sharpe = excess / volatility
        sortino = excess / np.sqrt(downside / days * periods)
        cagr, drawdown = growth(log * periods / days), growth(-fall)
        calmar = cagr / -drawdown
        third = (cube - 3.0 * offset * square + 2.0 * offset**3) / (spread * np.sqrt(spread))
        last = (fourth - 4.0 * offset * cube + 6.0 * offset**2 * square - 3.0 * offset**4) / spread**2
        columns[MEASURED * STRIP + at] = growth(log)
        columns[(MEASURED + 1) * STRIP + at] = cagr
        columns[(MEASURED + 2) * STRIP + at] = volatility if length > 1 else np.nan
        columns[(MEASURED + 3) * STRIP + at] = np.nan if flat else sharpe
        columns[(MEASURED + 4) * STRIP + at] = sortino if downside > 0.0 else np.nan
        columns[(MEASURED + 5) * STRIP + at] = drawdown
        columns[(MEASURED + 6) * STRIP + at] = calmar if fall > 0.0 else np.nan
        columns[(MEASURED + 7) * STRIP + at] = np.nan if flat else third
        columns[(MEASURED + 8) * STRIP + at] = np.nan if flat else last
        columns[(MEASURED + 9) * STRIP + at] = np.int64(columns[7 * STRIP + at]) & mask
        columns[(MEASURED + 10) * STRIP + at] = columns[6 * STRIP + at] * periods / days
        columns[(MEASURED + 11) * STRIP + at] = 0.0
    last_leg = (MEASURED + 11 + legs) * STRIP
    columns[last_leg : last_leg + count] = days
    for leg in range(legs):
        shift = field * (leg + 1)
        row = (MEASURED + 12 + leg) * STRIP
        for at in range(count):
            if leg < legs - 1:
                held = float((np.int64(columns[7 * STRIP + at]) >> shift) & mask)
                columns[last_leg + at] -= held
            else:
                held = columns[last_leg + at]
            columns[row + at] = held / days
            columns[(MEASURED + 11) * STRIP + at] += columns[row + at] * invested[leg]


@jit(inline="always")
def growth(value: float) -> float:
    """e^value − 1 to the last digit or two, without a branch: the power series within half a doubling of 1."""
    value = value if value < 710.0 else 710.0
    value = value if value > -40.0 else -40.0
    marked = value * 1.4426950408889634 + 6755399441055744.0  # 1.5 · 2^52: what is added to it is rounded
    doublings = marked - 6755399441055744.0
    rest = value - doublings * 6.93147180369123816490e-01 - doublings * 1.90821492927058770002e-10
    series = 1.0 / 6227020800.0
    series = series * rest + 1.0 / 479001600.0
    series = series * rest + 1.0 / 39916800.0
    series = series * rest + 1.0 / 3628800.0
    series = series * rest + 1.0 / 362880.0
    series = series * rest + 1.0 / 40320.0
    series = series * rest + 1.0 / 5040.0
    series = series * rest + 1.0 / 720.0
    series = series * rest + 1.0 / 120.0
    series = series * rest + 1.0 / 24.0
    series = series * rest + 1.0 / 6.0
    series = series * rest + 0.5
    half: float = half_of_power(marked)
    return 2.0 * (half * (rest + rest * rest * series) + (half - 0.5))
