"""The patterns of variants on a device, and tables of what is summed over their days, for many lanes side by side.

A lane is one resample or one shift. THREADS lanes are a group; the last one is filled up with lanes that nobody reads.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gridproof.kernels.arrays import Array, Floats, Ints
from gridproof.kernels.cpu.patterns.block_patterns import Patterns
from gridproof.kernels.cuda.device import Device
from gridproof.kernels.cuda.source import THREADS, VARIANTS, pass_kernel
from gridproof.kernels.errors import InputError

# The share of the free memory that a pass is planned for.
_SHARE = 0.5


class PatternRows:
    """Patterns of J variants on a device; tables have a row for each pattern and each join of them."""

    def __init__(self, device: Device, patterns: Patterns) -> None:
        self.device = device
        self.jobs, self.count = len(patterns.roots), patterns.roots.shape[1]
        self.patterns, self.rows = row_count(patterns)
        self.days, self.blocks = int(patterns.edges[-1]), len(patterns.edges) - 1
        self.begins, self.edges, self.block_of = (
            upload(device, each, np.int32)
            for each in (patterns.begins, patterns.edges, np.repeat(np.arange(self.blocks), np.diff(patterns.first)))
        )
        self.runs, self.roots = (upload(device, each, np.int32) for each in (patterns.runs, patterns.roots))
        self._joins, self._levels = upload(device, patterns.joins, np.int32), levels_of(patterns.joins, self.patterns)

    def drawn(self, returns: Floats, drawn: Any, lost: Floats, groups: int) -> Any:
        """The table of resampled sums. returns: (days, A); lost: (M,), both whole. drawn: (groups, days, THREADS)."""
        device, allocations = self.device, returns.shape[1]
        prefix = device.empty((groups, self.days + self.blocks, allocations, THREADS), "<f8")
        numbers = [np.int32(number) for number in (self.days, self.blocks, allocations)]
        inputs = [upload(device, returns, np.float64), drawn, self.edges, *numbers]
        self.launch("drawn_days", groups * self.blocks * allocations, [*inputs, prefix])
        table = self._held(prefix, allocations, 1, groups)
        change, numbers = upload(device, lost, np.float64), [np.int32(self.patterns), np.int32(self.days)]
        inputs = [self.begins, self.runs, change, drawn, *numbers, np.int64(self.rows)]
        self.launch("drawn_costs", groups * self.patterns, [*inputs, table])
        self.join(table, 1, groups)
        return table

    def turned(self, values: Floats, shifts: Any, groups: int) -> Any:
        """The table of sums of the values (days, A, sums) that shifts turn, of patterns only: ``join`` completes it."""
        device, (_, allocations, sums) = self.device, values.shape
        prefix = device.empty((groups, self.days + self.blocks, allocations * sums, THREADS), "<f8")
        numbers = [np.int32(number) for number in (self.days, self.blocks, allocations * sums)]
        inputs = [upload(device, values, np.float64), shifts, self.edges, *numbers]
        self.launch("turned_days", groups * self.blocks * allocations * sums, [*inputs, prefix])
        return self._held(prefix, allocations, sums, groups)

    def _held(self, prefix: Any, allocations: int, sums: int, groups: int) -> Any:
        table = self.device.empty((groups, self.rows, sums, THREADS), "<f8")
        numbers = [np.int32(number) for number in (self.patterns, self.days + self.blocks, allocations, sums)]
        inputs = [prefix, self.begins, self.runs, self.block_of, *numbers, np.int64(self.rows)]
        self.launch("held_days", groups * self.patterns, [*inputs, table])
        return table

    def join(self, table: Any, sums: int, groups: int) -> None:
        """Complete a table: the rows of joins, a level at a time."""
        for first, last in self._levels:
            numbers = [np.int32(number) for number in (first, last - first, self.patterns, sums)]
            self.launch("join_rows", groups * (last - first), [self._joins, *numbers, np.int64(self.rows), table])

    @property
    def strips(self) -> int:
        """How many blocks of threads take the variants of one group."""
        return -(-self.jobs // VARIANTS)

    def launch(self, name: str, blocks: int, arguments: list[Any]) -> None:
        self.device.launch(pass_kernel(name), blocks * THREADS, arguments)


def upload(device: Device, array: Array, kind: type[np.generic]) -> Any:
    """The array on the device, contiguous and of this type."""
    return device.upload(np.ascontiguousarray(array, dtype=kind))


def row_count(patterns: Patterns) -> tuple[int, int]:
    """How many patterns there are, and how many rows a table of them has."""
    return len(patterns.before), len(patterns.before) + len(patterns.joins)


def levels_of(joins: Array, patterns: int) -> list[tuple[int, int]]:
    """Ranges of joins none of which refers to another of its range: each is computed at once."""
    latest = joins.max(axis=1, initial=-1)
    levels, first = [], 0
    while first < len(joins):
        later = latest[first:] >= patterns + first
        last = first + int(later.argmax()) if later.any() else len(joins)
        levels.append((first, last))
        first = last
    return levels


def group_count(lanes: int) -> int:
    return -(-lanes // THREADS)


def grouped(values: Array, filler: float) -> Array:
    """(…, lanes) as (groups, …, THREADS), filled up with ``filler``."""
    groups = group_count(values.shape[-1])
    filled = np.full((*values.shape[:-1], groups * THREADS), filler, dtype=values.dtype)
    filled[..., : values.shape[-1]] = values
    return np.moveaxis(filled.reshape(*values.shape[:-1], groups, THREADS), -2, 0)


def ungrouped(values: Array, lanes: int) -> Array:
    """The inverse of ``grouped``."""
    front = np.moveaxis(values, 0, -2)
    return front.reshape(*front.shape[:-2], -1)[..., :lanes]


def by_groups(
    device: Device, groups: int, bytes_each: int, compute: Callable[[slice], None], what: str = "a verdict's sums"
) -> None:
    """Call ``compute`` for all groups, as many at a time as fit the device; where they do not, half of them.

    bytes_each: what a group takes; an error says ``what`` that is. Raises InputError where one does not fit either,
    even after the device has freed what it held in reserve.
    """
    at_once, released, low = max(1, min(groups, int(device.free_bytes() * _SHARE) // bytes_each)), False, 0
    while low < groups:
        high = min(groups, low + at_once)
        try:
            compute(slice(low, high))
        except MemoryError:
            device.release()
            if at_once == 1 and released:
                raise InputError(
                    "the GPU must have enough free memory for one launch",
                    f"too little for {bytes_each / 2**20:,.0f} MiB of {what}",
                    "backend",
                    "Stop other programs that use the GPU, or compute on a machine without one",
                ) from None
            at_once, released = max(1, (high - low) // 2), True
            continue
        low, released = high, False


def table_bytes(patterns: Patterns, allocations: int, sums: int) -> int:
    """What a group takes: the prefix sums of all days and the table."""
    entries = (int(patterns.edges[-1]) + len(patterns.edges)) * allocations
    return (entries + row_count(patterns)[1]) * sums * THREADS * 8


def shifts_of(shifts: Ints, days: int) -> Array:
    """(groups, THREADS) int32: the shifts by group, each from 0 to days − 1."""
    return grouped(np.mod(shifts, days).astype(np.int32), 0)
