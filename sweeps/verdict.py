"""The verdict: every statistic of a finished sweep, into ``statistics.json``. What is a sample says so there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.metrics import METRICS
from gridproof.results.gates import NOT_COVERED, judge
from gridproof.results.ledger import ledger_total
from gridproof.results.record import Record
from gridproof.results.statistics.bootstrap import (
    optimal_block_length,
    resample_counts,
    stationary_bootstrap_indices,
)
from gridproof.results.statistics.deflation import (
    deflated_sharpe,
    effective_trials,
    expected_maximum_sharpe,
    implied_trials,
)
from gridproof.results.statistics.haircut import haircut_sharpe
from gridproof.results.statistics.overfitting import OverfittingTest
from gridproof.results.statistics.sharpe import return_moments, sharpe_standard_error
from gridproof.results.store import Store
from gridproof.sweeps.ahead import Ahead
from gridproof.sweeps.conclusion import checked_point, hold_returns
from gridproof.sweeps.ensemble import Ensemble, average
from gridproof.sweeps.grid import Grid
from gridproof.sweeps.landscape import plateaus, sensitivity, whole_grid_values
from gridproof.sweeps.luck import Bootstrap, Luck, measure_luck, placebo
from gridproof.sweeps.plan import Plan, days_of
from gridproof.sweeps.point import Point
from gridproof.sweeps.population import LARGEST_GRID, Population, gather
from gridproof.sweeps.search.drawn import gather_search, is_search
from gridproof.sweeps.standing import by_year, number, stand, time_shift
from gridproof.sweeps.stress import stress
from gridproof.sweeps.trials import market_identity

SEED = 0
RESAMPLES = 1000
# Variants whose correlation is measured.
_CORRELATED = 2000
# Placebo sweeps: so many variants in all, within these bounds.
_PLACEBO, _FEWEST, _MOST = 10_000_000, 20, 100
# Objectives that sums of days give, and what CSCV and the walk-forward call them.
_METRIC = {"sharpe": "sharpe", "cagr": "cagr", "total_return": "cagr"}

# ``say(text)``: what is being computed.
Say = Callable[[str], object]


@dataclass(frozen=True)
class _Who:
    """Base and best, by what they earned on each day in sample."""

    points: dict[str, Point]
    index: dict[str, int]
    metrics: dict[str, Floats]


def conclude_verdict(plan: Plan, grid: Grid, store: Store, backend: str, data: Path | None, say: Say) -> Record:
    """Compute all statistics of a finished run and write them. Raises InputError where the sample is too short."""
    study, problem, space = plan.study, plan.problem, plan.study.space
    summary = store.read_json("summary.json")
    objective, periods, risk_free = study.spec.objective, problem.periods, problem.risk_free
    days, dates = int(problem.bounds[1]), days_of(plan)
    say("gathering what trades differently")
    who = _base_and_best(plan, grid, space.base_index, int(summary["best"]["index"]))
    tried = (summary["evaluated"], summary["distinct"])
    if is_search(store):
        points = [(study.space.parameters(who.index[name]), who.metrics[name]) for name in who.points]
        population, cells = gather_search(store, plan.market, backend, points)
        tried = (cells, cells)
    else:
        population = gather(plan, grid)
    series = {name: point.curve["return"].to_numpy() for name, point in who.points.items()}
    holds = {leg.name: hold_returns(plan, place)[0] for place, leg in enumerate(study.legs)}
    length = _block_length([series["base"][:days], *(returns[:days] for returns in holds.values())])
    indices = stationary_bootstrap_indices(days, length, RESAMPLES, SEED)
    bootstrap = Bootstrap(resample_counts(indices, days), length, SEED)
    benchmarks = _benchmarks(plan, holds, days, risk_free / periods)
    metric = _METRIC.get(objective)
    ahead = None if metric is None else Ahead(population, metric)
    say(f"testing {len(population):,} variants against {len(benchmarks)} benchmarks, {RESAMPLES:,} resamples")
    luck = (
        measure_luck(population, benchmarks, bootstrap)
        if ahead is None
        else measure_luck(population, benchmarks, bootstrap, ahead.watch, ahead.edges)
    )
    tests = {} if ahead is None else ahead.tests
    say("turning the market against the signals")
    sweeps = int(np.clip(_PLACEBO // len(population), _FEWEST, _MOST))
    mine = population.place(who.metrics["base"][None])
    own = grid.alone(space.base_index).work if mine is None else population.jobs(slice(mine, mine + 1))
    turned = placebo(population, grid, objective, backend, own, sweeps, SEED)
    best_error = _standard_error(series["best"][:days] - risk_free / periods) * np.sqrt(periods)
    ensemble = average(population, best_error) if np.isfinite(best_error) else None
    say("ranking the best of each half of the days among all")
    values = whole_grid_values(store, space, objective)
    record: Record = {
        "method": {
            "confidence": 0.95,
            "seed": SEED,
            "resamples": RESAMPLES,
            "block_length": length,
            "variants": tried[0],
            "distinct": population.distinct,
            "used": len(population),
            "sampled": bool(population.sampled),
            "sample": population.sampled,
            "objective": objective,
            "days": days,
            "periods": periods,
            "left_out": luck.left_out,
            "versions": _versions(),
        },
        "counts": _counts(*tried, population, luck, _ledger(study, store, data), periods),
        "who": _who(plan, who, series, holds, ensemble, indices),
        "ensemble": None
        if ensemble is None
        else {
            "cells": ensemble.cells,
            "share": ensemble.share,
            "standard_error": number(best_error),
            "threshold": number(ensemble.threshold),
            "agreement": number(ensemble.agreement),
        },
        "shift": {name: _shift(plan, point) for name, point in who.points.items()},
        "subperiods": {
            name: by_year(dates[:days], series[name][:days], _held(plan, point)[:days], periods, risk_free)
            for name, point in who.points.items()
        },
        "luck": _luck(population, luck, benchmarks, who, turned, bootstrap),
        "overfitting": [_overfitting(test) for test in tests.values()],
        "overfitting_why": None if tests else f"{objective} is not given by sums of blocks, or there are too few days",
        "sensitivity": sensitivity(store, space, values),
        "plateau": None
        if values is None or not np.isfinite(best_error) or np.isnan(values).all() or objective != "sharpe"
        else plateaus(values, space, who.index, float(best_error)),
        "plateau_why": _plateau_why(values, objective),
        "walk_forward": None if ahead is None else ahead.walk_forward(dates),
        "combinatorial": None if ahead is None else ahead.combinatorial(dates),
    }
    record |= _deflated(population, record["counts"], who, series, days, risk_free / periods, periods)
    say("stressing base and best")
    record["stress"] = {
        name: stress(plan, plan.market, point, who.index[name], {leg: one[:days] for leg, one in holds.items()})
        for name, point in who.points.items()
    }
    record["gates"] = judge(record)
    record["not_covered"] = NOT_COVERED
    store.write_json("statistics.json", record)
    return record


def _base_and_best(plan: Plan, grid: Grid, base: int, best: int) -> _Who:
    index = {"base": base, "best": best}
    return _Who(
        {name: checked_point(plan, grid, one) for name, one in index.items()},
        index,
        {name: plan.evaluate(grid.alone(one).work)[0] for name, one in index.items()},
    )


def _block_length(series: list[Floats]) -> float:
    """Of several series the longest that Politis and White's rule asks for, in days."""
    lengths = [optimal_block_length(one).stationary for one in series if one.std() > 1e-9 and len(one) >= 20]
    return max([1.0, *lengths])


def _benchmarks(plan: Plan, holds: dict[str, Floats], days: int, free: float) -> dict[str, Floats]:
    """Each leg held, and the equal mix of those that are not cash, rebalanced daily: above the risk-free rate."""
    found = {f"hold {name}": returns[:days] - free for name, returns in holds.items()}
    risky = [holds[leg.name][:days] - free for leg in plan.study.legs if leg.series is not None]
    if len(risky) > 1:
        found["equal mix"] = np.mean(risky, axis=0)
    return found


def _ledger(study: Any, store: Store, data: Path | None) -> int | None:
    folder = store.folder.parent / "ledger"
    return ledger_total(folder, market_identity(study, data)) if folder.is_dir() else None


def _held(plan: Plan, point: Point) -> Ints:
    legs = {leg.name: place for place, leg in enumerate(plan.study.legs)}
    return np.array([legs[leg] for leg in point.held], dtype=np.int64)


def _shift(plan: Plan, point: Point) -> Record:
    """At the cost that the variant paid on average for a unit of traded weight."""
    problem, days = plan.problem, int(plan.problem.bounds[1])
    held = _held(plan, point)[:days]
    cells = plan.study.space.digits(np.array([plan.study.space.index(_digits(plan, point))]))[0]
    cell = 0
    for axis in range(len(plan.study.space.dims) - plan.study.space.executing, len(plan.study.space.dims)):
        cell = cell * plan.study.space.dims[axis] + int(cells[axis])
    # An Σ|Δw| of 2 is one switch between two allocations, whatever they are.
    switches = (held[1:] != held[:-1]).sum()
    cost = float(point.curve["cost"].to_numpy()[:days].sum() / (2.0 * switches)) if switches else 0.0
    gross = problem.returns[problem.payoff_of[cell], :, :days].T
    return time_shift(held, gross, cost, problem.periods, problem.risk_free)


def _digits(plan: Plan, point: Point) -> list[int]:
    return [axis.values.index(point.parameters[axis.name]) for axis in plan.study.space.axes]


def _who(
    plan: Plan, who: _Who, series: dict[str, Floats], holds: dict[str, Floats], ensemble: Ensemble | None, indices: Any
) -> Record:
    problem = plan.problem
    everyone = dict(series)
    if ensemble is not None:
        everyone["ensemble"] = ensemble.returns
    everyone |= {f"hold {name}": returns for name, returns in holds.items()}
    record: Record = {}
    for name, returns in everyone.items():
        parts: list[Record | None] = []
        for segment, (low, high) in enumerate(pairwise(problem.bounds)):
            drawn = indices if segment == 0 else None
            if segment == 1 and high - low >= 60:
                length = _block_length([returns[low:high]])
                drawn = stationary_bootstrap_indices(int(high - low), length, RESAMPLES, SEED)
            part = stand(returns[low:high], problem.periods, problem.risk_free, drawn)
            exact = None if name not in who.metrics else who.metrics[name][segment]
            part["switches"] = None if exact is None else int(exact[METRICS.index("switches")])
            part["turnover"] = None if exact is None else number(exact[METRICS.index("turnover")])
            parts.append(part)
        record[name] = {"in_sample": parts[0], "after_publication": parts[1] if len(parts) > 1 else None}
    return record


def _counts(
    tried: int, distinct: int, population: Population, luck: Luck, ledger: int | None, periods: float
) -> Record:
    drawn = np.sort(np.random.default_rng(SEED).permutation(len(population))[:_CORRELATED])
    trials = effective_trials(population.returns(drawn)) if len(drawn) > 1 else None
    null = luck.null_sharpe[np.isfinite(luck.null_sharpe)] / np.sqrt(periods)
    variance = _variance(population, periods)
    implied = float(implied_trials(null.mean(), variance)) if len(null) and variance > 0 else np.nan
    # Of a grid of which a sample was gone through, all count that differ in a path or in their execution.
    every = tried <= LARGEST_GRID and population.points is None
    return {
        "all": tried,
        "distinct": population.distinct if every else min(distinct, tried),
        "entropy_rank": None if trials is None else number(trials.entropy_rank),
        "participation_ratio": None if trials is None else number(trials.participation_ratio),
        "implied": number(implied),
        "ledger": ledger,
        "correlation_sample": len(drawn),
    }


def _variance(population: Population, periods: float) -> float:
    """Of the daily Sharpe ratios of all that trade differently."""
    sharpes = population.metrics[:, 0, METRICS.index("sharpe")] / np.sqrt(periods)
    sharpes = sharpes[~np.isnan(sharpes)]
    return float(sharpes.var(ddof=1)) if len(sharpes) > 1 else 0.0


def _deflated(
    population: Population, counts: Record, who: _Who, series: dict[str, Floats], days: int, free: float, periods: float
) -> Record:
    """The deflated Sharpe ratio against N, and the haircut."""
    variance, year = _variance(population, periods), np.sqrt(periods)
    names = {
        "all variants": "all", "distinct": "distinct", "entropy rank": "entropy_rank",
        "participation ratio": "participation_ratio", "implied by the bootstrap": "implied", "ledger": "ledger",
    }  # fmt: skip
    moments = {name: return_moments(series[name][:days] - free) for name in ("base", "best")}

    def of(name: str, trials: Any) -> Any:
        one = moments[name]
        return deflated_sharpe(one.sharpe, one.observations, trials, variance, one.skewness, one.kurtosis)

    marks = []
    for label, key in names.items():
        if counts[key] is None or variance == 0.0:
            continue
        trials = max(1.0, float(counts[key]))
        row = {"name": label, "trials": trials, "threshold": number(expected_maximum_sharpe(trials, variance) * year)}
        marks.append(row | {name: number(of(name, trials)) for name in ("best", "base")})
    spread: Floats = np.logspace(0, 12, 49)
    curve = {"trials": spread.tolist()} | {
        name: [number(value) for value in np.atleast_1d(of(name, spread))] for name in ("best", "base")
    }
    sharpes = population.metrics[:, 0, METRICS.index("sharpe")] / year
    places: dict[str, int] = {}
    for name in moments:
        found = population.place(who.metrics[name][None])
        if found is None:  # not drawn: one test more
            found, sharpes = len(sharpes), np.append(sharpes, moments[name].sharpe)
        places[name] = found
    haircuts: Record = {"tests": int((~np.isnan(sharpes)).sum())}
    cuts = haircut_sharpe(sharpes, days) if haircuts["tests"] else None
    for name, place in places.items():
        row = {"sharpe": number(sharpes[place] * year)}
        for method in ("bonferroni", "holm", "bhy"):
            cut = None if cuts is None else getattr(cuts, method)
            row[method] = None if cut is None else number(cut.sharpe[place] * year)
            row[f"p_{method}"] = None if cut is None else number(cut.p_value[place])
        haircuts[name] = row
    return {
        "deflated": {"variance_daily": variance, "curve": curve if variance > 0 else None, "marks": marks},
        "haircut": haircuts,
    }


def _luck(
    population: Population, luck: Luck, benchmarks: dict[str, Floats], who: _Who, turned: Record, bootstrap: Bootstrap
) -> Record:
    column = METRICS.index("sharpe")
    mine = population.place(who.metrics["base"][None])
    resamples = len(bootstrap.counts)
    rows = []

    def share(maxima: Floats, statistic: float) -> tuple[float, float]:
        p_value = float((maxima >= statistic).mean())
        inside = min(max(p_value, 1.0 / resamples), 1.0 - 1.0 / resamples)
        return p_value, float(np.sqrt(inside * (1.0 - inside) / resamples))

    for kind, name in enumerate(benchmarks):
        statistic = max(float(luck.statistic[kind, 0]), 0.0)
        shares = [share(np.maximum(luck.null[kind, row], 0.0), statistic) for row in range(3)]
        plain = share(luck.null[kind, 3], float(luck.statistic[kind, 1]))
        rows.append(
            {
                "name": name,
                "spa": {
                    "statistic": number(statistic),
                    "lower": shares[0][0],
                    "consistent": shares[1][0],
                    "upper": shares[2][0],
                    "monte_carlo_error": shares[1][1],
                },
                "reality_check": {"p_value": plain[0], "monte_carlo_error": plain[1]},
                "stepwise": {
                    "rejected": int(luck.superior[kind].sum()),
                    "base_rejected": None if mine is None else bool(luck.superior[kind, mine]),
                    "level": 0.05,
                },
            }
        )
    null = luck.null_sharpe[np.isfinite(luck.null_sharpe)]
    counts, edges = np.histogram(null, bins=40) if len(null) else (np.zeros(0), np.zeros(0))
    observed = population.metrics[:, 0, column]
    best = float(np.nanmax(observed)) if not np.isnan(observed).all() else np.nan
    return {
        "observed_best": number(best),
        "observed_base": number(who.metrics["base"][0, column]),
        "benchmarks": rows,
        "null_best_sharpe": {
            "edges": edges.tolist(),
            "counts": counts.tolist(),
            "p_value": float((null >= best).mean()) if len(null) else None,
        },
        "placebo": turned,
    }


def _overfitting(test: OverfittingTest) -> Record:
    found = test.finish()
    counts, edges = np.histogram(found.logits, bins=30)
    return {
        "blocks": found.blocks,
        "splits": len(found.logits),
        "probability": found.pbo,
        "mid_p": found.mid_p,
        "median_rank": found.median_rank,
        "loss": found.loss_probability,
        "rank_error": found.rank_error,
        "ranked": found.ranked,
        "metric": found.metric,
        "logits": {"edges": edges.tolist(), "counts": counts.tolist()},
    }


def _standard_error(returns: Floats) -> float:
    moments = return_moments(returns)
    if not np.isfinite(moments.sharpe):
        return np.nan
    return float(sharpe_standard_error(moments.sharpe, moments.observations, moments.skewness, moments.kurtosis))


def _plateau_why(values: Floats | None, objective: str) -> str | None:
    if objective != "sharpe":
        return "not computable: a standard error is known for the Sharpe ratio only"
    return "not computable: the grid is too large to keep every variant" if values is None else None


def _versions() -> Record:
    return {
        "psr": "Bailey, López de Prado 2012",
        "deflated": "Bailey, López de Prado 2014",
        "interval": "stationary bootstrap, percentile and studentised by Mertens' error",
        "overfitting": "CSCV, Bailey et al. 2017, mid-p",
        "spa": "Hansen 2005, ω from daily autocovariances",
        "reality_check": "White 2000",
        "stepwise": "Romano, Wolf 2005",
        "haircut": "Harvey, Liu 2015",
        "block_length": "Politis, White 2004, corrected 2009; the longest of the base and the legs",
    }
