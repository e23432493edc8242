"""The types in ``statistics.json`` of the stress of trading: lag, cost, releases and neighbours.

Ratios are annual, returns are fractions, unless a key says otherwise. A number that is undefined or infinite is null.
"""

from __future__ import annotations

from typing import Any, NotRequired

from typing_extensions import TypedDict

from gridproof.results.run.conclusion_record import Number


class StressRow(TypedDict):
    value: Any
    sharpe: Number
    cagr: Number
    base: bool
    why: NotRequired[str]  # why there is no value


class ReleaseStress(TypedDict):
    signal: str
    values: list[StressRow]


class BreakEvenCost(TypedDict):
    """The one-way cost, instead of all costs, at which a variant only matches a static holding; 0: it never exceeds it.

    Null: the variant never trades, or one of the two has no such number.
    """

    against: str
    total_return: Number  # at the same total return
    sharpe: Number  # at the same Sharpe ratio


class BreakEvenLag(TypedDict):
    against: str
    lag: int | None  # the shortest with a Sharpe ratio not above the holding's; null: none up to ``tested``
    tested: int  # days


class Capacity(TypedDict):
    """The capital up to which a variant's Sharpe ratio is above a holding's, in the unit of ``execution.capital``."""

    against: str
    capital: Number  # 0: at none; null: at all up to ``tested``
    tested: float


class NeighbourRecord(TypedDict):
    count: int
    worst: Number
    median: Number
    best: Number


class StressRecord(TypedDict):
    lag: list[StressRow]
    cost: list[StressRow]
    release: list[ReleaseStress]
    break_even_cost: list[BreakEvenCost]
    break_even_lag: list[BreakEvenLag]
    neighbours: NeighbourRecord
    capacity: NotRequired[list[Capacity]]  # where a leg has impact
