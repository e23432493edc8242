"""Joins of entries, eight abreast. What an entry is stands in ``entries``; positions count entries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from gridproof.kernels.cpu.product.simd import (
    DOUBLE,
    EIGHT,
    FOUR,
    I32,
    INDEX,
    LANES,
    WORD,
    WORDS,
    Arguments,
    column,
    generated,
    larger,
    number,
    same,
    shuffle,
    smaller,
    spread,
    turn,
)  # fmt: skip


@intrinsic
def join_days(
    _context: Any, sums: Any, shapes: Any, _out: Any, day_sums: Any, day_shapes: Any, charges: Any, _first: Any,
    _second: Any, _third: Any, _fourth: Any, _charge: Any, _next: Any, _last: Any,
) -> Any:  # fmt: skip
    """Entry ``out`` = four days in turn, entries of ``day_sums`` and ``day_shapes``, the later three charged the rows
    ``charge``, ``next`` and ``last`` of ``charges``."""

    def generate(given: Arguments) -> None:
        builder = given.builder
        total = given.load(3, builder.shl(given[6], number(3)))
        high, low, fall, mark = shape_at(given, 4, given[6])
        for day in (7, 8, 9):
            total = builder.fadd(total, given.load(5, builder.shl(given[day + 3], number(3))))
            base = builder.extract_element(total, ir.Constant(I32, 0))
            total = builder.fadd(total, given.load(3, builder.shl(given[day], number(3))))
            *other, other_mark = shape_at(given, 4, given[day])
            high, lowest, fall = extend(builder, high, fall, base, other)
            low = smaller(builder, low, lowest)
            mark = builder.or_(builder.and_(mark, number(0xFFFF)), builder.and_(other_mark, number(2**64 - 1 - 0xFFFF)))
        given.store(total, 0, builder.shl(given[2], number(3)))
        for place, value in enumerate((high, low, fall, builder.bitcast(mark, DOUBLE))):
            at = builder.add(builder.shl(given[2], number(2)), number(place))
            given.store(value, 1, at, DOUBLE)

    return types.void(sums, shapes, INDEX, day_sums, day_shapes, charges, *[INDEX] * 7), generated(generate)


@intrinsic
def join_eight(
    _context: Any, sums: Any, shapes: Any, _out: Any, lists: Any, _lefts: Any, _left: Any, _rights: Any, _right: Any,
    charges: Any, _boundary: Any, _allocations: Any,
) -> Any:  # fmt: skip
    """Entries out … out + 7 = left + lists[lefts …], then right + lists[rights …], whose first day is charged.

    charges: (…, 8), from row ``boundary`` on (A, A): of each switch.
    """

    def generate(given: Arguments) -> None:
        builder = given.builder
        lefts, rights = offsets_of(given, 3, given[4], given[5]), offsets_of(given, 3, given[6], given[7])
        outs = [builder.add(given[2], number(lane)) for lane in range(LANES)]
        high, low, fall, mark = shapes_at(given, 1, lefts)
        *other, other_mark = shapes_at(given, 1, rights)
        mark, other_mark = builder.bitcast(mark, WORDS), builder.bitcast(other_mark, WORDS)
        last, first = builder.lshr(mark, same(16)), builder.and_(other_mark, same(0xFFFF))
        sums, base = charge(given, sums_at(given, 0, lefts), 8, last, first, given[9], given[10])
        for out, total, right in zip(outs, sums, sums_at(given, 0, rights), strict=True):
            given.store(builder.fadd(total, right), 0, builder.shl(out, number(3)))
        high, lowest, fall = extend(builder, high, fall, base, other)
        low = smaller(builder, low, lowest)
        mark = builder.or_(builder.and_(mark, same(0xFFFF)), builder.and_(other_mark, same(0xFFFF << 16)))
        rows = turn(builder, [high, low, fall, builder.bitcast(mark, EIGHT)])
        for at, row in enumerate(rows):
            for half in range(2):
                part = shuffle(builder, row, row, range(4 * half, 4 * half + 4))
                given.store(part, 1, builder.shl(outs[at + 4 * half], number(2)), FOUR)

    arguments = (sums, shapes, INDEX, lists, *[INDEX] * 4, charges, INDEX, INDEX)
    return types.void(*arguments), generated(generate)


def extend(builder: Any, high: Any, fall: Any, base: Any, other: Sequence[Any]) -> tuple[Any, Any, Any]:
    """A NAV that reached ``high`` and fell by ``fall``, and goes on from ``base`` as another one, of high, low and
    depth. Answers how high it is then, how low the other one is, and the deepest fall."""
    highest, lowest = (builder.fadd(base, each) for each in other[:2])
    deepest = larger(builder, larger(builder, fall, other[2]), builder.fsub(high, lowest))
    return larger(builder, high, highest), lowest, deepest


def shape_at(given: Arguments, array: int, entry: Any) -> list[Any]:
    """high, low, depth and mark (as a word) of one entry."""
    builder = given.builder
    begin = builder.shl(entry, number(2))
    kinds = [DOUBLE] * 3 + [WORD]
    return [given.load(array, builder.add(begin, number(place)), kind) for place, kind in enumerate(kinds)]


def shapes_at(given: Arguments, array: int, offsets: Sequence[Any]) -> list[Any]:
    """high, low, depth and mark of the entries at eight offsets, in bytes of a shape."""
    builder = given.builder
    rows = [given.load_bytes(array, offset, FOUR) for offset in offsets]
    return turn(builder, [shuffle(builder, rows[at], rows[at + 4], range(8)) for at in range(4)])


def sums_at(given: Arguments, array: int, offsets: Sequence[Any]) -> list[Any]:
    """The sums of entries at eight offsets, in bytes of a shape."""
    return [given.load_bytes(array, given.builder.shl(offset, number(1)), EIGHT) for offset in offsets]


def offsets_of(given: Arguments, lists: int, at: Any, begin: Any) -> list[Any]:
    """Eight entries from a list of uint32, counted from ``begin``, as bytes of a shape."""
    builder = given.builder
    begin = builder.shl(begin, number(5))
    places = [builder.zext(given.load(lists, builder.add(at, number(lane)), I32), WORD) for lane in range(LANES)]
    return [builder.add(begin, builder.shl(place, number(5))) for place in places]


def charge(
    given: Arguments, sums: Sequence[Any], charges: int, last: Any, first: Any, boundary: Any, allocations: Any
) -> tuple[list[Any], Any]:
    """Sums of eight with the charge of going from ``last`` to ``first``, which is rare and read where one has one; and
    their log NAV."""
    builder = given.builder
    differs = builder.icmp_unsigned("!=", last, first)
    charged = builder.icmp_unsigned("!=", builder.bitcast(differs, ir.IntType(LANES)), ir.Constant(ir.IntType(8), 0))
    without = builder.block
    with builder.if_then(charged):
        switches = builder.add(builder.mul(last, spread(builder, allocations)), first)
        places = builder.shl(builder.add(switches, spread(builder, boundary)), same(3))
        after = []
        for lane, total in enumerate(sums):
            place = builder.extract_element(places, ir.Constant(I32, lane))
            after.append(builder.fadd(total, given.load(charges, place)))
        with_fee = builder.block
    found = []
    for total, fee in zip(sums, after, strict=True):
        phi = builder.phi(EIGHT)
        phi.add_incoming(fee, with_fee)
        phi.add_incoming(total, without)
        found.append(phi)
    return found, column(builder, found)
