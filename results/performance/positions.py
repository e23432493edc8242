"""The list of positions: what was held from when to when, and what it earned."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

# Why a position ended: the rule chose another, a stop was reached, the wait after a stop was over, or the drawdown
# asked for another part of it.
RULE, STOP, WAITED, DRAWDOWN, OPEN = "the rule", "a stop", "end of cooling-off", "the drawdown", "still held"


def list_positions(
    held: pd.Series[Any],
    returns: pd.Series[Any],
    benchmark: pd.Series[Any],
    wanted: pd.Series[Any] | None = None,
    position: pd.Series[Any] | None = None,
) -> pd.DataFrame:
    """One row for each position, the earliest first.

    held: the allocation of each day, (T,) by date. returns: daily, after cost. benchmark: daily.
    wanted: the allocation that the rule chose for each day, where a stop or a minimum holding may keep another.
    position: that of which ``held`` is all or a part; None: all.
    Columns: ``held``, ``from`` and ``to`` (its first and last day), ``days`` (rows), ``return`` (compound, after cost)
    and ``benchmark`` (the same of the benchmark on these days), and with ``wanted`` also ``end``: RULE, STOP, WAITED,
    DRAWDOWN or OPEN. The last position may still be open.
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
    if wanted is None:
        return found
    whole = held if position is None else position
    return found.assign(end=_ends(held.to_numpy(), wanted.to_numpy(), whole.to_numpy()))


def _ends(held: npt.NDArray[Any], wanted: npt.NDArray[Any], position: npt.NDArray[Any]) -> list[str]:
    """Why each position ended: on the first day of the next, the rule still wants what a stop has left."""
    starts = [0, *(int(at) for at in np.flatnonzero(held[1:] != held[:-1]) + 1)]
    changed = np.flatnonzero(position[1:] != position[:-1]) + 1
    ends: list[str] = []
    for following in starts[1:]:
        if position[following] == position[following - 1]:
            ends.append(DRAWDOWN)
        elif wanted[following] == position[following - 1]:
            ends.append(STOP)
        else:
            # A stop may have left a position of which nothing was held.
            since = int(changed[changed < following].max(initial=0))
            stopped = since > 0 and wanted[since] == position[since - 1]
            waited = stopped and (wanted[since : following + 1] == position[following]).all()
            ends.append(WAITED if waited else RULE)
    return [*ends, OPEN]
