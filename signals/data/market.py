"""The market: every series of a study on one trading calendar, as it was known at each close."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.errors import InputError
from gridproof.signals.data.source import Dates, Observations, Release, Source, read


@dataclass(frozen=True, slots=True)
class Market:
    """T trading days and the observations of each series by name. Returned by ``gridproof.load_market``.

    Examples
    --------
    >>> import gridproof as gp
    >>> market = gp.load_market(gp.load_study("us-demo"))
    >>> sorted(market.series)
    ['baa', 'nasdaq', 'sp500']
    >>> market.closes("sp500").shape == market.calendar.shape
    True
    """

    calendar: Dates  # (T,) datetime64[D], strictly increasing
    series: dict[str, Observations]

    def known(self, name: str, release: Release) -> Ints:
        """For each observation the calendar index at whose close it is known; T where that is after the calendar."""
        return release.known(self.series[name], self.calendar)

    def aligned(self, name: str, release: Release) -> Floats:
        """(T,) float64: the latest value known at each close; NaN before the first."""
        return as_of(self.series[name].values, self.known(name, release), len(self.calendar))

    def closes(self, name: str) -> Floats:
        """(T,) float64: the value dated on each trading day itself; NaN where there is none. Nothing is filled."""
        observations = self.series[name]
        closes = np.full(len(self.calendar), np.nan)
        index = np.searchsorted(self.calendar, observations.dates)
        inside = index < len(self.calendar)
        inside[inside] = self.calendar[index[inside]] == observations.dates[inside]
        closes[index[inside]] = observations.values[inside]
        return closes

    def digest(self) -> str:
        """SHA-256 over the calendar and every series: dates, values, release columns. Not over file bytes."""
        digest = hashlib.sha256(self.calendar.astype("<i8").tobytes())
        for name, observations in sorted(self.series.items()):
            digest.update(name.encode())
            digest.update(observations.dates.astype("<i8").tobytes())
            digest.update(observations.values.astype("<f8").tobytes())
            for column, dates in sorted(observations.columns.items()):
                digest.update(column.encode())
                digest.update(dates.astype("<i8").tobytes())
        return digest.hexdigest()


def as_of(values: Floats, known: Ints, days: int) -> Floats:
    """Spread values over days: (n, ...) values known from day ``known`` (n,) on, to (days, ...); NaN before."""
    latest = np.searchsorted(known, np.arange(days), side="right") - 1
    result = np.full((days, *values.shape[1:]), np.nan)
    result[latest >= 0] = values[latest[latest >= 0]]
    return result


def load_market(sources: list[Source], calendar: str, folder: Path | None) -> Market:
    """Read every series; the dates of the series named ``calendar`` are the trading days.

    Raises InputError as ``source.read``, and where the calendar is none of the series.
    """
    if folder is not None and not folder.is_dir():
        rule = "the folder of the market must exist"
        raise InputError(rule, folder, "--data or market.path", "Name the folder that holds the market's files")
    series = {source.name: read(source, folder) for source in sources}
    if calendar not in series:
        raise InputError(
            "market.calendar names the series whose dates are the trading days",
            calendar,
            "market.calendar",
            f"Use one of {', '.join(series)}",
        )
    if series[calendar].monthly:
        rule, remedy = "the calendar must be a daily series", "Name a series with a value on every trading day"
        raise InputError(rule, calendar, "market.calendar", remedy)
    return Market(series[calendar].dates, series)
