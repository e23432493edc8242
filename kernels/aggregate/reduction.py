"""Reductions of a box by the backend that evaluates it, so that its rows are not returned: request and result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from gridproof.kernels.aggregate.surfaces import Surfaces
from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.problem import Box


@dataclass(frozen=True, slots=True)
class AxisSpan:
    """The part of one axis of the grid that a box covers."""

    axis: int
    begin: int
    length: int


def extent(spans: Sequence[Sequence[AxisSpan]]) -> tuple[list[int], list[int]]:
    """The first position and the length of the box on each axis of the grid, in the grid's order of axes."""
    ordered = sorted((span for several in spans for span in several), key=lambda span: span.axis)
    return [span.begin for span in ordered], [span.length for span in ordered]


@dataclass(frozen=True, slots=True)
class ReductionRequest:
    """A box of at most ``Reducer.most`` variants, which are the combinations of its axes' values.

    ``inverses``: for each signal the path of every combination of its axes (the last fastest), numbered in the order
    of first appearance. ``spans``: the axes of each signal, then those of the execution; each axis of the grid once.
    """

    box: Box
    inverses: tuple[Ints, ...]
    spans: tuple[tuple[AxisSpan, ...], ...]
    dims: tuple[int, ...]  # values of every axis of the grid
    metric: str  # one of metrics.OBJECTIVES
    edges: Floats  # (bins + 1,) of the histogram
    base: tuple[float, float]  # the base's metric in the first segment and the second
    kept: int  # how many of the best are wanted
    floor: float  # none below it is


@dataclass(frozen=True, slots=True)
class ReductionResult:
    """``counters``: evaluated; undefined, below and equal to the base; the same in the second segment.

    The best are candidates: all of the best ``kept`` that are not below the floor are among them, with lower jobs first
    among equals.
    """

    counters: Ints  # (7,)
    histogram: Ints  # (bins + 2,)
    surfaces: Surfaces
    job: Ints  # (n,): which tuple of paths, in the order of the box
    execution: Ints  # (n,): which of the box's executions
    value: Floats  # (n,)


@dataclass(frozen=True, slots=True)
class ReductionLimits:
    """Which boxes a backend reduces. most: variants of a box at most. takes_any: also boxes whose variants share
    little."""

    most: int
    takes_any: bool


@runtime_checkable
class Reducer(Protocol):
    """A bound backend that reduces boxes, with the same result as ``results.run.tally.Tally`` from every variant.

    most: the largest number of variants in a box. takes_any: whether it also takes boxes whose variants share few days.
    """

    most: int
    takes_any: bool

    def reduce(self, question: ReductionRequest) -> ReductionResult: ...


class BegunReduction(Protocol):
    """A box that a device works on."""

    def answer(self) -> ReductionResult:
        """Waits for the device. Raises what went wrong with this box."""


@runtime_checkable
class OverlappingReducer(Reducer, Protocol):
    """A reducer whose device works while the host prepares the next box."""

    def begin(self, question: ReductionRequest) -> BegunReduction: ...
