"""Curves of net asset value and drawdown, with the legs held and the signals' states. T: number of days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from gridproof.results.report.figures import (
    BEST,
    INK,
    MIX_COLOUR,
    Figure,
    axis,
    base64_array,
    layout,
    leg_colours,
    thinned,
    tinted,
)
from gridproof.results.report.number_format import minus
from gridproof.results.run.conclusion_record import MIX

LEGEND: Figure = {"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom", "traceorder": "normal"}
MIX_STYLE: Figure = {"color": MIX_COLOUR, "width": 1.2, "dash": "dash"}
_NAVS = rf"^(base|best|{MIX}|hold\..+)\.nav$"
_NAV, _DRAWDOWN, _ROW, _GAP = 330, 150, 20, 18  # pixels


def with_mix(curves: pd.DataFrame, legs: Sequence[str]) -> pd.DataFrame:
    """The curves with one more, ``constant mix.nav``: the base's mean weights of each segment, rebalanced daily.

    Unchanged where the base holds one leg throughout the days in sample: the mix is that leg.
    """
    inside = curves["segment"].to_numpy() == curves["segment"].iloc[0]
    if curves["base.leg"][inside].nunique() < 2:
        return curves
    # With mixes: the legs alone, in which the base has these weights.
    weighted = [name.removeprefix("base.weight.") for name in curves.columns if name.startswith("base.weight.")]
    legs = weighted or legs
    navs = curves[[f"hold.{leg}.nav" for leg in legs]].to_numpy()
    returns = navs / np.vstack([np.ones(len(legs)), navs[:-1]]) - 1.0
    mixed = np.empty(len(curves))
    for part in (inside, ~inside):
        mixed[part] = returns[part] @ np.array(_mean_weights(curves[part], legs, bool(weighted)))
    return curves.assign(**{f"{MIX}.nav": np.cumprod(1.0 + mixed)})


def _mean_weights(curves: pd.DataFrame, legs: Sequence[str], weighted: bool) -> list[float]:
    """Of each leg in the base. ``weighted``: the curves have the weights of each day, not only the leg held."""
    if not len(curves):
        return [0.0] * len(legs)
    if weighted:
        return [float(curves[f"base.weight.{leg}"].mean()) for leg in legs]
    return [float((curves["base.leg"] == leg).mean()) for leg in legs]


def curves_figure(curves: pd.DataFrame, legs: Sequence[str], best_is_base: bool) -> Figure:
    """NAV on a log axis, drawdown, and a band of legs and states, on one time axis of T days.

    Rows of the band from the top: what the base and the best hold, each state of the base's signals (dark: on). The
    background after publication is grey.
    """
    dates, data = _dates(curves), []
    for name, text, style in _lines(curves, legs, best_is_base):
        nav = curves[f"{name}.nav"]
        fall = nav / nav.cummax().clip(lower=1.0) - 1.0
        data.append(_line(dates, nav, text, style, "y") | {"hovertemplate": "%{y:.3g}"})
        hidden = {"showlegend": False, "opacity": 1.0 if name in ("base", "best") else 0.5}
        data.append(_line(dates, fall, text, style, "y2") | hidden | {"hovertemplate": "%{y:.1%}"})
    band = _band(curves, dates, legs, best_is_base)
    height = _ROW * len(band["y"])
    total = height + _GAP + _DRAWDOWN + _GAP + _NAV  # counted from below
    drawdown_at = [(height + _GAP) / total, (height + _GAP + _DRAWDOWN) / total]
    figure = layout(total + 114, margin={"t": 66, "b": 48, "l": 118, "r": 12})
    figure |= {
        "hovermode": "x unified",
        "hoversubplots": "axis",
        "legend": LEGEND,
        "xaxis": time_axis() | {"anchor": "y3"},
        "yaxis": log_axis(curves.filter(regex=_NAVS), "NAV, log scale"),
        "yaxis2": axis("Drawdown") | {"domain": drawdown_at, "tickformat": ".0%", "nticks": 5},
        "yaxis3": axis() | {"domain": [0.0, height / total], "autorange": "reversed", "showgrid": False},
    }
    figure["yaxis"]["domain"] = [1.0 - _NAV / total, 1.0]
    figure["yaxis3"] |= {"ticks": "", "ticklabelstandoff": 5}
    after = (curves["segment"] == "after_publication").to_numpy()
    if after.any():
        figure["legend"] = legend_above_label(total)
        figure |= publication_shading(dates[int(after.argmax())], dates[-1], late=bool(after.mean() < 0.5))
    return {"data": [*data, band], "layout": figure}


def first_figure(curves: pd.DataFrame, benchmark: str, legs: Sequence[str], best_is_base: bool) -> Figure:
    """NAV on a log axis and drawdown of base, best and one leg held throughout: the first picture of the page."""
    kept = thinned(len(curves))
    few = [f"hold.{leg}.nav" for leg in legs if leg != benchmark] + [f"{MIX}.nav"]
    shown = curves.drop(columns=few, errors="ignore")
    dates, data = _dates(shown.iloc[kept]), []
    for name, text, style in _lines(shown, [leg for leg in legs if leg == benchmark], best_is_base):
        nav = shown[f"{name}.nav"]
        fall = nav / nav.cummax().clip(lower=1.0) - 1.0
        style = style | {"color": leg_colours(legs)[benchmark]} if name.startswith("hold.") else style
        data.append(_line(dates, nav.iloc[kept], text, style, "y") | {"hovertemplate": "%{y:.3g}"})
        data.append(_line(dates, fall.iloc[kept], text, style, "y2") | {"showlegend": False})
        data[-1]["hovertemplate"] = "%{y:.1%}"
    figure = layout(330, margin={"t": 48, "b": 30, "l": 70, "r": 8})
    figure |= {
        "hovermode": "x unified",
        "hoversubplots": "axis",
        "legend": LEGEND,
        "xaxis": time_axis() | {"anchor": "y2"},
        "yaxis": log_axis(shown.filter(regex=_NAVS), "NAV, log scale") | {"domain": [0.38, 1.0]},
        "yaxis2": axis("Drawdown") | {"domain": [0.0, 0.33], "tickformat": ".0%", "nticks": 4},
    }
    after = (shown["segment"] == "after_publication").to_numpy()
    if after.any():
        figure["legend"] = legend_above_label(330 - 48 - 30)
        first = _dates(shown.iloc[[int(after.argmax())]])[0]
        figure |= publication_shading(first, dates[-1], late=bool(after.mean() < 0.5))
    return {"data": data, "layout": figure}


def after_figure(curves: pd.DataFrame, legs: Sequence[str], best_is_base: bool) -> Figure | None:
    """NAV after publication, 1 at the last close before it; None without such days."""
    late = (curves["segment"] == "after_publication").to_numpy()
    if not late.any():
        return None
    first = int(late.argmax())
    part = curves.iloc[max(first - 1, 0) :]
    navs = part.filter(regex=_NAVS)
    navs = navs / (navs.iloc[0] if first else 1.0)
    data = [
        _line(_dates(part), navs[f"{name}.nav"], text, style, "y") | {"hovertemplate": "%{y:.3f}"}
        for name, text, style in _lines(part, legs, best_is_base)
    ]
    figure = layout(274, margin={"t": 30, "b": 48, "l": 118, "r": 12})
    figure |= {
        "hovermode": "x unified",
        "plot_bgcolor": "#f4f4f2",
        "legend": LEGEND,
        "xaxis": time_axis(),
        "yaxis": log_axis(navs, "NAV, 1 at publication"),
    }
    return {"data": data, "layout": figure}


def _lines(curves: pd.DataFrame, legs: Sequence[str], best_is_base: bool) -> list[tuple[str, str, Figure]]:
    """(column prefix, name, line) of each curve; the base comes last, so that it is drawn on top."""
    colours = leg_colours(legs)
    lines: list[tuple[str, str, Figure]] = [
        (f"hold.{leg}", f"hold {leg}", {"color": colours[leg], "width": 1.1}) for leg in legs
    ]
    if f"{MIX}.nav" in curves:
        lines.append((MIX, MIX, MIX_STYLE))
    if not best_is_base:
        lines.append(("best", "best in sample", {"color": BEST, "width": 1.3}))
    return [*lines, ("base", "base = best" if best_is_base else "base", {"color": INK, "width": 2.0})]


def _dates(curves: pd.DataFrame) -> list[str]:
    days: list[str] = curves["date"].to_numpy(dtype="datetime64[D]").astype(str).tolist()
    return days


def _line(dates: list[str], values: pd.Series[Any], name: str, style: Figure, y_axis: str) -> Figure:
    trace: Figure = {"type": "scatter", "mode": "lines", "x": dates, "y": base64_array(values), "name": name}
    rank = {"base": 1, "best": 2}.get(name[:4], 3)
    return trace | {"line": style, "xaxis": "x", "yaxis": y_axis, "legendrank": rank}


_LEVELS = 12  # shades of a weight


def _band(curves: pd.DataFrame, dates: list[str], legs: Sequence[str], best_is_base: bool) -> Figure:
    """What is held and the states on each day: a heat map with a row for each, coded by colour.

    Legs alone: a row for base and for best, by leg. Mixes: a row for each leg that the base ever holds, by its weight.
    """
    weights = {name.removeprefix("base.weight."): curves[name] for name in curves.columns if "base.weight." in name}
    if weights:
        names, palette, codes, texts = _weight_rows(weights)
    else:
        names, palette, codes, texts = _leg_rows(curves, legs, best_is_base)
    on = len(palette)
    palette += ["#f1f1ee", "#6f7479"]
    for name in (name for name in curves.columns if name.startswith("base.state.")):
        state = curves[name].to_numpy().astype(int)
        names.append(name.removeprefix("base.state."))
        codes.append(on + state)
        texts.append(["on" if one else "off" for one in state])
    steps = [[k / len(palette), c] for i, c in enumerate(palette) for k in (i, i + 1)]
    band: Figure = {"type": "heatmap", "x": dates, "y": names, "z": base64_array(np.stack(codes), "u1")}
    band |= {"text": texts, "hovertemplate": "%{y}: %{text}<extra></extra>", "name": ""}
    band |= {"colorscale": steps, "zmin": -0.5, "zmax": len(palette) - 0.5, "showscale": False, "ygap": 3}
    return band | {"xaxis": "x", "yaxis": "y3"}


# The names of rows, the colours, the number of a colour by day, and a text by day.
_Rows = tuple[list[str], list[str], list[npt.NDArray[Any]], list[list[str]]]


def _weight_rows(weights: Mapping[str, pd.Series[Any]]) -> _Rows:
    colours, most = leg_colours(list(weights)), max(1.0, *(float(one.abs().max()) for one in weights.values()))
    held = {leg: one for leg, one in weights.items() if one.abs().max() > 0.0}
    palette, codes, texts = ["#f1f1ee"], [], []
    for leg, one in held.items():
        level = np.ceil((one.abs().to_numpy() / most * _LEVELS).round(9)).astype(int)
        codes.append(np.where(level > 0, len(palette) - 1 + level, 0))
        palette += [tinted(colours[leg], (at + 1) / _LEVELS) for at in range(_LEVELS)]
        texts.append([minus(f"{100.0 * share:.0f}%") for share in one.tolist()])
    return [f"{leg} in base" for leg in held], palette, codes, texts


def _leg_rows(curves: pd.DataFrame, legs: Sequence[str], best_is_base: bool) -> _Rows:
    rows = [("base holds", curves["base.leg"])]
    if not best_is_base:
        rows.append(("best holds", curves["best.leg"]))
    legs = list(dict.fromkeys([*legs, *(str(leg) for _, held in rows for leg in held.unique())]))
    colours = leg_colours(legs)
    codes = [held.map({leg: i for i, leg in enumerate(legs)}).to_numpy() for _, held in rows]
    texts = [[str(leg) for leg in held] for _, held in rows]
    return [name for name, _ in rows], [colours[leg] for leg in legs], codes, texts


def time_axis() -> Figure:
    """An axis of dates in the order year, month, day, which reads the same in every language."""
    forms = ((["M12", None], "%Y"), (["M1", "M12"], "%Y-%m"), ([None, "M1"], "%Y-%m-%d"))
    stops = [{"dtickrange": span, "value": form} for span, form in forms]
    return axis() | {"type": "date", "hoverformat": "%Y-%m-%d", "tickformatstops": stops}


def legend_above_label(plot_height: float) -> Figure:
    """The legend above the label of ``publication_shading``. plot_height: in pixels."""
    return LEGEND | {"y": 1.0 + 22.0 / plot_height}


def publication_shading(start: str, end: str, late: bool) -> Figure:
    """A grey background from publication on, with border and label. late: it begins in the right half."""
    background: Figure = {"type": "rect", "xref": "x", "yref": "paper", "x0": start, "x1": end, "y0": 0, "y1": 1}
    background |= {"fillcolor": "rgba(90,90,80,0.09)", "line": {"width": 0}, "layer": "below"}
    border = background | {"type": "line", "x1": start, "layer": "above"}
    border["line"] = {"color": INK, "width": 1, "dash": "dot"}
    label: Figure = {"text": f"published {start} →" if late else f"after publication, {start}", "x": start}
    label |= {"xref": "x", "y": 1, "yref": "paper", "yanchor": "bottom", "showarrow": False}
    label |= {"xanchor": "right" if late else "left", "font": {"size": 11, "color": "#55554f"}}
    return {"shapes": [background, border], "annotations": [label]}


def log_axis(navs: npt.ArrayLike, title: str) -> Figure:
    """A log axis with ticks at round values of NAV (plotly's default shows single digits between decades)."""
    values = np.asarray(navs, dtype=float)
    values = values[values > 0]
    low, high = float(values.min()), float(values.max())
    if high / low > 3:
        digits: tuple[float, ...] = (1, 2, 5) if high / low > 8 else (1, 1.5, 2, 3, 5, 7)
        digits = digits if high / low < 2000 else (1,)
        decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
        ticks = [digit * 10.0**decade for decade in decades for digit in digits]
    else:
        steps = [s * 10.0**k for k in range(-4, 12) for s in (1, 2, 5)]
        step = next(step for step in steps if high - low <= 6 * step)
        ticks = [round(step * k, 4) for k in range(max(1, int(low / step)), int(high / step) + 2)]
    pad = 0.03 * np.log10(high / low) or 0.01
    edge = [float(np.log10(low) - pad), float(np.log10(high) + pad)]
    ticks = [tick for tick in ticks if edge[0] <= np.log10(tick) <= edge[1]]
    texts = [f"{tick:,g}" for tick in ticks]
    return axis(title) | {"type": "log", "range": edge, "tickvals": ticks, "ticktext": texts}
