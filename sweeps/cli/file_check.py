"""How one market file is read, and what each of its columns would be read as."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gridproof.kernels.errors import InputError


def check_file(file: str, folder: Path | None) -> dict[str, Any]:
    """Returns how a market file is read, and what each of its columns would be read as."""
    from gridproof.signals.data.file.reader import read_table

    table = read_table(file, folder, "FILE")
    columns = [_column_record(table.cells[name], table.place) for name in table.cells.columns]
    return {"file": file, "rows": len(table.rows), "layout": list(table.layout), "columns": columns, "errors": []}


def _column_record(cells: Any, place: Any) -> dict[str, Any]:
    """Returns one column as dates, as numbers, and its first cell."""
    import numpy as np

    from gridproof.signals.data.column.dates import parse_dates
    from gridproof.signals.data.column.numbers import parse_numbers

    record: dict[str, Any] = {"name": str(cells.name), "first": str(cells.iloc[0]), "dates": None, "numbers": None}
    try:
        dates = parse_dates(cells, place, "FILE")
        record["dates"] = f"{dates.form}, {dates.dates.min()} to {dates.dates.max()}"
    except InputError as error:
        record["why_no_dates"] = f"{error.rule}; got {error.value}"
    try:
        numbers = parse_numbers(cells, place, "FILE")
        present = numbers.values[np.isfinite(numbers.values)]
        if len(present):
            span = f"{len(present):,} from {present.min():g} to {present.max():g}"
            record["numbers"] = span + (f", {numbers.form}" if numbers.form else "")
    except InputError as error:
        record["why_no_numbers"] = f"{error.rule}; got {error.value}"
    return record


def file_lines(record: dict[str, Any]) -> list[str]:
    lines = [f"{record['file']}: {record['rows']:,} rows{''.join(f'; {each}' for each in record['layout'])}"]
    for column in record["columns"]:
        readings = [column["dates"], column["numbers"] and f"numbers: {column['numbers']}"]
        text = ", or ".join(each for each in readings if each) or f"text, first {column['first']!r}"
        lines.append(f"  {column['name']}: {text}")
    return lines
