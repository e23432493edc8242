"""Selections: backends against the reference, the reference against pandas, and what must change no bit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridproof.kernels.errors import InputError
from gridproof.kernels.panel.backend import PanelBackend, resolve_panel
from gridproof.kernels.panel.ranking import Ranking
from gridproof.kernels.panel.selection import Selections, counts_of_shares, net_returns, selection_problem
from gridproof.kernels.threads import limit_threads, thread_count
from tests.support.panels import random_panel, random_problem

SCHEDULES = np.array([[1, 0], [2, 1], [5, 3], [40, 0]])
COUNTS = np.array([1, 2, 3, 5, 8, 12, 20])


def assert_same(actual: Selections, expected: Selections) -> None:
    for one, other in zip(actual, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@settings(max_examples=30)
@given(st.integers(0, 2**31), st.integers(1, 3), st.booleans())
def test_effective_ranks_are_the_baskets_of_the_reference(
    compiled: PanelBackend, seed: int, lag: int, weighted: bool
) -> None:
    problem = random_problem(seed, SCHEDULES, COUNTS, lag=lag, weighted=weighted)
    expected, actual = resolve_panel("reference").select(problem), compiled.select(problem)
    for one, other in zip(actual, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=0.0, atol=1e-12)


@settings(max_examples=30)
@given(st.integers(0, 2**31), st.integers(1, 2), st.booleans(), st.booleans())
def test_shares_of_the_universe_and_parts_of_the_ranking(
    compiled: PanelBackend, seed: int, lag: int, weighted: bool, parted: bool
) -> None:
    problem = random_problem(seed, SCHEDULES, COUNTS, lag=lag, weighted=weighted)
    shares = np.array([0.1, 0.3, 0.5, 0.95, 1.0])
    problem = problem._replace(counts=counts_of_shares(problem.ranking.eligible, shares), parted=parted)
    expected, actual = resolve_panel("reference").select(problem), compiled.select(problem)
    for one, other in zip(actual, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=0.0, atol=1e-12)


def test_tenths_of_a_universe_hold_each_stock_once(backend: PanelBackend) -> None:
    """On each day the members of the ten baskets are the groups floor(10·k/n) of a ranking of n stocks."""
    value, key, _, _, _ = random_panel(12, days=30, stocks=37)
    ranking = backend.rank_days(key)
    counts = counts_of_shares(ranking.eligible, np.arange(1, 11) / 10.0)
    every = np.ones(value.shape, dtype=np.bool_)
    problem = selection_problem(value, ranking, every, every, np.array([[1, 0]]), counts, parted=True)
    found = backend.select(problem)
    for day in range(len(value) - 1):
        chosen = ranking.order[day, : ranking.eligible[day]]
        group = 10 * np.arange(len(chosen)) // max(len(chosen), 1)
        for tenth in range(10):
            growth = value[day + 1, chosen[group == tenth]] / value[day, chosen[group == tenth]]
            expected = growth.mean() - 1.0 if len(growth) else 0.0
            np.testing.assert_allclose(found.gross[0, tenth, day], expected, atol=1e-12)


def test_ranks_from_one_to_another() -> None:
    """Basket 1 of counts 2 and 6 holds the third to the sixth; where it cannot be sold a stock stays in its basket."""
    value, key, _, sellable, _ = random_panel(3, days=40, stocks=20, ties=False)
    ranking = resolve_panel("reference").rank_days(key)
    every, held = np.ones(value.shape, dtype=np.bool_), np.zeros(20, dtype=np.bool_)
    arrays = (value, ranking, every, sellable, np.array([[1, 0]]), np.array([2, 6]))
    found = resolve_panel("cpu").select(selection_problem(*arrays, parted=True))
    for day in range(39):
        target = np.zeros(20, dtype=np.bool_)
        target[ranking.order[day, 2 : min(6, ranking.eligible[day])]] = ranking.eligible[day] > 2
        held = target | (held & ~sellable[day])
        growth = value[day + 1, held] / value[day, held]
        np.testing.assert_allclose(found.gross[0, 1, day], growth.mean() - 1.0 if held.any() else 0.0, atol=1e-12)


@pytest.mark.parametrize(("interval", "offset"), [(1, 0), (5, 2)])
def test_ideal_trading_is_a_plain_pandas_simulation(backend: PanelBackend, interval: int, offset: int) -> None:
    value, key, _, _, _ = random_panel(11, days=60, stocks=30)
    tradable = np.ones(value.shape, dtype=np.bool_)
    ranking = backend.rank_days(key)
    schedules, counts = np.array([[interval, offset]]), np.array([7, 25])
    found = backend.select(selection_problem(value, ranking, tradable, tradable, schedules, counts))
    prices, keys = pd.DataFrame(value), pd.DataFrame(key)
    for place, count in enumerate(counts):
        shares, nav, navs, traded = pd.Series(0.0, prices.columns), 1.0, [1.0], []
        for day in range(len(prices) - 1):
            close, paid = prices.iloc[day].fillna(0.0), 0.0
            if day >= offset and (day - offset) % interval == 0:
                chosen = keys.iloc[day].dropna().sort_values(kind="stable").index[:count]
                target = pd.Series(1.0 / max(len(chosen), 1), chosen).reindex(prices.columns, fill_value=0.0)
                paid = float((target - shares * close / nav).abs().sum()) if day > offset else 0.0
                shares = (target * nav / close).fillna(0.0)
            worth = float((shares * prices.iloc[day + 1].fillna(0.0)).sum())
            nav = worth if worth > 0.0 else nav
            navs.append(nav)
            traded.append(paid)
        np.testing.assert_allclose(found.gross[0, place], pd.Series(navs).pct_change().dropna(), atol=1e-12)
        np.testing.assert_allclose((found.bought + found.sold)[0, place], traded, atol=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_future_does_not_change_the_past(backend: PanelBackend, weighted: bool) -> None:
    value, key, buyable, sellable, weight = random_panel(5)
    cut, rng = 18, np.random.default_rng(0)
    later = [value.copy(), key.copy(), ~buyable, ~sellable, np.where(np.isnan(weight), np.nan, weight + 1.0)]
    later[0] *= rng.uniform(0.1, 10.0, value.shape)
    later[1] *= -1.0
    for array, changed in zip((value, key, buyable, sellable, weight), later, strict=True):
        changed[:cut] = array[:cut]
    both = []
    for values, keys, buys, sells, weights in ((value, key, buyable, sellable, weight), later):
        ranking = backend.rank_days(keys)
        used = weights if weighted else None
        problem = selection_problem(values, ranking, buys, sells, SCHEDULES, COUNTS, used, 2, 2)
        both.append(backend.select(problem))
    for one, other in zip(*both, strict=True):
        np.testing.assert_array_equal(one[:, :, : cut - 3], other[:, :, : cut - 3])
    assert (both[0].gross[:, :, cut:] != both[1].gross[:, :, cut:]).any()


def test_threads_and_the_split_of_counts_schedules_and_days_change_no_bit() -> None:
    problem = random_problem(8, SCHEDULES, COUNTS, weighted=True)
    select = resolve_panel("cpu").select
    whole = select(problem)
    before = limit_threads(1)
    try:
        assert thread_count() == 1
        assert_same(select(problem), whole)
    finally:
        limit_threads(before)
    shares = problem._replace(counts=counts_of_shares(problem.ranking.eligible, np.array([0.2, 0.5, 1.0])))
    for several in (problem, shares):
        together = select(several)
        for place in range(several.counts.shape[1]):
            part = select(several._replace(counts=several.counts[:, place : place + 1]))
            assert_same(part, Selections(*(each[:, place : place + 1] for each in together)))
    for at in range(len(SCHEDULES)):
        part = select(problem._replace(schedules=SCHEDULES[at : at + 1]))
        assert_same(part, Selections(*(each[at : at + 1] for each in whole)))
    cut = 20
    ranking = Ranking(*(each[:cut] for each in problem.ranking))
    arrays = (problem.value[:cut], ranking, problem.buyable[:cut], problem.sellable[:cut], SCHEDULES, COUNTS)
    part = select(selection_problem(*arrays, problem.weight[:cut], 2))  # type: ignore[index]
    assert_same(part, Selections(*(each[:, :, : part.gross.shape[2]] for each in whole)))


@settings(max_examples=20)
@given(st.integers(0, 2**31), st.integers(1, 2), st.booleans())
def test_a_device_has_the_bits_of_the_cpu(cuda: PanelBackend, seed: int, lag: int, weighted: bool) -> None:
    problem = random_problem(seed, SCHEDULES, COUNTS, lag=lag, weighted=weighted)
    assert_same(cuda.select(problem), resolve_panel("cpu").select(problem))


def test_the_order_of_columns_changes_no_bit() -> None:
    value, key, buyable, sellable, weight = random_panel(21, days=50, stocks=40, ties=False)
    mixed = np.random.default_rng(1).permutation(value.shape[1])
    both = []
    for columns in (np.arange(value.shape[1]), mixed):
        values, keys, buys, sells, weights = (each[:, columns] for each in (value, key, buyable, sellable, weight))
        ranking = resolve_panel("cpu").rank_days(keys)
        problem = selection_problem(values, ranking, buys, sells, SCHEDULES, COUNTS, weights)
        both.append(resolve_panel("cpu").select(problem))
    assert_same(*both)


def test_a_small_case_by_hand(backend: PanelBackend) -> None:
    """Two stocks; the second cannot be bought on day 1, nor the first sold on day 2; on day 3 none is eligible."""
    value = np.array([[1.0, 1.0], [2.0, 1.0], [2.0, 2.0], [2.0, 4.0], [2.0, 4.0]])
    key = np.array([[1.0, 2.0], [2.0, 1.0], [2.0, 1.0], [np.nan, np.nan], [1.0, 2.0]])
    buyable, sellable = np.ones((5, 2), dtype=np.bool_), np.ones((5, 2), dtype=np.bool_)
    buyable[1, 1] = sellable[2, 0] = False
    problem = selection_problem(value, backend.rank_days(key), buyable, sellable, np.array([[1, 0]]), np.array([1]))
    found = backend.select(problem)
    # Day 0: the first. Day 1: it is sold, the second not bought, so nothing is held. Day 2: the second is bought.
    assert found.gross[0, 0].tolist() == [1.0, 0.0, 1.0, 0.0]
    assert found.bought[0, 0].tolist() == [0.0, 0.0, 1.0, 0.0]
    assert found.sold[0, 0].tolist() == [0.0, 1.0, 0.0, 1.0]


def test_costs_and_stamp_tax_by_hand() -> None:
    gross, bought, sold = np.array([0.1, 0.0]), np.array([0.5, 0.0]), np.array([0.4, 1.0])
    tax = np.array([0.003, 0.001])
    net = net_returns(gross, bought, sold, 0.001, tax)
    np.testing.assert_allclose(net, [1.1 * (1.0 - 0.0005 - 0.0016) - 1.0, -0.002], atol=1e-15)


def test_wrong_inputs_are_one_clear_error() -> None:
    value, key, buyable, sellable, weight = random_panel(1)
    ranking = resolve_panel("reference").rank_days(key)
    good = {
        "value": value, "ranking": ranking, "buyable": buyable, "sellable": sellable, "schedules": SCHEDULES,
        "counts": COUNTS,
    }  # fmt: skip
    lost, zero = value.copy(), value.copy()
    lost[-1, 0], zero[-1, 0] = np.nan, 0.0
    missing = weight.copy()
    missing[-1] = np.nan
    everywhere = resolve_panel("reference").rank_days(np.zeros_like(key))
    for change, message in [
        ({"value": lost}, "value, day 29, stock 0: a value must be known from the first day on"),
        ({"value": zero}, "value, day 29, stock 0: a value must be positive and finite; got 0.0"),
        ({"ranking": everywhere}, "key, day 0, stock .*: a key must be NaN where the value is"),
        ({"buyable": buyable[1:]}, "buyable: the shape must be that of the panel"),
        ({"schedules": np.array([[0, 0]])}, "schedules: a schedule must be an interval of 1 day or more"),
        ({"counts": np.array([3, 2])}, "counts: counts must be ascending"),
        ({"counts": np.ones((2, 3), dtype=np.int64)}, "counts: counts by day must be"),
        ({"counts": np.array([[3, 2]])}, "counts: the counts of a day must ascend"),
        ({"lag": 0}, "lag: a lag must be 1 or more; got 0"),
        ({"lag": 3, "start": 1}, "start: the start must lie from day 2"),
        ({"weight": missing}, "weight, day 29, stock .*: a weight must be known"),
    ]:
        with pytest.raises(InputError, match=message):
            selection_problem(**(good | change))  # type: ignore[arg-type]
    for shares in ([], [0.2, 0.1], [0.0], [1.1], [np.nan]):
        with pytest.raises(InputError, match="shares: shares of a universe must be ascending"):
            counts_of_shares(ranking.eligible, np.array(shares))
