"""The list of positions: what was held from when to when, and what it earned."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

# Why a position ended: the rule chose another, a stop was reached, or the wait after a stop was over.
RULE, STOP, WAITED, OPEN = "the rule", "a stop", "end of cooling-off", "still held"


def list_positions(
    held: pd.Series[Any], returns: pd.Series[Any], benchmark: pd.Series[Any], wanted: pd.Series[Any] | None = None
) -> pd.DataFrame:
    """One row for each position, the earliest first.

    held: the allocation of each day, (T,) by date. returns: daily, after cost. benchmark: daily.
    wanted: the allocation that the rule chose for each day, where a stop or a minimum holding may keep another.
    Columns: ``held``, ``from`` and ``to`` (its first and last day), ``days`` (rows), ``return`` (compound, after cost)
    and ``benchmark`` (the same of the benchmark on these days), and with ``wanted`` also ``end``: RULE, STOP, WAITED
    or OPEN. The last position may still be open.
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
    found = pd.DataFrame(
        {
            "held": grouped["held"].first(),
            "from": grouped["day"].first(),
            "to": grouped["day"].last(),
            "days": grouped.size(),
            "return": np.expm1(grouped["own"].sum()),
            "benchmark": np.expm1(grouped["other"].sum()),
        }
    ).reset_index(drop=True)
    return found if wanted is None else found.assign(end=_ends(held.to_numpy(), wanted.to_numpy()))


def _ends(held: npt.NDArray[Any], wanted: npt.NDArray[Any]) -> list[str]:
    """Why each position ended: on the first day of the next, the rule still wants what a stop has left."""
    starts = [0, *(int(at) for at in np.flatnonzero(held[1:] != held[:-1]) + 1)]
    ends: list[str] = []
    for start, following in itertools.pairwise(starts):
        if wanted[following] == held[start]:
            ends.append(STOP)
        elif ends and ends[-1] == STOP and (wanted[start : following + 1] == held[following]).all():
            ends.append(WAITED)
        else:
            ends.append(RULE)
    return [*ends, OPEN]
