"""The verdict's bootstrap: the resamples of days over which every one of its tests is taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from gridproof.kernels.arrays import Array, Floats
from gridproof.results.statistics.bootstrap import (
    optimal_block_length,
    resample_counts,
    stationary_bootstrap_indices,
)

# Of everything that the verdict draws.
SEED = 0
RESAMPLES = 1000


@dataclass(frozen=True)
class Bootstrap:
    indices: Array  # (R, T) the days of each resample
    block_length: float

    @cached_property
    def counts(self) -> Floats:
        """(R, T) how often each day stands in a resample."""
        return resample_counts(self.indices, self.indices.shape[1])


def draw_bootstrap(series: Sequence[Floats]) -> Bootstrap:
    """series: (T,) daily returns each. Blocks are the longest that Politis and White's rule asks for of any of them."""
    lengths = [optimal_block_length(one).stationary for one in series if one.std() > 1e-9 and len(one) >= 20]
    longest = max([1.0, *lengths])
    return Bootstrap(stationary_bootstrap_indices(len(series[0]), longest, RESAMPLES, SEED), longest)
