"""The capital up to which a variant is better in sample than a static holding, where trades move the market."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from gridproof.kernels.errors import InputError
from gridproof.results.axis_range import Value
from gridproof.results.run.conclusion_record import CASH
from gridproof.results.run.stress_record import Capacity
from gridproof.sweeps.plan.plan import Plan
from gridproof.sweeps.plan.point import Points
from gridproof.sweeps.study.execution_keys import CAPITAL, MIN_COMMISSION
from gridproof.sweeps.study.spec import AMOUNT
from gridproof.sweeps.verdict.break_even import holdings_of, sharpe_of_day
from gridproof.sweeps.verdict.daily_variant import variants_by_day

# Capitals that are tried: so many a decade, from and to these multiples of the median traded value of a day.
_A_DECADE, _LOWEST, _HIGHEST = 4, 1e-6, 10.0


def capacities(points: Points, parameters: Mapping[str, Value]) -> list[Capacity]:
    """The capital up to which a variant's Sharpe ratio is above that of each static holding; empty without impact."""
    study = points.study
    legs = [leg for leg in study.legs if "impact" in leg.terms]
    if not legs:
        return []
    amounts = [points.market.closes(leg.column_series(AMOUNT)) for leg in legs]
    usual = min(float(np.nanmedian(one)) for one in amounts)
    count = round(_A_DECADE * math.log10(_HIGHEST / _LOWEST)) + 1
    tried = [usual * _LOWEST * 10.0 ** (step / _A_DECADE) for step in range(count)]
    # A switch trades each leg at most once: below this capital the least commissions could take half of it.
    enough = 2.0 * len(study.legs) * float(parameters.get(MIN_COMMISSION, 0.0))
    plan, capitals = _plan(points, parameters, [one for one in tried if one > enough])
    variants = variants_by_day(plan)
    differences: dict[str, list[float]] = {}
    for variant in variants:
        own = sharpe_of_day(variant.returns[: variant.days] - plan.risk_free_of_a_day)
        for name, returns in holdings_of(variant).items():
            against = 0.0 if name == CASH else sharpe_of_day(returns)
            differences.setdefault(name, []).append(own - against)
    return [
        {"against": name, "capital": _capacity(capitals, found), "tested": capitals[-1]}
        for name, found in differences.items()
        if len(found) == len(capitals)
    ]


def _plan(points: Points, parameters: Mapping[str, Value], tried: Sequence[float]) -> tuple[Plan, list[float]]:
    """The plan of the variant under these capitals and its own, ascending, up to the highest at which each switch costs
    less than the whole NAV."""
    own = float(parameters[CAPITAL])
    fewest, most = 0, len(tried)
    found: tuple[Plan, list[float]] | None = None
    while found is None or fewest < most:
        count = (fewest + most + 1) // 2
        capitals = sorted({own, *tried[:count]})
        try:
            found = points.plan(parameters, CAPITAL, capitals), capitals
            fewest = count
        except InputError:
            if count == 0:
                raise
            most = count - 1
    return found


def _capacity(capitals: Sequence[float], differences: Sequence[float]) -> float | None:
    """The capital at which the difference falls to 0, between two that were tried on a straight line over its
    logarithm; 0: it is not above at the lowest, None: above at all of them."""
    above = [difference > 0.0 for difference in differences]
    if all(above):
        return None
    at = above.index(False)
    if at == 0 or capitals[at - 1] == 0.0:
        return 0.0 if at == 0 else capitals[at - 1]
    before, after = differences[at - 1], differences[at]
    if not math.isfinite(after):
        return capitals[at - 1]
    share = before / (before - after)
    return float(capitals[at - 1] * (capitals[at] / capitals[at - 1]) ** share)
