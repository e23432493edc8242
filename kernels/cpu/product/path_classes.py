"""The classes of a product's paths: within a node of days, paths of one signal that agree are one class.

Time is cut into leaves of four days; two neighbours make a node, up to a block of ``4 · 2^top`` days. A node's classes
are numbered from those of the two below it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import prange

from gridproof.kernels.arrays import Array, Ints, Words
from gridproof.kernels.jit import jit

LEAF = 4
# Blocks are classified in so many parts side by side.
_PARTS = 8


@jit(parallel=True)
def classify(
    path_bits: Words,
    members: Array,
    places: Ints,
    bits: Ints,
    chunks: Ints,
    spans: Ints,
    delay: int,
    nodes: Ints,
    classes: Array,
    children: Array,
    keys: Words,
    counts: Ints,
    fresh: Ints,
) -> None:
    """The classes of every node, of the chunks ``fresh``; what is written of the others stays.

    members: (P, most bits) path rows of the paths of all signals. places, bits: (signals, most bits), (signals,) which
    bits of the code they are. chunks: (C, 3) signal, first and past-last member. spans: (K, 2) return days. nodes:
    (K, levels + 1) the first node of each level and the past-last of all. Written: classes (N·P,) of each path, and of
    each class the two below it, children (N·P, 2), and its codes, keys (N·P,), of four days in a leaf, else of the
    first; counts (C, N), beyond which children and keys are not written, nor a leaf's children. A chunk's part begins
    at N · its first member; there node n begins at n · its members.
    """
    total, levels = counts.shape[1], nodes.shape[1] - 1
    for turn in prange(_PARTS * len(fresh)):
        part, chunk = turn // len(fresh), fresh[turn % len(fresh)]
        signal, low, high = chunks[chunk]
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
                _mark_changes(path_bits[members[path, bit]], changes)
        for span in range(len(spans)):
            last = spans[span, 1] - 1 + delay
            blocks = nodes[span, levels] - nodes[span, levels - 1]
            begins, ends = blocks * part // _PARTS, blocks * (part + 1) // _PARTS
            leaf = nodes[span, 0] + (begins << (levels - 1))
            for node in range(leaf, nodes[span, 0] + (ends << (levels - 1))):
                at = begin + node * paths
                first = spans[span, 0] + delay + (node - nodes[span, 0]) * LEAF
                if node > leaf and _still(changes, first - LEAF, min(first + LEAF - 1, last)):
                    counts[chunk, node] = counts[chunk, node - 1]  # as the leaf before
                    for path in range(at, at + paths):
                        classes[path], keys[path] = classes[path - paths], keys[path - paths]
                    continue
                for path in range(paths):
                    code = np.uint64(0)
                    for bit in range(bits[signal]):
                        code |= _spread(path_bits[members[low + path, bit]], first, last) << np.uint64(
                            places[signal, bit]
                        )
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
                    if _still(changes, first, min(first + (LEAF << level) - 1, last)):
                        counts[chunk, node] = counts[chunk, below]  # as the days on its left
                        for path in range(paths):
                            classes[at + path] = classes[left + path]
                            children[at + path, 0] = children[at + path, 1] = path
                            keys[at + path] = keys[left + path] & np.uint64(0xFFFF)
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
                        keys[which] = head[path] & np.uint64(0xFFFF)


@jit()
def _mark_changes(path: Words, changes: Words) -> None:
    """Add the days on which the state is not that of the day before."""
    before = path[0] << np.uint64(63)
    for word in range(len(path)):
        changes[word] |= path[word] ^ (path[word] << np.uint64(1) | before >> np.uint64(63))
        before = path[word]


@jit()
def _still(changes: Words, low: int, high: int) -> bool:
    """Whether no path changes after day ``low`` until day ``high``."""
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
def _spread(path: Words, first: int, last: int) -> Any:
    """The states of four days from ``first`` on, 16 bits apart; days past ``last`` are as that."""
    answer = np.uint64(0)
    if first + LEAF - 1 <= last:
        word, shift = np.uint64(first) >> np.uint64(6), np.uint64(first) & np.uint64(63)
        answer = path[word] >> shift
        if shift > np.uint64(64 - LEAF):
            answer |= path[word + np.uint64(1)] << (np.uint64(64) - shift)
        answer &= np.uint64(15)
        answer |= answer << np.uint64(15) | answer << np.uint64(30) | answer << np.uint64(45)
        return answer & np.uint64(0x0001000100010001)
    for day in range(LEAF):
        at = np.uint64(min(first + day, last))
        state = (path[at >> np.uint64(6)] >> (at & np.uint64(63))) & np.uint64(1)
        answer |= state << np.uint64(16 * day)
    return answer


@jit()
def _number(seen: Words, head: Words, stamp: int, slots: Ints, stamps: Ints, order: Ints, classes: Array) -> int:
    """Number distinct values; answers how many. ``stamps`` tell which slots are of this call.

    Values of one first day's code stand together, since they behave alike in the loops that follow. order (3, P): of
    each value, as they appear, the first day's code, its number and the first path that has it.
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
            order[0, count], order[1, count], order[2, count] = head[path] & np.uint64(0xFFFF), count, path
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
