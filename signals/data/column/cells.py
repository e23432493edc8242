"""The distinct cells of a column as plain text, with the position where each first occurs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gridproof.kernels.arrays import Ints
from gridproof.kernels.errors import InputError

# Full-width characters, and signs that look like a hyphen, a space or nothing.
_PLAIN = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_PLAIN |= dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63"), ord("-"))
_PLAIN |= dict.fromkeys(map(ord, "\u00a0\u2007\u2009\u202f\u3000"), ord(" "))
_PLAIN |= dict.fromkeys(map(ord, "\ufeff\u200b\u200e\u200f"), None)  # type: ignore[arg-type]
# A spreadsheet's mark of text: '0050 or ="0050".
_GUARD = re.compile(r"""^=?"(?P<quoted>[^"]*)"$|^'(?P<marked>[^']*)'?$""")


@dataclass(frozen=True, slots=True)
class Distinct:
    """The distinct texts of n cells. ``codes``: (n,) int64, the index of each cell's text, -1 for an empty cell.

    ``first``: the position at which each text occurs first.
    """

    texts: list[str]
    codes: Ints
    first: Ints


@dataclass(frozen=True, slots=True)
class Column:
    """The distinct texts of a column in plain characters, the cells as written, and where an error is."""

    texts: list[str]
    show: Callable[[int], str]
    where: str

    def error(self, rule: str, index: int, remedy: str, note: str = "") -> InputError:
        return InputError(rule, self.show(index) + note, self.where, remedy)


def distinct(cells: pd.Series[Any]) -> Distinct:
    """Returns the distinct cells of a column as text, as they are written, in the order in which they occur first."""
    try:
        codes, values = pd.factorize(cells)
    except TypeError:  # lists and the like, which a Parquet file can hold
        codes, values = pd.factorize(cells.map(str))
    codes = codes.astype(np.int64)
    first = np.full(len(values), -1, dtype=np.int64)
    positions = np.flatnonzero(codes >= 0)[::-1]
    first[codes[positions]] = positions
    texts = [str(value) for value in np.asarray(values, dtype=object)]  # an Arrow array is slow to iterate
    return Distinct(texts, codes, first)


def plain(text: str) -> str:
    """Returns a cell's text in plain characters: ASCII digits, hyphens and spaces, no mark of text around it.

    >>> plain("２０２０－０１－０２"), plain("'000300"), plain('="1.5"')
    ('2020-01-02', '000300', '1.5')
    """
    if not text.isascii():
        text = text.translate(_PLAIN)
    text = text.strip()
    if text[:1] in ("'", "=", '"') and (match := _GUARD.match(text)):
        text = (match["quoted"] if match["quoted"] is not None else match["marked"]).strip()
    return text


def listed(words: Iterable[str]) -> str:
    """Returns words as 'a, b and c'."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def unknown_format(column: Column, index: int) -> InputError:
    remedy = (
        'Name another column with date:, write YYYY-MM-DD, or declare the format, for example date_format: "%d/%m/%Y"'
    )
    return column.error("a date must have a known format", index, remedy)
