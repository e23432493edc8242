"""A table read from a market file: its columns as dates or numbers, and the file row of a wrong value."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from gridproof.kernels.arrays import Floats
from gridproof.kernels.errors import InputError

Dates: TypeAlias = npt.NDArray[np.datetime64]

# Real data included in the arch package: the file "arch:NAME" reads arch.data.NAME.
PACKAGED = ("sp500", "nasdaq", "default", "vix")

_ISO = r"\d{4}-\d{2}-\d{2}(?:[ T]00:00:00)?"


def load_table(file: str, folder: Path | None, where: str) -> pd.DataFrame:
    """Read the rows of a market file. ``where``: the place in the study, for error messages.

    Raises InputError if the file does not exist, is neither .csv nor .parquet, or cannot be parsed.
    """
    if file.startswith("arch:"):
        name = file.removeprefix("arch:")
        if name not in PACKAGED:
            rule, remedy = "arch:NAME must be a data set of the arch package", f"Use one of {', '.join(PACKAGED)}"
            raise InputError(rule, name, where, remedy)
        return _load_packaged(name)
    path = (folder or Path()) / file
    if path.suffix not in (".csv", ".parquet"):
        raise InputError("a market file is .csv or .parquet", file, where, "Convert it")
    if not path.is_file():
        remedy = "Correct the name, or give the folder of the market with --data DIR"
        raise InputError("the file of a series must exist", path, where, remedy)
    try:
        return _load(path, path.stat().st_mtime_ns)
    except (OSError, ValueError) as error:  # pandas' and Arrow's parsing errors are ValueErrors
        problem = str(error).splitlines()[0]
        raise InputError("a market file must be readable", f"{path}: {problem}", where, "Repair the file") from error


@lru_cache(maxsize=len(PACKAGED))
def _load_packaged(name: str) -> pd.DataFrame:
    """Returns ``arch.data.NAME.load()`` with the dates as a column. Importing arch is slow, so its file is read."""
    package = find_spec("arch")
    assert package is not None
    assert package.origin is not None
    table = pd.read_csv(Path(package.origin).parent / "data" / name / f"{name}.csv.gz")
    numbers: pd.DataFrame = table.drop(columns="Date").apply(pd.to_numeric, errors="coerce")
    numbers.insert(0, "date", pd.to_datetime(table["Date"]))
    return numbers


@lru_cache(maxsize=8)
def _load(path: Path, _modified: int) -> pd.DataFrame:
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    return pd.read_csv(path, dtype={"code": str}, low_memory=False)  # a code such as 000300 keeps its leading zeros


def row(file: str, table: pd.DataFrame, position: int) -> str:
    """Returns the place of a row in its file, for error messages: FILE:LINE, or FILE row N for Parquet."""
    label = int(table.index[position])
    return f"{file}:{label + 2}" if file.endswith(".csv") else f"{file} row {label + 1}"


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
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)
    wrong = np.isinf(values) | (np.isnan(values) & column.notna().to_numpy())
    return values, np.flatnonzero(wrong).astype(np.int64)
