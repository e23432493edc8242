"""The test by random signs: what it sums, its level for rules that read past returns, its bounds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridproof.kernels.arrays import Floats
from gridproof.kernels.errors import InputError
from gridproof.results.statistics.own_past import flip_signs, timing_gain, unanticipated_returns
from gridproof.results.statistics.sign_flips import sign_flip_timing
from gridproof.statistics import circular_shift_test, sign_flip_effect, sign_flip_test, timing_effect

DAYS, WINDOW = 1000, 100


def leans(seed: int, side: int) -> tuple[Floats, Floats]:
    """(T,) positions that are in after a fall (−1) or a rise (1) over the window, and returns that nothing predicts."""
    returns = np.random.default_rng(seed).normal(0.0003, 0.01, DAYS + WINDOW)
    change = np.convolve(returns, np.ones(WINDOW), "valid")[:-1]
    return (side * change > 0.0).astype(float), returns[WINDOW:]


@pytest.mark.parametrize("side", [-1, 1])
def test_past_returns_bias_the_covariance_but_not_what_the_timing_gains(side: int) -> None:
    plain, gains = [], []
    for seed in range(400):
        held, returns = leans(seed, side)
        plain.append((held - held.mean()) @ (returns - returns.mean()))
        gains.append(timing_gain(held[:, None], returns[:, None]))
    error = float(np.std(plain) / 20.0)
    assert -side * np.mean(plain) > 3.0 * error
    assert abs(np.mean(gains)) < 3.0 * error


@pytest.mark.parametrize("side", [-1, 1])
def test_rules_that_read_past_returns_pass_in_one_of_twenty_markets(side: int) -> None:
    shares = [sign_flip_test(*leans(seed, side), "sharpe", draws=8).p_value for seed in range(300)]
    assert 0.02 <= np.mean(np.array(shares) <= 0.05) <= 0.09
    assert np.mean(shares) == pytest.approx(0.5, abs=0.05)


def test_an_effect_is_found_nearly_as_often_as_by_shifts() -> None:
    by_signs, by_shifts, widths, apart = 0, 0, [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        held = (np.cumsum(rng.random(DAYS) < 0.03) % 2).astype(float)
        returns = rng.normal(0.0, 0.01, DAYS) + 0.0015 * held
        by_signs += sign_flip_test(held, returns).p_value <= 0.05
        by_shifts += circular_shift_test(held, returns).p_value <= 0.05
        bounds, shifted = sign_flip_effect(held, returns, draws=32), timing_effect(held, returns)
        assert bounds.lower < bounds.effect < bounds.upper
        apart.append(bounds.effect - shifted.effect)
        widths.append((bounds.upper - bounds.lower) / (2 * 1.645 * 0.02 / np.sqrt(DAYS)))
    assert by_shifts > 20
    assert abs(by_signs - by_shifts) <= 5
    assert 1.0 < np.mean(widths) < 1.2  # of the narrowest possible
    assert abs(np.mean(apart)) < 0.0001


def test_the_gain_by_the_definition() -> None:
    """Each weight less the mean weight before it, each return less the mean return after it."""
    rng = np.random.default_rng(3)
    returns, days = rng.normal(0.0, 0.01, (60, 2)), 60
    weights = np.eye(2)[rng.integers(0, 2, days)]
    expected = 0.0
    for day in range(days - 1):
        before = (weights[:day].sum(axis=0) + 0.1 * days * 0.5) / (day + 0.1 * days)
        after = days - 1 - day
        apart = np.sqrt(after / (after + 1)) * (returns[day] - returns[day + 1 :].mean(axis=0))
        expected += float((weights[day] - before) @ apart)
    assert timing_gain(weights, returns) == pytest.approx(expected, rel=1e-9)
    # One column is the first of two of which the other earns nothing; a constant return has no timing.
    first = timing_gain(weights[:, :1], returns[:, :1])
    assert first == pytest.approx(timing_gain(weights, returns * [1.0, 0.0]), rel=1e-9)
    assert timing_gain(weights, returns + np.array([0.5, -0.2])) == pytest.approx(expected, rel=1e-9)
    several, constants = unanticipated_returns(np.stack([returns, 2.0 * returns]))
    assert (weights * several).sum(axis=(1, 2)) + constants == pytest.approx([expected, 2.0 * expected], rel=1e-9)


@settings(max_examples=40)
@given(st.lists(st.booleans(), min_size=12, max_size=80), st.integers(0, 2**32 - 1))
def test_the_coefficient_of_a_days_return_depends_on_no_later_position(held: list[bool], seed: int) -> None:
    weights = np.array(held, dtype=np.float64)[:, None]
    days = len(weights)
    cut = seed % days
    later = weights.copy()
    later[cut + 1 :] = 1.0 - later[cut + 1 :]

    def coefficients(positions: Floats) -> Floats:
        each = np.eye(days)[:, :, None]  # a market for each day, with a return on that day alone
        earned, constant = unanticipated_returns(each)
        found: Floats = (earned * positions).sum(axis=(1, 2)) + constant
        return found

    one, other = coefficients(weights), coefficients(later)
    assert one[: cut + 1] == pytest.approx(other[: cut + 1], abs=1e-12)
    assert one.sum() == pytest.approx(0.0, abs=1e-12)


def test_signs_keep_each_days_size() -> None:
    rng = np.random.default_rng(3)
    centred = rng.normal(0.0, 0.01, (60, 2))
    signed = flip_signs(centred, np.random.default_rng(4))
    signs = np.random.default_rng(4).choice([-1.0, 1.0], 60)[:, None]
    assert signed == pytest.approx(centred * signs - (centred * signs).mean(axis=0))


def test_the_same_seed_gives_the_same_result_and_two_weights_the_same_as_one() -> None:
    held, returns = leans(5, -1)
    one = sign_flip_test(held, returns, "sharpe", seed=9)
    assert one == sign_flip_test(held, returns, "sharpe", seed=9) != sign_flip_test(held, returns, "sharpe", seed=10)
    both = np.column_stack([held, 1.0 - held]), np.column_stack([returns, np.zeros(DAYS)])
    assert sign_flip_test(*both, "sharpe", seed=9).p_value == pytest.approx(one.p_value, abs=1e-9)
    assert 0.0 < one.monte_carlo_error < 0.1


def test_every_shift_of_every_draw_is_the_shift_test_of_that_market() -> None:
    """Three weights that are not only 0 and 1, with cost."""
    rng = np.random.default_rng(6)
    weights = np.repeat(rng.dirichlet(np.ones(3), 30), 10, axis=0)
    returns = rng.normal(0.0005, 0.01, (300, 3))
    mean = returns.mean(axis=0)

    def value(positions: Floats, drawn: Floats, statistic: str) -> float:
        charges = 0.002 * np.abs(np.diff(positions, axis=0)).sum(axis=1)
        total = float((positions @ mean).sum() + timing_gain(positions, drawn) - charges.sum())
        if statistic != "sharpe":
            return total / 300 if statistic == "mean" else total
        net = (positions * (mean + drawn)).sum(axis=1) - np.append(0.0, charges)
        return total / 300 / float(np.sqrt((net @ net - total**2 / 300) / 299))

    for statistic in ("total", "mean", "sharpe"):
        found = sign_flip_test(weights, returns, statistic, 0.002, draws=3, seed=1)
        assert found.observed == pytest.approx(value(weights, returns - mean, statistic), rel=1e-9)
        signs, reached = np.random.default_rng(1), 0
        for _ in range(3):
            drawn = flip_signs(returns - mean, signs)
            reached += sum(
                value(np.roll(weights, shift, axis=0), drawn, statistic) >= found.observed for shift in range(300)
            )
        assert found.p_value == pytest.approx((1 + reached) / 901, abs=2e-3)


def test_invalid_input() -> None:
    with pytest.raises(InputError, match="must be one of total, mean, sharpe"):
        sign_flip_test([0, 1], [0.1, 0.2], "median")
    with pytest.raises(InputError, match="at least 2 draws"):
        sign_flip_test([0, 1], [0.1, 0.2], draws=1)
    with pytest.raises(InputError, match="positions must change"):
        sign_flip_effect([1, 1, 1], [0.1, 0.2, 0.3])
    with pytest.raises(InputError, match=r"between 0\.5 and 1"):
        sign_flip_effect([1, 0, 1], [0.1, 0.2, 0.3], confidence=0.4)


def test_more_markets_are_drawn_only_where_the_answer_is_unclear() -> None:
    rng = np.random.default_rng(7)
    held = np.zeros(600)
    held[np.arange(600) >= 200] = 1.0
    held[np.arange(600) >= 430] = 0.0
    noise = rng.normal(0.0, 0.01, 600)
    effects = np.linspace(-0.001, 0.002, 13)
    found = [sign_flip_test(held, noise + effect * held, "sharpe") for effect in effects]
    for one in found:
        clear = abs(one.p_value - 0.05) > 4.0 * one.monte_carlo_error
        assert one.monte_carlo_error <= 0.005 or clear
        assert one.draws % 32 == 0
    draws = [one.draws for one in found]
    most = int(np.argmax(draws))
    assert draws[-1] == 32
    assert draws[most] > 100
    assert abs(found[most].p_value - 0.05) < 0.02
    assert sign_flip_test(held, noise + effects[most] * held, "sharpe", draws=64).draws == 64


def test_several_costs_at_once_are_the_single_tests() -> None:
    rng = np.random.default_rng(8)
    weights = np.eye(2)[np.cumsum(rng.random(500) < 0.05) % 2]
    returns = rng.normal(0.0002, 0.01, (500, 2)) + 0.0006 * weights
    costs = [0.0, 0.0005, 0.002]
    for cost, found in zip(costs, sign_flip_timing(weights, returns, costs, excluded=0.001, seed=3), strict=True):
        assert found.sharpe == sign_flip_test(weights, returns, "sharpe", cost, seed=3)
        assert found.mean == sign_flip_test(weights, returns, "mean", cost, seed=3)
        effect = sign_flip_effect(weights, returns, draws=max(found.sharpe.draws, found.mean.draws), seed=3)
        assert found.effect.effect == pytest.approx(effect.effect)
        assert found.effect.upper == pytest.approx(effect.upper, abs=1e-4)
        assert found.effect.lower < found.effect.effect < found.effect.upper
