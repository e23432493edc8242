"""The minute bars of TDX (通达信): .lc1 and .lc5 files, 32 bytes a bar."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridproof.kernels.errors import InputError
from gridproof.signals.data.file.table import ROW, Table

_RECORD = np.dtype(
    [
        ("day", "<u2"),  # (year − 2004) × 2048 + month × 100 + day
        ("minute", "<u2"),  # since midnight, at the end of the bar
        ("open", "<f4"),
        ("high", "<f4"),
        ("low", "<f4"),
        ("close", "<f4"),
        ("amount", "<f4"),
        ("volume", "<u4"),
        ("reserved", "<u4"),
    ]
)
_PRICES = ("open", "high", "low", "close")


def read_tdx_minute(data: bytes, file: str, where: str) -> Table:
    """Read a .lc1 or .lc5 file: column ``datetime``, prices, amount in yuan, volume in shares.

    Prices are stored in single precision; each becomes the number of three decimals next to it. Raises InputError if
    the bytes are no such file.
    """
    if len(data) % _RECORD.itemsize:
        rule, remedy = (
            "a file of minute bars has 32 bytes for each bar",
            "The file is cut, or not of TDX; fetch it again",
        )
        raise InputError(rule, f"{len(data)} bytes in {file}", where, remedy)
    bars = np.frombuffer(data, _RECORD)
    day, minute = bars["day"].astype(np.int64), bars["minute"].astype(np.int64)
    dates = pd.to_datetime(
        {"year": day // 2048 + 2004, "month": day % 2048 // 100, "day": day % 2048 % 100}, errors="coerce"
    )
    prices = {name: np.round(bars[name].astype(np.float64), 3) for name in _PRICES}
    high, low = prices["high"], prices["low"]
    inside = (low <= prices["open"]) & (prices["open"] <= high) & (low <= prices["close"]) & (prices["close"] <= high)
    wrong = np.flatnonzero(dates.isna().to_numpy() | (minute >= 1440) | ~inside)
    if len(wrong):
        rule = "a file of minute bars has for each bar a day, a minute and open, high, low, close"
        what = f"{bars[wrong[0]].tolist()[:6]} at {file} row {wrong[0] + 1}"
        raise InputError(rule, what, where, "The file is damaged; fetch it again, or export it as text")
    cells = pd.DataFrame({"datetime": dates + pd.to_timedelta(minute, unit="min"), **prices})
    cells["amount"], cells["volume"] = bars["amount"].astype(np.float64), bars["volume"].astype(np.int64)
    return Table(file, cells, np.arange(1, len(cells) + 1), ("TDX minute bars",), (tuple(cells.columns),), ROW)
