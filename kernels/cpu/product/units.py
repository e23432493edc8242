"""How a product is cut into units, each of which one thread evaluates at a time."""

from __future__ import annotations

from itertools import pairwise, product
from typing import NamedTuple

import numpy as np

from gridproof.kernels.arrays import Ints
from gridproof.kernels.cpu.product.day_tree import LONG
from gridproof.kernels.cpu.product.path_classes import SignalPaths
from gridproof.kernels.problem import Box
from gridproof.kernels.threads import thread_count

# Variants that a core takes at once: many share more, few stay in its caches and leave work for other cores. Twice as
# many where blocks are long, since those have many classes to share.
UNIT = 65_536
_SMALLEST = 8_192
# Where entries come in more versions, a unit has fewer variants, for the sake of memory.
_VERSIONS = 16


class Units(NamedTuple):
    """How a product is cut: U units of one chunk of each signal; the last signal is the inner one."""

    units: Ints  # (U, signals): rows of ``chunks``
    chunks: Ints  # (C, 3): as in ``path_classes.SignalPaths``
    strides: Ints  # (signals, 2): from one path to the next in ``Output.rows``, and the first path of the signal


def unit_size(top: int, versions: int) -> int:
    """About how many variants a unit has, where blocks have 4 · 2^top days and entries so many versions."""
    return max(1, (UNIT << (top >= LONG)) * _VERSIONS // max(_VERSIONS, versions))


def cut_box(box: Box, order: list[int], unit: int) -> tuple[SignalPaths, Units]:
    """The paths of a box, its signals in this order, and how they are cut into units of about ``unit`` variants."""
    most = max(1, *(len(places) for places in box.places))
    rows = np.zeros((sum(len(paths) for paths in box.paths), most), dtype=np.int32)
    code_bits = np.zeros((len(order), most), dtype=np.int64)
    bits = np.array([len(box.places[signal]) for signal in order], dtype=np.int64)
    sizes = [len(paths) for paths in box.paths]
    strides = np.empty((len(order), 2), dtype=np.int64)
    chunks: list[tuple[int, int, int]] = []
    choices = []
    first = 0
    parts = _parts(len(box) // len(box.executions), [sizes[signal] for signal in order], unit)
    for position, signal in enumerate(order):
        paths = box.paths[signal]
        rows[first : first + len(paths), : paths.shape[1]] = paths
        code_bits[position, : len(box.places[signal])] = box.places[signal]
        strides[position] = int(np.prod(sizes[signal + 1 :], dtype=np.int64)), first
        edges = first + np.arange(parts[position] + 1) * len(paths) // parts[position]
        choices.append(range(len(chunks), len(chunks) + parts[position]))
        chunks += [(position, int(low), int(high)) for low, high in pairwise(edges)]
        first += len(paths)
    cut = np.array(chunks, dtype=np.int64)
    units = np.array(list(product(*choices)), dtype=np.int64)
    return SignalPaths(rows, code_bits, bits, cut), Units(units, cut, strides)


def _parts(variants: int, sizes: list[int], unit: int) -> list[int]:
    """Into how many chunks each signal is cut: the inner signals stay whole as long as they fit a unit."""
    threads = thread_count()
    rounds = -(-variants // (threads * unit))
    width = max(_SMALLEST, -(-variants // (threads * rounds)))
    parts = []
    for size in reversed(sizes):
        count = -(-size // max(1, width))
        if count > 1:  # as many for each core
            count = min(size, -(-count // threads) * threads)
        parts.append(count)
        width //= size
    return parts[::-1]
