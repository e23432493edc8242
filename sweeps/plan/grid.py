"""The grid: the variants of a plan, cut into pieces, each with the distinct jobs behind its variants.

A piece is the unit of evaluation; a tile is a run of pieces and the unit of work and of resume. The variants of a piece
depend on the grid's cut alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import Protocol

import numpy as np

from gridproof.kernels.aggregate.reduction import AxisSpan, ReductionLimits, extent
from gridproof.kernels.arrays import Ints
from gridproof.kernels.cpu.product.limits import versions
from gridproof.kernels.errors import InputError
from gridproof.kernels.problem import Work
from gridproof.results.run.store import ROWS_KEPT
from gridproof.sweeps.plan.choices import Choices, choices_of
from gridproof.sweeps.plan.listed_grid import ListedGrid
from gridproof.sweeps.plan.piece import PIECE, BoxPiece, Cut, Piece
from gridproof.sweeps.plan.plan import Plan
from gridproof.sweeps.study.space import Space

# Variants from which a grid may be evaluated as products. Compiling the product's kernels takes about half a minute of
# one core, once a machine; a list of fewer variants costs at most some seconds more than a product, see
# benchmarks/README.md. It is the grid that decides, never the cache: the two forms differ in the last bits.
PRODUCTS_FROM = 1_000_000


class Grid(Protocol):
    """An ordered set of variants of a plan, cut into pieces."""

    @property
    def plan(self) -> Plan: ...
    @property
    def size(self) -> int: ...
    @property
    def pieces(self) -> int: ...
    @property
    def cut(self) -> Cut: ...
    def bounds(self, piece: int) -> tuple[int, int]:
        """The piece's first and past-last variant, counted in this grid's order."""

    def variants(self, piece: int) -> Ints:
        """The grid indices of a piece, ascending."""

    def piece(self, number: int) -> Piece: ...
    def alone(self, variant: int) -> Piece:
        """One variant by its grid index, with the same bits as within its piece."""

    def box(self, number: int) -> BoxPiece | None:
        """The piece as a product, whose variants are not listed; None where it is evaluated as a list."""

    def choices_box(self, number: int) -> BoxPiece | None:
        """The choices of such a piece as a product; None where it has none."""

    def among(self, choices: Choices) -> Grid:
        """The variants of this grid that are choices, each evaluated with the same bits as in this grid."""


class ProductGrid:
    """The whole grid, or all its choices. A piece is a box: leading axes fixed, a part of one axis, and all values of
    the axes after it.
    """

    def __init__(
        self,
        plan: Plan,
        target: int = PIECE,
        reduced: bool = False,
        repeated: bool = False,
        choices: Choices | None = None,
        boxed: bool | None = None,
    ) -> None:
        """reduced: the backend reduces the boxes itself; a single variant is evaluated as a box too.

        repeated: one of many grids, as in a search: it may be evaluated as products however small it is. choices: the
        grid has these only. boxed: whether pieces are boxes or lists; None: as suits the grid.
        """
        self.plan = plan
        self._target, self._reduced = target, reduced
        self._latest: dict[str, tuple[tuple[tuple[int, int], ...], tuple[Ints, Ints]]] = {}
        self._all = choices is None
        self._choices = choices or choices_of(plan.study)
        self._space = space = plan.study.space if choices is None else choices.space
        dims = space.dims
        split = len(dims)
        # Axes that signals share stay fixed within a piece: there the signals' paths form a product.
        while split > space.shared and prod(dims[split - 1 :]) <= target:
            split -= 1
        self._inner = prod(dims[split:])
        self._split = split - 1 if split > space.shared else -1
        length = dims[self._split] if self._split >= 0 else 1
        # Equal parts, so that the buffers that a backend keeps between pieces fit all but the last.
        self._chunks = -(-length // max(1, target // self._inner))
        self._width = -(-length // self._chunks)
        self._length = length
        self.size = space.size
        self.pieces = space.size // (length * self._inner) * self._chunks
        # Boxes or lists for all pieces alike, so that a variant's metrics have the same bits in each. No product holds
        # what a minimum holding or a stop remembers.
        large = (repeated or space.size >= PRODUCTS_FROM) and plan.problem.restrictions is None
        if boxed is None:
            first = self._part(self._sides(*self.bounds(0)))
            paths = [len(each) for each in first.distinct]
            boxed = reduced or (large and worthwhile(paths, versions(plan.problem)))
        self._boxed = boxed

    @property
    def cut(self) -> Cut:
        return Cut("product", self._target, self._reduced, self.size, self.pieces)

    def __getstate__(self) -> dict[str, object]:
        """Leaves out what is cached between pieces: each worker computes its own."""
        return self.__dict__ | {"_latest": {}}

    def bounds(self, piece: int) -> tuple[int, int]:
        lead, chunk = divmod(piece, self._chunks)
        begin, end = chunk * self._width, min(self._length, (chunk + 1) * self._width)
        return (lead * self._length + begin) * self._inner, (lead * self._length + end) * self._inner

    def variants(self, piece: int) -> Ints:
        return self._indices(*self.bounds(piece))

    def piece(self, number: int) -> Piece:
        low, high = self.bounds(number)
        return self._box(self._sides(low, high), self._indices(low, high))

    def alone(self, variant: int) -> Piece:
        index = np.array([variant], dtype=np.int64)
        digits = self.plan.study.space.digits(index)[0]
        return self._box([slice(int(digit), int(digit) + 1) for digit in digits], index)

    def box(self, number: int) -> BoxPiece | None:
        return self._part(self._sides(*self.bounds(number))) if self._boxed else None

    def choices_box(self, number: int) -> BoxPiece | None:
        sides = self._choices.sides(self._sides(*self.bounds(number))) if self._boxed else None
        return None if sides is None else self._part(sides, self._choices)

    def among(self, choices: Choices) -> Grid:
        if choices.everything:
            return self
        return ProductGrid(self.plan, min(self._target, PIECE), choices=choices, boxed=self._boxed)

    def _indices(self, low: int, high: int) -> Ints:
        """The grid indices of the variants [low, high) in this grid's order."""
        numbers = np.arange(low, high, dtype=np.int64)
        return numbers if self._all else self._choices.whole_index(numbers)

    def _sides(self, low: int, high: int) -> list[slice]:
        """The positions on each axis of the whole grid of the variants [low, high) in this grid's order."""
        first, last = self._indices(low, low + 1), self._indices(high - 1, high)
        ends = self.plan.study.space.digits(np.concatenate([first, last]))
        return [slice(int(a), int(b) + 1) for a, b in ends.T]

    def _part(self, box: list[slice], choices: Choices | None = None) -> BoxPiece:
        """The variants with these positions on the axes of the whole grid. choices: number axes as they do."""
        space = self.plan.study.space
        counted = space if choices is None else choices.space
        begins = [side.start if len(counted.axes[axis].values) == len(space.axes[axis].values) else 0
                  for axis, side in enumerate(box)]  # fmt: skip

        def spans_of(axes: Iterable[int]) -> tuple[AxisSpan, ...]:
            return tuple(AxisSpan(axis, begins[axis], box[axis].stop - box[axis].start) for axis in axes)

        inverses, distinct, spans = [], [], []
        shared = list(range(space.shared))  # one value each: listed with the first signal
        for signal in self.plan.study.signals:
            paths, inverse = self._paths(signal.name, tuple(box[axis] for axis in space.uses[signal.name]))
            distinct.append(paths)
            # The signals' own axes follow one another in the grid, so each inverse covers one block of the box's axes.
            inverses.append(inverse)
            spans.append(spans_of([*shared, *(axis for axis in space.uses[signal.name] if axis >= space.shared)]))
            shared = []
        offset = len(space.dims) - space.executing
        spans.append(spans_of([*shared, *range(offset, len(space.dims))]))
        cells = _cells(space, box[offset:])
        first = tuple(side.start for side in box)
        return BoxPiece(counted, first, tuple(distinct), tuple(inverses), tuple(spans), cells)

    def _paths(self, signal: str, box: tuple[slice, ...]) -> tuple[Ints, Ints]:
        """The distinct paths within a box, and the path of each combination. The last result is kept for the next
        piece.
        """
        key = tuple((side.start, side.stop) for side in box)
        if signal not in self._latest or self._latest[signal][0] != key:
            unique, begins, inverse = np.unique(self.plan.paths[signal][box], return_index=True, return_inverse=True)
            order = np.argsort(begins)
            found = unique[order].astype(np.int64), np.argsort(order)[inverse.ravel()].astype(np.int64)
            self._latest[signal] = key, found
        return self._latest[signal][1]

    def _box(self, box: list[slice], variants: Ints) -> Piece:
        part = self._part(box)
        sizes = [len(paths) for paths in part.distinct]
        digits = np.indices(sizes).reshape(len(sizes), prod(sizes))
        tuples = np.empty((prod(sizes), len(sizes)), dtype=np.int64)
        for column, (paths, digit) in enumerate(zip(part.distinct, digits, strict=True)):
            tuples[:, column] = paths[digit]
        job_of = np.zeros(1, dtype=np.int64)
        for paths, inverse in zip(part.distinct, part.inverses, strict=True):
            job_of = (job_of[:, None] * len(paths) + inverse[None, :]).ravel()
        cells = part.cells
        job_of = (job_of[:, None] * len(cells) + np.arange(len(cells))[None, :]).ravel()
        count = len(tuples)
        keys = np.concatenate([np.repeat(tuples, len(cells), axis=0), np.tile(cells, count)[:, None]], axis=1)
        product = self.plan.box(part.distinct, cells)
        work: Work = product if self._boxed else product.jobs()
        return Piece(variants, work, keys, job_of, extent(part.spans))


def worthwhile(sizes: list[int], versions: int = 1) -> bool:
    """Whether variants of a box share enough of their days to be evaluated as a product: paths of each signal.

    A product prepares each path once for many variants. This is faster from about eight variants for each path, where
    paths switch often; where its tables have an entry for each of many allocations held before, from some 70 variants
    for each path with 12 of them, and 220 with 21. See benchmarks/README.md. Beyond 8,192 paths the tables would fill
    the memory.
    """
    return prod(sizes) >= 8 * sum(sizes) * max(1.0, versions / 4) ** 2 and sum(sizes) <= 8192


def whole_grid(plan: Plan, limits: ReductionLimits | None = None, target: int = PIECE, repeated: bool = False) -> Grid:
    """The grid of all variants: in boxes, or by number where shared axes would make the boxes small.

    limits: which boxes the backend reduces; those may be larger, since their variants are not listed. A grid whose
    variants' metrics are all kept must be listed. repeated: see ``ProductGrid``.
    """
    product = ProductGrid(plan, target, repeated=repeated)
    if product.pieces * target > 32 * product.size + target:
        return ListedGrid(plan, range(product.size), target)
    if limits is None or product.size <= ROWS_KEPT or not plan.study.signals:
        return product
    return ProductGrid(plan, limits.most, reduced=True) if product.box(0) or limits.takes_any else product


def cut_alike(grid: Grid, cut: Cut) -> Grid:
    """The variants of a grid cut as another process has cut them. Raises InputError where that is impossible."""
    size, plan = grid.size, grid.plan
    alike: Grid = grid
    if cut.form == "product" and size == plan.study.space.size:
        alike = ProductGrid(plan, cut.target, cut.reduced)
    elif cut.form == "list":
        variants = [grid.variants(piece) for piece in range(grid.pieces)] if size < plan.study.space.size else None
        alike = ListedGrid(plan, range(size) if variants is None else np.concatenate(variants), cut.target)
    if alike.cut != cut:
        rule, remedy = (
            "a run must be resumed with the pieces with which it was begun",
            "Remove the run's folder and run again",
        )
        raise InputError(rule, f"{cut} recorded, {alike.cut} here", "cut.json", remedy)
    return alike


def _cells(space: Space, box: list[slice]) -> Ints:
    """Execution cells of a box, in grid order."""
    dims = space.dims[len(space.dims) - space.executing :]
    numbers = np.arange(prod(dims), dtype=np.int64).reshape(dims)
    return numbers[tuple(box)].ravel()
