"""The market: all series of a study on one trading calendar, as known at each close."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.errors import InputError
from gridproof.signals.data.bars import calendar_of_bars, checked_bars, without_unfinished_day
from gridproof.signals.data.frequency import daily_from
from gridproof.signals.data.panel.panel import Panel
from gridproof.signals.data.release import Release
from gridproof.signals.data.series import read
from gridproof.signals.data.source import Dates, Observations, Source


@dataclass(frozen=True, slots=True)
class Market:
    """A calendar of T trading days, and the observations of each series by name.

    ``gridproof.load_market`` returns it. Methods raise KeyError if the market has no series of the given name.

    Attributes
    ----------
    calendar
        (T,) datetime64[D], strictly increasing.
    series
        The observations by name, with their own dates, before alignment to the calendar.
    remarks
        Warnings that concern no single series.
    panel
        The stocks from which legs are selected. None: the study has no panel.

    Examples
    --------
    >>> import gridproof as gp
    >>> market = gp.load_market(gp.load_study("us-demo"))
    >>> sorted(market.series)
    ['baa', 'nasdaq', 'sp500']
    >>> market.closes("sp500").shape == market.calendar.shape
    True
    """

    calendar: Dates
    series: dict[str, Observations]
    remarks: tuple[str, ...] = ()
    panel: Panel | None = None

    @property
    def understood(self) -> tuple[str, ...]:
        """One line for each series: its name, its file and how that was read; and one for the panel."""
        lines = [f"{name} ({each.source.file}): {each.understood}" for name, each in self.series.items()]
        stocks = [] if self.panel is None else [f"panel ({self.panel.file}): {self.panel.understood}"]
        return (*lines, *stocks)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is suspicious in the data but may be true, one sentence each; those of a series begin with its name."""
        named = [f"{name}: {text}" for name, each in self.series.items() for text in each.warnings]
        return (*named, *self.remarks)

    def known(self, name: str, release: Release) -> Ints:
        """Returns (n,) int64: for each observation the index of the day at whose close it is known.

        The index is T if the observation becomes known after the last day of the calendar. Raises InputError if the
        release does not fit the series; see ``Release.known``.
        """
        return release.known(self.series[name], self.calendar)

    def aligned(self, name: str, release: Release) -> Floats:
        """Returns (T,) float64: the latest value known at each close, in the units of the file.

        NaN before the first. Raises InputError if the release does not fit the series; see ``Release.known``.
        """
        return as_of(self.series[name].values, self.known(name, release), len(self.calendar))

    def closes(self, name: str) -> Floats:
        """Returns (T,) float64: the value dated on each trading day itself, in the units of the file.

        Of intraday bars it is the last one of the day. NaN on days without a value: nothing is filled forward.
        """
        observations = self.series[name]
        closes = np.full(len(self.calendar), np.nan)
        index = np.searchsorted(self.calendar, observations.dates)
        inside = index < len(self.calendar)
        inside[inside] = self.calendar[index[inside]] == observations.dates[inside]
        closes[index[inside]] = observations.values[inside]
        return closes

    def until(self, day: np.datetime64) -> Market:
        """Returns the market as files that end on this day give it: no later row, no later day of the calendar.

        ``day``: datetime64[D]. Warnings and how the files were read are those of the whole files.
        """
        series = {name: each.until(day) for name, each in self.series.items()}
        return replace(self, calendar=self.calendar[self.calendar <= day], series=series)

    def digest(self) -> str:
        """Returns the SHA-256 of the calendar, of the dates, values and release dates of every series, in hex.

        It does not depend on the format of the files; but that of the file of a panel is part of it.
        """
        digest = hashlib.sha256(self.calendar.astype("<i8").tobytes())
        for name, observations in sorted(self.series.items()):
            digest.update(name.encode())
            digest.update(observations.dates.astype("<i8").tobytes())
            digest.update(observations.values.astype("<f8").tobytes())
            if observations.stamps is not None:
                digest.update(observations.stamps.astype("datetime64[us]").astype("<i8").tobytes())
            for column, dates in sorted(observations.columns.items()):
                digest.update(column.encode())
                digest.update(dates.astype("<i8").tobytes())
        if self.panel is not None:
            digest.update(f"panel {self.panel.digest}".encode())
        return digest.hexdigest()


def as_of(values: Floats, known: Ints, days: int) -> Floats:
    """Returns (days, ...) float64: on each day the latest of (n, ...) ``values`` known by then; NaN before the first.

    ``known``: (n,) int64, ascending: the day from which each value is known.
    """
    latest = np.searchsorted(known, np.arange(days), side="right") - 1
    result = np.full((days, *values.shape[1:]), np.nan)
    result[latest >= 0] = values[latest[latest >= 0]]
    return result


def load_market(
    sources: list[Source],
    calendar: str,
    folder: Path | None,
    faults: dict[str, InputError] | None = None,
    read: Callable[[Source, Path | None], Observations] = read,
) -> Market:
    """Read every series. The dates of the series named ``calendar`` are the trading days.

    Of intraday bars those of a last trading day that has not ended are left out, with a warning. ``faults``: gets the
    error of every series but the calendar that cannot be read, by its name; the market is without it. None: the first
    such error is raised. ``read``: as ``series.read``, for markets that share series.

    Raises InputError if ``folder`` does not exist, a series cannot be read (see ``series.read``), or ``calendar`` is
    not one of the series or is monthly.
    """
    if folder is not None and not folder.is_dir():
        rule = "the folder of the market must exist"
        raise InputError(rule, folder, "--data or market.path", "Name the folder that holds the market's files")
    series = {}
    for source in sources:
        try:
            series[source.name] = read(source, folder)
        except InputError as error:
            if faults is None or source.name == calendar:
                raise
            faults[source.name] = error
    if calendar not in series:
        raise InputError(
            "market.calendar names the series whose dates are the trading days",
            calendar,
            "market.calendar",
            f"Use one of {', '.join(series)}",
        )
    if series[calendar].stamps is not None:
        series[calendar] = without_unfinished_day(series[calendar], None)
        days = calendar_of_bars(series[calendar])
    else:
        if series[calendar].monthly:
            series[calendar] = _daily_part(series[calendar])
        days = series[calendar].dates
    series = {name: checked_bars(each, days) if each.stamps is not None else each for name, each in series.items()}
    return Market(days, series)


def _daily_part(calendar: Observations) -> Observations:
    """Returns the daily part of a series that is monthly at first, with a warning. Raises InputError without one."""
    begin = daily_from(calendar.dates)
    if begin is None:
        rule, remedy = "the calendar must be a daily series", "Name a series with a value on every trading day"
        raise InputError(rule, calendar.source.name, "market.calendar", remedy)
    warning = f"not daily until {calendar.dates[begin]}: the {begin} rows before are left out, as the calendar is daily"
    return replace(
        calendar,
        dates=calendar.dates[begin:],
        values=calendar.values[begin:],
        columns={name: dates[begin:] for name, dates in calendar.columns.items()},
        warnings=(*calendar.warnings, warning),
    )
