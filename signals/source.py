"""One series as it stands in a file: its observations, and when each became known."""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from gridproof.kernels.arrays import Floats
from gridproof.kernels.errors import InputError

Dates: TypeAlias = npt.NDArray[np.datetime64]

# Real data that an installed package carries: file "arch:NAME" reads arch.data.NAME.
PACKAGED = ("sp500", "nasdaq", "default", "vix")

_DAYS = re.compile(r"^(\d+)\s*(?:(?:trading )?days?)?$")
_CALENDAR_DAYS = re.compile(r"^(\d+) calendar days?$")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a series is read. ``where`` names the place in the study, for errors."""

    name: str
    file: str
    field: str
    code: str | None = None
    date: str = "date"
    drop_missing: bool = False
    where: str = ""


@dataclass(frozen=True, slots=True)
class Observations:
    """n observations in order: strictly increasing dates, finite values, from the first value to the last."""

    source: Source
    dates: Dates  # (n,) datetime64[D]
    values: Floats  # (n,)
    columns: dict[str, Dates]  # date columns beside the value, which a release may name

    @property
    def monthly(self) -> bool:
        """Whether the series is sparse (typically 20 days or more apart): measured by observation, not by day."""
        return len(self.dates) > 1 and float(np.median(np.diff(self.dates).astype(float))) >= 20


@dataclass(frozen=True, slots=True)
class Release:
    """When an observation becomes known: trading days after its date, calendar days after it, or on a named date.

    0 trading days: at the close of its date, or of the next trading day where its date is none. n: at the close of
    the n-th trading day strictly after its date. n calendar days, or a date column: at the close of the first
    trading day on or after that date.
    """

    trading_days: int = 0
    calendar_days: int | None = None
    column: str | None = None

    @classmethod
    def parse(cls, text: int | str, where: str) -> Release:
        word = str(text).strip()
        if match := _DAYS.match(word):
            return cls(trading_days=int(match[1]))
        if match := _CALENDAR_DAYS.match(word):
            return cls(calendar_days=int(match[1]))
        if word.isidentifier():
            return cls(column=word)
        rule = "a release is a number of trading days, 'N calendar days', or the name of a date column"
        raise InputError(rule, repr(text), where, "Write for example 1 day, 45 calendar days, or usable_from")

    def known(self, observations: Observations, calendar: Dates) -> npt.NDArray[np.int64]:
        """For each observation the index of the first day of ``calendar`` at whose close it is known, (n,).

        len(calendar) means: not within the calendar. Raises InputError where the order of release would not be the
        order of the observations.
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
        elif self.calendar_days is not None:
            dates = dates + np.timedelta64(self.calendar_days, "D")
        elif self.trading_days > 0:
            side = "right"
        index = np.searchsorted(calendar, dates, side=side)  # type: ignore[call-overload]
        if self.trading_days > 1:
            index = index + self.trading_days - 1
        known = np.minimum(index, len(calendar)).astype(np.int64)
        back = np.flatnonzero(np.diff(known) < 0)
        if len(back):
            raise InputError(
                "a later observation must not be released before an earlier one",
                f"{dates[back[0]]} before {dates[back[0] + 1]}",
                observations.source.where,
                "Sort the release dates in the file",
            )
        return known


def read(source: Source, folder: Path | None) -> Observations:
    """Read one series. Leading and trailing gaps are outside the series; a gap inside it is an error.

    Raises InputError for a missing file, column or code, dates out of order or repeated, and values missing inside.
    """
    table = _packaged(source) if source.file.startswith("arch:") else _stored(source, folder)
    for column in (source.date, source.field, *(["code"] if source.code else [])):
        if column not in table:
            raise InputError(
                f"the file {source.file} must have the column that a series names",
                column,
                source.where,
                f"Its columns are {', '.join(map(str, table.columns))}",
            )
    if source.code is not None:
        table = table[table["code"].astype(str) == source.code]
        if table.empty:
            raise InputError(f"{source.file} must hold the code", source.code, source.where, "Correct the code")
    dates = _days(table[source.date])
    wrong = np.flatnonzero(np.isnat(dates[1:]) | (np.diff(dates) <= np.timedelta64(0, "D"))) if len(dates) else []
    if len(wrong):
        raise InputError(
            f"the dates of {source.file} must be in order and given once",
            f"{dates[wrong[0]]} then {dates[wrong[0] + 1]} at row {wrong[0] + 2}",
            source.where,
            "Sort the file by date and remove repeated dates",
        )
    values = pd.to_numeric(table[source.field], errors="coerce").to_numpy(dtype=np.float64)
    present = np.flatnonzero(np.isfinite(values))
    if not len(present):
        raise InputError(
            "a series must have values", source.field, source.where, f"{source.file} has none there: name another"
        )
    keep = np.zeros(len(values), dtype=np.bool_)
    keep[present[0] : present[-1] + 1] = True
    gaps = np.flatnonzero(keep & ~np.isfinite(values))
    if len(gaps) and not source.drop_missing:
        raise InputError(
            "a series must have no missing value between its first and its last",
            f"{len(gaps)} missing, the first on {dates[gaps[0]]}",
            source.where,
            "Complete the file, or write missing: drop to leave those dates out",
        )
    keep[gaps] = False
    others = {
        str(name): _days(table[name])[keep]
        for name in table.columns
        if name != source.date and (pd.api.types.is_datetime64_any_dtype(table[name]) or _dated(table[name]))
    }
    return Observations(source, dates[keep], values[keep], others)


def _days(column: pd.Series[str]) -> Dates:
    return pd.to_datetime(column).to_numpy().astype("datetime64[D]")


def _dated(column: pd.Series[str]) -> bool:
    """Whether a text column holds dates: all of it reads YYYY-MM-DD."""
    if not (pd.api.types.is_object_dtype(column) or pd.api.types.is_string_dtype(column)):
        return False
    return bool(column.astype(str).str.fullmatch(r"\d{4}-\d{2}-\d{2}").all())


def _stored(source: Source, folder: Path | None) -> pd.DataFrame:
    path = (folder or Path()) / source.file
    if not path.is_file():
        raise InputError(
            "the file of a series must exist", path, source.where, "Give the folder of the market with --data DIR"
        )
    return _load(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _load(path: Path, _modified: int) -> pd.DataFrame:
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    if path.suffix == ".csv":
        return pd.read_csv(path)
    raise InputError("a market file is .csv or .parquet", path.name, str(path), "Convert it")


def _packaged(source: Source) -> pd.DataFrame:
    name = source.file.removeprefix("arch:")
    if name not in PACKAGED:
        raise InputError(
            "the arch package carries the data set named", name, source.where, f"Use one of {', '.join(PACKAGED)}"
        )
    table: pd.DataFrame = importlib.import_module(f"arch.data.{name}").load()
    return table.rename_axis("date").reset_index()
