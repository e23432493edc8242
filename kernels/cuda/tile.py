"""A tile of a product on a device: tables of its nodes, as many blocks at a time as fit, and the walk through them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from gridproof.kernels.arrays import Ints
from gridproof.kernels.cpu.product.day_tables import DayTables
from gridproof.kernels.cpu.product.day_tree import LEAF, DayTree
from gridproof.kernels.cuda.classes import TileClasses
from gridproof.kernels.cuda.device import Device
from gridproof.kernels.cuda.source import KernelForm

# The kernels index entries with 32 bits.
_MOST = 2**31 - 1


class DeviceTables(NamedTuple):
    """``kernels.cpu.product.day_tables.DayTables`` on a device, with the sums that a form needs."""

    values: Any  # (D + 1, A, width)
    marks: Any  # (D + 1, A) uint32
    charges: Any  # (D + 1, A, A, charge width)
    constant: list[Any]  # for each segment (A, 12 + A)
    centre: float
    none: int  # D, the day that adds and charges nothing


class Uploaded(NamedTuple):
    """A tile's classes on a device. ``layout``: for each signal its paths, first path and stride in the result."""

    begins: Any
    counts: Any
    keys: Any
    children: Any
    members: Any
    inner: Any
    heads: Any
    layout: Any
    sizes: tuple[int, ...]


def upload_payoff(device: Device, form: KernelForm, tables: DayTables) -> DeviceTables:
    days, allocations = tables.sums.shape[0] - 1, form.allocations
    sums = len(form.fields)
    values = np.zeros((days + 1, allocations, form.width))
    values[..., :sums] = tables.sums[..., list(form.fields)]
    if form.shaped:
        values[..., sums : sums + 3] = tables.shapes[..., :3]
    charges = np.zeros((days + 1, allocations, allocations, form.charge_width))
    charges[..., :sums] = tables.charges[..., list(form.fields)]
    marks = np.tile(np.arange(allocations, dtype="<u4") * np.uint32(257), (days + 1, 1))
    constant = [device.upload(np.ascontiguousarray(each)) for each in tables.constant]
    values, marks, charges = (device.upload(each) for each in (values, marks, charges))
    return DeviceTables(values, marks, charges, constant, tables.centre, days)


def upload_tile(device: Device, tile: TileClasses, sizes: tuple[int, ...], strides: Ints) -> Uploaded:
    first = np.cumsum(sizes) - sizes
    layout = np.ascontiguousarray(np.stack([np.array(sizes), first, strides], axis=1).astype(np.int64))
    parts = (tile.begins, tile.counts, tile.keys, tile.children, tile.members, tile.inner, tile.heads, layout)
    begins, counts, keys, children, members, inner, heads, laid = (device.upload(each) for each in parts)
    return Uploaded(begins, counts, keys, children, members, inner, heads, laid, sizes)


class Walker:
    """Takes all variants of a tile through all blocks of one execution.

    budget: bytes that the tables of the blocks at hand may take. Raises MemoryError where one block needs more.
    """

    def __init__(
        self, device: Device, form: KernelForm, tree: DayTree, tile: TileClasses, uploaded: Uploaded, budget: int
    ) -> None:
        self._device, self._form, self._tree = device, form, tree
        self._tile, self._uploaded, self._budget = tile, uploaded, budget
        self._signals = len(uploaded.sizes)
        self.variants = int(np.prod(uploaded.sizes))
        self._outers = self.variants // uploaded.sizes[-1]
        self._all_blocks = tile.inner.shape[0]
        # The sums and the allocation held of every variant so far, as walk.cu keeps them.
        self.sums = device.empty((form.state_width, self.variants), "<f8")
        self.held = device.empty((self.variants,), "<u4")
        # Every execution takes the variants through the same blocks.
        self._groups_of: dict[int, list[tuple[int, int]]] = {}
        self._starts: dict[tuple[int, int, int], tuple[Any, int]] = {}
        self._kept_rows: dict[int, Any] = {}

    def run(self, payoff: DeviceTables, rule: Any, codes: int, start: int) -> Iterator[tuple[int, int]]:
        """Yields the number and the days of every segment at its end, while ``sums`` and ``held`` are those of it."""
        tree = self._tree
        top = tree.nodes.shape[1] - 2
        before = 0
        for span, (first, end) in enumerate(tree.spans):
            free = tree.segments[span] < 0
            length = LEAF << top
            blocks = int(tree.nodes[span, top + 1] - tree.nodes[span, top])
            if span not in self._groups_of:
                self._groups_of[span] = list(self._groups(span, top, blocks))
            for low, high in self._groups_of[span]:
                begin = payoff.none if free else int(first) + low * length
                values, marks, starts = self._tables(payoff, rule, codes, span, top, low, high, begin, int(end))
                rows = self._rows(starts, span, int(tree.nodes[span, top]) + low, before + low, high - low)
                opening = 0 if low else 1 if span else 3 if free else 2
                numbers = (self._signals, codes, self._outers, self._uploaded.sizes[-1], high - low, before + low)
                days = (begin, 0 if free else length, opening, start, self.variants)
                up = self._uploaded
                self._launch(
                    "walk", self.variants,
                    [values, marks, rows, up.inner, payoff.charges, up.heads, up.layout, rule, *numbers, *days,
                     self.sums, self.held],
                )  # fmt: skip
            before += blocks
            if not free:
                yield int(tree.segments[span]), int(end - first)

    def _groups(self, span: int, top: int, blocks: int) -> Iterator[tuple[int, int]]:
        """Ranges of blocks whose tables fit the budget, with those of the level below that they are made from."""
        sizes = np.stack([self._sizes(span, level, top, 0, blocks).reshape(blocks, -1).sum(axis=1)
                          for level in range(top + 1)])  # fmt: skip
        each = self._form.versions * (self._form.width * 8 + 4)
        low = 0
        while low < blocks:
            running = np.cumsum(sizes[:, low:], axis=1)
            entries = running[::2].max(axis=0) + (running[1::2].max(axis=0) if top else 0)
            rows = np.arange(1, blocks - low + 1) * self._outers
            most = np.maximum(running.max(axis=0) * self._form.versions, rows)
            count = int(np.searchsorted((entries * each + 4 * rows > self._budget) | (most > _MOST), True))
            if count == 0:
                raise MemoryError
            yield low, low + count
            low += count

    def _sizes(self, span: int, level: int, top: int, low: int, high: int) -> Ints:
        first = int(self._tree.nodes[span, level])
        return self._tile.combinations[first + (low << top - level) : first + (high << top - level)]

    def _tables(
        self,
        payoff: DeviceTables,
        rule: Any,
        codes: int,
        span: int,
        top: int,
        low: int,
        high: int,
        begin: int,
        end: int,
    ) -> tuple[Any, Any, Any]:
        """Entries and marks of blocks [low, high), and where each block's combinations start."""
        up = self._uploaded
        below: tuple[Any, Any, Any] | None = None
        for level in range(top + 1):
            node = int(self._tree.nodes[span, level]) + (low << top - level)
            many = (high - low) << top - level
            starts, count = self._edges(span, level, top, low, high)
            values = self._device.empty((count * self._form.versions, self._form.width), "<f8")
            marks = self._device.empty((count * self._form.versions,), "<u4")
            if below is None:
                self._launch(
                    "leaves", count,
                    [starts, many, node, self._signals, up.begins, up.counts, up.keys, rule, codes, payoff.values,
                     payoff.marks, payoff.charges, begin, end, payoff.none, values, marks],
                )  # fmt: skip
            else:
                under = int(self._tree.nodes[span, level - 1]) + (low << top - level + 1)
                self._launch(
                    "combine", count,
                    [starts, below[2], many, node, under, self._signals, up.begins, up.counts, up.children,
                     payoff.charges, begin, LEAF << level - 1, end, payoff.none, below[0], below[1], values, marks],
                )  # fmt: skip
            below = values, marks, starts
        assert below is not None
        return below

    def _edges(self, span: int, level: int, top: int, low: int, high: int) -> tuple[Any, int]:
        """Where the combinations of each node begin, on the device, and how many there are."""
        key = span, level, low
        if key not in self._starts:
            edges = np.concatenate([[0], np.cumsum(self._sizes(span, level, top, low, high))])
            self._starts[key] = self._device.upload(edges.astype("<u4")), int(edges[-1])
        return self._starts[key]

    def _rows(self, starts: Any, span: int, node: int, block: int, blocks: int) -> Any:
        """For each block and outer combination where its entries begin. Kept where one group has all blocks."""
        if span in self._kept_rows:
            return self._kept_rows[span]
        up = self._uploaded
        answer = self._device.empty((blocks, self._outers), "<u4")
        numbers = (blocks, node, block, self._all_blocks, self._signals, self._outers)
        self._launch(
            "rows", blocks * self._outers, [starts, up.counts, up.members, up.layout, *numbers, answer]
        )  # fmt: skip
        if len(self._groups_of[span]) == 1:
            self._kept_rows[span] = answer
        return answer

    def _launch(self, name: str, count: int, arguments: list[Any]) -> None:
        sent = [np.int32(each) if isinstance(each, int) else each for each in arguments]
        self._device.launch(self._form.kernel(name), count, sent)
