"""Whole studies with every key of execution, mixes and sleeves, day by day in plain Python from docs/execution.md and
docs/mixes.md alone: signals in pandas, then money in each leg."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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
SIGNALS = {"up": "a > mean(a, 12)", "lead": "b / lag(b, 15) > a / lag(a, 15)", "calm": "c > mean(c, 30)"}
FORMULA = "(0.01 / std(pct_change(a, 1), 15) + 0.3) / 2"

Weights = tuple[float, ...]
Fund = tuple[Weights, str]  # the weights that it is set back to, and when


def frame(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(100 + seed)
    close = 20.0 * np.exp(np.cumsum(rng.normal(0.0003, 0.015, len(DAYS))))
    before = np.concatenate([[20.0], close[:-1]])
    opened = before * np.exp(rng.normal(0.0, 0.008, len(DAYS)))
    low = np.minimum(opened, close) * np.exp(-np.abs(rng.normal(0.0, 0.008, len(DAYS))))
    amount = rng.uniform(1e8, 2e9, len(DAYS))
    return pd.DataFrame({"date": DAYS.date, "close": close, "open": opened, "low": low, "amount": amount})


FRAMES = {leg: frame(number) for number, leg in enumerate(STOCKS)}
COLUMNS = {leg: {key: one[key].tolist() for key in ("close", "open", "low", "amount")} for leg, one in FRAMES.items()}


def write_frames(folder: Path, until: int | None = None) -> Path:
    for leg, one in FRAMES.items():
        one[:until].to_csv(folder / f"{leg}.csv", index=False)
    return folder


def random_raw(rng: np.random.Generator) -> dict[str, Any]:
    """A study whose every axis has one value."""

    def pick(*values: Any) -> Any:
        return values[rng.integers(len(values))]

    columns = {"open": "open", "low": "low", "amount": "amount"}
    execution: dict[str, Any] = {
        "lag": pick(1, 1, 2, 3),
        "cost": pick(0.0, 0.001),
        "decide": pick("daily", "daily", "weekly", "monthly", "every 4"),
        "at": pick("close", "open"),
        "min_hold": pick(1, 4, 15),
        "stop": pick(0.0, 0.02, 0.05),
        "trailing_stop": pick(0.0, 0.03, 0.06),
        "stop_on": pick("close", "low"),
        "cooling": pick(0, 1, 7),
        "capital": pick(1e4, 1e7, 1e9),
        "min_commission": pick(0.0, 5.0),
    }
    raw: dict[str, Any] = {
        "name": "plain",
        "market": {"calendar": "a", "periods": PERIODS},
        "series": {leg: {"file": f"{leg}.csv", "field": "close"} for leg in STOCKS},
        "legs": {
            "a": {"series": "a", "carry": 0.03, "sale_cost": 0.001, "borrow_fee": pick(0.0, 0.05), **columns},
            "b": {"series": "b", "cost": 0.0005, "stamp_tax": {"2019-11-04": 0.004}, **columns},
            "c": {"series": "c", "impact": pick(0.0, 0.1), "impact_power": pick(0.5, 1.0), **columns},
            CASH: {"interest": pick(0.0, 0.02), "financing": pick(0.03, 0.06)},
        },
        "signals": {name: {"when": text} for name, text in SIGNALS.items()},
        "execution": execution,
        "window": {"from": FIRST},
        "risk_free": 0.01,
    }
    every = ("daily", "weekly", "monthly", "never")
    last = pick(CASH, CASH, "hold")
    kind = pick("legs", "mixes", "mixes", "graded", "sleeves", "sleeves")
    mixes: dict[str, Any] = {
        "lever": {"a": pick(1.0, 1.4), "b": pick(-0.4, 0.3), "rebalance": pick(*every)},
        "even": {"a": 0.3, "b": pick(0.2, 0.7), "c": "rest", "rebalance": pick(*every)},
    }
    if kind == "legs":
        raw["rule"] = {"a": "up and lead", "b": "lead", "c": "calm", last: "otherwise"}
    elif kind == "mixes":
        raw["rule"] = {"lever": "up and calm", "even": "lead", "c": "up", last: "otherwise"}
    elif kind == "graded":
        graded = {"a": FORMULA, "step": pick(0.1, 0.25), "min": pick(0.0, 0.2), "max": pick(0.8, 1.2)}
        mixes = {"aimed": graded | {"rebalance": pick(*every)}, "even": mixes["even"]}
        raw["rule"] = {"aimed": "up or calm", "even": "lead", last: "otherwise"}
    else:
        for one in mixes.values():
            del one["rebalance"]
        shares = pick((0.5, 0.3), (0.6, 0.4), (None, None))
        rules = {"first": {"a": "up", "lever": "calm", last: "otherwise"},
                 "second": {"b": "lead", "even": "up", CASH: "otherwise"}}  # fmt: skip
        raw["sleeves"] = {
            name: {"rule": rule} | ({} if share is None else {"share": share})
            for (name, rule), share in zip(rules.items(), shares, strict=True)
        }
        execution["rebalance"] = pick(*every)
    if kind != "legs":
        raw["mixes"] = mixes
    else:
        del raw["legs"]["a"]["borrow_fee"], raw["legs"][CASH]["financing"]
    return raw


@dataclass(frozen=True)
class Expected:
    """By day of the window: the weights from the close before on, (D, L), the return, the cost of a switch and the
    value traded over NAV; and the metrics by name."""

    weights: np.ndarray
    returns: np.ndarray
    costs: np.ndarray
    traded: np.ndarray
    metrics: dict[str, float]


def run(raw: Mapping[str, Any]) -> Expected:
    """The one variant of a study of ``random_raw``."""
    account = _Account(raw)
    held = account.follow(_targets(raw))
    daily = account.weights, account.returns, account.costs, account.traded
    weights, returns, costs, traded = (np.array(each) for each in daily)
    return Expected(weights, returns, costs, traded, _metrics(held, returns, traded))


def _targets(raw: Mapping[str, Any]) -> list[Fund]:
    """What the rule wants on each day of the window."""
    execution = raw["execution"]
    close = pd.DataFrame({leg: one["close"].to_numpy() for leg, one in FRAMES.items()}, index=DAYS)
    a, b, c = (close[leg] for leg in STOCKS)
    means = {"up": a.rolling(12).mean(), "lead": a.shift(15), "calm": c.rolling(30).mean()}
    states = {"up": a > means["up"], "lead": b / b.shift(15) > a / a.shift(15), "calm": c > means["calm"]}
    graded = (0.01 / a.pct_change().rolling(15).std() + 0.3) / 2
    defined = pd.concat(list(means.values()), axis=1).notna().all(axis=1)
    if any("step" in mix for mix in raw.get("mixes", {}).values()):
        defined &= graded.notna()
    decides = _decision_days(execution["decide"])
    sleeves = raw.get("sleeves") or {"all": {"rule": raw["rule"]}}
    shares = {name: one.get("share", 1.0 / len(sleeves)) for name, one in sleeves.items()}
    funds = _funds(raw)
    alone = len(sleeves) == 1
    # By sleeve what it has chosen, and the value of the formula then: to hold is to keep the weights.
    position = dict.fromkeys(sleeves, (CASH, 0.0))
    wanted: list[Fund] = []
    for day in range(len(DAYS)):
        if decides[day] and defined.iloc[day]:
            truth = {name: bool(state.iloc[day]) for name, state in states.items()}
            for name, one in sleeves.items():
                chosen = _choose(one["rule"], truth)
                position[name] = position[name] if chosen == "hold" else (chosen, float(graded.iloc[day]))
        if alone:
            chosen, level = position["all"]
            wanted.append(funds[chosen](level))
        else:
            total = np.zeros(len(LEGS))
            for name, share in shares.items():
                chosen, level = position[name]
                total += share * np.array(funds[chosen](level)[0])
            total[-1] += 1.0 - sum(shares.values())
            wanted.append((tuple(float(round(weight, 10)) for weight in total), execution.get("rebalance", "daily")))
    first = int(np.searchsorted(DAYS, pd.Timestamp(FIRST)))
    return [wanted[day - execution["lag"]] for day in range(first, len(DAYS))]


def _choose(rule: Mapping[str, str], truth: Mapping[str, bool]) -> str:
    for name, condition in rule.items():
        if condition == "otherwise" or eval(condition, {}, dict(truth)):
            return name
    raise AssertionError


def _funds(raw: Mapping[str, Any]) -> dict[str, Callable[[float], Fund]]:
    """By name what a rule may choose, for the value of the formula."""
    single = {leg: tuple(float(leg == other) for other in LEGS) for leg in LEGS}
    found: dict[str, Callable[[float], Fund]] = {leg: lambda _, leg=leg: (single[leg], "never") for leg in LEGS}

    def mixed(mix: Mapping[str, Any], level: float) -> Fund:
        weights = {leg: mix.get(leg, 0.0) for leg in STOCKS}
        if "step" in mix:
            highest = np.floor((mix["max"] - mix["min"]) / mix["step"] + 1e-9)
            number = np.clip(np.floor((level - mix["min"]) / mix["step"] + 0.5), 0, highest)
            weights["a"] = float(mix["min"] + number * mix["step"])
        if mix.get("c") == "rest":
            weights["c"] = 1.0 - weights["a"] - weights["b"]
        row = tuple(round(weight, 10) for weight in (*weights.values(), 1.0 - sum(weights.values())))
        return row, mix.get("rebalance", "daily") if row not in single.values() else "never"

    return found | {name: lambda level, mix=mix: mixed(mix, level) for name, mix in raw.get("mixes", {}).items()}


def _decision_days(decide: str) -> np.ndarray:
    if decide == "daily":
        return np.ones(len(DAYS), dtype=bool)
    if decide.startswith("every"):
        return np.arange(len(DAYS)) % int(decide.split()[1]) == 0
    return np.append(_new_period(decide)[1:], False)


@cache
def _new_period(every: str) -> np.ndarray:
    """(T,) whether a day is the first of its week or month."""
    periods = DAYS.to_period({"weekly": "W-SUN", "monthly": "M"}[every])
    return np.append(False, periods[1:] != periods[:-1])


class _Account:
    """Legs, costs and funds of one study on the days of its window."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.execution = raw["execution"]
        self.first = int(np.searchsorted(DAYS, pd.Timestamp(FIRST)))
        self.days = len(DAYS) - self.first
        self.legs = raw["legs"]
        self._lives: dict[Fund, _Life] = {}
        self._entered: dict[tuple[Fund, int], Prices] = {}
        self.weights: list[list[float]] = []
        self.returns: list[float] = []
        self.costs: list[float] = []
        self.traded: list[float] = []

    def follow(self, targets: Sequence[Fund]) -> list[Fund]:
        """What is held on each day; what it earns is then in ``weights``, ``returns`` and ``costs``."""
        funds = {f"fund {number}": fund for number, fund in enumerate(dict.fromkeys(targets))}
        cash: Fund = ((0.0, 0.0, 0.0, 1.0), "never")
        funds = {name: fund for name, fund in funds.items() if fund[0] != cash[0]}
        names = {fund: name for name, fund in funds.items()}
        keys = ("lag", "at", "min_hold", "cooling", "stop", "trailing_stop", "stop_on", "nav_stop", "drawdown_stop")
        terms = Terms(**{key: self.execution[key] for key in keys if key in self.execution})
        prices = {name: self._prices(fund) for name, fund in funds.items()}
        self._values = list(self._life(targets[0]).weights[0])

        def books(day: int, before: str, after: str) -> tuple[float, float]:
            return self._trade(day, funds.get(before, cash), funds.get(after, cash))

        held = follow([names.get(target, CASH) for target in targets], prices, terms, books)
        return [funds.get(name, cash) for name in held]

    def _prices(self, fund: Fund) -> PricesOf:
        if fund[0].count(0.0) == len(LEGS) - 1:
            one = COLUMNS[LEGS[fund[0].index(1.0)]]
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
        return [value / unit for value, unit in zip(opened, self._to_open(day, [1.0] * len(LEGS)), strict=True)]

    def _growth(self, day: int, values: Sequence[float]) -> list[float]:
        """What the money in each leg at the close before becomes on a day of the window."""
        found = []
        for leg, value in zip(LEGS, values, strict=True):
            terms = self.legs[leg]
            if leg == CASH:
                rate = terms["interest"] if value >= 0.0 else terms.get("financing", terms["interest"])
                found.append(value * (1.0 + rate) ** (1.0 / PERIODS))
                continue
            close = COLUMNS[leg]["close"]
            grown = value * close[self.first + day] / close[self.first + day - 1]
            grown *= (1.0 + terms.get("carry", 0.0)) ** (1.0 / PERIODS)
            if value < 0.0:
                grown *= (1.0 + terms.get("borrow_fee", 0.0)) ** (1.0 / PERIODS)
            found.append(float(grown))
        return found

    def _to_open(self, day: int, values: Sequence[float]) -> list[float]:
        found = []
        for leg, value in zip(LEGS, values, strict=True):
            if leg != CASH:
                one = COLUMNS[leg]
                value *= float(one["open"][self.first + day] / one["close"][self.first + day - 1])
            found.append(value)
        return found

    def _rebalanced(self, fund: Fund, day: int) -> bool:
        """Whether it is set back at the close before a day of the window."""
        if fund[1] in ("daily", "never", "entry"):
            return day > 0 and fund[1] == "daily"
        return day > 0 and bool(_new_period(fund[1])[self.first + day])

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
            paid += max(size * cost, self.execution["min_commission"] / self.execution["capital"])
            if share < 0.0:
                taxed = "stamp_tax" in terms and DAYS[on] >= pd.Timestamp(next(iter(terms["stamp_tax"])))
                paid += size * (
                    terms.get("sale_cost", 0.0) + (next(iter(terms["stamp_tax"].values())) if taxed else 0.0)
                )
            if terms.get("impact"):
                over = self.execution["capital"] * size / COLUMNS[leg]["amount"][on]
                paid += size * terms["impact"] * over ** terms["impact_power"]
        return float(paid)

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


def _metrics(held: Sequence[Fund], returns: np.ndarray, traded: np.ndarray) -> dict[str, float]:
    r, n = pd.Series(returns), len(returns)
    nav = np.append(1.0, (1.0 + r).cumprod())
    excess = r - 0.01 / PERIODS
    volatility = r.std() * PERIODS**0.5
    fall = float((nav / np.maximum.accumulate(nav) - 1.0).min())
    cagr = nav[-1] ** (PERIODS / n) - 1.0
    outside = np.array([fund[0][:3] for fund in held])
    centred = r - r.mean()
    return {
        "total_return": nav[-1] - 1.0,
        "cagr": cagr,
        "volatility": volatility,
        "sharpe": excess.mean() * PERIODS / volatility,
        "sortino": excess.mean() * PERIODS / ((excess.clip(upper=0.0) ** 2).mean() * PERIODS) ** 0.5,
        "max_drawdown": fall,
        "calmar": cagr / -fall,
        "skewness": (centred**3).mean() / (centred**2).mean() ** 1.5,
        "kurtosis": (centred**4).mean() / (centred**2).mean() ** 2,
        "switches": float(sum(one != other for one, other in pairwise(held))),
        "turnover": traded.sum() * PERIODS / n,
        "exposure": np.abs(outside).sum(axis=1).mean(),
    }
