"""Variants walked through blocks, with what they have come to in registers. Positions count entries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from gridproof.kernels.cpu.product.simd import (
    DOUBLE,
    HALVES,
    I32,
    INDEX,
    LANES,
    WORD,
    WORDS,
    Arguments,
    fetch,
    generated,
    number,
    same,
    spread,
)  # fmt: skip
from gridproof.kernels.cpu.product.simd_join import charge, extend, shapes_at, sums_at

# How many variants ahead what they have come to is asked for.
AHEAD = 64


def _walk(given: Arguments, groups: int) -> None:
    """The body of ``walk_eight`` and ``walk_sixteen``, of which one and two eights are walked."""
    builder = given.builder
    places, state = [], []
    for group in range(groups):
        first, peaks, falls, holds = (builder.add(given[at], number(LANES * group)) for at in (1, 3, 4, 6))
        variants = [builder.shl(builder.add(first, number(lane)), number(3)) for lane in range(LANES)]
        places.append((variants, peaks, falls, holds))
        state.append([*(given.load(0, variant) for variant in variants), given.load(2, peaks), given.load(2, falls),
                      given.load(5, holds, WORDS)])  # fmt: skip
    before, walk, done = builder.block, builder.append_basic_block(), builder.append_basic_block()
    builder.branch(walk)
    builder.position_at_end(walk)
    block = builder.phi(WORD)
    block.add_incoming(number(0), before)
    phis = [[builder.phi(value.type) for value in one] for one in state]
    row = builder.mul(block, number(3))
    begin, pattern, boundary = (given.load(10, builder.add(row, number(place)), WORD) for place in range(3))
    steps = []
    with builder.if_else(builder.icmp_unsigned("==", pattern, number(0))) as branches:
        for branch, place in zip(branches, (_flat, _several), strict=True):
            with branch:
                done_so = []
                for group, one in enumerate(phis):
                    at = builder.add(builder.add(pattern, given[9]), number(LANES * group))
                    done_so.append(_step(given, one, *place(given, at, begin, one[-1]), boundary))
                steps.append((done_so, builder.block))
    found = [[builder.phi(value.type) for value in one] for one in phis]
    for done_so, where in steps:
        for mine, theirs in zip(found, done_so, strict=True):
            for phi, value in zip(mine, theirs, strict=True):
                phi.add_incoming(value, where)
    after = builder.add(block, number(1))
    block.add_incoming(after, builder.block)
    for mine, old, new in zip(phis, state, found, strict=True):
        for phi, first, later in zip(mine, old, new, strict=True):
            phi.add_incoming(first, before)
            phi.add_incoming(later, builder.block)
    builder.cbranch(builder.icmp_unsigned("<", after, given[11]), walk, done)
    builder.position_at_end(done)
    for group in range(groups):
        for lane in range(LANES):
            ahead = builder.add(given[1], number(LANES * group + lane + AHEAD))
            fetch(given, 0, builder.shl(ahead, number(3)))
        for array, first in ((2, 3), (2, 4), (5, 6)):
            fetch(given, array, builder.add(given[first], number(LANES * group + AHEAD)))
    for (variants, peaks, falls, holds), new in zip(places, found, strict=True):
        for variant, value in zip(variants, new[:LANES], strict=True):
            given.store(value, 0, variant)
        given.store(new[8], 2, peaks)
        given.store(new[9], 2, falls)
        given.store(new[10], 5, holds, WORDS)


def _several(given: Arguments, at: Any, begin: Any, held: Any) -> tuple[list[Any], list[Any]]:
    """Sums and shapes of the entries that the words at ``at`` of the patterns choose; the versions of what is held."""
    builder = given.builder
    words = builder.zext(given.load(8, at, HALVES), WORDS)
    version = builder.and_(held, builder.sub(same(0), builder.and_(words, same(1))))
    chosen = builder.add(builder.add(builder.lshr(words, same(1)), version), spread(builder, begin))
    chosen = builder.shl(chosen, same(5))
    rights = [builder.extract_element(chosen, ir.Constant(I32, lane)) for lane in range(LANES)]
    return sums_at(given, 0, rights), shapes_at(given, 7, rights)


def _flat(given: Arguments, _at: Any, begin: Any, _held: Any) -> tuple[list[Any], list[Any]]:
    """As ``_several``, of a row that has one entry for all."""
    builder = given.builder
    offset = builder.shl(begin, number(5))
    shape = [spread(builder, given.load_bytes(7, builder.add(offset, number(8 * at)), DOUBLE)) for at in range(4)]
    return sums_at(given, 0, [offset]) * LANES, shape


def _step(
    given: Arguments, state: Sequence[Any], rights: Sequence[Any], shape: Sequence[Any], boundary: Any
) -> list[Any]:
    """What eight variants have come to, with an entry more of each."""
    builder = given.builder
    *sums, peak, fall, held = state
    *other, mark = shape
    mark = builder.bitcast(mark, WORDS)
    sums, base = charge(given, sums, 12, held, builder.and_(mark, same(0xFFFF)), boundary, given[13])
    sums = [builder.fadd(total, right) for total, right in zip(sums, rights, strict=True)]
    peak, _, fall = extend(builder, peak, fall, base, other)
    return [*sums, peak, fall, builder.lshr(mark, same(16))]


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
        arguments = (sums, INDEX, states, INDEX, INDEX, holding, INDEX, shapes, patterns, INDEX, rows, INDEX,
                     charges, INDEX)  # fmt: skip
        return types.void(*arguments), generated(lambda given: _walk(given, groups))

    return walk


# Of sixteen one eight fills what the other one waits for.
walk_eight, walk_sixteen = _walker(1), _walker(2)
