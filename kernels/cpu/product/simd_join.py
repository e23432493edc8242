"""Joins entries of consecutive days, eight at a time. See ``entry`` for their layout; indices count entries.

An entry of days is joined to an entry of the days that follow: their sums are added, with the charge for the switch
between them, and the NAV of the second goes on from the last NAV of the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from gridproof.kernels.cpu.product.entry import FIRST, LAST
from gridproof.kernels.cpu.product.simd import (
    DOUBLE,
    EIGHT,
    FOUR,
    I32,
    INDEX,
    LANES,
    WORD,
    WORDS,
    Emitter,
    broadcast,
    first_lanes,
    larger,
    lowering,
    shuffle,
    smaller,
    transpose_four,
    word,
    words,
)  # fmt: skip


@intrinsic
def join_days(
    _context: Any, sums: Any, shapes: Any, _out: Any, day_sums: Any, day_shapes: Any, charges: Any, _first: Any,
    _second: Any, _third: Any, _fourth: Any, _second_charge: Any, _third_charge: Any, _fourth_charge: Any,
) -> Any:  # fmt: skip
    """Entry ``out`` = the entries ``first`` … ``fourth`` of single days, joined; the later three with a charge each.

    The days are entries of day_sums and day_shapes, a charge is a row of eight in ``charges``.
    """

    def generate(
        emit: Emitter, sums: Any, shapes: Any, out: Any, day_sums: Any, day_shapes: Any, charges: Any, first: Any,
        second: Any, third: Any, fourth: Any, second_charge: Any, third_charge: Any, fourth_charge: Any,
    ) -> None:  # fmt: skip
        builder = emit.builder
        total = emit.load(day_sums, builder.shl(first, word(3)))
        high, low, fall, mark = load_shape(emit, day_shapes, first)
        for day, charge in ((second, second_charge), (third, third_charge), (fourth, fourth_charge)):
            total = builder.fadd(total, emit.load(charges, builder.shl(charge, word(3))))
            base = builder.extract_element(total, ir.Constant(I32, 0))
            total = builder.fadd(total, emit.load(day_sums, builder.shl(day, word(3))))
            *other, other_mark = load_shape(emit, day_shapes, day)
            high, lowest, fall = extend_shape(builder, high, fall, base, other)
            low = smaller(builder, low, lowest)
            mark = builder.or_(builder.and_(mark, word(FIRST)), builder.and_(other_mark, word(2**64 - 1 - FIRST)))
        emit.store(total, sums, builder.shl(out, word(3)))
        for place, value in enumerate((high, low, fall, builder.bitcast(mark, DOUBLE))):
            emit.store(value, shapes, builder.add(builder.shl(out, word(2)), word(place)), DOUBLE)

    return types.void(sums, shapes, INDEX, day_sums, day_shapes, charges, *[INDEX] * 7), lowering(generate)


@intrinsic
def join_eight(
    _context: Any, sums: Any, shapes: Any, _out: Any, lists: Any, _lefts: Any, _left: Any, _rights: Any, _right: Any,
    charges: Any, _boundary: Any, _allocations: Any,
) -> Any:  # fmt: skip
    """Entries out … out + 7 = entries left + lists[lefts …] joined to entries right + lists[rights …].

    charges: rows of eight, from row ``boundary`` on (A, A): of a switch on the first day of the right entries.
    """

    def generate(
        emit: Emitter, sums: Any, shapes: Any, out: Any, lists: Any, lefts: Any, left: Any, rights: Any, right: Any,
        charges: Any, boundary: Any, allocations: Any,
    ) -> None:  # fmt: skip
        builder = emit.builder
        left_at, right_at = load_offsets(emit, lists, lefts, left), load_offsets(emit, lists, rights, right)
        outs = [builder.add(out, word(lane)) for lane in range(LANES)]
        high, low, fall, mark = load_shapes(emit, shapes, left_at)
        *other, other_mark = load_shapes(emit, shapes, right_at)
        mark, other_mark = builder.bitcast(mark, WORDS), builder.bitcast(other_mark, WORDS)
        last, first = builder.lshr(mark, words(LAST)), builder.and_(other_mark, words(FIRST))
        charged, base = add_charges(
            emit, load_sums(emit, sums, left_at), charges, last, first, boundary, allocations
        )  # fmt: skip
        for at, total, more in zip(outs, charged, load_sums(emit, sums, right_at), strict=True):
            emit.store(builder.fadd(total, more), sums, builder.shl(at, word(3)))
        high, lowest, fall = extend_shape(builder, high, fall, base, other)
        low = smaller(builder, low, lowest)
        mark = builder.or_(builder.and_(mark, words(FIRST)), builder.and_(other_mark, words(FIRST << LAST)))
        rows = transpose_four(builder, [high, low, fall, builder.bitcast(mark, EIGHT)])
        for at, row in enumerate(rows):
            for half in range(2):
                part = shuffle(builder, row, row, range(4 * half, 4 * half + 4))
                emit.store(part, shapes, builder.shl(outs[at + 4 * half], word(2)), FOUR)

    arguments = (sums, shapes, INDEX, lists, *[INDEX] * 4, charges, INDEX, INDEX)
    return types.void(*arguments), lowering(generate)


def extend_shape(builder: Any, high: Any, fall: Any, base: Any, other: Sequence[Any]) -> tuple[Any, Any, Any]:
    """A NAV of this high and deepest fall goes on from ``base`` by ``other``: high, low and deepest fall.

    Returns the high of the whole, the low of the second part, and the deepest fall of the whole.
    """
    highest, lowest = (builder.fadd(base, each) for each in other[:2])
    deepest = larger(builder, larger(builder, fall, other[2]), builder.fsub(high, lowest))
    return larger(builder, high, highest), lowest, deepest


def load_shape(emit: Emitter, shapes: Any, entry: Any) -> list[Any]:
    """High, low, fall and mark (as a word) of one entry."""
    begin = emit.builder.shl(entry, word(2))
    kinds = [DOUBLE] * 3 + [WORD]
    return [emit.load(shapes, emit.builder.add(begin, word(place)), kind) for place, kind in enumerate(kinds)]


def load_shapes(emit: Emitter, shapes: Any, offsets: Sequence[Any]) -> list[Any]:
    """Highs, lows, falls and marks of the entries at eight offsets, in bytes of ``shapes``."""
    rows = [emit.load_bytes(shapes, offset, FOUR) for offset in offsets]
    return transpose_four(emit.builder, [shuffle(emit.builder, rows[at], rows[at + 4], range(8)) for at in range(4)])


def load_sums(emit: Emitter, sums: Any, offsets: Sequence[Any]) -> list[Any]:
    """The sums of the entries at eight offsets, in bytes of ``shapes``: half of those of ``sums``."""
    return [emit.load_bytes(sums, emit.builder.shl(offset, word(1)), EIGHT) for offset in offsets]


def load_offsets(emit: Emitter, lists: Any, at: Any, begin: Any) -> list[Any]:
    """Offsets in bytes of ``shapes`` of eight entries: ``begin`` plus the eight numbers from ``at`` on in a list."""
    builder = emit.builder
    start = builder.shl(begin, word(5))
    places = [builder.zext(emit.load(lists, builder.add(at, word(lane)), I32), WORD) for lane in range(LANES)]
    return [builder.add(start, builder.shl(place, word(5))) for place in places]


def add_charges(
    emit: Emitter, sums: Sequence[Any], charges: Any, last: Any, first: Any, boundary: Any, allocations: Any
) -> tuple[list[Any], Any]:
    """Add to each of eight entries' sums the charge for the switch from ``last`` to ``first``.

    Returns the sums and, as a vector, their log NAVs. Switches are rare: charges are read only where a lane has one.
    """
    builder = emit.builder
    differs = builder.icmp_unsigned("!=", last, first)
    charged = builder.icmp_unsigned("!=", builder.bitcast(differs, ir.IntType(LANES)), ir.Constant(ir.IntType(8), 0))
    before = builder.block
    with builder.if_then(charged):
        switches = builder.add(builder.mul(last, broadcast(builder, allocations)), first)
        places = builder.shl(builder.add(switches, broadcast(builder, boundary)), words(3))
        after = []
        for lane, total in enumerate(sums):
            place = builder.extract_element(places, ir.Constant(I32, lane))
            after.append(builder.fadd(total, emit.load(charges, place)))
        inside = builder.block
    found = []
    for total, more in zip(sums, after, strict=True):
        phi = builder.phi(EIGHT)
        phi.add_incoming(more, inside)
        phi.add_incoming(total, before)
        found.append(phi)
    return found, first_lanes(builder, found)
