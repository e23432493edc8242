"""Operators on conditions, and events that a series makes: crossings, streaks, turning points, divergence.

A condition is 1 where it is true, 0 where it is false, and unknown where one of its operands is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gridproof.kernels.arrays import Bools, Floats, Ints
from gridproof.signals.expression.operators.argument import boolean, choice, series, window
from gridproof.signals.expression.operators.average import mean
from gridproof.signals.expression.operators.change import lag
from gridproof.signals.expression.operators.declaration import Example, operator
from gridproof.signals.expression.operators.order import max_
from gridproof.signals.expression.operators.quantity import COUNT, unit_of_first
from gridproof.signals.expression.operators.windows import over_window

NAN = np.nan
# Relative difference below which two averages count as equal: those of equal decimals may differ in their last bits.
TIE = 1e-9
_A, _B = series("a"), series("b", "the series that is crossed")
_CONDITION = boolean("condition", "the condition")


@operator(
    _A,
    _B,
    source="crossover",
    example=Example("crosses_above(a, b)", {"a": (1, 3, 4), "b": (2, 2, 2)}, (NAN, 1, 0)),
    warm_up=1,
    result="boolean",
    columns=True,
)
def crosses_above(a: Floats, b: Floats) -> Floats:
    """Whether a > b today and a ≤ b one value before. Unknown where one of the four is unknown."""
    return _crosses(a, b)


@operator(
    _A,
    _B,
    source="crossunder",
    example=Example("crosses_below(a, b)", {"a": (3, 1, 0), "b": (2, 2, 2)}, (NAN, 1, 0)),
    warm_up=1,
    result="boolean",
    columns=True,
)
def crosses_below(a: Floats, b: Floats) -> Floats:
    """Whether a < b today and a ≥ b one value before. Unknown where one of the four is unknown."""
    return _crosses(b, a)


@operator(
    _CONDITION,
    source="bars since",
    example=Example("since(x > 1)", {"x": (1, 2, 0, 0, 3)}, (NAN, 0, 1, 2, 0)),
    unit=COUNT,
    history=True,
)
def since(condition: Floats) -> Floats:
    """How many values ago the condition was last true: 0 on such a day.

    Unknown before the first time, and from a day on which the condition is unknown until the next time.
    """
    days = np.arange(len(condition))
    latest = np.maximum.accumulate(np.where(condition == 1.0, days, -1))
    return np.where((latest >= 0) & (latest > _last_unknown(condition)), days - latest, np.nan)


@operator(
    _CONDITION,
    source="consecutive periods",
    example=Example("streak(x > 1)", {"x": (1, 2, 3, 0, 3)}, (0, 1, 2, 0, 1)),
    unit=COUNT,
    history=True,
)
def streak(condition: Floats) -> Floats:
    """On how many values in a row, up to today, the condition has been true: 0 where it is false.

    The count begins with the first value on which the condition is known. Unknown from a later day on which it is
    unknown until it is false.
    """
    days = np.arange(len(condition))
    known = ~np.isnan(condition)
    begin = int(known.argmax()) if known.any() else len(condition)
    broken = np.maximum.accumulate(np.where((condition == 0.0) | (days < begin), days, -1))
    result = np.where(broken >= _last_unknown(condition), (days - broken).astype(np.float64), np.nan)
    result[:begin] = np.nan
    return result


@operator(
    series(),
    _CONDITION,
    source="value when",
    example=Example("value_when(x, x > 1)", {"x": (1, 2, 0, 3)}, (NAN, 2, 2, 3)),
    unit=unit_of_first,
    history=True,
    level=True,
)
def value_when(x: Floats, condition: Floats) -> Floats:
    """The value of x on the last day on which the condition was true, today included.

    Unknown before the first time, where x was unknown on that day, and from a day on which the condition is unknown
    until the next time.
    """
    ago = since(condition)
    known = np.isfinite(ago)
    result = np.full(len(x), np.nan)
    days = np.flatnonzero(known)
    result[days] = x[days - ago[days].astype(np.int64)]
    return result


@operator(
    series("price", "the price"),
    series("momentum", "its momentum, such as rsi(price, 14)"),
    window(meaning="values in which today's price is an extreme", least=2),
    choice("kind", "a new high (top) or low (bottom) of the price alone", ("top", "bottom"), "top"),
    source="divergence of price and momentum; Guojin Securities weekly monitor, 28 October 2025, figures 6 and 7",
    example=Example(
        "divergence(price, momentum, 3)",
        {"price": (1, 2, 3, 4), "momentum": (5, 6, 7, 6)},
        (NAN, NAN, 0, 1),
    ),
    warm_up=lambda scalars: int(scalars["n"]) - 1,
    result="boolean",
)
def divergence(price: Floats, momentum: Floats, n: int, kind: str) -> Floats:
    """Whether the price is above all n − 1 values before it, and its momentum is not (top).

    Bottom: whether the price is below all n − 1 values before it, and its momentum is not. A value equal to the extreme
    before is no new extreme. Unknown where a value of one of the two in the window is unknown.
    """
    sign = 1.0 if kind == "top" else -1.0
    new_price, new_momentum = (_new_high(sign * values, n) for values in (price, momentum))
    return np.where(np.isnan(new_price + new_momentum), np.nan, (new_price == 1.0) & (new_momentum == 0.0))


def _turns(x: Floats, smooth: int, confirm: int) -> tuple[Floats, Bools, Bools]:
    """The smoothed series (T,), and where a peak and a trough of it are confirmed, (T,) bool each."""
    smoothed, size = mean(x, smooth, None, 0), mean(np.abs(x), smooth, None, 0)
    extreme = lag(smoothed, confirm)
    peak, trough = np.ones((2, len(x)), dtype=np.bool_)
    tie = size
    for back in range(1, confirm + 2):
        tie = np.maximum(tie, lag(size, back))
    for back in range(confirm + 2):
        if back != confirm:
            around = lag(smoothed, back)
            peak &= extreme - around > TIE * tie
            trough &= around - extreme > TIE * tie
    return smoothed, peak, trough


def _latest_turn(x: Floats, smooth: int, confirm: int, direction: str, ahead: int) -> Floats:
    """(T,): 1 after a turn of the kind ``direction``, 0 after the other, each dated ``ahead`` values early."""
    smoothed, peak, trough = _turns(x, smooth, confirm)
    on, off = (peak, trough) if direction == "peak" else (trough, peak)
    on, off = (np.append(turn[ahead:], np.zeros(ahead, dtype=np.bool_)) for turn in (on, off))
    latest = np.maximum.accumulate(np.where(on | off, np.arange(len(x)), -1))
    state = np.where(latest >= 0, on[latest], False).astype(np.float64)

    def known(_xs: tuple[Floats, ...], ns: Ints) -> Floats:
        return np.zeros((len(ns), len(_xs[0])))

    return state + over_window((smoothed,), confirm + 2, 1, 0, known)


def _turning_point_hindsight(x: Floats, smooth: int, confirm: int, direction: str) -> Floats:
    """The same, each turn dated on the value that turned. A look-ahead: never traded."""
    return _latest_turn(x, smooth, confirm, direction, confirm)


def _turning_point_warm_up(scalars: Mapping[str, Any]) -> int:
    return int(scalars["smooth"]) - 1


@operator(
    series(),
    window("smooth", "values of the moving average that smooths the series"),
    window("confirm", "later values that confirm a turn: all below the peak, or above the trough"),
    choice("direction", "the kind of turn that makes it true; the other kind makes it false", ("peak", "trough")),
    source="Guojin Securities, micro-cap and Mao index rotation, 24 October 2023, section 6.1",
    example=Example(
        "turning_point(x, 1, 1, peak)", {"x": (1, 3, 2, 1, 2, 3)}, (0, 0, 1, 1, 0, 0)
    ),
    warm_up=_turning_point_warm_up,
    result="boolean",
    hindsight=_turning_point_hindsight,
    history=True,
)  # fmt: skip
def turning_point(x: Floats, smooth: int, confirm: int, direction: str) -> Floats:
    """Whether the latest confirmed turn of mean(x, smooth) was of the kind ``direction``. False before the first turn.

    Value j is a peak if it is above value j − 1 and above each of the values j + 1 … j + confirm, and is known at
    j + confirm; a trough is the mirror image. Averages that differ by less than 1e-9 of the mean absolute value of the
    numbers averaged count as equal. Unknown before the first average, and where one of the last confirm + 2 averages
    since then is unknown.
    """
    return _latest_turn(x, smooth, confirm, direction, 0)


def _crosses(a: Floats, b: Floats) -> Floats:
    before_a, before_b = lag(a, 1), lag(b, 1)
    unknown = np.isnan(a) | np.isnan(b) | np.isnan(before_a) | np.isnan(before_b)
    return np.where(unknown, np.nan, (a > b) & (before_a <= before_b))


def _new_high(x: Floats, n: int) -> Floats:
    before = lag(max_(x, np.array([n - 1]), None, 0)[0], 1)
    return np.where(np.isnan(x) | np.isnan(before), np.nan, x > before)


def _last_unknown(condition: Floats) -> Ints:
    """(T,) int64: the last day up to t on which the condition is unknown; −1 before there is one."""
    days = np.arange(len(condition))
    return np.asarray(np.maximum.accumulate(np.where(np.isnan(condition), days, -1)), dtype=np.int64)
