"""What the four questions measure: planted effects, static holdings, the placebo of the choices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.backend import resolve
from gridproof.kernels.cpu.placebo_maxima import active_t
from gridproof.kernels.metrics import METRICS
from gridproof.results.conclusion import answer_timing, answer_worth
from gridproof.results.run.conclusion_record import TimingRecord
from gridproof.results.statistics.own_past import flip_signs, unanticipated_returns
from gridproof.sweeps.execution.evaluation import GridEvaluation
from gridproof.sweeps.plan.grid import whole_grid
from gridproof.sweeps.plan.point import Points
from gridproof.sweeps.plan.study_market import market_of
from gridproof.sweeps.progress.observer import RunObserver
from gridproof.sweeps.verdict import search_placebo as placebo
from gridproof.sweeps.verdict.daily_variant import DailyVariants
from gridproof.sweeps.verdict.population import Population, gather
from gridproof.sweeps.verdict.questions import ask_search
from gridproof.sweeps.verdict.search_placebo import best_eligible, eligible_choices, planted_effect, search_placebo
from gridproof.sweeps.verdict.static_holdings import block_length, compare_with_holdings, static_holdings
from gridproof.sweeps.verdict.timing import effective_spells, measure_timing, pairwise_volatility
from tests.support.demo import small_plan, small_study
from tests.support.problems import at_open

PERIODS = 243.0


MARKET = market_of(small_study())


def timing_of(held: Ints, gross: Floats) -> TimingRecord:
    (timing,) = measure_timing(held, gross, [0.0], PERIODS)
    return timing


def planted(seed: int, effect: float, days: int = 4000) -> tuple[Ints, Floats]:
    """(T,) held, 0 for the leg and 1 for cash, and (T, 2) returns in excess of cash.

    effect: in annual volatilities a year, what the leg returns more on days on which it is held.
    """
    rng = np.random.default_rng(seed)
    out = (np.cumsum(rng.random(days) < 0.01) % 2).astype(np.int64)
    daily = 0.012
    returns = rng.normal(0.0, daily, days) + effect * daily / np.sqrt(PERIODS) * ((1 - out) - (1 - out).mean())
    return out, np.column_stack([returns, np.zeros(days)])


def test_a_planted_effect_is_found() -> None:
    held, gross = planted(2, 2.0)
    timing = timing_of(held, gross)
    assert timing["lower"] is not None
    assert timing["upper"] is not None
    assert timing["lower"] < 2.0 * 0.012 * np.sqrt(PERIODS) < timing["upper"]
    assert timing["volatility"] == pytest.approx(0.012 * np.sqrt(PERIODS), rel=0.05)
    assert answer_timing(timing, 4000)["answer"] == "yes"
    legs = {"leg": gross[:, 0], "cash": gross[:, 1]}
    worth = compare_with_holdings((1 - held) * gross[:, 0], legs, held, PERIODS)
    assert [row["name"] for row in worth["holdings"]] == ["hold leg", "cash"]
    assert answer_worth(worth, True)["answer"] == "yes"


def test_without_an_effect_nothing_is_found_more_often_than_promised() -> None:
    timings = [answer_timing(timing_of(*planted(seed, 0.0, 1500)), 1500) for seed in range(200)]
    found = np.mean([timing["answer"] == "yes" for timing in timings])
    assert found < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)


def test_positions_that_never_change() -> None:
    gross = planted(3, 0.0)[1]
    timing = timing_of(np.zeros(4000, dtype=np.int64), gross)
    assert (timing["switches"], timing["p_value"], timing["upper"]) == (0, None, None)


def test_what_earns_the_same_as_a_holding_does_not_beat_it() -> None:
    rng = np.random.default_rng(3)
    leg = rng.normal(0.001, 0.01, 1000)  # far above cash
    held = np.repeat(rng.integers(0, 2, 50), 20)
    for legs, positions in (({"one": leg, "same": leg}, held), ({"one": leg, "cash": np.zeros(1000)}, 0 * held)):
        found = compare_with_holdings(leg, legs, positions, PERIODS, 199)
        same = found["holdings"][0]
        assert [same[key] for key in ("difference", "p_value", "lower", "upper")] == [0.0, 1.0, 0.0, 0.0]
        assert found["holdings"][-1]["p_value"] < 0.05, "cash"
        answer = answer_worth(found, True)
        assert (answer["answer"], answer["why"]) == ("no", "its Sharpe ratio is that of holding one")


def test_the_mix_stands_beside_two_risky_legs_only() -> None:
    rng = np.random.default_rng(4)
    one, two = rng.normal(0.0003, 0.01, (2, 500))
    assert list(static_holdings({"one": one, "cash": np.zeros(500)}, np.array([0.4, 0.6]))) == ["hold one"]
    held = static_holdings({"one": one, "two": two, "cash": np.zeros(500)}, np.array([0.4, 0.5, 0.1]))
    assert list(held) == ["hold one", "hold two", "constant mix of its mean weights"]
    assert held["constant mix of its mean weights"] == pytest.approx(0.4 * one + 0.5 * two)


def test_blocks_are_long() -> None:
    noise = np.random.default_rng(5).normal(size=4000)
    assert block_length([noise]) == 120
    assert block_length([noise[:600]]) == 60
    walk = np.repeat(np.random.default_rng(6).normal(size=8), 500)
    assert block_length([walk]) > 120


def test_volatility_of_pairs() -> None:
    returns = np.random.default_rng(7).normal(0, 0.01, (500, 3))
    pairs = [returns[:, i] - returns[:, j] for i in range(3) for j in range(i)]
    assert pairwise_volatility(returns) == pytest.approx(np.sqrt(np.mean([pair.var() for pair in pairs])))
    assert pairwise_volatility(returns[:, :1]) == 0.0


def test_effective_spells() -> None:
    """Independent positions count each day; positions of ten days about a tenth, times 3/2 for the triangle."""
    rng = np.random.default_rng(8)
    daily = rng.integers(0, 2, 20_000).astype(float)
    assert effective_spells(daily[:, None]) == pytest.approx(10_000, rel=0.05)
    assert effective_spells(np.repeat(daily[:2000], 10)[:, None]) == pytest.approx(1000 * 1.5, rel=0.1)


@pytest.fixture(scope="module")
def population() -> Population:
    plan = small_plan()
    return gather(GridEvaluation(whole_grid(plan), resolve("cpu").bind(plan.problem), Points(small_study(), MARKET)))


def test_the_population_is_the_choices(population: Population) -> None:
    study = small_study()
    space, base = study.space, study.base
    choices = [
        index
        for index in range(space.size)
        if all(space.parameters(index)[name] == base[name] for name in study.environment)
    ]
    assert population.cells.sum() == len(choices) < space.size
    assert set(population.index.tolist()) <= set(choices)


def stopped(reached: list[bool]) -> float:
    """p of 30 shifts, which stops at the second that is as extreme: then it is 5 % or more."""
    second = [number for number, one in enumerate(reached, start=1) if one][1:2]
    return 2 / second[0] if second else (1 + sum(reached)) / 31


def test_at_the_open_positions_earn_from_one_open_to_the_next(population: Population) -> None:
    """The placebo's observed maximum, from opens computed day by day, where half of the choices trade there."""
    problem, days = population.plan.problem, population.days
    rng = np.random.default_rng(5)
    cell = int(population.execution[0])
    both = problem.under(np.array([cell, cell]))
    both = replace(both, cost_of=np.arange(2), costs=problem.costs[[problem.cost_of[cell]] * 2])
    opened = at_open(rng, both)
    assert opened.overnight is not None
    execution = rng.integers(0, 2, len(population))
    choices = replace(population, plan=replace(population.plan, problem=opened), execution=execution, reads=())
    counted = eligible_choices(population)
    observed = search_placebo(choices, counted, None, RunObserver(), 3)["observed"]
    closes = np.cumprod(1.0 + problem.returns[problem.payoff_of[cell], :, :days].T, axis=0)
    before = np.concatenate([np.ones((1, closes.shape[1])), closes[:-1]])
    opens = before * (1.0 + opened.overnight[1, :, :days].T)
    opens[0] = before[0]
    earned = (closes / before - 1.0, np.concatenate([opens[1:], closes[-1:]]) / opens - 1.0)
    held = [periods.held(job) for _, periods in choices.holding_periods() for job in range(len(periods.execution))]

    def largest(at: Ints) -> float:
        weights = np.eye(closes.shape[1])
        return float(np.nanmax([active_t(weights[held[one]], earned[at[one]]) for one in np.flatnonzero(counted)]))

    assert observed == pytest.approx(largest(execution), rel=1e-8)
    assert observed != pytest.approx(largest(np.zeros_like(execution)), rel=1e-4)
    number = int(np.flatnonzero(execution)[0])
    (variant,) = DailyVariants(choices.plan).of(choices.jobs(slice(number, number + 1)))
    grown = earned[1][np.arange(days), variant.held[:days]]
    assert np.log1p(variant.gross[:days]).sum() == pytest.approx(np.log1p(grown).sum(), rel=1e-9)
    positions = variant.excess_of_positions + choices.plan.risk_free_of_a_day
    np.testing.assert_allclose(positions, earned[1], rtol=0, atol=1e-12)


def test_the_choices_of_a_sampled_run_are_named(population: Population) -> None:
    fewer = population.cells.copy()
    fewer[0] -= 1
    for cells, sampled in ((population.cells, False), (fewer, True)):
        found = ask_search(replace(population, cells=cells), RunObserver(), 20)
        assert found is not None
        assert found["sampled"] is sampled


def test_the_placebo_by_the_definition(population: Population, monkeypatch: pytest.MonkeyPatch) -> None:
    """Observed maximum and both shares of shifts, from the days themselves; the observed ones are among the shifts."""
    monkeypatch.setattr(placebo, "_AT_ONCE", 7)
    choices = replace(population, reads=())
    sharpe = choices.metrics[:, 0, METRICS.index("sharpe")]
    counted = eligible_choices(choices)
    record = search_placebo(choices, counted, best_eligible(sharpe, counted), RunObserver(), 30)
    eligible = np.flatnonzero(counted)
    problem, days = choices.plan.problem, choices.days
    shifts = np.random.default_rng(0).permutation(np.arange(1, days))[:30]
    held = [periods.held(job) for _, periods in choices.holding_periods() for job in range(len(periods.execution))]
    weights = [np.eye(problem.allocations)[held[number]] for number in eligible]
    returns = [problem.returns[problem.payoff_of[cell], :, :days].T for cell in choices.execution[eligible]]

    def largest(shift: int, effect: Floats) -> float:
        """The effect is taken out, the returns are turned, and the effect is put back where it was."""
        values = []
        for weight, earned in zip(weights, returns, strict=True):
            turned = np.roll(earned - effect, -shift, axis=0)
            active = ((weight - weight.mean(axis=0)) * (turned - turned.mean(axis=0))).sum(axis=1)
            back = ((weight - weight.mean(axis=0)) * effect).sum()
            values.append((active.sum() + back) / np.sqrt((active**2).sum()))
        return float(np.nanmax(values))

    none = np.zeros((days, problem.allocations))
    maxima = [largest(int(shift), none) for shift in shifts]
    assert record["choices"] == len(eligible)
    assert record["observed"] == pytest.approx(largest(0, none), rel=1e-8)
    assert record["p_value"] == stopped([one >= largest(0, none) for one in maxima]) > 0.05
    best = int(eligible[np.argmax(sharpe[eligible])])
    effect = planted_effect(choices, best)
    volatility = pairwise_volatility(problem.returns[problem.payoff_of[choices.execution[best]], :, :days].T)
    weight = np.eye(problem.allocations)[held[best]]
    assert effect == pytest.approx(volatility / np.sqrt(problem.periods) / 2.0 * (weight - weight.mean(axis=0)))
    maxima = [largest(int(shift), effect) for shift in shifts]
    assert record["p_with_effect"] == stopped([one <= largest(0, none) for one in maxima])
    assert eligible_choices(choices).sum() == sum(
        row[METRICS.index("switches")] >= 4 and row[len(METRICS) :].max() <= 0.95 for row in choices.metrics[:, 0]
    )


def test_the_placebo_by_random_signs_by_the_definition(population: Population, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every batch of shifts has signs of its own; the sums have no bias of past returns."""
    monkeypatch.setattr(placebo, "_OF_SIGNS", 7)
    sharpe = population.metrics[:, 0, METRICS.index("sharpe")]
    counted = eligible_choices(population)
    record = search_placebo(population, counted, best_eligible(sharpe, counted), RunObserver(), 30)
    eligible = np.flatnonzero(counted)
    problem, days = population.plan.problem, population.days
    held = [periods.held(job) for _, periods in population.holding_periods() for job in range(len(periods.execution))]
    weights = [np.eye(problem.allocations)[held[number]] for number in eligible]
    assert record["null"] == "signs"
    assert len(np.unique(problem.payoff_of[population.execution])) == 1
    returns = problem.returns[problem.payoff_of[population.execution[0]], :, :days].T
    centred = returns - returns.mean(axis=0)
    drawn = np.random.default_rng(0).permutation(np.arange(1, days))[:30]

    def largest(earned: Floats, shift: int) -> float:
        """The active t, but with the whole of Σ w·g in place of Σ(w − w̄)(g − ḡ)."""
        turned = np.roll(earned, -shift, axis=0)
        apart = turned - turned.mean(axis=0)
        roots = [
            float(np.sqrt((((weight - weight.mean(axis=0)) * apart).sum(axis=1) ** 2).sum())) for weight in weights
        ]
        return max(float((weight * turned).sum()) / root for weight, root in zip(weights, roots, strict=True))

    def gains(market: Floats) -> Floats:
        earned, constant = unanticipated_returns(market)
        return earned + constant / days

    observed = largest(gains(centred), 0)
    assert record["observed"] == pytest.approx(observed, rel=1e-8)
    markets = [gains(flip_signs(centred, np.random.default_rng([0, batch]))) for batch in range(5)]
    reached = [largest(markets[place // 7], int(shift)) >= observed for place, shift in enumerate(drawn)]
    assert record["p_value"] == stopped(reached)
    assert record["p_with_effect"] is None or 0.0 < record["p_with_effect"] <= 1.0


def test_a_rule_that_reads_its_own_price_is_compared_with_random_signs() -> None:
    held, gross = planted(2, 2.0)
    (timing,) = measure_timing(held, gross, [0.0], PERIODS, own_price=True)
    assert (timing["null"], timing["p_value"] is not None and timing["p_value"] < 0.05) == ("signs", True)
    assert timing["p_error"] is not None
    assert f"± {timing['p_error']:.3f}" in answer_timing(timing, 4000)["why"]
    answered = answer_timing(timing, 4000)
    assert (answered["answer"], "random signs" in answered["test"]) == ("yes", True)
    (never,) = measure_timing(np.zeros_like(held), gross, [0.0], PERIODS, own_price=True)
    assert (never["p_value"], never["effect"]) == (None, None)
