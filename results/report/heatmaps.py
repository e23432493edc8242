"""Heat maps of the objective over two axes: with all other axes at the base, and averaged over all other axes.

A matrix has a row for each value of the y axis and a column for each value of the x axis. NaN is blank.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from gridproof.kernels.metrics import Metric
from gridproof.results.report.axis import ReportAxis
from gridproof.results.report.cell_colours import SCALE, number_colours
from gridproof.results.report.figures import Figure, axis, base64_array, layout
from gridproof.results.report.number_format import d3_format, format_value

MOST_CELLS = 500  # along one axis of a heat map; above this, neighbouring values are averaged
MOST_MAPS = 6
FEWEST_DRAWN = 10  # variants that a cell of a sampled run needs for its mean to be shown
_WIDTH, _HEIGHT, _CELL = 430.0, 300.0, 46.0  # pixels: width of a map, its largest height, largest height of a cell
_FLAT = 0.05  # share of the largest spread below which a pair gets no map

Matrix = npt.NDArray[np.float64]


def split_pairs(surfaces: pd.DataFrame) -> list[pd.DataFrame]:
    """The table of surfaces as one block for each pair of axes."""
    return [block for _, block in surfaces.groupby(["x_axis", "y_axis"], sort=False, observed=True)]


def pair_of(block: pd.DataFrame) -> tuple[str, str]:
    return str(block["x_axis"].iloc[0]), str(block["y_axis"].iloc[0])


def informative_pairs(blocks: Sequence[pd.DataFrame], axes: Mapping[str, ReportAxis]) -> list[pd.DataFrame]:
    """The blocks whose surface through the base varies most along both axes, largest variation first.

    Variation is the smaller of the standard deviations along x and along y, doubled where both axes belong to one
    signal, halved where one is a trading condition. Flat blocks are returned only where all blocks are flat.
    """
    ranked = []
    for block in blocks:
        spreads = [_mean_spread(block[side], block["base"]) for side in ("x_index", "y_index")]
        weight = 2.0 if len({name.split(".")[0] for name in pair_of(block)}) == 1 else 1.0
        if any(axes[name].is_trading_condition for name in pair_of(block)):
            weight = 0.5
        ranked.append((weight * float(np.nan_to_num(min(spreads))), block))
    ranked.sort(key=lambda pair: -pair[0])
    varying = [block for spread, block in ranked if spread > _FLAT * ranked[0][0]]
    return (varying or [block for _, block in ranked])[:MOST_MAPS]


def _mean_spread(index: pd.Series[Any], values: pd.Series[Any]) -> float:
    """Root of the mean, over the groups of equal index, of the variance of the finite values in a group; NaN: none."""
    groups, numbers = index.to_numpy(dtype=np.int64), values.to_numpy(dtype=np.float64)
    known = np.isfinite(numbers)
    groups, numbers = groups[known], numbers[known]
    if not len(groups):
        return float("nan")
    count = np.bincount(groups)
    means = np.bincount(groups, numbers) / np.maximum(count, 1)
    squares = np.bincount(groups, (numbers - means[groups]) ** 2)
    return float(np.sqrt((squares[count > 0] / count[count > 0]).mean()))


def colour_range(blocks: Sequence[pd.DataFrame]) -> tuple[float, float]:
    """Smallest and largest finite value of all maps shown, so that a colour means the same value in each of them."""
    values = np.concatenate([block[["base", "mean"]].to_numpy(dtype=float).ravel() for block in blocks])
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def base_objective_at(
    blocks: Sequence[pd.DataFrame], axes: Mapping[str, ReportAxis], wanted: Sequence[str]
) -> float | None:
    """The objective of the base with the best's values on the wanted axes; None where no surface holds it."""
    for block in blocks:
        pair = pair_of(block)
        if wanted and set(wanted) <= set(pair):
            x, y = (axes[name].best if name in wanted else axes[name].base for name in pair)
            value = float(block.loc[(block["x_index"] == x) & (block["y_index"] == y), "base"].iloc[0])
            return value if np.isfinite(value) else None
    return None


def surface_figure(
    block: pd.DataFrame, axes: Mapping[str, ReportAxis], limits: tuple[float, float], metric: Metric
) -> Figure:
    """Two heat maps of one pair: left with all other axes at the base, right the mean over all other axes.

    The axis with more values is horizontal. A square marks the base, a circle the best; the circle is dotted where
    the best differs from the base on other axes too. limits: the colour range.
    """
    label, form = metric.label, d3_format(metric.unit)
    x, y = drawn_axes(block, axes)
    sides = ("x_index", "y_index") if x.name == pair_of(block)[0] else ("y_index", "x_index")
    columns, rows = (block[side].to_numpy(dtype=int) for side in sides)
    steps = (merge_step(y), merge_step(x))
    x_names, y_names = _merged(x.texts, steps[1]), _merged(y.texts, steps[0])
    height = min(_HEIGHT, _CELL * len(y_names))
    cell = (_WIDTH / len(x_names), height / len(y_names))
    style: Figure = {"type": "heatmap", "x": x_names, "y": y_names, "colorscale": SCALE}
    style |= {"zmin": limits[0], "zmax": limits[1], "hoverongaps": False}
    style["colorbar"] = {"tickformat": form, "thickness": 12, "ypad": 0, "x": 0.955, "outlinewidth": 0}
    style["colorbar"]["nticks"] = 5 if height < 120 else 8
    style["hovertemplate"] = f"{x.name} %{{x}}<br>{y.name} %{{y}}<br>{label} %{{z:{form}}}<extra></extra>"
    written = cell[0] >= (50 if "%" in form else 40) and cell[1] >= 18
    figure = layout(round(height) + 84, margin={"t": 34, "b": 50, "l": 70, "r": 10})
    figure |= {"shapes": [], "annotations": []}
    elsewhere = any(one.differs for one in axes.values() if one not in (x, y))
    differs = x.differs or y.differs
    marks = [
        (x.base, y.base, "rect", "solid", (7.0, 7.0), -1.0 if differs else -4.0),
        (x.best, y.best, "circle", "dot" if elsewhere else "solid", (10.0, 10.0), 3.0 if differs else 5.0),
    ]
    data, numbers = [], []
    titles = (("base", "", "other axes at base"), ("mean", "2", "mean over other axes"))
    for name, side, title in titles:
        matrix = np.full((len(y.values), len(x.values)), np.nan)
        matrix[rows, columns] = block[name]
        z = block_mean(matrix, steps)
        data.append(style | {"z": base64_array(z), "xaxis": f"x{side}", "yaxis": f"y{side}", "showscale": not side})
        if written:
            texts = _numbers(z, x_names, y_names, limits, metric)
            numbers.append(texts | {"xaxis": f"x{side}", "yaxis": f"y{side}"})
        domain = [0.5, 0.94] if side else [0.0, 0.44]
        figure[f"xaxis{side}"] = _values_axis(x.title, x_names, _WIDTH)
        figure[f"xaxis{side}"] |= {"domain": domain, "anchor": f"y{side}"}
        figure[f"yaxis{side}"] = _values_axis("" if side else y.title, y_names, height)
        figure[f"yaxis{side}"] |= {"anchor": f"x{side}", "showticklabels": not side, "automargin": not side}
        note = {"text": f"{label}, {title}", "x": domain[0], "xref": "paper", "xanchor": "left", "y": 1}
        note |= {"yref": "paper", "yanchor": "bottom", "yshift": 6, "showarrow": False}
        figure["annotations"].append(note)
        for column, row, outline, dash, small, more in marks:
            reach = _reach(cell, more) if written else small
            shapes = _outline(column // steps[1], row // steps[0], outline, dash, reach)
            figure["shapes"] += [shape | {"xref": f"x{side}", "yref": f"y{side}"} for shape in shapes]
    return {"data": [*data, *numbers], "layout": figure}


def drawn_axes(block: pd.DataFrame, axes: Mapping[str, ReportAxis]) -> tuple[ReportAxis, ReportAxis]:
    """The pair as drawn, (x, y): the axis with more values is horizontal."""
    first, second = (axes[name] for name in pair_of(block))
    return (first, second) if len(first.values) >= len(second.values) else (second, first)


def merge_step(one: ReportAxis) -> int:
    """How many neighbouring values of an axis share a cell of a map."""
    return -(-len(one.values) // MOST_CELLS)


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


def map_note(block: pd.DataFrame, axes: Mapping[str, ReportAxis], sampled: bool) -> str:
    """Merged cells, and the accuracy of means that come from a random sample; empty where neither applies."""
    merged = [one for one in drawn_axes(block, axes) if merge_step(one) > 1]
    each = " and ".join(f"{merge_step(one)} values of {one.name}" for one in merged)
    notes = [f"Each cell is the mean over {each}."] if merged else []
    if sampled:
        count = block["count"].to_numpy(dtype=float)
        notes.append(f"Right map: each cell is the mean of {count.min():,.0f} to {count.max():,.0f} sampled variants")
        shown = count >= FEWEST_DRAWN
        if shown.any():
            spread = block["mean_square"] - block["mean"] ** 2
            error = np.sqrt(spread.clip(lower=0.0).to_numpy()[shown] / (count[shown] - 1.0)).max()
            notes[-1] += f", with a standard error of at most {error:.2g}"
        notes[-1] += "." if shown.all() else f"; cells with fewer than {FEWEST_DRAWN} variants are blank."
    return " ".join(notes)


def with_environment_means(surfaces: pd.DataFrame, environment: set[str]) -> pd.DataFrame:
    """Surfaces with the whole grid's means for pairs with an axis of the environment, over which choices have none."""
    imposed = surfaces["x_axis"].isin(environment) | surfaces["y_axis"].isin(environment)
    names = ("count", "mean", "mean_square")
    found = {name: surfaces[name].where(~imposed, surfaces[f"whole_grid_{name}"]) for name in names}
    return surfaces.assign(**found | {"count": found["count"].fillna(0)})  # of a sample the whole grid has none


def blank_small_means(surfaces: pd.DataFrame) -> pd.DataFrame:
    """Surfaces of a sample, with NaN for the mean of fewer than FEWEST_DRAWN variants."""
    return surfaces.assign(mean=surfaces["mean"].where(surfaces["count"] >= FEWEST_DRAWN))


def _numbers(
    z: Matrix, x_names: Sequence[str], y_names: Sequence[str], limits: tuple[float, float], metric: Metric
) -> Figure:
    """The number in each cell that has one, in a colour that stands out from the cell."""
    rows, columns = np.nonzero(np.isfinite(z))
    values = z[rows, columns].tolist()
    style: Figure = {"type": "scatter", "mode": "text", "hoverinfo": "skip", "showlegend": False}
    style |= {"x": [x_names[at] for at in columns.tolist()], "y": [y_names[at] for at in rows.tolist()]}
    style["text"] = [format_value(value, metric.unit) for value in values]
    return style | {"textfont": {"size": 11, "color": number_colours(values, limits)}}


def _merged(names: Sequence[str], step: int) -> list[str]:
    parts = [names[start : start + step] for start in range(0, len(names), step)]
    return [part[0] if len(part) == 1 else f"{part[0]} to {part[-1]}" for part in parts]


def _values_axis(title: str, names: list[str], pixels: float) -> Figure:
    """An axis of equal cells in the order of the grid, with at most twelve labels and room for a mark at the edge."""
    step = next(s * 10**k for k in range(9) for s in (1, 2, 5) if len(names) <= 12 * s * 10**k)
    pad = max(0.5 + 6 * len(names) / pixels, 12 * len(names) / pixels)
    values = axis(title) | {"type": "category", "range": [-pad, len(names) - 1 + pad], "showgrid": False}
    return values | {"tickvals": names[::step], "ticktext": [name.split(" to ")[0] for name in names[::step]]}


def _reach(cell: tuple[float, float], more: float) -> tuple[float, float]:
    """Half the width and height of a mark, in pixels, that leaves the number in its cell legible."""
    return min(cell[0] / 2, 26.0) + more, min(cell[1] / 2, 19.0) + more


def _outline(column: int, row: int, outline: str, dash: str, reach: tuple[float, float]) -> list[Figure]:
    """A mark around the middle of a cell, black on a white rim. reach: half its width and height in pixels."""
    shape: Figure = {"type": outline, "xsizemode": "pixel", "ysizemode": "pixel", "xanchor": column}
    shape |= {"yanchor": row, "x0": -reach[0], "x1": reach[0], "y0": -reach[1], "y1": reach[1]}
    rim = {"line": {"color": "#ffffff", "width": 4.5}}
    return [shape | rim, shape | {"line": {"color": "#000000", "width": 2, "dash": dash}}]
