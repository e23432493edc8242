"""The placebos and the shift tests of rules with stops, over selections that trade at the close or at the open, from
the definition day by day."""

from __future__ import annotations

import pathlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pytest

import gridproof as gp
from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.backend import resolve
from gridproof.results.statistics.own_past import unanticipated_returns
from gridproof.statistics import circular_shift_test
from gridproof.sweeps.execution.evaluation import GridEvaluation
from gridproof.sweeps.plan.grid import whole_grid
from gridproof.sweeps.plan.plan import Plan, build_plan
from gridproof.sweeps.plan.point import Points
from gridproof.sweeps.progress.observer import RunObserver
from gridproof.sweeps.study.study import Study, load_study
from gridproof.sweeps.verdict.placebo import _from_sweeps
from gridproof.sweeps.verdict.population import Population, by_position, gather
from gridproof.sweeps.verdict.search_placebo import eligible_choices, search_placebo
from tests.support.plain_selection import raw_of, write_market
from tests.support.variants_by_day import variants_by_day

PERIODS, FREE = 260.0, 0.01 / 260.0


def study_of_raw() -> dict[str, Any]:
    raw = raw_of(18)
    raw["legs"] = {
        "b": {**raw["legs"]["b"], "select": {"lowest": "size", "count": [2, 4], "every": [1, 5]}},
        "c": {"series": "c", "open": "open", "cost": 0.0005},
        "cash": {"interest": 0.01},
    }
    raw["signals"] = {"up": {"when": "a > mean(a, n)", "n": [3, 6, 12]}, "calm": {"when": "c > mean(c, 8)"}}
    del raw["mixes"]
    raw["rule"] = {"b": "up", "c": "calm", "cash": "otherwise"}
    raw["execution"] = {"lag": 1, "cost": 0.001, "at": ["close", "open"], "stop": [0.0, 0.02], "cooling": 4}
    raw["execution"]["drawdown_stop"] = 0.05
    raw["choices"] = ["execution.at"]
    raw["base"] = {"up.n": 6, "b.count": 2, "b.every": 5, "execution.at": "open", "execution.stop": 0.02}
    return raw


def study_of() -> Study:
    return load_study(study_of_raw())


@dataclass(frozen=True)
class Judged:
    """Every variant by day, V of them on D days, all in sample, by the reference."""

    study: Study
    plan: Plan
    record: dict[str, Any]
    summary: dict[str, Any]
    population: Population

    @cached_property
    def daily(self) -> list[tuple[Ints, Floats]]:
        return variants_by_day(self.plan, self.study)

    def tables(self, variant: int) -> tuple[Floats, Floats, Floats]:
        """What each allocation earns in a day and overnight, (A, D), and what each switch costs."""
        problem, cell = self.plan.problem, self.study.space.execution(variant)
        assert problem.overnight is not None
        cost = problem.cost_of[cell]
        return problem.returns[problem.payoff_of[cell]], problem.overnight[cost], problem.costs[cost]

    def turned(self, variant: int, shift: int) -> Floats:
        """What is held stays, and so does what each trade pays; the market is another one."""
        returns, nights, costs = self.tables(variant)
        moved, dark = np.roll(returns, -shift, axis=1), np.roll(nights, -shift, axis=1)
        held = self.daily[variant][0]
        found = 1.0 + moved[held, np.arange(len(held))]
        for day in np.flatnonzero(held[1:] != held[:-1]) + 1:
            old, new = held[day - 1], held[day]
            kept = (1.0 - costs[old, new, day]) * (1.0 + nights[new, day]) / (1.0 + nights[old, day])
            found[day] *= kept * (1.0 + dark[old, day]) / (1.0 + dark[new, day])
        return found - 1.0

    def positions(self, variant: int) -> Floats:
        """(D, A) what a position earns from the price at which it may be entered to the next one."""
        returns, nights, _ = self.tables(variant)
        closes = np.cumprod(1.0 + returns, axis=1)
        before = np.hstack([np.ones((len(closes), 1)), closes[:, :-1]])
        opens = before * (1.0 + nights)
        opens[:, 0] = 1.0
        after = np.hstack([opens[:, 1:], closes[:, -1:]])
        return (after / opens - 1.0).T


def sharpe(returns: Floats) -> float:
    return float((returns - FREE).mean() / returns.std(ddof=1) * PERIODS**0.5)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    folder = write_market(tmp_path_factory.mktemp("judged"))
    study = study_of()
    run = gp.run(study, data=folder, out=tmp_path_factory.mktemp("runs"))
    market, backend = gp.load_market(study, folder), resolve("cpu")
    plan = build_plan(study, market, backend)
    evaluation = GridEvaluation(whole_grid(plan), backend.bind(plan.problem), Points(study, market))
    return Judged(study, plan, run.statistics, run.summary, gather(evaluation))


def test_the_study_has_stops_that_act_and_both_prices(judged: Judged) -> None:
    assert judged.study.space.size == 48
    base = judged.summary["base"]["index"]
    free = [index for index in range(48) if judged.study.space.parameters(index) == judged.study.base | {
        "execution.stop": 0.0}]  # fmt: skip
    assert (judged.daily[base][0] != judged.daily[free[0]][0]).sum() > 5
    for variant, (_, returns) in enumerate(judged.daily):
        np.testing.assert_allclose(judged.turned(variant, 0), returns, rtol=0.0, atol=1e-12)


@pytest.mark.parametrize("who", ["base", "best"])
def test_the_shift_test_is_that_of_what_positions_earn(judged: Judged, who: str) -> None:
    variant = judged.summary[who]["index"]
    held, weights = judged.daily[variant][0], judged.study.weights
    _, nights, costs = judged.tables(variant)
    moves = np.flatnonzero(held[1:] != held[:-1]) + 1
    old, new = held[moves - 1], held[moves]
    paid = 1.0 - (1.0 - costs[old, new, moves]) * (1.0 + nights[new, moves]) / (1.0 + nights[old, moves])
    cost = paid.sum() / (2.0 * len(moves))
    direct = circular_shift_test(weights[held], judged.positions(variant) - FREE, "sharpe", cost)
    found = judged.record["shift"][who]
    assert (found["p_value"], found["at_least"]) == (direct.p_value, direct.at_least)
    assert found["observed"] == pytest.approx(direct.observed * PERIODS**0.5, rel=1e-9)


def test_the_placebo_is_a_plain_evaluation_on_a_turned_market(judged: Judged) -> None:
    found, population = judged.record["data_snooping"]["placebo"], judged.population
    shifts = np.random.default_rng(0).choice(np.arange(1, judged.plan.window.days), 100, replace=False)
    values = np.array([[sharpe(judged.turned(int(one), int(shift))) for one in population.index] for shift in shifts])
    np.testing.assert_allclose(found["best"], values.max(axis=1), rtol=1e-8)
    observed = max(sharpe(judged.daily[int(one)][1]) for one in population.index)
    assert found["observed"] == pytest.approx(observed, rel=1e-9)
    assert found["at_least"] == (values.max(axis=1) >= observed).sum()


def test_the_placebo_of_an_objective_of_the_order_of_days(judged: Judged) -> None:
    population = judged.population
    one = population.jobs(slice(0, 1))
    own, found = _from_sweeps(population, one, np.array([0, 7, 90]), "max_drawdown", "cpu", RunObserver())
    for place, shift in enumerate((0, 7, 90)):
        falls = []
        for variant in population.index:
            nav = np.append(1.0, np.cumprod(1.0 + judged.turned(int(variant), shift)))
            falls.append(float((nav / np.maximum.accumulate(nav) - 1.0).min()))
        assert found.best[place] == pytest.approx(max(falls), rel=1e-9)
        assert own[place] == pytest.approx(falls[0], rel=1e-9)


def test_the_placebo_of_the_search_by_random_signs(judged: Judged) -> None:
    """A stop reads the prices of the legs: the signs of the days are drawn, of what positions earn."""
    population = judged.population
    counted = eligible_choices(population)
    plain = replace(population, reads=())
    for choices, signs in ((plain, False), (population, True)):
        record = search_placebo(choices, counted, None, RunObserver(), 20)
        assert record["null"] == ("signs" if signs else "shifts")
        values = []
        for variant in population.index[counted]:
            weights = np.eye(3)[judged.daily[int(variant)][0]]
            earned = judged.positions(int(variant))
            apart = weights - weights.mean(axis=0)
            if signs:
                timed, constant = unanticipated_returns(earned)
                earned = timed + constant / len(timed)
                active = (apart * (earned - earned.mean(axis=0))).sum(axis=1)
                values.append((weights * earned).sum() / np.sqrt((active**2).sum()))
            else:
                active = (apart * (earned - earned.mean(axis=0))).sum(axis=1)
                values.append(active.sum() / np.sqrt((active**2).sum()))
        assert record["observed"] == pytest.approx(max(values), rel=1e-8)


def test_a_mix_with_selected_stocks_has_a_verdict_at_the_open(tmp_path: pathlib.Path) -> None:
    """The market of positions has a payoff table for each of the choices' pairs of payoff and cost, in their order."""
    raw = study_of_raw()
    raw["mixes"] = {"half": {"b": 0.5, "c": "rest", "rebalance": ["weekly", "never"]}}
    raw["rule"] = {"b": "up", "half": "calm", "cash": "otherwise"}
    raw["execution"] = {"lag": 1, "cost": [0.001, 0.002], "at": ["close", "open"]}
    raw["base"] = {"up.n": 6, "b.count": 2, "b.every": 5, "execution.at": "open", "execution.cost": 0.002}
    raw["base"]["half.rebalance"] = "weekly"
    folder = write_market(tmp_path)
    study = load_study(raw)
    run = gp.run(study, data=folder, out=tmp_path / "runs")
    assert set(run.statistics["questions"]) >= {"timing", "worth", "search"}
    market, backend = gp.load_market(study, folder), resolve("cpu")
    plan = build_plan(study, market, backend)
    population = gather(GridEvaluation(whole_grid(plan), backend.bind(plan.problem), Points(study, market)))
    problem, moved = plan.problem, by_position(population).plan.problem
    assert problem.rebalancing is not None
    assert moved.rebalancing is not None
    assert len(moved.returns) < len(problem.returns)
    for each in np.unique(population.execution).tolist():
        own, other = problem.payoff_of[each], moved.payoff_of[each]
        np.testing.assert_array_equal(
            moved.rebalancing.paid[other], problem.rebalancing.paid[own, :, : population.days]
        )
        np.testing.assert_array_equal(
            moved.returns[other], problem.position_returns(own, problem.cost_of[each], population.days)
        )
