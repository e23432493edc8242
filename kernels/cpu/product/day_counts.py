"""The days in each allocation, where their counts do not fit into one sum of an entry.

Beside its sums and shape an entry then has *counts*: a uint16 for each allocation but the last, padded to whole vectors
of sixteen.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gridproof.kernels.arrays import Array
from gridproof.kernels.cpu.product.simd_counts import SIXTEEN


class DayCounts(NamedTuple):
    """What counting needs besides ``Buffers.counts``. Where nothing is counted, compiled code gets None instead."""

    days: Array  # uint16, flat (A + 1, width): the counts of one day in each allocation, and of a day that adds nothing
    width: Any  # uint64, of an entry's counts

    @classmethod
    def of(cls, allocations: int) -> DayCounts:
        width = -(-(allocations - 1) // SIXTEEN) * SIXTEEN
        days = np.zeros((allocations + 1, width), dtype=np.uint16)
        np.fill_diagonal(days[: allocations - 1], 1)
        return cls(days.ravel(), np.uint64(width))
