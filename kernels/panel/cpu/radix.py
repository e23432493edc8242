"""A stable sort of the float64 numbers of a row by their bits.

Two passes sort by the 22 highest of the bits in which the numbers differ. Neighbours that agree in all of them are then
put in order by insertion; where that would take long, passes over all bits follow.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridproof.kernels.arrays import Floats, Words
from gridproof.kernels.jit import jit
from gridproof.kernels.panel.ranking import Columns

_BITS = 11
_BUCKETS = 1 << _BITS
_MASK = np.uint64(_BUCKETS - 1)
_SIGN = np.uint64(1 << 63)
_PLACE = np.uint64(32)  # an item is the number of a key, with the bits of its second pass above
_NUMBER = np.uint64(0xFFFFFFFF)
# Insertion ends after so many moves for each key.
_PATIENCE = 4


class SortedRow(NamedTuple):
    """What ``sort_row`` writes, the first of each array as many as it says, and its working space for S columns."""

    keys: Words  # (S,) ascending as the numbers; equal where the numbers are equal
    columns: Columns  # (S,) their columns
    equal: Columns  # (S,) the places, ascending, whose key is that of the place before
    equals: Columns  # (1,) how many they are
    found: Words  # (S,) the keys in the order of their columns
    places: Columns  # (S,) the columns of ``found``
    items: Words  # (S,)
    numbers: Columns  # (S,)
    seen: Columns  # (2, 2048)


@jit()
def new_sorted_row(stocks: int) -> SortedRow:
    """Space for rows of so many columns."""
    return SortedRow(
        np.empty(stocks, dtype=np.uint64), np.empty(stocks, dtype=np.int32), np.empty(stocks, dtype=np.int32),
        np.empty(1, dtype=np.int32), np.empty(stocks, dtype=np.uint64), np.empty(stocks, dtype=np.int32),
        np.empty(stocks, dtype=np.uint64), np.empty(stocks, dtype=np.int32), np.empty((2, _BUCKETS), dtype=np.int32),
    )  # fmt: skip


@jit()
def sort_row(row: Floats, space: SortedRow) -> int:
    """Sort the known numbers of a row, equal ones by column; zeros are equal. Returns how many are known."""
    found, places, keys, columns = space.found, space.places, space.keys, space.columns
    bits = row.view(np.uint64)
    count = 0
    for column in range(len(row)):
        number = row[column]
        found[count] = bits[column] if number != 0.0 else np.uint64(0)
        places[count] = column
        count += 0 if np.isnan(number) else 1
    some, every = np.uint64(0), ~np.uint64(0)
    for place in range(count):
        key = found[place]
        # The order of unsigned integers is then the order of the numbers.
        key ^= np.uint64(np.int64(key) >> 63) | _SIGN
        found[place] = key
        some |= key
        every &= key
    differ, top = some ^ every if count else np.uint64(0), 0
    while top < 64 and differ >> np.uint64(top):
        top += 1
    lowest = max(top - 2 * _BITS, 0)
    _sort_highest(count, np.uint64(lowest), found, space.items, space.numbers, space.seen)
    if not _insert(count, found, space.numbers, keys):
        for low in range(0, 64, _BITS):
            _sort_digit(count, np.uint64(low), found, space.numbers, space.items, space.seen[0])
        for place in range(count):
            keys[place] = found[space.numbers[place]]
    equals, last = 0, ~np.uint64(0)  # which no known number has
    for place in range(count):
        columns[place] = places[np.uint32(space.numbers[place])]
        space.equal[equals] = place
        equals += keys[place] == last
        last = keys[place]
    space.equals[0] = equals
    return count


@jit()
def _sort_highest(count: int, lowest: int, keys: Words, items: Words, numbers: Columns, seen: Columns) -> None:
    """numbers: those of the keys, sorted by 22 bits, of which ``lowest`` is the lowest."""
    higher = lowest + np.uint64(_BITS)
    for bucket in range(_BUCKETS):
        seen[0, bucket] = seen[1, bucket] = 0
    for place in range(count):
        key = keys[place]
        seen[0, (key >> lowest) & _MASK] += 1
        seen[1, (key >> higher) & _MASK] += 1
    low = high = 0
    for bucket in range(_BUCKETS):
        here, there = seen[0, bucket], seen[1, bucket]
        seen[0, bucket], seen[1, bucket] = low, high
        low += here
        high += there
    for place in range(count):
        key = keys[place]
        bucket = (key >> lowest) & _MASK
        to = np.uint32(seen[0, bucket])
        seen[0, bucket] = to + np.uint32(1)
        items[to] = (((key >> higher) & _MASK) << _PLACE) | np.uint64(place)
    for place in range(count):
        item = items[place]
        bucket = item >> _PLACE
        to = np.uint32(seen[1, bucket])
        seen[1, bucket] = to + np.uint32(1)
        numbers[to] = item & _NUMBER


@jit()
def _sort_digit(count: int, lowest: int, keys: Words, numbers: Columns, items: Words, seen: Columns) -> None:
    """Sort numbers of keys by eleven bits of those, in the order in which they come."""
    for bucket in range(_BUCKETS):
        seen[bucket] = 0
    for place in range(count):
        seen[(keys[place] >> lowest) & _MASK] += 1
        items[place] = numbers[place]
    below = 0
    for bucket in range(_BUCKETS):
        here = seen[bucket]
        seen[bucket] = below
        below += here
    for place in range(count):
        item = items[place]
        bucket = (keys[item] >> lowest) & _MASK
        to = np.uint32(seen[bucket])
        seen[bucket] = to + np.uint32(1)
        numbers[to] = item


@jit()
def _insert(count: int, found: Words, numbers: Columns, keys: Words) -> bool:
    """keys: in order, each moved before larger ones. Returns False, too early, if that takes too many moves."""
    left, last = _PATIENCE * count, np.uint64(0)
    for place in range(count):
        number = numbers[place]
        key = found[np.uint32(number)]
        keys[place] = key
        if last <= key:
            last = key
            continue
        to = place
        while to > 0 and keys[to - 1] > key:
            keys[to], numbers[to] = keys[to - 1], numbers[to - 1]
            to -= 1
        keys[to], numbers[to] = key, number
        left -= place - to
        if left < 0:
            return False
    return True
