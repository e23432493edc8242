"""A box reduced on the compiled backend: one metric of every job to counters, histogram, surfaces and the best jobs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gridproof.kernels.aggregate.reduction import ReductionRequest, ReductionResult, extent
from gridproof.kernels.aggregate.surfaces import Surfaces
from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.jit import jit
from gridproof.kernels.threads import run_ranges

# The values are counted in so many parts, in parallel.
_CHUNKS = 64
# To find the best, a maximum is taken of each run of so many values first.
_RUN = 64


def answer(question: ReductionRequest, values: Sequence[Floats]) -> ReductionResult:
    """values: for each segment the metric of every job and execution, (J, E)."""
    counters = np.zeros(7, dtype=np.int64)
    weights = _weights(question)
    counters[0] = weights.sum() * values[0].shape[1]
    histogram, counters[1:4] = _ranks(values[0], weights, question.base[0], question.edges)
    if len(values) > 1:
        _, counters[4:] = _ranks(values[1], weights, question.base[1], np.empty(0))
    return ReductionResult(counters, histogram, _surfaces(question, values[0]), *_best(question, values[0]))


def _weights(question: ReductionRequest) -> Ints:
    """How many combinations of parameters have each tuple of paths, (J,)."""
    weights = np.ones(1, dtype=np.int64)
    for paths, inverse in zip(question.box.paths, question.inverses, strict=True):
        weights = np.multiply.outer(weights, np.bincount(inverse, minlength=len(paths))).ravel()
    return weights


def _ranks(values: Floats, weights: Ints, base: float, edges: Floats) -> tuple[Ints, Ints]:
    """The histogram, (bins + 2,), and how many are undefined, below and equal to the base."""
    histograms = np.zeros((_CHUNKS, len(edges) + 1), dtype=np.int64)
    counters = np.zeros((_CHUNKS, 3), dtype=np.int64)
    run_ranges(_rank, _CHUNKS, values, weights, base, edges, histograms, counters)
    return histograms.sum(axis=0), counters.sum(axis=0)


@jit(nogil=True)
def _rank(
    low: int, high: int, values: Floats, weights: Ints, base: float, edges: Floats, histograms: Ints, counters: Ints
) -> None:
    """Count the values of chunks [low, high), each to its own histogram and counters."""
    for chunk in range(low, high):
        histogram, counts = histograms[chunk], counters[chunk]
        for job in range(len(values) * chunk // _CHUNKS, len(values) * (chunk + 1) // _CHUNKS):
            weight = weights[job]
            for value in values[job]:
                if np.isnan(value):
                    counts[0] += weight
                    continue
                counts[1] += weight if value < base else 0
                counts[2] += weight if value == base else 0
                if len(edges):
                    histogram[_bin(value, edges)] += weight


@jit()
def _bin(value: float, edges: Floats) -> int:
    """How many of the finite, ascending ``edges`` are not above the value. Starts where equal steps have it."""
    if value < edges[0]:
        return 0
    last = len(edges) - 1
    if value >= edges[last]:
        return last + 1
    place = int((value - edges[0]) / (edges[last] - edges[0]) * last) + 1
    while edges[place - 1] > value:
        place -= 1
    while edges[place] <= value:
        place += 1
    return place


def _surfaces(question: ReductionRequest, values: Floats) -> Surfaces:
    surfaces = Surfaces.empty(question.dims)
    spread = values.reshape(*(len(paths) for paths in question.box.paths), values.shape[1])
    for signal, inverse in enumerate(question.inverses):
        spread = np.take(spread, inverse, axis=signal)
    surfaces.add_box(*extent(question.spans), spread.ravel())
    return surfaces


def _best(question: ReductionRequest, values: Floats) -> tuple[Ints, Ints, Floats]:
    """Jobs, executions and values of all candidates for the best ``kept``."""
    flat, kept = values.ravel(), question.kept
    floor = question.floor
    if len(flat) >= 2 * kept * _RUN:
        # At least ``kept`` values are no less than the ``kept``-th largest maximum of a run.
        whole = flat[: len(flat) // _RUN * _RUN].reshape(-1, _RUN)
        highest = np.nan_to_num(np.fmax.reduce(whole, axis=1), nan=-np.inf, posinf=np.inf, neginf=-np.inf)
        floor = max(floor, float(np.partition(highest, -kept)[-kept]))
    places = np.flatnonzero(flat >= floor)
    if len(places) > kept:
        found = flat[places]
        places = places[found >= np.partition(found, -kept)[-kept]]
    job, execution = np.divmod(places, values.shape[1])
    return job, execution, flat[places]
