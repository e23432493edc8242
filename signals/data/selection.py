"""The rows of a file that belong to one series, chosen by the values of columns: `where` and `code` of a study."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from gridproof.kernels.arrays import Bools
from gridproof.kernels.errors import InputError
from gridproof.signals.data.column.dates import Dates
from gridproof.signals.data.file.table import Table

CellValue: TypeAlias = str | int | float

_CODES = re.compile(
    r"(?:ts_|index_|sec_|stock_|fund_|con_)?code|symbol|ticker|sec_?id|isin|.*代码", re.IGNORECASE
)  # names of columns that say which series a row is of
_SHOWN = 5  # values that an error lists


def select_rows(
    table: Table, filters: Sequence[tuple[str, CellValue]], code: str | None, where: str
) -> tuple[Table, tuple[str, ...]]:
    """Returns the rows that have the value named in each column of ``filters``, and what was chosen, in words.

    Text is compared exactly, so 000300 keeps its zeros; a number is compared by value. ``code``: a value of the column
    'code', or if the file has none, of the one column that holds it. Raises InputError if a column or a value is
    missing, or if several columns hold the code.
    """
    words = []
    if code is not None:
        column = _code_column(table, code, where)
        filters = [(column, code), *filters]
        if column != "code":
            words.append(f"code {code} in column {column}")
    for name, value in filters:
        column = table.column(name, where)
        kept = _matches(table.cells[column], value, f"column {column} of {table.file}", where)
        if not kept.any():
            held = _distinct(table.cells[column])
            near = difflib.get_close_matches(str(value), held, 3, 0.5) or held[:3]
            remedy = f"Correct the {column}; it holds for example {', '.join(near)}"
            raise InputError(f"{table.file} must hold the {column}", value, where, remedy)
        table = table.take(kept)
    return table, tuple(words)


def check_one_series(table: Table, dates: Dates, where: str) -> None:
    """Raises InputError if the rows are those of several series: if a column tells apart the rows of equal dates."""
    for column in map(str, table.cells.columns):
        cells = table.cells[column]
        if pd.api.types.is_float_dtype(cells) or pd.api.types.is_datetime64_any_dtype(cells):
            continue
        held = _distinct(cells)
        if not 1 < len(held) <= len(cells) / 2:
            continue
        if pd.DataFrame({"cell": cells.to_numpy(), "date": dates}).duplicated().any():
            continue
        shown = ", ".join(held[:_SHOWN]) + (", …" if len(held) > _SHOWN else "")
        remedy = f"Choose one with where: {{{_quoted(column)}: {_quoted(held[0])}}}"
        raise InputError(
            f"a series has one row for each date, but {table.file} holds several series",
            f"{len(held)} in column {column}: {shown}",
            where,
            remedy,
        )


def joined_series(table: Table, dates: Dates) -> tuple[str, ...]:
    """Returns a warning if a column of codes changes along the rows: the file may hold several series end to end."""
    warnings = []
    for column in map(str, table.cells.columns):
        cells = table.cells[column]
        if not _CODES.fullmatch(column.strip()) or pd.api.types.is_float_dtype(cells):
            continue
        changes = np.flatnonzero(np.diff(pd.factorize(cells)[0])) + 1
        if len(changes):
            first = int(changes[0])
            before, after = str(cells.iloc[first - 1]), str(cells.iloc[first])
            warnings.append(
                f"column {column} changes from {before} to {after} on {dates[first]} at {table.place(first)}; "
                f"if these are several series, choose one with where: {{{_quoted(column)}: {_quoted(after)}}}"
            )
    return tuple(warnings)


def _code_column(table: Table, code: str, where: str) -> str:
    columns = [str(column) for column in table.cells.columns]
    if "code" in columns:
        return "code"
    found = [
        column
        for column in columns
        if not pd.api.types.is_float_dtype(table.cells[column]) and _equal(table.cells[column], code).any()
    ]
    if len(found) == 1:
        return found[0]
    if found:
        rule, remedy = "one column must hold the code of a series", f"Write where: {{{_quoted(found[0])}: …}}"
        raise InputError(rule, f"{code} in {' and '.join(found)} of {table.file}", where, remedy)
    remedy = "Name the column and the value with where: {COLUMN: VALUE}"
    raise InputError(
        f"a column of {table.file} must hold the code", code, where, f"Its columns are {', '.join(columns)}. {remedy}"
    )


def _matches(cells: pd.Series[Any], value: CellValue, name: str, where: str) -> Bools:
    """Returns (n,) bool: which cells have the value; numbers among text are compared by value if none is equal."""
    kept = _equal(cells, value)
    if kept.any() or isinstance(value, str) or not _is_text(cells):
        return kept
    kept = (pd.to_numeric(cells, errors="coerce") == value).to_numpy(dtype=np.bool_)
    written = _distinct(cells[kept])
    if len(written) > 1:
        rule, remedy = "a value of `where` must be one text of the column", "Write it in quotes, with its zeros"
        raise InputError(rule, f"{value}, which is {' and '.join(written)} in {name}", where, remedy)
    return kept


def _equal(cells: pd.Series[Any], value: CellValue) -> Bools:
    if _is_text(cells):
        kept = (cells == str(value)).to_numpy(dtype=np.bool_, na_value=False)
        if not kept.any() and isinstance(value, str):
            padded = [each for each in cells.unique() if isinstance(each, str) and each.strip() == value.strip()]
            kept = cells.isin(padded).to_numpy(dtype=np.bool_)
        return kept
    try:
        wanted = pd.Timestamp(value) if pd.api.types.is_datetime64_any_dtype(cells) else float(value)
        equal = cells == wanted
    except (TypeError, ValueError):
        return np.zeros(len(cells), dtype=np.bool_)
    return equal.to_numpy(dtype=np.bool_, na_value=False)


def _is_text(cells: pd.Series[Any]) -> bool:
    return pd.api.types.is_object_dtype(cells) or pd.api.types.is_string_dtype(cells)


def _distinct(cells: pd.Series[Any]) -> list[str]:
    """Returns the different values of a column as text, in the order of the file, whole numbers without a point."""
    values = cells.dropna().unique().tolist()
    return [str(int(value)) if isinstance(value, float) and value.is_integer() else str(value) for value in values]


def _quoted(text: str) -> str:
    """Returns a text as it is written in a study file: in quotes unless it begins with a letter and is plain."""
    plain = text[:1].isalpha() and all(sign.isalnum() or sign in "._- " for sign in text)
    return text if plain else "'" + text.replace("'", "''") + "'"
