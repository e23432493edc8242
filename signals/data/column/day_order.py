"""Day, month and year in an order that the file must prove: 3/2/2015, 02.03.20, 20-03-02."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

from gridproof.kernels.errors import InputError
from gridproof.signals.data.column.date_formats import DateFormat, Parsed, full_year

# The groups that hold year, month and day, the order in words, and as strptime writes it.
_ORDERS = {
    "MDY": ("cab", ("MM", "DD", "Y"), ("%m", "%d", "Y")),
    "DMY": ("cba", ("DD", "MM", "Y"), ("%d", "%m", "Y")),
    "YMD": ("abc", ("YY", "MM", "DD"), ("%y", "%m", "%d")),
}


def find_order(
    form: DateFormat, matches: Sequence[re.Match[str]], show: Callable[[int], str], where: str
) -> tuple[Parsed, str]:
    """Returns the numbers of n written dates, and the order in words.

    An order is proved if only under it every text is a valid date, or if only under it the dates, in the order of the
    file, rise or fall throughout (three or more). Raises InputError if none is proved, or if no order fits.
    """
    texts = [(match["a"], match["b"], match["c"]) for match in matches]
    longest = {len(text[2]) for text in texts}
    if len(longest) > 1:
        odd = next(index for index, text in enumerate(texts) if len(text[2]) != len(texts[0][2]))
        rule = "the years of a column have two digits or four"
        raise InputError(rule, show(odd), where, "Write years with four digits")
    short = longest == {2}
    orders = list(_ORDERS) if short else ["MDY", "DMY"]
    parsed = {order: _parse(texts, order) for order in orders}
    valid = {order: _valid(each) for order, each in parsed.items()}
    fitting = [order for order in orders if valid[order].all()]
    if not fitting:
        likely = min(orders, key=lambda order: int((~valid[order]).sum()))
        wrong = int(np.flatnonzero(~valid[likely])[0])
        rule = f"a date must be a day of the calendar (most are {_words(form, likely, short)})"
        raise InputError(rule, show(wrong), where, "Correct it")
    if len(fitting) > 1:
        rising = [order for order in fitting if len(texts) > 2 and _monotonic(parsed[order])]
        if len(rising) != 1:
            choices = " or ".join(f'date_format: "{_strptime(form, order, short)}"' for order in fitting)
            rule = "the file must prove the order of day and month"
            raise InputError(rule, show(0), where, f"Write {choices}")
        fitting = rising
    return parsed[fitting[0]], _words(form, fitting[0], short)


def _parse(texts: Sequence[tuple[str, str, str]], order: str) -> Parsed:
    columns = dict(zip("abc", np.array(texts, dtype=np.int64).T, strict=True))
    years, months, days = (columns[group] for group in _ORDERS[order][0])
    if len(texts[0][2]) == 2:
        years = np.array([full_year(int(year)) for year in years], dtype=np.int64)
    return Parsed(years, months, np.where(days == 0, -1, days))


def _valid(parsed: Parsed) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whether each is a date; the year of an ambiguous two-digit year is taken as a leap year."""
    years = np.where(parsed.years < 0, 2000, parsed.years)
    return Parsed(years, parsed.months, parsed.days).dates()[1]


def _monotonic(parsed: Parsed) -> bool:
    steps = np.diff(parsed.dates()[0].astype(np.int64))
    return bool((steps > 0).all() or (steps < 0).all())


def _words(form: DateFormat, order: str, short: bool) -> str:
    return (
        form.words.format(
            *[part.replace("Y", "YY" if short else "YYYY") if part == "Y" else part for part in _ORDERS[order][1]]
        )
        if "{}" in form.words
        else form.words
    )


def _strptime(form: DateFormat, order: str, short: bool) -> str:
    year = "%y" if short else "%Y"
    return form.words.format(*(year if part == "Y" else part for part in _ORDERS[order][2]))
