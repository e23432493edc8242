"""The prices of a leg with a series in the window, and its returns from the close before to the open and the close."""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.kernels.errors import InputError
from gridproof.signals.data.market import Market
from gridproof.sweeps.plan.window import Window
from gridproof.sweeps.study.spec import OPEN
from gridproof.sweeps.study.study import Leg, Study


def close_returns(study: Study, leg: Leg, market: Market, window: Window) -> Floats:
    """(D,) from the close before each day to its close; 0 for cash. Raises InputError where a close is missing or not
    above 0."""
    return np.zeros(window.days) if leg.series is None else _growth(study, leg, leg.series, market, window)


def dividend_returns(study: Study, leg: Leg, market: Market, window: Window) -> Floats:
    """(D,) what a leg that names its price earns more than that each day: its dividends. Raises InputError as
    ``close_returns``."""
    assert leg.price is not None
    return close_returns(study, leg, market, window) - _growth(study, leg, leg.price, market, window)


def _growth(study: Study, leg: Leg, series: str, market: Market, window: Window) -> Floats:
    closes = market.closes(series)[window.first - 1 : window.last + 1]
    missing = np.flatnonzero(~(closes > 0))
    if len(missing):
        days = market.calendar[window.first - 1 : window.last + 1]
        first = float(closes[missing[0]])
        instead = f", which has {first:g}" if np.isfinite(first) else ""
        name = leg.name if series == leg.series else f"{series} of {leg.name}"
        raise InputError(
            "a leg must have a close above 0 on every trading day of the window and the one before",
            f"{name} lacks {len(missing)}, the first on {days[missing[0]]}{instead}",
            study.where("legs", leg.name),
            "Move the window, complete the series, or use a calendar that has only its days",
        )
    return closes[1:] / closes[:-1] - 1.0


def night_returns(study: Study, leg: Leg, market: Market, window: Window) -> Floats:
    """(D,) from the close before each day to its open; 0 for cash. Raises InputError as ``leg_prices``."""
    if leg.series is None:
        return np.zeros(window.days)
    closes = market.closes(leg.series)[window.first - 1 : window.last]
    return leg_prices(study, leg, OPEN, market, window) / closes - 1.0


def leg_prices(study: Study, leg: Leg, key: str, market: Market, window: Window) -> Floats:
    """(D,) the prices of a further column of a leg, such as its open, on each day of the window.

    Raises InputError where one is missing or not above 0.
    """
    days = slice(window.first, window.last + 1)
    prices = market.closes(leg.column_series(key))[days]
    missing = np.flatnonzero(~(prices > 0))
    if len(missing):
        first = float(prices[missing[0]])
        instead = f", which has {first:g}" if np.isfinite(first) else ""
        raise InputError(
            f"a leg must have {'an' if key == OPEN else 'a'} {key} above 0 on every day of the window",
            f"{leg.name} lacks {len(missing)}, the first on {market.calendar[days][missing[0]]}{instead}",
            study.where("legs", leg.name, key),
            f"Move the window, complete the column, or remove {key} from the study",
        )
    return prices
