"""A study of one leg, cash and one signal, whose files a test writes itself."""

from __future__ import annotations

import atexit
import shutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import pandas as pd

import gridproof as gp
from gridproof.kernels.backend import resolve
from gridproof.sweeps.plan.plan import Plan, build_plan
from gridproof.sweeps.plan.point import Point, evaluate_point
from gridproof.sweeps.study.study import Study, load_study

DAYS = pd.bdate_range("2019-01-01", "2021-06-30")


def prices(days: pd.DatetimeIndex = DAYS, seed: int = 0) -> pd.Series:
    """A random walk around 100 on these days."""
    steps = np.random.default_rng(seed).normal(0.0003, 0.01, len(days))
    return pd.Series(100.0 * np.exp(np.cumsum(steps)), index=days)


def tiny_study(**changes: Any) -> Study:
    """The study; ``changes``: keys of its parts by name, such as ``signal={"window": 12}`` or ``y={"release": 0}``."""
    raw: dict[str, Any] = {
        "name": "tiny",
        "market": {"calendar": "px", "periods": 260},
        "series": {
            "px": {"file": "px.csv", "field": "close"},
            "y": {"file": "y.csv", "field": "v", "release": "1 day"},
        },
        "legs": {"stock": "px", "cash": {"interest": 0.0}},
        "signals": {"up": {"value": "pct_change(y, window)", "window": 20, "latch": {"on_above": 0.0}}},
        "rule": {"stock": "up", "cash": "otherwise"},
        "execution": {"lag": 1, "cost": 0},
        "window": {"from": "2020-03-02", "to": "2021-06-30"},
    }
    places = {
        "y": raw["series"]["y"],
        "px": raw["series"]["px"],
        "signal": raw["signals"]["up"],
        "cash": raw["legs"]["cash"],
    }
    for name, change in changes.items():
        if name in places:
            places[name].update(change)
        elif isinstance(change, Mapping) and isinstance(raw.get(name), dict):
            raw[name] = {key: value for key, value in (raw[name] | change).items() if value is not None}
        else:
            raw[name] = change
    return load_study(raw)


def write_tiny(folder: Path, y: pd.Series, px: pd.Series | None = None, **columns: Any) -> Path:
    """Writes px.csv and y.csv. ``columns``: further columns of y.csv."""
    (prices() if px is None else px).rename("close").rename_axis("date").to_csv(folder / "px.csv")
    pd.DataFrame({"v": y, **columns}, index=y.index).rename_axis("date").to_csv(folder / "y.csv")
    return folder


@cache
def tiny_grid() -> Study:
    """The study with 192 variants; its market is a folder that lasts as long as the process.

    A run of it costs a quarter of one of ``demo.small_study``.
    """
    folder = Path(mkdtemp(prefix="gridproof-tiny-"))
    atexit.register(shutil.rmtree, folder)
    steps = np.random.default_rng(1).normal(0.0, 0.3, len(DAYS))
    write_tiny(folder, pd.Series(50.0 + steps.cumsum(), index=DAYS))
    return tiny_study(
        market={"path": str(folder)},
        signal={
            "window": [5, 10, 15, 20, 30, 40, 60, 80],
            "latch": {"on_above": [-0.02, -0.01, 0.0, 0.01, 0.02, 0.03]},
        },
        execution={"lag": [1, 2], "cost": [0.0, 0.001]},
        base={"up.window": 20, "up.on_above": 0.0, "execution.lag": 1, "execution.cost": 0.001},
    )


def tiny_grid_file(folder: Path) -> Path:
    """The same as a file."""
    path = folder / "tiny.yaml"
    path.write_text(tiny_grid().to_yaml())
    return path


@cache
def tiny_plan() -> Plan:
    return build_plan(tiny_grid(), gp.load_market(tiny_grid()), resolve("cpu"))


def market_of(folder: Path, study: Study) -> gp.Market:
    return gp.load_market(study, folder)


def point_of(folder: Path, **changes: Any) -> Point:
    study = tiny_study(**changes)
    return evaluate_point(study, gp.load_market(study, folder))
