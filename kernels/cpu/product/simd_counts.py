"""Adds the day counts of entries, sixteen allocations at a time. See ``day_tables``; indices count entries.

Where nothing is counted, counts are None, and no code is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from gridproof.kernels.cpu.product.simd import I32, INDEX, LANES, WORD, Emitter, lowering, word

SIXTEEN = 16
COUNTS = ir.VectorType(ir.IntType(16), SIXTEEN)


@intrinsic
def count_days(
    _context: Any, counts: Any, _width: Any, _out: Any, days: Any, _first: Any, _second: Any, _third: Any, _fourth: Any
) -> Any:
    """Counts of entry ``out`` = rows ``first`` … ``fourth`` of ``days``, added."""

    counted = isinstance(counts, types.Array)

    def generate(emit: Emitter, counts: Any, width: Any, out: Any, days: Any, *rows: Any) -> None:
        if not counted:
            return
        begins = [(days, emit.builder.mul(row, width)) for row in rows]
        add_counts(emit, width, [(counts, emit.builder.mul(out, width))], [begins])

    return types.void(counts, INDEX, INDEX, days, *[INDEX] * 4), lowering(generate)


@intrinsic
def count_eight(
    _context: Any, counts: Any, _width: Any, _out: Any, lists: Any, _lefts: Any, _left: Any, _rights: Any, _right: Any
) -> Any:
    """Counts of entries out … out + 7 = those that ``simd_join.join_eight`` joins, added."""
    counted = isinstance(counts, types.Array)

    def generate(
        emit: Emitter, counts: Any, width: Any, out: Any, lists: Any, lefts: Any, left: Any, rights: Any, right: Any
    ) -> None:
        if not counted:
            return
        builder = emit.builder
        outs, sources = [], []
        for lane in range(LANES):
            outs.append((counts, builder.mul(builder.add(out, word(lane)), width)))
            both = []
            for begin, places in ((left, lefts), (right, rights)):
                place = builder.zext(emit.load(lists, builder.add(places, word(lane)), I32), WORD)
                both.append((counts, builder.mul(builder.add(begin, place), width)))
            sources.append(both)
        add_counts(emit, width, outs, sources)

    return types.void(counts, INDEX, INDEX, lists, *[INDEX] * 4), lowering(generate)


Place = tuple[Any, Any]  # an array of counts, and an index in it


def add_counts(emit: Emitter, width: Any, outs: Sequence[Place], sources: Sequence[Sequence[Place]]) -> None:
    """Emit: for each of ``outs``, the ``width`` counts from there on are the sums of those from its sources on."""
    builder = emit.builder
    before, loop, done = builder.block, builder.append_basic_block(), builder.append_basic_block()
    builder.branch(loop)
    builder.position_at_end(loop)
    at = builder.phi(WORD)
    at.add_incoming(word(0), before)
    for (target, begin), (first, *others) in zip(outs, sources, strict=True):
        total = emit.load(first[0], builder.add(first[1], at), COUNTS)
        for array, start in others:
            total = builder.add(total, emit.load(array, builder.add(start, at), COUNTS))
        emit.store(total, target, builder.add(begin, at), COUNTS)
    following = builder.add(at, word(SIXTEEN))
    at.add_incoming(following, builder.block)
    builder.cbranch(builder.icmp_unsigned("<", following, width), loop, done)
    builder.position_at_end(done)
