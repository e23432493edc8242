"""Taxes on dividends in an account: compiled as the reference, by hand, and of half-days as of days."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridproof.kernels.errors import InputError
from gridproof.kernels.panel.account import Account, Dividends, Fees, Lots
from gridproof.kernels.panel.backend import resolve_panel
from gridproof.kernels.panel.opens import Opens, halved, halved_dividends
from gridproof.kernels.panel.selection import SelectionProblem, selection_problem
from tests.support.panels import random_problem

SCHEDULES = np.array([[1, 0], [5, 2]])


def random_dividends(seed: int, problem: SelectionProblem) -> Dividends:
    rng = np.random.default_rng(seed)
    days = len(problem.value)
    paid = np.where(rng.random(problem.value.shape) < 0.1, rng.uniform(0.0, 0.2, problem.value.shape), 0.0)
    withheld, month, year = rng.choice([0.0, 0.05], days), rng.uniform(0.1, 0.2, days), rng.uniform(0.0, 0.1, days)
    after = np.minimum(np.arange(days) + 4, days - 1)
    return Dividends(paid, withheld, month, year, after, np.minimum(after + 6, days - 1))


def account(problem: SelectionProblem, dividends: Dividends | None, backend: str = "cpu") -> Account:
    return resolve_panel(backend).simulate_account(problem, 0, 0, Fees(), None, dividends)


@settings(max_examples=40)
@given(st.integers(0, 2**31), st.booleans(), st.booleans(), st.booleans())
def test_compiled_accounts_have_the_bits_of_the_reference(
    seed: int, weighted: bool, whole: bool, at_open: bool
) -> None:
    problem = random_problem(seed, SCHEDULES, np.array([2, 5]), weighted=weighted)
    dividends = random_dividends(seed, problem)
    if at_open:
        opens = problem.value * np.random.default_rng(seed).uniform(0.98, 1.02, problem.value.shape)
        opens[1:] = np.where(np.isnan(opens[1:]), problem.value[:-1], opens[1:])
        problem = halved(problem, Opens(opens, problem.buyable, problem.sellable))
        dividends = halved_dividends(dividends)
    rates = np.random.default_rng(seed).uniform(1.0, 3.0, problem.value.shape[1])
    lots = Lots(problem.value / rates, 20_000.0) if whole else None
    fees = Fees(0.002, 0.003, 0.0, 0.001, 5.0 * whole)
    arguments = problem, seed % 2, seed // 2 % 2, fees, lots, dividends
    actual, expected = (resolve_panel(name).simulate_account(*arguments) for name in ("cpu", "reference"))
    for name, one, other in zip(actual._fields, actual, expected, strict=True):
        np.testing.assert_array_equal(one, other, err_msg=name)
    free = resolve_panel("cpu").simulate_account(*arguments[:-1])
    none = dividends._replace(paid=np.zeros(problem.value.shape))
    untaxed = resolve_panel("cpu").simulate_account(*arguments[:-1], none)
    for one, other in zip(free, untaxed, strict=True):
        np.testing.assert_array_equal(one, other)


def of_one_stock(
    wanted: list[bool], paid: dict[int, float], month: int, year: int
) -> tuple[SelectionProblem, Dividends]:
    """A stock that is in the basket from each close on or not, beside one that takes its place; prices do not move."""
    days = len(wanted)
    key = np.array([[0.0, 1.0] if one else [1.0, 0.0] for one in wanted])
    value, every = np.full((days, 2), 10.0), np.ones((days, 2), dtype=np.bool_)
    ranking = resolve_panel("reference").rank_days(key)
    problem = selection_problem(value, ranking, every, every, np.array([[1, 0]]), np.array([1]))
    amounts = np.zeros((days, 2))
    for day, one in paid.items():
        amounts[day, 0] = one
    ends = (np.minimum(np.arange(days) + later, days - 1) for later in (month, year))
    rates = (np.full(days, rate) for rate in (0.05, 0.15, 0.05))
    return problem, Dividends(amounts, *rates, *ends)


@pytest.mark.parametrize(("held", "rate"), [(3, 0.20), (4, 0.20), (5, 0.10), (8, 0.10), (9, 0.05)])
def test_the_rate_depends_on_how_long_a_stock_was_held(held: int, rate: float) -> None:
    """Bought at close 1; the dividend of day 3 is a tenth; a month ends at close 5, a year at close 9."""
    wanted = [False, *[True] * held, False, False]
    problem, dividends = of_one_stock(wanted, {3: 0.1}, 4, 8)
    found = account(problem, dividends)
    withheld, sale = 0.05 * 0.1, held
    left = 1.0 - withheld
    expected = np.zeros(len(wanted) - 1)
    expected[2] = withheld
    expected[sale + 1] = (rate - 0.05) * 0.1 / left
    assert found.taxed == pytest.approx(expected, abs=1e-15)
    assert np.prod(1.0 + found.returns) == pytest.approx(1.0 - rate * 0.1)


def test_who_buys_after_the_dividend_pays_nothing() -> None:
    problem, dividends = of_one_stock([False, False, False, True, True, False, False], {3: 0.1}, 4, 8)
    assert account(problem, dividends).taxed.sum() == 0.0


def test_what_was_bought_first_is_sold_first() -> None:
    """Two stocks of equal weight; the second doubles: a part of it is sold, and more of the first is bought."""
    days = 7
    value, every = np.full((days, 2), 10.0), np.ones((days, 2), dtype=np.bool_)
    value[2:, 1], value[4:, 0] = 20.0, 20.0
    ranking = resolve_panel("reference").rank_days(np.tile([0.0, 1.0], (days, 1)))
    problem = selection_problem(value, ranking, every, every, np.array([[1, 0]]), np.array([2]))
    paid = np.zeros((days, 2))
    paid[3, 0] = 0.1
    ends = np.arange(days) + 3, np.full(days, days - 1)
    rates = (np.full(days, rate) for rate in (0.0, 0.2, 0.1))
    found = account(problem, Dividends(paid, *rates, *ends))
    # At close 0 half of the NAV, 0.05 units of the first. At close 2 the NAV is 1.5: 0.025 units more. Both get the
    # dividend of day 3. At close 4 the first has doubled to 1.5 of 2.25: 0.01875 units of the oldest parcel are
    # sold, which was bought more than a month ago.
    assert found.taxed[4] == pytest.approx(0.1 * 0.1 * 0.01875 * 10.0 / 2.25)
    assert found.taxed[:4].sum() == 0.0
    soon = account(problem, Dividends(paid, *(np.full(days, rate) for rate in (0.0, 0.2, 0.1)), ends[0] + 2, ends[1]))
    assert soon.taxed[4] == pytest.approx(2.0 * found.taxed[4])


def test_a_dividend_is_less_than_the_price() -> None:
    problem, dividends = of_one_stock([True] * 5, {3: 1.0}, 2, 3)
    with pytest.raises(InputError, match="a dividend must be 0 or more, and less than the price before"):
        account(problem, dividends)
