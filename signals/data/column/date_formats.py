"""The formats of written dates: which texts each matches, and the day, month, quarter or year that a text names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from gridproof.kernels.arrays import Ints

Dates: TypeAlias = npt.NDArray[np.datetime64]

# Years outside are slips of the pen or placeholders such as 9999-12-31.
YEARS = (1600, 2200)
DAY, MONTH, QUARTER, HALF, YEAR = "day", "month", "quarter", "half-year", "year"
_ABBREVIATIONS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_ABBREVIATIONS, 1)}
_NAME = (
    r"(?P<name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\.?"
)
_Y, _M, _D, _YY = r"(?P<y>\d{4})", r"(?P<m>\d{1,2})", r"(?P<d>\d{1,2})", r"(?P<y>\d{2})"
_ORDINALS = {"一": 1, "二": 2, "三": 3, "四": 4, "1": 1, "2": 2, "3": 3, "4": 4, "上": 1, "下": 2}


@dataclass(frozen=True)
class DateFormat:
    """One way to write dates. ``words``: the format in words. ``unit``: what a text names.

    ``ordered``: whether the order of day and month must be proved by the file; such formats have the groups a, b and c
    instead of y, m and d.
    """

    words: str
    pattern: re.Pattern[str]
    unit: str = DAY
    ordered: bool = False


def _format(words: str, pattern: str, unit: str = DAY, ordered: bool = False) -> DateFormat:
    return DateFormat(words, re.compile(pattern, re.ASCII | re.IGNORECASE), unit, ordered)


_QUARTER = r"q(?P<q>[1-4])"
FORMATS = (
    _format("YYYY-MM-DD", rf"{_Y}-{_M}-{_D}"),
    _format("YYYY/MM/DD", rf"{_Y}/{_M}/{_D}"),
    _format("YYYY.MM.DD", rf"{_Y}\.{_M}\.{_D}\.?"),
    _format("YYYY年M月D日", rf"{_Y}\s*年\s*{_M}\s*月\s*{_D}\s*[日号]"),
    _format("YYYYMMDD", r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})"),
    _format("Mon D, YYYY", rf"{_NAME}[\s-]*{_D}(?:st|nd|rd|th)?(?:,\s*|\s+|-){_Y}"),
    _format("D Mon YYYY", rf"{_D}(?:st|nd|rd|th)?[\s/-]*{_NAME},?[\s/-]*{_Y}"),
    _format("D Mon YY", rf"{_D}[\s/-]*{_NAME}[\s/-]*{_YY}"),
    _format("YYYY Mon D", rf"{_Y}[\s-]*{_NAME}[\s-]+{_D}"),
    *(
        _format(
            f"{{}}{sign}{{}}{sign}{{}}",
            rf"(?P<a>\d{{1,2}}){each}(?P<b>\d{{1,2}}){each}(?P<c>\d{{4}}|\d{{2}})",
            ordered=True,
        )
        for sign, each in (("/", "/"), ("-", "-"), (".", r"\."))
    ),
    _format("YYYY-MM", rf"{_Y}-{_M}", MONTH),
    _format("YYYY/MM", rf"{_Y}/{_M}", MONTH),
    _format("YYYY.MM", rf"{_Y}\.{_M}", MONTH),
    _format("YYYYMM", r"(?P<y>\d{4})(?P<m>\d{2})", MONTH),
    _format("YYYY年M月", rf"{_Y}\s*年\s*{_M}\s*月份?", MONTH),
    _format("YYYYMmm", rf"{_Y}[-:]?\s?m{_M}", MONTH),
    _format("YYYY:MM", rf"{_Y}:{_M}", MONTH),
    _format("MM/YYYY", rf"{_M}[/.-]{_Y}", MONTH),
    _format("Mon YYYY", rf"{_NAME}[\s,/-]*{_Y}", MONTH),
    _format("YYYY Mon", rf"{_Y}[\s-]*{_NAME}", MONTH),
    _format("YYYYQq", rf"{_Y}\s*[-:.]?\s*{_QUARTER}", QUARTER),
    _format("Qq YYYY", rf"(?:{_QUARTER}|(?P<r>[1-4])q)\s*[-/:]?\s*{_Y}", QUARTER),
    _format("YYYY年q季度", rf"{_Y}\s*年\s*第?(?P<s>[一二三四1-4])季度?", QUARTER),
    _format("YYYYHh", rf"{_Y}\s*[-:]?\s*[hs](?P<h>[12])", HALF),
    _format("YYYY年上半年", rf"{_Y}\s*年\s*(?P<s>[上下])半年", HALF),
    _format("YYYY", rf"{_Y}年?", YEAR),
)


@dataclass(frozen=True, slots=True)
class Parsed:
    """n written dates: year, month and day numbers, (n,) int64 each; the day is 0 where a whole month is meant."""

    years: Ints
    months: Ints
    days: Ints

    def dates(self) -> tuple[Dates, npt.NDArray[np.bool_]]:
        """Returns (n,) datetime64[D] (a month as its last day) and (n,) bool: whether each is a day of the calendar."""
        low, high = YEARS
        valid = (self.years >= low) & (self.years <= high) & (self.months >= 1) & (self.months <= 12)
        index = np.where(valid, (self.years - 1970) * 12 + self.months - 1, 0)
        first = index.astype("datetime64[M]").astype("datetime64[D]")
        length = ((index + 1).astype("datetime64[M]").astype("datetime64[D]") - first).astype(np.int64)
        days = np.where(self.days == 0, length, self.days)
        valid &= (days >= 1) & (days <= length)
        return first + np.where(valid, days - 1, 0).astype("timedelta64[D]"), valid


def parse_parts(form: DateFormat, matches: Sequence[re.Match[str]]) -> Parsed:
    """Returns the numbers of n matches of a format whose order is known. A day or month written as 0 becomes -1."""
    rows = [_parts(form.unit, match.groupdict()) for match in matches]
    years, months, days = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    return Parsed(years, months, days)


def _parts(unit: str, groups: dict[str, str]) -> tuple[int, int, int]:
    year = int(groups["y"])
    if len(groups["y"]) == 2:
        year = full_year(year)
    if unit == YEAR:
        return year, 12, 0
    if unit == HALF:
        return year, 6 * (int(groups["h"]) if groups.get("h") else _ORDINALS[groups["s"]]), 0
    if unit == QUARTER:
        quarter = groups.get("q") or groups.get("r") or groups.get("s") or ""
        return year, 3 * _ORDINALS[quarter], 0
    month = _MONTHS[groups["name"][:3].lower()] if groups.get("name") else int(groups["m"])
    return year, month, (int(groups["d"]) or -1) if unit == DAY else 0


def full_year(two_digits: int) -> int:
    """Returns 2000 to 2029 for 0 to 29, 1970 to 1999 for 70 to 99, and -1 between, where conventions disagree."""
    return two_digits + (2000 if two_digits < 30 else 1900) if not 30 <= two_digits < 70 else -1
