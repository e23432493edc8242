"""Tables of entries: what every combination of path classes, one of each signal, does on the days of a node.

What an entry is stands in ``entry``. A row of a table is a combination of the outer signals' classes; its columns are
the classes of the inner signal. Each row records where its entries begin and where its *pattern* begins. A pattern has
a word for each column (in a block, for each path): the offset of its entry in the row, times two, plus one where the
entry comes in versions, one for each allocation held before. Rows whose outer codes agree on the first day share a
pattern. Where the rule ignores the inner signal on every day of the node, the row is flat: one entry for all columns.

Eight entries are joined at a time (``simd_join``). What is written beyond the last entry of a row is overwritten by the
next row.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gridproof.kernels.arrays import Array, Bools, Words
from gridproof.kernels.cpu.product.buffer_layout import Buffers
from gridproof.kernels.cpu.product.day_tables import DayTables
from gridproof.kernels.cpu.product.day_tree import LEAF
from gridproof.kernels.cpu.product.entry import LAST, MARK, SHAPE
from gridproof.kernels.cpu.product.path_classes import CODE, PathClasses
from gridproof.kernels.cpu.product.simd import LANES
from gridproof.kernels.cpu.product.simd_counts import count_days, count_eight
from gridproof.kernels.cpu.product.simd_join import join_days, join_eight
from gridproof.kernels.cpu.product.unit import Node, Position, Scratch, Unit, advance
from gridproof.kernels.jit import jit

LISTS = 256  # lists of a table that are remembered

_SHAPE = np.uint64(SHAPE)
_MARK = np.uint64(MARK)
_LAST = np.uint64(LAST)
_STEP = np.uint64(16)  # bits of a code in a leaf's key
_CODE = np.uint64(CODE)
_EIGHT = np.uint64(LANES)
_ONE = np.uint64(1)
_TWO = np.uint64(2)
_THREE = np.uint64(3)


class RuleTable(NamedTuple):
    """The rule, by code: bit b of a code is the state of signal bit b."""

    next: Words  # (A, codes): the allocation chosen, by the one held
    depends: Bools  # (codes,): whether that depends on the one held
    ignores_inner: Bools  # (codes,): of codes without the inner signal's bits, whether those change nothing
    start: int  # the allocation held before the first decision


@jit(counted=False)
def tabulate_leaf(
    unit: Unit, paths: PathClasses, rule: RuleTable, days: DayTables, buffers: Buffers, scratch: Scratch, node: Node,
    at: Position,
) -> Position:  # fmt: skip
    """Write the table of a leaf. Returns where it ends."""
    sums, shapes, allocations = buffers.sums, buffers.shapes, unit.allocations
    keys, next_allocation = paths.keys, rule.next
    inner = len(unit.sizes) - 1
    rows = _first_combination(unit, paths, scratch, node.number)
    columns = paths.counts[unit.chunks[inner], node.number]
    first_key = unit.begins[inner] + node.number * unit.sizes[inner]
    day = (
        node.day if node.day < node.end else unit.no_day,
        node.day + _ONE if node.day + _ONE < node.end else unit.no_day,
        node.day + _TWO if node.day + _TWO < node.end else unit.no_day,
        node.day + _THREE if node.day + _THREE < node.end else unit.no_day,
    )
    out, out_row, out_pattern = at.entry, at.row, at.pattern
    for _ in range(rows):
        outer = np.uint64(0)
        for signal in range(inner):
            outer |= keys[unit.begins[signal] + node.number * unit.sizes[signal] + scratch.digits[signal]]
        flat = True
        for place in range(np.uint64(LEAF)):
            flat &= rule.ignores_inner[(outer >> (_STEP * place)) & _CODE]
        buffers.rows[out_row] = out
        if flat:
            pattern = unit.width if rule.depends[(outer | keys[first_key]) & _CODE] else np.uint64(0)
        else:
            pattern, out_pattern = _pattern(
                unit, paths, rule, buffers, scratch, node, outer, first_key, columns, out_pattern
            )
        buffers.rows[out_row + _ONE] = pattern
        out_row += _TWO
        for key in range(first_key, first_key + (1 if flat else columns)):
            codes = outer | keys[key]
            for version in range(allocations if rule.depends[codes & _CODE] else _ONE):
                first = next_allocation[version, codes & _CODE]
                second = next_allocation[first, (codes >> _STEP) & _CODE]
                third = next_allocation[second, (codes >> (_STEP + _STEP)) & _CODE]
                fourth = next_allocation[third, codes >> (_STEP + _STEP + _STEP)]
                join_days(
                    sums, shapes, out, days.sums, days.shapes, days.charges, day[0] * allocations + first,
                    day[1] * allocations + second, day[2] * allocations + third, day[3] * allocations + fourth,
                    (day[1] * allocations + first) * allocations + second,
                    (day[2] * allocations + second) * allocations + third,
                    (day[3] * allocations + third) * allocations + fourth,
                )  # fmt: skip
                count_days(
                    buffers.counts, unit.count_width, out, days.counts,
                    first if day[0] < unit.no_day else allocations, second if day[1] < unit.no_day else allocations,
                    third if day[2] < unit.no_day else allocations, fourth if day[3] < unit.no_day else allocations,
                )  # fmt: skip
                out += _ONE
        advance(scratch.digits, scratch.class_counts, inner)
    return Position(out, out_row, out_pattern)


@jit(counted=False)
def combine_halves(
    unit: Unit, paths: PathClasses, rule: RuleTable, days: DayTables, buffers: Buffers, scratch: Scratch, node: Node,
    below: int, halves: Words, at: Position,
) -> Position:  # fmt: skip
    """Write the table of a node from those of its halves: nodes ``below`` and ``below`` + 1. Returns where it ends.

    halves: (2, 3) uint64, the positions at which the tables of the halves begin.

    Which entries are joined is listed once for each pair of patterns: the left ones, the right ones, and a mask of
    those whose right entry depends on the allocation that the left one ends with. ``scratch.lists_known`` remembers of
    each list the table, the two patterns, where it begins, its length and whether any of its masks is set.
    """
    sums, shapes, rows, lists, known = buffers.sums, buffers.shapes, buffers.rows, buffers.lists, scratch.lists_known
    marks = shapes.view(np.uint64)
    inner = len(unit.sizes) - 1
    row_count = _first_combination(unit, paths, scratch, node.number)
    middle = node.day if node.day < node.end else unit.no_day
    boundary = middle * unit.allocations * unit.allocations
    columns = paths.counts[unit.chunks[inner], node.number]
    shared = _TWO * unit.width  # patterns of flat rows begin below this
    first_key = unit.begins[inner] + node.number * unit.sizes[inner]
    chosen = np.uint64(0)  # in ``lists``: the right entries of a row, where they depend on what is held
    next_list = unit.width * unit.versions
    out, out_row, out_pattern = at.entry, at.row, at.pattern
    for _ in range(row_count):
        outer, left_row, right_row = np.uint64(0), np.uint64(0), np.uint64(0)
        for signal in range(inner):
            key = unit.begins[signal] + node.number * unit.sizes[signal] + scratch.digits[signal]
            outer |= paths.keys[key]
            left_count = np.uint64(paths.counts[unit.chunks[signal], below])
            right_count = np.uint64(paths.counts[unit.chunks[signal], below + 1])
            left_row = left_row * left_count + np.uint64(paths.children[key, 0])
            right_row = right_row * right_count + np.uint64(paths.children[key, 1])
        left_at, right_at = halves[0, 1] + _TWO * left_row, halves[1, 1] + _TWO * right_row
        left, left_pattern = np.uint64(rows[left_at]), np.uint64(rows[left_at + _ONE])
        right, right_pattern = np.uint64(rows[right_at]), np.uint64(rows[right_at + _ONE])
        flat = left_pattern < shared and right_pattern < shared
        if flat:
            pattern = left_pattern
        else:
            pattern, out_pattern = _pattern(
                unit, paths, rule, buffers, scratch, node, outer, first_key, columns, out_pattern
            )
        rows[out_row] = out
        rows[out_row + _ONE] = pattern
        out_row += _TWO
        slot = (left_pattern * np.uint64(31) + right_pattern) & np.uint64(LISTS - 1)
        if known[slot, 0] != node.table or known[slot, 1] != left_pattern or known[slot, 2] != right_pattern:
            count, depends = _list_pairs(
                paths.children, first_key, 1 if flat else columns, unit.allocations, buffers, left_pattern,
                right_pattern, next_list,
            )  # fmt: skip
            known[slot, 0], known[slot, 1], known[slot, 2] = node.table, left_pattern, right_pattern
            known[slot, 3], known[slot, 4], known[slot, 5] = next_list, count, depends
            next_list += _THREE * ((count + _EIGHT - _ONE) & ~(_EIGHT - _ONE))
        lefts, count, depends = known[slot, 3], known[slot, 4], known[slot, 5]
        padded = (count + _EIGHT - _ONE) & ~(_EIGHT - _ONE)
        rights = lefts + padded
        if depends:
            for place in range(padded):
                held = marks[(left + np.uint64(lists[lefts + place])) * _SHAPE + _MARK] >> _LAST
                added = held & np.uint64(lists[rights + padded + place])
                lists[chosen + place] = np.uint64(lists[rights + place]) + added
            rights = chosen
        for eight in range(padded // _EIGHT):
            first = eight * _EIGHT
            join_eight(
                sums, shapes, out + first, lists, lefts + first, left, rights + first, right, days.charges, boundary,
                unit.allocations,
            )  # fmt: skip
            count_eight(
                buffers.counts, unit.count_width, out + first, lists, lefts + first, left, rights + first, right
            )
        out += count
        advance(scratch.digits, scratch.class_counts, inner)
    return Position(out, out_row, out_pattern)


@jit(counted=False)
def _first_combination(unit: Unit, paths: PathClasses, scratch: Scratch, node: int) -> int:
    """Set the digits to the first combination of the outer signals' classes in a node. Returns the number of rows."""
    rows = 1
    for signal in range(len(unit.sizes) - 1):
        scratch.digits[signal] = 0
        scratch.class_counts[signal] = paths.counts[unit.chunks[signal], node]
        rows *= scratch.class_counts[signal]
    return rows


@jit(counted=False)
def _pattern(
    unit: Unit, paths: PathClasses, rule: RuleTable, buffers: Buffers, scratch: Scratch, node: Node, outer: Any,
    first_key: int, columns: int, at: Any,
) -> tuple[Any, Any]:  # fmt: skip
    """The pattern of a row, written at ``at`` if the table does not have it yet: where it begins, where it ends.

    outer: the outer signals' code on the first day. The pattern of a block is padded to the unit's width.
    """
    patterns, lists, known = buffers.patterns, buffers.lists, scratch.patterns_known
    code = outer & _CODE
    if known[code, 0] == node.table:
        return known[code, 1], at
    known[code, 0], known[code, 1] = node.table, at
    words = lists if node.is_block else patterns
    begin = np.uint64(0) if node.is_block else at
    offset = np.uint64(0)
    for column in range(columns):
        versioned = np.uint64(rule.depends[code | (paths.keys[first_key + column] & _CODE)])
        words[begin + np.uint64(column)] = offset << _ONE | versioned
        offset += unit.allocations if versioned else _ONE
    if not node.is_block:
        return at, at + np.uint64(columns)
    count = np.uint64(unit.sizes[len(unit.sizes) - 1])
    for path in range(count):
        patterns[at + path] = lists[np.uint64(paths.classes[np.uint64(first_key) + path])]
    patterns[at + count : at + unit.width] = 0
    return at, at + unit.width


@jit(counted=False)
def _list_pairs(
    children: Array, first_key: int, columns: int, allocations: Any, buffers: Buffers, left_pattern: Any,
    right_pattern: Any, at: Any,
) -> tuple[Any, Any]:  # fmt: skip
    """List at ``at`` which entries of a row's halves are joined, see ``combine_halves``, each list padded with zeros.

    Returns the number of entries, and whether the right entry of any depends on the allocation held.
    """
    patterns, lists = buffers.patterns, buffers.lists
    count, depends = np.uint64(0), np.uint64(0)
    for key in range(first_key, first_key + columns):
        count += allocations if patterns[left_pattern + np.uint64(children[key, 0])] & np.uint32(1) else _ONE
    padded = (count + _EIGHT - _ONE) & ~(_EIGHT - _ONE)
    lists[at : at + _THREE * padded] = 0
    place = at
    for key in range(first_key, first_key + columns):
        left = np.uint64(patterns[left_pattern + np.uint64(children[key, 0])])
        right = np.uint64(patterns[right_pattern + np.uint64(children[key, 1])])
        depends |= right & _ONE
        for version in range(allocations if left & _ONE else _ONE):
            lists[place] = (left >> _ONE) + version
            lists[place + padded] = right >> _ONE
            lists[place + _TWO * padded] = np.uint64(0) - (right & _ONE)
            place += _ONE
    return count, depends
