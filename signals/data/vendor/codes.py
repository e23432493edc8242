"""Codes of securities in one form, as 600519.SH, from the forms of the vendors."""

from __future__ import annotations

import re
from pathlib import PurePath

_MARKETS = {"SS": "SH", "XSHG": "SH", "SSE": "SH", "XSHE": "SZ", "SZSE": "SZ", "BSE": "BJ", "XBSE": "BJ"}
_DOTTED = re.compile(r"([0-9A-Za-z]{1,10})\.([A-Za-z]{2,4})")
_PREFIXED = re.compile(r"(sh|sz|bj)[._#]?(\d{6})", re.IGNORECASE)
_BARE = re.compile(r"\d{1,6}")
# Shares by the first digits of their codes. Codes of funds, bonds and indices do not say their market alone.
_SHARES = {"SH": ("60", "68", "900"), "SZ": ("00", "20", "30"), "BJ": ("43", "83", "87", "88", "92")}
_A_SHARE = re.compile(r"6[08]\d{4}\.SH|[03]0\d{4}\.SZ|(?:43|83|87|88|92)\d{4}\.BJ")


def standard_code(text: str, *, share: bool = False) -> str:
    """Returns a code as DIGITS.MARKET where its market is known, else as it is written.

    ``share``: whether the column has codes of shares alone, whose first digits say the market.

    >>> standard_code("sh.600000"), standard_code("SZ000001"), standard_code("000300.XSHG")
    ('600000.SH', '000001.SZ', '000300.SH')
    >>> standard_code("1", share=True), standard_code("000300")
    ('000001.SZ', '000300')
    """
    text = text.strip()
    if match := _PREFIXED.fullmatch(text):
        return f"{match[2]}.{match[1].upper()}"
    if match := _DOTTED.fullmatch(text):
        market = match[2].upper()
        return f"{match[1].upper()}.{_MARKETS.get(market, market)}"
    if share and _BARE.fullmatch(text):
        digits = text.zfill(6)
        for market, beginnings in _SHARES.items():
            if digits.startswith(beginnings):
                return f"{digits}.{market}"
    return text


def holds_code(text: str) -> bool:
    """Whether a text is a code that names its market, such as 000300.SH."""
    return bool(_PREFIXED.fullmatch(text) or re.fullmatch(r"[0-9A-Z]{1,10}\.(?:[A-Z]{2,4})", text))


def code_of_file(file: str) -> str | None:
    """Returns the code that is the name of a file, as of sh600000.day, SH#600000.txt and 600000.SH.csv, or None."""
    stem = PurePath(file).stem
    return standard_code(stem) if holds_code(stem) else None


def is_share(code: str) -> bool:
    """Whether a code is one of an A-share."""
    return _A_SHARE.fullmatch(code) is not None
