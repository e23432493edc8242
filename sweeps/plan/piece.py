"""A piece of a grid, the unit of evaluation, and how a grid is cut into pieces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridproof.kernels.aggregate.reduction import AxisSpan, extent
from gridproof.kernels.arrays import Ints
from gridproof.kernels.problem import Work
from gridproof.results.run.tally import Positions
from gridproof.sweeps.study.space import Space

# Variants of a piece: enough that they share most of their days, few enough that their metrics fit in memory.
PIECE = 262_144


@dataclass(frozen=True, slots=True)
class Piece:
    """n variants and the J ≤ n distinct jobs behind them. ``keys``: path index of each signal, then the execution.

    ``positions``: see ``results.run.tally``.
    """

    variants: Ints  # (n,) grid indices, ascending
    work: Work
    keys: Ints  # (J, signals + 1)
    job_of: Ints  # (n,)
    positions: Positions


@dataclass(frozen=True, slots=True)
class BoxPiece:
    """Variants that form a product.

    ``space``: whose axes ``spans`` name: that of the grid, or of its choices. ``begins``: the first position on each
    axis of the grid. ``distinct``: the distinct paths of each signal in order of first appearance. ``inverses``: for
    each combination of a signal's axes, the position of its path in ``distinct``. ``spans``: the axes of each signal,
    then the execution's.
    """

    space: Space
    begins: tuple[int, ...]
    distinct: tuple[Ints, ...]
    inverses: tuple[Ints, ...]
    spans: tuple[tuple[AxisSpan, ...], ...]
    cells: Ints  # executions, in grid order

    def variants(self, grid: Space, numbers: Ints) -> Ints:
        """Returns (n,) int64: the grid indices of the variants with these numbers in the box, (n,), in grid order."""
        _, lengths = extent(self.spans)
        index = np.zeros(len(numbers), dtype=np.int64)
        stride, rest = 1, numbers
        for axis in range(len(lengths) - 1, -1, -1):
            rest, digit = np.divmod(rest, lengths[axis])
            index += (digit + self.begins[axis]) * stride
            stride *= grid.dims[axis]
        return index


@dataclass(frozen=True, slots=True)
class Cut:
    """How a grid is cut into pieces. A tile of one cut means nothing under another cut.

    form: product or list. target: the most variants of a piece. reduced: whether the backend reduces pieces itself.
    """

    form: str
    target: int
    reduced: bool
    variants: int
    pieces: int
