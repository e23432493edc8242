"""The published systems as studies of the engine, and made-up markets, for both implementations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridproof.signals.data.market import Market
from gridproof.signals.data.source import Observations, Source
from gridproof.sweeps.study.document import Document, parse_value
from gridproof.sweeps.study.study import Study, build_study

MONEY, VALUE = "china_money_supply_monthly.csv", "index_pe_daily.csv"
SERIES = {
    "sse": "{file: index_daily.parquet, code: 000001.SH, field: close}",
    "small": "{file: index_daily.parquet, code: SMALL, field: close}",
    "large": "{file: index_daily.parquet, code: 000300.SH, field: close}",
    "cn10y": "{file: china_treasury_daily.csv, field: cn_y10, release: 0}",
    "m1": f"{{file: {MONEY}, date: month_end, field: m1_yoy, release: usable_from_conservative}}",
    "pe_small": f"{{file: {VALUE}, field: csi500_pe, release: 0}}",
    "pe_large": f"{{file: {VALUE}, field: hs300_pe, release: 0}}",
}
SIGNALS = {
    "rate": "{value: 'where(relative == 1, pct_change(cn10y, window), diff(cn10y, window))', window: 243, "
    "relative: 1, latch: {on_above: 0.30, off_below: -0.20}}",
    "crowd": "{value: 'pct_change(volatility(small, window) / volatility(large, window), change)', window: 20, "
    "change: 243, latch: {on_above: 0.55, off_below: 0.30}}",
    "value": "{value: 'pct_change(pe_small / pe_large, change)', change: 243, "
    "latch: {on_above: 0.55, off_below: 0.30}}",
    "trend": "{value: 'small / large / mean(small / large, window) - 1', window: 243}",
    "fork": "{when: {small: 'relative_slope(small, window) > 0 and relative_slope(large, window) < 0', "
    "large: 'relative_slope(small, window) < 0 and relative_slope(large, window) > 0'}, window: 20}",
    "growth": "{when: 'turning_point(m1, smooth, confirm, direction)', smooth: 6, confirm: 1, direction: trough}",
}
STYLE = "growth or fork.small or (trend and not fork.large)"
RULES = {
    "T1": "{cash: rate, small: otherwise}",
    "T2": "{cash: crowd, small: otherwise}",
    "T3": "{cash: value, small: otherwise}",
    "T4": "{cash: rate and crowd, small: otherwise}",
    "R2": "{small: growth, large: otherwise}",
    "R4": "{small: trend, large: otherwise}",
    "R5": "{small: fork.small or (trend and not fork.large), large: otherwise}",
    "R5-hold": "{small: fork.small, large: fork.large, hold: otherwise}",
    "R6": f"{{small: {STYLE}, large: otherwise}}",
    "R7": f"{{cash: ({STYLE}) and rate and crowd, small: {STYLE}, large: otherwise}}",
}
Stamp = dict[str, tuple[float, float]]
# The notices on stamp tax, written down anew: rates on purchases and on sales.
CHINA = {
    "1997-05-10": (0.005, 0.005),
    "1998-06-12": (0.004, 0.004),
    "2001-11-16": (0.002, 0.002),
    "2005-01-24": (0.001, 0.001),
    "2007-05-30": (0.003, 0.003),
    "2008-04-24": (0.001, 0.001),
    "2008-09-19": (0.0, 0.001),
    "2023-08-28": (0.0, 0.0005),
}
WEEKS = pd.date_range("2017-06-01", "2018-12-31", freq="3D")  # changes so often that some fall on a trade
OWN = {"2010-03-01": (0.0, 0.002), "2019-06-03": (0.0, 0.0007)}


def study_of(
    system: str, window: tuple[str, str], published: str | None, stamp: dict[str, Stamp], small: str = ""
) -> Study:
    """A study of one system. ``small``: the index code of the small leg; ``stamp`` as ``evaluate`` takes it."""
    signals = {name: text for name, text in SIGNALS.items() if name in RULES[system]}
    series = SERIES | {"small": SERIES["small"].replace("SMALL", small or "X")}
    used = {name: text for name, text in series.items() if name in ("sse", "small", "large") or name in str(signals)}
    taxes = {leg: "china" if table is CHINA else written(table) for leg, table in stamp.items()}
    legs = {leg: f"{leg}, stamp_tax: {taxes[leg]}" if leg in taxes else leg for leg in ("small", "large")}
    text = f"""
name: {system}
market: {{calendar: sse}}
series: {written(used)}
legs: {{small: {{series: {legs["small"]}}}, large: {{series: {legs["large"]}}}, cash: {{interest: 0.0}}}}
signals: {written(signals)}
rule: {RULES[system]}
window: {{from: {window[0]}, to: {window[1]}{f", published: {published}" if published else ""}}}
"""
    return build_study(Document(f"{system}.yaml", parse_value(text), {}))


def written(mapping: dict[str, Any]) -> str:
    """A mapping in YAML; of a stamp tax the rate on sales."""
    return "{" + ", ".join(f"{k}: {v[1] if isinstance(v, tuple) else v}" for k, v in mapping.items()) + "}"


def asked(system: str, given: dict[str, Any]) -> dict[str, Any]:
    """What ``evaluate_system`` takes, as a point of the engine; what the system does not use is left out."""
    names = {
        "rate": ("rate.window", "rate.relative", "rate.on_above", "rate.off_below"),
        "crowd": ("crowd.window", "crowd.change", "crowd.on_above", "crowd.off_below"),
        "value": ("value.change", "value.on_above", "value.off_below"),
        "trend": ("trend.window",),
        "fork": ("fork.window",),
        "growth": ("growth.smooth", "growth.confirm", "growth.direction"),
        "rate_release": ("cn10y.release",),
        "value_release": ("pe_small.release",),
        "growth_release": ("m1.release",),
        "lag": ("lag",),
        "cost": ("execution.cost",),
        "interest": ("cash.interest",),
        "rf": ("risk_free",),
        "P": ("market.periods",),
    }
    point: dict[str, Any] = {}
    for key, value in given.items():
        if (key.split("_")[0] in SIGNALS and key.split("_")[0] not in RULES[system]) or value is None:
            continue
        if key in ("carry", "leg_cost"):
            point |= {f"{leg}.{key.removeprefix('leg_')}": rate for leg, rate in value.items()}
        elif key in names:
            values = value if isinstance(value, tuple) else (value,)
            values = tuple({"relative": 1, "difference": 0}.get(each, each) for each in values)
            point |= dict(zip(names[key], values, strict=True))
            if key == "value_release":
                point["pe_large.release"] = value
    return point


def made_up(rng: np.random.Generator) -> tuple[Market, dict[str, pd.Series]]:
    """A market of 420 days for the engine and for the other: own days for each series, months in tenths."""
    days = pd.bdate_range("2017-01-02", periods=460)
    days = days[rng.random(460) > 0.05][:420]
    every = pd.date_range(days[0], days[-1])
    months = pd.date_range(days[0], days[-1], freq="ME")

    def closes(index: pd.DatetimeIndex) -> pd.Series:
        return pd.Series(100 * np.exp(rng.normal(0, 0.015, len(index)).cumsum()), index=index)

    data = {name: closes(days) for name in ("calendar", "small", "large")}
    for name, source in (("yield", "yield"), ("pe_small", "pe"), ("pe_large", "pe")):
        index = every[(rng.random(len(every)) < 0.8) | (np.arange(len(every)) < 3)]
        data[name] = closes(index).round(2 if source == "pe" else int(rng.integers(0, 4)))  # to whole numbers: ties
    data["m1"] = pd.Series(rng.integers(-12, 13, len(months)) / 10, index=months)
    data["usable"] = pd.Series(months + pd.to_timedelta(rng.integers(0, 25, len(months)), "D"), index=months)
    names = {"calendar": "sse", "yield": "cn10y"}
    series = {}
    for name, each in data.items():
        if name == "usable":
            continue
        columns = {"usable_from_conservative": data["usable"].to_numpy().astype("datetime64[D]")}
        dates = pd.DatetimeIndex(each.index).to_numpy().astype("datetime64[D]")
        own = names.get(name, name)
        series[own] = Observations(Source(own, "f", "v"), dates, each.to_numpy(float), columns if name == "m1" else {})
    return Market(series["sse"].dates, series), data


def made_up_parameters(rng: np.random.Generator) -> dict[str, Any]:
    """Something for every parameter there is."""
    on, high, dear = (round(float(each), 3) for each in rng.uniform(-0.05, 0.1, 3))
    down = (round(float(each), 3) for each in rng.uniform(0, 0.1, 3))
    kind = str(rng.choice(["relative", "difference"]))
    on = 0.0 if rng.random() < 0.3 else on  # equal yields are neither above nor below
    often = {str(day.date()): (0.0, rate) for day, rate in zip(WEEKS, rng.uniform(0, 0.01, len(WEEKS)), strict=True)}
    return {
        "rate": (int(rng.integers(1, 60)), kind, on, on - next(down)),
        "rate_release": int(rng.integers(0, 5)),
        "crowd": (int(rng.integers(2, 40)), int(rng.integers(1, 60)), high, high - next(down)),
        "value": (int(rng.integers(1, 60)), dear, dear - next(down)),
        "value_release": int(rng.integers(0, 5)),
        "trend": int(rng.integers(2, 90)),
        "fork": int(rng.integers(2, 40)),
        "growth": (int(rng.integers(1, 4)), int(rng.integers(1, 3)), str(rng.choice(["peak", "trough"]))),
        "growth_release": [None, 0, 1, 9, "12 calendar days"][rng.integers(5)],
        "lag": int(rng.integers(1, 5)),
        "cost": float(rng.choice([0.0, 0.001, 0.02])),
        "leg_cost": {"small": 0.002, "large": 0.0005},
        "carry": {"small": -0.03, "large": float(rng.choice([0.0, 0.025]))},
        "interest": float(rng.choice([0.0, 0.03])),
        "stamp": ({}, {"small": often}, {"large": often}, {"small": CHINA, "large": OWN})[rng.integers(4)],
        "rf": float(rng.choice([0.0, 0.02])),
        "P": float(rng.choice([243, 252])),
    }
