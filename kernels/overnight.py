"""Costs of switches at the open: what a switch pays, and the gap that it holds another allocation for, in one number.

A switch at the open of day d holds the allocation before from the close of d − 1 to the open, and the one after from
there to the close. With the share ``paid``, the day earns (1 + r)·(1 − cost) − 1 with r the return of the one after and

    1 − cost = (1 − paid)·(1 + overnight of the one before)/(1 + overnight of the one after)

so that a cost below 0 is a gain. At the close the overnight returns are 0 and the cost is what is paid.
"""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Floats


def replace_overnight(costs: Floats, overnight: Floats, other: Floats) -> Floats:
    """Costs of the same payments with other overnight returns.

    costs: (…, A, A, D), from an allocation to another. overnight, other: (…, A, D), those that the costs have in them,
    and those that they get; 0 for switches at the close.
    """
    factors = (1.0 + other) / (1.0 + overnight)
    found = 1.0 - (1.0 - costs) * (factors[..., :, None, :] / factors[..., None, :, :])
    same = np.arange(costs.shape[-2])
    found[..., same, same, :] = 0.0
    return found
