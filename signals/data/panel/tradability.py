"""Which stocks can be bought and sold at the close or at the open, under price limits and suspensions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridproof.kernels.arrays import Bools, Floats, Ints
from gridproof.kernels.errors import InputError
from gridproof.signals.data.panel.panel import Panel
from gridproof.signals.data.price_limits import find_board, limit_prices

# So many closes are not all whole yuan.
_ENOUGH = 1_000


class Tradability(NamedTuple):
    """T days and S stocks, at the close or the open of the day."""

    buyable: Bools  # (T, S)
    sellable: Bools  # (T, S)
    beyond: int  # closes of traded stocks above or below the limits: no limit was in force, or the data are wrong
    closes: int  # all closes of traded stocks


def tradability(
    panel: Panel, traded: Bools, raw: Floats, previous: Floats, special: Floats, field: str = "raw_close"
) -> Tradability:
    """What can be traded on the first T days of the panel, at the close or at the open.

    traded: (T, S) the stock traded that day. raw: (T, S) its close, or its open, in yuan, not adjusted; field: of the
    panel, from which it is. previous: (T, S) as in
    ``limit_prices``. special: (T, S) 1: under special treatment, 0: not, NaN: unknown, then both limits count.

    A stock that did not trade is neither bought nor sold. At the upper limit none is bought, at the lower limit none is
    sold; neither where the limit is unknown, as always for a code without a board. After its last row in the whole file
    a stock has left the exchange, and is sold at its last value. Raises InputError where the prices of stocks with a
    board are not raw ones in yuan.
    """
    boarded = np.array([find_board(code) is not None for code in panel.codes], dtype=np.bool_)
    known = traded & (raw > 0.0) & boarded
    _check_raw(raw[known], field, panel.where)
    days = len(traded)
    first, last = row_bounds(panel)
    listed = np.where((first > 0) & (first < days), first, -1)
    cents = np.rint(100.0 * raw)
    highest, lowest = np.zeros(traded.shape, dtype=np.bool_), np.zeros(traded.shape, dtype=np.bool_)
    within = np.zeros(traded.shape, dtype=np.bool_)
    for flag in (0.0, 1.0):
        case = (special == flag) | np.isnan(special)
        treated = np.full(traded.shape, flag == 1.0)
        up, down = limit_prices(panel.codes, panel.dates[:days], listed, previous, treated)
        up, down = np.rint(100.0 * up), np.rint(100.0 * down)
        highest |= case & ((cents == up) | np.isnan(up))
        lowest |= case & ((cents == down) | np.isnan(down))
        within |= case & ~((cents > up) | (cents < down))
    left = np.arange(days)[:, None] > last
    return Tradability(known & ~highest, (known & ~lowest) | left, int((known & ~within).sum()), int(known.sum()))


def _check_raw(prices: Floats, field: str, where: str) -> None:
    """Limits are whole cents: they say nothing about adjusted prices, or about prices in another unit."""
    cents = 100.0 * prices
    broken = int((np.abs(cents - np.rint(cents)) > 1e-4).sum())
    of = "closes" if field == "raw_close" else "opens"
    got = f"{broken:,} of {len(prices):,} {of} with a part of a cent" if broken > 0.01 * len(prices) else ""
    if len(prices) >= _ENOUGH and (prices == np.rint(prices)).all():
        got = f"{len(prices):,} {of} without a cent, such as {prices[0]:g}"
    if not got:
        return
    rule, remedy = "price limits need raw_close, the close in yuan as it was traded", "Correct the field raw_close"
    if field == "raw_open":
        rule, remedy = "price limits need raw_open, the open in yuan as it was traded", "Correct the field raw_open"
    elif field == "open":
        rule = "price limits need the open in yuan: without a field raw_open it is open × raw_close / close"
        remedy = "Add raw_open, the open in yuan, or adjust open and close by the same factor"
    raise InputError(rule, got, where, remedy)


def row_bounds(panel: Panel) -> tuple[Ints, Ints]:
    """The numbers of the days of each stock's first and last row, (S,) each."""
    days, stocks = panel.shape
    present = np.zeros((days, stocks), dtype=np.bool_)
    present.ravel()[panel.place] = True
    return present.argmax(axis=0), days - 1 - present[::-1].argmax(axis=0)
