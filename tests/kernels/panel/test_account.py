"""The account simulation: equal to the fast form where everything can be traded, and by hand where not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridproof.kernels.errors import InputError
from gridproof.kernels.panel.account import NO_FEES, Account, Fees, Lots
from gridproof.kernels.panel.backend import resolve_panel
from gridproof.kernels.panel.selection import SelectionProblem, net_returns, selection_problem
from tests.support.panels import random_panel, random_problem

SCHEDULES = np.array([[1, 0], [5, 2]])
simulate_account = resolve_panel("cpu").simulate_account


Places = Sequence[tuple[int, int]]


def problem_of(
    value: list[list[float]], key: list[list[float]], blocked_buys: Places, blocked_sales: Places, interval: int = 1
) -> SelectionProblem:
    values, keys = np.array(value), np.array(key)
    buyable, sellable = np.ones(values.shape, dtype=np.bool_), np.ones(values.shape, dtype=np.bool_)
    for place in blocked_buys:
        buyable[place] = False
    for place in blocked_sales:
        sellable[place] = False
    ranking = resolve_panel("reference").rank_days(keys)
    return selection_problem(values, ranking, buyable, sellable, np.array([[interval, 0]]), np.array([1]))


def assert_same(actual: Account, expected: Account) -> None:
    for name, one, other in zip(actual._fields, actual, expected, strict=True):
        np.testing.assert_array_equal(one, other, err_msg=name)


@settings(max_examples=40)
@given(st.integers(0, 2**31), st.integers(1, 3), st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_compiled_accounts_have_the_bits_of_the_reference(
    seed: int, lag: int, weighted: bool, parted: bool, charged: bool, whole: bool
) -> None:
    problem = random_problem(seed, SCHEDULES, np.array([2, 5]), lag=lag, weighted=weighted, parted=parted)
    rng = np.random.default_rng(seed)
    tax = rng.choice([0.0, 0.001], problem.return_days) if charged else 0.0
    price = np.where(np.isnan(problem.value), np.nan, problem.value / rng.uniform(1.0, 3.0, problem.value.shape[1]))
    lots = Lots(price, 20_000.0) if whole else None
    fees = Fees(0.002 * charged, 0.003 * charged, tax / 2.0, tax, 5.0 * (charged and whole))
    arguments = problem, int(rng.integers(2)), int(rng.integers(2)), fees, lots
    actual, expected = (resolve_panel(name).simulate_account(*arguments) for name in ("cpu", "reference"))
    assert_same(actual, expected)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("schedule", [0, 1])
def test_where_everything_can_be_traded_it_is_the_fast_form(schedule: int, weighted: bool) -> None:
    problem = random_problem(3, SCHEDULES, np.array([4]), weighted=weighted)
    free = np.ones(problem.value.shape, dtype=np.bool_)
    problem = problem._replace(buyable=free, sellable=free)
    fast = resolve_panel("reference").select(problem)
    account = simulate_account(problem, schedule, 0)
    np.testing.assert_allclose(account.returns, fast.gross[schedule, 0], atol=1e-12)
    np.testing.assert_allclose(account.bought, fast.bought[schedule, 0], atol=1e-12)
    np.testing.assert_allclose(account.sold, fast.sold[schedule, 0], atol=1e-12)
    assert not account.open_orders.any()
    charged = simulate_account(problem, schedule, 0, Fees(0.001, 0.001, sale_tax=0.002))
    net = net_returns(fast.gross, fast.bought, fast.sold, 0.001, 0.002)[schedule, 0]
    # Costs lower the purchases only, which moves the weights by the cost at most.
    assert 0.0 < np.abs(charged.returns - net).max() < 0.003 * 0.2
    assert charged.returns.sum() < account.returns.sum()


def test_a_blocked_sale_is_tried_again_and_pays_for_the_purchase() -> None:
    value = [[1.0, 1.0], [1.0, 1.0], [2.0, 1.0], [4.0, 1.0], [4.0, 2.0]]
    problem = problem_of(value, [[1.0, 2.0], [2.0, 1.0], [2.0, 1.0], [2.0, 1.0], [2.0, 1.0]], [], [(1, 0), (2, 0)])
    account = simulate_account(problem, 0, 0)
    # The first stock cannot be sold before day 3, so its gains of days 2 and 3 are earned; then the second is held.
    np.testing.assert_allclose(account.returns, [0.0, 1.0, 1.0, 1.0])
    assert account.open_orders.tolist() == [0, 2, 2, 0]  # the sale, and the purchase that it is to pay for
    np.testing.assert_allclose(account.sold, [0.0, 0.0, 0.0, 1.0])
    rare = problem_of(value, [[1.0, 2.0], [2.0, 1.0], [2.0, 1.0], [2.0, 1.0], [2.0, 1.0]], [], [(1, 0)])
    np.testing.assert_allclose(simulate_account(rare, 0, 0).returns, [0.0, 1.0, 0.0, 1.0])


def test_an_order_stays_open_between_formations() -> None:
    """Formed on day 0 only: the stock cannot be bought before day 2, and cash waits."""
    value = [[1.0], [2.0], [3.0], [6.0]]
    account = simulate_account(problem_of(value, [[1.0]] * 4, [(0, 0), (1, 0)], [], interval=9), 0, 0, Fees(0.01, 0.01))
    np.testing.assert_allclose(account.returns, [0.0, 0.0, 2.0 / 1.01 - 1.0])
    np.testing.assert_allclose(account.cash, [1.0, 1.0, 0.0], atol=1e-12)
    assert account.open_orders.tolist() == [1, 1, 0]


def test_lots_of_a_hundred_shares() -> None:
    value = np.array([[1.0, 2.0], [2.0, 2.0], [2.0, 2.0]])
    tradable = np.ones(value.shape, dtype=np.bool_)
    ranking = resolve_panel("reference").rank_days(value)
    problem = selection_problem(value, ranking, tradable, tradable, np.array([[9, 0]]), np.array([2]))
    price = np.array([[10.0, 7.0], [20.0, 7.0], [20.0, 7.0]])
    account = simulate_account(problem, 0, 0, lots=Lots(price, 5_000.0))
    # 2,500 each buy 200 shares at 10 and 300 at 7; 900 stay in cash.
    np.testing.assert_allclose(account.cash, [900.0 / 5000.0, 900.0 / 7000.0])
    np.testing.assert_allclose(account.returns, [2000.0 / 5000.0, 0.0])
    assert account.stocks.tolist() == [2, 2]


def test_a_commission_has_a_minimum_for_each_trade() -> None:
    """The stock of day 0 is sold on day 1 and the other bought: a minimum of 5, and taxes on each side beside it."""
    value = np.array([[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]])
    tradable = np.ones(value.shape, dtype=np.bool_)
    ranking = resolve_panel("reference").rank_days(np.array([[1.0, 2.0], [2.0, 1.0], [2.0, 1.0]]))
    problem = selection_problem(value, ranking, tradable, tradable, np.array([[1, 0]]), np.array([1]))
    lots = Lots(np.full(value.shape, 10.0), 1_000.0, shares=1)
    fees = Fees(buying=0.001, selling=0.01, purchase_tax=0.02, sale_tax=0.001, minimum=5.0)
    account = simulate_account(problem, 0, 0, fees, lots)
    # 1,000 bring 989 after a commission of 10 and a tax of 1: 96 shares cost 960, a minimum of 5 and a tax of 19.2.
    np.testing.assert_allclose(account.returns[1], (989.0 - 960.0 - 5.0 - 19.2 + 960.0) / 1_000.0 - 1.0)
    with pytest.raises(InputError, match="the minimum of a commission is 0 or more"):
        simulate_account(problem, 0, 0, fees)


def test_random_panels_keep_their_money() -> None:
    """Cash is never negative, an account without trades earns its drift, and costs only lower the end."""
    for seed in range(6):
        value, _, _, _, _ = random_panel(seed)
        problem = random_problem(seed, SCHEDULES, np.array([3]))
        for schedule in range(2):
            ends = []
            for cost in (0.0, 0.002):
                fees = Fees(cost, cost, sale_tax=0.001) if cost else NO_FEES
                account = simulate_account(problem, schedule, 0, fees)
                assert account.cash.min() >= 0.0
                assert account.cash.max() <= 1.0
                assert (account.sold <= 1.0 + 1e-12).all()
                ends.append(np.log1p(account.returns).sum())
            assert ends[1] <= ends[0]
            coarse = simulate_account(problem, schedule, 0, lots=Lots(np.nan_to_num(value, nan=1.0), 1e9))
            fine = simulate_account(problem, schedule, 0)
            np.testing.assert_allclose(coarse.returns, fine.returns, atol=1e-4)


def test_wrong_lots_are_one_clear_error() -> None:
    problem = random_problem(1, SCHEDULES, np.array([3]))
    with pytest.raises(InputError, match=r"price, day 0, stock .*: a price must be known"):
        simulate_account(problem, 0, 0, lots=Lots(np.full(problem.value.shape, np.nan), 1e6))
    with pytest.raises(InputError, match="lots: the capital must be positive"):
        simulate_account(problem, 0, 0, lots=Lots(np.ones(problem.value.shape), 0.0))
