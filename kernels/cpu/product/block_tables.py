"""Tables of entries: what every combination of classes does in a node of the tree of days, one of each signal.

An entry is a cache line of eight sums (log NAV, the powers 1 to 4 of r − centre, downside squares, turnover, and counts
packed into the 53 bits of a float64: switches, days in allocation 0, 1, …, all but the last) and half a line of shape:
highest and lowest log NAV and deepest fall since its begin, and a mark (uint64): the allocation of its first day and,
from bit 16 on, of its last. What the switch into its first day costs is not in it, since that depends on what was held
before: it stands in ``charges`` (D + 1, A, A, 8), whose last day charges nothing.

A row of a table is a combination of the outer signals' classes. Its head says where its entries begin and which
pattern tells them apart: of each class of the inner signal, in a block of each of its paths, how far in its entry is,
times two, plus one where it has versions. Rows whose first day's outer codes agree share a pattern. Where the rule
does not look at the inner signal on any day, the row is flat: one entry serves all its columns.

Eight entries are joined at a time (``joins``); those of the next row take the place of what is too many.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gridproof.kernels.arrays import Array, Floats, Ints, Words
from gridproof.kernels.cpu.product.path_classes import LEAF
from gridproof.kernels.cpu.product.simd import LANES
from gridproof.kernels.cpu.product.simd_join import join_days, join_eight
from gridproof.kernels.jit import jit

SUMS = 8
SHAPE = 4

_SHAPE = np.uint64(SHAPE)
_MARK = np.uint64(3)  # where in the shape the mark stands
_LAST = np.uint64(16)
_STEP = np.uint64(16)
CODE = np.uint64(0xFFFF)
_EIGHT = np.uint64(LANES)
_ONE = np.uint64(1)
LISTS = 256  # lists of a table that are remembered


@jit()
def _pattern(
    head: Any, classes: Array, keys: Words, columns: int, wide: int, paths: int, held: Array, allocations: Any,
    patterns: Array, lists: Array, at: Any, known: Words, table: Any, padded: Any, last: bool,
) -> tuple[Any, Any]:  # fmt: skip
    """The pattern of a row whose first day's outer code is ``head``: where it begins, and where the next may.

    Of a block (``last``) it has a word for each path and is filled up, else for each class.
    """
    code = head & CODE
    if known[code, 0] == table:
        return known[code, 1], at
    known[code, 0], known[code, 1] = table, at
    words = lists if last else patterns
    begin = np.uint64(0) if last else at
    made = np.uint64(0)
    for column in range(wide):
        several = np.uint64(held[code | (keys[columns + column] & CODE)])
        words[begin + np.uint64(column)] = made << _ONE | several
        made += allocations if several else _ONE
    if not last:
        return at, at + np.uint64(wide)
    for path in range(np.uint64(paths)):
        patterns[at + path] = lists[np.uint64(classes[np.uint64(columns) + path])]
    patterns[at + np.uint64(paths) : at + padded] = 0
    return at, at + padded


@jit()
def leaves(
    node: int, begins: Ints, sizes: Ints, counts: Ints, unit: Ints, classes: Array, keys: Words, digits: Ints,
    sorts: Ints, rule: Words, held: Array, inner_irrelevant: Array, day_sums: Floats, day_shapes: Floats,
    charges: Floats, first: Any, end: Any, free: bool, allocations: Any, sums: Floats, shapes: Floats, heads: Array,
    patterns: Array,
    lists: Array, out: Any, out_heads: Any, out_patterns: Any, none: Any, known: Words, table: Any,
    padded: Any, last: bool,
) -> tuple[Any, Any, Any]:  # fmt: skip
    """The table of a leaf, from ``out`` on. Answers where its entries, heads and patterns end."""
    inner = len(sizes) - 1
    rows = _begin(digits, sorts, counts, unit, node, inner)
    wide = counts[unit[inner], node]
    columns = begins[inner] + node * sizes[inner]
    days = (
        none if free or first >= end else first,
        none if free or first + np.uint64(1) >= end else first + np.uint64(1),
        none if free or first + np.uint64(2) >= end else first + np.uint64(2),
        none if free or first + np.uint64(3) >= end else first + np.uint64(3),
    )
    for _ in range(rows):
        row = np.uint64(0)
        for signal in range(inner):
            row |= keys[begins[signal] + node * sizes[signal] + digits[signal]]
        flat = True
        for day in range(np.uint64(LEAF)):
            flat &= inner_irrelevant[(row >> (_STEP * day)) & CODE]
        heads[out_heads] = out
        if flat:
            pattern = padded if held[(row | keys[columns]) & CODE] else np.uint64(0)
        else:
            pattern, out_patterns = _pattern(
                row, classes, keys, columns, wide, sizes[inner], held, allocations, patterns, lists, out_patterns,
                known, table, padded, last,
            )  # fmt: skip
        heads[out_heads + np.uint64(1)] = pattern
        out_heads += np.uint64(2)
        for column in range(columns, columns + (1 if flat else wide)):
            codes = row | keys[column]
            for version in range(allocations if held[codes & CODE] else np.uint64(1)):
                one = rule[version, codes & CODE]
                two = rule[one, (codes >> _STEP) & CODE]
                three = rule[two, (codes >> (_STEP + _STEP)) & CODE]
                four = rule[three, codes >> (_STEP + _STEP + _STEP)]
                join_days(
                    sums, shapes, out, day_sums, day_shapes, charges, days[0] * allocations + one,
                    days[1] * allocations + two, days[2] * allocations + three, days[3] * allocations + four,
                    (days[1] * allocations + one) * allocations + two,
                    (days[2] * allocations + two) * allocations + three,
                    (days[3] * allocations + three) * allocations + four,
                )  # fmt: skip
                out += np.uint64(1)
        advance(digits, sorts, inner)
    return out, out_heads, out_patterns


@jit()
def combine(
    node: int, below: int, begins: Ints, sizes: Ints, counts: Ints, unit: Ints, classes: Array, children: Array,
    keys: Words, digits: Ints, sorts: Ints, held: Array, charges: Floats, middle: Any, allocations: Any, sums: Floats,
    shapes: Floats, marks: Words, heads: Array, patterns: Array, lists: Array, tables: Words, out: Any, out_heads: Any,
    out_patterns: Any, known: Words, listed: Words, table: Any, padded: Any, last: bool,
) -> tuple[Any, Any, Any]:  # fmt: skip
    """As ``leaves``, the table of a node from the two below, whose ``tables`` (2, 3) begin there."""
    inner = len(sizes) - 1
    rows = _begin(digits, sorts, counts, unit, node, inner)
    boundary = middle * allocations * allocations
    wide = counts[unit[inner], node]
    shared = np.uint64(2) * padded
    columns = begins[inner] + node * sizes[inner]
    chosen = np.uint64(0)  # in ``lists``, where the right entries of a row are put that depend on what is held
    free_list = padded * allocations
    for _ in range(rows):
        head, left_row, right_row = np.uint64(0), np.uint64(0), np.uint64(0)
        for signal in range(inner):
            one = begins[signal] + node * sizes[signal] + digits[signal]
            head |= keys[one]
            left_row = left_row * np.uint64(counts[unit[signal], below]) + np.uint64(children[one, 0])
            right_row = right_row * np.uint64(counts[unit[signal], below + 1]) + np.uint64(children[one, 1])
        left_head = tables[0, 1] + np.uint64(2) * left_row
        right_head = tables[1, 1] + np.uint64(2) * right_row
        left, left_pattern = np.uint64(heads[left_head]), np.uint64(heads[left_head + _ONE])
        right, right_pattern = np.uint64(heads[right_head]), np.uint64(heads[right_head + _ONE])
        flat = left_pattern < shared and right_pattern < shared
        if flat:
            pattern = left_pattern
        else:
            pattern, out_patterns = _pattern(
                head, classes, keys, columns, wide, sizes[inner], held, allocations, patterns, lists, out_patterns,
                known, table, padded, last,
            )  # fmt: skip
        heads[out_heads] = out
        heads[out_heads + _ONE] = pattern
        out_heads += np.uint64(2)
        slot = (left_pattern * np.uint64(31) + right_pattern) & np.uint64(LISTS - 1)
        if listed[slot, 0] != table or listed[slot, 1] != left_pattern or listed[slot, 2] != right_pattern:
            made, depend = _list(
                children, columns, 1 if flat else wide, allocations, patterns, left_pattern, right_pattern, lists,
                free_list,
            )  # fmt: skip
            listed[slot, 0], listed[slot, 1], listed[slot, 2] = table, left_pattern, right_pattern
            listed[slot, 3], listed[slot, 4], listed[slot, 5] = free_list, made, depend
            free_list += np.uint64(3) * ((made + _EIGHT - _ONE) & ~(_EIGHT - _ONE))
        lefts, made, depend = listed[slot, 3], listed[slot, 4], listed[slot, 5]
        step = (made + _EIGHT - _ONE) & ~(_EIGHT - _ONE)
        rights = lefts + step
        if depend:
            for place in range(step):
                holding = marks[(left + np.uint64(lists[lefts + place])) * _SHAPE + _MARK] >> _LAST
                added = holding & np.uint64(lists[rights + step + place])
                lists[chosen + place] = np.uint64(lists[rights + place]) + added
            rights = chosen
        for eight in range(step // _EIGHT):
            at = eight * _EIGHT
            join_eight(
                sums, shapes, out + at, lists, lefts + at, left, rights + at, right, charges, boundary, allocations
            )  # fmt: skip
        out += made
        advance(digits, sorts, inner)
    return out, out_heads, out_patterns


@jit()
def _list(
    children: Array, columns: int, wide: int, allocations: Any, patterns: Array, left_pattern: Any, right_pattern: Any,
    lists: Array, at: Any,
) -> tuple[Any, Any]:  # fmt: skip
    """What a row's entries are joined of: lists, filled up to full lanes, of the left ones, of the right ones and of
    whether what is held is added to those. Answers how many entries there are, and whether any adds it."""
    made, depend = np.uint64(0), np.uint64(0)
    for column in range(columns, columns + wide):
        made += allocations if patterns[left_pattern + np.uint64(children[column, 0])] & np.uint32(1) else _ONE
    step = (made + _EIGHT - _ONE) & ~(_EIGHT - _ONE)
    lists[at : at + np.uint64(3) * step] = 0
    place = at
    for column in range(columns, columns + wide):
        one = np.uint64(patterns[left_pattern + np.uint64(children[column, 0])])
        two = np.uint64(patterns[right_pattern + np.uint64(children[column, 1])])
        depend |= two & _ONE
        for version in range(allocations if one & _ONE else _ONE):
            lists[place] = (one >> _ONE) + version
            lists[place + step] = two >> _ONE
            lists[place + np.uint64(2) * step] = np.uint64(0) - (two & _ONE)
            place += _ONE
    return made, depend


@jit()
def _begin(digits: Ints, sorts: Ints, counts: Ints, unit: Ints, node: int, signals: int) -> int:
    """The first combination of the node's classes of the first ``signals``; answers how many there are."""
    rows = 1
    for signal in range(signals):
        digits[signal] = 0
        sorts[signal] = counts[unit[signal], node]
        rows *= sorts[signal]
    return rows


@jit()
def advance(digits: Ints, sizes: Ints, signals: int) -> None:
    """The next combination of the first ``signals`` digits, the last of them fastest; after the last, the first."""
    for signal in range(signals - 1, -1, -1):
        digits[signal] += 1
        if digits[signal] < sizes[signal]:
            break
        digits[signal] = 0
