"""Operators that estimate a model from prices and volumes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.signals.expression.operators.argument import REQUIRED, Argument, series, window
from gridproof.signals.expression.operators.declaration import Example, operator
from gridproof.signals.expression.operators.moments import std
from gridproof.signals.expression.operators.quantity import SHARE

NAN = np.nan


def _warm_up(scalars: Mapping[str, Any]) -> int:
    """At least: the deviation of n changes, and a bar; how many bars fill the buckets depends on the volumes."""
    return int(scalars["n"])


@operator(
    series("price", "the last price of each bar"),
    series("volume", "the volume of each bar, at least 0"),
    Argument("bucket", "number", "the volume of a bucket, such as a fiftieth of a day's", REQUIRED, 1e-9),
    window("buckets", "buckets of which the mean is taken"),
    window(meaning="price changes of which the deviation is computed", least=2),
    source="Easley, López de Prado, O'Hara: Flow Toxicity and Liquidity in a High-Frequency World, 2012",
    example=Example(
        "vpin(price, volume, 4, 1, 2)",
        {"price": (1, 1, 1, 1, 1), "volume": (1, 1, 2, 2, 2)},
        (NAN, NAN, NAN, 0, 0),
    ),
    warm_up=_warm_up,
    unit=SHARE,
    history=True,
)
def vpin(price: Floats, volume: Floats, bucket: float, buckets: int, n: int) -> Floats:
    """The volume-synchronised probability of informed trading, with bulk volume classification.

    The share Φ(change / std(change, n)) of a bar's volume counts as bought, the rest as sold: change is that of the
    price since the bar before, Φ the standard normal distribution. Bars fill buckets of equal volume in turn; a bar
    that does not fit into one is split. VPIN is the mean of |bought − sold| / bucket over the last full buckets.

    The first bucket begins with the first bar whose deviation is known. Where the last n changes are all 0, half of the
    volume counts as bought; where they are equal and not 0, all or nothing. Unknown until ``buckets`` buckets are full,
    and on a bar whose price or volume is unknown, which adds nothing.
    """
    from scipy.special import ndtr  # not above: a command that only lists the operators need not wait for it

    result = np.full(len(price), np.nan)
    known = np.isfinite(price) & np.isfinite(volume)
    change = np.diff(price[known], prepend=np.nan)
    deviation = std(change, np.array([n]), None, 0)[0]
    begin = int(np.isfinite(deviation).argmax()) if np.isfinite(deviation).any() else len(change)
    bought = ndtr(np.where(change == 0.0, 0.0, change / deviation))[begin:]
    traded = volume[known][begin:]
    filled, bought_until = (np.append(0.0, np.cumsum(each)) for each in (traded, traded * bought))
    full = np.floor(filled / bucket)
    imbalance = np.zeros(len(filled))
    until = np.zeros(len(filled))
    for back in range(buckets + 1):
        # The last edge may exceed what has been traded by a rounding error; then it would reach into the next bar.
        edge = np.minimum(bucket * np.maximum(full - back, 0.0), filled)
        at_edge = np.interp(edge, filled, bought_until)
        if back:
            imbalance += np.abs(2.0 * (until - at_edge) - bucket)
        until = at_edge
    values = np.where(full >= buckets, imbalance / (buckets * bucket), np.nan)
    result[np.flatnonzero(known)[begin:]] = values[1:]
    return result
