"""The boards of a monitor on one date: tables, the releases of the week, and paths."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridproof.kernels.errors import InputError
from gridproof.results.monitor.record import BoardRecord, BoardRowRecord, CellRecord, ReleaseRecord, Unit
from gridproof.signals.data.frequency import months_apart
from gridproof.signals.data.release import Release
from gridproof.sweeps.monitor.board_signals import MONTH, PATH
from gridproof.sweeps.monitor.history import week_ends
from gridproof.sweeps.monitor.monitor import Monitor, MonitorReading
from gridproof.sweeps.monitor.spec import BoardSpec
from gridproof.sweeps.monitor.views import Views
from gridproof.sweeps.plan.signal_values import releases_of

# Calendar days before and after the date of which the releases are shown.
_WEEK = 7


def board_records(views: Views, monitor: Monitor, on: np.datetime64) -> list[BoardRecord]:
    """Returns each board as of a date. A cell is null where its value is not known, or an input is not current."""
    return [_board(views, monitor, name, one, on) for name, one in monitor.spec.boards.items()]


def _board(views: Views, monitor: Monitor, name: str, one: BoardSpec, on: np.datetime64) -> BoardRecord:
    record: BoardRecord = {
        "name": name, "title": one.title, "title_zh": one.title_zh or one.title, "source": one.source,
        "source_zh": one.source_zh or one.source,
        "columns": [(each.title, each.title_zh or each.title) for each in one.columns.values()],
        "assets": [(each.title, each.title_zh or each.title) for each in one.assets.values()],
        "rows": [], "releases": [], "path": [], "units": [each.unit for each in one.columns.values()],
    }  # fmt: skip
    if one.path is not None:
        record["columns"] = [(each.title, each.title_zh or each.title) for each in (one.path.across, one.path.up)]
        record["units"] = [one.path.across.unit, one.path.up.unit]
        record["path"] = _path(views, monitor, name, one.path.weeks, on)
        return record
    if one.months is not None:
        months = pd.period_range(end=pd.Timestamp(on).to_period("M"), periods=one.months, freq="M")
        record["columns"] = [(str(month), str(month)) for month in months]
        record["units"] = ["number"] * one.months
    for key, row in one.rows.items():
        cells: list[CellRecord] = []
        old: list[str] = []
        if one.months is not None:
            (reading,) = monitor.cells[name, key, MONTH]
            cells, old = _months(views, reading, months, on)
            record["releases"] += _releases(views, reading, row.title, row.title_zh or row.title, on)
        for column, each in one.columns.items():
            values = []
            for reading in monitor.cells[name, key, column]:
                value, stale = _value(views, reading, on)
                values.append(value)
                old += stale
            known = [value for value in values if value is not None]
            mean = float(np.mean(known)) if len(known) == len(values) else None
            cells.append({"value": mean, "unit": each.unit})
        latest = cells[0]["value"] if one.columns else None
        directions = [_direction(latest, row.moves.get(asset)) for asset in one.assets]
        names, named = list(dict.fromkeys(old)), monitor.spec.names_zh
        found: BoardRowRecord = {
            "title": row.title, "title_zh": row.title_zh or row.title, "group": row.group, "cells": cells,
            "directions": directions, "why": f"not current: {', '.join(names)}" if names else None,
            "why_zh": f"未更新：{'、'.join(named.get(each, each) for each in names)}" if names else None,
        }  # fmt: skip
        record["rows"].append(found)
    record["releases"].sort(key=lambda each: (each["next"], each["date"], each["title"]))
    return record


def _direction(change: float | None, moves: str | None) -> int | None:
    if change is None or moves is None:
        return None
    return int(np.sign(change)) * (1 if moves == "up" else -1)


def _not_current(views: Views, reading: MonitorReading, on: np.datetime64) -> list[str]:
    """The series of a reading that cannot be read, or are not current."""
    view = views.of(reading)
    missing = [name for name in reading.signal.series if name in view.faults]
    if missing:
        return missing
    return [each["name"] for each in views.markets.inputs(reading, view.market, on) if not each["current"]]


def _value(views: Views, reading: MonitorReading, on: np.datetime64) -> tuple[float | None, list[str]]:
    try:
        stale = _not_current(views, reading, on)
        value = None if stale else float(views.measured_cell(reading).values[-1])
    except InputError as error:
        return None, [str(error)]
    return value if value is not None and np.isfinite(value) else None, stale


def _months(
    views: Views, reading: MonitorReading, months: pd.PeriodIndex, on: np.datetime64
) -> tuple[list[CellRecord], list[str]]:
    """The observations of a series by month, as far as they are known."""
    unit: Unit = "number"
    stale = _not_current(views, reading, on)
    (name,) = reading.signal.series
    if name in views.of(reading).faults:
        return [{"value": None, "unit": unit} for _ in months], stale
    dates, values, _ = _known(views, reading)
    by_month = dict(zip(pd.DatetimeIndex(dates).to_period("M"), values.tolist(), strict=True))
    return [{"value": by_month.get(month), "unit": unit} for month in months], stale


def _known(views: Views, reading: MonitorReading) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Dates, values and the days of release of what is known of a reading's series."""
    (name,) = reading.signal.series
    market = views.of(reading).market
    release = releases_of(reading.owner, reading.signal, reading.owner.base).get(name, Release())
    known = market.known(name, release)
    used = int(np.searchsorted(known, len(market.calendar), side="left"))
    one = market.series[name]
    return one.dates[:used], one.values[:used], market.calendar[known[:used]]


def _releases(
    views: Views, reading: MonitorReading, title: str, title_zh: str, on: np.datetime64
) -> list[ReleaseRecord]:
    """What of a monthly or slower series was released in the week before a date, and what is expected in that after.

    The next release is expected as many days after its month as the latest one was.
    """
    (name,) = reading.signal.series
    if name in views.of(reading).faults:
        return []
    dates, values, known = _known(views, reading)
    found: list[ReleaseRecord] = []
    for dated, value, day in zip(dates, values.tolist(), known, strict=True):
        if on - np.timedelta64(_WEEK, "D") < day <= on:
            found.append({"title": title, "title_zh": title_zh, "date": str(day), "month": str(dated)[:7],
                          "value": value, "next": False})  # fmt: skip
    if len(dates) > 1 and (apart := months_apart(dates)) is not None:
        month = pd.Timestamp(dates[-1]).to_period("M") + apart
        delay = known[-1] - dates[-1]
        ended = np.datetime64(month.end_time.date()) if pd.Timestamp(dates[-1]).is_month_end else dates[-1]
        day = np.busday_offset(ended + delay, 0, roll="forward")
        if on < day <= on + np.timedelta64(_WEEK, "D"):
            found.append({"title": title, "title_zh": title_zh, "date": str(day), "month": str(month), "value": None,
                          "next": True})  # fmt: skip
    return found


def _path(views: Views, monitor: Monitor, board: str, weeks: int, on: np.datetime64) -> list[tuple[str, float, float]]:
    """The last week ends on which both are known; none where an input is not current."""
    across, up = (monitor.cells[board, PATH, side][0] for side in ("across", "up"))
    try:
        if _not_current(views, across, on) or _not_current(views, up, on):
            return []
        xs, ys = (views.measured_cell(each).values for each in (across, up))
    except InputError:
        return []
    days = views.of(across).market.calendar
    ends = [at for at in week_ends(days) if np.isfinite(xs[at]) and np.isfinite(ys[at])]
    return [(str(days[at]), float(xs[at]), float(ys[at])) for at in ends[-weeks:]]
