"""What a market file says to a plain reader: Python's csv, one header, ISO dates, decimal numbers; or nothing."""

from __future__ import annotations

import csv
import datetime
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Of one series: the value by date, as ISO text, and the dates of its other columns.
Reading = dict[str, tuple[float, ...]]

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Wanted:
    """Of a series in a study: its file, the columns of date and value, a further column of dates, and its code."""

    file: str
    date: str
    field: str
    release: str | None = None
    code: str | None = None


def wanted_series(raw: Mapping[str, Any], codes: Mapping[str, str]) -> dict[str, Wanted]:
    """The series of a study by name. codes: as the file writes them."""
    return {
        name: Wanted(
            one["file"],
            one.get("date", "date"),
            one["field"],
            one["release"] if isinstance(one.get("release"), str) else None,
            codes.get(name),
        )
        for name, one in raw["series"].items()
    }


def plain_reading(data: bytes, wanted: Wanted) -> Reading | None:
    """None where a plain reader cannot be sure: another encoding, ragged rows, repeated names or dates, other forms."""
    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error):
        return None
    rows = [row for row in rows if row]
    if not rows or any(len(row) != len(rows[0]) for row in rows) or len(set(rows[0])) < len(rows[0]):
        return None
    names = [wanted.date, wanted.field, *([wanted.release] if wanted.release else [])]
    header = [name.strip() for name in rows[0]]
    if any(name not in header for name in names) or (wanted.code is not None and "code" not in header):
        return None
    reading: Reading = {}
    for cells in rows[1:]:
        row = dict(zip(header, (cell.strip() for cell in cells), strict=True))
        if wanted.code is not None and row["code"] != wanted.code:
            continue
        dates = [row[wanted.date], *([row[wanted.release]] if wanted.release else [])]
        if not _NUMBER.fullmatch(row[wanted.field]) or not all(map(_is_date, dates)) or row[wanted.date] in reading:
            return None
        value = float(row[wanted.field])
        if value in (float("inf"), float("-inf")):
            return None
        reading[row[wanted.date]] = (value, *(float(datetime.date.fromisoformat(day).toordinal()) for day in dates[1:]))
    return reading or None


def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True
