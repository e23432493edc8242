"""Every number of statistics.json against the library on the dense matrix of daily returns, or by brute force."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

import gridproof as gp
from gridproof.kernels import reference
from gridproof.kernels.arrays import Array, Floats, Ints
from gridproof.kernels.backend import resolve
from gridproof.results.statistics.own_past import unanticipated_returns
from gridproof.results.statistics.superior_predictive_ability import reality_check
from gridproof.statistics import (
    circular_shift_test,
    combinatorial_paths,
    effective_trials,
    functional_anova,
    implied_trials,
    linearised_sharpe_difference,
    optimal_block_length,
    plateau,
    probability_of_backtest_overfitting,
    sharpe_interval,
    stationary_bootstrap_indices,
    stepwise_multiple_test,
    superior_predictive_ability,
    walk_forward,
)
from gridproof.sweeps.execution.evaluation import GridEvaluation
from gridproof.sweeps.plan.grid import whole_grid
from gridproof.sweeps.plan.listed_grid import ListedGrid
from gridproof.sweeps.plan.plan import Plan, build_plan
from gridproof.sweeps.plan.point import Points
from gridproof.sweeps.plan.study_market import market_of
from gridproof.sweeps.study.study import Study
from gridproof.sweeps.verdict.population import gather
from tests.support.demo import small_study

# Two thresholds so close that most paths are the same, and a rate without risk that is not nil.
CHANGES: dict[str, Any] = {
    "rate.on_above": [0.05, 0.0501, 0.10],
    "baa.release": "45 calendar days",
    "window.from": "2002-01-02",
    "risk_free": 0.01,
    "choices": ["lag"],  # the lag is chosen, the cost is not
}
RESAMPLES = 1000


@dataclass(frozen=True)
class Dense:
    """The whole grid day by day by the reference: V variants, D days of the window, of which T in sample."""

    study: Study
    plan: Plan
    record: dict[str, Any]
    summary: dict[str, Any]
    held: Ints  # (D, V)
    returns: Floats  # (D, V)
    execution: Ints  # (V,)

    @property
    def days(self) -> int:
        return int(self.plan.problem.bounds[1])

    @property
    def periods(self) -> float:
        return self.plan.problem.periods

    @property
    def free(self) -> float:
        return 0.01 / self.periods

    @cached_property
    def choices(self) -> Ints:
        """The variants with the base's cost, one by one."""
        space, cost = self.study.space, self.study.base["execution.cost"]
        return np.array([index for index in range(space.size) if space.parameters(index)["execution.cost"] == cost])

    @property
    def best(self) -> float:
        """The largest Sharpe ratio of a choice."""
        return float(self.sharpe[self.choices].max())

    @cached_property
    def distinct(self) -> Ints:
        """The first of each group of choices that earn the same on every day of the window, as they are gone through.

        Of several that are best on some days the first is chosen, so that the order matters there.
        """
        market = market_of(self.study)
        backend = resolve("cpu")
        cpu = build_plan(self.study, market, backend)
        evaluation = GridEvaluation(whole_grid(cpu), backend.bind(cpu.problem), Points(self.study, market))
        return gather(evaluation).index

    @cached_property
    def excess(self) -> Floats:
        """(T, J) of the distinct ones, above the rate without risk."""
        found: Floats = self.returns[: self.days, self.distinct] - self.free
        found.flags.writeable = False
        return found

    @cached_property
    def sharpe(self) -> Floats:
        """(V,) a year, in sample."""
        inside = self.returns[: self.days] - self.free
        return inside.mean(axis=0) / inside.std(axis=0, ddof=1) * math.sqrt(self.periods)

    @cached_property
    def indices(self) -> Array:
        return stationary_bootstrap_indices(self.days, self.length, RESAMPLES, 0)

    @property
    def length(self) -> float:
        return float(self.record["method"]["block_length"])

    def index(self, who: str) -> int:
        return int(self.summary[who]["index"])

    def gross(self, leg: str, cell: int = 0) -> Floats:
        place = [each.name for each in self.study.legs].index(leg)
        found: Floats = self.plan.problem.returns[self.plan.problem.payoff_of[cell], place]
        return found

    @cached_property
    def benchmarks(self) -> dict[str, Floats]:
        legs = {f"hold {leg.name}": self.gross(leg.name)[: self.days] - self.free for leg in self.study.legs}
        return legs | {"equal mix": (legs["hold nasdaq"] + legs["hold sp500"]) / 2}


@pytest.fixture(scope="module")
def dense(tmp_path_factory: pytest.TempPathFactory) -> Dense:
    study = small_study().set(CHANGES)
    run = gp.run(study, out=tmp_path_factory.mktemp("judged"))
    plan = build_plan(study, market_of(study), resolve("reference"))
    piece = ListedGrid(plan, np.arange(study.space.size)).piece(0)
    jobs = piece.work.jobs()
    rows = np.repeat(jobs.rows, np.diff(jobs.first), axis=0)
    daily = [reference.daily(plan.problem, rows[job], int(jobs.execution[job])) for job in piece.job_of]
    held, returns = (np.stack([each[part] for each in daily], axis=1) for part in (0, 1))
    return Dense(study, plan, run.statistics, run.summary, held, returns, jobs.execution[piece.job_of])


def test_method_and_counts(dense: Dense) -> None:
    method, counts = dense.record["method"], dense.record["counts"]
    assert counts["variants"] == counts["ledger"] == dense.study.space.size == 144
    assert method["choices"] == counts["choices"] == len(dense.choices) == 72
    assert method["distinct_choices"] == counts["distinct_choices"] == method["used"] == len(dense.distinct) < 72
    first = np.unique(dense.returns[:, dense.choices], axis=1, return_index=True)[1]
    np.testing.assert_array_equal(np.sort(dense.distinct), np.sort(dense.choices[first]))
    assert not method["sampled"]
    assert method["sample"] == ""
    assert (method["days"], method["resamples"], method["seed"]) == (dense.days, RESAMPLES, 0)
    series = [dense.returns[: dense.days, dense.index("base")]]
    series += [dense.gross(leg)[: dense.days] for leg in ("nasdaq", "sp500")]
    optimal = max(optimal_block_length(one).stationary for one in series)
    assert method["block_length"] == max(optimal, min(120.0, dense.days / 10))
    trials = effective_trials(dense.excess)
    assert counts["entropy_rank"] == pytest.approx(trials.entropy_rank, rel=1e-9)
    assert counts["participation_ratio"] == pytest.approx(trials.participation_ratio, rel=1e-9)
    assert counts["correlation_sample"] == len(dense.distinct)


def test_each_choice_against_its_own_mix_on_the_dense_matrix(dense: Dense) -> None:
    """Returns less what holding the mean weights earned; what a rule earns that reads its own price."""
    found = dense.record["data_snooping"]["active"]
    legs = np.stack([dense.gross(leg.name)[: dense.days] for leg in dense.study.legs], axis=1)
    earned_alike, constant = unanticipated_returns(legs)
    timed = earned_alike + constant / dense.days
    centred = timed - timed.mean(axis=0)
    active, apart, numbers = [], [], []
    for place, variant in enumerate(dense.distinct):
        weights = np.eye(legs.shape[1])[dense.held[: dense.days, variant]]
        mean = weights.mean(axis=0)
        if (np.diff(weights, axis=0) != 0).any(axis=1).sum() >= 4 and mean.max() <= 0.95:
            earned = (weights * timed).sum(axis=1) - centred @ mean
            difference = linearised_sharpe_difference(dense.excess[:, place], (legs - dense.free) @ mean)
            active.append(earned / earned.std())
            apart.append(difference / difference.std())
            numbers.append(place)
    assert found["choices"] == len(active) > 10
    assert not found["sampled"]
    spa = superior_predictive_ability(np.column_stack(active), dense.indices, dense.length, studentised=False)
    assert found["spa"]["statistic"] == pytest.approx(spa.statistic, rel=1e-6)
    assert found["spa"]["consistent"] == pytest.approx(spa.p_consistent, abs=0.002)
    step = stepwise_multiple_test(np.column_stack(apart), dense.indices, dense.length, studentised=False)
    assert found["stepwise"]["rejected"] == step.superior.sum()
    assert found["stepwise"]["base_rejected"] in (True, False)


def test_superiority_is_the_librarys_on_the_dense_matrix(dense: Dense) -> None:
    rows = {row["name"]: row for row in dense.record["data_snooping"]["benchmarks"]}
    assert list(rows) == list(dense.benchmarks)
    for name, benchmark in dense.benchmarks.items():
        excess, row = dense.excess - benchmark[:, None], rows[name]
        spa = superior_predictive_ability(excess, dense.indices, dense.length)
        assert row["spa"]["statistic"] == pytest.approx(spa.statistic, rel=1e-9)
        assert [row["spa"][key] for key in ("lower", "consistent", "upper")] == [
            spa.p_lower, spa.p_consistent, spa.p_upper,
        ]  # fmt: skip
        assert row["spa"]["monte_carlo_error"] == pytest.approx(spa.monte_carlo_errors[1], rel=1e-12)
        plain = reality_check(excess, dense.indices, dense.length)
        assert row["reality_check"]["p_value"] == plain.p_value
        assert row["reality_check"]["monte_carlo_error"] == pytest.approx(plain.monte_carlo_error, rel=1e-12)
        stepwise = stepwise_multiple_test(excess, dense.indices, dense.length)
        assert row["stepwise"]["rejected"] == stepwise.superior.sum()
        same = (dense.returns[:, dense.distinct] == dense.returns[:, [dense.index("base")]]).all(axis=0)
        assert row["stepwise"]["base_rejected"] == stepwise.superior[same.argmax()]


def null_best(dense: Dense) -> Floats:
    """(R,) the largest annual Sharpe ratio of a resample, every variant's mean taken off, its volatility kept."""
    centred = dense.excess - dense.excess.mean(axis=0)
    spread = dense.excess.std(axis=0, ddof=1)
    means = np.array([centred[row].mean(axis=0) for row in dense.indices])
    return (means / spread).max(axis=1) * math.sqrt(dense.periods)


def test_the_null_best_sharpe_and_what_it_implies(dense: Dense) -> None:
    found, null = dense.record["data_snooping"]["null_best_sharpe"], null_best(dense)
    counts, edges = np.histogram(null, bins=40)
    np.testing.assert_allclose(found["edges"], edges, rtol=1e-9)
    assert np.abs(np.array(found["counts"]) - counts).sum() <= 2  # one on an edge may fall to either side
    assert found["p_value"] == (null >= dense.best).mean()
    variance = float((dense.sharpe[dense.distinct] / math.sqrt(dense.periods)).var(ddof=1))
    implied = implied_trials(null.mean() / math.sqrt(dense.periods), variance)
    assert dense.record["counts"]["implied"] == pytest.approx(implied, rel=1e-7)
    assert dense.record["data_snooping"]["observed_best"] == pytest.approx(dense.best, rel=1e-9)
    assert dense.record["data_snooping"]["observed_base"] == pytest.approx(dense.sharpe[dense.index("base")], rel=1e-9)


def test_overfitting_is_the_librarys_on_the_dense_matrix(dense: Dense) -> None:
    assert [row["blocks"] for row in dense.record["overfitting"]] == [8, 12, 16]
    for row in dense.record["overfitting"]:
        found = probability_of_backtest_overfitting(dense.excess, row["blocks"])
        assert (row["probability"], row["mid_p"], row["splits"]) == (found.pbo, found.mid_p, len(found.logits))
        assert (row["loss"], row["ranked"], row["rank_error"]) == (found.loss_probability, found.ranked, 0.0)
        assert row["median_rank"] == pytest.approx(found.median_rank, rel=1e-12)
        assert sum(row["logits"]["counts"]) == len(found.logits)


def test_deflation_by_its_formula(dense: Dense) -> None:
    variance = float((dense.sharpe[dense.distinct] / math.sqrt(dense.periods)).var(ddof=1))
    assert dense.record["deflated"]["variance_daily"] == pytest.approx(variance, rel=1e-9)
    counts = dense.record["counts"]
    marks = {mark["name"]: mark for mark in dense.record["deflated"]["marks"]}
    names = {"choices": "choices", "distinct choices": "distinct_choices", "entropy rank": "entropy_rank",
             "ledger": "ledger", "participation ratio": "participation_ratio",
             "implied by the bootstrap": "implied"}  # fmt: skip
    assert set(marks) == set(names)
    gamma = 0.5772156649015329
    for name, mark in marks.items():
        trials = counts[names[name]]
        assert mark["trials"] == trials
        expected = (1 - gamma) * stats.norm.ppf(1 - 1 / trials) + gamma * stats.norm.ppf(1 - 1 / (trials * math.e))
        threshold = math.sqrt(variance) * max(expected, 0.0)
        assert mark["threshold"] == pytest.approx(threshold * math.sqrt(dense.periods), rel=1e-8)
        for who in ("base", "best"):
            inside = dense.returns[: dense.days, dense.index(who)] - dense.free
            sharpe, skew = inside.mean() / inside.std(ddof=1), stats.skew(inside)
            shape = 1 - skew * sharpe + (stats.kurtosis(inside, fisher=False) - 1) / 4 * sharpe**2
            probability = stats.norm.cdf((sharpe - threshold) * math.sqrt((dense.days - 1) / shape))
            assert mark[who] == pytest.approx(probability, rel=1e-6)


def test_the_haircut_is_statsmodels(dense: Dense) -> None:
    sharpes = dense.sharpe[dense.distinct] / math.sqrt(dense.periods)
    single = 2 * stats.t.sf(np.abs(sharpes) * math.sqrt(dense.days), dense.days - 1)
    assert dense.record["haircut"]["tests"] == len(sharpes)
    for who in ("base", "best"):
        mine = int(np.abs(sharpes * math.sqrt(dense.periods) - dense.sharpe[dense.index(who)]).argmin())
        for ours, theirs in (("bonferroni", "bonferroni"), ("holm", "holm"), ("bhy", "fdr_by")):
            adjusted = multipletests(single, method=theirs)[1][mine]
            assert dense.record["haircut"][who][f"p_{ours}"] == pytest.approx(adjusted, rel=1e-6)


def test_who_stands_how(dense: Dense) -> None:
    who = dense.record["who"]
    assert list(who) == ["base", "best", "ensemble", "hold nasdaq", "hold sp500", "hold cash", "constant mix"]
    for name in ("base", "best"):
        for segment in ("in_sample", "after_publication"):
            for metric in ("total_return", "cagr", "volatility", "sharpe", "max_drawdown", "skewness", "turnover"):
                assert who[name][segment][metric] == pytest.approx(dense.summary[name][segment][metric], rel=1e-7)
            assert who[name][segment]["switches"] == dense.summary[name][segment]["switches"]
        inside = dense.returns[: dense.days, dense.index(name)] - dense.free
        interval = sharpe_interval(inside, dense.indices)
        year = math.sqrt(dense.periods)
        np.testing.assert_allclose(who[name]["in_sample"]["interval"], np.array(interval.percentile) * year, rtol=1e-9)
        assert who[name]["in_sample"]["observations"] == dense.days
        assert who[name]["after_publication"]["observations"] == len(dense.returns) - dense.days
    assert who["hold cash"]["in_sample"]["sharpe"] is None
    assert who["hold cash"]["in_sample"]["psr"] is None


def test_the_ensemble_by_brute_force(dense: Dense) -> None:
    problem, found = dense.plan.problem, dense.record["ensemble"]
    error = found["standard_error"]
    inside = dense.returns[: dense.days, dense.index("best")] - dense.free
    sharpe, skew = inside.mean() / inside.std(ddof=1), stats.skew(inside)
    shape = 1 - skew * sharpe + (stats.kurtosis(inside, fisher=False) - 1) / 4 * sharpe**2
    assert error == pytest.approx(math.sqrt(shape / (dense.days - 1) * dense.periods), rel=1e-6)
    chosen = dense.choices[dense.sharpe[dense.choices] >= dense.best - error]
    assert found["cells"] == len(chosen) > 5
    assert found["share"] == pytest.approx(len(chosen) / len(dense.choices))
    weights = np.stack([(dense.held[:, chosen] == leg).mean(axis=1) for leg in range(3)], axis=1)
    assert found["agreement"] == pytest.approx(weights[: dense.days].max(axis=1).mean(), rel=1e-12)
    cell = int(dense.execution[dense.index("base")])
    nav, gross = [], problem.returns[problem.payoff_of[cell]]
    for day in range(len(weights)):
        earned, cost = float(weights[day] @ gross[:, day]), 0.0
        moved = weights[day] - weights[day - 1] if day else np.zeros(3)
        bought = moved[moved > 0].sum()
        for one in range(3):
            for other in range(3):
                if moved[one] < 0 < moved[other]:
                    share = -moved[one] * moved[other] / bought
                    cost += share * problem.costs[problem.cost_of[cell], one, other, day]
        nav.append((1 + earned) * (1 - cost))
    stands = dense.record["who"]["ensemble"]
    assert stands["in_sample"]["total_return"] == pytest.approx(np.prod(nav[: dense.days]) - 1, rel=1e-9)
    assert stands["after_publication"]["total_return"] == pytest.approx(np.prod(nav[dense.days :]) - 1, rel=1e-9)


@pytest.mark.parametrize("who", ["base", "best"])
def test_the_shift_test_is_the_direct_one(dense: Dense, who: str) -> None:
    held = dense.held[: dense.days, dense.index(who)]
    cell = int(dense.execution[dense.index(who)])
    problem = dense.plan.problem
    charged = problem.costs[problem.cost_of[cell], held[:-1], held[1:], np.arange(1, dense.days)]
    moves = int((held[1:] != held[:-1]).sum())
    gross = problem.returns[problem.payoff_of[cell], :, : dense.days].T - dense.free
    direct = circular_shift_test(np.eye(3)[held], gross, "sharpe", float(charged.sum()) / (2 * moves))
    found = dense.record["shift"][who]
    assert (found["p_value"], found["at_least"], found["shifts"]) == (direct.p_value, direct.at_least, dense.days)
    assert found["observed"] == pytest.approx(direct.observed * math.sqrt(dense.periods), rel=1e-9)
    assert found["observed"] == pytest.approx(dense.sharpe[dense.index(who)], abs=0.01)


@pytest.mark.parametrize("who", ["base", "best"])
def test_the_years(dense: Dense, who: str) -> None:
    found, mine = dense.record["subperiods"][who], dense.index(who)
    days = pd.DatetimeIndex(dense.plan.days[: dense.days])
    returns = pd.Series(dense.returns[: dense.days, mine], index=days)
    held = pd.Series(dense.held[: dense.days, mine], index=days)
    switched = (held != held.shift()).astype(int)
    switched.iloc[0] = 0
    chi = 0.0
    overall = dense.sharpe[mine] / math.sqrt(dense.periods)
    for row, (year, group) in zip(found["years"], returns.groupby(days.year), strict=True):
        assert (row["year"], row["days"]) == (year, len(group))
        assert row["return"] == pytest.approx((1 + group).prod() - 1, rel=1e-9)
        sharpe = (group - dense.free).mean() / group.std()
        assert row["sharpe"] == pytest.approx(sharpe * math.sqrt(dense.periods), rel=1e-9)
        assert row["switches"] == switched[group.index].sum()
        chi += (sharpe - overall) ** 2 * len(group)
    assert found["chi_square"] == pytest.approx(chi, rel=1e-9)
    assert found["p_value"] == pytest.approx(stats.chi2.sf(chi, len(found["years"]) - 1), rel=1e-9)
    assert found["positions"] == switched.sum() + 1


@pytest.mark.parametrize("who", ["base", "best"])
def test_stress_is_the_point_elsewhere(dense: Dense, who: str) -> None:
    found, own = dense.record["stress"][who], dense.summary[who]["parameters"]
    for key in ("lag", "cost"):
        assert sum(row["base"] for row in found[key]) == 1
        for row in (found[key][0], found[key][-1]):
            point = gp.point(dense.study, own | {f"execution.{key}": row["value"]}).in_sample
            assert (row["sharpe"], row["cagr"]) == (point["sharpe"], point["cagr"])
    assert [row["value"] for row in found["lag"]] == [1, 2, 3, 4, 5, 6][: len(found["lag"])]


@pytest.mark.parametrize("who", ["base", "best"])
def test_break_even_cost_is_where_the_point_matches_the_holding(dense: Dense, who: str) -> None:
    own, periods = dense.summary[who]["parameters"], dense.periods
    holdings = {name: returns for name, returns in dense.benchmarks.items() if name in ("hold nasdaq", "hold sp500")}
    rows = {row["against"]: row for row in dense.record["stress"][who]["break_even_cost"]}
    assert list(rows) == ["cash", *holdings, "constant mix of its mean weights"]
    for name, excess in {"cash": np.zeros(dense.days), **holdings}.items():
        growth, ratio = np.log1p(excess + dense.free).sum(), excess.mean() / (excess.std(ddof=1) or 1.0)
        for key, target in (("total_return", growth), ("sharpe", ratio * math.sqrt(periods))):
            cost = rows[name][key]
            point = gp.point(dense.study, own | {"execution.cost": cost}).in_sample
            reached = math.log1p(point["total_return"]) if key == "total_return" else point["sharpe"]
            if cost > 0.0:
                assert reached == pytest.approx(target, abs=1e-9)
            else:
                assert reached <= target


def test_break_even_lag_is_the_first_at_which_the_point_is_not_above(dense: Dense) -> None:
    index = dense.benchmarks["hold nasdaq"]
    ratio = index.mean() / index.std(ddof=1) * math.sqrt(dense.periods)
    row = {row["against"]: row for row in dense.record["stress"]["base"]["break_even_lag"]}["hold nasdaq"]
    assert row["tested"] == 60
    last = row["tested"] if row["lag"] is None else row["lag"]
    above = [gp.point(dense.study, {"execution.lag": lag}).in_sample["sharpe"] > ratio for lag in (1, last - 1, last)]
    assert above == [True, True, row["lag"] is None]


def test_a_later_release_is_the_point_elsewhere(dense: Dense) -> None:
    (row,) = dense.record["stress"]["base"]["release"]
    assert row["signal"] == "baa"
    later = row["values"][-1]
    assert [one["base"] for one in row["values"]] == [True, *[False] * (len(row["values"]) - 1)]
    point = gp.point(dense.study, {"baa.release": later["value"]}).in_sample
    assert (later["sharpe"], later["cagr"]) == (point["sharpe"], point["cagr"])


def test_neighbours(dense: Dense) -> None:
    space = dense.study.space
    digits = np.array(space.base)
    around = []
    for axis, size in enumerate(space.dims):
        if space.names[axis] in dense.study.environment:
            continue
        for step in (-1, 1):
            if 0 <= digits[axis] + step < size:
                moved = digits.copy()
                moved[axis] += step
                around.append(dense.sharpe[space.index(moved)])
    found = dense.record["stress"]["base"]["neighbours"]
    assert found["count"] == len(around)
    assert [found[name] for name in ("worst", "median", "best")] == pytest.approx(
        [min(around), np.median(around), max(around)], rel=1e-9
    )


def test_sensitivity_and_plateau_of_the_values(dense: Dense) -> None:
    space, cost = dense.study.space, dense.study.space.names.index("execution.cost")
    values = np.take(dense.sharpe.reshape(space.dims), [space.base[cost]], axis=cost)
    varied = [axis for axis, size in enumerate(values.shape) if size > 1]
    exact, found = functional_anova(values.squeeze()), dense.record["sensitivity"]
    assert found["axes"] == [space.names[axis] for axis in varied]
    # The whole grid is kept in float32.
    np.testing.assert_allclose(found["first_order"], exact.first_order, atol=1e-5)
    np.testing.assert_allclose(found["total"], exact.total, atol=1e-5)
    assert found["from"] == "every choice"
    for who in ("base", "best"):
        digits = [int(digit) for digit in space.digits(np.array([dense.index(who)]))[0]]
        digits[cost] = 0
        direct = plateau(values, digits, dense.record["ensemble"]["standard_error"])
        assert dense.record["plateau"][who]["score"] == pytest.approx(direct.score, rel=1e-5)
        assert dense.record["plateau"][who]["neighbours"] == direct.neighbours
        assert dense.record["plateau"][who]["share"] == pytest.approx(direct.share)


def mix_of(dense: Dense, held: Ints, days: Ints) -> Floats:
    """The constant mix of the mean weights of ``held``, above the risk-free rate; held and result: on ``days``."""
    legs = [leg.name for leg in dense.study.legs]
    weights = [(held == place).mean() for place in range(len(legs))]
    found: Floats = sum(
        weight * (dense.gross(leg)[days] - dense.free) for weight, leg in zip(weights, legs, strict=True)
    )
    return found


def annual_sharpe(excess: Floats, periods: float) -> float:
    return float(excess.mean() / excess.std(ddof=1) * math.sqrt(periods))


def test_the_walk_forward_stands_beside_holding_on_the_same_days(dense: Dense) -> None:
    found, direct = dense.record["walk_forward"], walk_forward(dense.excess, 1260, 252, 2)
    days = np.concatenate([np.arange(*window) for window in direct.test])
    held = np.concatenate(
        [
            dense.held[slice(*window), dense.distinct[one]]
            for window, one in zip(direct.test, direct.chosen, strict=True)
        ]
    )
    rows = {row["name"]: row for row in found["holdings"]}
    assert list(rows) == ["hold nasdaq", "hold sp500", "constant mix of its mean weights", "cash"]
    mix = mix_of(dense, held, days)
    holdings = {"hold nasdaq": dense.gross("nasdaq")[days] - dense.free, "constant mix of its mean weights": mix}
    for name, excess in holdings.items():
        assert rows[name]["sharpe"] == pytest.approx(annual_sharpe(excess, dense.periods), rel=1e-9)
        assert rows[name]["difference"] == pytest.approx(found["sharpe"] - rows[name]["sharpe"], rel=1e-9)
        assert 0.0 < rows[name]["p_value"] <= 1.0
    np.testing.assert_allclose(found["curve"]["mix"], np.cumprod(1 + mix), rtol=1e-9)


def test_the_paths_stand_beside_holding_on_the_same_days(dense: Dense) -> None:
    found, direct = dense.record["combinatorial"], combinatorial_paths(dense.excess, 6, 2, purge=2)
    assert [row["name"] for row in found["holdings"]] == ["hold nasdaq", "hold sp500"]
    for row in found["holdings"]:
        excess = dense.benchmarks[row["name"]]
        assert row["sharpe"] == pytest.approx(annual_sharpe(excess, dense.periods), rel=1e-9)
    bounds, everything = direct.splits.bounds, np.arange(dense.days)
    for path, sharpe in zip(direct.splits.paths, found["mix"], strict=True):
        columns = np.repeat(dense.distinct[direct.chosen[path]], np.diff(bounds))
        mix = mix_of(dense, dense.held[everything, columns], everything)
        assert sharpe == pytest.approx(annual_sharpe(mix, dense.periods), rel=1e-9)


def test_the_constant_mix_has_the_mean_weights_of_each_segment(dense: Dense) -> None:
    found, held = dense.record["who"]["constant mix"], dense.held[:, dense.index("base")]
    for key, low, high in (("in_sample", 0, dense.days), ("after_publication", dense.days, len(held))):
        mix = mix_of(dense, held[low:high], np.arange(low, high))
        assert found[key]["sharpe"] == pytest.approx(annual_sharpe(mix, dense.periods), rel=1e-9)
        growth = np.prod(1 + mix + dense.free) ** (dense.periods / (high - low)) - 1
        assert found[key]["cagr"] == pytest.approx(growth, rel=1e-9)


def test_every_holding_has_its_years_before_and_after_publication(dense: Dense) -> None:
    found = dense.record["subperiods"]
    assert list(found) == ["base", "best", "hold nasdaq", "hold sp500", "hold cash", "constant mix"]
    years = pd.DatetimeIndex(dense.plan.days).year
    for name in ("hold nasdaq", "hold sp500"):
        returns = dense.gross(name.removeprefix("hold "))
        for key, days in (("years", slice(None, dense.days)), ("after", slice(dense.days, None))):
            group = pd.Series(returns[days]).groupby(years[days])
            assert [row["year"] for row in found[name][key]] == list(group.groups)
            earned = group.apply(lambda part: (1 + part).prod() - 1)
            np.testing.assert_allclose([row["return"] for row in found[name][key]], earned, rtol=1e-9)
    switches = (np.diff(dense.held[:, dense.index("base")]) != 0).sum()
    assert sum(row["switches"] for key in ("years", "after") for row in found["base"][key]) == switches


def test_walk_forward_and_paths_are_the_librarys(dense: Dense) -> None:
    found, days = dense.record["walk_forward"], dense.plan.days
    direct = walk_forward(dense.excess, 1260, 252, 2)
    assert (found["train_days"], found["test_days"], found["gap"]) == (1260, 252, 2)
    assert found["sharpe"] == pytest.approx(direct.sharpe * math.sqrt(dense.periods), rel=1e-9)
    assert found["t_statistic"] == pytest.approx(direct.t_statistic, rel=1e-9)
    np.testing.assert_allclose(found["curve"]["nav"], np.cumprod(1 + direct.returns), rtol=1e-9)
    assert len(found["folds"]) == len(direct.test)
    for fold, (begin, end), (low, high), chosen in zip(
        found["folds"], direct.test, direct.train, direct.chosen, strict=True
    ):
        assert (fold["test_from"], fold["test_to"]) == (str(days[begin]), str(days[end - 1]))
        assert (fold["train_from"], fold["train_to"]) == (str(days[low]), str(days[high - 1]))
        same = (dense.excess[:, chosen] == dense.returns[: dense.days, fold["index"]] - dense.free).all()
        trained = (dense.returns[low:high] - dense.free).mean(axis=0) / dense.returns[low:high].std(axis=0, ddof=1)
        assert same or trained[fold["index"]] == pytest.approx(trained.max(), rel=1e-9)
        tested = dense.returns[begin:end, fold["index"]] - dense.free
        assert fold["out_of_sample"] == pytest.approx(tested.mean() / tested.std(ddof=1) * math.sqrt(252), rel=1e-9)
    paths = combinatorial_paths(dense.excess, 6, 2, purge=2)
    record = dense.record["combinatorial"]
    assert (record["splits"], record["paths"], record["purge"]) == (15, 5, 2)
    np.testing.assert_allclose(record["sharpe"], paths.sharpe * math.sqrt(dense.periods), rtol=1e-9)
    np.testing.assert_allclose(record["curves"]["nav"], np.cumprod(1 + paths.returns, axis=1), rtol=1e-9)


def test_the_placebo_is_a_plain_evaluation_on_turned_returns(dense: Dense) -> None:
    found, problem, days = dense.record["data_snooping"]["placebo"], dense.plan.problem, dense.days
    shifts = np.random.default_rng(0).choice(np.arange(1, days), 100, replace=False)
    held, execution = dense.held[:days, dense.distinct], dense.execution[dense.distinct]
    column = np.arange(days)[:, None]
    cost = np.zeros(held.shape)
    cost[1:] = problem.costs[problem.cost_of[execution], held[:-1], held[1:], column[1:]]
    mine = (dense.returns[:, dense.distinct] == dense.returns[:, [dense.index("base")]]).all(axis=0).argmax()
    best, base = [], []
    for shift in shifts:
        turned = np.roll(problem.returns[:, :, :days], -int(shift), axis=2)
        returns = (1 + turned[problem.payoff_of[execution], held, column]) * (1 - cost) - 1 - dense.free
        sharpe = returns.mean(axis=0) / returns.std(axis=0, ddof=1) * math.sqrt(dense.periods)
        best.append(sharpe.max())
        below, equal = (sharpe < sharpe[mine]).sum(), (sharpe == sharpe[mine]).sum()
        base.append(100 * (below + equal / 2) / len(sharpe))
    np.testing.assert_allclose(found["best"], best, rtol=1e-8)
    # A tie that rounding breaks moves a percentile by half a variant.
    np.testing.assert_allclose(found["base_percentile"], base, atol=100 / len(dense.distinct))
    assert found["at_least"] == sum(value >= dense.best for value in best)
    assert found["p_value"] == (found["at_least"] + 1) / 101
    assert found["observed"] == pytest.approx(dense.best, rel=1e-9)
