"""The sizes of baskets, grouped by what one pass over a ranking forms together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.panel.selection import counts_of_shares
from gridproof.results.axis_range import Value
from gridproof.sweeps.study.basket_size import part_of, share_of


class BasketSizes(NamedTuple):
    """Baskets of one pass. ``parted``: each begins where the one before ends."""

    places: Mapping[Value, int]  # of each size its basket
    counts: Ints | None  # (K,) numbers of stocks, or
    shares: Floats | None  # (K,) shares of the universe, both ascending
    parted: bool = False

    def counted(self, eligible: Ints) -> Ints:
        """(K,) or (T, K) numbers of stocks. eligible: (T,) stocks in the universe of each day."""
        if self.counts is not None:
            return self.counts
        assert self.shares is not None
        return counts_of_shares(eligible, self.shares)


def grouped_sizes(sizes: Iterable[Value]) -> list[BasketSizes]:
    """The sizes in few groups: numbers, shares, and for each number of equal parts those parts."""
    every = list(dict.fromkeys(sizes))
    found = []
    if numbers := sorted({int(size) for size in every if not isinstance(size, str)}):
        places: dict[Value, int] = {number: place for place, number in enumerate(numbers)}
        found.append(BasketSizes(places, np.array(numbers, dtype=np.int64), None))
    shares = {size: share for size in every if (share := share_of(size)) is not None}
    if shares:
        ascending = sorted(set(shares.values()))
        places = {size: ascending.index(share) for size, share in shares.items()}
        found.append(BasketSizes(places, None, np.array(ascending)))
    parts = {size: part for size in every if (part := part_of(size)) is not None}
    for count in sorted({count for _, count in parts.values()}):
        places = {size: number - 1 for size, (number, of) in parts.items() if of == count}
        found.append(BasketSizes(places, None, np.arange(1, count + 1) / count, parted=True))
    return found
