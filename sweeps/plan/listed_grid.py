"""A grid of listed variants."""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Ints
from gridproof.kernels.problem import Jobs
from gridproof.sweeps.plan.choices import Choices
from gridproof.sweeps.plan.piece import PIECE, BoxPiece, Cut, Piece
from gridproof.sweeps.plan.plan import Plan


class ListedGrid:
    """Listed variants: a sample, a slice through the base, single points, or all by number."""

    def __init__(self, plan: Plan, variants: Ints | range, target: int = PIECE) -> None:
        self.plan = plan
        self._variants = variants if isinstance(variants, range) else np.unique(variants)
        self._target = target
        self.size = len(self._variants)
        self.pieces = -(-self.size // target)

    @property
    def cut(self) -> Cut:
        return Cut("list", self._target, False, self.size, self.pieces)

    def bounds(self, piece: int) -> tuple[int, int]:
        return piece * self._target, min(self.size, (piece + 1) * self._target)

    def variants(self, piece: int) -> Ints:
        return np.asarray(self._variants[slice(*self.bounds(piece))], dtype=np.int64)

    def piece(self, number: int) -> Piece:
        return self._list(self.variants(number))

    def alone(self, variant: int) -> Piece:
        return self._list(np.array([variant], dtype=np.int64))

    def box(self, number: int) -> BoxPiece | None:
        return None

    def choices_box(self, number: int) -> BoxPiece | None:
        return None

    def among(self, choices: Choices) -> ListedGrid:
        if choices.everything:
            return self
        if self.size == choices.whole.size:
            return ListedGrid(self.plan, choices.whole_index(np.arange(choices.size)), self._target)
        found = [variants[choices.among(variants)] for variants in map(self.variants, range(self.pieces))]
        return ListedGrid(self.plan, np.concatenate(found), self._target)

    def _list(self, variants: Ints) -> Piece:
        plan, space = self.plan, self.plan.study.space
        digits = space.digits(variants)
        columns = []
        for signal in plan.study.signals:
            paths = plan.paths[signal.name][tuple(digits[:, axis] for axis in space.uses[signal.name])]
            columns.append(np.broadcast_to(paths, len(variants)))  # a signal without axes has one path
        offset = len(space.dims) - space.executing
        cell = np.zeros(len(variants), dtype=np.int64)
        for axis in range(offset, len(space.dims)):
            cell = cell * space.dims[axis] + digits[:, axis]
        keys, job_of = np.unique(np.stack([*columns, cell], axis=1).astype(np.int64), axis=0, return_inverse=True)
        changed = np.flatnonzero((np.diff(keys[:, :-1], axis=0) != 0).any(axis=1)) + 1
        first = np.concatenate([[0], changed, [len(keys)]]).astype(np.int64)
        jobs = Jobs(plan.rows(keys[first[:-1], :-1]), first, np.ascontiguousarray(keys[:, -1]))
        return Piece(variants, jobs, keys, job_of.ravel(), digits)
