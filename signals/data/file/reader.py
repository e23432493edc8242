"""Reads a market file into a table of cells."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

from gridproof.kernels.errors import InputError
from gridproof.signals.data.file.table import LINE, ROW, Table

# Real data included in the arch package: the file "arch:NAME" reads arch.data.NAME.
PACKAGED = ("sp500", "nasdaq", "default", "vix")


def read_table(file: str, folder: Path | None, where: str) -> Table:
    """Read the rows of a market file. ``where``: the place in the study, for error messages.

    Raises InputError if the file does not exist, is neither .csv nor .parquet, or cannot be parsed.
    """
    if file.startswith("arch:"):
        name = file.removeprefix("arch:")
        if name not in PACKAGED:
            rule, remedy = "arch:NAME must be a data set of the arch package", f"Use one of {', '.join(PACKAGED)}"
            raise InputError(rule, name, where, remedy)
        return _read_packaged(name)
    path = resolve(file, folder)
    if path.suffix not in (".csv", ".parquet"):
        raise InputError("a market file is .csv or .parquet", file, where, "Convert it")
    if not path.is_file():
        remedy = "Correct the name, or give the folder of the market with --data DIR"
        raise InputError("the file of a series must exist", path, where, remedy)
    try:
        return _read(file, path, path.stat().st_mtime_ns)
    except (OSError, ValueError) as error:  # pandas' and Arrow's parsing errors are ValueErrors
        problem = str(error).splitlines()[0]
        raise InputError("a market file must be readable", f"{path}: {problem}", where, "Repair the file") from error


def resolve(file: str, folder: Path | None) -> Path:
    """Returns the path of a market file as the study names it."""
    return (folder or Path()) / file


def check_inside(file: str, folder: Path | None, where: str) -> None:
    """Raises InputError where a market file is outside of the market folder: by an absolute path, '..' or a link."""
    if file.startswith("arch:"):
        return
    inside = (folder or Path()).resolve()
    if not resolve(file, folder).resolve().is_relative_to(inside):
        rule = "a study in a run's folder may only read files of the market folder, since others may have written it"
        remedy = "Run your own study file, or copy the file into the market folder"
        raise InputError(rule, f"{file}, which is not in {inside}", where, remedy)


@lru_cache(maxsize=len(PACKAGED))
def _read_packaged(name: str) -> Table:
    """Returns ``arch.data.NAME.load()`` with the dates as a column. Importing arch is slow, so its file is read."""
    package = find_spec("arch")
    assert package is not None
    assert package.origin is not None
    table = pd.read_csv(Path(package.origin).parent / "data" / name / f"{name}.csv.gz")
    numbers: pd.DataFrame = table.drop(columns="Date").apply(pd.to_numeric, errors="coerce")
    numbers.insert(0, "date", pd.to_datetime(table["Date"]))
    return Table(f"arch:{name}", numbers, np.arange(1, len(numbers) + 1), unit=ROW)


@lru_cache(maxsize=8)
def _read(file: str, path: Path, _modified: int) -> Table:
    if path.suffix == ".parquet":
        cells = pd.read_parquet(path)
        return Table(file, cells, np.arange(1, len(cells) + 1), unit=ROW)
    cells = pd.read_csv(path, dtype=str, keep_default_na=False, index_col=False)
    return Table(file, cells, np.arange(2, len(cells) + 2), unit=LINE)
