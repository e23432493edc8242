"""The root of a function of one number: Brent's method. To import ``scipy.optimize`` for it takes 0.2 s."""

from __future__ import annotations

import math
from collections.abc import Callable

from gridproof.results.statistics.inputs import require

_STEPS = 100
_RELATIVE = 4.0 * 2.0**-52


def find_root(function: Callable[[float], float], low: float, high: float, tolerance: float) -> float:
    """Where a continuous function is 0 between two arguments at which its signs differ. Raises InputError where not,
    and RuntimeError after a hundred steps.

    tolerance: of the argument, absolute; to it four times the argument's rounding is added. The result is that of
    ``scipy.optimize.brentq`` to the bit.

    Source: R. P. Brent, "Algorithms for Minimization Without Derivatives", 1973, chapter 4; inverse quadratic
    interpolation as in SciPy.

    >>> round(find_root(lambda x: x * x - 2.0, 0.0, 2.0, 1e-12), 9)
    1.414213562
    """
    before, now = low, high
    at_before, at_now = function(before), function(now)
    for argument, value in ((before, at_before), (now, at_now)):
        if value == 0.0:
            return argument
    apart = (at_before < 0.0) != (at_now < 0.0)
    values = f"{at_before:g} and {at_now:g}"
    require(apart, "must have different signs at the ends", values, "find_root: function", "Give a wider interval")
    other, at_other, step_before, step = 0.0, 0.0, 0.0, 0.0
    for _ in range(_STEPS):
        if at_before != 0.0 and at_now != 0.0 and (at_before < 0.0) != (at_now < 0.0):
            other, at_other = before, at_before
            step_before = step = now - before
        if abs(at_other) < abs(at_now):
            before, now, other = now, other, now
            at_before, at_now, at_other = at_now, at_other, at_now
        delta = (tolerance + _RELATIVE * abs(now)) / 2.0
        half = (other - now) / 2.0
        if at_now == 0.0 or abs(half) < delta:
            return now
        tried = math.inf
        if abs(step_before) > delta and abs(at_now) < abs(at_before):
            if before == other:
                tried = -at_now * (now - before) / (at_now - at_before)
            else:
                first = (at_before - at_now) / (before - now)
                second = (at_other - at_now) / (other - now)
                tried = -at_now * (at_other * second - at_before * first) / (second * first * (at_other - at_before))
        if 2.0 * abs(tried) < min(abs(step_before), 3.0 * abs(half) - delta):
            step_before, step = step, tried
        else:
            step_before = step = half
        before, at_before = now, at_now
        now += step if abs(step) > delta else math.copysign(delta, half)
        at_now = function(now)
    raise RuntimeError(f"no root within {_STEPS} steps between {low} and {high}")
