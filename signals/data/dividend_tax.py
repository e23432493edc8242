"""The tax of private investors on cash dividends of A-shares, by how long a share was held.

Sources. 20% of dividends: the Individual Income Tax Law of 1994. Half of that from 13 June 2005: notice Cai Shui [2005]
102. By holding period from 1 January 2013, 20%, 10% and 5%, of which 5% is withheld when the dividend is paid and the
rest when the share is sold: Cai Shui [2012] 85. Nothing above a year and nothing withheld from 8 September 2015: Cai
Shui [2015] 101. The day of record decides which of them holds. A share is held from the day of its purchase to the day
before its sale: a month ends on the day before the same day of the next month. Shares that were bought first are sold
first.

Not covered: bonus shares, which count as dividends of their par value, and stock of listed companies' founders.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.signals.data.column.dates import Dates


class _Rates(NamedTuple):
    """Shares of a dividend: withheld when it is paid, and due at a sale within a month and within a year."""

    since: str
    withheld: float
    month: float
    year: float


CHINA = (
    _Rates("1994-01-01", 0.20, 0.0, 0.0),
    _Rates("2005-06-13", 0.10, 0.0, 0.0),
    _Rates("2013-01-01", 0.05, 0.15, 0.05),
    _Rates("2015-09-08", 0.0, 0.20, 0.10),
)


def dividend_rates(recorded: Dates) -> tuple[Floats, Floats, Floats]:
    """(n,) each, for days of record: what is withheld, and what is due besides at a sale within a month or a year.

    >>> [rates.tolist() for rates in dividend_rates(np.array(["2014-06-30", "2019-06-28"], dtype="datetime64[D]"))]
    [[0.05, 0.0], [0.15, 0.2], [0.05, 0.1]]
    """
    index = np.searchsorted(np.array([one.since for one in CHINA], dtype="datetime64[D]"), recorded, side="right")
    table = np.array([(0.0, 0.0, 0.0), *(one[1:] for one in CHINA)])[index]
    withheld, month, year = table.T
    return withheld.copy(), month.copy(), year.copy()


def held_until(days: Dates, months: int) -> Ints:
    """(n,) for a purchase on each of n ascending days, the number of the last one on which a sale is within so many
    months of it.

    >>> held_until(np.array(["2020-01-31", "2020-02-28", "2020-03-02"], dtype="datetime64[D]"), 1).tolist()
    [1, 2, 2]
    """
    month = days.astype("datetime64[M]")
    begin, end = ((month + np.timedelta64(later, "M")).astype("datetime64[D]") for later in (months, months + 1))
    of_month = np.minimum(days - month.astype("datetime64[D]"), end - begin - np.timedelta64(1, "D"))
    found: Ints = np.searchsorted(days, begin + of_month, side="right") - 1
    return found
