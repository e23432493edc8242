"""The classes of a product's paths: within a node of days, paths of one signal that agree are one class.

Time is cut as in ``day_tree``. A node's classes are numbered from those of the two below it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gridproof.kernels.arrays import Array, Ints, Words
from gridproof.kernels.cpu.product.day_tree import LEAF, DayTree
from gridproof.kernels.jit import jit

CODE = 0xFFFF  # bits of a key that are the code of its first day
_CODE = np.uint64(CODE)
# The blocks of a chunk are classified in so many parts, in parallel.
PARTS = 8


class SignalPaths(NamedTuple):
    """The P paths of all signals of a box, one signal after another, cut into C chunks."""

    rows: Array  # (P, most bits) int32: rows of ``Problem.path_bits``, one for each bit of the signal
    code_bits: Ints  # (signals, most bits): which bits of the code they are
    bits: Ints  # (signals,): how many of them count
    chunks: Ints  # (C, 3): signal, first and past-last path


class PathClasses(NamedTuple):
    """The classes of P paths in N nodes. A chunk's part begins at N · its first path, node n in it at n · its paths."""

    classes: Array  # (N·P,) int32: of each path
    children: Array  # (N·P, 2) int32: of each class the two in the halves of the node; not written for leaves
    keys: Words  # (N·P,): of each class its codes, in a leaf of four days, 16 bits each, else of the first day
    counts: Ints  # (C, N): how many classes there are; beyond it children and keys are not written


@jit(nogil=True)
def classify(
    begin_task: int, end_task: int, path_bits: Words, signals: SignalPaths, tree: DayTree, delay: int,
    result: PathClasses, chosen: Ints,
) -> None:  # fmt: skip
    """Write the classes of the chunks ``chosen`` in every node; those of other chunks stay as they are.

    delay: decision day j takes effect on return day j − delay. Every chunk has PARTS tasks, each a part of the blocks;
    of len(chosen) · PARTS tasks this does [begin_task, end_task).
    """
    code_bits, bits, spans, nodes = signals.code_bits, signals.bits, tree.spans, tree.nodes
    classes, children, keys, counts = result.classes, result.children, result.keys, result.counts
    total, levels = counts.shape[1], nodes.shape[1] - 1
    for task in range(begin_task, end_task):
        part, chunk = task // len(chosen), chosen[task % len(chosen)]
        signal, low, high = signals.chunks[chunk]
        paths = high - low
        size = 64
        while size < 4 * paths:
            size *= 2
        slots = np.zeros(size, dtype=np.int64)
        stamps = np.full(size, -1, dtype=np.int64)
        seen = np.empty(paths, dtype=np.uint64)
        head = np.empty(paths, dtype=np.uint64)
        order = np.empty((3, paths), dtype=np.int64)
        begin = total * low
        changes = np.zeros(path_bits.shape[1], dtype=np.uint64)
        for path in range(low, high):
            for bit in range(bits[signal]):
                _mark_changes(path_bits[signals.rows[path, bit]], changes)
        for span in range(len(spans)):
            last = spans[span, 1] - 1 + delay
            blocks = nodes[span, levels] - nodes[span, levels - 1]
            begins, ends = blocks * part // PARTS, blocks * (part + 1) // PARTS
            leaf = nodes[span, 0] + (begins << (levels - 1))
            for node in range(leaf, nodes[span, 0] + (ends << (levels - 1))):
                at = begin + node * paths
                first = spans[span, 0] + delay + (node - nodes[span, 0]) * LEAF
                if node > leaf and _unchanged(changes, first - LEAF, min(first + LEAF - 1, last)):
                    counts[chunk, node] = counts[chunk, node - 1]  # as in the leaf before
                    for path in range(at, at + paths):
                        classes[path], keys[path] = classes[path - paths], keys[path - paths]
                    continue
                for path in range(paths):
                    code = np.uint64(0)
                    for bit in range(bits[signal]):
                        states = _four_states(path_bits[signals.rows[low + path, bit]], first, last)
                        code |= states << np.uint64(code_bits[signal, bit])
                    seen[path] = code
                count = _number(seen, seen, node, slots, stamps, order, classes[at : at + paths])
                counts[chunk, node] = count
                for one in range(count):
                    keys[at + order[1, one]] = seen[order[2, one]]
            for level in range(1, levels):
                here = levels - 1 - level
                for node in range(nodes[span, level] + (begins << here), nodes[span, level] + (ends << here)):
                    below = nodes[span, level - 1] + 2 * (node - nodes[span, level])
                    at, left = begin + node * paths, begin + below * paths
                    right = left + paths
                    first = spans[span, 0] + delay + ((node - nodes[span, level]) << level) * LEAF
                    if _unchanged(changes, first, min(first + (LEAF << level) - 1, last)):
                        counts[chunk, node] = counts[chunk, below]  # as in its left half
                        for path in range(paths):
                            classes[at + path] = classes[left + path]
                            children[at + path, 0] = children[at + path, 1] = path
                            keys[at + path] = keys[left + path] & _CODE
                        continue
                    wide = np.uint64(counts[chunk, below + 1])
                    for path in range(paths):
                        seen[path] = np.uint64(classes[left + path]) * wide + np.uint64(classes[right + path])
                        head[path] = keys[left + classes[left + path]]
                    count = _number(seen, head, node, slots, stamps, order, classes[at : at + paths])
                    counts[chunk, node] = count
                    for one in range(count):
                        which, path = at + order[1, one], order[2, one]
                        children[which, 0] = classes[left + path]
                        children[which, 1] = classes[right + path]
                        keys[which] = head[path] & _CODE


@jit()
def _mark_changes(path: Words, changes: Words) -> None:
    """Set in ``changes`` the bits of the days on which the state differs from the day before."""
    before = path[0] << np.uint64(63)
    for word in range(len(path)):
        changes[word] |= path[word] ^ (path[word] << np.uint64(1) | before >> np.uint64(63))
        before = path[word]


@jit()
def _unchanged(changes: Words, low: int, high: int) -> bool:
    """Whether no path changes on the days after ``low``, up to and with ``high``."""
    day = np.uint64(low + 1)
    while day <= high:
        word, shift = day >> np.uint64(6), day & np.uint64(63)
        left = np.uint64(high) - day
        bits = changes[word] >> shift
        if bits & ((np.uint64(2) << left) - np.uint64(1) if left < np.uint64(63) else ~np.uint64(0)):
            return False
        day += np.uint64(64) - shift
    return True


@jit()
def _four_states(path: Words, first: int, last: int) -> Any:
    """The states of four days from ``first`` on, 16 bits apart; days past ``last`` have its state."""
    states = np.uint64(0)
    if first + LEAF - 1 <= last:
        word, shift = np.uint64(first) >> np.uint64(6), np.uint64(first) & np.uint64(63)
        states = path[word] >> shift
        if shift > np.uint64(64 - LEAF):
            states |= path[word + np.uint64(1)] << (np.uint64(64) - shift)
        states &= np.uint64(15)
        states |= states << np.uint64(15) | states << np.uint64(30) | states << np.uint64(45)
        return states & np.uint64(0x0001000100010001)
    for day in range(LEAF):
        at = np.uint64(min(first + day, last))
        bit = (path[at >> np.uint64(6)] >> (at & np.uint64(63))) & np.uint64(1)
        states |= bit << np.uint64(16 * day)
    return states


@jit()
def _number(seen: Words, head: Words, stamp: int, slots: Ints, stamps: Ints, order: Ints, classes: Array) -> int:
    """Number the distinct values of ``seen``, and write each path's number to ``classes``. Returns how many there are.

    Values with the same code on the first day, which ``head`` holds, get neighbouring numbers: the loops over a table
    then take the same branches. slots, stamps: a hash table, whose slots are in use where their stamp is ``stamp``.
    order (3, P): of each value, in order of appearance, its first day's code, its number, and the first path with it.
    """
    mask = np.uint64(len(slots) - 1)
    count = 0
    same = True
    for path in range(len(seen)):
        value = seen[path]
        slot = value & mask if value <= mask else (value * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(32)) & mask
        while stamps[slot] == stamp and seen[slots[slot]] != value:
            slot = (slot + np.uint64(1)) & mask
        if stamps[slot] != stamp:
            stamps[slot] = stamp
            slots[slot] = path
            classes[path] = count
            order[0, count], order[1, count], order[2, count] = head[path] & _CODE, count, path
            same &= order[0, count] == order[0, 0]
            count += 1
        else:
            classes[path] = classes[slots[slot]]
    if same:
        return count
    order[1, :count] = -1
    place = 0
    for one in range(count):
        if order[1, one] < 0:
            for other in range(one, count):
                if order[0, other] == order[0, one]:
                    order[1, other] = place
                    place += 1
    for path in range(len(seen)):
        classes[path] = order[1, classes[path]]
    return count
