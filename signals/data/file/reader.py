"""Reads a market file into a table of cells, by its format."""

from __future__ import annotations

import difflib
import gzip
import zlib
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from gridproof.kernels.errors import InputError
from gridproof.signals.data.file import signature
from gridproof.signals.data.file.delimited import read_delimited
from gridproof.signals.data.file.parquet import read_parquet
from gridproof.signals.data.file.table import ROW, Table
from gridproof.signals.data.file.tdx_day import read_tdx_day
from gridproof.signals.data.file.tdx_minute import read_tdx_minute
from gridproof.signals.data.file.workbook import read_workbook

# Real data included in the arch package: the file "arch:NAME" reads arch.data.NAME.
PACKAGED = ("sp500", "nasdaq", "default", "vix")

_TEXT = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
_WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
FORMATS = (*_TEXT, ".parquet", *_WORKBOOKS, ".day", ".lc1", ".lc5")


def read_table(file: str, folder: Path | None, where: str, sheet: str | None = None) -> Table:
    """Read the rows of a market file.

    Args:
        file: the file in the folder of the market, or arch:NAME.
        folder: the folder of the market; None: the working directory.
        where: the place in the study, for errors.
        sheet: of a workbook, the sheet to read.

    Raises InputError if the file does not exist, has no known format or another one than its name says, cannot be
    parsed, or is ambiguous.
    """
    if file.startswith("arch:"):
        name = file.removeprefix("arch:")
        if name not in PACKAGED:
            rule, remedy = "arch:NAME must be a data set of the arch package", f"Use one of {', '.join(PACKAGED)}"
            raise InputError(rule, name, where, remedy)
        return _read_packaged(name)
    path = resolve(file, folder)
    ending = _ending(path)
    if ending is None:
        remedy = "Convert it, or correct its name"
        raise InputError(f"a market file is one of {', '.join(FORMATS)}", file, where, remedy)
    if sheet is not None and ending not in _WORKBOOKS:
        raise InputError("only a workbook has sheets", f"sheet {sheet} of {file}", where, "Remove `sheet`")
    try:
        if not path.is_file():
            remedy = f"Correct the name{_nearest(path)}, or give the folder of the market with --data DIR"
            raise InputError("the file of a series must exist", path, where, remedy)
        status = path.stat()
        return _read(file, path, ending, sheet, status.st_mtime_ns, status.st_size)
    except InputError as error:  # is raised without a place in the study: tables are kept for all series of a file
        raise InputError(error.rule, error.value, where, error.remedy) from error
    except MemoryError as error:
        raise InputError("a market file must fit in memory", path, where, "Cut it to the rows of the series") from error
    except (OSError, ValueError, EOFError, LookupError, zlib.error, pa.ArrowException) as error:
        problem = str(error).splitlines()[0] if str(error) else type(error).__name__
        remedy = "It is damaged or cut; fetch it again"
        raise InputError("a market file must be readable", f"{path}: {problem}", where, remedy) from error


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


def _ending(path: Path) -> str | None:
    name = path.name.casefold()
    return next((ending for ending in FORMATS if name.endswith(ending)), None)


def _nearest(path: Path) -> str:
    try:
        names = sorted(each.name for each in path.parent.iterdir() if _ending(each))
    except OSError:
        return ""
    near = difflib.get_close_matches(path.name, names, 2, 0.6)
    return f" to {' or '.join(near)}" if near else ""


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
def _read(file: str, path: Path, ending: str, sheet: str | None, _modified: int, _size: int) -> Table:
    where = ""
    if ending == ".parquet":
        with path.open("rb") as stream:
            _check_format(signature.identify(stream.read(65536)), {signature.PARQUET}, file, ending, where)
        return read_parquet(path, file)
    data = path.read_bytes()
    if not data:
        raise InputError("a market file must not be empty", f"0 bytes in {file}", where, "Fetch it again")
    if ending == ".day":
        return read_tdx_day(data, file, where)
    if ending in (".lc1", ".lc5"):
        return read_tdx_minute(data, file, where)
    if ending.endswith(".gz"):
        _check_format(signature.identify(data), {signature.GZIP}, file, ending, where)
        data, ending = gzip.decompress(data), ending.removesuffix(".gz")
    found = signature.identify(data)
    if ending in _WORKBOOKS and found in (signature.XLSX, signature.XLS, signature.ODS):
        return read_workbook(data, file, sheet, where)
    _check_format(found, {None}, file, ending, where)
    return read_delimited(data, file, where)  # also where the name is a workbook's: some vendors name text .xls


def _check_format(found: str | None, expected: set[str | None], file: str, ending: str, where: str) -> None:
    """Raises InputError if a file is not what its name says."""
    if found in expected:
        return
    if ending.endswith(".gz"):
        own = "compressed by gzip"
    else:
        own = "text" if ending in _TEXT else "a workbook" if ending in _WORKBOOKS else "Parquet"
    remedy = {
        signature.PARQUET: "Rename it to .parquet",
        signature.XLSX: "Rename it to .xlsx",
        signature.XLS: "Rename it to .xls",
        signature.ODS: "Rename it to .ods",
        signature.GZIP: "Rename it to .csv.gz",
        signature.ZIP: "Unpack it and name the file inside",
        None: "Rename it to .csv, or fetch it again",
    }.get(found, "Fetch the data itself, or save it as CSV in UTF-8")
    rule = f"a file that ends in {ending} is {own}"
    raise InputError(rule, f"{file}, which is {found or 'not'}", where, remedy)
