"""The window of the last n values, for all operators that look back over one.

A window begins with the first known value at or after ``since``. It holds the last n values, today included; or, where
``min`` is given, all that there are while they are fewer than n but at least ``min``. A value that is not finite inside
it makes the result unknown. The window ``ALL`` holds all known values since then; an unknown one is left out, and the
result of its own day is unknown.

No sum is carried from one window to the next, because what is added and later subtracted leaves a residue. The values
are added from today backwards instead: after i steps the sums of all days are those of the windows of i values, so one
pass gives the windows of all lengths, and the value of a day depends on its own window alone, to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from gridproof.kernels.arrays import Bools, Floats, Ints
from gridproof.signals.expression.operators.argument import ALL, MIN_VALUES, SINCE, window

# Computes (K, L) float64: the values over the last min(n, t + 1) values of arrays of L known or unknown values, for K
# window lengths, ascending, which may exceed L.
Compute = Callable[[tuple[Floats, ...], Ints], Floats]

# The arguments of a window of at least two values.
FROM_TWO = (window(least=2, every=True), MIN_VALUES, SINCE)
# The largest number of values in a block of windows that are copied at once: 16 MiB.
_BLOCK = 2**21


def full_window(scalars: Mapping[str, Any]) -> int:
    """The warm-up of an operator over a window: n − 1 values, or min − 1 where ``min`` is given or n is ``all``."""
    n, least = int(scalars["n"]), scalars.get("min")
    return (1 if n == ALL else n) - 1 if least is None else min(n, int(least)) - 1


def pair_window(scalars: Mapping[str, Any]) -> int:
    """The same for an operator that needs two values at least."""
    return max(1, full_window(scalars))


def over_windows(arrays: tuple[Floats, ...], ns: Ints, least: int | None, since: int, compute: Compute) -> Floats:
    """Returns (K, T) float64: ``compute`` over the windows of K lengths, NaN where unknown.

    ``arrays``: (T,) float64 each; a day is known where all of them are finite. ``ns``: (K,) int64, ascending, or
    ``ALL``. ``least``: the number of values that suffice; None: n, for ``ALL`` 1. ``since``: the position of the first
    value that counts.
    """
    known = np.logical_and.reduce([np.isfinite(array) for array in arrays])
    known[:since] = False
    result = np.full((len(ns), len(known)), np.nan)
    if not known.any():
        return result
    finite = ns[ns != ALL]
    if len(finite):
        first = int(known.argmax())
        gaps, run = not known[first:].all(), _run(known[first:])
        result[: len(finite), first:] = compute(tuple(array[first:] for array in arrays), finite)
        for row, n in zip(result, finite.tolist(), strict=False):
            row[first : first + (n if least is None else min(least, n)) - 1] = np.nan
            if gaps:
                row[first:][run < held(len(run), n)] = np.nan
    if len(finite) < len(ns):
        expanding = compute(tuple(array[known] for array in arrays), np.array([ALL]))[0].copy()
        expanding[: (least or 1) - 1] = np.nan
        result[len(finite) :, known] = expanding
    return result


def over_window(arrays: tuple[Floats, ...], n: int, least: int | None, since: int, compute: Compute) -> Floats:
    """Returns (T,) float64: ``over_windows`` of one length."""
    values: Floats = over_windows(arrays, np.array([n]), least, since, compute)[0]
    return values


def _run(known: Bools) -> Ints:
    """(L,) int64: how many values up to each day, itself included, are known without a gap."""
    days = np.arange(len(known))
    return np.asarray(days - np.maximum.accumulate(np.where(known, -1, days)), dtype=np.int64)


def backwards(ns: Ints, length: int) -> Iterator[tuple[int, range]]:
    """For i = 0, 1, … up to the longest window less 1: i, and the positions in ``ns`` of the windows of i + 1 values.

    ``ns``: (K,) int64, ascending; a window of more than ``length`` values holds no more.
    """
    lengths = np.minimum(ns, length).tolist()
    done = 0
    for i in range(lengths[-1]):
        until = done
        while until < len(lengths) and lengths[until] == i + 1:
            until += 1
        yield i, range(done, until)
        done = until


def held(length: int, n: int) -> Floats:
    """Returns (L,) float64: how many values the window of n values holds on each day, from 1 on."""
    numbers: Floats = np.minimum(np.arange(1.0, length + 1.0), float(n))
    return numbers


def full_blocks(x: Floats, n: int) -> Iterator[tuple[slice, Floats]]:
    """The windows of n values in blocks of days: yields the days and (days, n) float64, a view."""
    if n > len(x):
        return
    views = sliding_window_view(x, n)
    rows = max(1, _BLOCK // n)
    for begin in range(0, len(views), rows):
        block = views[begin : begin + rows]
        yield slice(n - 1 + begin, n - 1 + begin + len(block)), block


def blocks(x: Floats, n: int, least: int | None, fewest: int) -> Iterator[tuple[slice, Floats]]:
    """The windows of the last min(n, t + 1) values of each day: those of fewer than n values one by one.

    ``least``: as ``over_windows`` has it. ``fewest``: windows of fewer values are left out.
    """
    enough = n if least is None and n != ALL else least or 1
    for day in range(max(fewest, enough) - 1, min(n - 1, len(x))):
        yield slice(day, day + 1), x[None, : day + 1]
    yield from full_blocks(x, n)
