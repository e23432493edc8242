"""What can be bought and sold at the close, on small panels and on the real one."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

import gridproof as gp
from gridproof.signals.data.panel.panel import Panel
from gridproof.signals.data.panel.panel_file import read_panel
from gridproof.signals.data.panel.tradability import row_bounds, tradability
from tests.support.real_data import ASHARE, needs_ashare

STOCKS = ASHARE / "stocks"
DAYS = np.arange(np.datetime64("2015-06-22"), np.datetime64("2015-06-27"))


def panel_of(present: list[list[int]], codes: tuple[str, ...]) -> Panel:
    rows = np.array(present, dtype=bool)
    return Panel("panel", DAYS[: len(rows)], codes, np.flatnonzero(rows.ravel()), {})


def cut(panel: Panel, first: int, end: int) -> Panel:
    """The same stocks on the days from number first to number end, without that one."""
    stocks = len(panel.codes)
    rows = (panel.place >= first * stocks) & (panel.place < end * stocks)
    columns = {name: partial(lambda read: read()[rows], panel.columns[name]) for name in panel.columns}
    return replace(panel, dates=panel.dates[first:end], place=panel.place[rows] - first * stocks, columns=columns)


def test_limits_suspensions_and_unknown_flags() -> None:
    codes = ("000001", "000002", "000003", "000004", "000005", "000006")
    panel = panel_of([[1] * 6] * 2, codes)
    raw = np.array([[10.0] * 6, [11.0, 9.0, 10.5, 10.5, 11.0, 11.3]])
    traded = np.array([[True] * 6, [True, True, True, True, False, True]])
    special = np.array([[0.0] * 6, [0, 0, 1, np.nan, 0, 0]])
    previous = np.array([[10.0] * 6] * 2)
    found = tradability(panel, traded, raw, previous, special)
    # At the upper limit, the lower one, ST's upper one, that of an unknown flag; suspended; beyond: no limit was there.
    assert found.buyable[1].tolist() == [False, True, False, False, False, True]
    assert found.sellable[1].tolist() == [True, False, True, True, False, True]
    assert (found.beyond, found.closes) == (1, 11)


def test_a_gap_is_not_the_end() -> None:
    panel = panel_of([[1, 1, 1], [1, 0, 0], [1, 1, 0]], ("000001", "000002", "000003"))
    assert [bounds.tolist() for bounds in row_bounds(panel)] == [[0, 0, 0], [2, 2, 0]]
    raw = np.full((3, 3), 10.0)
    traded = np.array([[1, 1, 1], [1, 0, 0], [1, 1, 0]], dtype=bool)
    found = tradability(panel, traded, raw, raw, np.zeros((3, 3)))
    assert found.buyable.tolist() == traded.tolist()
    assert found.sellable[:, 1].tolist() == [True, False, True]
    assert found.sellable[:, 2].tolist() == [True, True, True]  # left: sold at its last value


def test_a_new_listing_without_its_issue_price_is_not_bought() -> None:
    panel = panel_of([[1, 0], [1, 1], [1, 1]], ("000001", "000002"))
    raw = np.full((3, 2), 10.0)
    raw[1, 1], previous = 14.4, np.array([[10.0, np.nan], [10.0, np.nan], [10.0, 14.4]])
    traded = np.array([[1, 0], [1, 1], [1, 1]], dtype=bool)
    found = tradability(panel, traded, raw, previous, np.zeros((3, 2)))
    assert found.buyable[:, 1].tolist() == [False, False, True]
    previous[1, 1] = 10.0  # the issue price: the first day closed 44% above it
    assert not tradability(panel, traded, raw, previous, np.zeros((3, 2))).buyable[1, 1]


def test_prices_that_are_not_raw_yuan_are_refused() -> None:
    panel = panel_of([[1] * 3] * 5, ("000001", "000002", "000003"))
    traded, special = np.ones((5, 3), dtype=bool), np.zeros((5, 3))
    raw = np.full((5, 3), 10.25)
    tradability(panel, traded, raw, raw, special)
    with pytest.raises(gp.InputError, match="15 of 15 closes with a part of a cent"):
        tradability(panel, traded, raw * 0.937, raw, special)
    codes = tuple(f"{600000 + number}" for number in range(300))
    many, shape = panel_of([[1] * 300] * 5, codes), (5, 300)
    with pytest.raises(gp.InputError, match="1,500 closes without a cent, such as 1025"):
        tradability(many, np.ones(shape, dtype=bool), np.full(shape, 1025.0), np.full(shape, 1025.0), np.zeros(shape))


@needs_ashare
def test_the_crash_of_2015_on_the_real_panel() -> None:
    """On 26 June 2015, the last of the 300 days read, 2,024 stocks of this panel closed at the lower limit."""
    whole = read_panel("a_share_pit_daily_2005_2020.parquet", STOCKS, "panel")
    day = int(np.searchsorted(whole.dates, np.datetime64("2015-06-26")))
    panel = cut(whole, day - 299, day + 1)
    raw = panel.column("close_cents") / 100.0
    close = raw * panel.column("adj_factor")
    traded = (panel.column("suspended") == 0) & (raw > 0)
    previous = np.full(raw.shape, np.nan)
    previous[1:] = close[:-1] * raw[1:] / close[1:]
    special = panel.column("st")
    special[special == -1] = np.nan
    found = tradability(panel, traded, raw, previous, special)
    stuck = traded[-1] & ~found.sellable[-1]
    own = panel.column("limit_down_close")[-1] == 1
    assert own.sum() == 2024
    assert (stuck & own).sum() == 2024
    # Beside these: five first days whose issue price the file lacks, and two rounded halves of a cent.
    assert stuck.sum() == 2031
    assert found.beyond < 0.0005 * found.closes
