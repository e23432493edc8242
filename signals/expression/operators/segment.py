"""Up and down legs of a price."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.signals.expression.operators.argument import REQUIRED, Argument, series, window
from gridproof.signals.expression.operators.arithmetic import SIGN
from gridproof.signals.expression.operators.declaration import Example, operator
from gridproof.signals.expression.operators.level import volatility

NAN = np.nan


def _warm_up(scalars: Mapping[str, Any]) -> int:
    return int(scalars["n"])


@operator(
    series("x", "the price, above 0: daily closes, or those that weekly(x) keeps", positive=True),
    Argument("multiple", "number", "how many times the volatility a reversal must reach", REQUIRED, 0.0),
    window(meaning="returns of which the volatility is computed", least=2),
    source="price segmentation; Zheshang Securities, 25 February 2024, section 3.1 (without a formula)",
    example=Example("segment(x, 1, 2)", {"x": (10, 11, 12, 9, 10, 12)}, (NAN, NAN, 1, -1, -1, 1)),
    warm_up=_warm_up,
    unit=SIGN,
    history=True,
)
def segment(x: Floats, multiple: float, n: int) -> Floats:
    """1 in an up leg, −1 in a down leg, as known at the close of t.

    An up leg ends when x[t] / highest − 1 is at most −multiple · volatility(x, n)[t], highest being the highest value
    since the leg became known. A down leg ends when x[t] / lowest − 1 is at least multiple · volatility(x, n)[t]. The
    next leg is known from that day on. The first leg is that of the first reversal, up from the lowest or down from the
    highest value since the first.

    Unknown before the first leg and where x is unknown; the next known value continues the leg. The returns are those
    from one known value to the next.
    """
    result = np.full(len(x), np.nan)
    known = np.isfinite(x)
    values = x[known]
    reversal = multiple * volatility(values, n, None, 0)
    result[known] = _legs(values, reversal)
    return result


def _legs(x: Floats, reversal: Floats) -> Floats:
    """(L,) float64: the direction of the leg of each value; NaN before the first."""
    result = np.full(len(x), np.nan)
    direction, high, low = 0, -np.inf, np.inf
    for day, (value, least) in enumerate(zip(x.tolist(), reversal.tolist(), strict=True)):
        high, low = max(high, value), min(low, value)
        fell, rose = value / high - 1.0 <= -least, value / low - 1.0 >= least
        if value < high and fell and direction >= 0:
            direction, low = -1, value
        elif value > low and rose and direction <= 0:
            direction, high = 1, value
        if direction:
            result[day] = direction
    return result
