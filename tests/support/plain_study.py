"""Whole studies with every key of execution, mixes and sleeves, day by day in plain Python from docs/execution.md and
docs/mixes.md alone: signals in pandas, then money in each leg."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from tests.support.plain_account import (
    COLUMNS,
    DAYS,
    FIRST,
    FRAMES,
    LEGS,
    PERIODS,
    STOCKS,
    Account,
    Columns,
    Expected,
    Fund,
    metrics_of,
    new_period,
)
from tests.support.plain_execution import CASH

CLOSE = 1e-9
SIGNALS = {"up": "a > mean(a, 12)", "lead": "b / lag(b, 15) > a / lag(a, 15)", "calm": "c > mean(c, 30)"}
FORMULA = "(0.01 / std(pct_change(a, 1), 15) + 0.3) / 2"
SECOND = "(0.012 / std(pct_change(b, 1), 15) + 0.1) / 2"
OFTEN_UNKNOWN = "(3 * sqrt(pct_change(b, 5) + 0.02) + 0.3) / 2"
Levels = Mapping[str, float]  # by formula, its value


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


def run(raw: Mapping[str, Any], columns: Columns = COLUMNS) -> Expected:
    """The one variant of a study of ``random_raw``, whose signals may have the parameters of ``drawn_study``."""
    account = Account(raw, columns)
    targets = _targets(raw)
    held, ends = account.follow(targets)
    daily = account.weights, account.returns, account.costs, account.traded, account.kept
    weights, returns, costs, traded, kept = (np.array(each) for each in daily)
    graded = {name for name, mix in raw.get("mixes", {}).items() if "step" in mix}
    alone = {name: account.alone(fund({})) for name, fund in _funds(raw).items() if name not in graded}
    published = raw["window"].get("published")
    days = DAYS[account.first :]
    cut = len(days) if published is None else int(np.searchsorted(days, pd.Timestamp(published)))
    segments = [metrics_of(held, returns, traded, slice(0, cut))]
    segments += [metrics_of(held, returns, traded, slice(cut, len(days)))] if cut < len(days) else []
    return Expected(weights, returns, costs, traded, (1.0 + returns) / kept - 1.0, held, ends, alone, *segments)


def _targets(raw: Mapping[str, Any]) -> list[Fund]:
    """What the rule wants on each day of the window."""
    execution = raw["execution"]
    close = pd.DataFrame({leg: one["close"].to_numpy() for leg, one in FRAMES.items()}, index=DAYS)
    a, b, c = (close[leg] for leg in STOCKS)
    window = raw["signals"].get("up", {}).get("n", 12)
    level = raw["signals"].get("lead", {}).get("latch", {}).get("on_above", 0.0)
    means = {"up": a.rolling(window).mean(), "lead": a.shift(15), "calm": c.rolling(30).mean()}
    states = {"up": a > means["up"], "lead": b / b.shift(15) - a / a.shift(15) > level, "calm": c > means["calm"]}
    values = pd.DataFrame(
        {
            FORMULA: (0.01 / a.pct_change().rolling(15).std() + 0.3) / 2,
            SECOND: (0.012 / b.pct_change().rolling(15).std() + 0.1) / 2,
            OFTEN_UNKNOWN: (3.0 * (b.pct_change(5) + 0.02).clip(lower=0.0).pow(0.5) + 0.3) / 2,
        }
    )
    values.loc[~(b.pct_change(5) + 0.02 >= 0.0), OFTEN_UNKNOWN] = np.nan
    defined = pd.concat(list(means.values()), axis=1).notna().all(axis=1)
    for mix in raw.get("mixes", {}).values():
        formulas = [mix[leg] for leg in _graded(mix)]
        if mix.get("missing") == "hold":
            values[formulas] = values[formulas].ffill()
        if mix.get("missing") != "off":
            defined &= values[formulas].notna().all(axis=1)
    decides = _decision_days(execution["decide"])
    sleeves = raw.get("sleeves") or {"all": {"rule": raw["rule"]}}
    shares = {name: one.get("share", 1.0 / len(sleeves)) for name, one in sleeves.items()}
    funds = _funds(raw)
    alone = len(sleeves) == 1
    # By sleeve what it has chosen, and the values of the formulas then: to hold is to keep the weights.
    position: dict[str, tuple[str, Levels]] = dict.fromkeys(sleeves, (CASH, {}))
    wanted: list[Fund] = []
    for day in range(len(DAYS)):
        if decides[day] and defined.iloc[day]:
            truth = {name: bool(state.iloc[day]) for name, state in states.items()}
            for name, one in sleeves.items():
                chosen = _choose(one["rule"], truth)
                position[name] = position[name] if chosen == "hold" else (chosen, dict(values.iloc[day]))
        if alone:
            chosen, levels = position["all"]
            wanted.append(funds[chosen](levels))
        else:
            total = np.zeros(len(LEGS))
            for name, share in shares.items():
                chosen, levels = position[name]
                total += share * np.array(funds[chosen](levels)[0])
            total[-1] += 1.0 - sum(shares.values())
            wanted.append((tuple(float(round(weight, 10)) for weight in total), execution.get("rebalance", "daily")))
    first = int(np.searchsorted(DAYS, pd.Timestamp(FIRST)))
    return [wanted[day - execution["lag"]] for day in range(first, len(DAYS))]


def _choose(rule: Mapping[str, str], truth: Mapping[str, bool]) -> str:
    for name, condition in rule.items():
        if condition == "otherwise" or eval(condition, {}, dict(truth)):
            return name
    raise AssertionError


def _graded(mix: Mapping[str, Any]) -> list[str]:
    return [leg for leg in STOCKS if isinstance(mix.get(leg), str) and mix[leg] != "rest"]


def nearest(wanted: Sequence[float], step: float, least: float, most: float, room: float) -> list[float]:
    """The weights of one day: the nearest steps, and while they are too much together, one step less of the one
    farthest above its formula."""
    highest = int((most - least) / step + CLOSE)
    places = [min(max((value - least) / step, 0.0), highest) for value in wanted]
    found = [min(int(place + 0.5 + CLOSE), highest) for place in places]
    while sum(least + step * at for at in found) > room + CLOSE:
        above = [at - place if at else -np.inf for at, place in zip(found, places, strict=True)]
        found[max(at for at in range(len(found)) if above[at] > max(above) - CLOSE)] -= 1
    return [round(least + step * at, 9) for at in found]


def _funds(raw: Mapping[str, Any]) -> dict[str, Callable[[Levels], Fund]]:
    """By name what a rule may choose, for the values of the formulas."""
    single = {leg: tuple(float(leg == other) for other in LEGS) for leg in LEGS}
    found: dict[str, Callable[[Levels], Fund]] = {leg: lambda _, leg=leg: (single[leg], "never") for leg in LEGS}

    def mixed(mix: Mapping[str, Any], levels: Levels) -> Fund:
        weights = {leg: mix.get(leg, 0.0) for leg in STOCKS}
        graded = _graded(mix)
        if graded:
            known = [mix["min"] if np.isnan(levels[mix[leg]]) else levels[mix[leg]] for leg in graded]
            room = max(1.0, mix["max"]) if len(graded) > 1 else np.inf
            weights |= zip(graded, nearest(known, mix["step"], mix["min"], mix["max"], room), strict=True)
        if mix.get("c") == "rest":
            weights["c"] = 1.0 - weights["a"] - weights["b"]
        row = tuple(round(weight, 10) for weight in (*weights.values(), 1.0 - sum(weights.values())))
        return row, mix.get("rebalance", "daily") if row not in single.values() else "never"

    return found | {name: lambda levels, mix=mix: mixed(mix, levels) for name, mix in raw.get("mixes", {}).items()}


def _decision_days(decide: str) -> np.ndarray:
    if decide == "daily":
        return np.ones(len(DAYS), dtype=bool)
    if decide.startswith("every"):
        return np.arange(len(DAYS)) % int(decide.split()[1]) == 0
    return np.append(new_period(decide)[1:], False)
