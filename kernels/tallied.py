"""A box tallied on the compiled backend: from one metric of every job to counters, histogram, surfaces and the best."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import prange

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.compiled import compiled
from gridproof.kernels.reduction import Answer, Question, extent
from gridproof.kernels.surfaces import Surfaces

# Parts of the values that are counted side by side.
_CHUNKS = 64


def answer(question: Question, values: Sequence[Floats]) -> Answer:
    """values: for each segment the metric of every job and execution, (J, E)."""
    counters = np.zeros(7, dtype=np.int64)
    weights = _weights(question)
    counters[0] = weights.sum() * values[0].shape[1]
    histogram, counters[1:4] = _ranks(values[0], weights, question.base[0], question.edges)
    if len(values) > 1:
        _, counters[4:] = _ranks(values[1], weights, question.base[1], np.empty(0))
    return Answer(counters, histogram, _surfaces(question, values[0]), *_best(question, values[0]))


def _weights(question: Question) -> Ints:
    """How many combinations of parameters have each tuple of paths, (J,)."""
    weights = np.ones(1, dtype=np.int64)
    for paths, inverse in zip(question.box.paths, question.inverses, strict=True):
        weights = np.multiply.outer(weights, np.bincount(inverse, minlength=len(paths))).ravel()
    return weights


def _ranks(values: Floats, weights: Ints, base: float, edges: Floats) -> tuple[Ints, Ints]:
    """The histogram, (bins + 2,), and how many are undefined, below and equal to the base."""
    histograms = np.zeros((_CHUNKS, len(edges) + 1), dtype=np.int64)
    counters = np.zeros((_CHUNKS, 3), dtype=np.int64)
    _rank(values, weights, base, edges, histograms, counters)
    return histograms.sum(axis=0), counters.sum(axis=0)


@compiled(parallel=True)
def _rank(values: Floats, weights: Ints, base: float, edges: Floats, histograms: Ints, counters: Ints) -> None:
    for chunk in prange(_CHUNKS):
        histogram, counts = histograms[chunk], counters[chunk]
        for job in range(len(values) * chunk // _CHUNKS, len(values) * (chunk + 1) // _CHUNKS):
            weight = weights[job]
            for value in values[job]:
                if np.isnan(value):
                    counts[0] += weight
                    continue
                if value < base:
                    counts[1] += weight
                elif value == base:
                    counts[2] += weight
                low, high = 0, len(edges)
                while low < high:
                    middle = (low + high) // 2
                    if edges[middle] <= value:
                        low = middle + 1
                    else:
                        high = middle
                histogram[low] += weight


def _surfaces(question: Question, values: Floats) -> Surfaces:
    surfaces = Surfaces.empty(question.dims)
    spread = values.reshape(*(len(paths) for paths in question.box.paths), values.shape[1])
    for signal, inverse in enumerate(question.inverses):
        spread = np.take(spread, inverse, axis=signal)
    surfaces.add_box(*extent(question.spans), spread.ravel())
    return surfaces


def _best(question: Question, values: Floats) -> tuple[Ints, Ints, Floats]:
    """Jobs, executions and values of all that may be among the best."""
    flat = values.ravel()
    places = np.flatnonzero(flat >= question.floor)
    if len(places) > question.kept:
        found = flat[places]
        places = places[found >= np.partition(found, -question.kept)[-question.kept]]
    job, execution = np.divmod(places, values.shape[1])
    return job, execution, flat[places]
