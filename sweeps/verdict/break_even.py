"""The one-way cost, and the lag, at which a variant is no better in sample than a static holding of the same days."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.kernels.errors import InputError
from gridproof.kernels.metrics import is_flat
from gridproof.results.axis_range import Value
from gridproof.results.run.conclusion_record import CASH
from gridproof.results.run.record import number
from gridproof.results.run.stress_record import BreakEvenCost, BreakEvenLag
from gridproof.results.statistics.roots import find_root
from gridproof.sweeps.plan.plan import Plan
from gridproof.sweeps.plan.point import Points
from gridproof.sweeps.study.held import holding_weights
from gridproof.sweeps.verdict.daily_variant import DailyVariant, variants_by_day
from gridproof.sweeps.verdict.static_holdings import MIX, matched_mix, mean_weights

LAG = "execution.lag"

# The highest one-way cost that is tried; a switch between two legs costs two sides.
_HIGHEST = 0.4999
# Days of lag that are tried: those of a quarter.
_LONGEST = 60


def break_even_costs(variant: DailyVariant) -> list[BreakEvenCost]:
    """The one-way cost, instead of all costs, at which a variant only matches each static holding.

    By total return and by Sharpe ratio. A day earns (1 + g)(1 − c·traded) − 1, g: its return before cost. 0: no gain
    even without cost. None: it never trades, or one of the two has no such number.
    """
    days, free = variant.days, variant.plan.risk_free_of_a_day
    gross, traded = variant.gross[:days], variant.traded[:days]
    # A switch costs less than the whole NAV.
    highest = min(_HIGHEST, 2.0 * _HIGHEST / traded.max(initial=1.0))

    def growth(cost: float) -> float:
        return float((np.log1p(gross) + np.log1p(-cost * traded)).sum())

    def sharpe(cost: float) -> float:
        return sharpe_of_day((1.0 + gross) * (1.0 - cost * traded) - 1.0 - free)

    rows: list[BreakEvenCost] = []
    for name, returns in holdings_of(variant).items():
        targets = float(np.log1p(returns + free).sum()), 0.0 if name == CASH else sharpe_of_day(returns)
        found = [
            _root(measure, target, highest) if traded.any() else None
            for measure, target in zip((growth, sharpe), targets, strict=True)
        ]
        rows.append({"against": name, "total_return": found[0], "sharpe": found[1]})
    return rows


def lagged_plan(points: Points, parameters: Mapping[str, Value]) -> Plan:
    """The plan of one variant under every lag up to a quarter, or to the longest for which its signals are defined."""
    own = int(str(parameters[LAG]))
    try:
        return points.plan(parameters, LAG, range(1, max(own, _LONGEST) + 1))
    except InputError:  # the window begins too early for so long a lag
        longest, plan = own, points.plan(parameters, LAG, range(1, own + 1))
    for step in (32, 16, 8, 4, 2, 1):
        try:
            plan = points.plan(parameters, LAG, range(1, longest + step + 1))
        except InputError:
            continue
        longest += step
    return plan


def break_even_lags(plan: Plan, own: int) -> list[BreakEvenLag]:
    """The shortest lag, not below its own, at which a variant's Sharpe ratio is not above that of a static holding.

    plan: the variant under every lag from 1 on. lag: None where it is above under all of them, up to ``tested``.
    """
    variants = variants_by_day(plan)
    holdings: dict[str, dict[int, bool]] = {name: {} for name in holdings_of(variants[own - 1])}
    for lag, variant in enumerate(variants[own - 1 :], start=own):
        ratio = sharpe_of_day(variant.returns[: variant.days] - variant.plan.risk_free_of_a_day)
        for name, returns in holdings_of(variant).items():
            if name in holdings:
                holdings[name][lag] = ratio > (0.0 if name == CASH else sharpe_of_day(returns))
    return [
        {"against": name, "lag": next((lag for lag, above in at.items() if not above), None), "tested": len(variants)}
        for name, at in holdings.items()
    ]


def holdings_of(variant: DailyVariant) -> dict[str, Floats]:
    """(T,) in excess of cash: cash, each leg that is not cash, each mix, and the constant mix where it is another."""
    legs = {name: returns[: variant.days] for name, returns in variant.holdings.items()}
    study = variant.plan.study
    cash = {leg.name for leg in study.legs if leg.cash}
    mix = matched_mix(legs, mean_weights(variant.held[: variant.days], holding_weights(study)))
    found = {CASH: np.zeros(variant.days)} | {f"hold {name}": one for name, one in legs.items() if name not in cash}
    return found if mix is None else found | {MIX: mix}


def _root(measure: Callable[[float], float], target: float, highest: float) -> float | None:
    """The cost, at most ``highest``, at which a measure that falls with the cost reaches the target; 0: it is there
    without cost."""
    if not math.isfinite(target) or not math.isfinite(measure(0.0)):
        return None
    if measure(0.0) <= target:
        return 0.0
    if measure(highest) >= target:
        return highest
    return number(find_root(lambda cost: measure(cost) - target, 0.0, highest, 1e-14))


def sharpe_of_day(returns: Floats) -> float:
    """A day; NaN where the returns do not vary."""
    if is_flat(returns.var(), (returns**2).mean()):
        return math.nan
    return float(returns.mean() / returns.std(ddof=1))
