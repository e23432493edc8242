"""The shipped studies with weights and sleeves against pandas and an account in a plain daily loop, to 1e-9."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import gridproof as gp
from gridproof.sweeps.plan.point import Point
from tests.support.daily_loop import Fund, account_returns
from tests.support.real_data import ASHARE
from tests.support.strategy_series import ended_months, growth_and_liquidity, held, index, installed

pytestmark = pytest.mark.filterwarnings("ignore::gridproof.DataWarning")


def account(
    closes: dict[str, pd.Series],
    weights: pd.DataFrame,
    point: Point,
    rates: tuple[float, float],
    cost: float,
    monthly: bool = False,
    fee: float = 1.0,
) -> np.ndarray:
    """An account that is set back to the weights of each day at the close before, or at that of a month's last day.
    ``rates``: growth of a day of cash, and of cash that is borrowed. ``fee``: of what is sold short. Cash is last."""
    days = point.curve.index
    growth = pd.DataFrame({name: (one / one.shift()).reindex(days) for name, one in closes.items()}).assign(
        cash=rates[0]
    )
    owed = (growth * fee).assign(cash=rates[1])
    paid = np.full(growth.shape, cost)
    paid[:, -1] = 0.0
    wanted = weights.loc[days]
    wanted = wanted.assign(cash=1.0 - wanted.sum(axis=1)).round(12)
    funds = sorted(set(wanted.itertuples(index=False, name=None)))
    chosen = [funds.index(row) for row in wanted.itertuples(index=False, name=None)]
    months = pd.DatetimeIndex(next(iter(closes.values())).index).to_period("M")
    first = pd.Series(np.append(False, months[1:] != months[:-1]), next(iter(closes.values())).index)
    daily = [Fund(row, first[days].tolist() if monthly else [True] * len(days)) for row in funds]
    return np.array(account_returns(chosen, daily, growth.to_numpy(), owed.to_numpy(), paid, paid))


def stepped(wanted: pd.Series, step: float, most: float, lag: int) -> pd.Series:
    return ((wanted / step + 0.5 + 1e-9) // 1 * step).clip(0.0, most).shift(lag)


def test_volatility_target() -> None:
    sp500 = installed("sp500")
    point = gp.point(gp.load_study("volatility-target"), {"cost": 0.0005})
    volatility = sp500.pct_change().rolling(20).std() * 252**0.5
    weights = pd.DataFrame({"sp500": stepped(0.10 / volatility, 0.1, 1.5, 2)})
    expected = account({"sp500": sp500}, weights, point, (1.02 ** (1 / 252), 1.03 ** (1 / 252)), 0.0005)
    np.testing.assert_allclose(point.curve["return"], expected, rtol=0, atol=1e-9)
    assert point.curve["weight.sp500"].max() == pytest.approx(1.5)


def at_month_ends(x: pd.Series) -> pd.Series:
    """The value on the last trading day of each month, held; the last month of the data has not ended."""
    return ended_months(x).reindex(x.index, method="ffill")


def steps(wanted: pd.Series, least: float, most: float, step: float) -> pd.Series:
    return (least + ((wanted - least) / step + 0.5 + 1e-9) // 1 * step).clip(least, most).round(12)


def test_a_weight_inverse_to_the_variance_of_a_month() -> None:
    sp500 = installed("sp500")
    point = gp.point(gp.load_study("volatility-managed"), {"cost": 0.001})
    managed = at_month_ends(0.12**2 / (252 * sp500.pct_change().rolling(22).var()))
    weights = pd.DataFrame({"sp500": steps(managed, 0.0, 1.5, 0.1).shift(1)})
    day = 1.02 ** (1 / 252), 1.03 ** (1 / 252)
    expected = account({"sp500": sp500}, weights, point, day, 0.001, monthly=True)
    np.testing.assert_allclose(point.curve["return"], expected, rtol=0, atol=1e-9)


def test_long_or_short_by_the_gain_of_a_year() -> None:
    sp500 = installed("sp500")
    point = gp.point(gp.load_study("time-series-momentum"), {"cost": 0.001})
    volatility = sp500.pct_change().rolling(60).std() * 252**0.5
    sized = at_month_ends(np.sign(sp500 / sp500.shift(252) - 1.02) * 0.15 / volatility)
    weights = pd.DataFrame({"sp500": steps(sized, -1.0, 1.5, 0.1).shift(1)})
    day = 1.02 ** (1 / 252), 1.03 ** (1 / 252)
    expected = account({"sp500": sp500}, weights, point, day, 0.001, monthly=True, fee=1.003 ** (1 / 252))
    np.testing.assert_allclose(point.curve["return"], expected, rtol=0, atol=1e-9)
    assert point.curve["weight.sp500"].min() < -0.5


def test_weights_of_two_indices_inverse_to_their_volatility() -> None:
    closes = {name: installed(name) for name in ("sp500", "nasdaq")}
    point = gp.point(gp.load_study("inverse-volatility"), {"cost": 0.001})
    own, other = (one.pct_change().rolling(60).std() for one in closes.values())
    first = steps(at_month_ends(other / (own + other)), 0.2, 0.8, 0.05).shift(1)
    weights = pd.DataFrame({"sp500": first, "nasdaq": 1.0 - first})
    expected = account(closes, weights, point, (1.0, 1.0), 0.001, monthly=True)
    np.testing.assert_allclose(point.curve["return"], expected, rtol=0, atol=1e-9)


def test_the_same_weights_set_when_their_step_changes() -> None:
    closes = pd.DataFrame({name: installed(name) for name in ("sp500", "nasdaq")})
    point = gp.point(gp.load_study("inverse-volatility"), {"parity.rebalance": "entry", "cost": 0.001})
    volatility = closes.pct_change().rolling(60).std()
    even = volatility["nasdaq"] / volatility.sum(axis=1)
    first = steps(at_month_ends(even), 0.2, 0.8, 0.05).shift(1)
    days = point.curve.index
    values = np.array([1.0, 0.0])  # the first position is not charged
    navs, held = [1.0], None
    for day in days:
        before = closes.shift().loc[day].to_numpy()
        worth = values.sum()
        if first[day] != held:
            held = first[day]
            wanted = worth * np.array([held, 1.0 - held])
            paid = 0.0 if len(navs) == 1 else 0.001 * np.abs(wanted - values).sum() / worth
            values = wanted * (1.0 - paid)
        values = values * (closes.loc[day].to_numpy() / before)
        navs.append(values.sum())
    expected = np.array(navs[1:]) / np.array(navs[:-1]) - 1.0
    np.testing.assert_allclose(point.curve["return"], expected, rtol=0, atol=1e-9)
    assert point.curve["weight.sp500"].nunique() > 1000


def test_weights_of_three_indices_inverse_to_their_volatility() -> None:
    if not ASHARE.is_dir():
        pytest.skip(f"the series are not at {ASHARE}")
    codes = {"csi300": "000300.SH", "csi500": "000905.SH", "microcap": "8841431.WI"}
    calendar = index("000300.SH").index
    closes = pd.DataFrame({name: index(code).reindex(calendar) for name, code in codes.items()})
    point = gp.point(gp.load_study("inverse-volatility-three"), data=ASHARE)
    inverse = 1.0 / closes.pct_change().rolling(60).std()
    aimed = inverse.div(inverse.sum(axis=1), axis=0)[["csi300", "csi500"]].apply(at_month_ends)
    tenths = (aimed.clip(0.1, 0.6) * 10 + 0.5 + 1e-9) // 1
    weights = (tenths / 10).shift(1)
    assert weights.loc[point.curve.index].sum(axis=1).max() < 1.0
    weights["microcap"] = 1.0 - weights.sum(axis=1)
    expected = account({name: closes[name] for name in codes}, weights, point, (1.0, 1.0), 0.001, monthly=True)
    np.testing.assert_allclose(point.curve["return"], expected, rtol=0, atol=1e-9)
    assert len(set(point.held)) > 3


def test_the_equity_weight_is_the_mean_of_growth_and_liquidity() -> None:
    """A growth of 40 % and a liquidity of 60 % give a weight of 50 %, as the report prints."""
    study = gp.load_study("growth-liquidity-weight")
    (mix,) = study.mixes
    numbers = mix.steps(
        tuple(study.base[axis] for axis in mix.axes), np.array([[(0.4 + 0.6) / 2, 0.425, 0.45, 0.0, 1.0]])
    )
    weights = [mix.allocations[number].weights[0] for number in numbers]
    assert weights == pytest.approx([0.5, 0.4, 0.5, 0.0, 1.0])
    if not ASHARE.is_dir():
        pytest.skip(f"the series are not at {ASHARE}")
    point = gp.point(study, {"cost": 0.001}, data=ASHARE)
    growth, liquidity = growth_and_liquidity()
    weights_by_day = pd.DataFrame({"index": stepped((growth + liquidity) / 2, 0.1, 1.0, 1)})
    expected = account({"index": index("000300.SH")}, weights_by_day, point, (1.0, 1.0), 0.001)
    np.testing.assert_allclose(point.curve["return"], expected, rtol=0, atol=1e-9)


def test_five_sleeves_above_their_ten_month_averages() -> None:
    if not ASHARE.is_dir():
        pytest.skip(f"the series are not at {ASHARE}")
    study = gp.load_study("faber-sleeves")
    assert sum("%" in one.name for one in study.allocations) == 31  # all in cash is the leg cash
    point = gp.point(study, data=ASHARE)
    calendar = index("000001.SH")
    codes = {"sse50": "000016.SH", "csi300": "000300.SH", "csi500": "000905.SH", "csi1000": "000852.SH",
             "microcap": "8841431.WI"}  # fmt: skip
    closes = {name: index(code).reindex(calendar.index) for name, code in codes.items()}
    weights = {}
    for name, one in closes.items():
        months = ended_months(one)
        weights[name] = 0.2 * (held(months, calendar) > held(months.rolling(10).mean(), calendar)).shift(1)
    day = 1.02 ** (1 / study.spec.market.periods)
    expected = account(closes, pd.DataFrame(weights).astype(float), point, (day, day), 0.001)
    np.testing.assert_allclose(point.curve["return"], expected, rtol=0, atol=1e-9)
