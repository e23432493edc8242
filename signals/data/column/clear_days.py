"""Columns of days that need no reading cell by cell: stored dates, text YYYY-MM-DD and whole numbers YYYYMMDD."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from gridproof.kernels.arrays import Ints
from gridproof.signals.data.column.date_formats import YEARS, Dates, Parsed


def clear_days(cells: pd.Series[Any]) -> tuple[Dates, str] | None:
    """Returns (n,) datetime64[D] and the format in words, where each cell is a valid day in the same one of the forms.

    None for all else: another form, an empty cell, a time of day, a day outside the calendar or the years of YEARS.
    """
    kind = cells.dtype
    if not len(cells):
        return None
    if isinstance(kind, np.dtype) and kind.kind == "M":
        stored = cells.to_numpy()
        days = stored.astype("datetime64[D]")
        return (days, "stored dates") if (days == stored).all() and _in_years(days) else None
    if isinstance(kind, np.dtype) and kind.kind in "iu":
        numbers = cells.to_numpy().astype(np.int64)
        day = numbers % 100
        days, valid = Parsed(numbers // 10_000, numbers // 100 % 100, np.where(day == 0, -1, day)).dates()
        return (days, "dates YYYYMMDD") if valid.all() else None
    if isinstance(kind, pd.StringDtype) and not cells.isna().any():
        try:
            days = pa.array(cells).cast(pa.date32()).to_numpy(zero_copy_only=False)
        except pa.ArrowInvalid:
            return None
        return (days, "dates YYYY-MM-DD") if _in_years(days) else None
    return None


def _in_years(days: Dates) -> bool:
    years: Ints = days.astype("datetime64[Y]").astype(np.int64) + 1970
    return bool((years >= YEARS[0]).all() and (years <= YEARS[1]).all())
