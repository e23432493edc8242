"""The classes of a tile's paths: made on the CPU, laid out for the product kernels, kept because tiles share them."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from gridproof.kernels.arrays import Array, Ints
from gridproof.kernels.cpu.product.day_tree import DayTree
from gridproof.kernels.cpu.product.path_classes import CODE, SignalPaths
from gridproof.kernels.cpu.product.product import Product
from gridproof.kernels.problem import Problem

# Signals' classes that are kept: those of the inner signals serve every tile of a grid.
_KEPT = 64


@dataclass(frozen=True, slots=True)
class SignalClasses:
    """The classes of one signal's P paths in every node. N nodes, K classes in all, C blocks."""

    counts: Ints  # (N,)
    keys: Array  # (K,) uint64: a leaf's class by its codes of four days
    children: Array  # (K, 2) int32: another node's class by the two below
    blocks: Array  # (P, C) int32: each path's class in each block
    heads: Array  # (P,) int32: each path's code on the first day of all


@dataclass(frozen=True, slots=True)
class TileClasses:
    """The classes of all signals of a tile, in the order in which it walks them."""

    begins: Array  # (N, signals) int32: where a node's classes begin in keys and children
    counts: Array  # (N, signals) int32
    keys: Array  # as of a signal, one signal behind another
    children: Array
    members: Array  # (sum of P, C) int32
    inner: Array  # (C, P of the last) int32
    heads: Array  # (sum of P,) int32
    combinations: Ints  # (N,): products of the counts


class DeviceClasses:
    """Of the boxes of one problem."""

    def __init__(self, problem: Problem, product: Product) -> None:
        self._problem = problem
        self._product = product
        self._kept: OrderedDict[tuple[int, bytes, bytes], SignalClasses] = OrderedDict()

    def tree(self, delay: int) -> DayTree:
        """How days are cut where decision day j takes effect on return day j − delay: the same for all signals."""
        return self._product.tree(delay)

    def tile(self, paths: list[Array], places: list[Ints], delay: int) -> TileClasses:
        """paths: for each signal (P, its bits) rows of path_bits; places: for each which bits of the code they are."""
        names = [(delay, each.tobytes(), where.tobytes()) for each, where in zip(paths, places, strict=True)]
        missing = [at for at, name in enumerate(names) if name not in self._kept]
        if missing:
            made = self._classify([paths[at] for at in missing], [places[at] for at in missing], delay)
            self._kept.update((names[at], signal) for at, signal in zip(missing, made, strict=True))
        signals = [self._kept[name] for name in names]
        for name in names:
            self._kept.move_to_end(name)
        while len(self._kept) > max(_KEPT, len(names)):
            self._kept.popitem(last=False)
        counts = np.stack([signal.counts for signal in signals], axis=1)
        total = counts.sum(axis=0)
        begins = np.cumsum(counts, axis=0) - counts + (np.cumsum(total) - total)
        return TileClasses(
            begins=begins.astype(np.int32),
            counts=counts.astype(np.int32),
            keys=np.concatenate([signal.keys for signal in signals]),
            children=np.concatenate([signal.children for signal in signals]),
            members=np.concatenate([signal.blocks for signal in signals]),
            inner=np.ascontiguousarray(signals[-1].blocks.T),
            heads=np.concatenate([signal.heads for signal in signals]),
            combinations=counts.prod(axis=1),
        )

    def _classify(self, paths: list[Array], places: list[Ints], delay: int) -> list[SignalClasses]:
        most = max(1, *(len(each) for each in places))
        edges = np.cumsum([0, *(len(each) for each in paths)])
        rows = np.zeros((edges[-1], most), dtype=np.int32)
        code_bits = np.zeros((len(paths), most), dtype=np.int64)
        for at, (each, where) in enumerate(zip(paths, places, strict=True)):
            rows[edges[at] : edges[at + 1], : len(where)] = each
            code_bits[at, : len(where)] = where
        bits = np.array([len(where) for where in places], dtype=np.int64)
        chunks = np.stack([np.arange(len(paths)), edges[:-1], edges[1:]], axis=1).astype(np.int64)
        made, nodes = self._product.classify(SignalPaths(rows, code_bits, bits, chunks), delay), self.tree(delay).nodes
        total = made.counts.shape[1]
        tops = np.concatenate([np.arange(first[-2], first[-1]) for first in nodes])
        signals = []
        for at, (low, high) in enumerate(pairwise(edges)):
            part = slice(total * low, total * high)
            used = np.arange(high - low) < made.counts[at][:, None]
            classes = made.classes[part].reshape(total, high - low)
            keys = made.keys[part].reshape(total, high - low)
            first = keys[nodes[0, 0]][classes[nodes[0, 0]]] & np.uint64(CODE)
            signals.append(
                SignalClasses(
                    made.counts[at].copy(),
                    keys[used],
                    made.children[part].reshape(total, high - low, 2)[used],
                    np.ascontiguousarray(classes[tops].T),
                    first.astype(np.int32),
                )
            )
        return signals
