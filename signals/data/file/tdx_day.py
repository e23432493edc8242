"""The daily bars of TDX (通达信): .day files, 32 bytes a day."""

from __future__ import annotations

import re
from pathlib import PurePath

import numpy as np
import pandas as pd

from gridproof.kernels.arrays import Array, Floats
from gridproof.kernels.errors import InputError
from gridproof.signals.data.file.table import ROW, Table

_RECORD = np.dtype(
    [
        ("date", "<u4"),
        ("open", "<u4"),
        ("high", "<u4"),
        ("low", "<u4"),
        ("close", "<u4"),
        ("amount", "<f4"),
        ("volume", "<u4"),
        ("reserved", "<u4"),
    ]
)
_PRICES = ("open", "high", "low", "close")
_NAME = re.compile(r"(sh|sz|bj)(\d{6})", re.IGNORECASE)
# The kinds of securities whose prices are stored in thousandths: funds, B shares of Shanghai, bonds. By market, the
# beginnings of their codes. All others, shares and indices, are in hundredths.
_THOUSANDTHS = {"sh": ("5", "9", "01", "02", "1", "20"), "sz": ("10", "11", "12", "13", "15", "16", "18"), "bj": ()}
_INDICES = {"sh": ("000", "88", "99"), "sz": ("39",), "bj": ("899",)}


def read_tdx_day(data: bytes, file: str, where: str) -> Table:
    """Read a .day file of shares, funds, bonds or indices.

    The scale of its prices follows from the code in the file's name, and is compared with amount / volume, the average
    price of a day. Raises InputError if the two contradict each other, or if the bytes are no such file.
    """
    if not data or len(data) % _RECORD.itemsize:
        rule, remedy = "a .day file has 32 bytes for each day", "The file is cut, or not of TDX; fetch it again"
        raise InputError(rule, f"{len(data)} bytes in {file}", where, remedy)
    bars = np.frombuffer(data, _RECORD)
    dates = pd.to_datetime(pd.Series(bars["date"]).astype(str), format="%Y%m%d", errors="coerce")
    high, low = bars["high"], bars["low"]
    inside = (low <= bars["open"]) & (bars["open"] <= high) & (low <= bars["close"]) & (bars["close"] <= high)
    wrong = np.flatnonzero(dates.isna().to_numpy() | ~inside | (high >= 1_000_000_000))
    if len(wrong):
        raise InputError(
            "a .day file has for each day a date and open, high, low, close in hundredths or thousandths",
            f"{bars[wrong[0]].tolist()[:5]} at {file} row {wrong[0] + 1}",
            where,
            "The file is damaged, or holds futures, whose format differs; export it as text",
        )
    scale, words = _scale(file, bars, where)
    cells = pd.DataFrame({"date": dates, **{name: bars[name] / scale for name in _PRICES}})
    cells["amount"], cells["volume"] = bars["amount"].astype(np.float64), bars["volume"].astype(np.int64)
    headers = (tuple(cells.columns),)
    return Table(file, cells, np.arange(1, len(cells) + 1), ("TDX daily bars", words), headers, ROW)


def _scale(file: str, bars: Array, where: str) -> tuple[int, str]:
    """Returns by what the stored prices are divided, 100 or 1,000, and the reason in words."""
    match = _NAME.fullmatch(PurePath(file).stem)
    traded = _traded_scale(bars)
    if match is None:
        if traded is None:
            raise InputError(
                "the name of a .day file tells in what its prices are stored: hundredths, of funds thousandths",
                file,
                where,
                "Name it by market and code, as TDX does: sh600000.day",
            )
        return traded, f"prices / {traded:,}, by amount / volume"
    market, code = match[1].lower(), match[2]
    scale = 1000 if code.startswith(_THOUSANDTHS[market]) and not code.startswith(_INDICES[market]) else 100
    if traded is not None and traded != scale and not code.startswith(_INDICES[market]):
        raise InputError(
            f"the prices of {code} are stored in {'thousandths' if scale == 1000 else 'hundredths'}",
            f"{'thousandths' if traded == 1000 else 'hundredths'} by amount / volume in {file}",
            where,
            "Correct the name of the file",
        )
    return scale, f"prices / {scale:,}, as {market}{code}"


def _traded_scale(bars: Array) -> int | None:
    """Returns the scale by which amount / volume, the average price, lies between low and high, or None."""
    traded = bars[(bars["volume"] > 0) & (bars["amount"] > 0)]
    if not len(traded):
        return None
    average: Floats = traded["amount"].astype(np.float64) / traded["volume"]
    for scale in (100, 1000):
        low, high = traded["low"] / scale * 0.99, traded["high"] / scale * 1.01
        if np.mean((average >= low) & (average <= high)) >= 0.9:
            return scale
    return None
