"""Base and best against the benchmark: alpha, beta and the like, rolling figures, and the relative curve."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridproof.results.performance.benchmark import Comparison, compare, relative_nav
from gridproof.results.performance.performance import Performance
from gridproof.results.performance.rolling import rolling_sharpe, rolling_volatility
from gridproof.results.report.curves import legend_above_label, log_axis, publication_shading, time_axis
from gridproof.results.report.figures import BEST, EDGE, INK, Figure, axis, base64_array, layout, leg_colours, thinned
from gridproof.results.report.number_format import format_value
from gridproof.results.run.record import Record

HEADS = (
    "", "Alpha a year", "t of alpha", "Beta", "Correlation", "Tracking error", "Information ratio",
    "CAGR less its CAGR", "Up days", "Down days",
)  # fmt: skip
_FEWEST = 20  # days that a comparison needs


def benchmark_section(performance: Performance, legs: list[str]) -> Record:
    """A row for base and best, where they differ, in each segment; the rolling ratios and the relative curve."""
    rows = []
    for title, inside in performance.segments():
        if inside.sum() < _FEWEST:
            continue
        both = [("Base", performance.base), ("Best", performance.best)]
        for who, returns in both[: 1 if performance.base.equals(performance.best) else 2]:
            one = compare(returns[inside], performance.benchmark[inside], performance.periods, performance.risk_free)
            rows.append([f"{who}, {title[:1].lower()}{title[1:]}", *_cells(one)])
    colours = leg_colours(legs)
    return {
        "name": performance.benchmark_name,
        "heads": HEADS,
        "rows": rows,
        "rolling": _rolling_figure(performance, colours[performance.benchmark_name]),
        "relative": _relative_figure(performance),
        "risk_free": format_value(performance.risk_free, "percent"),
        "window": f"{_window(performance):,}",
    }


def _cells(one: Comparison) -> list[str]:
    return [
        format_value(one.alpha, "percent"),
        format_value(one.alpha_t, "ratio"),
        format_value(one.beta, "ratio"),
        format_value(one.correlation, "ratio"),
        format_value(one.tracking_error, "percent"),
        format_value(one.information_ratio, "ratio"),
        format_value(one.excess, "percent"),
        format_value(one.up, "percent"),
        format_value(one.down, "percent"),
    ]


def _window(performance: Performance) -> int:
    return max(2, round(performance.periods))


def _rolling_figure(performance: Performance, colour: str) -> Figure | None:
    """Sharpe ratio above, volatility below, of the last year up to each day. None: fewer days than a year."""
    window, periods = _window(performance), performance.periods
    if len(performance.base) <= window:
        return None
    data, ratios = [], []
    lines = (
        (f"hold {performance.benchmark_name}", performance.benchmark, {"color": colour, "width": 1.2}),
        ("base", performance.base, {"color": INK, "width": 1.8}),
    )
    days = pd.DatetimeIndex(performance.base.index)
    kept = thinned(len(days))
    kept = kept[kept >= window - 1]
    for name, returns, style in lines:
        ratio = rolling_sharpe(returns, window, periods, performance.risk_free)
        spread = rolling_volatility(returns, window, periods)
        ratios.append(ratio.to_numpy()[np.isfinite(ratio.to_numpy())])
        for values, y_axis, form in ((ratio, "y", "%{y:.2f}"), (spread, "y2", "%{y:.1%}")):
            data.append(_line(days[kept], values.iloc[kept], name, style, y_axis, form) | {"showlegend": y_axis == "y"})
    figure = layout(400, margin={"t": 50, "b": 40, "l": 70, "r": 12})
    figure |= {
        "hovermode": "x unified",
        "legend": legend_above_label(400 - 50 - 40),
        "xaxis": time_axis() | {"anchor": "y2"},
        "yaxis": axis("Sharpe ratio") | {"domain": [0.46, 1.0], "zeroline": True, "zerolinecolor": EDGE},
        "yaxis2": axis("Volatility") | {"domain": [0.0, 0.38], "tickformat": ".0%", "nticks": 5},
    }
    if len(known := np.concatenate(ratios)):
        # A year almost all in cash has a Sharpe ratio far outside: the axis leaves out one value in a hundred.
        low, high = np.quantile(known, [0.005, 0.995])
        room = 0.06 * (high - low) or 0.5
        figure["yaxis"]["range"] = [float(low - room), float(high + room)]
    return {"data": data, "layout": figure | _shading(performance, days)}


def _relative_figure(performance: Performance) -> Figure:
    days = pd.DatetimeIndex(performance.base.index)
    kept = thinned(len(days))
    lines: list[tuple[str, pd.Series[Any], Figure]] = []
    if not performance.base.equals(performance.best):
        lines.append(("best in sample", performance.best, {"color": BEST, "width": 1.2}))
    lines.append(("base", performance.base, {"color": INK, "width": 1.8}))
    data, curves = [], []
    for name, returns, style in lines:
        curve = relative_nav(returns, performance.benchmark)
        curves.append(curve.to_numpy())
        data.append(_line(days[kept], curve.iloc[kept], name, style, "y", "%{y:.3f}"))
    figure = layout(280, margin={"t": 50, "b": 40, "l": 70, "r": 12})
    figure |= {
        "hovermode": "x unified",
        "legend": legend_above_label(280 - 50 - 40),
        "xaxis": time_axis(),
        "yaxis": log_axis(np.concatenate(curves), "NAV over that of holding"),
    }
    return {"data": data, "layout": figure | _shading(performance, days)}


def _line(days: pd.DatetimeIndex, values: pd.Series[Any], name: str, style: Figure, y_axis: str, form: str) -> Figure:
    dates = days.to_numpy(dtype="datetime64[D]").astype(str).tolist()
    trace: Figure = {"type": "scatter", "mode": "lines", "x": dates, "y": base64_array(values), "name": name}
    return trace | {"line": style, "xaxis": "x", "yaxis": y_axis, "hovertemplate": form}


def _shading(performance: Performance, days: pd.DatetimeIndex) -> Figure:
    if not performance.after.any():
        return {}
    dates = days.to_numpy(dtype="datetime64[D]").astype(str)
    first = int(performance.after.argmax())
    return publication_shading(str(dates[first]), str(dates[-1]), late=bool(performance.after.mean() < 0.5))
