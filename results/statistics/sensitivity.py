"""Which axis the objective depends on: exact functional ANOVA of a full grid, no sampling.

The variance of the objective over the grid is split into parts of single axes, of pairs and of more (Sobol' 1993;
Saltelli et al. 2008). Every grid point has equal weight, or a product of given weights of its values.

NaN policy: an undefined cell is left out and counted. The defined cells are then not a full product of axes, so the
parts are computed from conditional means over the defined cells. First-order and total indices keep their meaning (the
share that an axis explains alone, and the share lost without it). Indices of pairs may be negative, and the parts need
not add up to 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from gridproof.kernels.aggregate.surfaces import SCALE, Surfaces
from gridproof.kernels.arrays import Floats
from gridproof.kernels.errors import InputError
from gridproof.results.statistics.inputs import require

# A spread below this share of the largest value is rounding: the objective is constant.
_CONSTANT = 1e-12


@dataclass(frozen=True)
class Sensitivity:
    """k axes, in the order of the grid; indices are shares of ``variance``, NaN where the objective is constant."""

    mean: float
    variance: float  # population, of the objective over the grid
    first_order: Floats  # (k,): what an axis explains alone
    total: Floats  # (k,): what an axis explains alone and together with others
    second_order: Floats  # (k, k) symmetric, diagonal 0: what a pair explains beyond its two axes
    undefined: int  # cells left out

    @property
    def closed_pairs(self) -> Floats:
        """(k, k): what a pair explains together, S_i + S_j + S_ij; the diagonal holds the first-order indices."""
        both = self.first_order[:, None] + self.first_order[None, :] + self.second_order
        np.fill_diagonal(both, self.first_order)
        return both

    @property
    def interactions(self) -> float:
        """The share that no sum of functions of single axes explains, 1 − Σ S_i."""
        return float(1.0 - self.first_order.sum())


@dataclass(frozen=True)
class SobolIndices:
    first_order: Floats  # (k,)
    total: Floats  # (k,)


def functional_anova(values: npt.ArrayLike, weights: Sequence[npt.ArrayLike] | None = None) -> Sensitivity:
    """First-order, second-order and total indices of an objective on a full grid.

    values: one dimension for each axis, float64; infinite values raise InputError. weights: for each axis the weights
    of its values (n,), not negative, on any scale; equal by default.

    >>> found = functional_anova([[0.0, 0.0], [1.0, 1.0]])  # only the first axis matters
    >>> found.first_order.tolist(), found.total.tolist(), found.interactions
    ([1.0, 0.0], [1.0, 0.0], 0.0)
    """
    grid = _Grid(values, weights, "functional_anova")
    first, total = grid.first_order(), grid.total()
    second = np.zeros((grid.axes, grid.axes))
    for x, y in combinations(range(grid.axes), 2):
        second[x, y] = second[y, x] = _second_order(*grid.margin((x, y)), grid.undefined == 0)
    variance = grid.variance
    scale = np.nan if grid.constant else variance
    return Sensitivity(grid.mean, variance, first / scale, total / scale, second / scale, grid.undefined)


def sobol_indices_from_grid(values: npt.ArrayLike, weights: Sequence[npt.ArrayLike] | None = None) -> SobolIndices:
    """First-order and total indices alone; arguments and NaN policy as in functional_anova.

    >>> sobol_indices_from_grid([[0.0, 1.0], [1.0, 0.0]]).total.tolist()  # only the pair matters
    [1.0, 1.0]
    """
    grid = _Grid(values, weights, "sobol_indices_from_grid")
    scale = np.nan if grid.constant else grid.variance
    return SobolIndices(grid.first_order() / scale, grid.total() / scale)


def anova_from_surfaces(surfaces: Surfaces) -> Sensitivity:
    """First-order and second-order indices from the tallied surfaces of a sweep, without its grid.

    Exact except for the rounding of the tally (2^−30 a value). Axes of one value have indices 0. Total indices are
    computed for up to three axes of several values, from what the other axes do not explain; with more axes they would
    need every variant and are NaN. Indices of a pair without a surface are NaN too. ``undefined``: cells of the grid
    without a value in the surfaces. Raises InputError without a surface, or with empty ones.
    """
    where = "anova_from_surfaces"
    require(
        bool(surfaces.pairs),
        "there must be at least one surface",
        surfaces.dims,
        where,
        "Give at least two axes several values",
    )
    offsets = surfaces.offsets()
    means, squares = np.nan_to_num(surfaces.mean()), np.nan_to_num(surfaces.mean_square())
    held = surfaces.count[: offsets[1]]
    count = int(held.sum())
    require(
        count > 0,
        "the surfaces must contain at least one variant",
        count,
        where,
        "Evaluate variants with a defined objective",
    )
    mean = float((held * means[: offsets[1]]).sum()) / count
    variance = float((held * squares[: offsets[1]]).sum()) / count - mean**2
    varied = [axis for axis, size in enumerate(surfaces.dims) if size > 1]
    undefined = int(np.prod(np.array(surfaces.dims, dtype=object))) - count
    first = np.array([np.nan if size > 1 else 0.0 for size in surfaces.dims])
    second = np.where(np.isnan(first)[:, None] & np.isnan(first), np.nan, 0.0)
    np.fill_diagonal(second, 0.0)
    for pair, (x, y) in enumerate(surfaces.pairs):
        cells = slice(offsets[pair], offsets[pair + 1])
        shape = surfaces.dims[x], surfaces.dims[y]
        mass = surfaces.count[cells].reshape(shape) / count
        sums = mass * (means[cells].reshape(shape) - mean)
        first[x], first[y] = (
            _explained(mass.sum(axis=1), sums.sum(axis=1)),
            _explained(mass.sum(axis=0), sums.sum(axis=0)),
        )
        second[x, y] = second[y, x] = _second_order(mass, sums, undefined == 0)
    scale = variance if variance > 1.0 / SCALE else np.nan
    first, second = first / scale, second / scale
    total = np.zeros(len(first))
    for axis in varied:
        others = [other for other in varied if other != axis]
        total[axis] = 1.0 - first[others].sum() - sum(second[pair] for pair in combinations(others, 2))
    if len(varied) > 3:
        total[varied] = np.nan
    return Sensitivity(mean, variance, first, total, second, undefined)


class _Grid:
    """The centred objective and the mass of every cell. Masses sum to 1 and are 0 where the objective is undefined."""

    def __init__(self, values: npt.ArrayLike, weights: Sequence[npt.ArrayLike] | None, where: str) -> None:
        objective = np.asarray(values, dtype=np.float64)
        holes = np.isnan(objective)
        shaped = objective.ndim > 0 and not holes.all() and not np.isinf(objective).any()
        rule = "must be an array of finite numbers or NaN, not all of them NaN"
        require(shaped, rule, f"shape {objective.shape}", f"{where}: values", "Give one dimension for each axis")
        self.axes, self.undefined = objective.ndim, int(holes.sum())
        mass = np.full(objective.shape, 1.0 / objective.size)
        if weights is not None:
            for axis, weight in enumerate(_checked(weights, objective.shape, where)):
                mass *= weight.reshape([-1 if axis == other else 1 for other in range(self.axes)]) * len(weight)
        if self.undefined:
            mass[holes] = 0.0
            objective = np.where(holes, 0.0, objective)
        if not mass.any():
            rule = "a defined value must have a positive weight"
            raise InputError(rule, "none", f"{where}: weights", "Give a positive weight to a defined value")
        mass /= mass.sum()
        self.mass, self.mean = mass, float((mass * objective).sum())
        self.centred = objective - self.mean
        self.variance = float((mass * self.centred**2).sum())
        self.constant = self.variance <= (_CONSTANT * np.abs(objective).max()) ** 2

    def margin(self, kept: tuple[int, ...]) -> tuple[Floats, Floats]:
        """Mass and mass × centred objective, summed over all axes but those kept."""
        others = tuple(axis for axis in range(self.axes) if axis not in kept)
        return self.mass.sum(axis=others), (self.mass * self.centred).sum(axis=others)

    def first_order(self) -> Floats:
        return np.array([_explained(*self.margin((axis,))) for axis in range(self.axes)])

    def total(self) -> Floats:
        """The variance along each axis with all other axes fixed; exactly 0 for an axis without effect."""
        left = np.empty(self.axes)
        for axis in range(self.axes):
            held = self.mass.sum(axis=axis, keepdims=True)
            sums = (self.mass * self.centred).sum(axis=axis, keepdims=True)
            left[axis] = (self.mass * (self.centred - _ratio(sums, held)) ** 2).sum()
        return left


def _checked(weights: Sequence[npt.ArrayLike], shape: tuple[int, ...], where: str) -> list[Floats]:
    """For each axis its weights with sum 1."""
    arrays = [np.asarray(weight, dtype=np.float64) for weight in weights]
    sizes = tuple(weight.shape for weight in arrays)
    rule = "there must be one weight for each value of each axis"
    require(sizes == tuple((size,) for size in shape), rule, sizes, f"{where}: weights", f"Give sizes {shape}")
    sound = all(np.isfinite(weight).all() and (weight >= 0.0).all() and weight.any() for weight in arrays)
    rule = "weights must be finite, not negative, and not all 0"
    require(sound, rule, [weight.tolist() for weight in arrays], f"{where}: weights", "Correct them")
    return [weight / weight.sum() for weight in arrays]


def _ratio(sums: Floats, mass: Floats) -> Floats:
    result: Floats = np.divide(sums, mass, out=np.zeros_like(sums), where=mass > 0.0)
    return result


def _explained(mass: Floats, sums: Floats) -> float:
    """The variance of conditional means."""
    return float((_ratio(sums, mass) * sums).sum())


def _second_order(mass: Floats, sums: Floats, complete: bool) -> float:
    """(a, b) → what the pair explains beyond its axes."""
    rows, columns = (mass.sum(axis=1), sums.sum(axis=1)), (mass.sum(axis=0), sums.sum(axis=0))
    if not complete:
        return _explained(mass, sums) - _explained(*rows) - _explained(*columns)
    rest = _ratio(sums, mass) - _ratio(rows[1], rows[0])[:, None] - _ratio(columns[1], columns[0])
    return float((mass * rest**2).sum())
