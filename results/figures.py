"""The report's figures as plain plotly.js descriptions, ``{"data": [...], "layout": {...}}``, ready for JSON.

Nothing here imports plotly: a description depends on its inputs alone, so equal inputs give equal bytes.
T counts days. A surface has a row per value of its y axis, a column per value of its x axis. NaN is blank.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Figure = dict[str, Any]
PLOT = (450.0, 300.0)  # about the pixels of one heat map
MOST_CELLS = 500  # along one axis of a heat map; above it blocks are averaged
Matrix = npt.NDArray[np.float64]

INK, BEST, FAINT = "#1c1c1e", "#b3392f", "#e4e4e0"
LEG_COLOURS = ("#4d78a8", "#d79b3c", "#5f9e6e", "#8a74ae", "#4fa3a5", "#b07aa1", "#9c755f")
LEGEND: Figure = {"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom", "traceorder": "normal"}
FONT = {"family": '"Helvetica Neue", "Liberation Sans", Arial, sans-serif', "size": 12, "color": INK}


def typed(values: npt.ArrayLike, dtype: str = "<f4") -> dict[str, str]:
    """An array of one or two dimensions as plotly's base64 form; float32 is more than a screen can show."""
    array = np.ascontiguousarray(values, dtype=dtype)
    packed = {"dtype": dtype.lstrip("<"), "bdata": base64.b64encode(array.tobytes()).decode()}
    return packed if array.ndim == 1 else packed | {"shape": ", ".join(map(str, array.shape))}


def leg_colours(legs: Sequence[str]) -> dict[str, str]:
    """One colour per leg, for its curve and for its stretches of the band alike; cash is grey."""
    risky = [leg for leg in legs if leg != "cash"]
    return {"cash": "#a9a9a4"} | {leg: LEG_COLOURS[i % len(LEG_COLOURS)] for i, leg in enumerate(risky)}


def curves_figure(
    curves: pd.DataFrame, legs: Sequence[str], published: str | None, best_is_base: bool
) -> Figure:
    """NAV on a log axis, drawdown, and what was held and signalled, on one time axis of T days.

    Rows of the band, top to bottom: the leg the base holds, the best's, each signal bit of the base (dark is
    on). Everything after publication lies on a grey ground.
    """
    dates = _dates(curves)
    colours = leg_colours(legs)
    data = []
    for leg in legs:
        if f"hold.{leg}.nav" in curves:
            nav, style = curves[f"hold.{leg}.nav"], {"color": colours[leg], "width": 1.1}
            fall = nav / nav.cummax().clip(lower=1.0) - 1.0
            data.append(_line(dates, nav, f"hold {leg}", style, "y"))
            data.append(
                _line(dates, fall, f"hold {leg}", style, "y2") | {"showlegend": False, "opacity": 0.5}
            )
    for who, name, style in _who(best_is_base):
        data.append(_line(dates, curves[f"{who}.nav"], name, style, "y"))
        data.append(_line(dates, curves[f"{who}.drawdown"], name, style, "y2") | {"showlegend": False})
    for trace in data:
        trace["hovertemplate"] = "%{y:.1%}" if trace["yaxis"] == "y2" else "%{y:.3g}"
    band = _band(curves, dates, legs, colours, best_is_base)
    data.append(band)

    gap, height = 18, 20 * len(band["y"])  # pixels, counted from below: band, drawdown (150), NAV (330)
    total = height + gap + 150 + gap + 330
    band_at, drawdown_at = [0.0, height / total], [(height + gap) / total, (height + gap + 150) / total]
    nav_at = [1.0 - 330 / total, 1.0]
    layout = _layout(total + 114, margin={"t": 66, "b": 48, "l": 118, "r": 12})
    layout |= {
        "hovermode": "x unified",
        "hoversubplots": "axis",
        "legend": LEGEND,
        "xaxis": _axis() | {"type": "date", "anchor": "y3", "hoverformat": "%Y-%m-%d", "showgrid": True},
        "yaxis": _log_axis(curves.filter(regex=r"\.nav$")) | {"domain": nav_at} | _title("NAV, log scale"),
        "yaxis2": _axis() | {"domain": drawdown_at, "tickformat": ".0%", "nticks": 5} | _title("Drawdown"),
        "yaxis3": _axis() | {"domain": band_at, "autorange": "reversed", "showgrid": False, "ticks": ""},
    }
    after = curves["segment"] == "after_publication"
    if published is not None and after.any():
        start, end = dates[int(after.to_numpy().argmax())], dates[-1]
        ground: Figure = {
            "type": "rect",
            "xref": "x",
            "yref": "paper",
            "x0": start,
            "x1": end,
            "y0": 0,
            "y1": 1,
        }
        ground |= {"fillcolor": "rgba(90,90,80,0.09)", "line": {"width": 0}, "layer": "below"}
        border = {
            "type": "line",
            "x1": start,
            "line": {"color": INK, "width": 1, "dash": "dot"},
            "layer": "above",
        }
        layout["shapes"] = [ground, ground | border]
        late = after.mean() < 0.5
        layout["legend"] = LEGEND | {"y": 1.0 + 20.0 / total}
        layout["annotations"] = [
            {"text": f"published {published} →" if late else f"after publication, {published}", "x": start}
            | {"xref": "x", "y": 1, "yref": "paper", "yanchor": "bottom", "showarrow": False}
            | {"xanchor": "right" if late else "left", "font": {"size": 11, "color": "#55554f"}}
        ]
    return {"data": data, "layout": layout}


def after_figure(curves: pd.DataFrame, legs: Sequence[str], best_is_base: bool) -> Figure | None:
    """NAV after publication alone, 1 at the last close before it; None where no day lies there."""
    late = (curves["segment"] == "after_publication").to_numpy()
    if not late.any():
        return None
    first = int(late.argmax())
    names = [f"{who}.nav" for who, _, _ in _who(best_is_base)]
    names += [f"hold.{leg}.nav" for leg in legs if f"hold.{leg}.nav" in curves]
    part = curves.iloc[max(first - 1, 0) :]
    navs = part[names] / (part[names].iloc[0] if first else 1.0)
    styles = {f"{who}.nav": (name, style) for who, name, style in _who(best_is_base)}
    for leg, colour in leg_colours(legs).items():
        styles[f"hold.{leg}.nav"] = (f"hold {leg}", {"color": colour, "width": 1.1})
    data = [_line(_dates(part), navs[n], *styles[n], "y") | {"hovertemplate": "%{y:.3f}"} for n in names]
    layout = _layout(274, margin={"t": 30, "b": 48, "l": 118, "r": 12})
    layout |= {
        "hovermode": "x unified",
        "plot_bgcolor": "#f4f4f2",
        "legend": LEGEND,
        "xaxis": _axis() | {"type": "date", "hoverformat": "%Y-%m-%d"},
        "yaxis": _log_axis(navs) | _title("NAV, 1 at publication"),
    }
    return {"data": data, "layout": layout}


def histogram_figure(
    histogram: dict[str, Any], marks: Sequence[tuple[str, float | None, str]], label: str, form: str
) -> Figure | None:
    """Variants by objective; marks are (text, value, colour): lines whose texts stand at different heights.

    None where no variant has a defined objective inside the edges. Edges of no width (a single variant) get
    one.
    """
    edges, counts = np.asarray(histogram["edges"], dtype=float), np.asarray(histogram["counts"], dtype=float)
    if not counts.sum() or len(edges) != len(counts) + 1 or not np.isfinite(edges).all():
        return None
    width = np.diff(edges)
    width = np.where(width > 0, width, max(abs(edges[0]) * 0.02, 1e-3))
    ends = f"{label} %{{customdata[0]:{form}}} to %{{customdata[1]:{form}}}"
    bars: Figure = {
        "type": "bar",
        "x": typed(edges[:-1] + np.diff(edges) / 2, "<f8"),
        "y": typed(counts, "<f8"),
        "width": typed(width, "<f8"),
        "marker": {"color": "#b9c3cf", "line": {"color": "#ffffff", "width": 0.5}},
        "customdata": typed(np.stack([edges[:-1], edges[:-1] + width], axis=1), "<f8"),
        "hovertemplate": ends + "<br>%{y:,.0f} variants<extra></extra>",
    }
    drawn = [(text, value, colour) for text, value, colour in marks if value is not None]
    values = [value for _, value, _ in drawn]
    low, high = min([edges[0], *values]), max([edges[-1], *values])
    pad = 0.03 * (high - low) or float(width[0])
    shapes: list[Figure] = []
    notes: list[Figure] = []
    for level, (text, value, colour) in enumerate(drawn):
        top = 1.02 + 0.085 * level
        line = {"color": colour, "width": 2 - level * 0.5, "dash": "dash" if level else "solid"}
        shapes.append({"type": "line", "x0": value, "x1": value, "yref": "paper", "y0": 0, "y1": top + 0.06})
        shapes[-1]["line"] = line
        notes.append({"text": f" {text} ", "x": value, "yref": "paper", "y": top, "yanchor": "bottom"})
        notes[-1] |= {"xanchor": "right" if value > (low + high) / 2 else "left", "showarrow": False}
        notes[-1]["font"] = {"size": 12, "color": colour}
    layout = _layout(330, margin={"t": 62, "b": 46, "l": 70, "r": 12})
    layout |= {
        "bargap": 0,
        "showlegend": False,
        "shapes": shapes,
        "annotations": notes,
        "xaxis": _axis()
        | _title(label)
        | {"range": [low - pad, high + pad], "tickformat": form, "showgrid": False},
        "yaxis": _axis() | _title("Variants") | {"tickformat": ",d", "rangemode": "tozero", "nticks": 6},
    }
    if counts.max() <= 5:
        layout["yaxis"]["dtick"] = 1
    return {"data": [bars], "layout": layout}


def informative_pairs(surfaces: pd.DataFrame, limit: int = 6) -> list[pd.DataFrame]:
    """The blocks of the long table whose surface through the base varies most, most first.

    Measured by the standard deviation over the cells of ``base``, of ``mean`` where a sample left base empty;
    it counts double where both axes are one signal's (same name before the dot). Flat ones only if all are.
    """
    ranked: list[tuple[float, pd.DataFrame]] = []
    for _, block in surfaces.groupby(["x_axis", "y_axis"], sort=False, observed=True):
        values = block["base"].to_numpy(dtype=float)
        values = values if np.isfinite(values).any() else block["mean"].to_numpy(dtype=float)
        values = values[np.isfinite(values)]
        x_axis, y_axis = str(block["x_axis"].iloc[0]), str(block["y_axis"].iloc[0])
        weight = 2.0 if x_axis.split(".")[0] == y_axis.split(".")[0] else 1.0
        ranked.append((weight * float(values.std()) if values.size else 0.0, block))
    ranked.sort(key=lambda pair: -pair[0])
    moving = [block for spread, block in ranked if spread > 0]
    return (moving or [block for _, block in ranked])[:limit]


def colour_range(blocks: Sequence[pd.DataFrame]) -> tuple[float, float]:
    """Smallest and largest finite value of all maps shown: one colour is one value everywhere on the page."""
    values = np.concatenate([block[["base", "mean"]].to_numpy(dtype=float).ravel() for block in blocks])
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def surface_figure(
    block: pd.DataFrame,
    axes: dict[str, list[str]],
    cells: Sequence[tuple[dict[str, str], str, str]],
    span: tuple[float, float],
    label: str,
    form: str,
) -> tuple[Figure, str]:
    """Heat maps of one pair, through the base and averaged over all else; a sentence where cells were merged.

    axes: all values of each axis as text. cells: what to mark, each (value of every axis as text, "rect" or
    "circle", line dash). span: the colours' range. label, form: the objective's name and d3 format.
    """
    x_axis, y_axis = str(block["x_axis"].iloc[0]), str(block["y_axis"].iloc[0])
    full = (len(axes[y_axis]), len(axes[x_axis]))
    steps = (-(-full[0] // MOST_CELLS), -(-full[1] // MOST_CELLS))
    y_names, x_names = _merged(axes[y_axis], steps[0]), _merged(axes[x_axis], steps[1])
    style: Figure = {"type": "heatmap", "x": x_names, "y": y_names, "colorscale": "Viridis"}
    style |= {"zmin": span[0], "zmax": span[1], "hoverongaps": False}
    style["colorbar"] = {"title": {"text": label, "side": "top"}, "tickformat": form, "thickness": 12}
    style["colorbar"] |= {"x": 0.955, "outlinewidth": 0}
    style["hovertemplate"] = f"{x_axis} %{{x}}<br>{y_axis} %{{y}}<br>{label} %{{z:{form}}}<extra></extra>"
    if len(x_names) <= 9 and len(y_names) <= 14:
        style["texttemplate"] = f"%{{z:{form}}}"
    layout = _layout(390, margin={"t": 34, "b": 50, "l": 70, "r": 10})
    layout |= {"shapes": [], "annotations": []}
    data = []
    titles = (("base", "", "all other axes at base"), ("mean", "2", "mean over all other axes"))
    for name, side, title in titles:
        matrix = np.full(full, np.nan)
        matrix[block["y_index"].to_numpy(dtype=int), block["x_index"].to_numpy(dtype=int)] = block[name]
        z = block_mean(matrix, steps)
        data.append(style | {"z": typed(z), "xaxis": f"x{side}", "yaxis": f"y{side}", "showscale": not side})
        domain = [0.5, 0.94] if side else [0.0, 0.44]
        layout[f"xaxis{side}"] = _values_axis(x_names, PLOT[0]) | _title(x_axis)
        layout[f"xaxis{side}"] |= {"domain": domain, "anchor": f"y{side}"}
        layout[f"yaxis{side}"] = _values_axis(y_names, PLOT[1]) | {"anchor": f"x{side}"}
        layout[f"yaxis{side}"] |= {"showticklabels": False} if side else _title(y_axis) | {"automargin": True}
        text = title if np.isfinite(z).any() else f"{title} (not evaluated)"
        note = {"text": text, "x": domain[0], "xref": "paper", "xanchor": "left", "y": 1, "yref": "paper"}
        layout["annotations"].append(note | {"yanchor": "bottom", "yshift": 6, "showarrow": False})
        for values, outline, dash in cells:
            if values[x_axis] in axes[x_axis] and values[y_axis] in axes[y_axis]:
                column = axes[x_axis].index(values[x_axis]) // steps[1]
                row = axes[y_axis].index(values[y_axis]) // steps[0]
                large = PLOT[0] / len(x_names) >= 26 and PLOT[1] / len(y_names) >= 18
                shapes = _outline(column, row, outline, dash, large)
                layout["shapes"] += [shape | {"xref": f"x{side}", "yref": f"y{side}"} for shape in shapes]
    merged = f"Each cell is the mean of a block of {steps[1]} × {steps[0]} values." if max(steps) > 1 else ""
    return {"data": data, "layout": layout}, merged


def block_mean(matrix: Matrix, steps: tuple[int, int]) -> Matrix:
    """Mean of the finite values of each block of steps[0] x steps[1] cells; NaN where there is none."""
    if steps == (1, 1):
        return matrix
    rows, columns = (-(-size // step) for size, step in zip(matrix.shape, steps, strict=True))
    padded = np.full((rows * steps[0], columns * steps[1]), np.nan)
    padded[: matrix.shape[0], : matrix.shape[1]] = matrix
    blocks = padded.reshape(rows, steps[0], columns, steps[1])
    finite = np.isfinite(blocks)
    count = finite.sum(axis=(1, 3))
    total = np.where(finite, blocks, 0.0).sum(axis=(1, 3))
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _merged(names: list[str], step: int) -> list[str]:
    parts = [names[start : start + step] for start in range(0, len(names), step)]
    return [part[0] if len(part) == 1 else f"{part[0]} to {part[-1]}" for part in parts]


def _values_axis(names: list[str], pixels: float) -> Figure:
    """Equal cells in the order of the grid, at most ten true values written, room for a mark at the edge."""
    step = next(s * 10**k for k in range(9) for s in (1, 2, 5) if len(names) <= 10 * s * 10**k)
    pad = max(0.5, 12 * len(names) / pixels)
    axis = _axis() | {"type": "category", "range": [-pad, len(names) - 1 + pad], "showgrid": False}
    return axis | {"tickvals": names[::step], "ticktext": [name.split(" to ")[0] for name in names[::step]]}


def _outline(column: int, row: int, outline: str, dash: str, large: bool) -> list[Figure]:
    """A mark around a cell: the cell itself where it is large, else some pixels; black on a white rim."""
    shape: Figure = {"type": outline}
    if large:
        inset = 0.47 if outline == "rect" else 0.42
        shape |= {"x0": column - inset, "x1": column + inset, "y0": row - inset, "y1": row + inset}
    else:
        reach = 7 if outline == "rect" else 10
        shape |= {"xsizemode": "pixel", "ysizemode": "pixel", "xanchor": column, "yanchor": row}
        shape |= {"x0": -reach, "x1": reach, "y0": -reach, "y1": reach}
    rim = {"line": {"color": "#ffffff", "width": 4.5}}
    return [shape | rim, shape | {"line": {"color": "#000000", "width": 2, "dash": dash}}]


def _who(best_is_base: bool) -> list[tuple[str, str, Figure]]:
    """(column prefix, name, line) of the variants drawn; the base comes last, to lie on top."""
    line = {"color": INK, "width": 2.0}
    if best_is_base:
        return [("base", "base = best", line)]
    return [("best", "best in sample", {"color": BEST, "width": 1.3}), ("base", "base", line)]


def _dates(curves: pd.DataFrame) -> list[str]:
    return [str(day) for day in pd.to_datetime(curves["date"]).dt.strftime("%Y-%m-%d")]


def _line(dates: list[str], values: pd.Series[Any], name: str, style: Figure, axis: str) -> Figure:
    trace: Figure = {
        "type": "scatter",
        "mode": "lines",
        "x": dates,
        "y": typed(values),
        "name": name,
        "line": style,
    }
    return trace | {"xaxis": "x", "yaxis": axis, "legendrank": {"base": 1, "best": 2}.get(name[:4], 3)}


def _band(
    curves: pd.DataFrame, dates: list[str], legs: Sequence[str], colours: dict[str, str], best_is_base: bool
) -> Figure:
    """What was held and signalled each day: one heat map row each, a code per leg, then off and on."""
    rows = [("base holds", curves["base.leg"])]
    if not best_is_base:
        rows.append(("best holds", curves["best.leg"]))
    known = list(dict.fromkeys([*legs, *(str(leg) for _, held in rows for leg in held.unique())]))
    palette = [colours.get(leg, "#6b6b66") for leg in known] + ["#f1f1ee", "#6f7479"]
    codes = [held.map({leg: i for i, leg in enumerate(known)}).to_numpy() for _, held in rows]
    texts = [[str(leg) for leg in held] for _, held in rows]
    bits = [name for name in curves.columns if name.startswith("base.state.")]
    for bit in bits:
        state = curves[bit].to_numpy().astype(int)
        codes.append(len(known) + state)
        texts.append(["on" if on else "off" for on in state])
    steps = [[k / len(palette), c] for i, c in enumerate(palette) for k in (i, i + 1)]
    names = [name for name, _ in rows] + [bit.removeprefix("base.state.") for bit in bits]
    band: Figure = {
        "type": "heatmap",
        "x": dates,
        "y": names,
        "z": typed(np.stack(codes), "u1"),
        "text": texts,
    }
    band |= {"colorscale": steps, "zmin": -0.5, "zmax": len(palette) - 0.5, "showscale": False, "ygap": 3}
    return band | {"xaxis": "x", "yaxis": "y3", "name": "", "hovertemplate": "%{y}: %{text}<extra></extra>"}


def _layout(height: int, margin: dict[str, int]) -> Figure:
    clear = "rgba(0,0,0,0)"
    return {"font": FONT, "height": height, "margin": margin, "paper_bgcolor": clear, "plot_bgcolor": clear}


def _axis() -> Figure:
    return {"gridcolor": FAINT, "tickcolor": "#b5b5b0", "zeroline": False, "ticks": "outside", "ticklen": 4}


def _title(text: str) -> Figure:
    return {"title": {"text": text, "font": {"size": 12}, "standoff": 8}}


def _log_axis(navs: pd.DataFrame) -> Figure:
    """A log axis with ticks at round NAVs: plotly's own choice labels bare digits between decades."""
    values = navs.to_numpy(dtype=float)
    values = values[np.isfinite(values) & (values > 0)]
    low, high = (float(values.min()), float(values.max())) if values.size else (1.0, 1.0)
    if high / low > 8:
        digits = (1, 2, 5) if high / low < 2000 else (1,)
        decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
        ticks = [digit * 10.0**decade for decade in decades for digit in digits]
    else:
        steps = [s * 10.0**k for k in range(-4, 12) for s in (1, 2, 5)]
        step = next(step for step in steps if high - low <= 6 * step)
        ticks = [round(step * k, 4) for k in range(max(1, int(low / step)), int(high / step) + 2)]
    pad = 0.03 * np.log10(high / low) or 0.01
    edge = [float(np.log10(low) - pad), float(np.log10(high) + pad)]
    ticks = [tick for tick in ticks if edge[0] <= np.log10(tick) <= edge[1]]
    return _axis() | {
        "type": "log",
        "range": edge,
        "tickvals": ticks,
        "ticktext": [f"{tick:,g}" for tick in ticks],
    }
