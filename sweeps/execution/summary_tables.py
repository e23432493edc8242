"""The tables of a finished sweep: top, surfaces, curves, variants."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from gridproof.kernels.aggregate.surfaces import Surfaces
from gridproof.kernels.arrays import Array, Floats
from gridproof.results.run.record import curve_segments, metrics_columns, objective_of
from gridproof.results.run.store import Store, uniform
from gridproof.results.run.tally import Tally
from gridproof.sweeps.execution.evaluation import AGREE, GridEvaluation
from gridproof.sweeps.plan.choices import Choices
from gridproof.sweeps.plan.grid import Grid
from gridproof.sweeps.plan.plan import Plan
from gridproof.sweeps.plan.point import Point
from gridproof.sweeps.progress.observer import RunObserver
from gridproof.sweeps.study.held import by_leg

# The metrics that surfaces.parquet has beside the objective.
SURFACE_METRICS = ("sharpe", "cagr", "volatility", "max_drawdown", "calmar", "turnover")


def tabulate_top(evaluation: GridEvaluation, tally: Tally, choices: Choices) -> pd.DataFrame:
    """Returns the best choices by the objective. Choices with equal metrics are one row, with the lowest index.

    tally: of the choices. ``equal``: the number of choices in that row; for example, two thresholds between which the
    signal never lies give the same positions. Raises RuntimeError where an objective is not the one in the tally.
    """
    plan = evaluation.plan
    space, legs = plan.study.space, [leg.name for leg in plan.study.legs]
    columns: dict[str, Any] = {
        "index": tally.best_index,
        "equal": plan.equal(tally.best_key[:, :-1], choices),
    }
    digits = space.digits(tally.best_index)
    for position, axis in enumerate(space.axes):
        columns[axis.name] = [axis.values[digit] for digit in digits[:, position]]
    order = np.argsort(np.argsort(tally.best_index))
    metrics = evaluation.listed(tally.best_index)[order]
    _check_values(tally, objective_of(metrics, plan.study.spec.objective))
    table = pd.DataFrame(columns | metrics_columns(by_leg(plan.study, metrics), legs))
    _, group = np.unique(metrics.reshape(len(metrics), prod(metrics.shape[1:])), axis=0, return_inverse=True)
    table["equal"] = table.groupby(group.ravel())["equal"].transform("sum")
    table = table[~pd.Series(group.ravel()).duplicated().to_numpy()].reset_index(drop=True)
    table.insert(0, "rank", np.arange(1, len(table) + 1))
    return table


def _check_values(tally: Tally, again: Floats) -> None:
    """again: the objectives of the best, evaluated once more as a list."""
    wrong = np.flatnonzero(~np.isclose(tally.best_value, again, rtol=AGREE, atol=AGREE))
    if len(wrong):
        at = int(wrong[0])
        text = f"variant {tally.best_index[at]}: the sweep found {tally.best_value[at]}, and evaluated alone it has"
        raise RuntimeError(f"{text} {again[at]}")


def tabulate_surfaces(evaluation: GridEvaluation, tally: Tally, sampled: bool) -> pd.DataFrame:
    """One row for each cell of every pair of axes with several values.

    ``base``: the objective, all other axes at the base; ``base.METRIC``: other metrics there, float32. ``count`` and
    what follows: over all choices, which have no cells of a pair with an axis of the environment. ``whole_grid_count``
    and what follows: over all variants, null for a sample.
    """
    study, surfaces = evaluation.plan.study, tally.surfaces
    space = study.space
    parts, cells = [], []
    for x, y in surfaces.pairs:
        down, across = (part.ravel() for part in np.indices((space.dims[x], space.dims[y])))
        cells.append(space.slice_through_base(x, y))
        parts.append(
            pd.DataFrame(
                {
                    "x_axis": space.axes[x].name,
                    "y_axis": space.axes[y].name,
                    "x_index": down,
                    "y_index": across,
                    "x": [str(space.axes[x].values[digit]) for digit in down],
                    "y": [str(space.axes[y].values[digit]) for digit in across],
                }
            )
        )
    names = ["x_axis", "y_axis", "x_index", "y_index", "x", "y"]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=names)
    wanted = np.concatenate(cells) if cells else np.empty(0, dtype=np.int64)
    if len(wanted):
        values = evaluation.in_sample(wanted, [study.spec.objective, *SURFACE_METRICS])
        values = values[np.searchsorted(np.unique(wanted), wanted)]
    else:
        values = np.empty((0, 1 + len(SURFACE_METRICS)))
    table["base"] = values[:, 0]
    for number, name in enumerate(SURFACE_METRICS, 1):
        table[f"base.{name}"] = values[:, number].astype(np.float32)
    for name, values in _surface_columns(tally.among_choices.surfaces, surfaces).items():
        table[name] = values
    for name, values in _surface_columns(surfaces, surfaces).items():
        table[f"whole_grid_{name}"] = np.full(len(values), np.nan) if sampled else values
    return table


def _surface_columns(surfaces: Surfaces, cells: Surfaces) -> dict[str, Array]:
    """count, mean, mean_square and max of the surfaces that there are, laid out over the cells of all pairs, (C,)."""
    columns: dict[str, Array] = {
        "count": surfaces.count,
        "mean": surfaces.mean(),
        "mean_square": surfaces.mean_square(),
        "max": np.where(np.isfinite(surfaces.maximum), surfaces.maximum, np.nan),
    }
    if surfaces.pairs == cells.pairs:
        return columns
    own, offsets = surfaces.offsets(), cells.offsets()
    result: dict[str, Array] = {name: np.full(len(cells.count), np.nan) for name in columns}
    result["count"] = np.zeros_like(cells.count)
    for number, pair in enumerate(surfaces.pairs):
        place = cells.pairs.index(pair)
        for name, values in columns.items():
            result[name][offsets[place] : offsets[place + 1]] = values[own[number] : own[number + 1]]
    return result


def tabulate_curves(plan: Plan, points: dict[str, Point], holds: dict[str, tuple[Any, Any]]) -> pd.DataFrame:
    published = None if plan.window.published is None else plan.window.published - plan.window.first
    columns: dict[str, Any] = {"segment": curve_segments(points["base"].curve, published)}
    for who, point in points.items():
        columns[f"{who}.leg"] = point.held
        for name in ("return", "cost", "nav", "drawdown"):
            columns[f"{who}.{name}"] = point.curve[name]
        if who == "base" and point.wanted is not None:
            columns["base.wanted"], columns["base.position"] = point.wanted, point.position
        if who == "base":
            shown = {bit for signal in plan.study.signals if signal.shown for bit in signal.bits}
            for bit in (bit for bit in plan.study.rule.bits if bit in shown):
                columns[f"base.state.{bit}"] = point.curve[f"{bit}.state"]
            for leg in plan.study.legs if plan.study.mixed else ():
                columns[f"base.weight.{leg.name}"] = point.curve[f"weight.{leg.name}"]
            for name in point.value_columns:
                columns[f"base.value.{name.removesuffix('.value')}"] = point.curve[name]
    for name, (returns, _) in holds.items():
        columns[f"hold.{name}.nav"] = np.cumprod(1.0 + returns)
    return pd.DataFrame(columns, index=points["base"].curve.index).reset_index()


def variant_tables(plan: Plan, grid: Grid, store: Store, observer: RunObserver) -> Iterator[pa.Table]:
    """Every variant in grid order as Arrow tables: index, axes by value, metrics in float32."""
    space, legs = plan.study.space, [leg.name for leg in plan.study.legs]
    number = written = 0
    observer.progress("writing variants", 0, grid.size)
    for rows in store.tiles.rows():
        done = 0
        while done < len(rows):
            variants = grid.variants(number)
            digits = space.digits(variants)
            columns: dict[str, Any] = {"index": variants}
            for position, axis in enumerate(space.axes):
                columns[axis.name] = pa.DictionaryArray.from_arrays(
                    pa.array(digits[:, position].astype(np.int32)), pa.array(uniform(list(axis.values)))
                )
            metrics = metrics_columns(by_leg(plan.study, rows[done : done + len(variants)]), legs)
            # Undefined metrics are null, which SQL aggregates ignore.
            columns |= {name: pa.array(values, from_pandas=True) for name, values in metrics.items()}
            yield pa.table(columns)
            done += len(variants)
            written += len(variants)
            observer.progress("writing variants", written, grid.size, written)
            number += 1
