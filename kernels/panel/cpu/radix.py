"""A stable sort of float64 keys by their bits.

Three passes sort by the 33 highest of the bits in which keys differ. Neighbours that agree in all of them are then put
in order by insertion; where that would take long, passes over all bits follow.
"""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Floats, Ints, Words
from gridproof.kernels.jit import jit
from gridproof.kernels.panel.ranking import Columns

_BITS, PASSES = 11, 3
BUCKETS = 1 << _BITS
_MASK = np.uint64(BUCKETS - 1)
_SIGN = np.uint64(1 << 63)
_SHIFT = np.uint64(63)
# Insertion ends after so many moves for each key.
_PATIENCE = 4


@jit()
def gather_keys(row: Floats, numbers: Floats, columns: Columns) -> int:
    """Copy the known numbers of a row and their columns to the front of two arrays. Returns how many there are."""
    count = 0
    for column in range(len(row)):
        number = row[column]
        numbers[count] = number + 0.0  # −0 becomes 0
        columns[count] = column
        count += 0 if np.isnan(number) else 1
    return count


@jit()
def sort_keys(
    count: int, numbers: Floats, columns: Columns, spare_numbers: Floats, spare_columns: Columns, seen: Ints
) -> None:
    """Sort the first ``count`` numbers, with their columns, in place. Equal numbers keep their order; none is NaN.

    spare_numbers, spare_columns: as long. seen: (3, 2048) int64, working space.
    """
    keys, spare = numbers.view(np.uint64), spare_numbers.view(np.uint64)
    if count == 0:
        return
    some, every = np.uint64(0), ~np.uint64(0)
    for place in range(count):
        key = keys[place]
        # The order of unsigned integers is then the order of the numbers.
        key ^= np.uint64(np.int64(key) >> 63) | _SIGN
        keys[place] = key
        some |= key
        every &= key
    differ, top = some ^ every, 0
    while differ >> np.uint64(top):
        top += 1
        if top == 64:
            break
    lowest = max(top - _BITS * PASSES, 0)
    _sort_bits(count, lowest, keys, columns, spare, spare_columns, seen)
    if lowest > 0 and not _insert(count, keys, columns):
        for low in range(0, 64, _BITS * PASSES):
            _sort_bits(count, low, keys, columns, spare, spare_columns, seen)
    for place in range(count):
        key = keys[place]
        keys[place] = key ^ (~np.uint64(np.int64(key) >> 63) | _SIGN)


@jit()
def _sort_bits(
    count: int, lowest: int, keys: Words, columns: Columns, spare: Words, spare_columns: Columns, seen: Ints
) -> None:
    """Sort by 33 bits, of which ``lowest`` is the lowest."""
    shift, more, most = np.uint64(lowest), np.uint64(_BITS), np.uint64(2 * _BITS)
    for part in range(PASSES):
        for bucket in range(BUCKETS):
            seen[part, bucket] = 0
    for place in range(count):
        key = keys[place] >> shift
        seen[0, key & _MASK] += 1
        seen[1, (key >> more) & _MASK] += 1
        seen[2, (key >> most) & _MASK] += 1
    swapped = False
    for part in range(PASSES):
        at = np.uint64(lowest + _BITS * part)
        if seen[part, (keys[0] >> at) & _MASK] == count:
            continue
        if swapped:
            _move(count, at, spare, spare_columns, keys, columns, seen[part])
        else:
            _move(count, at, keys, columns, spare, spare_columns, seen[part])
        swapped = not swapped
    if swapped:
        for place in range(count):
            keys[place] = spare[place]
            columns[place] = spare_columns[place]


@jit()
def _move(
    count: int, shift: int, keys: Words, columns: Columns, to_keys: Words, to_columns: Columns, seen: Ints
) -> None:
    """One pass: all keys to the place that eleven of their bits give, in the order in which they come."""
    place = 0
    for bucket in range(BUCKETS):
        here = seen[bucket]
        seen[bucket] = place
        place += here
    for each in range(count):
        key = keys[each]
        bucket = (key >> shift) & _MASK
        to = np.uint64(seen[bucket])
        seen[bucket] = to + np.uint64(1)
        to_keys[to] = key
        to_columns[to] = columns[each]


@jit()
def _insert(count: int, keys: Words, columns: Columns) -> bool:
    """Move keys before larger ones, one by one. Returns False, too early, if that takes too many moves."""
    left = _PATIENCE * count
    for place in range(1, count):
        key, to = keys[place], place
        if keys[to - 1] <= key:
            continue
        column = columns[place]
        while to > 0 and keys[to - 1] > key:
            keys[to], columns[to] = keys[to - 1], columns[to - 1]
            to -= 1
        keys[to], columns[to] = key, column
        left -= place - to
        if left < 0:
            return False
    return True
