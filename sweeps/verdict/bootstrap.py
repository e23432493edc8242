"""The bootstrap of the verdict: the resamples of days that all of its tests share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from gridproof.kernels.arrays import Array, Floats
from gridproof.results.statistics.bootstrap import (
    Resamples,
    optimal_block_length,
    resample_counts,
    stationary_bootstrap_indices,
)

# The seed of everything that the verdict draws.
SEED = 0
RESAMPLES = 1000

# The optimal block length, often ten days, misses regimes that last for months: tests of a whole sweep then reject in
# up to 18 % of markets at 5 %. Blocks have at least so many days, or a tenth of all.
_LONG_BLOCK = 120


@dataclass(frozen=True)
class Bootstrap:
    indices: Array  # (R, T) the days of each resample
    block_length: float

    @cached_property
    def resamples(self) -> Resamples:
        """Returns how often each day occurs in each resample, with the block length and the seed."""
        return Resamples(resample_counts(self.indices, self.indices.shape[1]), self.block_length, SEED)


def draw_bootstrap(series: Sequence[Floats]) -> Bootstrap:
    """series: (T,) daily returns each.

    The mean block length is the longest of the optimal lengths (Politis, White) of these series, and at least
    ``least_block_length``.
    """
    lengths = [optimal_block_length(one).stationary for one in series if one.std() > 1e-9 and len(one) >= 20]
    longest = max([1.0, least_block_length(len(series[0])), *lengths])
    return Bootstrap(_draw(len(series[0]), longest), longest)


@lru_cache(maxsize=2)  # most strategies have the least block length, in sample and after publication
def _draw(days: int, block_length: float) -> Array:
    drawn = stationary_bootstrap_indices(days, block_length, RESAMPLES, SEED)
    drawn.flags.writeable = False
    return drawn


def least_block_length(days: int) -> float:
    """The smaller of 120 days and a tenth of all."""
    return min(_LONG_BLOCK, days / 10)
