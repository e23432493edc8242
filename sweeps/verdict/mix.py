"""The constant mix of a rule's mean weights, by day: the same mean exposure without any timing."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.results.run.conclusion_record import MIX
from gridproof.results.run.strategy_record import SegmentStatistics, StrategyStatistics, SubperiodRecord
from gridproof.sweeps.study.held import holding_weights
from gridproof.sweeps.verdict.bootstrap import Bootstrap, draw_bootstrap
from gridproof.sweeps.verdict.candidates import Candidates
from gridproof.sweeps.verdict.daily_variant import DailyVariant
from gridproof.sweeps.verdict.static_holdings import matched_mix, mean_weights
from gridproof.sweeps.verdict.strategy_statistics import SHORTEST, by_year, segment_statistics


def mix_by_day(rule: DailyVariant) -> Floats | None:
    """(D,) returns, rebalanced daily, free of charge; after publication with the mean weights of those days.

    None where the mix is one leg in sample. After publication it may be one.
    """
    bounds, legs, table = rule.plan.problem.bounds, rule.holdings, holding_weights(rule.plan.study)
    mix = np.empty(len(rule.held))
    for segment, (low, high) in enumerate(pairwise(bounds)):
        weights = mean_weights(rule.held[low:high], table)
        inside = {name: returns[low:high] for name, returns in legs.items()}
        if segment == 0 and matched_mix(inside, weights) is None:
            return None
        mix[low:high] = sum(weight * one for weight, one in zip(weights, inside.values(), strict=True))
    return mix + rule.plan.risk_free_of_a_day


def mix_statistics(rule: DailyVariant, bootstrap: Bootstrap) -> dict[str, StrategyStatistics]:
    """Under its name; empty where there is none. bootstrap: of the days in sample."""
    mix, problem = mix_by_day(rule), rule.plan.problem
    if mix is None:
        return {}
    parts: list[SegmentStatistics] = []
    for segment, (low, high) in enumerate(pairwise(problem.bounds)):
        drawn = bootstrap.indices if segment == 0 else None
        if segment == 1 and high - low >= SHORTEST:
            drawn = draw_bootstrap([mix[low:high]]).indices
        parts.append(segment_statistics(mix[low:high], problem.periods, problem.risk_free, drawn))
    return {MIX: {"in_sample": parts[0], "after_publication": parts[1] if len(parts) > 1 else None}}


def years_beside_holdings(candidates: Candidates, rule: DailyVariant) -> dict[str, SubperiodRecord]:
    """Base, best, each leg or mix held and the constant mix by calendar year."""
    problem, dates, days = candidates.plan.problem, candidates.plan.days, candidates.days
    still = np.zeros(len(dates), dtype=np.int64)
    series = {name: (returns, candidates.held(name)) for name, returns in candidates.returns.items()}
    series |= {f"hold {name}": (returns, still) for name, returns in candidates.holds.items()}
    if (mix := mix_by_day(rule)) is not None:
        series[MIX] = mix, still
    record: dict[str, SubperiodRecord] = {}
    for name, (returns, held) in series.items():
        inside = by_year(dates[:days], returns[:days], held[:days], problem.periods, problem.risk_free)
        if days < len(dates):
            after = by_year(dates[days:], returns[days:], held[days:], problem.periods, problem.risk_free)
            inside["after"] = after["years"]
            inside["after"][0]["switches"] += int(held[days] != held[days - 1])
        record[name] = inside
    return record
