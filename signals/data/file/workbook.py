"""Excel and OpenDocument workbooks: one sheet to a table of cells."""

from __future__ import annotations

import contextlib
import datetime
import io
import os
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from gridproof.kernels.errors import InputError
from gridproof.signals.data.file.header import label_columns
from gridproof.signals.data.file.outline import DEPTH, Sheet, filled, is_empty, left_out
from gridproof.signals.data.file.table import Table


def read_workbook(data: bytes, file: str, sheet: str | None, where: str) -> Table:
    """Read one sheet of a workbook: the one named, or the only visible one that has cells.

    A column of dates is datetime64, a column of numbers float64 with NaN where a cell is empty; a column that has text
    is text throughout, '' where empty. Raises InputError if the workbook cannot be read, the sheet is missing, or
    several sheets have cells and none is named.
    """
    import python_calamine  # imports only where a study reads a workbook

    try:
        with _no_panic_text(), python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data)) as workbook:
            name, several = _choose(workbook, file, sheet, where)
            rows: list[list[Any]] = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
    except python_calamine.PasswordError as error:
        raise InputError("a workbook must not need a password", file, where, "Save it without one") from error
    except BaseException as error:
        # Its errors are CalamineError, OSError, ValueError, and for some damaged files a panic of Rust.
        panic = type(error).__name__ == "PanicException"
        if isinstance(error, InputError) or not (panic or isinstance(error, Exception)):
            raise
        problem = str(error).splitlines()[0] if str(error) and not panic else "its structure is damaged"
        remedy = "Fetch it again, or open it in Excel and save it anew, or as CSV in UTF-8"
        raise InputError("a workbook must be readable", f"{file}: {problem}", where, remedy) from error
    unit = f" sheet {name} row " if several else " row "
    grid = [[_cell(cell) for cell in row] for row in rows]
    used = [
        column for column in range(max(map(len, grid), default=0)) if any(not is_empty(row[column]) for row in grid)
    ]
    if not used:
        raise InputError("a sheet must have cells", f"none in sheet {name} of {file}", where, "Name another sheet")
    grid = [[row[column] for column in used] for row in grid]
    count = len(grid)
    ends = {*range(min(count, DEPTH)), *range(max(0, count - DEPTH), count)}
    shown = {index: grid[index] if filled(grid[index]) else [] for index in sorted(ends)}
    outline = Sheet(shown, count, len(used), lambda index: f"{file}{unit}{index + 1}", where).outline()
    kept = [index for index in range(outline.first, outline.stop) if filled(grid[index])]
    headers = tuple(tuple(_name(cell) for cell in row) for row in outline.headers)
    labels = label_columns(headers, len(used))
    cells = pd.DataFrame(
        {label: _column([grid[index][column] for index in kept]) for column, label in enumerate(labels)}
    )
    layout = [f"sheet {name!r}", *left_out(outline, lambda index: ", ".join(map(_text, filled(grid[index]))))]
    return Table(file, cells, np.array(kept, dtype=np.int64) + 1, tuple(layout), headers, unit)


@contextlib.contextmanager
def _no_panic_text() -> Iterator[None]:
    """Keep from the terminal what Rust prints about a panic: it writes to file descriptor 2, not to sys.stderr."""
    try:
        kept = os.dup(2)
    except OSError:  # there is no standard error
        yield
        return
    try:
        with open(os.devnull, "wb") as nothing:
            if sys.stderr is not None:
                sys.stderr.flush()
            os.dup2(nothing.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _choose(workbook: Any, file: str, sheet: str | None, where: str) -> tuple[str, bool]:
    """Returns the name of the sheet, and whether the workbook has several."""
    sheets = [each for each in workbook.sheets_metadata if str(each.typ).endswith("WorkSheet")]
    names = [each.name for each in sheets]
    if sheet is not None:
        if sheet not in names:
            raise InputError(f"{file} must have the sheet", sheet, where, f"Its sheets are {', '.join(names)}")
        return sheet, len(names) > 1
    visible = {each.name for each in sheets if str(each.visible).endswith("Visible")}
    full = [name for name in names if name in visible and workbook.get_sheet_by_name(name).height > 0]
    if len(full) > 1:
        remedy = f"Write sheet: with one of {', '.join(full)}"
        raise InputError("a series reads one sheet of a workbook", f"{len(full)} with cells in {file}", where, remedy)
    if not full:
        raise InputError("a workbook must have a visible sheet with cells", file, where, "Write sheet: with its name")
    return full[0], len(names) > 1


def _cell(cell: Any) -> Any:
    """Returns a cell as '', stripped text, a number, or a date."""
    if isinstance(cell, str):
        return " ".join(cell.split()).removeprefix("'")
    if isinstance(cell, datetime.time | datetime.timedelta):
        return str(cell)
    return cell


def _name(cell: Any) -> str:
    """Returns the cell of a header as text: 2015.0 is 2015."""
    return str(int(cell) if isinstance(cell, float) and cell.is_integer() else cell)


def _column(cells: list[Any]) -> pd.Series[Any]:
    present = [cell for cell in cells if not is_empty(cell)]
    if present and all(isinstance(cell, datetime.date) for cell in present):
        return pd.to_datetime(pd.Series([None if is_empty(cell) else cell for cell in cells], dtype=object))
    if all(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in present):
        return pd.Series([np.nan if is_empty(cell) else float(cell) for cell in cells], dtype=np.float64)
    return pd.Series([_text(cell) for cell in cells], dtype=str)


def _text(cell: Any) -> str:
    if isinstance(cell, datetime.datetime):
        return cell.isoformat(sep=" ") if cell.time() != datetime.time() else cell.date().isoformat()
    return "" if is_empty(cell) else _name(cell)
