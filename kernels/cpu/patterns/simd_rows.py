"""Rows of eight float64 in flat arrays, as LLVM vectors (``product.simd``). Indices count elements and are not checked.

The compiler cannot see that two arrays do not overlap, and would compute the eight numbers of a row one by one.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.extending import intrinsic

from gridproof.kernels.cpu.product.simd import (
    DOUBLE,
    EIGHT,
    I32,
    INDEX,
    WORD,
    Emitter,
    broadcast,
    larger,
    lowering,
    word,
)


@intrinsic
def add_rows(_context: Any, table: Any, _out: Any, _one: Any, _other: Any) -> Any:
    """The row at ``out`` of a table = the row at ``one`` + the row at ``other``."""

    def generate(emit: Emitter, table: Any, out: Any, one: Any, other: Any) -> None:
        emit.store(emit.builder.fadd(emit.load(table, one), emit.load(table, other)), table, out)

    return types.void(table, INDEX, INDEX, INDEX), lowering(generate)


@intrinsic
def add_between(_context: Any, table: Any, _out: Any, prefix: Any, _begin: Any, _end: Any) -> Any:
    """Add to the row at ``out`` the difference of two rows of prefix sums."""

    def generate(emit: Emitter, table: Any, out: Any, prefix: Any, begin: Any, end: Any) -> None:
        builder = emit.builder
        between = builder.fsub(emit.load(prefix, end), emit.load(prefix, begin))
        emit.store(builder.fadd(emit.load(table, out), between), table, out)

    return types.void(table, INDEX, prefix, INDEX, INDEX), lowering(generate)


@intrinsic
def add_product(_context: Any, table: Any, _out: Any, rows: Any, _at: Any, _factor: Any) -> Any:
    """Add to the row at ``out`` the row at ``at`` of another array times a number."""

    def generate(emit: Emitter, table: Any, out: Any, rows: Any, at: Any, factor: Any) -> None:
        builder = emit.builder
        more = builder.fmul(emit.load(rows, at), broadcast(builder, factor))
        emit.store(builder.fadd(emit.load(table, out), more), table, out)

    return types.void(table, INDEX, rows, INDEX, types.float64), lowering(generate)


@intrinsic
def sum_rows(
    _context: Any, total: Any, _out: Any, table: Any, _place: Any, _width: Any, roots: Any, _first: Any, _count: Any,
    _unit: Any,
) -> Any:  # fmt: skip
    """The row at ``out`` of ``total`` = ``unit`` times the sum of ``count`` ≥ 1 rows of a table.

    The rows are roots[first …], int32, each ``width`` elements; of each the eight from ``place`` on are added.
    """

    def generate(
        emit: Emitter, total: Any, out: Any, table: Any, place: Any, width: Any, roots: Any, first: Any, count: Any,
        unit: Any,
    ) -> None:  # fmt: skip
        builder = emit.builder

        def row(number: Any) -> Any:
            root = builder.zext(emit.load(roots, builder.add(first, number), I32), WORD)
            return emit.load(table, builder.add(builder.mul(root, width), place))

        begin = row(word(0))
        before, loop, after = builder.block, builder.append_basic_block(), builder.append_basic_block()
        builder.cbranch(builder.icmp_unsigned(">", count, word(1)), loop, after)
        builder.position_at_end(loop)
        number, running = builder.phi(WORD), builder.phi(EIGHT)
        number.add_incoming(word(1), before)
        running.add_incoming(begin, before)
        following, more = builder.add(number, word(1)), builder.fadd(running, row(number))
        number.add_incoming(following, builder.block)
        running.add_incoming(more, builder.block)
        last = builder.block
        builder.cbranch(builder.icmp_unsigned("<", following, count), loop, after)
        builder.position_at_end(after)
        found = builder.phi(EIGHT)
        found.add_incoming(begin, before)
        found.add_incoming(more, last)
        emit.store(builder.fmul(found, broadcast(builder, unit)), total, out)

    arguments = (total, INDEX, table, INDEX, INDEX, roots, INDEX, INDEX, types.float64)
    return types.void(*arguments), lowering(generate)


@intrinsic
def raise_row(
    _context: Any, best: Any, against: Any, _at: Any, total: Any, centres: Any, factors: Any, _kind: Any
) -> Any:
    """Raise the row at ``at`` of ``best`` to (total − the row of ``against`` − centre)·factor; NaN raises nothing.

    total: one row. centres[kind], factors[kind] are numbers.
    """

    def generate(
        emit: Emitter, best: Any, against: Any, at: Any, total: Any, centres: Any, factors: Any, kind: Any
    ) -> None:
        builder = emit.builder
        centre, factor = (broadcast(builder, emit.load(each, kind, DOUBLE)) for each in (centres, factors))
        value = builder.fsub(builder.fsub(emit.load(total, word(0)), emit.load(against, at)), centre)
        emit.store(larger(builder, builder.fmul(value, factor), emit.load(best, at)), best, at)

    return types.void(best, against, INDEX, total, centres, factors, INDEX), lowering(generate)
