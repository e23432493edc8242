"""All readings of a monitor on one date, from files as they were on it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from gridproof.kernels.backend import resolve
from gridproof.kernels.errors import InputError
from gridproof.results.monitor.record import (
    ChangeRecord,
    MonitorRecord,
    PrintedRecord,
    ReadingRecord,
    WarningRecord,
)
from gridproof.results.texts.fault import fault_text
from gridproof.results.texts.translation import translate
from gridproof.signals.data.market import Market
from gridproof.signals.data.source import Dates
from gridproof.sweeps.monitor.board_records import board_records
from gridproof.sweeps.monitor.distance import distance
from gridproof.sweeps.monitor.freshness import DAILY
from gridproof.sweeps.monitor.history import small_history
from gridproof.sweeps.monitor.measure import Measured, change, codes, known_days, percentile, state_name, state_record
from gridproof.sweeps.monitor.monitor import Monitor, MonitorReading, percentile_window
from gridproof.sweeps.monitor.reading_records import (
    as_missing,
    empty_record,
    unavailable_record,
    underlying_series,
)
from gridproof.sweeps.monitor.views import Markets, Views
from gridproof.sweeps.monitor.vote import vote
from gridproof.sweeps.plan.signal_values import UndefinedSignalError
from gridproof.sweeps.plan.window import check_year

# A percentile says so where it is of fewer values than this part of its window.
_FULL = 0.9


class MonitorBoard:
    """A monitor on its data. ``data``: the folder of all files; None: the market.path of the monitor and the studies.

    Raises InputError where the calendar cannot be read.
    """

    def __init__(self, monitor: Monitor, data: str | Path | None = None) -> None:
        self.monitor, self.markets, self._backend = monitor, Markets(monitor, data), resolve("cpu")
        self.calendar: Dates = self.markets.of(monitor)[0].calendar
        known = set(monitor.spec.series) | {name for each in monitor.readings for name in each.signal.series}
        for key, names in (("current", monitor.spec.current), ("names_zh", monitor.spec.names_zh)):
            for name in names:
                if name not in known:
                    rule, remedy = f"{key} names series of the readings", f"Use one of {', '.join(sorted(known))}"
                    raise InputError(rule, name, monitor.where(key, name), remedy)

    def views(self, on: np.datetime64) -> Views:
        return Views(self.markets, on, self._backend)

    def record(self, on: np.datetime64 | None = None, since: np.datetime64 | None = None) -> MonitorRecord:
        """Every reading on a date; None: the last day of the calendar. ``since``: the states that changed since then.

        Only what files that end on this date give is used. Raises InputError where the calendar begins later.
        """
        on = self.calendar[-1] if on is None else on
        days = self.calendar[self.calendar <= on]
        if len(days) < 2:
            rule, remedy = "a monitor needs two trading days", f"Give a date after {self.calendar[0]}"
            raise InputError(rule, f"{len(days)} up to {on}", "--on", remedy)
        check_year(self.monitor, self.markets.of(self.monitor)[0].until(on))
        week, month = on - np.timedelta64(7, "D"), np.datetime64(pd.Timestamp(on) - pd.DateOffset(months=1), "D")
        spec, views = self.monitor.spec, self.views(on)
        readings = [self._reading(each, views, on, week, month) for each in self.monitor.readings]
        readings += [unavailable_record(name, one, on) for name, one in spec.unavailable.items()]
        return {
            "monitor": spec.name,
            "title": spec.title or spec.name,
            "title_zh": spec.title_zh or spec.title or spec.name,
            "notes": list(spec.notes),
            "notes_zh": list(spec.notes_zh or spec.notes),
            "on": str(on),
            "week_before": str(week),
            "month_before": str(month),
            "groups": [
                {"name": name, "title": one.title, "title_zh": one.title_zh or one.title}
                for name, one in spec.groups.items()
            ],
            "readings": readings,
            "warnings": self._warnings(views),
            "boards": board_records(views, self.monitor, on),
            "since": None if since is None else str(since),
            "changed": [] if since is None else self._changed(views, since, readings),
        }

    def _reading(
        self, reading: MonitorReading, views: Views, on: np.datetime64, week: np.datetime64, month: np.datetime64
    ) -> ReadingRecord:
        try:
            return self._measured_record(reading, views, on, week, month)
        except InputError as error:
            record = empty_record(reading)
            record["status"], record["why"], record["why_zh"] = "failed", *_fault(error)
            return record

    def _measured_record(
        self, reading: MonitorReading, views: Views, on: np.datetime64, week: np.datetime64, month: np.datetime64
    ) -> ReadingRecord:
        one, signal, spec = reading.spec, reading.signal, self.monitor.spec
        record, view = empty_record(reading), views.of(reading)
        faults = [view.faults[name] for name in signal.series if name in view.faults]
        if faults:
            return as_missing(record, *_fault(faults[0]))
        record["inputs"] = self.markets.inputs(reading, view.market, on)
        nothing = [each for each in record["inputs"] if each["known"] is None]
        if nothing:
            unknown = " and ".join(each["name"] for each in nothing)
            unknown_zh = "、".join(each["name_zh"] for each in nothing)
            return as_missing(record, f"{unknown}: no value is known", f"{unknown_zh}：尚无数据")
        measured = views.measured(reading)
        days, values = view.market.calendar, measured.values
        last = len(days) - 1
        stale = [each for each in record["inputs"] if not each["current"]]
        latest = min((str(each["until"]) for each in record["inputs"]), default=str(on))
        seen = last if not stale else int(np.searchsorted(days, np.datetime64(latest), side="right")) - 1
        finite = np.flatnonzero(np.isfinite(values[: seen + 1]))
        if len(finite):
            record["last_value"], record["last_date"] = float(values[finite[-1]]), str(days[finite[-1]])
        record["printed"] = self._printed(reading, measured, view.market, on)
        record["history"] = small_history(measured, days, seen)
        if stale:
            record["status"] = "stale"
            names = [f"{each['name']} ({each['dated']})" for each in stale]
            record["why"] = f"{' and '.join(names)}: no newer value until {on}"
            names_zh = "、".join(f"{each['name_zh']}（{each['dated']}）" for each in stale)
            record["why_zh"] = f"{names_zh}：截至{on}没有更新的数据"
            return record
        if not np.isfinite(values[last]):
            return as_missing(record, "the value is not known yet on this date", "该日数值尚不可得")
        record["status"], record["value"] = "current", float(values[last])
        relative = one.unit == "index"
        record["week"] = change(values, last, _before(days, week), relative)
        record["month"] = change(values, last, _before(days, month), relative)
        if one.percentile is not None:
            window = percentile_window(reading, self.monitor.document)
            record["percentile"] = percentile(values, last, window)
            record["percentile_days"] = days_used = known_days(values, last, window)
            record["percentile_short"] = window is not None and days_used < _FULL * window
        record["state"] = state_record(reading, measured, days, last)
        if measured.states is not None and len(signal.bits) == 1:
            on_now, underlying = bool(measured.states[0, last]), underlying_series(reading)
            found = distance(reading.owner, signal, view.market, float(values[last]), on_now, underlying)
            if found is not None and underlying is not None:
                found["underlying_zh"] = spec.names_zh.get(underlying, underlying)
            record["distance"] = found
        if reading.stated:
            try:
                record["vote"] = vote(reading.owner, signal, view.evaluator, self._backend)
            except UndefinedSignalError:
                record["vote"] = None  # under some parameters the signal is not defined yet
        return record

    def _warnings(self, views: Views) -> list[WarningRecord]:
        """What the models of the readings warn of as of the date, each once. Files are checked as wholes: not here."""
        found: dict[str, list[str]] = {}
        for reading in self.monitor.readings:
            try:
                series = views.of(reading).market.series
            except InputError:
                continue  # the reading says why
            for name in reading.signal.series:
                if reading.owner.spec.series[name].model is not None and name in series:
                    for warning in series[name].warnings:
                        found.setdefault(warning, []).append(reading.name)
        return [{"readings": names, "text": one, "text_zh": translate(one, "zh")} for one, names in found.items()]

    def _printed(
        self, reading: MonitorReading, measured: Measured, market: Market, on: np.datetime64
    ) -> list[PrintedRecord]:
        """What reports printed up to a date, beside our value of that day where it was current."""
        one, days, found = reading.spec, market.calendar, []
        window = None if one.percentile is None else percentile_window(reading, self.monitor.document)
        for date, what, printed in [
            *((date, "value", printed) for date, printed in one.printed.items()),
            *((date, "percentile", printed) for date, printed in one.printed_percentile.items()),
        ]:
            day = np.datetime64(date)
            at = _before(days, day)
            if day > on or at < 0:
                continue
            ours: float | None = None
            near = np.busday_count(days[at], day) <= DAILY  # the calendar may end before the date
            if near and self.markets.current(reading, market, np.array([at]))[0] and np.isfinite(measured.values[at]):
                value = float(measured.values[at])
                ours = value if what == "value" else percentile(measured.values, at, window)
            record: PrintedRecord = {"date": str(date), "what": what, "printed": printed, "ours": ours}  # type: ignore[typeddict-item]
            found.append(record)
        return found

    def _changed(self, views: Views, since: np.datetime64, records: Sequence[ReadingRecord]) -> list[ChangeRecord]:
        """The readings whose state now and on an earlier date are both known, and differ."""
        stated = {record["name"] for record in records if record["state"] is not None}
        found: list[ChangeRecord] = []
        for reading in self.monitor.readings:
            if reading.name not in stated:
                continue
            measured, market = views.measured(reading), views.of(reading).market
            at = _before(market.calendar, since)
            if measured.states is None or at < measured.first:
                continue
            if not self.markets.current(reading, market, np.array([at]))[0]:
                continue
            code = codes(measured.states)
            if code[at] != code[-1]:
                before, before_zh = state_name(reading, int(code[at]))
                found.append({"name": reading.name, "before": before, "before_zh": before_zh})
        return found


def _fault(error: InputError) -> tuple[str, str]:
    """What is wrong, in English and in Chinese; of the monitor file only the name, which is the same everywhere."""
    where = re.sub(r"^\S*[/\\]", "", error.where)
    named = InputError(error.rule, error.value, where, error.remedy)
    return str(named), fault_text(named, "zh")


def _before(days: Dates, day: np.datetime64) -> int:
    """The position of the last trading day on or before a date; −1: there is none."""
    return int(np.searchsorted(days, day, side="right")) - 1
