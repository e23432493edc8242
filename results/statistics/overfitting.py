"""The probability of backtest overfitting by combinatorially symmetric cross-validation (CSCV).

Bailey, Borwein, López de Prado, Zhu: *The Probability of Backtest Overfitting* (2017). The days are cut into S
contiguous blocks; where S does not divide T the first blocks are a day longer than the others. For each of the
C(S, S/2) ways to take half of the blocks: the best variant there, its rank among all V in the other half (1 is the
worst), ω = rank / (V + 1), λ = ln(ω / (1 − ω)). PBO is the share of splits with λ ≤ 0.

Variants can be ranked only by metrics that block sums give: the daily mean, the Sharpe ratio (0 for a half without
volatility), CAGR (as daily log growth). Returns are fractions, above the risk-free rate if there is one.

Equal variants (to the last bit, every day) count as one: the first is kept, the others are dropped. Otherwise a path
that many thresholds share would count as many competitors. Values within 1e-12 (Sharpe) or 1e-14 a day (mean, CAGR) of
each other count as equal, so rounding does not decide ties. In sample the first of them is the best; out of sample each
gets the mean of their ranks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from gridproof.kernels.arrays import Array, Floats, Ints
from gridproof.kernels.errors import InputError
from gridproof.results.statistics.block_sums import Blocks, BlockSums, joined
from gridproof.results.statistics.chunks import Chunks, check_chunk, chunks_of
from gridproof.results.statistics.halves import count_below, find_best

# How far apart two values of a metric must be to differ.
TOLERANCE = {"mean": 1e-14, "sharpe": 1e-12, "cagr": 1e-14}

# Beyond these the splits are too many to be worth it: C(20, 10) = 184,756.
_MOST_BLOCKS = 20


@dataclass(frozen=True)
class BacktestOverfitting:
    """C splits in the order of itertools.combinations(range(S), S / 2), which are the blocks in sample."""

    pbo: float  # P(λ ≤ 0)
    mid_p: float  # P(λ < 0) + ½·P(λ = 0): ½ on average where nothing distinguishes the variants
    median_rank: float  # of ω, 0 to 1
    loss_probability: float  # P(metric < 0 out of sample)
    logits: Floats  # (C,) λ
    chosen: Ints  # (C,) the best variant in sample
    in_sample: Floats  # (C,) its metric: daily mean, Sharpe ratio a day, or daily log growth
    out_of_sample: Floats  # (C,)
    metric: str
    blocks: int
    variants: int  # as given
    ranked: int  # distinct ones among which the best is ranked, itself included
    rank_error: float  # largest standard error of ω; 0: ranked among all
    undecided: float  # share of splits with ω within two such errors of ½: as far as mid_p may be off
    seed: int | None  # of the random sample; None: ranked among all
    version: str = "CSCV, Bailey–Borwein–López de Prado–Zhu 2017, mid-p, distinct variants"


class OverfittingTest:
    """PBO over chunks of variants. It keeps 256 bytes for each variant with S = 16, and no daily returns.

    rank_sample: None ranks among all variants. A number ranks among a random sample of so many distinct variants and
    keeps nothing of the others; the best in sample is still that of all variants. The sample depends on ``seed`` and
    the variants' own returns alone, not on how they are divided into chunks.
    """

    def __init__(
        self, blocks: int = 16, metric: str = "sharpe", *, rank_sample: int | None = None, seed: int = 0
    ) -> None:
        where = "probability_of_backtest_overfitting"
        if metric not in TOLERANCE:
            rule = f"not computable: block sums give only {', '.join(TOLERANCE)}"
            raise InputError(rule, metric, f"{where}: metric", "Rank by one of these")
        if not 2 <= blocks <= _MOST_BLOCKS or blocks % 2:
            raise InputError(f"must be even, 2 to {_MOST_BLOCKS}", blocks, f"{where}: blocks", "Give 8, 12 or 16")
        if rank_sample is not None and rank_sample < 100:
            raise InputError("must be at least 100", rank_sample, f"{where}: rank_sample", "Give 10000")
        if seed < 0:
            raise InputError("must not be negative", seed, f"{where}: seed", "Give a whole number")
        self._blocks, self._metric = Blocks(blocks, metric == "cagr", seed), metric
        self._rank_sample = rank_sample
        chosen = combinations(range(blocks), blocks // 2)
        codes = np.array([sum(1 << block for block in half) for half in chosen], dtype=np.int64)
        self._halves = codes[: len(codes) // 2]  # those with block 0; the rest are their complements, backwards
        pairs = len(self._halves)
        self._best, self._outside = np.full((pairs, 2), -np.inf), np.zeros((pairs, 2))
        self._chosen, self._hashes = np.zeros((pairs, 2), dtype=np.int64), np.zeros((pairs, 2), dtype=np.uint64)
        self._kept: list[BlockSums] = []
        self._variants, self._complete = 0, True

    def add(self, returns: Floats) -> None:
        """returns: (T, n) daily returns of the next n variants; NaN is an InputError."""
        self._add(check_chunk(returns, self._blocks.days, self._variants, "returns"))

    def _add(self, chunk: Floats) -> None:
        for part in self._blocks.of_returns(chunk):
            self._take(part)

    def add_block_sums(self, block_sums: Floats) -> None:
        """block_sums: (S, n, 3) of the next n variants: days, Σr, Σr²; for CAGR (S, n, 4), with Σlog(1 + r) last.

        Variants are equal where all their sums are. NaN is an InputError.
        """
        for part in self._blocks.of_sums(block_sums, self._variants):
            self._take(part)

    def _take(self, part: BlockSums) -> None:
        sides, tolerance = self._sides(), TOLERANCE[self._metric]
        running = (self._best, self._chosen, self._outside)
        find_best(part.sums, part.squares, *sides, tolerance, self._variants, *running)
        recent = self._chosen >= self._variants
        self._hashes[recent] = part.hashes[self._chosen[recent] - self._variants, 0]
        self._variants += len(part.hashes)
        self._kept.append(part)
        if self._rank_sample is not None and sum(len(kept.hashes) for kept in self._kept) > 2 * self._rank_sample:
            self._thin(self._rank_sample)

    def _sides(self) -> tuple[Ints, Floats, bool]:
        """Halves (P,), days in each and in its complement (P, 2), and whether the metric is a ratio."""
        lengths = self._blocks.lengths
        assert lengths is not None
        inside = ((self._halves[:, None] >> np.arange(len(lengths))) & 1) @ lengths
        days = np.stack([inside, lengths.sum() - inside], axis=1).astype(np.float64)
        return self._halves, days, self._metric == "sharpe"

    def _thin(self, wanted: int) -> None:
        """Keeps the distinct variants with the smallest hashes, which are a random sample."""
        kept = joined(self._kept)
        _, first = np.unique(kept.hashes, axis=0, return_index=True)
        self._complete &= len(first) <= wanted
        self._kept = [kept.take(first[:wanted])]

    def finish(self) -> BacktestOverfitting:
        if self._variants == 0:
            raise InputError("there must be at least one variant", "none", "returns", "Add a chunk first")
        if self._rank_sample is not None:
            self._thin(self._rank_sample)
        below, equal = np.zeros_like(self._chosen), np.zeros_like(self._chosen)
        hashes = np.concatenate([kept.hashes for kept in self._kept])
        distinct = np.zeros(len(hashes), dtype=np.bool_)
        distinct[np.unique(hashes, axis=0, return_index=True)[1]] = True
        begins = 0
        for kept in self._kept:
            one = kept.take(np.flatnonzero(distinct[begins : begins + len(kept.hashes)]))
            begins += len(kept.hashes)
            count_below(one.sums, one.squares, *self._sides(), TOLERANCE[self._metric], self._outside, below, equal)
        itself = np.isin(self._hashes, hashes[:, 0])  # always, but for a sample
        return self._concluded(below, equal - itself, distinct.sum() - itself)

    def _concluded(self, below: Ints, equal: Ints, others: Ints) -> BacktestOverfitting:
        """below, equal, others: (P, 2) other variants worse than the best outside, as good, and altogether."""
        # In halves, so that a rank in the very middle is found exactly.
        twice, most = _in_order(2 * below + equal + 2), _in_order(2 * (others + 2))
        share = twice / most
        outside = _in_order(self._outside)
        error = 0.0 if self._complete else float(0.5 / np.sqrt(others.min()))
        return BacktestOverfitting(
            pbo=float((2 * twice <= most).mean()),
            mid_p=float((2 * twice < most).mean() + 0.5 * (2 * twice == most).mean()),
            median_rank=float(np.median(share)),
            loss_probability=float((outside < -TOLERANCE[self._metric]).mean()),
            logits=np.log(twice / (most - twice)),
            chosen=_in_order(self._chosen),
            in_sample=_in_order(self._best),
            out_of_sample=outside,
            metric=self._metric,
            blocks=self._blocks.count,
            variants=self._variants,
            ranked=int(others.max()) + 1,
            rank_error=error,
            undecided=0.0 if self._complete else float((np.abs(share - 0.5) <= 2.0 * error).mean()),
            seed=None if self._complete else self._blocks.seed,
        )


def probability_of_backtest_overfitting(
    returns: Chunks,
    blocks: int = 16,
    metric: str = "sharpe",
    *,
    rank_sample: int | None = None,
    seed: int = 0,
) -> BacktestOverfitting:
    """PBO of daily returns (T, V), or of chunks of them, read once. T ≥ blocks; other arguments: see OverfittingTest.

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> returns = rng.normal(0.0005, 0.01, (500, 20))
    >>> returns[:, 3] += 0.003  # one variant is better throughout
    >>> found = probability_of_backtest_overfitting(returns, blocks=8)
    >>> found.pbo, len(found.logits), set(found.chosen.tolist())
    (0.0, 70, {3})
    """
    test = OverfittingTest(blocks, metric, rank_sample=rank_sample, seed=seed)
    for chunk in chunks_of(returns, "returns"):
        test._add(chunk)
    return test.finish()


def probability_of_backtest_overfitting_from_sums(
    block_sums: Floats | Iterable[Floats],
    metric: str = "sharpe",
    *,
    rank_sample: int | None = None,
    seed: int = 0,
) -> BacktestOverfitting:
    """PBO of the sums of S blocks, (S, V, 3): days, Σr, Σr²; or of chunks of them. See OverfittingTest.add_block_sums.

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> blocks = rng.normal(0.0005, 0.01, (8, 50, 20))  # 8 blocks of 50 days, 20 variants
    >>> days = np.full((8, 20), 50.0)
    >>> sums = np.stack([days, blocks.sum(axis=1), (blocks**2).sum(axis=1)], axis=2)
    >>> found = probability_of_backtest_overfitting_from_sums(sums)
    >>> found.blocks, found.variants, 0.0 <= found.pbo <= 1.0
    (8, 20, True)
    """
    chunks = [np.asarray(block_sums)] if hasattr(block_sums, "__array__") else block_sums
    test = None
    for chunk in chunks:
        test = test or OverfittingTest(len(chunk), metric, rank_sample=rank_sample, seed=seed)
        test.add_block_sums(chunk)
    if test is None:
        raise InputError("there must be at least one variant", "none", "block_sums", "Give (blocks, variants, 3)")
    return test.finish()


def _in_order(pairs: Array) -> Array:
    """(P, 2) a half and its complement, to (2P,) in the order of the combinations."""
    return np.concatenate([pairs[:, 0], pairs[::-1, 1]])
