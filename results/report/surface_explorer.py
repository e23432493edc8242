"""All surfaces of a run as data of the page, on which the reader chooses axes and metric."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from gridproof.kernels.metrics import BY_NAME, Metric
from gridproof.results.report.axis import ReportAxis
from gridproof.results.report.cell_colours import SCALE
from gridproof.results.report.figures import FONT
from gridproof.results.report.heatmaps import MOST_CELLS, pair_of
from gridproof.results.report.number_format import d3_format
from gridproof.results.run.record import Record

MOST = 40_000  # cells of all pairs together; of the largest pairs beyond that the page has no data


def surface_explorer(blocks: Sequence[pd.DataFrame], axes: Mapping[str, ReportAxis], metric: Metric) -> Record | None:
    """The axes by name, what can be shown, and the cells of each pair; None where there is no pair.

    A pair is {x, y, cells}: ``cells`` has a list for each key of what can be shown, row by row of y, null for a cell
    without a value. left_out: the pairs that are too large for the page, as "x, y".
    """
    kept, left_out, room = [], [], MOST
    for block in sorted(blocks, key=len):
        names = pair_of(block)
        if len(block) > room or max(len(axes[name].values) for name in names) > MOST_CELLS:
            left_out.append(", ".join(names))
            continue
        room -= len(block)
        kept.append(block)
    if not kept:
        return None
    shown = _shown(kept[0], metric)
    used = {name for block in kept for name in pair_of(block)}
    return {
        "axes": {
            name: {"texts": one.texts, "title": one.title, "values": [str(v) for v in one.values], "base": one.base,
                   "best": one.best}
            for name, one in axes.items() if name in used
        },
        "shown": [{"key": key, "label": label, "format": form} for key, label, form in shown],
        "pairs": [_pair(block, axes, [key for key, _, _ in shown]) for block in kept],
        "left_out": left_out,
        "font": FONT,
        "scale": SCALE,
    }  # fmt: skip


def _shown(block: pd.DataFrame, metric: Metric) -> list[tuple[str, str, str]]:
    """(column, label, d3 format): the objective in its three forms, then the other metrics at the base."""
    form = d3_format(metric.unit)
    found = [
        ("base", f"{metric.label}, other axes at base", form),
        ("mean", f"{metric.label}, mean over other axes", form),
    ]
    if "max" in block:
        found.append(("max", f"{metric.label}, highest over other axes", form))
    for column in block.columns:
        name = column.removeprefix("base.")
        if column.startswith("base.") and name != metric.name:
            found.append((column, f"{BY_NAME[name].label}, other axes at base", d3_format(BY_NAME[name].unit)))
    return found


def _pair(block: pd.DataFrame, axes: Mapping[str, ReportAxis], keys: Sequence[str]) -> Record:
    x, y = pair_of(block)
    width, height = (len(axes[name].values) for name in (x, y))
    places = block["y_index"].to_numpy(dtype=int) * width + block["x_index"].to_numpy(dtype=int)
    cells: dict[str, list[Any]] = {}
    for key in keys:
        row: list[float | None] = [None] * (width * height)
        for place, value in zip(places.tolist(), block[key].tolist(), strict=True):
            if value is not None and math.isfinite(value):
                row[place] = float(f"{value:.4g}")
        cells[key] = row
    return {"x": x, "y": y, "cells": cells}
