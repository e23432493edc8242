"""Dates as numbers: seconds and their fractions since 1970."""

from __future__ import annotations

import re

import numpy as np

from gridproof.signals.data.column.cells import Column, unknown_format
from gridproof.signals.data.column.date_formats import Dates
from gridproof.signals.data.column.declared import EXCEL
from gridproof.signals.data.column.stamps import days_of

_EPOCH = re.compile(r"-?\d{5,19}")
# Unit of an epoch number: its words, its length in nanoseconds, and the range of the largest number of the column.
_EPOCH_UNITS = (
    ("seconds", 1_000_000_000, 10**8, 5 * 10**9),
    ("milliseconds", 1_000_000, 10**11, 5 * 10**12),
    ("microseconds", 1_000, 10**14, 5 * 10**15),
    ("nanoseconds", 1, 10**17, 5 * 10**18),
)
_SERIAL = re.compile(r"\d{5}(?:\.\d+)?")
_DAY_NS = 86_400 * 1_000_000_000


def parse_epoch(column: Column, time_zone: str | None) -> tuple[Dates, str]:
    """Returns dates given as numbers since 1970. Raises InputError for anything else."""
    texts = column.texts
    if all(_SERIAL.fullmatch(text) for text in texts):
        rule = "serial numbers of Excel must be declared"
        raise column.error(rule, 0, f"Write date_format: {EXCEL} if 1 is 1900-01-01, or store dates in the sheet")
    wrong = next((index for index, text in enumerate(texts) if not _EPOCH.fullmatch(text)), None)
    if wrong is not None:
        raise unknown_format(column, wrong)
    numbers = np.array([int(text) for text in texts], dtype=object)
    largest = max(abs(number) for number in numbers)
    unit = next((each for each in _EPOCH_UNITS if each[2] <= largest < each[3]), None)
    if unit is None:
        raise unknown_format(column, 0)
    words, length, _, _ = unit
    nanoseconds = [int(number) * length for number in numbers]
    days = np.array([each // _DAY_NS for each in nanoseconds], dtype=np.int64).astype("datetime64[D]")
    seconds = np.array([each % _DAY_NS / 1e9 for each in nanoseconds])
    zeros = np.zeros(len(texts))
    days, note = days_of(days, seconds, zeros, column.show, column.where, time_zone=time_zone, own_date=False)
    return days, f"{words} since 1970, {note}"
