"""The check of market data: every file that studies and monitors need is there, readable, current and plausible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from gridproof.kernels.errors import InputError
from gridproof.signals.data.file.reader import read_table, resolve
from gridproof.signals.data.market import Market, load_market
from gridproof.signals.data.panel.panel import Panel
from gridproof.signals.data.panel.panel_file import read_panel
from gridproof.signals.data.plausible import calendar_warnings, jump_warnings, placeholder_warnings
from gridproof.signals.data.release import Release
from gridproof.signals.data.series import read
from gridproof.signals.data.source import Observations, Source
from gridproof.sweeps.data.checked_file import CheckedFile
from gridproof.sweeps.monitor.freshness import input_record
from gridproof.sweeps.monitor.monitor import Monitor
from gridproof.sweeps.plan.selections import check_panel
from gridproof.sweeps.plan.signal_values import releases_of
from gridproof.sweeps.plan.study_market import data_folder, market_of
from gridproof.sweeps.plan.window import check_year, find_window, last_day
from gridproof.sweeps.plan.workload import daily_kernel_notices
from gridproof.sweeps.study.model_spec import LongTableSpec, ModelSpec
from gridproof.sweeps.study.study import Study

Target: TypeAlias = Study | Monitor

_DAYS_A_YEAR = 365.25


class DataCheck:
    """The files of studies and monitors, each read once.

    ``data``: the folder of all files; None: the market.path of each. ``on``: the date on which monitors must be
    current; None: the last day of their calendar.
    """

    def __init__(self, data: Path | None, on: np.datetime64 | None = None) -> None:
        self.data, self.on = data, on
        self.files: dict[tuple[object, ...], CheckedFile] = {}
        self.targets: list[dict[str, Any]] = []
        self._read: dict[tuple[Source, Path | None], Observations | InputError] = {}

    @property
    def errors(self) -> list[str]:
        """Everything that is wrong, one sentence each."""
        of_files = [one.error for one in self.files.values() if one.error is not None]
        return list(dict.fromkeys([*of_files, *(text for target in self.targets for text in target["errors"])]))

    @property
    def warnings(self) -> list[str]:
        """What is suspicious but may be true."""
        return list(dict.fromkeys(text for target in self.targets for text in target["warnings"]))

    def check_study(self, study: Study) -> None:
        """Check the files of a study as a run reads them, in its window."""
        folder, errors = data_folder(study, self.data), list[str]()
        sources = study.sources()
        self._check_sources(sources, folder, study.name)
        if study.panel is not None and study.panel.spec.file:
            self.check_panel(study.panel.spec.file, None, folder, study.name)
        self._check_model_files(study, list(study.spec.models), folder, study.name)
        market = None
        if not any(isinstance(self._observations(source, folder), InputError) for source in sources):
            try:
                market = market_of(study, self.data, self._raising)
                window = find_window(study, market)
                if market.panel is not None:
                    self.check_panel(market.panel.file, market.panel, folder, study.name)
                    check_panel(study, market, window)
            except InputError as error:
                errors.append(str(error))
        if market is not None:
            errors += _release_errors(study, market)
            named = {name: Release() for name in market.series} | dict(study.selected_series)
            for signal in study.signals:
                named |= releases_of(study, signal, study.base)
            on = market.calendar[last_day(study, market)]
            self._add_market(market, named, {}, on, folder, stale=False)
        calendar = None if market is None else _calendar_record(study, market)
        warnings = [] if market is None else list(market.warnings)
        for notice in daily_kernel_notices(study, study.space.size):
            warnings.append(f"{study.name}: {notice}")
        self.add_target("study", study.name, calendar, warnings, errors)

    def check_monitor(self, monitor: Monitor) -> None:
        """Check the files of a monitor's readings: each must be readable, and current on the date."""
        warnings, errors, own, on = list[str](), list[str](), None, self.on
        for owner in _owners(monitor):
            readings = [one for one in monitor.readings if one.study is (None if owner is monitor else owner)]
            calendar = owner.spec.market.calendar
            used = {calendar, *(name for one in readings for name in one.signal.series)}
            models = {model for name in used if (model := owner.spec.series[name].model) is not None}
            nowcasts = [nowcast for name in models if (nowcast := owner.spec.models[name].nowcast) is not None]
            used |= {name for nowcast in nowcasts for name in (*nowcast.indicators, nowcast.target)}
            sources = [source for source in owner.sources() if source.name in used]
            path = self.data if self.data is not None else owner.spec.market.path
            folder = None if path is None else Path(path)
            self._check_sources(sources, folder, monitor.name)
            errors += self._check_model_files(owner, sorted(models), folder, monitor.name)
            try:
                market = load_market(sources, calendar, folder, {}, self._raising)
                on = market.calendar[-1] if on is None else on
                market = market.until(on)
                if len(market.calendar) < 2:
                    rule = "a monitor needs two trading days"
                    raise InputError(rule, f"{len(market.calendar)} up to {on}", "--on", "Give a later date")
                check_year(owner, market)
            except InputError as error:
                errors.append(str(error))
                continue
            own = market if owner is monitor else own
            named = dict.fromkeys(market.series, Release())
            for one in readings:
                named |= releases_of(owner, one.signal, owner.base)
            errors += self._add_market(market, named, monitor.spec.current, on, folder, stale=True)
            warnings += self._series_warnings(market, calendar, folder)
        calendar_record = None if own is None else _calendar_record(monitor, own)
        self.add_target("monitor", monitor.name, calendar_record, warnings, errors)

    def add_target(
        self, kind: str, name: str, calendar: dict[str, Any] | None, warnings: list[str], errors: list[str]
    ) -> None:
        record = {"name": name, "kind": kind, "calendar": calendar, "warnings": warnings, "errors": errors}
        self.targets.append(record)

    def _check_sources(self, sources: Sequence[Source], folder: Path | None, needed_by: str) -> None:
        for source in sources:
            found = self._observations(source, folder)
            row = self._row(source, folder)
            row.add_need(f"{needed_by}: {source.name}")
            if isinstance(found, InputError):
                row.error = row.error or str(found)
                there = source.file.startswith("arch:") or resolve(source.file, folder).is_file()
                row.state = "unreadable" if there else "missing"
                continue
            row.first, row.last, row.rows = str(found.dates[0]), str(found.dates[-1]), len(found.dates)
            row.understood = found.understood

    def check_panel(self, file: str, panel: Panel | None, folder: Path | None, needed_by: str) -> None:
        """Add the file of a panel. ``panel``: what was read of it, None where that is not known yet."""
        row = self.files.setdefault(("panel", file, folder), CheckedFile(file, "panel", state="unreadable"))
        row.add_need(needed_by)
        if panel is not None:
            row.first, row.last, row.rows = str(panel.dates[0]), str(panel.dates[-1]), len(panel.place)
            row.understood, row.warnings, row.state = panel.understood, panel.survivor_warnings(), "ok"
        elif row.first is None and file and not resolve(file, folder).is_file():
            row.state = "missing"

    def _check_model_files(
        self, owner: Target, models: Sequence[str], folder: Path | None, needed_by: str
    ) -> list[str]:
        """Reads the tables of models, without the estimates. Returns the errors."""
        errors = []
        for name in models:
            for table in model_tables(owner.spec.models[name]):
                where = owner.where("models", name)
                self.check_panel(table.file, None, folder, f"{needed_by}: {name}")
                try:
                    panel = read_panel(table.file, folder, where, date=table.date, code=table.code)
                    panel.check_column(table.field)
                    self.check_panel(table.file, panel, folder, f"{needed_by}: {name}")
                    if table.members is not None:
                        read_table(table.members.file, folder, where)
                except InputError as error:
                    errors.append(str(error))
        return errors

    def _add_market(
        self,
        market: Market,
        releases: dict[str, Release],
        allowed: dict[str, int],
        on: np.datetime64,
        folder: Path | None,
        stale: bool,
    ) -> list[str]:
        """Adds until when each series is current, and its warnings. Returns the errors of the releases.

        ``stale``: whether one that is not current on a day is wrong.
        """
        errors = []
        for name, each in market.series.items():
            row = self._row(each.source, folder)
            row.warnings += [text for text in each.warnings if text not in row.warnings]
            if row.first is None:  # of a model
                row.first, row.last, row.rows = str(each.dates[0]), str(each.dates[-1]), len(each.dates)
                row.understood = each.understood
                row.add_need(name)
            try:
                found = input_record(market, name, releases[name], on, allowed.get(name))
            except InputError as error:
                errors.append(str(error))
                continue
            until = found["until"]
            if until is not None and (row.until is None or until < row.until):
                row.until = until
            if stale and not found["current"]:
                row.state = "stale"
                rule = "the last value of a series must be current"
                what = f"{name} of {found['dated']}, current until {until}, on {on}" if until else f"none up to {on}"
                row.error = str(InputError(rule, what, each.source.where, "Bring newer data, or give an earlier date"))
        return errors

    def _series_warnings(self, market: Market, calendar: str, folder: Path | None) -> list[str]:
        """What is suspicious in the series of a monitor's readings, as in those that the signals of a study measure."""
        found = []
        for name, each in market.series.items():
            texts = [*each.warnings, *placeholder_warnings(each.dates, each.values)]
            if name == calendar:
                texts += calendar_warnings(market.calendar)
            else:
                texts += jump_warnings(each.dates, each.values)
            row = self._row(each.source, folder)
            row.warnings += [text for text in texts if text not in row.warnings]
            found += [f"{name}: {text}" for text in texts]
        return found

    def _row(self, source: Source, folder: Path | None) -> CheckedFile:
        key = (source.file, source.column, folder)
        return self.files.setdefault(key, CheckedFile(source.file, source.column))

    def _observations(self, source: Source, folder: Path | None) -> Observations | InputError:
        key = _same(source, folder)
        if key not in self._read:
            try:
                self._read[key] = read(source, folder)
            except InputError as error:
                self._read[key] = error
        return self._read[key]

    def _raising(self, source: Source, folder: Path | None) -> Observations:
        found = self._observations(source, folder)
        if isinstance(found, InputError):
            raise found
        return replace(found, source=source)


def model_tables(model: ModelSpec) -> list[LongTableSpec]:
    """The files that a model reads, beside series."""
    return [] if model.positions is None else [model.positions.funds, model.positions.indices]


def _same(source: Source, folder: Path | None) -> tuple[Source, Path | None]:
    """What two series have in common that are read alike."""
    return replace(source, name="", where=""), folder


def _owners(monitor: Monitor) -> list[Target]:
    """The monitor and the studies of its readings, each once."""
    found: list[Target] = [monitor]
    for reading in monitor.readings:
        if reading.study is not None and not any(one is reading.study for one in found):
            found.append(reading.study)
    return found


def _release_errors(study: Study, market: Market) -> list[str]:
    """Returns the errors of all releases of a study, one for each series."""
    errors = []
    for name, series in study.spec.series.items():
        values = series.release if isinstance(series.release, tuple) else ()
        try:
            for value in values:
                market.known(name, Release.parse(value, study.where("series", name, "release")))
        except InputError as error:
            errors.append(str(error))
    return errors


def _calendar_record(target: Target, market: Market) -> dict[str, Any]:
    days = market.calendar
    years = float((days[-1] - days[0]).astype(int)) / _DAYS_A_YEAR
    return {
        "series": target.spec.market.calendar,
        "days": len(days),
        "first": str(days[0]),
        "last": str(days[-1]),
        "rows_a_year": round((len(days) - 1) / years, 1) if years > 0 else None,
        "periods": target.spec.market.periods,
    }
