"""The folder of a finished run with made-up but coherent numbers, as the report reads it."""

from __future__ import annotations

import itertools
import json
import math
import pathlib
from collections.abc import Callable
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

AXES: dict[str, list[Any]] = {
    "rate.window": [60, 120, 180, 243, 300],
    "rate.on_above": [round(0.10 + 0.02 * k, 2) for k in range(21)],
    "rate.off_below": [round(-0.40 + 0.02 * k, 2) for k in range(21)],
    "yield.release": ["30 calendar days", "45 calendar days", "60 calendar days"],
    "crowd.on_above": [0.6, 0.7, 0.8, 0.9],
    "execution.cost": [0.0, 0.001],
}
BASE = {"rate.window": 243, "rate.on_above": 0.3, "rate.off_below": -0.2, "crowd.on_above": 0.8}
BASE |= {"yield.release": "45 calendar days", "execution.cost": 0.001}
# As of a study whose trader can choose the cost; the release is the market's.
ENVIRONMENT = "yield.release"
BEST = {**BASE, "rate.window": 180, "rate.on_above": 0.26, "crowd.on_above": 0.7, "execution.cost": 0.0}


def metrics(returns: np.ndarray, weights: dict[str, float]) -> dict[str, Any]:
    nav = np.cumprod(1 + returns)
    drawdown = float(drawdown_of(nav).min())
    volatility = float(returns.std(ddof=1) * math.sqrt(243))
    cagr = float(nav[-1] ** (243 / len(returns)) - 1)
    return {
        "total_return": float(nav[-1] - 1),
        "cagr": cagr,
        "volatility": volatility,
        "sharpe": float(returns.mean()) * 243 / volatility if volatility > 1e-9 else None,
        "sortino": None,
        "max_drawdown": drawdown,
        "calmar": cagr / abs(drawdown) if drawdown else None,
        "skewness": -0.31,
        "kurtosis": 6.2,
        "switches": 123,
        "turnover": 14.2,
        "exposure": 1.0 - weights["cash"],
        "exposure_by_leg": weights,
    }


def drawdown_of(nav: np.ndarray) -> np.ndarray:
    return nav / np.maximum(np.maximum.accumulate(nav), 1.0) - 1


# What write_run has made in this process, by its options: files by name.
_MADE: dict[str, dict[str, bytes]] = {}


def write_run(
    folder: pathlib.Path,
    *,
    days: int = 400,
    published: bool = True,
    axes: dict[str, list[Any]] = AXES,
    best: dict[str, Any] = BEST,
) -> pathlib.Path:
    """A finished run's folder with made-up but coherent numbers, the same on every call."""
    options = repr((days, published, axes, best))
    if options not in _MADE:
        with TemporaryDirectory() as made:
            _make_run(pathlib.Path(made), days, published, axes, best)
            _MADE[options] = {path.name: path.read_bytes() for path in pathlib.Path(made).iterdir()}
    for name, content in _MADE[options].items():
        (folder / name).write_bytes(content)
    return folder


def _make_run(
    folder: pathlib.Path, days: int, published: bool, axes: dict[str, list[Any]], best: dict[str, Any]
) -> None:
    random = np.random.default_rng(7)
    chosen = {who: {name: cell[name] for name in axes} for who, cell in (("base", BASE), ("best", best))}
    cut = int(days * 0.88) if published else days
    parts = {"in_sample": slice(0, cut)} | ({"after_publication": slice(cut, days)} if published else {})
    dates = pd.bdate_range("2008-01-02", periods=days)
    legs = {"small": random.normal(0.0008, 0.017, days), "value": random.normal(0.0004, 0.013, days)}
    legs["cash"] = np.full(days, 0.00006)
    segment = np.where(np.arange(days) < cut, "in_sample", "after_publication")
    frame: dict[str, Any] = {"date": dates, "segment": segment}
    hold = {}
    for leg, returns in legs.items():
        frame[f"hold.{leg}.nav"] = np.cumprod(1 + returns)
        weights = {name: float(name == leg) for name in legs}
        hold[leg] = {"after_publication": None} | {key: metrics(returns[p], weights) for key, p in parts.items()}
    found = {}
    for who, drift in (("base", 0.0007), ("best", 0.0007 if chosen["base"] == chosen["best"] else 0.001)):
        state = np.cumsum(np.random.default_rng(int(drift * 1e4)).random(days) < 0.02) % 3
        picked = np.choose(state, [legs["small"], legs["cash"], legs["value"]]) + drift * (state != 1)
        nav = np.cumprod(1 + picked)
        frame |= {f"{who}.leg": np.array(["small", "cash", "value"])[state], f"{who}.return": picked}
        frame |= {f"{who}.cost": 0.0, f"{who}.nav": nav, f"{who}.drawdown": drawdown_of(nav)}
        if who == "base":
            frame |= {"base.state.rate": (state == 1) * 1, "base.state.crowd": (state != 0) * 1}
            frame |= {"base.value.rate": np.where(np.arange(days) < 60, np.nan, legs["value"])}
        weights = {"small": 0.4, "value": 0.218, "cash": 0.382}
        found[who] = {"parameters": chosen[who], "after_publication": None}
        found[who] |= {key: metrics(picked[part], weights) for key, part in parts.items()}
        found[who]["index"] = 99 if drift == 0.001 else 11
    pd.DataFrame(frame).to_parquet(folder / "curves.parquet")
    write_top(folder, axes, found)
    write_surfaces(folder, axes, random)

    variants = math.prod(len(values) for values in axes.values())
    choices = variants // len(axes.get(ENVIRONMENT, [0]))
    sharpe = [found[who]["in_sample"]["sharpe"] for who in ("base", "best")]
    objective = np.append(random.normal(sharpe[0] - 0.3, 0.16, choices), sharpe)[-choices:]
    counts, edges = np.histogram(objective.clip(max=max(sharpe)), bins=60)
    window: dict[str, Any] = {"from": str(dates[0].date()), "to": str(dates[-1].date())}
    window["published"] = str(dates[cut].date()) if published else None
    window |= {"days_in_sample": cut, "days_after_publication": days - cut}
    summary = {
        "study": "rate-crowd",
        "title": "Yield and crowding: small caps or cash",
        "variants": variants,
        "evaluated": variants,
        "sample": None,
        "distinct": max(1, variants // 7),
        "choices": choices,
        "evaluated_choices": choices,
        "distinct_choices": max(1, choices // 7),
        "environment": {name: BASE[name] for name in axes if name == ENVIRONMENT},
        "declared": True,
        "distinct_paths": {"rate": 9, "crowd": 3},
        "backend": "cpu",
        "code": 32 * "c0",
        "data_hash": 32 * "da",
        "data": {"series": [], "warnings": []},
        "objective": "sharpe",
        "periods_per_year": 243,
        "risk_free": 0.01,
        "window": window,
        "rule": ["cash: rate and crowd", "value: crowd", "small: otherwise"],
        "definitions": {
            "values": [{"name": "trend", "formula": "small / value", "parameters": {}}],
            "signals": [
                {
                    "name": "rate",
                    "value": "pct_change(yield, window)",
                    "on_above": 0.3,
                    "off_below": -0.2,
                    "on": None,
                    "off": None,
                    "conditions": {},
                    "missing": None,
                    "use": "on",
                    "parameters": {"window": 243},
                },
                {
                    "name": "crowd",
                    "value": "trend",
                    "on_above": 0.8,
                    "off_below": 0.8,
                    "on": None,
                    "off": None,
                    "conditions": {},
                    "missing": None,
                    "use": "on",
                    "parameters": {},
                },
            ],
            "mixes": [],
            "sleeves": [],
            "weights": {"base": {}, "best": {}},
            "taxed": [],
        },
        "legs": list(legs),
        "axes": [
            {"name": name, "values": axes[name], "base": BASE[name], "choice": name != ENVIRONMENT} for name in axes
        ],
        "base": found["base"] | {"percentile": 97.2, "percentile_after_publication": 51.3 if published else None},
        "best": found["best"] | {"equal": 137},
        "hold": hold,
        "histogram": {
            "edges": edges.tolist(),
            "counts": counts.tolist(),
            "below": 12,
            "above": 0,
            "undefined": 3,
        },
        "selections": {"base": [], "best": []},
        "whole_grid": None,
        "variants_stored": True,
        "notes": ["The yield <b>series</b> starts in 2006."],
    }
    (folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")


def write_top(folder: pathlib.Path, axes: dict[str, list[Any]], found: dict[str, Any]) -> None:
    rows = []
    for rank in range(1, 31):
        who = "base" if rank == 4 else "best"
        cell = {name: values[rank % len(values)] for name, values in axes.items()}
        row = {"rank": rank, "index": 100 + rank, "equal": 2 * rank} | cell
        if rank in (1, 4):
            row |= found[who]["parameters"] | {"index": found[who]["index"]}
        numbers = {k: v for k, v in found[who]["in_sample"].items() if k != "exposure_by_leg"}
        after = found[who]["after_publication"] or {}
        rows.append(row | numbers | {f"after.{name}": after[name] for name in numbers if name in after})
    pd.DataFrame(rows).to_parquet(folder / "top.parquet")


def write_surfaces(folder: pathlib.Path, axes: dict[str, list[Any]], random: np.random.Generator) -> None:
    blocks = []
    for x, y in itertools.combinations([name for name in axes if len(axes[name]) > 1], 2):
        row, column = (part.ravel() for part in np.mgrid[0 : len(axes[y]), 0 : len(axes[x])])
        far = [
            (row - axes[y].index(BASE[y])) / len(axes[y]),
            (column - axes[x].index(BASE[x])) / len(axes[x]),
        ]
        value = 1.3 - 1.2 * np.hypot(*far) + random.normal(0, 0.05, row.size)
        value[(row == 0) & (column < 2)] = np.nan
        block = {"x_axis": x, "y_axis": y, "x_index": column, "y_index": row, "base": value, "count": 9}
        block |= {"x": [str(axes[x][i]) for i in column], "y": [str(axes[y][i]) for i in row]}
        block |= {"mean": 0.5 + value / 4, "mean_square": (0.5 + value / 4) ** 2 + 0.04, "max": value + 0.3}
        block |= {"base.sharpe": value, "base.cagr": value / 5, "base.max_drawdown": -0.1 - value / 9}
        block |= {f"whole_grid_{name}": block[name] for name in ("count", "mean", "mean_square", "max")}
        if ENVIRONMENT in (x, y):
            block |= {"count": 0, "mean": np.nan, "mean_square": np.nan, "max": np.nan}
        blocks.append(pd.DataFrame(block))
    names = ["x_axis", "y_axis", "x_index", "y_index", "base", "base.cagr", "count", "mean", "mean_square"]
    names += ["whole_grid_count", "whole_grid_mean", "whole_grid_mean_square"]
    table = pd.concat(blocks) if blocks else pd.DataFrame(columns=names)
    table.to_parquet(folder / "surfaces.parquet")


def rewrite_summary(folder: pathlib.Path, change: Callable[[dict[str, Any]], None]) -> None:
    path = folder / "summary.json"
    summary = json.loads(path.read_text())
    change(summary)
    path.write_text(json.dumps(summary))
