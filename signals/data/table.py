"""A table as it stands in a file: its columns of dates and of numbers, and the row where one is wrong."""

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

# Real data that an installed package carries: file "arch:NAME" reads arch.data.NAME.
PACKAGED = ("sp500", "nasdaq", "default", "vix")

_ISO = r"\d{4}-\d{2}-\d{2}(?:[ T]00:00:00)?"


def load_table(file: str, folder: Path | None, where: str) -> pd.DataFrame:
    """The rows of a market file. ``where`` names the place in the study. Raises InputError where it cannot be read."""
    if file.startswith("arch:"):
        name = file.removeprefix("arch:")
        if name not in PACKAGED:
            rule, remedy = "the arch package carries the data set named", f"Use one of {', '.join(PACKAGED)}"
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
    """``arch.data.NAME.load()`` with its dates as a column. Importing arch would take two seconds: its file is read."""
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
    return pd.read_csv(path, dtype={"code": str}, low_memory=False)  # a code such as 000300 keeps its zeros


def row(file: str, table: pd.DataFrame, position: int) -> str:
    """Where a row of a table stands in its file."""
    label = int(table.index[position])
    return f"{file}:{label + 2}" if file.endswith(".csv") else f"{file} row {label + 1}"


def dates_of(column: pd.Series[Any]) -> Dates:
    """A column as dates, (n,); NaT where it is none: text must read YYYY-MM-DD."""
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        column = column.dt.tz_localize(None)
    if not pd.api.types.is_datetime64_dtype(column):
        text = column.astype(str).str.strip()
        text = text.where(text.str.fullmatch(_ISO).astype(bool)).str.slice(0, 10)
        column = pd.to_datetime(text, format="%Y-%m-%d", errors="coerce")
    return column.to_numpy().astype("datetime64[D]")


def holds_dates(column: pd.Series[Any]) -> bool:
    """Whether a column is one of dates: by its type, or all of it reads YYYY-MM-DD."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return True
    if not (pd.api.types.is_object_dtype(column) or pd.api.types.is_string_dtype(column)):
        return False
    return bool(column.astype(str).str.fullmatch(_ISO).all()) and not np.isnat(dates_of(column)).any()


def numbers_of(column: pd.Series[Any]) -> tuple[Floats, npt.NDArray[np.int64]]:
    """A column as numbers, (n,), NaN where it is empty; and the positions of what is no finite number."""
    if pd.api.types.is_datetime64_any_dtype(column):
        column = column.astype(str)
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)
    wrong = np.isinf(values) | (np.isnan(values) & column.notna().to_numpy())
    return values, np.flatnonzero(wrong).astype(np.int64)
