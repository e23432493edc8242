"""Where a series is read from, and what is read: its observations."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from gridproof.kernels.arrays import Floats
from gridproof.signals.data.column.dates import Dates
from gridproof.signals.data.selection import CellValue

__all__ = ["Dates", "Observations", "Source"]

Stamps: TypeAlias = npt.NDArray[np.datetime64]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a series is read from.

    ``field`` and ``date``: the columns of values and dates. ``filters``: keep only the rows that have these values in
    these columns. ``code``: the same for the one column of codes. ``sheet``: of a workbook. ``drop_missing``: leave out
    dates without a value. ``where``: the place in the study, for error messages.
    ``date_format``, ``time_zone``: see ``column.dates.parse_dates``. ``release_columns``: columns that a release of the
    study names; those that the file has are read as dates. ``day_close``: of a series of intraday bars, the time of day
    at which the trading day closes.
    """

    name: str
    file: str
    field: str
    code: str | None = None
    date: str = "date"
    drop_missing: bool = False
    where: str = ""
    date_format: str | None = None
    time_zone: str | None = None
    release_columns: frozenset[str] = frozenset()
    filters: tuple[tuple[str, CellValue], ...] = ()
    sheet: str | None = None
    day_close: str | None = None

    @property
    def column(self) -> str:
        """Which values of the file it reads, in words: the code and the column, such as ``000300.SH close``."""
        chosen = [str(value) for _, value in self.filters]
        return " ".join([*([self.code] if self.code else []), *chosen, self.field])


@dataclass(frozen=True, slots=True)
class Observations:
    """The n observations of a series, in order of date: dates strictly increasing, all values finite.

    Intraday bars have ``stamps``, which increase strictly; their ``dates`` are those of the trading days to which they
    belong (see ``bars.trading_dates``), each once for every bar.

    ``understood``: how the file was read, in one line. ``warnings``: what is suspicious in it but may be true, one
    sentence each.
    """

    source: Source
    dates: Dates  # (n,) datetime64[D]
    values: Floats  # (n,), in the units of the file
    columns: dict[str, Dates]  # the other date columns of the file, (n,) each; a release may name one
    understood: str = ""
    warnings: tuple[str, ...] = ()
    stamps: Stamps | None = None  # (n,) datetime64[s] or [us] of intraday bars: local date and time

    @property
    def monthly(self) -> bool:
        """Whether the series is monthly: the median gap between its first four observations is 20 days or more.

        Later observations are not considered, so that a longer file cannot change the result.
        """
        return len(self.dates) > 1 and float(np.median(np.diff(self.dates[:4]).astype(float))) >= 20

    def until(self, day: np.datetime64) -> Observations:
        """Returns the observations dated on a day, datetime64[D], or before it; they may be none."""
        kept = int(np.searchsorted(self.dates, day, side="right"))
        columns = {name: dates[:kept] for name, dates in self.columns.items()}
        stamps = None if self.stamps is None else self.stamps[:kept]
        return replace(self, dates=self.dates[:kept], values=self.values[:kept], columns=columns, stamps=stamps)
