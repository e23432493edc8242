"""Walks variants through blocks of days: joins an entry of each block to what a variant has come to, eight at a time.

The sums, running peak, deepest fall and allocation held of a variant stay in registers from block to block.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from gridproof.kernels.cpu.product.entry import FIRST, LAST
from gridproof.kernels.cpu.product.simd import (
    DOUBLE,
    HALVES,
    I32,
    INDEX,
    LANES,
    WORD,
    WORDS,
    Emitter,
    broadcast,
    lowering,
    word,
    words,
)  # fmt: skip
from gridproof.kernels.cpu.product.simd_counts import add_counts
from gridproof.kernels.cpu.product.simd_join import add_charges, extend_shape, load_shapes, load_sums

# The sums and state of the variants that stand so many further on are prefetched.
AHEAD = 64


class Operands(NamedTuple):
    """The operands of the walks."""

    sums: Any
    variant: Any
    states: Any
    peaks: Any
    falls: Any
    held: Any
    holds: Any
    shapes: Any
    patterns: Any
    place: Any
    rows: Any
    blocks: Any
    charges: Any
    allocations: Any
    counts: Any = None  # of these two only where days are counted
    width: Any = None


class State(NamedTuple):
    """What eight variants have come to: the sums of each, and a vector each of the other three."""

    sums: list[Any]
    peak: Any
    fall: Any
    held: Any

    @property
    def values(self) -> list[Any]:
        return [*self.sums, self.peak, self.fall, self.held]

    @classmethod
    def of(cls, values: list[Any]) -> State:
        return cls(values[:LANES], *values[LANES:])


def _walker(groups: int) -> Any:
    @intrinsic
    def walk(
        _context: Any, sums: Any, _variant: Any, states: Any, _peaks: Any, _falls: Any, held: Any, _holds: Any,
        shapes: Any, patterns: Any, _place: Any, rows: Any, _blocks: Any, charges: Any, _allocations: Any,
        counts: Any, _width: Any,
    ) -> Any:  # fmt: skip
        """Join to each of the variants from ``variant`` on an entry of each of ``blocks`` ≥ 1 rows in turn.

        rows: (…, 3) uint64, where the entries of the block's row begin, where its pattern begins, and the row of
        ``charges`` at which the charges of its first day begin. From ``place`` on the pattern has a word for each of
        the variants; pattern 0 means that they all have the row's first entry. The variants' sums are entries
        ``variant`` … of ``sums``; states[peaks …], states[falls …] and held[holds …] (uint64) are their running peaks,
        deepest falls and allocations held. The counts of the entries, ``width`` each, are added to those of the
        variants; where counts are None, no code is written for that.
        """
        arguments = (sums, INDEX, states, INDEX, INDEX, held, INDEX, shapes, patterns, INDEX, rows, INDEX,
                     charges, INDEX, counts, INDEX)  # fmt: skip
        used = len(Operands._fields) if isinstance(counts, types.Array) else Operands._fields.index("counts")
        return types.void(*arguments), lowering(lambda emit, *given: _walk(emit, Operands(*given[:used]), groups))

    return walk


def _walk(emit: Emitter, operands: Operands, groups: int) -> None:
    """Emit the walk of ``groups`` groups of eight variants."""
    builder = emit.builder
    places, begin_states = [], []
    for group in range(groups):
        first, peaks, falls, holds = (
            builder.add(each, word(LANES * group))
            for each in (operands.variant, operands.peaks, operands.falls, operands.holds)
        )
        variants = [builder.shl(builder.add(first, word(lane)), word(3)) for lane in range(LANES)]
        places.append((variants, peaks, falls, holds))
        begin_states.append(
            State(
                [emit.load(operands.sums, variant) for variant in variants],
                emit.load(operands.states, peaks),
                emit.load(operands.states, falls),
                emit.load(operands.held, holds, WORDS),
            )
        )
    before, loop, done = builder.block, builder.append_basic_block(), builder.append_basic_block()
    builder.branch(loop)
    builder.position_at_end(loop)
    block = builder.phi(WORD)
    block.add_incoming(word(0), before)
    phis = [[builder.phi(value.type) for value in state.values] for state in begin_states]
    row = builder.mul(block, word(3))
    begin, pattern, boundary = (emit.load(operands.rows, builder.add(row, word(place)), WORD) for place in range(3))
    branches = []
    with builder.if_else(builder.icmp_unsigned("==", pattern, word(0))) as both:
        forms = (_choose_shared, _load_shared), (_choose_each, _load_each)
        for branch, (choose, load) in zip(both, forms, strict=True):
            with branch:
                after = []
                for group, values in enumerate(phis):
                    state = State.of(values)
                    at = builder.add(builder.add(pattern, operands.place), word(LANES * group))
                    offsets = choose(emit, operands, at, begin, state.held)
                    sums, shape = load(emit, operands, offsets)
                    if operands.counts is not None:
                        _count(emit, operands, group, offsets)
                    after.append(_join(emit, operands, state, sums, shape, boundary))
                branches.append((after, builder.block))
    found = [[builder.phi(value.type) for value in values] for values in phis]
    for after, where in branches:
        for mine, theirs in zip(found, after, strict=True):
            for phi, value in zip(mine, theirs.values, strict=True):
                phi.add_incoming(value, where)
    following = builder.add(block, word(1))
    block.add_incoming(following, builder.block)
    for mine, old, new in zip(phis, begin_states, found, strict=True):
        for phi, earlier, later in zip(mine, old.values, new, strict=True):
            phi.add_incoming(earlier, before)
            phi.add_incoming(later, builder.block)
    builder.cbranch(builder.icmp_unsigned("<", following, operands.blocks), loop, done)
    builder.position_at_end(done)
    _prefetch(emit, operands, groups)
    for (variants, peaks, falls, holds), values in zip(places, found, strict=True):
        state = State.of(values)
        for variant, value in zip(variants, state.sums, strict=True):
            emit.store(value, operands.sums, variant)
        emit.store(state.peak, operands.states, peaks)
        emit.store(state.fall, operands.states, falls)
        emit.store(state.held, operands.held, holds, WORDS)


def _prefetch(emit: Emitter, operands: Operands, groups: int) -> None:
    builder = emit.builder
    for group in range(groups):
        for lane in range(LANES):
            ahead = builder.add(operands.variant, word(LANES * group + lane + AHEAD))
            emit.prefetch(operands.sums, builder.shl(ahead, word(3)))
        for array, first in (
            (operands.states, operands.peaks),
            (operands.states, operands.falls),
            (operands.held, operands.holds),
        ):
            emit.prefetch(array, builder.add(first, word(LANES * group + AHEAD)))


def _choose_each(emit: Emitter, operands: Operands, at: Any, begin: Any, held: Any) -> list[Any]:
    """Of the entries that eight words of a pattern choose, from ``at`` on, in the versions held: offsets in shapes."""
    builder = emit.builder
    chosen = builder.zext(emit.load(operands.patterns, at, HALVES), WORDS)
    version = builder.and_(held, builder.sub(words(0), builder.and_(chosen, words(1))))
    entries = builder.add(builder.add(builder.lshr(chosen, words(1)), version), broadcast(builder, begin))
    offsets = builder.shl(entries, words(5))
    return [builder.extract_element(offsets, ir.Constant(I32, lane)) for lane in range(LANES)]


def _load_each(emit: Emitter, operands: Operands, offsets: list[Any]) -> tuple[list[Any], list[Any]]:
    """Sums and shapes of eight entries."""
    return load_sums(emit, operands.sums, offsets), load_shapes(emit, operands.shapes, offsets)


def _choose_shared(emit: Emitter, _operands: Operands, _at: Any, begin: Any, _held: Any) -> list[Any]:
    """As ``_choose_each``, of a row that has one entry for all."""
    return [emit.builder.shl(begin, word(5))] * LANES


def _load_shared(emit: Emitter, operands: Operands, offsets: list[Any]) -> tuple[list[Any], list[Any]]:
    """As ``_load_each``, of an entry for all."""
    builder = emit.builder
    shape = [
        broadcast(builder, emit.load_bytes(operands.shapes, builder.add(offsets[0], word(8 * at)), DOUBLE))
        for at in range(4)
    ]
    return load_sums(emit, operands.sums, offsets[:1]) * LANES, shape


def _count(emit: Emitter, operands: Operands, group: int, offsets: list[Any]) -> None:
    """Add the counts of an entry each to those of a group of eight variants."""
    builder, (counts, width) = emit.builder, (operands.counts, operands.width)
    outs, sources = [], []
    for lane, offset in enumerate(offsets):
        out = counts, builder.mul(builder.add(operands.variant, word(LANES * group + lane)), width)
        outs.append(out)
        sources.append([out, (counts, builder.mul(builder.lshr(offset, word(5)), width))])
    add_counts(emit, width, outs, sources)


def _join(
    emit: Emitter, operands: Operands, state: State, entry_sums: list[Any], shape: list[Any], boundary: Any
) -> State:
    """The state of eight variants with one entry more each."""
    builder = emit.builder
    *other, mark = shape
    mark = builder.bitcast(mark, WORDS)
    first = builder.and_(mark, words(FIRST))
    sums, base = add_charges(emit, state.sums, operands.charges, state.held, first, boundary, operands.allocations)
    sums = [builder.fadd(total, more) for total, more in zip(sums, entry_sums, strict=True)]
    peak, _, fall = extend_shape(builder, state.peak, state.fall, base, other)
    return State(sums, peak, fall, builder.lshr(mark, words(LAST)))


walk_eight = _walker(1)
walk_sixteen = _walker(2)  # while one group of eight waits for memory, the other one computes
