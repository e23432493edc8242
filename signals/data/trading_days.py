"""A made-up trading calendar: weekdays without the holidays of a Chinese year, about 243 a year."""

from __future__ import annotations

import datetime

import numpy as np

from gridproof.signals.data.table import Dates

# Month and first day of the holidays that fall on fixed dates, and how many days each lasts. The lunar ones,
# dragon boat and mid-autumn, stand on a usual day.
_FIXED = (((1, 1), 3), ((4, 4), 2), ((5, 1), 4), ((6, 12), 1), ((9, 20), 1), ((10, 1), 7))


def trading_days(first: int, last: int) -> Dates:
    """The trading days of the years from first to last, both included, (T,)."""
    closed: list[datetime.date] = []
    for year in range(first, last + 1):
        for (month, day), length in _FIXED:
            begin = datetime.date(year, month, day)
            closed += [begin + datetime.timedelta(days=more) for more in range(length)]
        # The spring festival: the week that holds 4 February.
        spring = datetime.date(year, 2, 4)
        monday = spring - datetime.timedelta(days=spring.weekday())
        closed += [monday + datetime.timedelta(days=more) for more in range(7)]
    days = np.arange(np.datetime64(f"{first}-01-01"), np.datetime64(f"{last + 1}-01-01"))
    weekday = np.is_busday(days, holidays=np.array(closed, dtype="datetime64[D]"))
    trading: Dates = days[weekday]
    return trading
