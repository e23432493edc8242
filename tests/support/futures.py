"""A made-up market, and the same market with another future or with none."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.signals.data.market import Market
from gridproof.signals.data.source import Dates, Observations, Source
from gridproof.sweeps.study.study import Study

DAYS = 330  # of the calendar

DAY = np.timedelta64(1, "D")


def calendar_days() -> Dates:
    """Weekdays but for a week's holiday now and then."""
    days = np.arange("2019-01-01", "2021-06-01", dtype="datetime64[D]")
    return days[np.is_busday(days) & (np.arange(len(days)) % 97 > 4)][:DAYS]


def observations(name: str, dates: Dates, values: Floats, **columns: Dates) -> Observations:
    return Observations(Source(name, "f", "v"), dates, values, columns)


def wandering(rng: np.random.Generator, days: int) -> Floats:
    return 100 * np.exp(rng.normal(0, 0.01, days).cumsum())


def market_of(rng: np.random.Generator, monthly: bool) -> Market:
    """Closes on every trading day; x and y on days of their own, holidays among them, or x by month."""
    calendar = calendar_days()
    every = np.arange(calendar[0], calendar[-1] + DAY)
    series = {leg: observations(leg, calendar, wandering(rng, DAYS)) for leg in ("small", "large")}
    for name in ("x", "y"):
        dates = every[rng.random(len(every)) < 0.75]
        if monthly and name == "x":
            months = np.arange(calendar[0].astype("datetime64[M]"), calendar[-1].astype("datetime64[M]"))
            dates = (months + np.timedelta64(1, "M")).astype("datetime64[D]") - DAY
        usable = np.maximum.accumulate(dates + rng.integers(0, 20 if monthly else 4, len(dates)) * DAY)
        series[name] = observations(name, dates, wandering(rng, len(dates)), usable=usable)
    return Market(calendar, series)


def known_from(series: Observations, release: str, calendar: Dates) -> np.ndarray[Any, Any]:
    """The calendar index at whose close each observation is known: by counting, apart from the engine."""
    known = np.empty(len(series.dates), dtype=int)
    for index, date in enumerate(series.dates):
        if release == "usable":
            known[index] = (calendar < series.columns["usable"][index]).sum()
        elif release.endswith("calendar days"):
            known[index] = (calendar < date + int(release.split()[0]) * DAY).sum()
        else:
            after = int(release)
            known[index] = (calendar <= date).sum() + after - 1 if after else (calendar < date).sum()
    return known


def other_future(study: Study, market: Market, today: int, rng: np.random.Generator) -> Market:
    """The same market, but for every observation that is not known at the close of calendar day ``today``."""
    series = {}
    for name, each in market.series.items():
        release = study.base.get(f"{name}.release", "0")
        later = known_from(each, str(release), market.calendar) > today
        values = np.where(later, each.values * rng.uniform(0.5, 1.5, len(each.values)), each.values)
        series[name] = Observations(each.source, each.dates, values, each.columns)
    return Market(market.calendar, series)


def shortened(study: Study, market: Market, today: int) -> Market:
    """The same market as it stood at the close of calendar day ``today``: nothing later exists."""
    series = {}
    for name, each in market.series.items():
        release = study.base.get(f"{name}.release", "0")
        kept = known_from(each, str(release), market.calendar) <= today
        columns = {column: dates[kept] for column, dates in each.columns.items()}
        series[name] = Observations(each.source, each.dates[kept], each.values[kept], columns)
    return Market(market.calendar[: today + 1], series)
