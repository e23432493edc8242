"""What the dates of a whole column prove: cells that were cut, zeros that were lost, six digits that mean a month."""

from __future__ import annotations

import re

import numpy as np

from gridproof.signals.data.column.cells import Column
from gridproof.signals.data.column.date_formats import DateFormat, Dates, Parsed
from gridproof.signals.data.column.stamps import Stamp


def check_padding(column: Column, form: DateFormat, matches: list[re.Match[str]]) -> None:
    """Raises InputError if a column writes both 01 and 1: a cell that was cut looks like that (2020-01-1)."""
    for part in ("m", "d", "a", "b"):
        if part not in form.pattern.groupindex or form.words == "YYYY.MM":
            continue
        written = [match[part] for match in matches]
        padded = [index for index, each in enumerate(written) if each.startswith("0")]
        bare = [index for index, each in enumerate(written) if len(each) == 1]
        if padded and bare:
            index = min(bare, padded, key=len)[0]
            rule = "the dates of a column write days and months with two digits everywhere or nowhere"
            raise column.error(rule, index, "Correct it; it may have been cut")


def dotted_months(column: Column, parsed: Parsed, matches: list[re.Match[str]]) -> Parsed:
    """Returns months written YYYY.MM. A number loses its last zero: 2015.10 becomes 2015.1.

    Beside 2015.01 it is October; beside 2015.10 or with months 2 to 9 of one digit and no 2015.1 it is a text.
    """
    written = [match["m"] for match in matches]
    ones = [index for index, each in enumerate(written) if each == "1"]
    padded = any(each.startswith("0") for each in written)
    bare = any(len(each) == 1 and each != "1" for each in written)
    lost = bool(ones) and padded == ("10" in written)
    if (padded and bare) or lost:
        index = ones[0] if ones else next(index for index, each in enumerate(written) if len(each) == 1)
        rule = "a month YYYY.M must not have lost a zero"
        raise column.error(rule, index, "Write months as YYYY-MM", ", January or October")
    if not (padded and ones):
        return parsed
    months = parsed.months.copy()
    months[ones] = 10
    return Parsed(parsed.years, months, parsed.days)


def check_plain_months(column: Column, parsed: Parsed) -> None:
    """Raises InputError if six digits may be YYMMDD: all are dates in that reading, and they are no run of months."""
    steps = np.abs(np.diff(parsed.years * 12 + parsed.months))
    century, month, day = parsed.years // 100, parsed.years % 100, parsed.months
    if len(steps) and (steps != 1).any() and Parsed(2000 + century, month, day).dates()[1].all():
        remedy = 'Write date_format: "%Y%m" or "%y%m%d"'
        raise column.error("six digits must be months YYYYMM beyond doubt", 0, remedy)


def check_weekdays(column: Column, stamps: list[Stamp], days: Dates) -> None:
    """Raises InputError if a date states another weekday than its own."""
    stated = np.array([-1 if stamp.weekday is None else stamp.weekday for stamp in stamps])
    actual = (days.astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday
    wrong = np.flatnonzero((stated >= 0) & (stated != actual))
    if len(wrong):
        raise column.error("a date must be on the weekday that it states", int(wrong[0]), "Correct it")


def isolated_date(dates: Dates) -> str | None:
    """Returns a warning about the first date that is ten years or more from the one before, in a series of short steps.

    A placeholder such as 2099-12-31 and a wrong century look like that. The clock plays no part.
    """
    steps = np.diff(dates).astype(np.int64)
    if len(steps) < 2:
        return None
    far = np.flatnonzero(steps >= max(3650.0, 50 * float(np.median(steps))))
    if not len(far):
        return None
    before, after = dates[far[0]], dates[far[0] + 1]
    return f"the date {after} is {steps[far[0]]:,} days after the one before, {before}"
