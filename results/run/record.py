"""Metrics as records and tables, under the names that every output uses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gridproof.kernels.arrays import Array, Floats
from gridproof.kernels.metrics import METRICS

if TYPE_CHECKING:
    import pandas as pd

Record = dict[str, Any]


def number(value: Any) -> float | None:
    """A number as a record has it: a plain float; None where it is None, NaN or infinite."""
    plain = math.nan if value is None else float(value)
    return plain if math.isfinite(plain) else None


def metrics_record(row: Floats, legs: Sequence[str]) -> Record:
    """One segment's metrics, (12 + A,), by name; undefined ones are None. Switches are a count."""
    record: Record = {
        name: (int(value) if name == "switches" else float(value)) if math.isfinite(value) else None
        for name, value in zip(METRICS, row, strict=False)
    }
    shares = row[len(METRICS) :]
    record["exposure_by_leg"] = {leg: float(share) for leg, share in zip(legs, shares, strict=True)}
    return record


def metrics_columns(rows: Array, legs: Sequence[str]) -> dict[str, Any]:
    """Metrics of n variants (n, S, 12 + A) as columns: in sample by name, after publication with ``after.`` before."""
    columns = {}
    names = [*METRICS, *(f"exposure.{leg}" for leg in legs)]
    for segment, prefix in enumerate(("", "after.")[: rows.shape[1]]):
        for position, name in enumerate(names):
            columns[prefix + name] = rows[:, segment, position]
    return columns


def objective_of(rows: Floats, objective: str, segment: int = 0) -> Floats:
    """The objective of n variants (n, S, 12 + A) in one segment, (n,)."""
    return np.ascontiguousarray(rows[:, segment, METRICS.index(objective)])


def curve_segments(curve: pd.DataFrame, published: int | None) -> list[str]:
    """The segment of each day of a curve. published: the number of days before publication, or None."""
    before = len(curve) if published is None else published
    return ["in_sample"] * before + ["after_publication"] * (len(curve) - before)


def choice_noun(summary: Record) -> str:
    """What base and best are compared with: choices, or variants where every variant of the grid is a choice."""
    return "choice" if summary["choices"] < summary["variants"] else "variant"


def data_warnings(summary: Record) -> list[str]:
    """Returns the warnings about the data of a run, one sentence each; none for a run that recorded none."""
    data: Record = summary.get("data") or {"series": [], "warnings": []}
    named = [f"{one['name']}: {text}" for one in data["series"] for text in one["warnings"]]
    return [*named, *data["warnings"]]
