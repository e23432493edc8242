"""The metrics of a segment in closed form, from sums over its days. Compiled into ``scan`` and ``segment_metrics``."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from gridproof.kernels.arrays import Floats
from gridproof.kernels.jit import jit
from gridproof.kernels.metrics import FLAT, LEVEL


@jit(inline="always")
def write_closed_form(
    result: Floats, at: Any, step: Any, days: float, log: float, total: float, square: float, cube: float,
    fourth: float, downside: float, fall: float, centre: float, periods: float, risk_free: float,
) -> None:  # fmt: skip
    """Write ``metrics.ReturnMetrics`` in their order to result[at], result[at + step], …, without a branch.

    days: a whole number. log: log NAV. total … fourth: Σ(r − centre) to the powers 1 to 4. downside:
    Σ min(r − rf, 0)². fall: the deepest fall of the log NAV, ≥ 0. centre: any number near the mean return.
    """
    offset = total / days
    second = square / days
    third = cube / days
    last = fourth / days
    mean = offset + centre
    spread = second - offset * offset
    variance = spread * days / (days - 1.0 if days > 1.0 else np.nan)
    flat = not variance > FLAT * (spread + mean * mean)
    deepest = fall if fall > LEVEL else 0.0
    excess = mean * periods - risk_free
    volatility = np.sqrt(variance * periods)
    volatility = 0.0 if flat else volatility
    sharpe = excess / volatility
    sortino = excess / np.sqrt(downside / days * periods)
    cagr, drawdown = growth(log * periods / days), growth(-deepest)
    calmar = cagr / -drawdown
    skewness = (third - 3.0 * offset * second + 2.0 * offset**3) / (spread * np.sqrt(spread))
    kurtosis = (last - 4.0 * offset * third + 6.0 * offset**2 * second - 3.0 * offset**4) / spread**2
    result[at] = growth(log)
    result[at + step] = cagr
    result[at + 2 * step] = volatility if days > 1.0 else np.nan
    result[at + 3 * step] = np.nan if flat else sharpe
    result[at + 4 * step] = sortino if downside > 0.0 else np.nan
    result[at + 5 * step] = drawdown
    result[at + 6 * step] = calmar if deepest > 0.0 else np.nan
    result[at + 7 * step] = np.nan if flat else skewness
    result[at + 8 * step] = np.nan if flat else kurtosis


@jit(inline="always")
def growth(value: float) -> float:
    """e^value − 1 to the last digit or two, without a branch: a power series within half a doubling of 1.

    Below −40 it is that of −40 (−1 in float64), above 710 infinite.
    """
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


@intrinsic
def half_of_power(_context: Any, marked: Any) -> Any:
    """2^(k − 1) of the float64 1.5 · 2^52 + k, whose last bits are those of the whole number k."""

    def lower(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        word = ir.IntType(64)
        bits = builder.add(builder.bitcast(arguments[0], word), ir.Constant(word, 1022))
        return builder.bitcast(builder.shl(bits, ir.Constant(word, 52)), ir.DoubleType())

    return types.float64(types.float64), lower
