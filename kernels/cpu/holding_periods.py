"""When the allocation of a variant changes, and what it becomes: the stretches of days on which it stays."""

from __future__ import annotations

import numpy as np
from numba import prange

from gridproof.kernels.arrays import Array, Ints, Words
from gridproof.kernels.cpu.bit_ops import trailing_zeros
from gridproof.kernels.jit import jit

# Tuples a thread takes at once: enough that its buffer of changes is allocated rarely.
BATCH = 64


@jit()
def decide(
    path_bits: Words, edges: Words, rows: Array, index: int, begins: Words, words: int, rule: Words, codes: int,
    start: int, changes: Words,
) -> int:  # fmt: skip
    """Write the decision days on which the allocation changes and what it becomes, (day << 8 | allocation).

    Of tuple ``index`` of the rows; path_bits, edges and rule are flat. Entry 0 is decision day 0, whatever it decides.
    begins: (B,) receives the first word of each path. Returns the number of entries.
    """
    bits = len(begins)
    for bit in range(bits):
        begins[bit] = np.uint64(rows[index, bit]) * np.uint64(words)
    code = np.uint64(0)
    for bit in range(bits):
        code |= (path_bits[begins[bit]] & np.uint64(1)) << np.uint64(bit)
    wide = np.uint64(codes)
    current = rule[np.uint64(start) * wide + code]
    changes[0] = current
    count = 1
    for word in range(np.uint64(words)):
        changed = np.uint64(0)
        for bit in range(bits):
            changed |= edges[begins[bit] + word]
        while changed != np.uint64(0):
            at = trailing_zeros(changed)
            changed &= changed - np.uint64(1)
            for bit in range(bits):
                code ^= ((edges[begins[bit] + word] >> at) & np.uint64(1)) << np.uint64(bit)
            allocation = rule[current * wide + code]
            # Written in any case and counted if it changed: no branch to mispredict.
            changes[count] = (word << np.uint64(14)) | (at << np.uint64(8)) | allocation
            count += allocation != current
            current = allocation
    return count


@jit(parallel=True)
def list_stretches(
    path_bits: Words,
    edges: Words,
    rows: Array,
    first: Ints,
    execution: Ints,
    rule: Words,
    start: int,
    delays: Ints,
    days: int,
    begins: Ints,
    stretches: Array,
) -> None:
    """The stretches of one allocation of each job over return days [0, days).

    Called twice: with an empty ``stretches`` it counts, begins[job + 1] being how many; then, with ``begins`` summed
    up, it writes stretches (M, 2): the day on which one begins and its allocation. Else as ``scan_variants``.
    """
    tuples, bits = rows.shape
    words = edges.shape[1]
    flat_path_bits, flat_edges, flat_rule = path_bits.ravel(), edges.ravel(), rule.ravel()
    for batch in prange((tuples + BATCH - 1) // BATCH):
        changes = np.empty(words * 64 + 2, dtype=np.uint64)
        starts = np.empty(bits, dtype=np.uint64)
        for index in range(batch * BATCH, min(tuples, (batch + 1) * BATCH)):
            count = decide(
                flat_path_bits, flat_edges, rows, index, starts, words, flat_rule, rule.shape[1], start, changes
            )
            for job in range(first[index], first[index + 1]):
                late = delays[execution[job]]
                upcoming = 1
                while upcoming < count and np.int64(changes[upcoming] >> np.uint64(8)) <= late:
                    upcoming += 1
                place = begins[job]
                number = 1
                if len(stretches):
                    stretches[place, 0] = 0
                    stretches[place, 1] = changes[upcoming - 1] & np.uint64(255)
                while upcoming < count and np.int64(changes[upcoming] >> np.uint64(8)) - late < days:
                    if len(stretches):
                        stretches[place + number, 0] = np.int64(changes[upcoming] >> np.uint64(8)) - late
                        stretches[place + number, 1] = changes[upcoming] & np.uint64(255)
                    number += 1
                    upcoming += 1
                if not len(stretches):
                    begins[job + 1] = number
