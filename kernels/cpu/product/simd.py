"""Vectors of eight lanes, which Numba has no words for; LLVM fits them to whatever the processor has.

Arrays are flat; positions are uint64.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 8
DOUBLE = ir.DoubleType()
WORD = ir.IntType(64)
I32 = ir.IntType(32)
FOUR = ir.VectorType(DOUBLE, 4)
EIGHT = ir.VectorType(DOUBLE, LANES)
WORDS = ir.VectorType(WORD, LANES)
HALVES = ir.VectorType(I32, LANES)
INDEX = types.uint64


class Arguments:
    """The arguments of an intrinsic call: arrays by what they point to, numbers as they are."""

    def __init__(self, context: Any, builder: Any, signature: Any, arguments: Any) -> None:
        self.builder = builder
        self._given = [
            context.make_array(kind)(context, builder, value=value).data if isinstance(kind, types.Array) else value
            for kind, value in zip(signature.args, arguments, strict=True)
        ]

    def __getitem__(self, position: int) -> Any:
        return self._given[position]

    def at(self, array: int, place: Any, kind: Any) -> Any:
        """A pointer to ``kind`` at element ``place`` of an array."""
        return self.builder.bitcast(self.builder.gep(self[array], [place]), kind.as_pointer())

    def load(self, array: int, place: Any, kind: Any = EIGHT) -> Any:
        return self.builder.load(self.at(array, place, kind), align=4 if kind in (I32, HALVES) else 8)

    def load_bytes(self, array: int, offset: Any, kind: Any) -> Any:
        """As ``load``, at a byte offset: one that an address is scaled from costs no instruction."""
        builder = self.builder
        begin = builder.bitcast(self[array], ir.IntType(8).as_pointer())
        return builder.load(builder.bitcast(builder.gep(begin, [offset]), kind.as_pointer()), align=8)

    def store(self, value: Any, array: int, place: Any, kind: Any = EIGHT) -> None:
        self.builder.store(value, self.at(array, place, kind), align=8)


def number(value: int) -> Any:
    return ir.Constant(WORD, value)


def same(value: int) -> Any:
    return ir.Constant(WORDS, [value] * LANES)


def shuffle(builder: Any, one: Any, two: Any, order: Sequence[int]) -> Any:
    return builder.shuffle_vector(one, two, ir.Constant(ir.VectorType(I32, len(order)), list(order)))


_EVEN = (0, 8, 2, 10, 4, 12, 6, 14)
_ODD = (1, 9, 3, 11, 5, 13, 7, 15)
_FRONT = (0, 1, 8, 9, 4, 5, 12, 13)
_BACK = (2, 3, 10, 11, 6, 7, 14, 15)


def turn(builder: Any, quarters: Sequence[Any]) -> list[Any]:
    """Four vectors, rows i and i + 4 of four numbers each in vector i, into the four columns; also the way back."""
    even = [shuffle(builder, quarters[at], quarters[at + 1], _EVEN) for at in (0, 2)]
    odd = [shuffle(builder, quarters[at], quarters[at + 1], _ODD) for at in (0, 2)]
    return [shuffle(builder, pair[0], pair[1], order) for order in (_FRONT, _BACK) for pair in (even, odd)]


def larger(builder: Any, one: Any, two: Any) -> Any:
    return builder.select(builder.fcmp_ordered(">", one, two), one, two)


def smaller(builder: Any, one: Any, two: Any) -> Any:
    return builder.select(builder.fcmp_ordered("<", one, two), one, two)


def column(builder: Any, rows: Sequence[Any]) -> Any:
    """The first number of each of eight vectors."""
    pairs = [shuffle(builder, rows[at], rows[at + 1], (0, 8)) for at in range(0, LANES, 2)]
    halves = [shuffle(builder, pairs[at], pairs[at + 1], range(4)) for at in (0, 2)]
    return shuffle(builder, halves[0], halves[1], range(8))


def spread(builder: Any, value: Any) -> Any:
    kind = ir.VectorType(value.type, LANES)
    one = builder.insert_element(ir.Constant(kind, ir.Undefined), value, ir.Constant(I32, 0))
    return shuffle(builder, one, one, [0] * LANES)


def store_some(builder: Any, value: Any, place: Any, inside: Any) -> None:
    """The lanes of a vector that ``inside`` (8 bits) names."""
    bits = ir.VectorType(ir.IntType(1), LANES)
    kind = ir.FunctionType(ir.VoidType(), [EIGHT, EIGHT.as_pointer(), I32, bits])
    store = cgutils.get_or_insert_function(builder.module, kind, "llvm.masked.store.v8f64.p0")
    builder.call(store, [value, place, ir.Constant(I32, 8), inside])


def fetch(given: Arguments, array: int, place: Any) -> None:
    """Ask for the cache line of an element before it is needed."""
    byte = ir.IntType(8).as_pointer()
    kind = ir.FunctionType(ir.VoidType(), [byte, I32, I32, I32])
    ask = cgutils.get_or_insert_function(given.builder.module, kind, "llvm.prefetch.p0")
    write, nearest, data = (ir.Constant(I32, value) for value in (1, 3, 1))
    given.builder.call(ask, [given.at(array, place, ir.IntType(8)), write, nearest, data])


def generated(generate: Callable[[Arguments], None]) -> Callable[..., Any]:
    def lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        generate(Arguments(context, builder, signature, arguments))
        return context.get_dummy_value()

    return lower


@intrinsic
def turn_eight(
    _context: Any, source: Any, _begin: Any, _step: Any, target: Any, _start: Any, _stride: Any, _rows: Any, _width: Any
) -> Any:  # fmt: skip
    """target[start + i·stride + k] = source[begin + k·step + i] for i < rows ≤ 8 and k < width ≤ 8, flat float64.

    All eight times eight are read.
    """

    def generate(given: Arguments) -> None:
        builder = given.builder
        columns = [given.load(0, builder.add(given[1], builder.mul(given[2], number(at)))) for at in range(LANES)]
        rows = [
            row
            for low in (0, 4)
            for row in turn(builder, [shuffle(builder, columns[at], columns[at + 4],
                                                [*range(low, low + 4), *range(low + 8, low + 12)]) for at in range(4)])
        ]  # fmt: skip
        lanes = ir.Constant(WORDS, list(range(LANES)))
        inside = builder.icmp_unsigned("<", lanes, spread(builder, given[7]))
        for at, row in enumerate(rows):
            place = given.at(3, builder.add(given[4], builder.mul(given[5], number(at))), EIGHT)
            with builder.if_then(builder.icmp_unsigned("<", number(at), given[6])):
                store_some(builder, row, place, inside)

    return types.void(source, INDEX, INDEX, target, INDEX, INDEX, INDEX, INDEX), generated(generate)


@intrinsic
def half_of_power(_context: Any, marked: Any) -> Any:
    """2^(k − 1) of 1.5 · 2^52 + k, whose last bits are those of k."""

    def lower(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        bits = builder.add(builder.bitcast(arguments[0], WORD), number(1022))
        return builder.bitcast(builder.shl(bits, number(52)), DOUBLE)

    return types.float64(types.float64), lower
