"""The plain fused loop: what a good quant writes with Numba once NumPy is too slow.

Parallel over variants, float64, day by day, every metric accumulated in one pass, nothing allocated inside, no
division or logarithm on an ordinary day. It reads a byte a signal and day and skips nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numba import prange

from gridproof.kernels.arrays import Array, Floats
from gridproof.kernels.jit import jit
from gridproof.kernels.metrics import FLAT, METRICS
from gridproof.kernels.problem import Problem

MOST_SIGNALS = 5


def evaluate(problem: Problem, states: Array, rows: Array) -> Floats:
    """The metrics of ``rows`` (N, B) as a backend answers them, (N, 1, 12 + A).

    states: (R, T) uint8, ``problem.path_bits`` unpacked. One execution at lag = lead and one segment only.
    """
    signals = rows.shape[1]
    if len(problem.lags) != 1 or problem.lags[0] != problem.lead or problem.segments != 1 or signals > MOST_SIGNALS:
        raise ValueError(f"the plain loop knows one execution at lag = lead, one segment, {MOST_SIGNALS} signals")
    if problem.traded.shape[3] != 1 or problem.rebalancing is not None:
        raise ValueError("the plain loop knows no mixes that drift")
    result = np.zeros((len(rows), 1, len(METRICS) + problem.allocations))
    loop_over(signals)(
        states,
        rows,
        problem.rule.astype(np.uint64),
        np.uint64(problem.start),
        np.ascontiguousarray(problem.returns[problem.payoff_of[0]].T),
        problem.costs[problem.cost_of[0]],
        np.ascontiguousarray(problem.traded[problem.traded_of[0], :, :, 0]),
        problem.invested,
        problem.periods,
        problem.risk_free,
        result[:, 0],
    )
    return result


@cache
def loop_over(signals: int) -> Callable[..., Any]:
    """The loop for this many signals: the number is a constant in it, as if written by hand for the study.

    It is ``numba.njit(parallel=True, error_model="numpy")``, kept on disk as the kernels are.
    """

    @jit(parallel=True)
    def loop(  # type: ignore[no-untyped-def]
        states, rows, rule, start, returns, costs, traded, invested, periods, risk_free, result
    ):
        days = returns.shape[0]
        daily_free = risk_free / periods
        for variant in prange(len(rows)):
            out = result[variant]
            a = states[rows[variant, 0]]
            b = states[rows[variant, min(1, signals - 1)]]
            c = states[rows[variant, min(2, signals - 1)]]
            d = states[rows[variant, min(3, signals - 1)]]
            e = states[rows[variant, min(4, signals - 1)]]
            nav = peak = lowest = 1.0
            total = square = cube = fourth = downside = turnover = 0.0
            switches = since = 0
            held = start
            for day in range(days):
                code = np.uint64(a[day])
                if signals > 1:
                    code |= np.uint64(b[day]) << np.uint64(1)
                if signals > 2:
                    code |= np.uint64(c[day]) << np.uint64(2)
                if signals > 3:
                    code |= np.uint64(d[day]) << np.uint64(3)
                if signals > 4:
                    code |= np.uint64(e[day]) << np.uint64(4)
                chosen = rule[held, code]
                r = returns[day, chosen]
                if chosen != held:
                    if day > 0:
                        r = (1.0 + r) * (1.0 - costs[held, chosen, day]) - 1.0
                        switches += 1
                        turnover += traded[held, chosen]
                        out[12 + held] += day - since
                        since = day
                    held = chosen
                nav *= 1.0 + r
                peak = max(peak, nav)
                if nav < lowest * peak:
                    lowest = nav / peak
                squared = r * r
                total += r
                square += squared
                cube += squared * r
                fourth += squared * squared
                short = min(r - daily_free, 0.0)
                downside += short * short
            out[12 + held] += days - since

            mean = total / days
            square /= days
            cube /= days
            fourth /= days
            spread = square - mean * mean
            variance = spread * days / (days - 1.0) if days > 1 else np.nan
            flat = not variance > FLAT * square
            excess = mean * periods - risk_free
            out[0] = nav - 1.0
            out[1] = nav ** (periods / days) - 1.0
            out[2] = np.nan if days == 1 else (0.0 if flat else np.sqrt(variance * periods))
            out[3] = np.nan if flat else excess / out[2]
            out[4] = excess / np.sqrt(downside / days * periods) if downside > 0.0 else np.nan
            out[5] = lowest - 1.0
            out[6] = out[1] / (1.0 - lowest) if lowest < 1.0 else np.nan
            third = cube - 3.0 * mean * square + 2.0 * mean**3
            out[7] = np.nan if flat else third / (spread * np.sqrt(spread))
            last = fourth - 4.0 * mean * cube + 6.0 * mean**2 * square - 3.0 * mean**4
            out[8] = np.nan if flat else last / spread**2
            out[9] = switches
            out[10] = turnover * periods / days
            out[11] = 0.0
            for allocation in range(len(invested)):
                out[12 + allocation] /= days
                out[11] += out[12 + allocation] * invested[allocation]

    return loop  # type: ignore[no-any-return]
