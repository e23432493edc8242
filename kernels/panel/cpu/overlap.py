"""The trades of a formation, exact for all nested baskets in one pass.

Purchases are what the new weights add up to less what they have in common with the drifted old ones: Σ min(new, old).
A stock's new weight is w/W and its old one x/X, so the smaller is the old one if x/w is below the threshold X/W. Stocks
are put into buckets by x/w, in the order of the baskets that hold them before and after. The threshold moves little
from one basket to the next, so a pointer follows it from bucket to bucket.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.jit import jit
from gridproof.kernels.panel.ranking import Columns

BUCKETS = 1024
# All buckets are so many mean absolute deviations wide, with the threshold of the largest basket in the middle.
_DEVIATIONS = 8.0


class TradeSpace(NamedTuple):
    """Working space for S stocks and M baskets."""

    ratio: Floats  # (S,) x/w of stocks that are held before and after
    whole_worth: Ints  # (S,) x as a whole number
    whole_weight: Ints  # (S,) w likewise
    of_basket: Columns  # (M + 1,) a stock that is held before and after from this basket on, −1: none
    next_of_basket: Columns  # (S,) the next such stock
    head: Columns  # (BUCKETS,) a stock in the bucket, −1: none
    of_bucket: Columns  # (S,) the next stock in the bucket
    sum_worth: Ints  # (BUCKETS,) Σx of the bucket
    sum_weight: Ints  # (BUCKETS,) Σw


@jit()
def new_trade_space(stocks: int, most: int) -> TradeSpace:
    """Working space for ``stocks`` columns and ``most`` baskets."""
    return TradeSpace(
        np.empty(stocks), np.empty(stocks, dtype=np.int64), np.empty(stocks, dtype=np.int64),
        np.empty(most + 1, dtype=np.int32), np.empty(stocks, dtype=np.int32),
        np.empty(BUCKETS, dtype=np.int32), np.empty(stocks, dtype=np.int32),
        np.empty(BUCKETS, dtype=np.int64), np.empty(BUCKETS, dtype=np.int64),
    )  # fmt: skip


@jit()
def measure_trades(
    before: Columns, reach: Columns, worth: Floats, weights: Floats, worth_scale: float, weight_scale: float,
    levels: Floats, totals: Floats, bought: Floats, sold: Floats, space: TradeSpace,
) -> None:  # fmt: skip
    """Write purchases and sales over NAV, (K,) each.

    before, reach: (S,) effective ranks before and after. worth: (S,) what was held, now; its sums by basket
    are ``levels``. weights: (S,) of the new baskets; their sums are ``totals``. The scales make whole numbers of both.
    """
    ratio, whole_worth, whole_weight = space.ratio, space.whole_worth, space.whole_weight
    of_basket, next_of_basket, head, of_bucket = space.of_basket, space.next_of_basket, space.head, space.of_bucket
    sum_worth, sum_weight = space.sum_worth, space.sum_weight
    most = len(totals)
    for basket in range(most + 1):
        of_basket[basket] = -1
    for bucket in range(BUCKETS):
        head[bucket], sum_worth[bucket], sum_weight[bucket] = -1, 0, 0
    middle = levels[-1] / totals[-1] if totals[-1] > 0.0 else 0.0
    deviation, both = 0.0, 0
    for stock in range(len(reach)):
        basket = max(before[stock], reach[stock])
        if basket <= most and weights[stock] > 0.0 and worth[stock] > 0.0:
            next_of_basket[stock] = of_basket[basket]
            of_basket[basket] = stock
            ratio[stock] = worth[stock] / weights[stock]
            deviation += abs(ratio[stock] - middle)
            both += 1
            whole_worth[stock] = int(worth[stock] * worth_scale + 0.5)
            whole_weight[stock] = int(weights[stock] * weight_scale + 0.5)
    width = _DEVIATIONS * deviation / max(both, 1)
    lowest = middle - 0.5 * width
    per_width = BUCKETS / width if width > 1e-9 * middle else 0.0
    pointer, below_worth, below_weight, all_weight = 0, 0, 0, 0
    for place in range(most):
        stock = of_basket[place + 1]
        while stock >= 0:
            bucket = _bucket(ratio[stock], lowest, per_width)
            of_bucket[stock] = head[bucket]
            head[bucket] = stock
            sum_worth[bucket] += whole_worth[stock]
            sum_weight[bucket] += whole_weight[stock]
            all_weight += whole_weight[stock]
            if bucket < pointer:
                below_worth += whole_worth[stock]
                below_weight += whole_weight[stock]
            stock = next_of_basket[stock]
        common = 0.0
        if levels[place] > 0.0 and totals[place] > 0.0:
            threshold = levels[place] / totals[place]
            bucket = _bucket(threshold, lowest, per_width)
            while pointer < bucket:
                below_worth += sum_worth[pointer]
                below_weight += sum_weight[pointer]
                pointer += 1
            while pointer > bucket:
                pointer -= 1
                below_worth -= sum_worth[pointer]
                below_weight -= sum_weight[pointer]
            lower_worth, lower_weight = below_worth, below_weight
            stock = head[bucket]
            while stock >= 0:
                if ratio[stock] < threshold:
                    lower_worth += whole_worth[stock]
                    lower_weight += whole_weight[stock]
                stock = of_bucket[stock]
            common = lower_worth / worth_scale / levels[place]
            common += (all_weight - lower_weight) / weight_scale / totals[place]
        bought[place] = max((1.0 if totals[place] > 0.0 else 0.0) - common, 0.0)
        sold[place] = max((1.0 if levels[place] > 0.0 else 0.0) - common, 0.0)


@jit()
def _bucket(ratio: float, lowest: float, per_width: float) -> int:
    """The bucket of a ratio; it never decreases with the ratio."""
    return int(min(max((ratio - lowest) * per_width, 0.0), BUCKETS - 1.0))
