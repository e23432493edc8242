"""The list of positions: what was held from when to when, and what it earned."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd


def list_positions(held: pd.Series[Any], returns: pd.Series[Any], benchmark: pd.Series[Any]) -> pd.DataFrame:
    """One row for each position, the earliest first.

    held: the allocation of each day, (T,) by date. returns: daily, after cost. benchmark: daily.
    Columns: ``held``, ``from`` and ``to`` (its first and last day), ``days`` (rows), ``return`` (compound, after cost)
    and ``benchmark`` (the same of the benchmark on these days). The last position may still be open.
    """
    number = (held != held.shift()).cumsum().to_numpy()
    table = pd.DataFrame(
        {
            "held": held.to_numpy(),
            "day": pd.DatetimeIndex(held.index),
            "own": np.log1p(returns.to_numpy(dtype=np.float64)),
            "other": np.log1p(benchmark.to_numpy(dtype=np.float64)),
        }
    )
    grouped = table.groupby(number)
    return pd.DataFrame(
        {
            "held": grouped["held"].first(),
            "from": grouped["day"].first(),
            "to": grouped["day"].last(),
            "days": grouped.size(),
            "return": np.expm1(grouped["own"].sum()),
            "benchmark": np.expm1(grouped["other"].sum()),
        }
    ).reset_index(drop=True)
