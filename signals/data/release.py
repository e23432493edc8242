"""When each observation of a series became known."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gridproof.kernels.errors import InputError
from gridproof.signals.data.column.dates import Dates
from gridproof.signals.data.source import Observations

# Ten years.
_LONGEST_RELEASE = 3_650
_DAYS = re.compile(r"^(\d{1,5})\s*(?:(?:trading )?days?)?$")
_CALENDAR_DAYS = re.compile(r"^(\d{1,5}) calendar days?$")


@dataclass(frozen=True, slots=True)
class Release:
    """When an observation becomes known.

    ``trading_days`` 0: at the close of its date, or of the next trading day if its date is not one. ``trading_days``
    n: at the close of the n-th trading day strictly after its date, of intraday bars after the trading day to which the
    bar belongs. ``calendar_days`` n: at the close of the first trading day n days after its date or later. ``column``:
    at the close of the first trading day on or after the date in that column.
    """

    trading_days: int = 0
    calendar_days: int | None = None
    column: str | None = None

    @classmethod
    def parse(cls, text: int | float | str, where: str) -> Release:
        """Parse a release as written in a study. Raises InputError if it has none of the three forms."""
        word = str(text).strip()
        numbers = re.match(r"^(\d+)", word)
        if numbers and int(numbers[1][:9]) > _LONGEST_RELEASE:
            raise InputError(f"a release is at most {_LONGEST_RELEASE:,} days", repr(text), where, "Lower it")
        if match := _DAYS.match(word):
            return cls(trading_days=int(match[1]))
        if match := _CALENDAR_DAYS.match(word):
            return cls(calendar_days=int(match[1]))
        if word.isidentifier():
            return cls(column=word)
        rule = "a release is a number of trading days, 'N calendar days', or the name of a date column"
        raise InputError(rule, repr(text), where, "Write for example 1 day, 45 calendar days, or usable_from")

    def known(self, observations: Observations, calendar: Dates) -> npt.NDArray[np.int64]:
        """Returns (n,) int64: for each observation the index of the day of ``calendar`` at whose close it is known.

        The index is len(calendar) if the observation becomes known after the last day. Raises InputError if the file
        lacks the release column, or if an observation would be released before an earlier one.
        """
        dates, side = observations.dates, "left"
        if self.column is not None:
            if self.column not in observations.columns:
                raise InputError(
                    "a release that names a column needs that date column in the file",
                    self.column,
                    observations.source.where,
                    f"Use one of {', '.join(observations.columns) or 'no date column here'}, or a number of days",
                )
            dates = observations.columns[self.column]
            self._check_column(observations, dates)
        elif self.calendar_days is not None:
            dates = dates + np.timedelta64(self.calendar_days, "D")
        elif self.trading_days > 0 and observations.stamps is None:
            side = "right"
        index = np.searchsorted(calendar, dates, side=side)  # type: ignore[call-overload]
        if self.trading_days > 0:
            index = index + self.trading_days - (side == "right")
        known: npt.NDArray[np.int64] = np.minimum(index, len(calendar)).astype(np.int64)
        back = np.flatnonzero(np.diff(known) < 0)
        if len(back):
            raise InputError(
                "a later observation must not be released before an earlier one",
                f"that of {observations.dates[back[0]]} on {dates[back[0]]}, the next on {dates[back[0] + 1]}",
                observations.source.where,
                "Sort the release dates in the file",
            )
        return known

    def _check_column(self, observations: Observations, known: Dates) -> None:
        """Raises InputError if a value is known before its own date, or all are known on one day."""
        where = observations.source.where
        early = np.flatnonzero(known < observations.dates)
        if len(early):
            value = f"that of {observations.dates[early[0]]} on {known[early[0]]}, {len(early)} such rows"
            remedy = f"Correct {self.column}, or name another column with release or date"
            raise InputError("a value must not be released before its own date", value, where, remedy)
        if len(known) > 2 and (known == known[0]).all():
            rule, remedy = "a release column has a date for each value", "Name the column with the days of publication"
            raise InputError(rule, f"{known[0]} in all {len(known):,} rows of {self.column}", where, remedy)
