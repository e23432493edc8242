"""Stamp tax on share trades: the rates in force on each day."""

from __future__ import annotations

import datetime
from typing import TypeAlias

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.signals.data.source import Dates

# (first day, rate on purchases, rate on sales), in order of date. Rates are shares of the traded value.
StampTax: TypeAlias = tuple[tuple[datetime.date, float, float], ...]

# A shares. Source: notices of the Ministry of Finance and the State Taxation Administration in force from these dates.
CHINA: StampTax = (
    (datetime.date(1997, 5, 10), 0.005, 0.005),
    (datetime.date(1998, 6, 12), 0.004, 0.004),
    (datetime.date(2001, 11, 16), 0.002, 0.002),
    (datetime.date(2005, 1, 24), 0.001, 0.001),
    (datetime.date(2007, 5, 30), 0.003, 0.003),
    (datetime.date(2008, 4, 24), 0.001, 0.001),
    (datetime.date(2008, 9, 19), 0.0, 0.001),
    (datetime.date(2023, 8, 28), 0.0, 0.0005),
)


def stamp_rates(tax: StampTax, days: Dates) -> tuple[Floats, Floats]:
    """Returns the rates on purchases and on sales on each of n days, (n,) float64 each; 0 before the first date."""
    buys = np.array([0.0, *(buy for _, buy, _ in tax)])
    sells = np.array([0.0, *(sell for _, _, sell in tax)])
    begins = np.array([date for date, _, _ in tax], dtype="datetime64[D]")
    index = np.searchsorted(begins, days, side="right")
    return buys[index], sells[index]
