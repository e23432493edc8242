"""Durations such as ``6y`` and ``3m``, as numbers of values of a series."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, cast

PATTERN = r"\d+(?:\.\d+)?[ymwd]"
_WHOLE = re.compile(r"(\d+(?:\.\d+)?)([ymwd])")
_A_YEAR = {"y": 1, "m": 12, "w": 52}


@dataclass(frozen=True, slots=True)
class Duration:
    """So many years, months, weeks or trading days.

    >>> Duration.parse("6y").values(243, 243), Duration.parse("3m").values(243, 243)
    (1458, 61)
    >>> Duration.parse("6y").values(12, 243)
    72
    """

    number: float
    unit: Literal["y", "m", "w", "d"]

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Raises ValueError where the text is no duration."""
        found = _WHOLE.fullmatch(text)
        if found is None:
            raise ValueError(f"not a duration: {text}")
        return cls(float(found[1]), cast('Literal["y", "m", "w", "d"]', found[2]))

    def values(self, periods: float, days: float) -> int:
        """How many values of a series it is, rounded to the nearest whole number, a half to the even one.

        ``periods``: values of the series a year. ``days``: trading days a year.
        """
        if self.unit == "d":
            return round(self.number * periods / days)
        return round(self.number * periods / _A_YEAR[self.unit])


def is_duration(value: object) -> bool:
    return isinstance(value, str) and _WHOLE.fullmatch(value) is not None
