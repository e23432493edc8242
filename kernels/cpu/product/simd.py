"""Vectors of eight lanes, as LLVM code: Numba has no words for them. LLVM maps them to what the processor has.

An intrinsic is a function of Numba whose body is written in LLVM's instructions, by a Python function that gets an
``Emitter`` and the operands: arrays as pointers to their first element, numbers as values. Arrays are flat, indices
uint64. Nothing is checked: the caller vouches for every index.
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


class Emitter:
    """Emits loads and stores; ``builder`` emits all else."""

    def __init__(self, builder: Any) -> None:
        self.builder = builder

    def at(self, array: Any, index: Any, kind: Any) -> Any:
        """A pointer to ``kind`` at an element of an array."""
        return self.builder.bitcast(self.builder.gep(array, [index]), kind.as_pointer())

    def load(self, array: Any, index: Any, kind: Any = EIGHT) -> Any:
        return self.builder.load(self.at(array, index, kind), align=4 if kind in (I32, HALVES) else 8)

    def load_bytes(self, array: Any, offset: Any, kind: Any) -> Any:
        """As ``load``, at an offset in bytes, which takes no instruction to scale."""
        builder = self.builder
        begin = builder.bitcast(array, ir.IntType(8).as_pointer())
        return builder.load(builder.bitcast(builder.gep(begin, [offset]), kind.as_pointer()), align=8)

    def store(self, value: Any, array: Any, index: Any, kind: Any = EIGHT) -> None:
        self.builder.store(value, self.at(array, index, kind), align=8)

    def store_lanes(self, value: Any, pointer: Any, inside: Any) -> None:
        """Store those lanes of a vector whose bit in ``inside`` is set."""
        builder = self.builder
        bits = ir.VectorType(ir.IntType(1), LANES)
        kind = ir.FunctionType(ir.VoidType(), [EIGHT, EIGHT.as_pointer(), I32, bits])
        store = cgutils.get_or_insert_function(builder.module, kind, "llvm.masked.store.v8f64.p0")
        builder.call(store, [value, pointer, ir.Constant(I32, 8), inside])

    def prefetch(self, array: Any, index: Any) -> None:
        """Ask for the cache line of an element that will be written; an index beyond the array does no harm."""
        byte = ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [byte, I32, I32, I32])
        ask = cgutils.get_or_insert_function(self.builder.module, kind, "llvm.prefetch.p0")
        write, nearest, data = (ir.Constant(I32, value) for value in (1, 3, 1))
        self.builder.call(ask, [self.at(array, index, ir.IntType(8)), write, nearest, data])


def lowering(generate: Callable[..., None]) -> Callable[..., Any]:
    """The code of an intrinsic without a result: ``generate(emitter, *operands)`` emits it."""

    def lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        operands = [
            context.make_array(kind)(context, builder, value=value).data if isinstance(kind, types.Array) else value
            for kind, value in zip(signature.args, arguments, strict=True)
        ]
        generate(Emitter(builder), *operands)
        return context.get_dummy_value()

    return lower


def word(value: int) -> Any:
    return ir.Constant(WORD, value)


def words(value: int) -> Any:
    """A vector of equal words."""
    return ir.Constant(WORDS, [value] * LANES)


def shuffle(builder: Any, one: Any, two: Any, order: Sequence[int]) -> Any:
    return builder.shuffle_vector(one, two, ir.Constant(ir.VectorType(I32, len(order)), list(order)))


_EVEN = (0, 8, 2, 10, 4, 12, 6, 14)
_ODD = (1, 9, 3, 11, 5, 13, 7, 15)
_FRONT = (0, 1, 8, 9, 4, 5, 12, 13)
_BACK = (2, 3, 10, 11, 6, 7, 14, 15)


def transpose_four(builder: Any, vectors: Sequence[Any]) -> list[Any]:
    """Transpose an 8 × 4 matrix whose rows i and i + 4 are the halves of vector i into its four columns, or back."""
    even = [shuffle(builder, vectors[at], vectors[at + 1], _EVEN) for at in (0, 2)]
    odd = [shuffle(builder, vectors[at], vectors[at + 1], _ODD) for at in (0, 2)]
    return [shuffle(builder, pair[0], pair[1], order) for order in (_FRONT, _BACK) for pair in (even, odd)]


def larger(builder: Any, one: Any, two: Any) -> Any:
    return builder.select(builder.fcmp_ordered(">", one, two), one, two)


def smaller(builder: Any, one: Any, two: Any) -> Any:
    return builder.select(builder.fcmp_ordered("<", one, two), one, two)


def first_lanes(builder: Any, vectors: Sequence[Any]) -> Any:
    """The first lane of each of eight vectors."""
    pairs = [shuffle(builder, vectors[at], vectors[at + 1], (0, 8)) for at in range(0, LANES, 2)]
    halves = [shuffle(builder, pairs[at], pairs[at + 1], range(4)) for at in (0, 2)]
    return shuffle(builder, halves[0], halves[1], range(8))


def broadcast(builder: Any, value: Any) -> Any:
    """A vector with the value in every lane."""
    kind = ir.VectorType(value.type, LANES)
    one = builder.insert_element(ir.Constant(kind, ir.Undefined), value, ir.Constant(I32, 0))
    return shuffle(builder, one, one, [0] * LANES)


@intrinsic
def transpose_eight(
    _context: Any, source: Any, _begin: Any, _step: Any, target: Any, _start: Any, _stride: Any, _rows: Any, _width: Any
) -> Any:  # fmt: skip
    """target[start + i·stride + k] = source[begin + k·step + i] for i < rows ≤ 8 and k < width ≤ 8, flat float64.

    All 8 × 8 elements of the source are read.
    """

    def generate(
        emit: Emitter, source: Any, begin: Any, step: Any, target: Any, start: Any, stride: Any, rows: Any, width: Any
    ) -> None:
        builder = emit.builder
        columns = [emit.load(source, builder.add(begin, builder.mul(step, word(at)))) for at in range(LANES)]
        found = []
        for low in (0, 4):
            halves = [*range(low, low + 4), *range(low + 8, low + 12)]
            paired = [shuffle(builder, columns[at], columns[at + 4], halves) for at in range(4)]
            found += transpose_four(builder, paired)
        lanes = ir.Constant(WORDS, list(range(LANES)))
        inside = builder.icmp_unsigned("<", lanes, broadcast(builder, width))
        for at, row in enumerate(found):
            pointer = emit.at(target, builder.add(start, builder.mul(stride, word(at))), EIGHT)
            with builder.if_then(builder.icmp_unsigned("<", word(at), rows)):
                emit.store_lanes(row, pointer, inside)

    return types.void(source, INDEX, INDEX, target, INDEX, INDEX, INDEX, INDEX), lowering(generate)
