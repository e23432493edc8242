"""The compiled scan of a product: days are summarised once for all variants that do the same in them.

Time is a binary tree of days and paths that agree in a node are one class, see ``classes``. Every combination of a
node's classes, one of each signal, has one entry: the sums and the shape of the NAV over those days, see ``entries``.
An entry of a node is the join of two entries below; a variant is the join of one entry of each block. Where a rule may
hold, an entry has a version for each allocation held before.

Which joins make a variant depends on the days alone, never on what else is in the product, so a variant has the same
bits in every product.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import get_thread_id, prange

from gridproof.kernels.arrays import Array, Floats, Ints, Words
from gridproof.kernels.cpu.product.block_tables import CODE, LISTS, SHAPE, SUMS, advance, combine, leaves
from gridproof.kernels.cpu.product.path_classes import LEAF
from gridproof.kernels.cpu.product.segment_metrics import MEASURED, STRIP, finish
from gridproof.kernels.cpu.product.simd import LANES
from gridproof.kernels.cpu.product.simd_walk import walk_eight, walk_sixteen
from gridproof.kernels.jit import jit

_SUMS = np.uint64(SUMS)
_SHAPE = np.uint64(SHAPE)
_EIGHT = np.uint64(LANES)
_ONE = np.uint64(1)


@jit(parallel=True)
def sweep(
    units: Ints,
    chunks: Ints,
    spans: Ints,
    segments: Ints,
    nodes: Ints,
    classes: Array,
    children: Array,
    keys: Words,
    counts: Ints,
    rule: Words,
    held: Array,
    inner_irrelevant: Array,
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
    depends on what was held. inner_irrelevant: (codes,) whether the inner signal's bits
    change nothing under a code without them. day_sums, day_shapes: entries of single days (D + 1, A), the last of no
    day. field: bits of a count. constant:
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
        listed = np.zeros((LISTS, 6), dtype=np.uint64)
        columns = np.empty((MEASURED + constant.shape[2] + LANES) * STRIP)
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
                standing = np.uint64(start) if segments[0] < 0 else rule[start, code & CODE]
                holds[held_at + np.uint64(outer) * wide + place] = standing
            advance(digits, sizes, inner)
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
                                at, at_heads, at_patterns = leaves(
                                    node, begins, sizes, counts, units[unit], classes, keys, digits, sorts, rule, held,
                                    inner_irrelevant, day_sums, day_shapes, charges, first + np.uint64(leaf * LEAF),
                                    end, free,
                                    allocations, sums, shapes, heads, patterns, lists, at, at_heads, at_patterns, none,
                                    known, table, wide, last,
                                )  # fmt: skip
                            else:
                                middle = first + np.uint64(((2 * index + 1) << (level - 1)) * LEAF)
                                at, at_heads, at_patterns = combine(
                                    node, nodes[span, level - 1] + 2 * index, begins, sizes, counts, units[unit],
                                    classes, children, keys, digits, sorts, held, charges,
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
                    advance(digits, sizes, inner)
                    at = (job * result.shape[1] + cell) * result.shape[2] + segments[span]
                    finish(
                        sums, states, np.uint64(outer) * wide, many, np.uint64(sizes[inner]), columns,
                        lengths[segments[span]], field, centre, periods, risk_free, invested,
                        constant[segments[span]], np.uint64(only), metrics, every, np.uint64(at) * metrics,
                        np.uint64(strides[inner, 0] * result.shape[1] * result.shape[2]) * metrics,
                    )  # fmt: skip


@jit()
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
        advance(digits, sizes, inner)
