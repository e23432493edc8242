"""Money in three legs and cash, day by day in plain Python from docs/execution.md and docs/mixes.md alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache, partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.support.plain_execution import CASH, Prices, PricesOf, Terms, follow

PERIODS = 260.0
LEGS = ("a", "b", "c", CASH)
STOCKS = LEGS[:3]
DAYS = pd.bdate_range("2019-01-01", "2020-03-31").drop(pd.to_datetime(["2019-05-31", "2019-10-04", "2020-01-31"]))
FIRST = "2019-05-13"
Weights = tuple[float, ...]
Fund = tuple[Weights, str]  # the weights that it is set back to, and when


def frame(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(100 + seed)
    close = 20.0 * np.exp(np.cumsum(rng.normal(0.0003, 0.015, len(DAYS))))
    before = np.concatenate([[20.0], close[:-1]])
    opened = before * np.exp(rng.normal(0.0, 0.008, len(DAYS)))
    low = np.minimum(opened, close) * np.exp(-np.abs(rng.normal(0.0, 0.008, len(DAYS))))
    amount = rng.uniform(1e8, 2e9, len(DAYS))
    paid = np.where(rng.random(len(DAYS)) < 0.1, rng.uniform(0.0, 0.03, len(DAYS)), 0.0)
    price = close[0] * np.cumprod(np.append(1.0, close[1:] / close[:-1] - paid[1:]))
    columns = {"close": close, "open": opened, "low": low, "amount": amount, "price": price}
    return pd.DataFrame({"date": DAYS.date, **columns})


FRAMES = {leg: frame(number) for number, leg in enumerate(STOCKS)}
Columns = Mapping[str, Mapping[str, list[float]]]
KEYS = ("close", "open", "low", "amount", "price")
COLUMNS: Columns = {leg: {key: one[key].tolist() for key in KEYS} for leg, one in FRAMES.items()}


def write_frames(folder: Path, until: int | None = None) -> Path:
    for leg, one in FRAMES.items():
        one[:until].to_csv(folder / f"{leg}.csv", index=False)
    return folder


@dataclass(frozen=True)
class Expected:
    """By day of the window: the weights from the close before on, (D, L), the return, the cost of a switch, the value
    traded over NAV, the return before all costs and the fund held; why each position ended; and the metrics by name.

    ``alone``: by name the daily returns of each leg and each mix of given weights, held throughout."""

    weights: np.ndarray
    returns: np.ndarray
    costs: np.ndarray
    traded: np.ndarray
    gross: np.ndarray
    held: list[Fund]
    ends: list[str]
    alone: dict[str, np.ndarray]
    metrics: dict[str, float]
    after: dict[str, float] | None = None


@cache
def new_period(every: str) -> np.ndarray:
    """(T,) whether a day is the first of its week or month."""
    periods = DAYS.to_period({"weekly": "W-SUN", "monthly": "M"}[every])
    return np.append(False, periods[1:] != periods[:-1])


class Account:
    """Legs, costs and funds of one study on the days of its window."""

    def __init__(self, raw: Mapping[str, Any], columns: Columns = COLUMNS) -> None:
        self.execution, self.columns = raw["execution"], columns
        self.first = int(np.searchsorted(DAYS, pd.Timestamp(FIRST)))
        self.days = len(DAYS) - self.first
        self.legs = raw["legs"]
        self._lives: dict[Fund, _Life] = {}
        self._entered: dict[tuple[Fund, int], Prices] = {}
        self.weights: list[list[float]] = []
        self.returns: list[float] = []
        self.costs: list[float] = []
        self.traded: list[float] = []
        self.kept: list[float] = []

    def follow(self, targets: Sequence[Fund]) -> tuple[list[Fund], list[str]]:
        """What is held on each day, and why each position ended; what it earns is then in ``weights``, ``returns`` and
        ``costs``."""
        funds = {f"fund {number}": fund for number, fund in enumerate(dict.fromkeys(targets))}
        cash: Fund = ((0.0, 0.0, 0.0, 1.0), "never")
        funds = {name: fund for name, fund in funds.items() if fund[0] != cash[0]}
        names = {fund: name for name, fund in funds.items()}
        keys = [field.name for field in fields(Terms) if field.name in self.execution]
        terms = Terms(**{key: self.execution[key] for key in keys})
        prices = {name: self._prices(fund) for name, fund in funds.items()}
        self._values = list(self._life(targets[0]).weights[0])

        def books(day: int, before: str, after: str) -> tuple[float, float]:
            return self._trade(day, fund_of(before), fund_of(after))

        def fund_of(name: str) -> Fund:
            whole, _, share = name.partition(" × ")
            weights, rebalance = funds.get(whole, cash)
            if not share:
                return weights, rebalance
            alone = weights.count(0.0) == len(LEGS) - 1
            risky = tuple(float(share) * weight for weight in weights[:-1])
            return (*risky, 1.0 - sum(risky)), self.execution.get("rebalance", "daily") if alone else rebalance

        ends: list[str] = []
        held = follow([names.get(target, CASH) for target in targets], prices, terms, books, ends)
        return [fund_of(name) for name in held], ends

    def _prices(self, fund: Fund) -> PricesOf:
        if fund[0].count(0.0) == len(LEGS) - 1:
            one = self.columns[LEGS[fund[0].index(1.0)]]
            return Prices(*(one[key][self.first - 1 :] for key in ("close", "open", "low")))
        if fund[1] == "entry":
            return partial(self._prices_from, fund)
        life = self._life(fund)
        return Prices(life.value, life.opened, life.value)

    def _prices_from(self, fund: Fund, entered: int) -> Prices:
        """Of a fund whose weights are set when it is entered: 1 there, and nothing before."""
        if (fund, entered) not in self._entered:
            close, opened = [float("nan")] * entered + [1.0], [float("nan")] * entered + [1.0, 1.0]
            values = list(fund[0])
            if self.execution["at"] == "open" and entered > 0:
                values = self._as_from_close(entered, values)
            for day in range(entered, self.days):
                values = self._growth(day, values)
                close.append(sum(values))
            self._entered[fund, entered] = Prices(close, opened, close)
        return self._entered[fund, entered]

    def _as_from_close(self, day: int, opened: Sequence[float]) -> list[float]:
        """What must be held at the close before a day to have these values at its open."""
        units = [-1.0 if value < 0.0 else 1.0 for value in opened]
        grown = self._to_open(day, units)
        return [value * unit / at_open for value, unit, at_open in zip(opened, units, grown, strict=True)]

    def _growth(self, day: int, values: Sequence[float]) -> list[float]:
        """What the money in each leg at the close before becomes on a day of the window."""
        found = []
        for leg, value in zip(LEGS, values, strict=True):
            terms = self.legs[leg]
            if leg == CASH:
                rate = terms["interest"] if value >= 0.0 else terms.get("financing", terms["interest"])
                found.append(value * (1.0 + rate) ** (1.0 / PERIODS))
                continue
            close = self.columns[leg]["close"]
            grown = value * close[self.first + day] / close[self.first + day - 1] * self._kept(leg, day, value)
            grown *= (1.0 + terms.get("carry", 0.0)) ** (1.0 / PERIODS)
            if value < 0.0:
                grown *= (1.0 + terms.get("borrow_fee", 0.0)) ** (1.0 / PERIODS)
            found.append(float(grown))
        return found

    def _kept(self, leg: str, day: int, value: float) -> float:
        """What is left of the value of a leg when its dividends of a day are taxed; who is short owes all of them."""
        tax, on = self.legs[leg].get("dividend_tax", 0.0), self.first + day
        if not tax or value < 0.0:
            return 1.0
        close, price = self.columns[leg]["close"], self.columns[leg]["price"]
        grown = close[on] / close[on - 1]
        return float((grown - tax * (grown - price[on] / price[on - 1])) / grown)

    def _to_open(self, day: int, values: Sequence[float]) -> list[float]:
        found = []
        for leg, value in zip(LEGS, values, strict=True):
            if leg != CASH:
                one = self.columns[leg]
                value *= (
                    one["open"][self.first + day] / one["close"][self.first + day - 1] * self._kept(leg, day, value)
                )
            found.append(value)
        return found

    def _rebalanced(self, fund: Fund, day: int) -> bool:
        """Whether it is set back at the close before a day of the window."""
        if fund[1] in ("daily", "never", "entry"):
            return day > 0 and fund[1] == "daily"
        return day > 0 and bool(new_period(fund[1])[self.first + day])

    def _charge(self, day: int, before: Sequence[float], weights: Sequence[float], at_open: bool) -> float:
        """The share of NAV that the trades cost that lead from these values to these weights."""
        nav, paid = sum(before), 0.0
        on = self.first + day - (not at_open)
        for leg, value, weight in zip(LEGS, before, weights, strict=True):
            share = weight - value / nav
            if leg == CASH or abs(share) < 1e-11:
                continue
            terms, size = self.legs[leg], abs(share)
            cost = self.execution["cost"] + terms.get("cost", 0.0)
            least = self.execution.get("min_commission", 0.0)
            paid += max(size * cost, least / self.execution["capital"] if least else 0.0)
            if share < 0.0:
                taxed = "stamp_tax" in terms and DAYS[on] >= pd.Timestamp(next(iter(terms["stamp_tax"])))
                paid += size * (
                    terms.get("sale_cost", 0.0) + (next(iter(terms["stamp_tax"].values())) if taxed else 0.0)
                )
            if terms.get("impact"):
                over = self.execution["capital"] * size / self.columns[leg]["amount"][on]
                paid += size * terms["impact"] * over ** terms["impact_power"]
        return float(paid)

    def alone(self, fund: Fund) -> np.ndarray:
        """The daily returns of a fund that is held throughout."""
        value = np.array(self._life(fund).value)
        found: np.ndarray = value[1:] / value[:-1] - 1.0
        return found

    def _life(self, fund: Fund) -> _Life:
        """The fund from the window's start on."""
        if fund not in self._lives:
            values, life = list(fund[0]), _Life([1.0], [1.0], [], [])
            for day in range(self.days):
                paid = 0.0
                if self._rebalanced(fund, day):
                    paid = self._charge(day, values, fund[0], at_open=False)
                    values = [weight * sum(values) * (1.0 - paid) for weight in fund[0]]
                life.weights.append([value / sum(values) for value in values])
                life.paid.append(paid)
                life.opened.append(sum(self._to_open(day, values)))
                values = self._growth(day, values)
                life.value.append(sum(values))
            self._lives[fund] = life
        return self._lives[fund]

    def _trade(self, day: int, before: Fund, fund: Fund) -> tuple[float, float]:
        """A day of the account, which switches from one fund to another or to the same. Returns its NAV just before the
        switch and at the close."""
        at_open = self.execution["at"] == "open"
        values = self._values
        life, start, kept = self._life(fund), sum(values), 1.0
        nav_before, traded = start, 0.0
        switched = day > 0 and fund != before
        old = self._life(before) if switched and at_open else life
        weights = list(old.weights[day])
        if fund[1] == "entry":
            weights = list(fund[0]) if switched or day == 0 else [value / start for value in values]
        if (switched and not at_open) or self._rebalanced(before if switched and at_open else fund, day):
            setting = old.weights[day] if switched and at_open else weights
            kept -= self._charge(day, values, setting, at_open=False)
            traded += _value_traded(values, setting)
            values = [weight * start * kept for weight in setting]
        if switched and at_open:
            opened = self._to_open(day, values)
            nav_before = sum(opened)
            wanted = self._to_open(day, life.weights[day])
            wanted = list(fund[0]) if fund[1] == "entry" else [value / sum(wanted) for value in wanted]
            paid = self._charge(day, opened, wanted, at_open=True)
            kept *= 1.0 - paid
            traded += _value_traded(opened, wanted)
            # As if held from the close before on: carry and interest of a day are of what is held at the close.
            values = self._as_from_close(day, [weight * nav_before * (1.0 - paid) for weight in wanted])
        self.weights.append(weights if fund[1] == "entry" else life.weights[day])
        self.traded.append(traded)
        self.kept.append(kept)
        self.costs.append(1.0 - kept / (1.0 - old.paid[day]) if switched else 0.0)
        self._values = self._growth(day, values)
        self.returns.append(sum(self._values) / start - 1.0)
        return nav_before, sum(self._values)


def _value_traded(before: Sequence[float], weights: Sequence[float]) -> float:
    """In stocks, over NAV, of the trades that lead from these values to these weights."""
    stocks = zip(before[:3], weights[:3], strict=True)
    return float(sum(abs(weight - value / sum(before)) for value, weight in stocks))


@dataclass(frozen=True)
class _Life:
    """Of a fund: values at the closes from that before the window on, D + 1; at the opens, one more in front; weights
    from the close before each day on, and what it pays there."""

    value: list[float]
    opened: list[float]
    weights: list[list[float]]
    paid: list[float]


def metrics_of(held: Sequence[Fund], returns: np.ndarray, traded: np.ndarray, days: slice) -> dict[str, float]:
    """On some days of the window. A ratio to a volatility, a downside or a fall of 0 is undefined."""
    r, n = pd.Series(returns[days]), len(returns[days])
    nav = np.append(1.0, (1.0 + r).cumprod())
    excess = r.mean() - 0.01 / PERIODS
    spread = r.std() if r.std() > 1e-12 else np.nan
    downside = ((r - 0.01 / PERIODS).clip(upper=0.0) ** 2).mean() or np.nan
    fall = float((nav / np.maximum.accumulate(nav) - 1.0).min())
    cagr = nav[-1] ** (PERIODS / n) - 1.0
    outside = np.array([fund[0][:3] for fund in held[days]])
    centred = (r - r.mean()) / (spread * (1.0 - 1.0 / n) ** 0.5)
    return {
        "total_return": nav[-1] - 1.0,
        "cagr": cagr,
        "volatility": r.std() * PERIODS**0.5,
        "sharpe": excess / spread * PERIODS**0.5,
        "sortino": excess / downside**0.5 * PERIODS**0.5,
        "max_drawdown": fall,
        "calmar": cagr / -fall if fall < -1e-12 else np.nan,
        "skewness": (centred**3).mean(skipna=False),
        "kurtosis": (centred**4).mean(skipna=False),
        "switches": float(sum(one != other for one, other in pairwise(held[max(days.start - 1, 0) : days.stop]))),
        "turnover": traded[days].sum() * PERIODS / n,
        "exposure": np.abs(outside).sum(axis=1).mean(),
    }
