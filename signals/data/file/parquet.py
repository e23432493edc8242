"""Parquet files: the columns as they are stored, and the levels of a pandas index as columns."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from gridproof.signals.data.file.header import label_columns
from gridproof.signals.data.file.table import ROW, Table


def read_parquet(path: Path, file: str) -> Table:
    """Read a Parquet file. Raises OSError or ValueError (Arrow's are) if it cannot be parsed."""
    stored = pq.ParquetFile(path).read()
    table = pa.table([_plain(column) for column in stored.columns], [str(index) for index in range(stored.num_columns)])
    cells = table.to_pandas(date_as_object=False)
    names, layout = list(stored.schema.names), ["Parquet"]
    for level in (stored.schema.pandas_metadata or {}).get("index_columns", []):
        if isinstance(level, str):  # otherwise a range of row numbers, which is not stored
            index = names.index(level)
            names[index] = "index" if level.startswith("__index_level_") else level
            layout.append(f"index {names[index]!r} is a column")
    headers = _header_rows(names)
    cells.columns = pd.Index(label_columns(headers, len(names)))
    return Table(file, cells, np.arange(1, len(cells) + 1), tuple(layout), headers, ROW)


def _header_rows(names: list[str]) -> tuple[tuple[str, ...], ...]:
    """Returns one header row, or several where pandas stored columns of several levels, as "('Close', 'AAPL')"."""
    levels = [_levels(name) for name in names]
    depth = max(map(len, levels))
    return tuple(tuple(each[row] if row < len(each) else "" for each in levels) for row in range(depth))


def _levels(name: str) -> tuple[str, ...]:
    if not (name.startswith("('") and name.endswith(")")):
        return (name,)
    try:
        return tuple(str(level) for level in ast.literal_eval(name))
    except (ValueError, SyntaxError):
        return (name,)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Returns decimals as float64, and dictionaries as their values."""
    if pa.types.is_decimal(column.type):
        return pc.cast(column, pa.float64())
    if pa.types.is_dictionary(column.type):
        return pc.cast(column, column.type.value_type)
    return column
