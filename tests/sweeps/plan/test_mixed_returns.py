"""Returns and costs of mixes against an account in a plain daily loop, on random legs, weights and switches."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridproof.kernels.errors import InputError
from gridproof.kernels.overnight import replace_overnight
from gridproof.sweeps.plan.mixed_returns import LegDays, follow_mix, rebalancing_days, switch_costs, trade_costs
from gridproof.sweeps.study.allocation import REBALANCE, Allocation
from tests.support.daily_loop import Fund, account_returns

DATES = np.arange("2021-01-01", "2021-04-11", dtype="datetime64[D]")  # a hundred days, weekends too
FIRST = 10


def random_case(seed: int, days: int = 80) -> tuple[list[Allocation], LegDays, np.ndarray, np.random.Generator]:
    """Three legs and cash; each leg alone, then five mixes; a random path of switches among them."""
    rng = np.random.default_rng(seed)
    growth = 1.0 + rng.normal(0.0, 0.005, (days, 4))  # a mix on credit keeps some value
    growth[:, 3] = 1.0001
    owed = growth * (1.0 + rng.uniform(0.0, 0.001, 4))
    buying, selling = rng.uniform(0.0, 0.01, (2, days, 4))
    buying[:, 3] = selling[:, 3] = 0.0
    allocations = [Allocation(f"leg {at}", tuple(float(at == leg) for leg in range(4))) for at in range(4)]
    for number in range(5):
        risky = rng.uniform(-1.0, 2.0, 3).round(1)
        weights = (*risky.tolist(), float(round(1.0 - risky.sum(), 12)))
        allocations.append(Allocation(f"mix {number}", weights, str(rng.choice(REBALANCE))))
    held = rng.integers(0, len(allocations), days)
    held = held[np.maximum.accumulate(np.where(rng.random(days) < 0.3, np.arange(days), 0))]
    return allocations, LegDays(growth, owed, buying, selling, np.arange(4) == 3), held, rng


def schedule(every: str, days: int) -> np.ndarray:
    return rebalancing_days(every, DATES, FIRST, FIRST + days - 1)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=40)
def test_returns_and_costs_are_those_of_an_account_in_a_plain_loop(seed: int) -> None:
    allocations, legs, held, _ = random_case(seed)
    days, dates = len(held), DATES[FIRST : FIRST + len(held)]
    mixes = [follow_mix(one, legs, schedule(one.rebalance, days), dates, "mixes") for one in allocations]
    costs, number = switch_costs(mixes, legs.buying, legs.selling), np.arange(days)
    charged = np.zeros(days)
    charged[1:] = costs[held[:-1], held[1:], number[1:]]
    found = (1.0 + np.stack([one.net for one in mixes])[held, number]) * (1.0 - charged) - 1.0
    funds = [Fund(one.weights, schedule(one.rebalance, days).tolist()) for one in allocations]
    expected = account_returns(held.tolist(), funds, legs.growth, legs.owed, legs.buying, legs.selling)
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-12)
    assert (costs[np.arange(len(mixes)), np.arange(len(mixes))] == 0.0).all()


@given(seed=st.integers(0, 10**6))
@settings(max_examples=20)
def test_switches_at_the_open_are_those_of_an_account_in_a_plain_loop(seed: int) -> None:
    allocations, legs, held, rng = random_case(seed)
    days, dates = len(held), DATES[FIRST : FIRST + len(held)]
    gaps = rng.normal(0.0, 0.004, legs.growth.shape)
    gaps[:, 3] = 0.0
    mixes = [follow_mix(one, legs, schedule(one.rebalance, days), dates, "mixes") for one in allocations]
    overnight = np.stack([one.overnight(gaps) for one in mixes])
    costs = replace_overnight(switch_costs(mixes, legs.buying, legs.selling, gaps), np.zeros_like(overnight), overnight)
    number, charged = np.arange(days), np.zeros(days)
    charged[1:] = costs[held[:-1], held[1:], number[1:]]
    found = (1.0 + np.stack([one.net for one in mixes])[held, number]) * (1.0 - charged) - 1.0
    funds = [Fund(one.weights, schedule(one.rebalance, days).tolist()) for one in allocations]
    tables = legs.growth, legs.owed, legs.buying, legs.selling
    expected = account_returns(held.tolist(), funds, *tables, gaps)
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-12)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=20)
def test_one_leg_is_that_leg_to_the_bit(seed: int) -> None:
    allocations, legs, held, _ = random_case(seed)
    days, dates = len(held), DATES[FIRST : FIRST + len(held)]
    for every in REBALANCE:
        alone = [Allocation(one.name, one.weights, every) for one in allocations[:4]]
        mixes = [follow_mix(one, legs, schedule(every, days), dates, "mixes") for one in alone]
        for leg, mix in enumerate(mixes):
            assert np.array_equal(mix.net, legs.growth[:, leg] - 1.0)
        costs = switch_costs(mixes, legs.buying, legs.selling)
        expected = legs.selling.T[:, None] + legs.buying.T[None, :]
        expected[np.arange(4), np.arange(4)] = 0.0
        assert np.array_equal(costs[:, :, 1:], expected[:, :, 1:])


@given(seed=st.integers(0, 10**6), count=st.integers(2, 4))
@settings(max_examples=20)
def test_netting_never_costs_more_than_sleeves_apart(seed: int, count: int) -> None:
    """Accounts with fixed shares that each trade alone pay at least what one account pays for all trades."""
    allocations, legs, _, rng = random_case(seed)
    weights = np.array([one.weights for one in allocations])
    shares = rng.dirichlet(np.ones(count))
    before, after = (weights[rng.integers(0, len(weights), count)] for _ in range(2))
    apart = sum(
        share * trade_costs(new - old, legs.buying, legs.selling)
        for share, new, old in zip(shares, after, before, strict=True)
    )
    together = trade_costs(shares @ (after - before), legs.buying, legs.selling)
    assert (together <= apart + 1e-15).all()


def test_weights_are_set_back_at_the_last_close_of_a_week_or_a_month() -> None:
    calendar = np.array(["2021-01-28", "2021-01-29", "2021-02-01", "2021-02-02", "2021-02-05", "2021-02-08"], "M8[D]")
    before = calendar[:-1].astype(str)
    assert before[rebalancing_days("weekly", calendar, 1, 5)].tolist() == ["2021-01-29", "2021-02-05"]
    assert before[rebalancing_days("monthly", calendar, 1, 5)].tolist() == ["2021-01-29"]
    assert not rebalancing_days("never", calendar, 1, 5).any()
    assert rebalancing_days("daily", calendar, 1, 5).all()


def test_a_mix_that_loses_everything_is_an_error_that_names_the_day() -> None:
    growth = np.array([[1.0, 1.0], [0.6, 1.0], [1.0, 1.0]])
    legs = LegDays(growth, growth, np.zeros((3, 2)), np.zeros((3, 2)), np.array([False, True]))
    lever = Allocation("lever", (3.0, -2.0))
    with pytest.raises(InputError, match=r"study.yaml: .* lose all its value .* lever loses 120% on 2021-01-02"):
        follow_mix(lever, legs, np.ones(3, dtype=np.bool_), DATES[:3], "study.yaml")
