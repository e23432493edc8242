"""Pieces that the backend reduces to a tally itself: the requests to the backend, and the tally from its results."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from math import prod

import numpy as np

from gridproof.kernels.aggregate.reduction import OverlappingReducer, Reducer, ReductionRequest, ReductionResult
from gridproof.kernels.arrays import Floats
from gridproof.results.run.tally import KEPT, Tally
from gridproof.sweeps.plan.grid import Grid
from gridproof.sweeps.plan.piece import BoxPiece
from gridproof.sweeps.plan.plan import Plan

# The tally that a box belongs to, the box, and what gives its result.
_Asked = tuple[Tally, BoxPiece, Callable[[], ReductionResult]]


class ReducedTile:
    """Pieces [low, high) of a grid, added to ``tally``.

    Where the reducer works beside this process, each piece is begun before the one before is waited for. Variants with
    an objective below that of the tally's last are left out of a piece's best, so this changes no tally.
    """

    def __init__(
        self, grid: Grid, reducer: Reducer, low: int, high: int, edges: Floats, base: tuple[float, float], tally: Tally
    ) -> None:
        self._grid, self._reducer, self._edges, self._base, self._tally = grid, reducer, edges, base, tally
        self._overlapping = isinstance(reducer, OverlappingReducer)
        self._numbers = range(low, high)
        self._waiting = deque(self._numbers)
        self._begun: deque[list[_Asked]] = deque()

    def begin(self) -> None:
        """Begins one more piece, if there is one and the reducer works beside this process."""
        if self._overlapping and self._waiting:
            self._ask()

    def finish(self, advance: Callable[[int], None]) -> Tally:
        """Waits for all pieces. ``advance`` is called with the number of variants of each."""
        for number in self._numbers:
            if not self._begun:
                self._ask()
            self.begin()
            for tally, part, answer in self._begun.popleft():
                tally.merge_whole(_tally(self._grid.plan, part, answer()))
            first, last = self._grid.bounds(number)
            advance(last - first)
        return self._tally

    def _ask(self) -> None:
        number, tally = self._waiting.popleft(), self._tally
        boxes = [(tally, self._grid.box(number))]
        if tally.choices is not None:
            boxes.append((tally.choices, self._grid.choices_box(number)))
        self._begun.append([(into, part, self._answer(into, part)) for into, part in boxes if part is not None])

    def _answer(self, tally: Tally, part: BoxPiece) -> Callable[[], ReductionResult]:
        plan = self._grid.plan
        floor = float(tally.best_value[-1]) if len(tally.best_value) == KEPT else -np.inf
        question = ReductionRequest(
            plan.box(part.distinct, part.cells), part.inverses, part.spans, part.space.dims, plan.study.spec.objective,
            self._edges, self._base, KEPT, floor,
        )  # fmt: skip
        if isinstance(self._reducer, OverlappingReducer):
            return self._reducer.begin(question).answer
        return partial(self._reducer.reduce, question)


def _tally(plan: Plan, part: BoxPiece, result: ReductionResult) -> Tally:
    """The tally of a box from its reduction."""
    # Of equal variants the one with the lowest index is kept: the first combination of parameters with each path.
    variant = np.zeros(len(result.job), dtype=np.int64)
    keys = np.empty((len(result.job), len(part.distinct) + 1), dtype=np.int64)
    sizes = [len(paths) for paths in part.distinct]
    for at, (paths, inverse) in enumerate(zip(part.distinct, part.inverses, strict=True)):
        path = result.job // prod(sizes[at + 1 :]) % sizes[at]
        first = np.unique(inverse, return_index=True)[1]
        variant = variant * len(inverse) + first[path]
        keys[:, at] = paths[path]
    keys[:, -1] = part.cells[result.execution]
    index = part.variants(plan.study.space, variant * len(part.cells) + result.execution)
    order = np.lexsort((index, -result.value))[:KEPT]
    return Tally(
        result.counters, result.histogram, result.surfaces, result.value[order], index[order], keys[order]
    )  # fmt: skip
