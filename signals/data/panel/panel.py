"""A panel: what a long table says about many stocks, as arrays of days and stocks, as it was known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np

from gridproof.kernels.arrays import Array, Bools, Floats, Ints
from gridproof.kernels.errors import InputError
from gridproof.signals.data.column.dates import Dates
from gridproof.signals.data.file.table import nearest

# From so many days and stocks on, some stock must have been delisted.
_SURVIVING = (480, 50)


class ListedNames(NamedTuple):
    """What a list of names says about the days of a panel.

    ``names``: how many were listed on any of them, ``missing`` those without a row. ``days``: of all names together on
    which they were listed, ``missing_days`` those without a row.
    """

    file: str
    names: int
    missing: tuple[str, ...]
    days: int
    missing_days: int

    @property
    def text(self) -> str:
        share = self.missing_days / max(self.days, 1)
        found = f"{len(self.missing):,} of the {self.names:,} names that {self.file} lists in these days have no row"
        return f"{found}, and {share:.2%} of all listed days"


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Panel:
    """T days and S stocks.

    A stock has values from its first row to its last one; a day between them without a row has none.

    ``dates``: (T,) datetime64[D], ascending: every day on which the file has a row. ``codes``: the S stocks, ascending.
    ``place``: (n,) int64, of each row of the file its place in a flattened (T, S) array. ``columns``: functions that
    read a column of the file, (n,), by name. ``digest``: SHA-256 of the file, in hex. ``where``: its place in the
    study, for faults. ``names``: what a list of all names says, if the study has one.

    Two panels are equal only if they are the same object.
    """

    file: str
    dates: Dates
    codes: tuple[str, ...]
    place: Ints
    columns: Mapping[str, Callable[[], Array]]
    where: str = ""
    digest: str = ""
    names: ListedNames | None = None

    @property
    def understood(self) -> str:
        """What was read, in one line."""
        days, stocks = self.shape
        rows = f"{len(self.place):,} rows, {self.ended:,} stocks end before the last day"
        found = f"{stocks:,} stocks, {days:,} days, {self.dates[0]} to {self.dates[-1]}, {rows}"
        return found if self.names is None else f"{found}; {self.names.text}"

    @property
    def ended(self) -> int:
        """How many stocks have their last row before the last day: delisted, where the file is complete."""
        days, stocks = self.shape
        last = np.zeros(stocks, dtype=np.int64)
        np.maximum.at(last, self.place % stocks, self.place // stocks)
        return int((last < days - 1).sum())

    def survivor_warnings(self) -> list[str]:
        """Names that a list has and the panel lacks; a panel of many stocks over years in which none ever ends has only
        those that are there at its end."""
        days, stocks = self.shape
        found = []
        if self.names is not None and self.names.missing:
            some = ", ".join(self.names.missing[:5]) + (", …" if len(self.names.missing) > 5 else "")
            found.append(f"panel: {self.names.text}: {some}; what they earned is not in any result")
        if days >= _SURVIVING[0] and stocks >= _SURVIVING[1] and not self.ended:
            found.append(
                f"panel: all {stocks:,} stocks of {self.file} have a row at its end, none was delisted in {days:,} "
                "days: a file of survivors gives results that no one could have had"
            )
        return found

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.dates), len(self.codes)

    def loaded(self, names: Iterable[str]) -> Panel:
        """The same panel with these columns alone, in memory: for a process that cannot read the file."""
        return replace(self, columns={name: partial(_held, self.columns[name]()) for name in names})

    def check_column(self, name: str) -> None:
        """Raises InputError where the file has no column of that name, or several."""
        if name not in self.columns:
            known = list(self.columns)
            rule = f"the file {self.file} must have the columns that a panel names, each once"
            raise InputError(rule, name, self.where, f"Its columns are {', '.join(known[:40])}{nearest(name, known)}")

    def group(self, name: str) -> Floats:
        """A column of numbers or texts as float64 (T, S): of texts the number of each in alphabetical order.

        NaN where there is no row, or nothing in it. Raises InputError where the file has no such column.
        """
        self.check_column(name)
        values = self.columns[name]()
        if values.dtype.kind in "biuf":
            return self.column(name)
        import pandas as pd  # not above: arrays alone need not wait for it

        numbers = pd.factorize(values, sort=True)[0].astype(np.float64)
        return self._dense(np.where(numbers < 0, np.nan, numbers))

    def column(self, name: str) -> Floats:
        """A column of the file as float64 (T, S): NaN where there is no row, or no number in it; true is 1.

        Raises InputError where the file has no such column, or it has no numbers.
        """
        self.check_column(name)
        values = self.columns[name]()
        if values.dtype.kind not in "biuf":
            rule, remedy = "a field of a panel has numbers, or true and false", "Name another column"
            raise InputError(rule, f"{name}, which has {values.dtype}", self.where, remedy)
        return self._dense(values)

    def _dense(self, values: Array) -> Floats:
        found = np.full(self.shape[0] * self.shape[1], np.nan)
        found[self.place] = values
        return found.reshape(self.shape)


def _held(values: Array) -> Array:
    return values


def carried(values: Floats, known: Bools) -> Floats:
    """The last value that was known at the close of each day, (T, S) float64; NaN before the first.

    values: (T, S). known: (T, S), whether the day has a value of its own: a stock that does not trade, or has left,
    keeps its last traded close.

    >>> import numpy as np
    >>> carried(np.array([[1.0], [9.0], [3.0]]), np.array([[True], [False], [True]])).ravel()
    array([1., 1., 3.])
    """
    result = np.empty_like(values)
    last = np.full(values.shape[1], np.nan)
    for day in range(len(values)):
        last = np.where(known[day], values[day], last)
        result[day] = last
    return result
