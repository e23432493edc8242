"""The data of a variant that cross-validation keeps: its sums over blocks of days, and a hash of its returns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from gridproof.kernels.arrays import Floats, Ints, Words
from gridproof.kernels.errors import InputError
from gridproof.results.statistics.chunks import check_chunk, panels
from gridproof.results.statistics.halves import fingerprint, sum_blocks

# Variants summed at once.
_WIDTH = 1024


class BlockSums(NamedTuple):
    """The sums of n variants over S blocks. For CAGR they are sums of log(1 + r), and the squares are not used."""

    sums: Floats  # (S, n)
    squares: Floats  # (S, n)
    hashes: Words  # (n, 2): equal variants have equal hashes, different ones practically never

    def take(self, columns: Ints) -> BlockSums:
        return BlockSums(self.sums[:, columns], self.squares[:, columns], self.hashes[columns])


def sum_between(columns: Floats, edges: Ints, logarithms: bool) -> tuple[Floats, Floats]:
    """Σr and Σr² (G, n) of daily returns (T, n), C-contiguous, between the days ``edges`` (G + 1,).

    With ``logarithms`` it returns Σlog(1 + r) instead of Σr, and zeros instead of Σr².
    """
    sums = np.zeros((len(edges) - 1, columns.shape[1]))
    squares = np.zeros_like(sums)
    sum_blocks(columns, edges, logarithms, sums, squares)
    return sums, squares


def joined(parts: list[BlockSums]) -> BlockSums:
    return BlockSums(
        np.concatenate([part.sums for part in parts], axis=1),
        np.concatenate([part.squares for part in parts], axis=1),
        np.concatenate([part.hashes for part in parts]),
    )


@dataclass
class Blocks:
    """S contiguous blocks of days, the same for all variants; the first chunk fixes their lengths."""

    count: int
    logarithms: bool  # sums of log(1 + r), for CAGR
    seed: int  # of the hashes
    lengths: Ints | None = None  # (S,) days

    @property
    def days(self) -> int:
        """T, 0 while it is not known."""
        return 0 if self.lengths is None else int(self.lengths.sum())

    def of_returns(self, chunk: Floats) -> Iterator[BlockSums]:
        """Returns the sums of a checked chunk (T, n). Where S does not divide T, the first blocks are a day longer."""
        if len(chunk) < self.count:
            raise InputError(
                f"there must be at least one day for each of {self.count} blocks",
                len(chunk),
                "returns",
                "Use fewer blocks",
            )
        if self.logarithms and chunk.min(initial=0.0) <= -1.0:
            raise InputError("CAGR needs returns above −1", chunk.min(), "returns", "Rank by mean or sharpe")
        short, longer = divmod(len(chunk), self.count)
        lengths = np.where(np.arange(self.count) < longer, short + 1, short)
        self._fix_lengths(lengths, "returns")
        bounds = np.concatenate([[0], np.cumsum(lengths)])
        for _, columns in panels(chunk, _WIDTH):
            yield BlockSums(*sum_between(columns, bounds, self.logarithms), self._hashes(columns))

    def of_sums(self, given: Floats, before: int) -> Iterator[BlockSums]:
        """given: (S, n, 3 or 4): days, Σr, Σr², and Σlog(1 + r) where it is wanted. ``before`` variants came before."""
        where = "block_sums"
        table = np.asarray(given)
        least = 4 if self.logarithms else 3
        if table.ndim != 3 or len(table) != self.count or not least <= table.shape[2] <= 4:
            rule, words = f"must be an array ({self.count} blocks, variants, {least})", f"shape {table.shape}"
            raise InputError(rule, words, where, f"Give days, Σr, Σr²{' and Σlog(1 + r)' * self.logarithms}")
        numbers = np.moveaxis(table, 2, 1).reshape(-1, table.shape[1])  # (S · 3, n)
        numbers = check_chunk(numbers, len(numbers), before, where, "entry")
        days = numbers[:: table.shape[2]]
        if not days.size:
            return
        if (days != days[:, :1]).any() or (days < 1).any() or (days % 1).any():
            rule = "a block must have the same whole number of days, at least 1, for all variants"
            raise InputError(rule, f"{days.min():g} to {days.max():g}", where, "Use the same blocks for all variants")
        self._fix_lengths(days[:, 0].astype(np.int64), where)
        for _, part in panels(numbers, _WIDTH):
            sums, squares = part[3 if self.logarithms else 1 :: table.shape[2]], part[2 :: table.shape[2]]
            yield BlockSums(np.ascontiguousarray(sums), np.ascontiguousarray(squares), self._hashes(part))

    def _fix_lengths(self, lengths: Ints, where: str) -> None:
        if self.lengths is not None and not np.array_equal(lengths, self.lengths):
            raise InputError(
                "all chunks must have the same blocks", lengths.tolist(), where, "Use the same blocks for all variants"
            )
        if np.sort(lengths)[: self.count // 2].sum() < 2:
            raise InputError(
                "any half of the blocks must have at least two days", lengths.tolist(), where, "Use fewer blocks"
            )
        self.lengths = lengths

    def _hashes(self, numbers: Floats) -> Words:
        hashes = np.empty((numbers.shape[1], 2), dtype=np.uint64)
        fingerprint(numbers.view(np.uint64), self.seed, hashes)
        return hashes
