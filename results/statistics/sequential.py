"""The p-value of a test whose placebos are drawn one after another, and no longer than needed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridproof.kernels.arrays import Bools
from gridproof.results.statistics.inputs import require


@dataclass(frozen=True)
class SequentialPValue:
    p_value: float
    reached: int  # of the placebos counted, those as extreme as the observed value
    placebos: int  # counted


def sequential_p_value(reached: Bools, enough: int) -> SequentialPValue:
    """Placebos are counted until so many are as extreme as the observed value, or all have been counted.

    reached: (n,) in the order of drawing, whether a placebo is as extreme. With ``enough`` among the first l, l the
    first such, p = enough / l; else p = (1 + #) / (1 + n). Under the null hypothesis p is at most α with probability
    α or less for every α, as if no count had stopped early; with enough = α·(n + 1) the decision at α is that of all n
    placebos. What is drawn after the count has stopped does not matter.

    Source: Besag and Clifford, "Sequential Monte Carlo p-values", Biometrika 78 (1991), 301–304.

    >>> import numpy as np
    >>> sequential_p_value(np.array([True, False, True, False]), enough=2)
    SequentialPValue(p_value=0.6666666666666666, reached=2, placebos=3)
    >>> sequential_p_value(np.array([True, False, False, False]), enough=2)
    SequentialPValue(p_value=0.4, reached=1, placebos=4)
    """
    require(enough >= 1, "must be at least 1", enough, "sequential_p_value: enough", "Use for example 50 of 999")
    count = np.cumsum(reached)
    if len(count) and count[-1] >= enough:
        placebos = int(np.searchsorted(count, enough)) + 1
        return SequentialPValue(enough / placebos, enough, placebos)
    found = int(count[-1]) if len(count) else 0
    return SequentialPValue((1 + found) / (1 + len(count)), found, len(count))
