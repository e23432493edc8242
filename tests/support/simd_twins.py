"""The SIMD pieces of the product kernel in NumPy: same arguments, same bits, every index checked.

Arguments are named as in ``kernels.cpu.product.simd``, ``simd_join``, ``simd_counts`` and ``simd_walk``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gridproof.kernels.arrays import Array, Floats, Words

LANES = 8
FIRST = np.uint64(0xFFFF)
LAST = np.uint64(16)


def transpose_eight(
    source: Floats, begin: int, step: int, target: Floats, start: int, stride: int, rows: int, width: int
) -> None:
    block = np.stack([window(source, int(begin) + k * int(step), LANES) for k in range(LANES)])
    for i in range(min(int(rows), LANES)):
        some = min(int(width), LANES)
        window(target, int(start) + i * int(stride), some)[:] = block[:some, i]


def half_of_power(marked: float) -> float:
    whole = int(marked - 6755399441055744.0)
    return float(np.ldexp(1.0, whole - 1))


def join_days(
    sums: Floats, shapes: Floats, out: int, day_sums: Floats, day_shapes: Floats, charges: Floats, first: int,
    second: int, third: int, fourth: int, second_charge: int, third_charge: int, fourth_charge: int,
) -> None:  # fmt: skip
    total, shape = entry(day_sums, day_shapes, first)
    for day, charge in ((second, second_charge), (third, third_charge), (fourth, fourth_charge)):
        total, shape = joined(total, shape, *entry(day_sums, day_shapes, day), charge_of(charges, charge))
    write(sums, shapes, out, total, shape)


def join_eight(
    sums: Floats, shapes: Floats, out: int, lists: Array, lefts: int, left: int, rights: int, right: int,
    charges: Floats, boundary: int, allocations: int,
) -> None:  # fmt: skip
    found = []
    for lane in range(LANES):
        total, shape = entry(sums, shapes, int(left) + int(window(lists, int(lefts) + lane, 1)[0]))
        after = entry(sums, shapes, int(right) + int(window(lists, int(rights) + lane, 1)[0]))
        charge = switch(charges, mark(shape) >> LAST, mark(after[1]) & FIRST, boundary, allocations)
        found.append(joined(total, shape, *after, charge))
    for lane, (total, shape) in enumerate(found):
        write(sums, shapes, int(out) + lane, total, shape)


def count_days(
    counts: Array | None, width: int, out: int, days: Array, first: int, second: int, third: int, fourth: int
) -> None:
    if counts is None:
        return
    rows = [window(days, int(row) * int(width), int(width)) for row in (first, second, third, fourth)]
    window(counts, int(out) * int(width), int(width))[:] = np.sum(rows, axis=0, dtype=np.uint16)


def count_eight(
    counts: Array | None, width: int, out: int, lists: Array, lefts: int, left: int, rights: int, right: int
) -> None:  # fmt: skip
    if counts is None:
        return
    for lane in range(LANES):
        one = int(left) + int(window(lists, int(lefts) + lane, 1)[0])
        other = int(right) + int(window(lists, int(rights) + lane, 1)[0])
        both = [window(counts, at * int(width), int(width)) for at in (one, other, int(out) + lane)]
        both[2][:] = both[0] + both[1]


def walk_eight(*arguments: Any) -> None:
    _walk(LANES, *arguments)


def walk_sixteen(*arguments: Any) -> None:
    _walk(2 * LANES, *arguments)


def _walk(
    count: int, sums: Floats, variant: int, states: Floats, peaks: int, falls: int, held: Words, holds: int,
    shapes: Floats, patterns: Array, place: int, rows: Words, blocks: int, charges: Floats, allocations: int,
    counts: Array | None, width: int,
) -> None:  # fmt: skip
    for lane in range(count):
        total = window(sums, (int(variant) + lane) * 8, 8)
        peak, fall = window(states, int(peaks) + lane, 1), window(states, int(falls) + lane, 1)
        holding = window(held, int(holds) + lane, 1)
        for block in range(int(blocks)):
            begin, pattern, boundary = (int(each) for each in rows[block])
            chosen = begin
            if pattern:
                word = int(window(patterns, pattern + int(place) + lane, 1)[0])
                chosen += (word >> 1) + (int(holding[0]) if word & 1 else 0)
            more, shape = entry(sums, shapes, chosen)
            if counts is not None:
                own = window(counts, (int(variant) + lane) * int(width), int(width))
                own += window(counts, chosen * int(width), int(width))
            total += switch(charges, holding[0], mark(shape) & FIRST, boundary, allocations)
            base = total[0]
            fall[0] = max(fall[0], shape[2], peak[0] - (base + shape[1]))
            peak[0] = max(peak[0], base + shape[0])
            total += more
            holding[0] = mark(shape) >> LAST


def joined(total: Floats, shape: Floats, more: Floats, after: Floats, charge: Floats | float) -> tuple[Floats, Floats]:
    """Sums and shape of two entries, the second behind the first."""
    total = total + charge
    base = total[0]
    result = np.empty(4)
    result[0] = max(shape[0], base + after[0])
    result[1] = min(shape[1], base + after[1])
    result[2] = max(shape[2], after[2], shape[0] - (base + after[1]))
    result.view(np.uint64)[3] = (mark(shape) & FIRST) | (mark(after) & ~FIRST)
    return total + more, result


def entry(sums: Floats, shapes: Floats, at: int) -> tuple[Floats, Floats]:
    return window(sums, int(at) * 8, 8).copy(), window(shapes, int(at) * 4, 4).copy()


def write(sums: Floats, shapes: Floats, at: int, total: Floats, shape: Floats) -> None:
    window(sums, int(at) * 8, 8)[:] = total
    window(shapes.view(np.uint64), int(at) * 4, 4)[:] = shape.view(np.uint64)


def mark(shape: Floats) -> Any:
    return shape.view(np.uint64)[3]


def switch(charges: Floats, last: Any, first: Any, boundary: int, allocations: int) -> Floats | float:
    """The charge of a switch; −0.0, which changes no number, where there is none."""
    return -0.0 if last == first else charge_of(charges, int(boundary) + int(last) * int(allocations) + int(first))


def charge_of(charges: Floats, row: int) -> Floats:
    return window(charges, int(row) * 8, 8)


def window(array: Array, at: int, size: int) -> Array:
    """Elements [at, at + size), which must lie in the array."""
    assert 0 <= at <= len(array) - size, f"elements [{at}, {at + size}) of {len(array)}"
    return array[at : at + size]
