"""A made-up panel of stocks, and a study that selects from it, for tests of selections."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gridproof.kernels.backend import resolve
from gridproof.sweeps.plan.plan import Plan, build_plan
from gridproof.sweeps.plan.study_market import market_of
from gridproof.sweeps.study.study import Study

DAYS = pd.bdate_range("2019-12-02", periods=90)
FROM, TO = DAYS[20], DAYS[79]
TAX = {"2019-12-01": 0.004, "2020-02-14": 0.001}  # on sales
SIZES = {"count": [1, 3, 7], "every": [3, 5], "offset": [0, 2]}


def long_table(seed: int = 7, stocks: int = 14) -> pd.DataFrame:
    """Rows by stock and day: listings, delistings, suspensions with a close that moves, missing rows, unknown flags."""
    rng = np.random.default_rng(seed)
    parts = []
    for number in range(stocks):
        listed, left = (rng.integers(0, 50), rng.integers(50, 140)) if number % 3 else (0, 200)
        own = pd.DataFrame({"date": DAYS[listed : left + 1]})
        n = len(own)
        own["code"] = f"{600000 + (number * 5) % stocks:06d}.SH"
        own["close"] = (10.0 * np.exp(np.cumsum(rng.normal(0.0, 0.04, n)))).round(2)
        own["factor"] = np.where(np.arange(n) < n // 2, 0.5, 1.0)
        own["shares"] = rng.choice([10.0, 12.0, 15.0, 20.0])
        own["suspended"] = (rng.random(n) < 0.12).astype(int)
        own["st"] = rng.choice([0, 0, 0, 0, 1, -1], n)
        own.loc[rng.random(n) < 0.03, "close"] = 0.0  # unknown
        own.loc[rng.random(n) < 0.03, "shares"] = np.nan
        parts.append(own[(rng.random(n) > 0.05) | (np.arange(n) == 0)])
    return pd.concat(parts).sample(frac=1.0, random_state=seed).reset_index(drop=True)


def write(folder: Path, table: pd.DataFrame) -> Path:
    folder.mkdir(exist_ok=True)
    level = 100.0 * np.exp(np.cumsum(np.random.default_rng(1).normal(0.0, 0.01, len(DAYS))))
    pd.DataFrame({"date": DAYS.strftime("%Y-%m-%d"), "close": level}).to_csv(folder / "index.csv", index=False)
    table.to_parquet(folder / "panel.parquet", index=False)
    return folder


def raw(**select: Any) -> dict[str, Any]:
    return {
        "name": "selections",
        "market": {"calendar": "index", "periods": 252},
        "series": {"index": {"file": "index.csv", "field": "close"}},
        "panel": {
            "file": "panel.parquet",
            "fields": {
                "close": "close * factor", "traded": "suspended == 0", "cap": "close * shares", "st": "st",
                "units": "shares",
            },
        },
        "legs": {
            "small": {
                "select": {"where": "st == 0", "lowest": "cap", **SIZES, **select},
                "cost": [0.0, 0.003],
                "stamp_tax": TAX,
            },
            "cash": {"interest": 0.0},
        },
        "signals": {"up": {"when": "index > mean(index, n)", "n": [3, 8]}},
        "rule": {"small": "up", "cash": "otherwise"},
        "execution": {"lag": [1, 2], "cost": [0.0, 0.001]},
        "window": {"from": str(FROM.date()), "to": str(TO.date())},
        "base": {"up.n": 3, "small.count": 3, "small.every": 5, "small.offset": 0, "small.cost": 0.003, "lag": 1,
                 "execution.cost": 0.001},
    }  # fmt: skip


def planned(study: Study, folder: Path) -> Plan:
    return build_plan(study, market_of(study, folder), resolve("reference"))


def cells_of(study: Study) -> list[dict[str, Any]]:
    axes = study.space.axes[-study.space.executing :]
    names = [axis.name for axis in axes]
    return [dict(zip(names, values, strict=True)) for values in itertools.product(*(axis.values for axis in axes))]


def returns_of(plan: Plan, **chosen: float) -> np.ndarray:
    """The daily returns of the selection under these values, other axes at the base."""
    space = plan.study.space
    given = {**plan.study.base, **{name.replace("_", "."): value for name, value in chosen.items()}}
    digits = [axis.values.index(given[axis.name]) for axis in space.axes]
    return plan.problem.returns[plan.problem.payoff_of[space.execution(space.index(digits))], 0]
