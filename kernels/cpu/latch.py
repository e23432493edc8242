"""The compiled latch: states from values and pairs of thresholds, packed 64 days to a word."""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Floats, Words
from gridproof.kernels.jit import jit
from gridproof.kernels.threads import run_ranges

_PAIRS = 16  # a thread takes at least so many threshold pairs at once


def latch_paths(values: Floats, on: Floats, off: Floats, start: int) -> Words:
    """As ``reference.latch_paths``, a threshold pair at a time on all cores."""
    paths = np.zeros((len(on), -(-(len(values) - start) // 64)), dtype=np.uint64)
    run_ranges(_latch, len(on), np.ascontiguousarray(values), on, off, start, paths, least=_PAIRS)
    return paths


@jit(nogil=True)
def _latch(low: int, high: int, values: Floats, on: Floats, off: Floats, start: int, paths: Words) -> None:
    for pair in range(low, high):
        above, below = on[pair], off[pair]
        state = np.uint64(0)
        for day in range(len(values)):
            if values[day] > above:
                state = np.uint64(1)
            elif values[day] < below:
                state = np.uint64(0)
            if day >= start:
                bit = day - start
                paths[pair, bit >> 6] |= state << np.uint64(bit & 63)
