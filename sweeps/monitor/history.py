"""Readings at week ends: the small history of a page, and the table of all weeks."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from gridproof.kernels.errors import InputError
from gridproof.results.run.record import number
from gridproof.signals.data.source import Dates
from gridproof.sweeps.monitor.measure import Measured, codes, percentile, state_name
from gridproof.sweeps.monitor.monitor import MonitorReading, percentile_window
from gridproof.sweeps.monitor.views import Views

# The small history: so many week ends.
WEEKS = 156
COLUMNS = ["date", "reading", "value", "percentile", "state", "current"]


def week_ends(days: Dates) -> list[int]:
    """Returns the positions of the last trading day of each week; the last day is one, as of that day."""
    weeks = (days.astype(np.int64) + 3) // 7
    return [*np.flatnonzero(np.diff(weeks)).tolist(), len(days) - 1]


def small_history(measured: Measured, days: Dates, seen: int) -> list[tuple[str, float | None, bool | None]]:
    """Returns date, value and whether the first bit is on, of the last week ends up to day ``seen``."""
    values, states = measured.values, measured.states
    return [
        (
            str(days[at]),
            number(values[at]),
            None if states is None or at < measured.first else bool(states[0, at]),
        )
        for at in week_ends(days)[-WEEKS:]
        if at <= seen
    ]


def weekly_table(views: Views, begin: np.datetime64) -> pd.DataFrame:
    """Returns every reading at every week end from a date on, in COLUMNS.

    Value, percentile and state are null in a week in which an input was stale. Readings that cannot be computed have no
    rows.
    """
    parts = []
    for reading in views.markets.monitor.readings:
        try:
            parts.append(_weeks(views, reading, views.measured(reading), begin))
        except InputError:
            continue  # the reading says why
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=COLUMNS)


def _weeks(views: Views, reading: MonitorReading, measured: Measured, begin: np.datetime64) -> pd.DataFrame:
    market, monitor = views.of(reading).market, views.markets.monitor
    days = market.calendar
    ends = [at for at in week_ends(days) if days[at] >= begin]
    window = None if reading.spec.percentile is None else percentile_window(reading, monitor.document)
    code = None if measured.states is None else codes(measured.states)
    rows: list[tuple[float, float | None, str | None, bool]] = []
    for at, fresh in zip(ends, views.markets.current(reading, market, np.array(ends, dtype=np.int64)), strict=True):
        if not fresh:
            rows.append((math.nan, None, None, False))
            continue
        share = None if reading.spec.percentile is None else percentile(measured.values, at, window)
        state = None if code is None or at < measured.first else state_name(reading, int(code[at]))[0]
        rows.append((float(measured.values[at]), share, state, True))
    table = pd.DataFrame(rows, columns=["value", "percentile", "state", "current"])
    table["percentile"] = table["percentile"].astype(float)
    table.insert(0, "reading", reading.name)
    table.insert(0, "date", days[ends].astype("datetime64[ns]"))
    return table
