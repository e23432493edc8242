"""Eight float64 lanes added at once, which Numba has no name for; LLVM fits them to whatever the processor has."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

_EIGHT = ir.VectorType(ir.DoubleType(), 8)


@intrinsic
def add_lanes(
    _context: Any, _out: Any, _at: Any, first: Any, _one: Any, second: Any, _two: Any, third: Any, _three: Any
) -> Any:
    """out[at : at + 8] = first[one : one + 8] + third[three : three + 8] + second[two : two + 8], flat float64."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        def lanes(position: int) -> Any:
            array = context.make_array(signature.args[position])(context, builder, value=arguments[position])
            return builder.bitcast(builder.gep(array.data, [arguments[position + 1]]), _EIGHT.as_pointer())

        loaded = [builder.load(lanes(position), align=8) for position in (2, 4, 6)]
        total = builder.fadd(builder.fadd(loaded[0], loaded[2]), loaded[1])
        builder.store(total, lanes(0), align=8)
        return context.get_dummy_value()

    index = types.uint64
    return types.void(_out, index, first, index, second, index, third, index), generate


@intrinsic
def add_four(
    _context: Any, out: Any, _at: Any, other: Any, _a: Any, _b: Any, _c: Any, _d: Any, charges: Any,
    _e: Any, _f: Any, _g: Any, _h: Any,
) -> Any:  # fmt: skip
    """As four ``add_lanes`` onto out[at : at + 8], of other[a …], other[b …], …, charged charges[e …], …"""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        def lanes(array: int, place: int) -> Any:
            data = context.make_array(signature.args[array])(context, builder, value=arguments[array]).data
            return builder.bitcast(builder.gep(data, [arguments[place]]), _EIGHT.as_pointer())

        total = builder.load(lanes(0, 1), align=8)
        for step in range(4):
            total = builder.fadd(total, builder.load(lanes(7, 8 + step), align=8))
            total = builder.fadd(total, builder.load(lanes(2, 3 + step), align=8))
        builder.store(total, lanes(0, 1), align=8)
        return context.get_dummy_value()

    index = types.uint64
    return types.void(out, index, other, *[index] * 4, charges, *[index] * 4), generate
