"""The compiled scan of a product: days are summarised once for all variants that do the same in them.

Time is a binary tree of days and paths that agree in a node are one class, see ``classes``. Every combination of a
node's classes, one of each signal, has one entry: the sums and the shape of the NAV over those days. An entry of a node
is the join of two entries below; a variant is the join of one entry of each block. Where a rule may hold, an entry has
a version for each allocation held before.

Which joins make a variant depends on the days alone, never on what else is in the product, so a variant has the same
bits in every product. What is compiled stands in this file, because Numba's cache watches only it; after a change of
``lanes``, ``joins`` or ``walks`` it has to be cleared.

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
from numba import get_thread_id, njit, prange

from gridproof.kernels.arrays import Array, Floats, Ints, Words
from gridproof.kernels.classes import LEAF
from gridproof.kernels.joins import join_days, join_eight
from gridproof.kernels.lanes import LANES, half_of_power, turn_eight
from gridproof.kernels.metrics import FLAT, LEVEL
from gridproof.kernels.walks import walk_eight, walk_sixteen

SUMS = 8
SHAPE = 4

STRIP = 128  # variants measured at a time
_SUMS = np.uint64(SUMS)
_SHAPE = np.uint64(SHAPE)
_MARK = np.uint64(3)  # where in the shape the mark stands
_LAST = np.uint64(16)
_STEP = np.uint64(16)
_CODE = np.uint64(0xFFFF)
_EIGHT = np.uint64(LANES)
_ONE = np.uint64(1)
_MEASURED = SUMS + 1  # of the columns that a strip is measured in, where the metrics begin
_SWITCHES = _MEASURED + 9
_LISTS = 256  # lists of a table that are remembered


@njit(parallel=True, cache=True, error_model="numpy")
def sweep(
    units: Ints,
    chunks: Ints,
    spans: Ints,
    segments: Ints,
    nodes: Ints,
    classes: Array,
    kids: Array,
    keys: Words,
    counts: Ints,
    rule: Words,
    held: Array,
    blind: Array,
    start: int,
    day_sums: Floats,
    day_shapes: Floats,
    charges: Floats,
    field: int,
    constant: Floats,
    centre: float,
    lengths: Ints,
    periods: float,
    risk_free: float,
    invested: Floats,
    strides: Ints,
    tables: Words,
    all_sums: Floats,
    all_shapes: Floats,
    all_states: Floats,
    all_heads: Array,
    all_patterns: Array,
    all_lists: Array,
    room: int,
    only: int,
    cell: int,
    result: Floats,
) -> None:
    """Evaluate units of a product.

    units: (U, signals) a chunk of each signal, the last, the inner one, varies fastest within a unit. segments: (K,)
    which segment a span is, −1 for days before the first. rule: (A, codes). held: (codes,) whether the rule's answer
    depends on what was held. blind: (codes,) of a code without the inner signal's bits, whether they change nothing.
    day_sums, day_shapes: entries of single days (D + 1, A), the last of no day. field: bits of a count. constant:
    (S, A, 12 + A) metrics of holding throughout. strides: (signals, 2) from one path to the next in ``result``, and the
    first member of the signal. tables: (levels, 2, 3) of each level the entry, head and pattern where its left and its
    right table begin; before them stand the variants, and the patterns of flat rows without and with versions; behind
    the last one all blocks at hand. all_…: for each thread, memory. room: entries of blocks after which the variants
    are walked through them. only: the first metric of ``result`` (J, E, S, M), of whose executions ``cell`` is
    evaluated. The rest see ``classify``.
    """
    signals = units.shape[1]
    inner = signals - 1
    allocations = np.uint64(len(invested))
    levels = nodes.shape[1] - 1
    total = counts.shape[1]
    most = (nodes[:, levels] - nodes[:, levels - 1]).max()
    none = np.uint64(len(day_shapes)) // (allocations * _SHAPE) - np.uint64(1)
    for unit in prange(len(units)):
        thread = get_thread_id()
        sums, shapes, states = all_sums[thread], all_shapes[thread], all_states[thread]
        heads, patterns, lists = all_heads[thread], all_patterns[thread], all_lists[thread]
        marks, holds = shapes.view(np.uint64), states.view(np.uint64)
        sizes = np.empty(signals, dtype=np.int64)
        begins = np.empty(signals, dtype=np.int64)
        digits = np.zeros(signals, dtype=np.int64)
        starts = np.empty(most, dtype=np.uint64)
        sorts = np.empty(signals, dtype=np.int64)
        rows = np.empty((most, 3), dtype=np.uint64)
        known = np.zeros((rule.shape[1], 2), dtype=np.uint64)
        listed = np.zeros((_LISTS, 6), dtype=np.uint64)
        columns = np.empty((_MEASURED + constant.shape[2] + LANES) * STRIP)
        every, metrics = result.reshape(-1), np.uint64(result.shape[3])
        table = np.uint64(0)
        outers = np.int64(1)
        for signal in range(signals):
            low, high = chunks[units[unit, signal], 1], chunks[units[unit, signal], 2]
            sizes[signal] = high - low
            begins[signal] = total * low
            outers *= 1 if signal == inner else high - low
        # Of each combination of outer paths, the inner ones and as many more as make the lanes full.
        wide = (np.uint64(sizes[inner]) + _EIGHT - _ONE) // _EIGHT * _EIGHT
        many = np.uint64(outers) * wide
        patterns[:wide] = 0
        patterns[wide : np.uint64(2) * wide] = 1
        held_at = np.uint64(2) * many
        for outer in range(outers):
            head = np.uint64(0)
            for signal in range(inner):
                at = begins[signal] + nodes[0, 0] * sizes[signal]
                head |= keys[at + classes[at + digits[signal]]]
            at = begins[inner] + nodes[0, 0] * sizes[inner]
            for place in range(wide):
                code = head | keys[at + classes[at + min(place, np.uint64(sizes[inner] - 1))]]
                standing = np.uint64(start) if segments[0] < 0 else rule[start, code & _CODE]
                holds[held_at + np.uint64(outer) * wide + place] = standing
            _advance(digits, sizes, inner)
        for span in range(len(spans)):
            free = segments[span] < 0
            first, end = np.uint64(spans[span, 0]), np.uint64(spans[span, 1])
            sums[: many * _SUMS] = 0.0
            states[:held_at] = 0.0
            tip = nodes[span, levels - 1]
            blocks = nodes[span, levels] - tip
            block = np.int64(0)  # a literal would be compiled by itself
            while block < blocks:
                group = block
                out, out_heads, out_patterns = tables[levels - 1, 0]
                full, full_patterns = out + np.uint64(room), out_patterns + np.uint64(room)
                while block < blocks and out < full and out_patterns < full_patterns:
                    for leaf in range(block << (levels - 1), (block + 1) << (levels - 1)):
                        level, index = 0, leaf
                        while True:
                            node = nodes[span, level] + index
                            last = level == levels - 1
                            at, at_heads, at_patterns = tables[level, 0 if last else index & 1]
                            if last:
                                at, at_heads, at_patterns = out, out_heads, out_patterns
                            table += np.uint64(1)
                            if level == 0:
                                at, at_heads, at_patterns = _leaves(
                                    node, begins, sizes, counts, units[unit], classes, keys, digits, sorts, rule, held,
                                    blind, day_sums, day_shapes, charges, first + np.uint64(leaf * LEAF), end, free,
                                    allocations, sums, shapes, heads, patterns, lists, at, at_heads, at_patterns, none,
                                    known, table, wide, last,
                                )  # fmt: skip
                            else:
                                middle = first + np.uint64(((2 * index + 1) << (level - 1)) * LEAF)
                                at, at_heads, at_patterns = _combine(
                                    node, nodes[span, level - 1] + 2 * index, begins, sizes, counts, units[unit],
                                    classes, kids, keys, digits, sorts, held, charges,
                                    none if free or middle >= end else middle, allocations, sums, shapes, marks, heads,
                                    patterns, lists, tables[level - 1], at, at_heads, at_patterns, known, listed,
                                    table, wide, last,
                                )  # fmt: skip
                            if last:
                                out, out_heads, out_patterns = at, at_heads, at_patterns
                            if last or (index & 1) == 0:
                                break
                            level += 1
                            index >>= 1
                    block += 1
                _walk(
                    group, block, tip, outers, begins, sizes, counts, units[unit], classes, digits, charges, none,
                    first, np.uint64(LEAF << (levels - 1)), free, allocations, sums, shapes, states, holds, heads,
                    patterns, tables[levels - 1, 0, 1], rows, wide, starts,
                )  # fmt: skip
            if not free:
                digits[:] = 0
                for outer in range(outers):
                    job = np.int64(0)
                    for signal in range(signals):
                        place = chunks[units[unit, signal], 1] - strides[signal, 1] + digits[signal]
                        job += place * strides[signal, 0]
                    _advance(digits, sizes, inner)
                    at = (job * result.shape[1] + cell) * result.shape[2] + segments[span]
                    _finish(
                        sums, states, np.uint64(outer) * wide, many, np.uint64(sizes[inner]), columns,
                        lengths[segments[span]], field, centre, periods, risk_free, invested,
                        constant[segments[span]], np.uint64(only), metrics, every, np.uint64(at) * metrics,
                        np.uint64(strides[inner, 0] * result.shape[1] * result.shape[2]) * metrics,
                    )  # fmt: skip


@njit(cache=True, error_model="numpy")
def _pattern(
    head: Any, classes: Array, keys: Words, columns: int, wide: int, paths: int, held: Array, allocations: Any,
    patterns: Array, lists: Array, at: Any, known: Words, table: Any, padded: Any, last: bool,
) -> tuple[Any, Any]:  # fmt: skip
    """The pattern of a row whose first day's outer code is ``head``: where it begins, and where the next may.

    Of a block (``last``) it has a word for each path and is filled up, else for each class.
    """
    code = head & _CODE
    if known[code, 0] == table:
        return known[code, 1], at
    known[code, 0], known[code, 1] = table, at
    words = lists if last else patterns
    begin = np.uint64(0) if last else at
    made = np.uint64(0)
    for column in range(wide):
        several = np.uint64(held[code | (keys[columns + column] & _CODE)])
        words[begin + np.uint64(column)] = made << _ONE | several
        made += allocations if several else _ONE
    if not last:
        return at, at + np.uint64(wide)
    for path in range(np.uint64(paths)):
        patterns[at + path] = lists[np.uint64(classes[np.uint64(columns) + path])]
    patterns[at + np.uint64(paths) : at + padded] = 0
    return at, at + padded


@njit(cache=True, error_model="numpy")
def _leaves(
    node: int, begins: Ints, sizes: Ints, counts: Ints, unit: Ints, classes: Array, keys: Words, digits: Ints,
    sorts: Ints, rule: Words, held: Array, blind: Array, day_sums: Floats, day_shapes: Floats, charges: Floats,
    first: Any, end: Any, free: bool, allocations: Any, sums: Floats, shapes: Floats, heads: Array, patterns: Array,
    lists: Array, out: Any, out_heads: Any, out_patterns: Any, none: Any, known: Words, table: Any,
    padded: Any, last: bool,
) -> tuple[Any, Any, Any]:  # fmt: skip
    """The table of a leaf, from ``out`` on. Answers where its entries, heads and patterns end."""
    inner = len(sizes) - 1
    rows = 1
    for signal in range(inner):
        digits[signal] = 0
        sorts[signal] = counts[unit[signal], node]
        rows *= sorts[signal]
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
            flat &= blind[(row >> (_STEP * day)) & _CODE]
        heads[out_heads] = out
        if flat:
            pattern = padded if held[(row | keys[columns]) & _CODE] else np.uint64(0)
        else:
            pattern, out_patterns = _pattern(
                row, classes, keys, columns, wide, sizes[inner], held, allocations, patterns, lists, out_patterns,
                known, table, padded, last,
            )  # fmt: skip
        heads[out_heads + np.uint64(1)] = pattern
        out_heads += np.uint64(2)
        for column in range(columns, columns + (1 if flat else wide)):
            codes = row | keys[column]
            for version in range(allocations if held[codes & _CODE] else np.uint64(1)):
                one = rule[version, codes & _CODE]
                two = rule[one, (codes >> _STEP) & _CODE]
                three = rule[two, (codes >> (_STEP + _STEP)) & _CODE]
                four = rule[three, codes >> (_STEP + _STEP + _STEP)]
                join_days(
                    sums, shapes, out, day_sums, day_shapes, charges, days[0] * allocations + one,
                    days[1] * allocations + two, days[2] * allocations + three, days[3] * allocations + four,
                    (days[1] * allocations + one) * allocations + two,
                    (days[2] * allocations + two) * allocations + three,
                    (days[3] * allocations + three) * allocations + four,
                )  # fmt: skip
                out += np.uint64(1)
        _advance(digits, sorts, inner)
    return out, out_heads, out_patterns


@njit(cache=True, error_model="numpy")
def _combine(
    node: int, below: int, begins: Ints, sizes: Ints, counts: Ints, unit: Ints, classes: Array, kids: Array,
    keys: Words, digits: Ints, sorts: Ints, held: Array, charges: Floats, middle: Any, allocations: Any, sums: Floats,
    shapes: Floats, marks: Words, heads: Array, patterns: Array, lists: Array, tables: Words, out: Any, out_heads: Any,
    out_patterns: Any, known: Words, listed: Words, table: Any, padded: Any, last: bool,
) -> tuple[Any, Any, Any]:  # fmt: skip
    """As ``_leaves``, the table of a node from the two below, whose ``tables`` (2, 3) begin there."""
    inner = len(sizes) - 1
    rows = 1
    for signal in range(inner):
        digits[signal] = 0
        sorts[signal] = counts[unit[signal], node]
        rows *= sorts[signal]
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
            left_row = left_row * np.uint64(counts[unit[signal], below]) + np.uint64(kids[one, 0])
            right_row = right_row * np.uint64(counts[unit[signal], below + 1]) + np.uint64(kids[one, 1])
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
        slot = (left_pattern * np.uint64(31) + right_pattern) & np.uint64(_LISTS - 1)
        if listed[slot, 0] != table or listed[slot, 1] != left_pattern or listed[slot, 2] != right_pattern:
            made, depend = _list(
                kids, columns, 1 if flat else wide, allocations, patterns, left_pattern, right_pattern, lists,
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
        _advance(digits, sorts, inner)
    return out, out_heads, out_patterns


@njit(cache=True, error_model="numpy")
def _list(
    kids: Array, columns: int, wide: int, allocations: Any, patterns: Array, left_pattern: Any, right_pattern: Any,
    lists: Array, at: Any,
) -> tuple[Any, Any]:  # fmt: skip
    """What a row's entries are joined of: lists, filled up to full lanes, of the left ones, of the right ones and of
    whether what is held is added to those. Answers how many entries there are, and whether any adds it."""
    made, depend = np.uint64(0), np.uint64(0)
    for column in range(columns, columns + wide):
        made += allocations if patterns[left_pattern + np.uint64(kids[column, 0])] & np.uint32(1) else _ONE
    step = (made + _EIGHT - _ONE) & ~(_EIGHT - _ONE)
    lists[at : at + np.uint64(3) * step] = 0
    place = at
    for column in range(columns, columns + wide):
        one = np.uint64(patterns[left_pattern + np.uint64(kids[column, 0])])
        two = np.uint64(patterns[right_pattern + np.uint64(kids[column, 1])])
        depend |= two & _ONE
        for version in range(allocations if one & _ONE else _ONE):
            lists[place] = (one >> _ONE) + version
            lists[place + step] = two >> _ONE
            lists[place + np.uint64(2) * step] = np.uint64(0) - (two & _ONE)
            place += _ONE
    return made, depend


@njit(cache=True, error_model="numpy")
def _advance(digits: Ints, sizes: Ints, signals: int) -> None:
    """The next combination of the first ``signals`` digits, the last of them fastest; after the last, the first."""
    for signal in range(signals - 1, -1, -1):
        digits[signal] += 1
        if digits[signal] < sizes[signal]:
            break
        digits[signal] = 0


@njit(cache=True, error_model="numpy")
def _walk(
    group: int, until: int, tip: int, outers: int, begins: Ints, sizes: Ints, counts: Ints, unit: Ints,
    classes: Array, digits: Ints, charges: Floats, none: Any, first: Any, length: Any, free: bool, allocations: Any,
    sums: Floats, shapes: Floats, states: Floats, holds: Words, heads: Array, patterns: Array, heads_at: Any,
    rows: Words, wide: Any, starts: Words,
) -> None:  # fmt: skip
    """Join blocks [group, until) to every variant of the unit.

    states, holds: of all variants the running peaks, then the deepest falls, then what is held.
    """
    inner = len(sizes) - 1
    many = np.uint64(outers) * wide
    held = np.uint64(2) * many
    table = heads_at
    for block in range(group, until):
        starts[block - group] = table
        combinations = 2
        for signal in range(inner):
            combinations *= counts[unit[signal], tip + block]
        table += np.uint64(combinations)
    digits[:] = 0
    begin = np.uint64(0)
    for _ in range(outers):
        for block in range(group, until):
            node = tip + block
            row = 0
            for signal in range(inner):
                at = begins[signal] + node * sizes[signal]
                row = row * counts[unit[signal], node] + classes[at + digits[signal]]
            head = starts[block - group] + np.uint64(2 * row)
            day = none if free else first + np.uint64(block) * length
            rows[block - group, 0] = heads[head]
            rows[block - group, 1] = heads[head + _ONE]
            rows[block - group, 2] = day * allocations * allocations
        place = np.uint64(0)
        while place + _EIGHT < wide:
            variant = begin + place
            walk_sixteen(
                sums, variant, states, variant, many + variant, holds, held + variant, shapes, patterns, place, rows,
                np.uint64(until - group), charges, allocations,
            )  # fmt: skip
            place += np.uint64(16)
        if place < wide:
            variant = begin + place
            walk_eight(
                sums, variant, states, variant, many + variant, holds, held + variant, shapes, patterns, place, rows,
                np.uint64(until - group), charges, allocations,
            )  # fmt: skip
        begin += wide
        _advance(digits, sizes, inner)


@njit(cache=True, error_model="numpy")
def _finish(
    sums: Floats, states: Floats, begin: Any, many: Any, count: Any, columns: Floats, length: int, field: int,
    centre: float, periods: float, risk_free: float, invested: Floats, constant: Floats, only: Any, metrics: Any,
    result: Floats, at: Any, stride: Any,
) -> None:  # fmt: skip
    """The ``metrics`` from ``only`` on of one segment of ``count`` variants from ``begin`` on, to ``result[at …]``,
    those of the next one to ``at + stride``.

    columns: (8 + 1 + 12 + A + 8, strip) flat, sums, fall and metrics with the variants side by side, to fill the lanes.
    """
    strip = np.uint64(STRIP)
    low = np.uint64(0)
    while low < count:
        here = min(count - low, strip)
        first = begin + low
        for place in range(np.uint64(0), here, _EIGHT):
            turn_eight(sums, (first + place) * _SUMS, _SUMS, columns, place, strip, _EIGHT, _EIGHT)
        for place in range(here):
            columns[_SUMS * strip + place] = states[many + first + place]
        _measure(columns, np.int64(here), length, field, centre, periods, risk_free, invested)
        for place in range(np.uint64(0), here, _EIGHT):
            for metric in range(np.uint64(0), metrics, _EIGHT):
                turn_eight(
                    columns, (np.uint64(_MEASURED) + only + metric) * strip + place, strip, result, at + metric, stride,
                    here - place, metrics - metric,
                )  # fmt: skip
            for lane in range(min(here - place, _EIGHT)):
                if columns[np.uint64(_SWITCHES) * strip + place + lane] == 0.0:
                    # All in one allocation: its own metrics, whose moments are about its own mean.
                    for allocation in range(np.uint64(len(invested))):
                        if columns[(np.uint64(_MEASURED + 12) + allocation) * strip + place + lane] == 1.0:
                            for metric in range(metrics):
                                result[at + lane * stride + metric] = constant[allocation, only + metric]
            at += _EIGHT * stride
        low += strip


@njit(cache=True, error_model="numpy")
def _measure(
    columns: Floats, count: Any, length: int, field: int, centre: float, periods: float, risk_free: float,
    invested: Floats,
) -> None:  # fmt: skip
    """``metrics.measure_returns`` in closed form, of sums about ``centre``."""
    legs = len(invested)
    days = float(length)
    mask = (1 << field) - 1
    less = days - 1.0 if length > 1 else np.nan
    for at in range(count):
        log = columns[at]
        offset = columns[STRIP + at] / days
        square = columns[2 * STRIP + at] / days
        cube = columns[3 * STRIP + at] / days
        fourth = columns[4 * STRIP + at] / days
        downside = columns[5 * STRIP + at]
        fall = columns[8 * STRIP + at]
        mean = offset + centre
        spread = square - offset * offset
        variance = spread * days / less
        flat = not variance > FLAT * (spread + mean * mean)
        fall = fall if fall > LEVEL else 0.0
        excess = mean * periods - risk_free
        volatility = np.sqrt(variance * periods)
        volatility = 0.0 if flat else volatility
        sharpe = excess / volatility
        sortino = excess / np.sqrt(downside / days * periods)
        cagr, drawdown = growth(log * periods / days), growth(-fall)
        calmar = cagr / -drawdown
        third = (cube - 3.0 * offset * square + 2.0 * offset**3) / (spread * np.sqrt(spread))
        last = (fourth - 4.0 * offset * cube + 6.0 * offset**2 * square - 3.0 * offset**4) / spread**2
        columns[_MEASURED * STRIP + at] = growth(log)
        columns[(_MEASURED + 1) * STRIP + at] = cagr
        columns[(_MEASURED + 2) * STRIP + at] = volatility if length > 1 else np.nan
        columns[(_MEASURED + 3) * STRIP + at] = np.nan if flat else sharpe
        columns[(_MEASURED + 4) * STRIP + at] = sortino if downside > 0.0 else np.nan
        columns[(_MEASURED + 5) * STRIP + at] = drawdown
        columns[(_MEASURED + 6) * STRIP + at] = calmar if fall > 0.0 else np.nan
        columns[(_MEASURED + 7) * STRIP + at] = np.nan if flat else third
        columns[(_MEASURED + 8) * STRIP + at] = np.nan if flat else last
        columns[(_MEASURED + 9) * STRIP + at] = np.int64(columns[7 * STRIP + at]) & mask
        columns[(_MEASURED + 10) * STRIP + at] = columns[6 * STRIP + at] * periods / days
        columns[(_MEASURED + 11) * STRIP + at] = 0.0
    last_leg = (_MEASURED + 11 + legs) * STRIP
    columns[last_leg : last_leg + count] = days
    for leg in range(legs):
        shift = field * (leg + 1)
        row = (_MEASURED + 12 + leg) * STRIP
        for at in range(count):
            if leg < legs - 1:
                held = float((np.int64(columns[7 * STRIP + at]) >> shift) & mask)
                columns[last_leg + at] -= held
            else:
                held = columns[last_leg + at]
            columns[row + at] = held / days
            columns[(_MEASURED + 11) * STRIP + at] += columns[row + at] * invested[leg]


@njit(cache=True, error_model="numpy", inline="always")
def growth(value: float) -> float:
    """e^value − 1 to the last digit or two, without a branch: the power series within half a doubling of 1."""
    value = value if value < 710.0 else 710.0
    value = value if value > -40.0 else -40.0
    marked = value * 1.4426950408889634 + 6755399441055744.0  # 1.5 · 2^52: what is added to it is rounded
    doublings = marked - 6755399441055744.0
    rest = value - doublings * 6.93147180369123816490e-01 - doublings * 1.90821492927058770002e-10
    series = 1.0 / 6227020800.0
    series = series * rest + 1.0 / 479001600.0
    series = series * rest + 1.0 / 39916800.0
    series = series * rest + 1.0 / 3628800.0
    series = series * rest + 1.0 / 362880.0
    series = series * rest + 1.0 / 40320.0
    series = series * rest + 1.0 / 5040.0
    series = series * rest + 1.0 / 720.0
    series = series * rest + 1.0 / 120.0
    series = series * rest + 1.0 / 24.0
    series = series * rest + 1.0 / 6.0
    series = series * rest + 0.5
    half: float = half_of_power(marked)
    return 2.0 * (half * (rest + rest * rest * series) + (half - 0.5))
