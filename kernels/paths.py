"""Paths: the daily states of a signal, packed 64 days to a word, and the merging of equal ones."""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Bools, Ints, Words

WORD = 64


def pack(states: Bools) -> Words:
    """(..., T) states to (..., W) words: day t is bit t mod 64 of word t div 64; bits past T are 0."""
    days = states.shape[-1]
    words = -(-days // WORD)
    raw = np.packbits(states, axis=-1, bitorder="little")
    padded = np.zeros((*states.shape[:-1], words * 8), dtype=np.uint8)
    padded[..., : raw.shape[-1]] = raw
    return padded.view(np.dtype("<u8"))


def unpack(words: Words, days: int) -> Bools:
    """The inverse of ``pack``: (..., W) words to (..., T) states."""
    raw = np.ascontiguousarray(words).view(np.uint8)
    return np.unpackbits(raw, axis=-1, count=days, bitorder="little").astype(np.bool_)


def flips(words: Words, days: int) -> Words:
    """Bit t is set where state t differs from state t − 1; day 0 and the bits past ``days`` are 0. (..., W) each."""
    before = words << np.uint64(1)
    before[..., 1:] |= words[..., :-1] >> np.uint64(WORD - 1)
    changed = words ^ before
    inside = np.ones(days, dtype=np.bool_)
    inside[:1] = False
    return changed & pack(inside)


def merge(paths: Words) -> tuple[Words, Ints]:
    """Merge equal paths; equality is exact.

    paths: (n, B, W), B bits a signal. Returns the p ≤ n distinct paths in order of first appearance, (p, B, W), and
    for each of the n its index among them, (n,).
    """
    flat = np.ascontiguousarray(paths).reshape(len(paths), -1)
    rows = flat.view(np.dtype((np.void, flat.shape[1] * 8))).ravel()
    _, first, inverse = np.unique(rows, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return paths[first[order]], rank[inverse.ravel()].astype(np.int64)
