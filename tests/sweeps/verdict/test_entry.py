"""The verdict of a study whose mixes drift from the day of entry, from every variant day by day."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gridproof as gp
from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.backend import resolve
from gridproof.kernels.metrics import METRICS
from gridproof.results.texts.translation import chinese
from gridproof.statistics import superior_predictive_ability
from gridproof.sweeps.execution.evaluation import GridEvaluation
from gridproof.sweeps.plan.grid import whole_grid
from gridproof.sweeps.plan.plan import Plan, build_plan
from gridproof.sweeps.plan.point import Points, evaluate_point
from gridproof.sweeps.plan.workload import daily_kernel_notices
from gridproof.sweeps.study.held import holdings
from gridproof.sweeps.study.study import Study, load_study
from gridproof.sweeps.verdict import population as populations
from gridproof.sweeps.verdict.bootstrap import draw_bootstrap
from gridproof.sweeps.verdict.ensemble import average
from gridproof.sweeps.verdict.population import Population, gather
from tests.support.observers import Heard
from tests.support.plain_account import PERIODS, write_frames
from tests.support.plain_study import random_raw, run
from tests.support.variants_by_day import variants_by_day

FREE = 0.01 / PERIODS


def raw_study() -> dict[str, Any]:
    raw = random_raw(np.random.default_rng(18))
    raw["legs"]["c"] |= {"impact": 0.0}
    raw["signals"] = {
        "up": {"when": "a > mean(a, n)", "n": [6, 12, 20]},
        "lead": {"when": "b / lag(b, 15) > a / lag(a, 15)"},
    }
    raw["mixes"] = {
        "lever": {"a": 1.2, "b": -0.3, "rebalance": "entry"},
        "even": {"a": 0.3, "b": [0.2, 0.6], "c": "rest", "rebalance": ["entry", "monthly"]},
    }
    raw["rule"] = {"lever": "up and lead", "even": "up", "cash": "otherwise"}
    raw["execution"] = {
        "lag": 1,
        "cost": [0.001, 0.003],
        "at": ["close", "open"],
        "min_commission": 0.0,
        "capital": 1e6,
    }
    raw["choices"] = ["execution.at"]
    raw["base"] = {"up.n": 12, "even.b": 0.2, "even.rebalance": "entry", "execution.cost": 0.001}
    raw["base"]["execution.at"] = "open"
    return raw


@dataclass(frozen=True)
class Judged:
    """Every variant by day, by the reference; all days are in sample."""

    run: gp.Run
    study: Study
    plan: Plan
    population: Population

    @cached_property
    def daily(self) -> list[tuple[Ints, Floats]]:
        return variants_by_day(self.plan, self.study)

    def turned(self, variant: int, shift: int) -> Floats:
        """Money in each leg where the market's days are turned; what is held stays, and the rates of trades."""
        problem, held = self.plan.problem, self.daily[variant][0]
        cell = self.study.space.execution(variant)
        payoff, cost, drift = problem.payoff_of[cell], problem.cost_of[cell], problem.drift
        assert drift is not None
        assert problem.overnight is not None
        growth, opened = (np.roll(one, -shift, axis=0) for one in (drift.growth[payoff], drift.opened[cost]))
        opened[0] = 1.0
        returns = np.roll(problem.returns[payoff], -shift, axis=1)
        dark, nights = np.roll(problem.overnight[cost], -shift, axis=1), problem.overnight[cost]
        found, money, nav = [], drift.weights[payoff, held[0], 0], 1.0
        for day, one in enumerate(held.tolist()):
            before, old = nav, held[day - 1] if day else one
            if one != old:
                at = money * opened[day] if drift.drifts[payoff, old] else None
                nav = at.sum() if at is not None else nav * (1.0 + dark[old, day])
                wanted = drift.weights[payoff, one, day]
                if not drift.drifts[payoff, one]:
                    wanted = wanted * opened[day] / (wanted * opened[day]).sum()
                if at is None:  # what a switch from a position that does not drift pays is in the table
                    kept = 1.0 - problem.costs[cost, old, one, day]
                    paid = 1.0 - kept * (1.0 + nights[one, day]) / (1.0 + nights[old, day])
                else:
                    trades = wanted - at / nav
                    paid = (np.maximum(trades, 0) * drift.buying[cost, day]).sum()
                    paid += (np.maximum(-trades, 0) * drift.selling[cost, day]).sum()
                    if not drift.at_open[cost]:
                        paid = 1.0 - (1.0 - paid) / (1.0 - drift.paid[payoff, one, day])
                nav *= 1.0 - paid
                money = wanted * nav / opened[day]
            if drift.drifts[payoff, one]:
                money = money * growth[day]
                nav = money.sum()
            else:
                nav *= (1.0 + returns[one, day]) / (1.0 + dark[one, day] if one != old else 1.0)
            found.append(nav / before - 1.0)
        return np.array(found)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_frames(tmp_path_factory.mktemp("prices"))


@pytest.fixture(scope="module")
def judged(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Judged:
    study = load_study(raw_study())
    found = gp.run(study, data=folder, out=tmp_path_factory.mktemp("runs"))
    market, backend = gp.load_market(study, folder), resolve("cpu")
    plan = build_plan(study, market, backend)
    evaluation = GridEvaluation(whole_grid(plan), backend.bind(plan.problem), Points(study, market))
    return Judged(found, study, plan, gather(evaluation))


def sharpe(returns: Floats) -> float:
    return float((returns - FREE).mean() / returns.std(ddof=1) * PERIODS**0.5)


def throughout(plan: Plan, name: str) -> Floats:
    space = plan.study.space
    return plan.problem.held_throughout(space.execution(space.base_index), holdings(plan.study)[name])


def test_every_choice_is_the_plain_account(judged: Judged) -> None:
    population = judged.population
    assert len(population) == 24
    for place, index in enumerate(population.index.tolist()):
        returns = judged.daily[index][1]
        np.testing.assert_allclose(judged.turned(index, 0), returns, rtol=0.0, atol=1e-12)
        assert population.metrics[place, 0, METRICS.index("sharpe")] == pytest.approx(sharpe(returns), rel=1e-9)
        np.testing.assert_allclose(population.returns(np.array([place]))[:, 0], returns - FREE, rtol=0.0, atol=1e-12)
    assert run_of(judged.run.summary["base"]["index"], judged) == pytest.approx(
        judged.run.summary["base"]["in_sample"]["sharpe"], rel=1e-9
    )


def run_of(index: int, judged: Judged) -> float:
    """The Sharpe ratio of one variant as a study of its own, of the account in plain Python."""
    own, raw = judged.study.space.parameters(index), raw_study()
    raw["signals"]["up"]["n"] = own["up.n"]
    raw["mixes"]["even"] |= {"b": own["even.b"], "rebalance": own["even.rebalance"]}
    raw["execution"] |= {"cost": own["execution.cost"], "at": own["execution.at"], "decide": "daily"}
    return float(run(raw).metrics["sharpe"])


def test_best_of_each_cost_is_the_best_of_all(judged: Judged) -> None:
    every = [judged.study.space.parameters(index) for index in range(judged.study.space.size)]
    (found,) = judged.run.statistics["environments"]
    for cost, best in ((0.001, judged.run.summary["best"]["index"]), (0.003, found["best"]["index"])):
        of_cost = [index for index, each in enumerate(every) if each["execution.cost"] == cost]
        ratios = {index: sharpe(judged.daily[index][1]) for index in of_cost}
        assert ratios[best] == pytest.approx(max(ratios.values()), rel=1e-9)


def test_data_snooping_is_that_of_the_daily_returns(judged: Judged, monkeypatch: pytest.MonkeyPatch) -> None:
    population = judged.population
    returns = np.stack([judged.daily[index][1] - FREE for index in population.index.tolist()], axis=1)
    holds = {name: throughout(judged.plan, name) for name in holdings(judged.study)}
    base = judged.daily[judged.run.summary["base"]["index"]][1]
    bootstrap = draw_bootstrap([base, *holds.values()])
    rows = {row["name"]: row for row in judged.run.statistics["data_snooping"]["benchmarks"]}
    for name, held in holds.items():
        spa = superior_predictive_ability(returns - (held - FREE)[:, None], bootstrap.indices, bootstrap.block_length)
        assert rows[f"hold {name}"]["spa"]["statistic"] == pytest.approx(spa.statistic, rel=1e-6)
        assert rows[f"hold {name}"]["spa"]["consistent"] == pytest.approx(spa.p_consistent, abs=2e-3)
    monkeypatch.setattr(populations, "_ALONE", 5)
    firsts = [first for first, *_ in population.tested()]
    assert firsts == [0, 5, 10, 15, 20]


def test_the_placebo_is_money_in_each_leg_of_a_turned_market(judged: Judged) -> None:
    found, population = judged.run.statistics["data_snooping"]["placebo"], judged.population
    shifts = np.random.default_rng(0).choice(np.arange(1, judged.plan.window.days), found["sweeps"], replace=False)[:6]
    values = [max(sharpe(judged.turned(int(one), int(shift))) for one in population.index) for shift in shifts]
    np.testing.assert_allclose(found["best"][:6], values, rtol=1e-8)


def test_a_mix_held_throughout_is_one_that_is_never_set_back(judged: Judged, folder: Path) -> None:
    raw = raw_study()
    raw["mixes"]["lever"] |= {"rebalance": "never"}
    raw["mixes"]["even"] |= {"rebalance": ["never", "monthly"]}
    raw["base"]["even.rebalance"] = "never"
    study = load_study(raw)
    other = build_plan(study, gp.load_market(study, folder), resolve("reference"))
    for plan in (judged.plan, other):
        assert list(holdings(plan.study)) == ["a", "b", "c", "cash", "lever", "even"]
    for name in ("lever", "even"):
        held, never = (throughout(plan, name) for plan in (judged.plan, other))
        np.testing.assert_allclose(held, never, rtol=0.0, atol=1e-12)
        assert judged.run.summary["hold"][name]["in_sample"]["sharpe"] == pytest.approx(sharpe(held), rel=1e-9)


def test_the_ensemble_is_the_mean_of_its_cells(judged: Judged) -> None:
    population = judged.population
    found = average(population, 0.2)
    assert found is not None
    chosen = population.metrics[:, 0, METRICS.index("sharpe")] >= found.threshold
    returns = np.stack([judged.daily[index][1] for index in population.index[chosen].tolist()])
    cells = population.cells[chosen]
    assert 1 < len(cells) < len(population)
    np.testing.assert_allclose(found.returns, cells @ returns / cells.sum(), rtol=0.0, atol=1e-12)


def test_page_summary_and_notice_name_the_daily_kernel(judged: Judged) -> None:
    assert (judged.run.summary["kernel"], judged.run.summary["kernel_for"]) == ("daily", ["entry"])
    page = (judged.run.folder / "report.html").read_text(encoding="utf-8")
    assert "daily: weights drift from the day of entry, so variants are evaluated day by day" in page
    assert "Its weights are set when it is entered, and drift until it is left." in page
    (notice,) = daily_kernel_notices(judged.study, 48)
    assert notice.startswith("weights drift from the day of entry: 48 variants")
    assert chinese().find(notice) is not None


def test_a_search_chooses_among_mixes_that_drift(folder: Path, tmp_path: Path) -> None:
    study, heard = load_study(raw_study()), Heard()
    found = gp.search(study, 6, data=folder, out=tmp_path, cells=8, verdict=False, observer=heard).search["best"]
    point = evaluate_point(study, gp.load_market(study, folder), found["chosen"])
    assert found["metrics"]["sharpe"] == pytest.approx(point.in_sample["sharpe"], rel=1e-9)
    assert any("weights drift from the day of entry" in notice for notice in heard.notices)
