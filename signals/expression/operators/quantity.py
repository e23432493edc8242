"""What a number of the language measures, and the bounds within which it lies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Quantity:
    """What a number measures, and the bounds within which it lies: a comparison with a constant beyond them is a fault.

    ``name``: for messages, such as "a share".
    """

    name: str
    low: float = -np.inf
    high: float = np.inf


NUMBER = Quantity("a number")  # nothing is known of it: a price, a yield, the result of arithmetic
RATIO = Quantity("a ratio less 1")  # 0.3 is 30 %
SHARE = Quantity("a share", 0.0, 1.0)
PERCENT = Quantity("an index from 0 to 100", 0.0, 100.0)
CORRELATION = Quantity("a correlation", -1.0, 1.0)
COUNT = Quantity("a count", 0.0)
FALL = Quantity("a fall", -1.0, 0.0)
DEVIATION = Quantity("a deviation", 0.0)

QuantityRule = Callable[[tuple[Quantity, ...]], Quantity]


def unit_of_first(units: tuple[Quantity, ...]) -> Quantity:
    """The unit of the first series: of a mean, a lag, a minimum."""
    return units[0]
