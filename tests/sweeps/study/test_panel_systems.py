"""The systems of single stocks against a plain simulation in pandas, on months of the real panel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import gridproof as gp
from gridproof.kernels.backend import resolve
from gridproof.signals.data.market import Market
from gridproof.sweeps.plan.holdings import explain_baskets
from gridproof.sweeps.plan.plan import build_plan
from gridproof.sweeps.plan.point import evaluate_point
from gridproof.sweeps.plan.study_market import market_of
from tests.support.independent import evaluate_system, real_data
from tests.support.real_data import ASHARE, needs_ashare

FILE = "stocks/a_share_pit_daily_2005_2020.parquet"
INDUSTRIES = "shenwan_industry_map_2020_10.csv"
FROM, TO = "2014-02-10", "2014-06-30"
pytestmark = needs_ashare

Chosen = Callable[[pd.Series], pd.Series]  # of the ranking of a day, by code: the weights of the basket


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real files, with the rows of the panel that the windows before these months need."""
    folder = tmp_path_factory.mktemp("ashare")
    (folder / "stocks").mkdir()
    days = [("date", ">=", 20121001), ("date", "<=", int(TO.replace("-", "")))]
    pd.read_parquet(ASHARE / FILE, filters=days).to_parquet(folder / FILE, index=False)
    for name in (INDUSTRIES, "index_daily.parquet", "china_treasury_daily.csv", "china_money_supply_monthly.csv"):
        (folder / name).symlink_to(ASHARE / name)
    return folder


class Stocks:
    """Tables of days and codes."""

    def __init__(self, folder: Path) -> None:
        rows = pd.read_parquet(folder / FILE)
        days, codes = (rows[name].astype("category") for name in ("date", "code"))
        index = pd.to_datetime(days.cat.categories.astype(str)), codes.cat.categories

        def table(column: str) -> pd.DataFrame:
            found = np.full((len(index[0]), len(index[1])), np.nan)
            found[days.cat.codes, codes.cat.codes] = rows[column]
            return pd.DataFrame(found, *index)

        self.close = table("close_cents") * table("adj_factor")
        self.cap = table("close_cents") * table("total_shares_10k")
        self.value = self.close.where((table("suspended") == 0) & (self.close > 0)).ffill()
        priced = (self.close > 0) & self.value.notna() & (table("ipo_unopened") == 0)
        self.inside, self.with_st = priced & (table("st") == 0), priced
        turnover = table("turnover_milli")
        self.amount = table("close_cents") * turnover.clip(lower=0) * table("float_shares_10k") * 0.001
        self.days = self.value.index[(self.value.index >= FROM) & (self.value.index <= TO)]

    def returns(self, key: pd.DataFrame, choose: Chosen, every: int, cost: float = 0.0) -> pd.Series:
        """Daily returns of a basket of the lowest keys after costs, formed every so many days."""
        first = self.value.index.get_loc(self.days[0]) - 1
        held, found = pd.Series(dtype=float), []
        for number in range(len(self.days)):
            paid, day = 0.0, first + number
            if number % every == 0:
                new = choose(key.iloc[day].dropna().sort_values(kind="stable"))
                new = new / new.sum()
                if number:
                    paid = cost * new.sub(held / held.sum(), fill_value=0.0).abs().sum()
                held = new
            now, after = (self.value.iloc[at][held.index] for at in (day, day + 1))
            grown = held * after / now
            found.append(grown.sum() / held.sum() * (1.0 - paid) - 1.0)
            held = grown
        return pd.Series(found, self.days)


@pytest.fixture(scope="module")
def stocks(folder: Path) -> Stocks:
    return Stocks(folder)


@pytest.fixture(scope="module")
def markets(folder: Path) -> dict[str, Market]:
    """One market for all studies of the same series and panel."""
    return {name: market_of(gp.load_study(name), folder) for name in ("microcap-index", "microcap-selection-rotation")}


def equal(count: int) -> Chosen:
    return lambda ranked: pd.Series(1.0, ranked.index[:count])


def tenth(number: int) -> Chosen:
    def choose(ranked: pd.Series) -> pd.Series:
        place = np.arange(len(ranked))
        return pd.Series(1.0, ranked.index[10 * place // len(ranked) + 1 == number])

    return choose


def planned(name: str, market: Market, point: dict[str, Any]) -> pd.Series:
    study = gp.load_study(name).set({"window.from": FROM, "window.to": TO}).at(point)
    plan = build_plan(study, market, resolve("reference"))
    return pd.Series(plan.problem.returns[0, 0], pd.DatetimeIndex(plan.days))


def assert_same(own: pd.Series, other: pd.Series) -> None:
    assert (own.index == other.index).all()
    np.testing.assert_allclose(own, other, rtol=0.0, atol=1e-9)


@pytest.mark.parametrize(
    ("point", "count", "every", "cost"),
    [({}, 400, 1, 0.0), ({"small.every": 5, "small.count": 50, "cost": 0.003}, 50, 5, 0.003)],
)
def test_the_index_of_the_smallest(
    stocks: Stocks, markets: dict[str, Market], point: dict[str, Any], count: int, every: int, cost: float
) -> None:
    expected = stocks.returns(stocks.cap[stocks.inside], equal(count), every, cost)
    assert_same(planned("microcap-index", markets["microcap-index"], point), expected)


def test_share_of_the_market_and_weights_of_industries(stocks: Stocks, markets: dict[str, Market]) -> None:
    study = gp.load_study("microcap-index").set({"window.from": FROM, "window.to": TO}).at({})
    (found,) = explain_baskets(study, markets["microcap-index"], np.datetime64(TO), "industry")
    universe = stocks.cap[stocks.inside].iloc[-1].dropna().sort_values(kind="stable")
    assert [one.code for one in found.held] == list(universe.index[:400])
    assert found.share == pytest.approx(400 / len(universe))
    assert found.value_share == pytest.approx(universe.iloc[:400].sum() / universe.sum())
    industry = pd.read_csv(ASHARE / INDUSTRIES).set_index("code")["sw1_name"].reindex(universe.index[:400])
    expected = industry.fillna("unknown").value_counts(normalize=True).to_dict()
    assert {name: weight for name, (_, weight) in found.groups.items()} == pytest.approx(expected)


def test_groups_by_size_with_st(stocks: Stocks, markets: dict[str, Market]) -> None:
    key = stocks.cap[stocks.with_st]
    for number in (1, 10):
        point = {"group.where": "not unopened", "group.count": f"{number}/10"}
        own = planned("size-deciles", markets["microcap-index"], point)
        assert_same(own, stocks.returns(key, tenth(number), 1))


def test_the_strongest_and_the_weakest(stocks: Stocks, markets: dict[str, Market]) -> None:
    """Momentum of a year without its last month; reversal of a month, weighted by traded value."""
    mean = stocks.amount.rolling(60).mean()
    liquid = stocks.inside & (mean > 50_000_000)
    strong = stocks.close.shift(20) / stocks.close.shift(240) - 1.0
    expected = stocks.returns(-strong[liquid], equal(100), 20, 0.001)
    assert_same(planned("momentum-stocks", markets["microcap-index"], {}), expected)
    weak = stocks.close / stocks.close.shift(20) - 1.0
    before = stocks.value.index.get_loc(stocks.days[0]) - 1
    formed = iter(mean.index[range(before, len(mean), 20)])
    expected = stocks.returns(weak[liquid], lambda ranked: mean.loc[next(formed)][ranked.index[:100]], 20, 0.001)
    assert_same(planned("reversal-stocks", markets["microcap-index"], {}), expected)


def test_rotation_and_timing_of_a_basket(stocks: Stocks, markets: dict[str, Market]) -> None:
    cost, data = 0.003, real_data(ASHARE, "8841431.WI", "000300.SH")
    calendar = pd.DatetimeIndex(data["calendar"].loc["2005-01-04":].index)  # type: ignore[misc]
    _, daily = evaluate_system("R7", data, calendar, (FROM, TO), rate_release=1, cost=cost)
    basket = stocks.returns(stocks.cap[stocks.inside], equal(400), 1, cost)
    large = data["large"].pct_change()[daily.index]
    earned = pd.Series(np.select([daily["leg"] == "small", daily["leg"] == "large"], [basket, large], 0.0), daily.index)
    expected = (1.0 + earned) * (1.0 - daily["cost"]) - 1.0
    assert daily["switch"].sum() > 2
    study = gp.load_study("microcap-selection-rotation").set({"window.from": FROM, "window.to": TO})
    curve = evaluate_point(study, markets["microcap-selection-rotation"], {"cost": cost}).curve
    assert_same(curve["return"], expected)
