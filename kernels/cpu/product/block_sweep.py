"""The compiled sweep of a product: days are summarised once for all variants that do the same on them.

Time is a binary tree of days, and paths that agree in a node are one class (``path_classes``). Every combination of a
node's classes, one of each signal, has one entry: the sums and the shape of the NAV over those days (``block_tables``).
An entry of a node is the join of two entries below; a variant is the join of one entry of each block. Where the rule
depends on the allocation held, an entry has a version for each.

Which joins make a variant depends on the days alone, never on what else is in the product, so a variant has the same
bits in every product.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gridproof.kernels.arrays import Array, Floats
from gridproof.kernels.cpu.product.block_tables import LISTS, RuleTable, combine_halves, tabulate_leaf
from gridproof.kernels.cpu.product.buffer_layout import BufferLayout, Buffers
from gridproof.kernels.cpu.product.day_tables import DayTables
from gridproof.kernels.cpu.product.day_tree import LEAF, DayTree
from gridproof.kernels.cpu.product.entry import SHAPE, SUMS
from gridproof.kernels.cpu.product.path_classes import CODE, PathClasses
from gridproof.kernels.cpu.product.segment_metrics import MEASURED, STRIP, MetricTerms, Segment, Target, write_metrics
from gridproof.kernels.cpu.product.simd import LANES
from gridproof.kernels.cpu.product.simd_walk import walk_eight, walk_sixteen
from gridproof.kernels.cpu.product.unit import Node, Position, Scratch, Unit, advance
from gridproof.kernels.cpu.product.units import Units
from gridproof.kernels.jit import jit

_SUMS = np.uint64(SUMS)
_SHAPE = np.uint64(SHAPE)
_CODE = np.uint64(CODE)
_EIGHT = np.uint64(LANES)
_ZERO = np.uint64(0)
_ONE = np.uint64(1)
_TWO = np.uint64(2)


class Output(NamedTuple):
    """Where a sweep writes: one execution of all variants."""

    rows: Floats  # (variants, E, S, M)
    first: int  # the metric that stands first in a row
    execution: int


@jit(nogil=True)
def sweep(
    low: int, high: int, work: Units, tree: DayTree, paths: PathClasses, rule: RuleTable, days: DayTables,
    terms: MetricTerms, layout: BufferLayout, buffers: Buffers, output: Output,
) -> None:  # fmt: skip
    """Evaluate units [low, high) of a product. paths: classes and children as uint32. buffers: of one thread, flat.

    buffers.counts and days.counts are None where no days are counted, which is compiled separately, without their code.
    """
    for number in range(low, high):
        unit = _unit(work, paths, days, layout, len(terms.invested), number)
        most_blocks = _most_blocks(tree)
        scratch = Scratch(
            np.zeros(len(unit.sizes), dtype=np.int64),
            np.empty(len(unit.sizes), dtype=np.int64),
            np.zeros((rule.next.shape[1], 2), dtype=np.uint64),
            np.zeros((LISTS, 6), dtype=np.uint64),
            np.empty((MEASURED + days.constant.shape[2] + LANES) * STRIP),
            np.empty(most_blocks, dtype=np.uint64),
            np.empty((most_blocks, 3), dtype=np.uint64),
        )
        _evaluate(unit, work, tree, paths, rule, days, terms, layout, buffers, scratch, output)


@jit(counted=False)
def _evaluate(
    unit: Unit, work: Units, tree: DayTree, paths: PathClasses, rule: RuleTable, days: DayTables,
    terms: MetricTerms, layout: BufferLayout, buffers: Buffers, scratch: Scratch,
    output: Output,
) -> None:  # fmt: skip
    """Evaluate one unit."""
    _open(unit, tree, paths, rule, buffers, scratch)
    table = _ZERO
    for span in range(len(tree.spans)):
        buffers.sums[: unit.variants * _SUMS] = 0.0
        buffers.states[: _TWO * unit.variants] = 0.0
        _clear_counts(buffers.counts, unit.variants * unit.count_width)
        levels = tree.nodes.shape[1] - 1
        blocks = tree.nodes[span, levels] - tree.nodes[span, levels - 1]
        block = np.int64(0)  # a literal would be compiled by itself
        while block < blocks:
            group = block
            block, table = _tabulate(unit, tree, paths, rule, days, layout, buffers, scratch, span, group, table)
            _walk(unit, tree, paths, days, layout, buffers, scratch, span, group, block)
        if tree.segments[span] >= 0:
            _conclude(unit, work, tree, days, terms, buffers, scratch, output, span)


@jit(counted=False)
def _clear_counts(counts: Array | None, size: int) -> None:
    if counts is not None:
        counts[:size] = 0


@jit(inline="always")
def _unit(
    work: Units, paths: PathClasses, days: DayTables, layout: BufferLayout, allocations: int, number: int
) -> Unit:
    chunks = work.units[number]
    signals = len(chunks)
    sizes = np.empty(signals, dtype=np.int64)
    begins = np.empty(signals, dtype=np.int64)
    outer_count: Any = np.int64(1)
    for signal in range(signals):
        low, high = work.chunks[chunks[signal], 1], work.chunks[chunks[signal], 2]
        sizes[signal] = high - low
        begins[signal] = paths.counts.shape[1] * low
        outer_count *= 1 if signal == signals - 1 else high - low
    width = (np.uint64(sizes[signals - 1]) + _EIGHT - _ONE) // _EIGHT * _EIGHT
    no_day = np.uint64(len(days.shapes)) // (np.uint64(allocations) * _SHAPE) - _ONE
    return Unit(
        chunks, sizes, begins, outer_count, width, np.uint64(outer_count) * width, np.uint64(allocations),
        layout.versions, layout.count_width, no_day,
    )  # fmt: skip


@jit(inline="always")
def _most_blocks(tree: DayTree) -> Any:
    levels = tree.nodes.shape[1] - 1
    most: Any = np.int64(0)
    for span in range(len(tree.nodes)):
        most = max(most, tree.nodes[span, levels] - tree.nodes[span, levels - 1])
    return most


@jit(inline="always")
def _open(unit: Unit, tree: DayTree, paths: PathClasses, rule: RuleTable, buffers: Buffers, scratch: Scratch) -> None:
    """Write the patterns of flat rows, and the allocation that each variant holds before the first day.

    That is the rule's start, or, where days before the first segment do not have to be swept, what the rule makes of it
    on the first day: the switch into it is not charged.
    """
    inner = len(unit.sizes) - 1
    buffers.patterns[: unit.width] = 0
    buffers.patterns[unit.width : _TWO * unit.width] = 1
    held = buffers.states.view(np.uint64)
    first = tree.nodes[0, 0]
    place = _TWO * unit.variants
    for _ in range(unit.outer_count):
        outer = _ZERO
        for signal in range(inner):
            at = unit.begins[signal] + first * unit.sizes[signal]
            outer |= paths.keys[at + paths.classes[at + scratch.digits[signal]]]
        at = unit.begins[inner] + first * unit.sizes[inner]
        for path in range(unit.width):
            code = outer | paths.keys[at + paths.classes[at + min(np.int64(path), unit.sizes[inner] - 1)]]
            held[place] = np.uint64(rule.start) if tree.segments[0] < 0 else rule.next[rule.start, code & _CODE]
            place += _ONE
        advance(scratch.digits, unit.sizes, inner)


@jit(inline="always")
def _tabulate(
    unit: Unit, tree: DayTree, paths: PathClasses, rule: RuleTable, days: DayTables, layout: BufferLayout,
    buffers: Buffers, scratch: Scratch, span: int, block: int, table: Any,
) -> tuple[int, Any]:  # fmt: skip
    """Make the tables of the blocks from ``block`` on, as many as there is room for.

    table: the number of the last table made. Returns the block after the last one, and the number of its table.
    """
    levels = tree.nodes.shape[1] - 1
    blocks = tree.nodes[span, levels] - tree.nodes[span, levels - 1]
    first = np.uint64(tree.spans[span, 0])
    # Days before the first segment do not count.
    end = np.uint64(tree.spans[span, 1]) if tree.segments[span] >= 0 else _ZERO
    top = levels - 1
    out = Position(layout.tables[top, 0, 0], layout.tables[top, 0, 1], layout.tables[top, 0, 2])
    while block < blocks and out.entry < layout.block_end[0] and out.pattern < layout.block_end[2]:
        for leaf in range(block << top, (block + 1) << top):
            level, index = 0, leaf
            while True:
                is_block = level == top
                side = 0 if is_block else index & 1
                at = Position(
                    layout.tables[level, side, 0], layout.tables[level, side, 1], layout.tables[level, side, 2]
                )
                if is_block:
                    at = out
                table += _ONE
                number = tree.nodes[span, level] + index
                if level == 0:
                    node = Node(number, first + np.uint64(leaf * LEAF), end, table, is_block)
                    at = tabulate_leaf(unit, paths, rule, days, buffers, scratch, node, at)
                else:
                    middle = first + np.uint64(((2 * index + 1) << (level - 1)) * LEAF)
                    node = Node(number, middle, end, table, is_block)
                    below = tree.nodes[span, level - 1] + 2 * index
                    at = combine_halves(
                        unit, paths, rule, days, buffers, scratch, node, below, layout.tables[level - 1], at
                    )
                if is_block:
                    out = at
                if is_block or (index & 1) == 0:
                    break
                level += 1
                index >>= 1
        block += 1
    return block, table


@jit(counted=False)
def _walk(
    unit: Unit, tree: DayTree, paths: PathClasses, days: DayTables, layout: BufferLayout, buffers: Buffers,
    scratch: Scratch, span: int, group: int, until: int,
) -> None:  # fmt: skip
    """Join the entries of blocks [group, until), whose tables stand in the buffers, to every variant of the unit."""
    inner = len(unit.sizes) - 1
    top = tree.nodes.shape[1] - 2
    tip = tree.nodes[span, top]
    first, length = np.uint64(tree.spans[span, 0]), np.uint64(LEAF << top)
    rows, starts, digits = scratch.block_rows, scratch.row_starts, scratch.digits
    held = buffers.states.view(np.uint64)
    at_row = layout.tables[top, 0, 1]
    for block in range(group, until):
        starts[block - group] = at_row
        combinations = 2
        for signal in range(inner):
            combinations *= paths.counts[unit.chunks[signal], tip + block]
        at_row += np.uint64(combinations)
    digits[:] = 0
    begin = _ZERO
    for _ in range(unit.outer_count):
        for block in range(group, until):
            node = tip + block
            row = 0
            for signal in range(inner):
                at = unit.begins[signal] + node * unit.sizes[signal]
                row = row * paths.counts[unit.chunks[signal], node] + paths.classes[at + digits[signal]]
            place = starts[block - group] + np.uint64(2 * row)
            day = unit.no_day if tree.segments[span] < 0 else first + np.uint64(block) * length
            rows[block - group, 0] = buffers.rows[place]
            rows[block - group, 1] = buffers.rows[place + _ONE]
            rows[block - group, 2] = day * unit.allocations * unit.allocations
        path = _ZERO
        while path + _EIGHT < unit.width:
            variant = begin + path
            walk_sixteen(
                buffers.sums, variant, buffers.states, variant, unit.variants + variant, held,
                _TWO * unit.variants + variant, buffers.shapes, buffers.patterns, path, rows,
                np.uint64(until - group), days.charges, unit.allocations, buffers.counts, unit.count_width,
            )  # fmt: skip
            path += np.uint64(16)
        if path < unit.width:
            variant = begin + path
            walk_eight(
                buffers.sums, variant, buffers.states, variant, unit.variants + variant, held,
                _TWO * unit.variants + variant, buffers.shapes, buffers.patterns, path, rows,
                np.uint64(until - group), days.charges, unit.allocations, buffers.counts, unit.count_width,
            )  # fmt: skip
        begin += unit.width
        advance(digits, unit.sizes, inner)


@jit(inline="always")
def _conclude(
    unit: Unit, work: Units, tree: DayTree, days: DayTables, terms: MetricTerms, buffers: Buffers, scratch: Scratch,
    output: Output, span: int,
) -> None:  # fmt: skip
    """Write the metrics of the segment that ends."""
    signals = len(unit.sizes)
    inner = signals - 1
    rows, segment = output.rows, tree.segments[span]
    metrics = np.uint64(rows.shape[3])
    executions, segments = rows.shape[1], rows.shape[2]
    stride = np.uint64(work.strides[inner, 0] * executions * segments) * metrics
    target = Target(rows.reshape(-1), np.uint64(output.first), metrics, stride)
    terms_of_segment = Segment(terms.lengths[segment], days.constant[segment], days.centre)
    scratch.digits[:] = 0
    for outer in range(unit.outer_count):
        variant = np.int64(0)
        for signal in range(signals):
            path = work.chunks[unit.chunks[signal], 1] - work.strides[signal, 1] + scratch.digits[signal]
            variant += path * work.strides[signal, 0]
        advance(scratch.digits, unit.sizes, inner)
        at = np.uint64((variant * executions + output.execution) * segments + segment) * metrics
        write_metrics(
            unit, buffers, scratch.columns, terms, terms_of_segment, target, np.uint64(outer) * unit.width, at
        )
