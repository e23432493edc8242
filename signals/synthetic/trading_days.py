"""A synthetic trading calendar: weekdays except Chinese holidays, about 243 days a year."""

from __future__ import annotations

import datetime

import numpy as np

from gridproof.signals.data.column.date_formats import Dates

# ((month, first day), length in days) of each holiday. The Dragon Boat and Mid-Autumn festivals follow the lunar
# calendar; here each has one typical date in every year.
_FIXED = (((1, 1), 3), ((4, 4), 2), ((5, 1), 4), ((6, 12), 1), ((9, 20), 1), ((10, 1), 7))


def trading_days(first: int, last: int) -> Dates:
    """Returns (T,) datetime64[D]: the trading days of the years from ``first`` to ``last``, both included."""
    closed: list[datetime.date] = []
    for year in range(first, last + 1):
        for (month, day), length in _FIXED:
            begin = datetime.date(year, month, day)
            closed += [begin + datetime.timedelta(days=more) for more in range(length)]
        # The Spring Festival: the week of 4 February.
        spring = datetime.date(year, 2, 4)
        monday = spring - datetime.timedelta(days=spring.weekday())
        closed += [monday + datetime.timedelta(days=more) for more in range(7)]
    days = np.arange(np.datetime64(f"{first}-01-01"), np.datetime64(f"{last + 1}-01-01"))
    weekday = np.is_busday(days, holidays=np.array(closed, dtype="datetime64[D]"))
    trading: Dates = days[weekday]
    return trading
