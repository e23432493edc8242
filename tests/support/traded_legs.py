"""Two legs with opens and lows, cash, and a study of one signal on them; and the same computed in plain Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import gridproof as gp
from gridproof.kernels.backend import resolve
from gridproof.sweeps.plan.grid import whole_grid
from gridproof.sweeps.plan.plan import build_plan
from gridproof.sweeps.plan.point import Point, evaluate_point
from gridproof.sweeps.study.study import Study, load_study
from tests.support.plain_execution import CASH, Prices, Terms, follow, money

DAYS = pd.bdate_range("2019-01-01", "2020-12-31")
LEGS = ("a", "b")
FIRST = "2019-06-03"


def leg_frame(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0002, 0.02, len(DAYS))))
    before = np.concatenate([[100.0], close[:-1]])
    opened = before * np.exp(rng.normal(0.0, 0.01, len(DAYS)))
    low = np.minimum(opened, close) * np.exp(-np.abs(rng.normal(0.0, 0.01, len(DAYS))))
    return pd.DataFrame({"date": DAYS.date, "close": close, "open": opened, "low": low, "amount": 1e6 * close})


FRAMES = {leg: leg_frame(number) for number, leg in enumerate(LEGS)}


def write_legs(folder: Path) -> Path:
    for leg, frame in FRAMES.items():
        frame.to_csv(folder / f"{leg}.csv", index=False)
    return folder


def legs_study(execution: dict[str, Any], **changes: Any) -> Study:
    """Leg a where it leads leg b over 20 days and that one gains over 25, leg b where that one gains, else cash."""
    raw: dict[str, Any] = {
        "name": "legs",
        "market": {"calendar": "a", "periods": 260},
        "series": {leg: {"file": f"{leg}.csv", "field": "close"} for leg in LEGS},
        "legs": {
            "a": {"series": "a", "open": "open", "low": "low", "carry": 0.03, "sale_cost": 0.001},
            "b": {"series": "b", "open": "open", "low": "low", "cost": 0.0005, "stamp_tax": {"2020-03-02": 0.004}},
            "cash": {"interest": 0.02},
        },
        "signals": {"leads": {"when": "a / lag(a, 20) > b / lag(b, 20)"}, "gains": {"when": "b > lag(b, 25)"}},
        "rule": {"a": "leads and gains", "b": "gains", "cash": "otherwise"},
        "execution": execution,
        "window": {"from": FIRST},
    }
    for leg in LEGS:
        raw["legs"][leg] |= changes.pop(leg, {})
    return load_study(raw | changes)


def legs_point(folder: Path, execution: dict[str, Any], **changes: Any) -> Point:
    study = legs_study(execution, **changes)
    return evaluate_point(study, gp.load_market(study, folder))


def grid_totals(study: Study, folder: Path) -> list[tuple[dict[str, Any], float]]:
    """The keys of execution of every variant, and its total return by the cpu backend."""
    plan = build_plan(study, gp.load_market(study, folder), resolve("cpu"))
    piece = whole_grid(plan).piece(0)
    metrics = resolve("cpu").bind(plan.problem)(piece.work)[piece.job_of]
    cells = [study.space.parameters(int(variant)) for variant in piece.variants]
    keys = [
        {key.removeprefix("execution."): cell[key] for key in cell if key.startswith("execution.")} for cell in cells
    ]
    return list(zip(keys, metrics[:, 0, 0].tolist(), strict=True))


def plain(execution: dict[str, Any]) -> tuple[list[str], list[float]]:
    """The leg of each day and the NAV, in plain Python; decisions are daily."""
    first = int(np.searchsorted(DAYS, pd.Timestamp(FIRST)))
    lag, cost = int(execution.get("lag", 1)), float(execution.get("cost", 0.0))
    terms = Terms(
        lag=lag,
        at=execution.get("at", "close"),
        min_hold=execution.get("min_hold", 1),
        cooling=execution.get("cooling", 0),
        stop=execution.get("stop", 0.0),
        trailing_stop=execution.get("trailing_stop", 0.0),
        stop_on=execution.get("stop_on", "close"),
    )
    a, b = (FRAMES[leg]["close"].to_numpy() for leg in LEGS)
    target = []
    for day in range(first, len(DAYS)):
        at = day - lag
        gains = b[at] > b[at - 25]
        target.append("a" if gains and a[at] / a[at - 20] > b[at] / b[at - 20] else "b" if gains else CASH)
    prices = {
        leg: Prices(*(frame[key].to_numpy()[first - 1 :].tolist() for key in ("close", "open", "low")))
        for leg, frame in FRAMES.items()
    }
    held = follow(target, prices, terms)
    trades = DAYS[first:] if terms.at == "open" else DAYS[first - 1 : -1]
    tax = [0.004 if day >= pd.Timestamp("2020-03-02") else 0.0 for day in trades]
    free = [0.0] * len(target)
    buy = {"a": [cost] * len(target), "b": [cost + 0.0005] * len(target), CASH: free}
    sell = {"a": [cost + 0.001] * len(target), "b": [cost + 0.0005 + one for one in tax], CASH: free}
    navs = money(held, prices, terms, buy, sell, {"a": 0.03, "b": 0.0, CASH: 0.02}, 260.0)
    return held, navs
