"""How prices are adjusted, measured: the traded price of a day is its amount over its volume, which nobody adjusts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from gridproof.kernels.arrays import Bools, Floats
from gridproof.kernels.errors import InputError
from gridproof.signals.data.vendor.codes import is_share
from gridproof.signals.data.vendor.vendor_table import CODE, DATE, Adjustment, VendorTable

_NEEDED = (DATE, CODE, "high", "low", "close", "volume", "amount")
# Days that a share needs, and those at its ends that say whether prices are adjusted to the first or the last day.
_FEWEST, _END = 20, 5
# The part of days on which the traded price lies within the day's range where prices are not adjusted, and the slack of
# the range: prices and amounts are rounded.
_WITHIN, _SLACK = 0.9, 0.01
# Days in which close and traded price are compared; how much the price must move in them; and the part of such spans in
# which a constant difference must fit better than a constant ratio.
_SPAN, _MOVES, _MOST = 60, 0.05, 0.5


class Evidence(NamedTuple):
    """How prices are adjusted, None where that cannot be measured, and why, in words."""

    adjustment: Adjustment | None
    words: str


def measure_adjustment(table: VendorTable) -> Evidence:
    """Compares prices of shares with amount / volume.

    Raises InputError where volumes are in another unit than the vendor's, or where prices are adjusted by subtraction.
    """
    frame = table.frame
    if any(name not in frame.columns for name in _NEEDED):
        return Evidence(None, "not measured: it needs dates, a code, high, low, close, volume and amount")
    found = []
    for code, part in _shares(frame):
        traded = part["amount"].to_numpy() / part["volume"].to_numpy()
        low, high = part["low"].to_numpy(), part["high"].to_numpy()
        inside = _within(traded, low, high)
        if inside.mean() >= _WITHIN:
            found.append("none")
            continue
        for factor in (0.01, 100.0):
            if _within(traded * factor, low, high).mean() >= _WITHIN:
                _raise_unit(table, code, part, traded, factor)
        _check_ratio(table, code, part, traded)
        ends = "forward" if inside[-_END:].all() else "back" if inside[:_END].all() else "unknown"
        found.append(ends)
    if not found:
        return Evidence(None, f"not measured: no A-share with {_FEWEST} days of trading")
    kinds = sorted(set(found))
    if kinds == ["none"]:
        return Evidence("none", f"amount / volume lies within the day's prices of {len(found):,} shares")
    adjusted = [kind for kind in kinds if kind != "none"]
    outside = len(found) - found.count("none")
    words = f"amount / volume lies outside of the day's prices of {outside:,} of {len(found):,} shares"
    if adjusted == ["forward"]:
        return Evidence("forward", f"{words}, except on their last days")
    if adjusted == ["back"]:
        return Evidence("back", f"{words}, except on their first days")
    return Evidence(None, words)


def _shares(frame: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    whole = frame[list(_NEEDED)]
    used = (frame["volume"] > 0) & (frame["amount"] > 0) & whole.notna().all(axis=1)
    for code, part in whole[used].groupby(CODE, sort=True):
        if is_share(str(code)) and len(part) >= _FEWEST:
            yield str(code), part


def _within(traded: Floats, low: Floats, high: Floats) -> Bools:
    inside: Bools = (traded >= low * (1 - _SLACK)) & (traded <= high * (1 + _SLACK))
    return inside


def _raise_unit(table: VendorTable, code: str, part: pd.DataFrame, traded: Floats, factor: float) -> None:
    row = len(part) - 1
    day = f"{part[DATE].iloc[row]:%Y-%m-%d}"
    raise InputError(
        "amount / volume is the price of a share, in yuan",
        f"{traded[row]:g} for {code} on {day}, whose close is {part['close'].iloc[row]:g}",
        table.file,
        f"The volume is {'a hundredth' if factor < 1 else 'a hundred times'} of what this kind states: convert it "
        f"({'手 are 100 shares' if factor < 1 else 'it is in shares already'}), or import it as another kind",
    )


def _check_ratio(table: VendorTable, code: str, part: pd.DataFrame, traded: Floats) -> None:
    """Raises InputError where the close is the traded price less a constant, not times a constant."""
    close = part["close"].to_numpy()
    spans, fitting, shown = 0, 0, None
    for start in range(0, len(close) - _SPAN + 1, _SPAN):
        x, y = traded[start : start + _SPAN], close[start : start + _SPAN]
        if x.std() < _MOVES * x.mean():
            continue
        spans += 1
        ratio = float(x @ y / (x @ x))
        slope, intercept = np.polyfit(x, y, 1)
        by_ratio, by_line = float(((y - ratio * x) ** 2).sum()), float(((y - slope * x - intercept) ** 2).sum())
        if by_line < 0.5 * by_ratio and abs(intercept) > _MOVES * y.mean():
            fitting += 1
            if shown is None:
                days = part[DATE].iloc[[start, start + _SPAN - 1]].dt.strftime("%Y-%m-%d").tolist()
                shown = f"{days[0]} to {days[1]}", float((y - slope * x).mean()), float(slope), y / x
    if spans < 2 or fitting <= _MOST * spans or shown is None:
        return
    period, intercept, slope, ratios = shown
    raise InputError(
        "adjusted prices are the traded ones times a factor, so that their returns are those of the share",
        f"{code} from {period}: close is about {slope:.2f} × traded price {intercept:+.2f}, and close / traded price "
        f"moves between {ratios.min():.2f} and {ratios.max():.2f}",
        table.file,
        "The vendor subtracts dividends from past prices (akshare qfq of Eastmoney, TDX 前复权): export prices without "
        "adjustment and the adjustment factor",
    )
