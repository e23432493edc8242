"""The exchanges' rules for single A-shares: boards, daily price limits and the shares of a lot.

Sources. Main boards: notices of both exchanges of 13 December 1996 (10% from 16 December 1996) and 22 April 1998 (5%
under special treatment, ST), trading rules of 2026 (10% under ST from 6 July 2026); first day of a listing: notices of
13 December 2013 (44% up and 36% down from the issue price) and trading rules of 2023 (no limit on the first five days
of shares listed from 10 April 2023). ChiNext: special trading rules of 12 June 2020 (20%, also under ST, from 24 August
2020; no limit on the first five days of shares listed from then). STAR: special trading rules of 1 March 2019 (20%, no
limit on the first five days; at least 200 shares an order). Beijing: trading rules of 2 November 2021 (30%, no limit on
the first day).

Not covered, because a panel does not say it: shares that had not completed the share reform (5% from 2007), and single
days without a limit, such as the first day after the reform or after a listing was resumed. A close beyond the limits
shows that there were none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from gridproof.kernels.arrays import Bools, Floats, Ints
from gridproof.kernels.errors import InputError
from gridproof.signals.data.column.dates import Dates


class _Limits(NamedTuple):
    """In force from a day on, in % of the previous close."""

    since: str
    plain: int
    special: int  # under special treatment


class _FirstDays(NamedTuple):
    """Of shares that are listed from a day on: so many days, with these limits in % of the issue price; None: none."""

    since: str
    days: int
    up: int | None = None
    down: int | None = None


@dataclass(frozen=True)
class Board:
    """A board of an exchange: its limits and first days, in order of date, and the shares of a lot."""

    name: str
    prefixes: tuple[str, ...]  # of its codes
    limits: tuple[_Limits, ...]
    first_days: tuple[_FirstDays, ...]
    lot: int = 100


_ISSUE_PRICE = _FirstDays("2013-12-13", 1, 44, 36)
BOARDS = (
    Board(
        "main board",
        ("60", "00"),
        (_Limits("1996-12-16", 10, 10), _Limits("1998-04-22", 10, 5), _Limits("2026-07-06", 10, 10)),
        (_FirstDays("1996-12-16", 1), _ISSUE_PRICE, _FirstDays("2023-04-10", 5)),
    ),
    Board(
        "ChiNext",
        ("30",),
        (_Limits("2009-10-30", 10, 10), _Limits("2020-08-24", 20, 20)),
        (_FirstDays("2009-10-30", 1), _ISSUE_PRICE, _FirstDays("2020-08-24", 5)),
    ),
    Board("STAR", ("68",), (_Limits("2019-07-22", 20, 20),), (_FirstDays("2019-07-22", 5),), lot=200),
    Board("Beijing", ("43", "83", "87", "88", "92"), (_Limits("2021-11-15", 30, 30),), (_FirstDays("2021-11-15", 1),)),
)


@lru_cache(maxsize=16_384)
def find_board(code: str) -> Board | None:
    """The board of a code as ``board_of``; None where it has none, such as a B-share."""
    digits = re.findall(r"\d+", code)
    number = digits[0].zfill(6) if len(digits) == 1 else ""
    found = [board for board in BOARDS if len(number) == 6 and number.startswith(board.prefixes)]
    return found[0] if found else None


def board_of(code: str, where: str = "") -> Board:
    """The board of a code such as 600519.SH, sz000001 or 1 (for 000001). Raises InputError where it has none.

    >>> board_of("688001.SH").name, board_of("1").name
    ('STAR', 'main board')
    """
    found = find_board(code)
    if found is None:
        rule = "price limits and lots follow from the board, which the code of an A-share names by its first digits"
        remedy = "Leave the stock out of the universe or the file, or write trading: ideal and no capital"
        raise InputError(rule, code, where, remedy)
    return found


def lot_sizes(codes: Sequence[str]) -> Ints:
    """(S,) the shares of a lot; 1 for a code without a board."""
    boards = [find_board(code) for code in codes]
    return np.array([1 if board is None else board.lot for board in boards], dtype=np.int64)


def limit_prices(
    codes: Sequence[str], dates: Dates, listed: Ints, previous: Floats, special: Bools
) -> tuple[Floats, Floats]:
    """The highest and the lowest price at which each stock may trade on each day, (T, S) each, as the exchanges round.

    codes: S. dates: (T,) trading days. listed: (S,) the number of the day of listing, −1: before the first day.
    previous: (T, S) the close before, adjusted by the exchange for rights, or the issue price on the day of listing;
    special: (T, S) under special treatment. The price limit is ``previous`` × (1 ± limit), rounded half up to 0.01, and
    at least 0.01 from it. Without a limit: infinity and 0. NaN: unknown, because the previous close is, or because the
    code has no board.

    >>> day = np.array(["2015-06-26"], dtype="datetime64[D]")
    >>> before = np.array([[10.05]])
    >>> up, down = limit_prices(["600000"], day, np.array([-1]), before, np.array([[False]]))
    >>> up.item(), down.item()
    (11.06, 9.05)
    """
    up, down = np.full(previous.shape, np.nan), np.full(previous.shape, np.nan)
    boards = [find_board(code) for code in codes]
    days = np.arange(len(dates))[:, None]
    for board in BOARDS:
        columns = np.array([at for at, one in enumerate(boards) if one is board], dtype=np.int64)
        if not len(columns):
            continue
        plain = _in_force(dates, [(one.since, one.plain) for one in board.limits])[:, None]
        reduced = _in_force(dates, [(one.since, one.special) for one in board.limits])[:, None]
        percent = np.where(special[:, columns], reduced, plain)
        highest, lowest = percent.copy(), percent.copy()
        start = listed[columns]
        for rule, following in pairwise([*board.first_days, None]):
            assert rule is not None
            until = np.datetime64("9999-12-31") if following is None else np.datetime64(following.since)
            under = (start >= 0) & (dates[start] >= np.datetime64(rule.since)) & (dates[start] < until)
            first = under & (days >= start) & (days < start + rule.days)
            highest[first] = np.nan if rule.up is None else rule.up
            lowest[first] = np.nan if rule.down is None else rule.down
        cents = np.rint(100.0 * previous[:, columns])
        # Products of whole numbers are exact, so that halves are rounded as the exchanges round them.
        above = np.maximum(np.floor((cents * (100.0 + highest) + 50.0) / 100.0), cents + 1.0)
        below = np.minimum(np.floor((cents * (100.0 - lowest) + 50.0) / 100.0), cents - 1.0)
        up[:, columns] = np.where(np.isnan(highest), np.inf, above / 100.0)
        down[:, columns] = np.where(np.isnan(lowest), 0.0, below / 100.0)
    return up, down


def _in_force(dates: Dates, rules: Sequence[tuple[str, int]]) -> Floats:
    """(T,) the number of the latest rule on each day; NaN before the first."""
    begins = np.array([since for since, _ in rules], dtype="datetime64[D]")
    numbers = np.array([np.nan, *(float(number) for _, number in rules)])
    return numbers[np.searchsorted(begins, dates, side="right")]
