"""The columns of a table as dates or numbers."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from gridproof.kernels.arrays import Floats

Dates: TypeAlias = npt.NDArray[np.datetime64]

# Text that means no value.
_MISSING = ("", "NA", "N/A", "NaN", "nan", "NULL", "null", "None")

_ISO = r"\d{4}-\d{2}-\d{2}(?:[ T]00:00:00)?"


def dates_of(column: pd.Series[Any]) -> Dates:
    """Returns a column as (n,) datetime64[D]. NaT for a cell that is not a date; text must be YYYY-MM-DD."""
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        column = column.dt.tz_localize(None)
    if not pd.api.types.is_datetime64_dtype(column):
        text = column.astype(str).str.strip()
        text = text.where(text.str.fullmatch(_ISO).astype(bool)).str.slice(0, 10)
        column = pd.to_datetime(text, format="%Y-%m-%d", errors="coerce")
    return column.to_numpy().astype("datetime64[D]")


def holds_dates(column: pd.Series[Any]) -> bool:
    """Whether a column holds dates: its type is a date type, or every cell is text of the form YYYY-MM-DD."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return True
    if not (pd.api.types.is_object_dtype(column) or pd.api.types.is_string_dtype(column)):
        return False
    return bool(column.astype(str).str.fullmatch(_ISO).all()) and not np.isnat(dates_of(column)).any()


def numbers_of(column: pd.Series[Any]) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Returns a column as (n,) float64, NaN for empty cells, and the positions of cells that are not finite numbers."""
    if pd.api.types.is_datetime64_any_dtype(column):
        column = column.astype(str)
    elif not pd.api.types.is_numeric_dtype(column):
        column = column.where(~column.isin(_MISSING))
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)
    wrong = np.isinf(values) | (np.isnan(values) & column.notna().to_numpy())
    return values, np.flatnonzero(wrong).astype(np.int64)
