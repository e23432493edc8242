"""Folders of Qlib's binary format, as its dump_bin writes it.

calendars/day.txt has the trading days. features/CODE/FIELD.day.bin has numbers in single precision: the position of
the first day in the calendar, then a value for each day. instruments/all.txt has codes with their first and last day.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gridproof.kernels.arrays import Floats
from gridproof.kernels.errors import InputError
from gridproof.signals.data.column.dates import Dates, parse_dates
from gridproof.signals.data.vendor.codes import standard_code
from gridproof.signals.data.vendor.vendor_table import CODE, DATE, VendorTable

_ENDING = ".day.bin"


def read_qlib(folder: Path) -> VendorTable:
    """Read all securities of a folder: a row for each day and code that has a value.

    Prices are as they are stored, which in Qlib is adjusted: close / factor is the price at which was traded, volume ×
    factor the shares. Raises InputError where a file is missing or damaged.
    """
    days = _calendar(folder)
    places = sorted(path for path in (folder / "features").glob("*") if path.is_dir())
    if not places:
        rule, remedy = "a Qlib folder has features/CODE/FIELD.day.bin", "Name the folder that dump_bin wrote"
        raise InputError(rule, f"none in {folder}", str(folder), remedy)
    parts, read = [], 0
    for place in places:
        fields = {path.name.removesuffix(_ENDING): _read(path, len(days)) for path in sorted(place.glob(f"*{_ENDING}"))}
        if not fields:
            rule, remedy = "a security has files of daily values", "Import Qlib's daily data, or remove the folder"
            raise InputError(rule, f"none in {place}", str(folder), remedy)
        first = min(start for start, _ in fields.values())
        stop = max(start + len(values) for start, values in fields.values())
        part: dict[str, Any] = {DATE: days[first:stop], CODE: [standard_code(place.name.upper())] * (stop - first)}
        for name, (start, values) in fields.items():
            part[name] = np.full(stop - first, np.nan)
            part[name][start - first : start - first + len(values)] = values
        read += stop - first
        parts.append(pd.DataFrame(part))
    frame = pd.concat(parts, ignore_index=True)
    table = VendorTable(str(folder), frame, lambda row: f"{folder}, {frame[CODE].iloc[row]}", rows=read)
    table.columns = {f"{name}{_ENDING}": name for name in frame.columns[2:]}
    table.notes = [f"{len(days):,} days in the calendar, {len(places):,} securities", *_instruments(folder, places)]
    if "factor" in frame.columns:
        table.notes.append("prices are adjusted: close / factor is the price traded, volume * factor the shares")
    return table


def _calendar(folder: Path) -> Dates:
    path = folder / "calendars" / "day.txt"
    if not path.is_file():
        rule, remedy = "a Qlib folder has calendars/day.txt", "Name the folder that dump_bin wrote"
        raise InputError(rule, f"no {path}", str(folder), remedy)
    lines = path.read_text(encoding="utf-8").split()
    days = parse_dates(pd.Series(lines), lambda row: f"{path}:{row + 1}", str(folder)).dates
    back = np.flatnonzero(np.diff(days).astype(np.int64) <= 0)
    if len(back):
        rule, remedy = "the days of the calendar increase", "Write the calendar again with dump_bin"
        raise InputError(rule, f"{days[back[0] + 1]} at {path}:{back[0] + 2}", str(folder), remedy)
    return days


def _read(path: Path, days: int) -> tuple[int, Floats]:
    """The position of the first day, and a value for each day from it on."""
    data = path.read_bytes()
    numbers = np.frombuffer(data[: len(data) // 4 * 4], "<f4").astype(np.float64)
    start = numbers[0] if len(numbers) else np.nan
    if len(data) % 4 or not (start >= 0 and start == int(start) and start + len(numbers) - 1 <= days):
        rule = f"{_ENDING[1:]} has a first position and values within the {days:,} days of the calendar, 4 bytes each"
        what = f"{len(data):,} bytes, first position {start:g}, in {path}"
        raise InputError(rule, what, str(path), "Write it again with dump_bin; calendar and values must be of one dump")
    return int(start), numbers[1:]


def _instruments(folder: Path, places: list[Path]) -> list[str]:
    """What instruments/all.txt lists and features lacks, or the other way round, in words."""
    path = folder / "instruments" / "all.txt"
    if not path.is_file():
        return []
    listed = {line.split("\t")[0].strip().casefold() for line in path.read_text(encoding="utf-8").splitlines() if line}
    stored = {place.name.casefold() for place in places}
    found = [
        (listed - stored, "in instruments/all.txt without values"),
        (stored - listed, "not in instruments/all.txt"),
    ]
    return [f"{len(codes)} {what}: {', '.join(sorted(codes)[:5])}" for codes, what in found if codes]
