"""A random box with one metric of each of its jobs, and the tally that every reduction of it must come to."""

from __future__ import annotations

from math import prod

import numpy as np

from gridproof.kernels.aggregate.reduction import AxisSpan, ReductionRequest, ReductionResult
from gridproof.kernels.problem import Box
from gridproof.results.run.tally import KEPT, Tally


class Sample:
    """Signals with axes of their own, some combinations with the same path; values that repeat, and undefined ones."""

    def __init__(self, seed: int, most: int = 4, plain: bool = False) -> None:
        rng = np.random.default_rng(seed)
        axes = [tuple(int(n) for n in rng.integers(1, most + 1, rng.integers(0, 3))) for _ in range(rng.integers(1, 4))]
        last = tuple(int(n) for n in rng.integers(1, 3, rng.integers(0, 3)))
        spans, dims = [], []
        for lengths in [*axes, last]:
            mine = []
            for length in lengths:
                begin = int(rng.integers(0, 3))
                mine.append(AxisSpan(len(dims), begin, length))
                dims.append(begin + length + int(rng.integers(0, 2)))
            spans.append(tuple(mine))
        inverses = []
        for lengths in axes:
            drawn = rng.integers(0, max(1, prod(lengths) - 1), prod(lengths))
            _, first, inverse = np.unique(drawn, return_index=True, return_inverse=True)
            inverses.append(np.argsort(np.argsort(first))[inverse.ravel()].astype(np.int64))
        self.paths = [int(inverse.max()) + 1 for inverse in inverses]
        self.cells = prod(last)
        shape = self.cells, prod(self.paths)
        values = rng.normal(0, 3, shape) if plain else rng.choice(np.append(rng.normal(0, 3, 7), [np.nan, 3e7]), shape)
        self.values = [values, rng.normal(size=shape)][: rng.integers(1, 3)]
        paths = tuple(np.zeros((count, 0), dtype=np.int32) for count in self.paths)
        self.box = Box(paths, tuple(np.zeros(0, dtype=np.int64) for _ in paths), np.arange(self.cells))
        self.base = (float(values.flat[0]), 0.0)
        self.edges = np.sort(np.append(rng.normal(0, 3, 5), values[0, :1]))
        self.edges = self.edges[np.isfinite(self.edges)]
        self.inverses, self.spans, self.dims = tuple(inverses), tuple(spans), tuple(dims)

    def question(self, kept: int = KEPT, floor: float = -np.inf) -> ReductionRequest:
        return ReductionRequest(
            self.box, self.inverses, self.spans, self.dims, "sharpe", self.edges, self.base, kept, floor
        )  # fmt: skip

    def tally(self) -> Tally:
        """The same variant by variant, as the other backends are tallied."""
        job_of = np.zeros(1, dtype=np.int64)
        for inverse, count in zip(self.inverses, self.paths, strict=True):
            job_of = (job_of[:, None] * count + inverse).ravel()
        job_of = (job_of[:, None] * self.cells + np.arange(self.cells)).ravel()
        spans = [span for group in self.spans for span in group]
        lengths = [span.length for span in spans]
        local = np.indices(lengths).reshape(len(lengths), len(job_of))
        digits = np.zeros((len(job_of), len(self.dims)), dtype=np.int64)
        for span, digit in zip(spans, local, strict=True):
            digits[:, span.axis] = span.begin + digit
        flat = [values.T.ravel()[job_of] for values in self.values]
        tally = Tally.empty(self.dims, len(self.edges) - 1, 1)
        keys = np.arange(self.cells * prod(self.paths))[:, None]
        after = flat[1] if len(flat) > 1 else None
        tally.add(digits, np.arange(len(job_of)), flat[0], after, keys, job_of, self.edges, self.base)
        return tally

    def check(self, answer: ReductionResult) -> None:
        """The very same integers as the tally's, and its best among the candidates."""
        tally = self.tally()
        np.testing.assert_array_equal(answer.counters, tally.counters)
        np.testing.assert_array_equal(answer.histogram, tally.histogram)
        np.testing.assert_array_equal(answer.surfaces.count, tally.surfaces.count)
        np.testing.assert_array_equal(answer.surfaces.sums, tally.surfaces.sums)
        np.testing.assert_array_equal(answer.surfaces.maximum, tally.surfaces.maximum)
        found = dict(zip((answer.job * self.cells + answer.execution).tolist(), answer.value.tolist(), strict=True))
        for key, value in zip(tally.best_key[:, 0].tolist(), tally.best_value.tolist(), strict=True):
            assert found[key] == value
