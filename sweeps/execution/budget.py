"""The budget of a call: the hours and the cost after which no more tiles are begun."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from gridproof.kernels.errors import InputError


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits of one call; None: no limit. A call that resumes a run has its own budget.

    max_hours: wall time from the start of the call. max_cost: money, in the unit of ``node_hour_price``, the price of
    one node for one hour; a node counts while it is up, whether it works or not. Raises InputError.

    Examples
    --------
    >>> import gridproof as gp
    >>> gp.Budget(max_hours=1.5)
    Budget(max_hours=1.5, max_cost=None, node_hour_price=None)
    >>> gp.Budget(max_hours=0)
    Traceback (most recent call last):
        ...
    gridproof.kernels.errors.InputError: --max-hours: a budget must be a positive number; got 0. Raise it.
    """

    max_hours: float | None = None
    max_cost: float | None = None
    node_hour_price: float | None = None

    def __post_init__(self) -> None:
        for name in ("max_hours", "max_cost", "node_hour_price"):
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise InputError("a budget must be a positive number", value, _option(name), "Raise it")
        if (self.max_cost is None) != (self.node_hour_price is None):
            given, missing = ("max_cost", "node_hour_price")[:: 1 if self.node_hour_price is None else -1]
            rule = "a cost limit and the price of a node hour must be given together"
            raise InputError(rule, f"{_option(given)} alone", _option(given), f"Add {_option(missing)}")


class BudgetTracker:
    """Counts what a call has used of its budget. ``clock``: seconds of a monotonic clock."""

    def __init__(self, budget: Budget, clock: Callable[[], float] = time.monotonic) -> None:
        self._budget = budget
        self._clock = clock
        self._began = self._counted = clock()
        self.node_hours = 0.0

    def exhausted(self, nodes: int) -> str | None:
        """Add the time since the last call for ``nodes`` nodes. Returns which limit is reached, in words, or None."""
        now = self._clock()
        self.node_hours += nodes * (now - self._counted) / 3600.0
        self._counted = now
        budget, hours = self._budget, (now - self._began) / 3600.0
        if budget.max_hours is not None and hours >= budget.max_hours:
            return f"--max-hours {budget.max_hours:g} is reached"
        if budget.max_cost is not None and budget.node_hour_price is not None:
            cost = self.node_hours * budget.node_hour_price
            if cost >= budget.max_cost:
                return f"--max-cost {budget.max_cost:g} is reached: {self.node_hours:.3g} node hours, {cost:.3g}"
        return None


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")
