"""Joins of eight entries abreast, which Numba has no words for; LLVM fits the lanes to whatever the processor has.

What an entry is stands in ``blocks``. Arrays are flat; positions are uint64 and count entries unless they say lanes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 8
# How many variants ahead what they have come to is asked for.
AHEAD = 64
_FOUR = ir.VectorType(ir.DoubleType(), 4)
_EIGHT = ir.VectorType(ir.DoubleType(), LANES)
_WORDS = ir.VectorType(ir.IntType(64), LANES)
_WORD = ir.IntType(64)
_I32 = ir.IntType(32)
_HALVES = ir.VectorType(_I32, LANES)


class _Arguments:
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

    def load(self, array: int, place: Any, kind: Any = _EIGHT) -> Any:
        return self.builder.load(self.at(array, place, kind), align=4 if kind in (_I32, _HALVES) else 8)

    def load_bytes(self, array: int, offset: Any, kind: Any) -> Any:
        """As ``load``, at a byte offset: one that an address is scaled from costs no instruction."""
        builder = self.builder
        begin = builder.bitcast(self[array], ir.IntType(8).as_pointer())
        return builder.load(builder.bitcast(builder.gep(begin, [offset]), kind.as_pointer()), align=8)

    def store(self, value: Any, array: int, place: Any, kind: Any = _EIGHT) -> None:
        self.builder.store(value, self.at(array, place, kind), align=8)


def _number(value: int) -> Any:
    return ir.Constant(_WORD, value)


def _same(value: int) -> Any:
    return ir.Constant(_WORDS, [value] * LANES)


def _shuffle(builder: Any, one: Any, two: Any, order: Sequence[int]) -> Any:
    return builder.shuffle_vector(one, two, ir.Constant(ir.VectorType(_I32, len(order)), list(order)))


_EVEN = (0, 8, 2, 10, 4, 12, 6, 14)
_ODD = (1, 9, 3, 11, 5, 13, 7, 15)
_FRONT = (0, 1, 8, 9, 4, 5, 12, 13)
_BACK = (2, 3, 10, 11, 6, 7, 14, 15)


def _turn(builder: Any, quarters: Sequence[Any]) -> list[Any]:
    """Four vectors, rows i and i + 4 of four numbers each in vector i, into the four columns; also the way back."""
    even = [_shuffle(builder, quarters[at], quarters[at + 1], _EVEN) for at in (0, 2)]
    odd = [_shuffle(builder, quarters[at], quarters[at + 1], _ODD) for at in (0, 2)]
    return [_shuffle(builder, pair[0], pair[1], order) for order in (_FRONT, _BACK) for pair in (even, odd)]


def _larger(builder: Any, one: Any, two: Any) -> Any:
    return builder.select(builder.fcmp_ordered(">", one, two), one, two)


def _smaller(builder: Any, one: Any, two: Any) -> Any:
    return builder.select(builder.fcmp_ordered("<", one, two), one, two)


def _shapes(given: _Arguments, array: int, offsets: Sequence[Any]) -> list[Any]:
    """high, low, depth and mark of the entries at eight offsets, in bytes of a shape."""
    builder = given.builder
    rows = [given.load_bytes(array, offset, _FOUR) for offset in offsets]
    return _turn(builder, [_shuffle(builder, rows[at], rows[at + 4], range(8)) for at in range(4)])


def _sums(given: _Arguments, array: int, offsets: Sequence[Any]) -> list[Any]:
    """The sums of entries at eight offsets, in bytes of a shape."""
    return [given.load_bytes(array, given.builder.shl(offset, _number(1)), _EIGHT) for offset in offsets]


def _offsets(given: _Arguments, lists: int, at: Any, begin: Any) -> list[Any]:
    """Eight entries from a list of uint32, counted from ``begin``, as bytes of a shape."""
    builder = given.builder
    begin = builder.shl(begin, _number(5))
    places = [builder.zext(given.load(lists, builder.add(at, _number(lane)), _I32), _WORD) for lane in range(LANES)]
    return [builder.add(begin, builder.shl(place, _number(5))) for place in places]


def _charged(
    given: _Arguments, sums: Sequence[Any], charges: int, last: Any, first: Any, boundary: Any, allocations: Any
) -> tuple[list[Any], Any]:
    """Sums of eight with the charge of going from ``last`` to ``first``, which is rare and read where one has one; and
    their log NAV."""
    builder = given.builder
    differs = builder.icmp_unsigned("!=", last, first)
    charged = builder.icmp_unsigned("!=", builder.bitcast(differs, ir.IntType(LANES)), ir.Constant(ir.IntType(8), 0))
    without = builder.block
    with builder.if_then(charged):
        switches = builder.add(builder.mul(last, _spread(builder, allocations)), first)
        places = builder.shl(builder.add(switches, _spread(builder, boundary)), _same(3))
        after = []
        for lane, total in enumerate(sums):
            place = builder.extract_element(places, ir.Constant(_I32, lane))
            after.append(builder.fadd(total, given.load(charges, place)))
        with_fee = builder.block
    found = []
    for total, fee in zip(sums, after, strict=True):
        phi = builder.phi(_EIGHT)
        phi.add_incoming(fee, with_fee)
        phi.add_incoming(total, without)
        found.append(phi)
    return found, _column(builder, found)


def _column(builder: Any, rows: Sequence[Any]) -> Any:
    """The first number of each of eight vectors."""
    pairs = [_shuffle(builder, rows[at], rows[at + 1], (0, 8)) for at in range(0, LANES, 2)]
    halves = [_shuffle(builder, pairs[at], pairs[at + 1], range(4)) for at in (0, 2)]
    return _shuffle(builder, halves[0], halves[1], range(8))


def _spread(builder: Any, value: Any) -> Any:
    kind = ir.VectorType(value.type, LANES)
    one = builder.insert_element(ir.Constant(kind, ir.Undefined), value, ir.Constant(_I32, 0))
    return _shuffle(builder, one, one, [0] * LANES)


def _intrinsic(generate: Callable[[_Arguments], None]) -> Callable[..., Any]:
    def lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        generate(_Arguments(context, builder, signature, arguments))
        return context.get_dummy_value()

    return lower


_INDEX = types.uint64


@intrinsic
def join_days(
    _context: Any, sums: Any, shapes: Any, _out: Any, day_sums: Any, day_shapes: Any, charges: Any, _first: Any,
    _second: Any, _third: Any, _fourth: Any, _charge: Any, _next: Any, _last: Any,
) -> Any:  # fmt: skip
    """Entry ``out`` = four days in turn, entries of ``day_sums`` and ``day_shapes``, the later three charged the rows
    ``charge``, ``next`` and ``last`` of ``charges``."""

    def generate(given: _Arguments) -> None:
        builder = given.builder
        total = given.load(3, builder.shl(given[6], _number(3)))
        high, low, fall, mark = _shape(given, 4, given[6])
        for day in (7, 8, 9):
            total = builder.fadd(total, given.load(5, builder.shl(given[day + 3], _number(3))))
            base = builder.extract_element(total, ir.Constant(_I32, 0))
            total = builder.fadd(total, given.load(3, builder.shl(given[day], _number(3))))
            other_high, other_low, other_fall, other_mark = _shape(given, 4, given[day])
            other_low = builder.fadd(base, other_low)
            fall = _larger(builder, _larger(builder, fall, other_fall), builder.fsub(high, other_low))
            high = _larger(builder, high, builder.fadd(base, other_high))
            low = _smaller(builder, low, other_low)
            mark = builder.or_(
                builder.and_(mark, _number(0xFFFF)), builder.and_(other_mark, _number(2**64 - 1 - 0xFFFF))
            )
        given.store(total, 0, builder.shl(given[2], _number(3)))
        for place, value in enumerate((high, low, fall, builder.bitcast(mark, ir.DoubleType()))):
            at = builder.add(builder.shl(given[2], _number(2)), _number(place))
            given.store(value, 1, at, ir.DoubleType())

    return types.void(sums, shapes, _INDEX, day_sums, day_shapes, charges, *[_INDEX] * 7), _intrinsic(generate)


def _shape(given: _Arguments, array: int, entry: Any) -> list[Any]:
    """high, low, depth and mark (as a word) of one entry."""
    builder = given.builder
    begin = builder.shl(entry, _number(2))
    kinds = [ir.DoubleType()] * 3 + [_WORD]
    return [given.load(array, builder.add(begin, _number(place)), kind) for place, kind in enumerate(kinds)]


@intrinsic
def turn_eight(
    _context: Any, source: Any, _begin: Any, _step: Any, target: Any, _start: Any, _stride: Any, _rows: Any, _width: Any
) -> Any:  # fmt: skip
    """target[start + i·stride + k] = source[begin + k·step + i] for i < rows ≤ 8 and k < width ≤ 8, flat float64.

    All eight times eight are read.
    """

    def generate(given: _Arguments) -> None:
        builder = given.builder
        columns = [given.load(0, builder.add(given[1], builder.mul(given[2], _number(at)))) for at in range(LANES)]
        rows = [
            row
            for low in (0, 4)
            for row in _turn(builder, [_shuffle(builder, columns[at], columns[at + 4],
                                                [*range(low, low + 4), *range(low + 8, low + 12)]) for at in range(4)])
        ]  # fmt: skip
        lanes = ir.Constant(_WORDS, list(range(LANES)))
        inside = builder.icmp_unsigned("<", lanes, _spread(builder, given[7]))
        for at, row in enumerate(rows):
            place = given.at(3, builder.add(given[4], builder.mul(given[5], _number(at))), _EIGHT)
            with builder.if_then(builder.icmp_unsigned("<", _number(at), given[6])):
                _store_some(builder, row, place, inside)

    return types.void(source, _INDEX, _INDEX, target, _INDEX, _INDEX, _INDEX, _INDEX), _intrinsic(generate)


def _store_some(builder: Any, value: Any, place: Any, inside: Any) -> None:
    """The lanes of a vector that ``inside`` (8 bits) names."""
    bits = ir.VectorType(ir.IntType(1), LANES)
    kind = ir.FunctionType(ir.VoidType(), [_EIGHT, _EIGHT.as_pointer(), _I32, bits])
    store = cgutils.get_or_insert_function(builder.module, kind, "llvm.masked.store.v8f64.p0")
    builder.call(store, [value, place, ir.Constant(_I32, 8), inside])


@intrinsic
def join_eight(
    _context: Any, sums: Any, shapes: Any, _out: Any, lists: Any, _lefts: Any, _left: Any, _rights: Any, _right: Any,
    charges: Any, _boundary: Any, _allocations: Any,
) -> Any:  # fmt: skip
    """Entries out … out + 7 = left + lists[lefts …], then right + lists[rights …], whose first day is charged.

    charges: (…, 8), from row ``boundary`` on (A, A): of each switch.
    """

    def generate(given: _Arguments) -> None:
        builder = given.builder
        lefts, rights = _offsets(given, 3, given[4], given[5]), _offsets(given, 3, given[6], given[7])
        outs = [builder.add(given[2], _number(lane)) for lane in range(LANES)]
        high, low, fall, mark = _shapes(given, 1, lefts)
        other_high, other_low, other_fall, other_mark = _shapes(given, 1, rights)
        mark, other_mark = builder.bitcast(mark, _WORDS), builder.bitcast(other_mark, _WORDS)
        last, first = builder.lshr(mark, _same(16)), builder.and_(other_mark, _same(0xFFFF))
        sums, base = _charged(given, _sums(given, 0, lefts), 8, last, first, given[9], given[10])
        for out, total, right in zip(outs, sums, _sums(given, 0, rights), strict=True):
            given.store(builder.fadd(total, right), 0, builder.shl(out, _number(3)))
        other_low = builder.fadd(base, other_low)
        fall = _larger(builder, _larger(builder, fall, other_fall), builder.fsub(high, other_low))
        high = _larger(builder, high, builder.fadd(base, other_high))
        low = _smaller(builder, low, other_low)
        mark = builder.or_(builder.and_(mark, _same(0xFFFF)), builder.and_(other_mark, _same(0xFFFF << 16)))
        rows = _turn(builder, [high, low, fall, builder.bitcast(mark, _EIGHT)])
        for at, row in enumerate(rows):
            for half in range(2):
                part = _shuffle(builder, row, row, range(4 * half, 4 * half + 4))
                given.store(part, 1, builder.shl(outs[at + 4 * half], _number(2)), _FOUR)

    arguments = (sums, shapes, _INDEX, lists, *[_INDEX] * 4, charges, _INDEX, _INDEX)
    return types.void(*arguments), _intrinsic(generate)


def _walk(given: _Arguments, groups: int) -> None:
    """The body of ``walk_eight`` and ``walk_sixteen``, of which one and two eights are walked."""
    builder = given.builder
    places, state = [], []
    for group in range(groups):
        first, peaks, falls, holds = (builder.add(given[at], _number(LANES * group)) for at in (1, 3, 4, 6))
        variants = [builder.shl(builder.add(first, _number(lane)), _number(3)) for lane in range(LANES)]
        places.append((variants, peaks, falls, holds))
        state.append([*(given.load(0, variant) for variant in variants), given.load(2, peaks), given.load(2, falls),
                      given.load(5, holds, _WORDS)])  # fmt: skip
    before, walk, done = builder.block, builder.append_basic_block(), builder.append_basic_block()
    builder.branch(walk)
    builder.position_at_end(walk)
    block = builder.phi(_WORD)
    block.add_incoming(_number(0), before)
    phis = [[builder.phi(value.type) for value in one] for one in state]
    row = builder.mul(block, _number(3))
    begin, pattern, boundary = (given.load(10, builder.add(row, _number(place)), _WORD) for place in range(3))
    steps = []
    with builder.if_else(builder.icmp_unsigned("==", pattern, _number(0))) as branches:
        for branch, place in zip(branches, (_flat, _several), strict=True):
            with branch:
                done_so = []
                for group, one in enumerate(phis):
                    at = builder.add(builder.add(pattern, given[9]), _number(LANES * group))
                    done_so.append(_step(given, one, *place(given, at, begin, one[-1]), boundary))
                steps.append((done_so, builder.block))
    found = [[builder.phi(value.type) for value in one] for one in phis]
    for done_so, where in steps:
        for mine, theirs in zip(found, done_so, strict=True):
            for phi, value in zip(mine, theirs, strict=True):
                phi.add_incoming(value, where)
    after = builder.add(block, _number(1))
    block.add_incoming(after, builder.block)
    for mine, old, new in zip(phis, state, found, strict=True):
        for phi, first, later in zip(mine, old, new, strict=True):
            phi.add_incoming(first, before)
            phi.add_incoming(later, builder.block)
    builder.cbranch(builder.icmp_unsigned("<", after, given[11]), walk, done)
    builder.position_at_end(done)
    for group in range(groups):
        for lane in range(LANES):
            ahead = builder.add(given[1], _number(LANES * group + lane + AHEAD))
            _fetch(given, 0, builder.shl(ahead, _number(3)))
        for array, first in ((2, 3), (2, 4), (5, 6)):
            _fetch(given, array, builder.add(given[first], _number(LANES * group + AHEAD)))
    for (variants, peaks, falls, holds), new in zip(places, found, strict=True):
        for variant, value in zip(variants, new[:LANES], strict=True):
            given.store(value, 0, variant)
        given.store(new[8], 2, peaks)
        given.store(new[9], 2, falls)
        given.store(new[10], 5, holds, _WORDS)


def _fetch(given: _Arguments, array: int, place: Any) -> None:
    """Ask for the cache line of an element before it is needed."""
    byte = ir.IntType(8).as_pointer()
    kind = ir.FunctionType(ir.VoidType(), [byte, _I32, _I32, _I32])
    fetch = cgutils.get_or_insert_function(given.builder.module, kind, "llvm.prefetch.p0")
    write, nearest, data = (ir.Constant(_I32, value) for value in (1, 3, 1))
    given.builder.call(fetch, [given.at(array, place, ir.IntType(8)), write, nearest, data])


def _walker(groups: int) -> Any:
    @intrinsic
    def walk(
        _context: Any, sums: Any, _variant: Any, states: Any, _peaks: Any, _falls: Any, holding: Any, _holds: Any,
        shapes: Any, patterns: Any, _place: Any, rows: Any, _blocks: Any, charges: Any, _allocations: Any,
    ) -> Any:  # fmt: skip
        """Variants from ``variant`` on into an entry of each of ``blocks`` ≥ 1 rows in turn, (…, 3) uint64.

        A row is where its entries begin, its pattern, and which row of ``charges`` its first day has; the variants'
        words stand in the pattern from ``place`` on. Their sums stand among those of entries; running peak, deepest
        fall and allocation held (uint64) in lanes of their own: states[peaks …], states[falls …], holding[holds …].
        All of them stay in registers from block to block. charges: see ``join_eight``.
        """
        arguments = (sums, _INDEX, states, _INDEX, _INDEX, holding, _INDEX, shapes, patterns, _INDEX, rows, _INDEX,
                     charges, _INDEX)  # fmt: skip
        return types.void(*arguments), _intrinsic(lambda given: _walk(given, groups))

    return walk


# Of sixteen one eight fills what the other one waits for.
walk_eight, walk_sixteen = _walker(1), _walker(2)


def _several(given: _Arguments, at: Any, begin: Any, held: Any) -> tuple[list[Any], list[Any]]:
    """Sums and shapes of the entries that the words at ``at`` of the patterns choose; the versions of what is held."""
    builder = given.builder
    words = builder.zext(given.load(8, at, _HALVES), _WORDS)
    version = builder.and_(held, builder.sub(_same(0), builder.and_(words, _same(1))))
    chosen = builder.add(builder.add(builder.lshr(words, _same(1)), version), _spread(builder, begin))
    chosen = builder.shl(chosen, _same(5))
    rights = [builder.extract_element(chosen, ir.Constant(_I32, lane)) for lane in range(LANES)]
    return _sums(given, 0, rights), _shapes(given, 7, rights)


def _flat(given: _Arguments, _at: Any, begin: Any, _held: Any) -> tuple[list[Any], list[Any]]:
    """As ``_several``, of a row that has one entry for all."""
    builder = given.builder
    offset = builder.shl(begin, _number(5))
    shape = [_spread(builder, given.load_bytes(7, builder.add(offset, _number(8 * at)), ir.DoubleType())) for at in range(4)]
    return _sums(given, 0, [offset]) * LANES, shape


def _step(given: _Arguments, state: Sequence[Any], rights: Sequence[Any], shape: Sequence[Any], boundary: Any) -> list[Any]:
    """What eight variants have come to, with an entry more of each."""
    builder = given.builder
    *sums, peak, fall, held = state
    high, low, other_fall, mark = shape
    mark = builder.bitcast(mark, _WORDS)
    sums, base = _charged(given, sums, 12, held, builder.and_(mark, _same(0xFFFF)), boundary, given[13])
    sums = [builder.fadd(total, right) for total, right in zip(sums, rights, strict=True)]
    across = builder.fsub(peak, builder.fadd(base, low))
    fall = _larger(builder, _larger(builder, fall, other_fall), across)
    peak = _larger(builder, peak, builder.fadd(base, high))
    return [*sums, peak, fall, builder.lshr(mark, _same(16))]


@intrinsic
def half_of_power(_context: Any, marked: Any) -> Any:
    """2^(k − 1) of 1.5 · 2^52 + k, whose last bits are those of k."""

    def lower(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        bits = builder.add(builder.bitcast(arguments[0], _WORD), _number(1022))
        return builder.bitcast(builder.shl(bits, _number(52)), ir.DoubleType())

    return types.float64(types.float64), lower
