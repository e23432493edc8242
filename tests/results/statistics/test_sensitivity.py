"""Functional ANOVA: the published Ishigami values, SALib, the tallied surfaces, and the definitions written out."""

from __future__ import annotations

import math
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridproof.kernels.aggregate.surfaces import LIMIT, Surfaces
from gridproof.kernels.errors import InputError
from gridproof.results.statistics.sensitivity import (
    anova_from_surfaces,
    functional_anova,
    sobol_indices_from_grid,
)

FIRST, TOTAL = (0.3139, 0.4424, 0.0), (0.5576, 0.4424, 0.2437)


def ishigami(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    return np.sin(x) + 7 * np.sin(y) ** 2 + 0.1 * z**4 * np.sin(x)


def ishigami_grid(points: int) -> tuple[np.ndarray, list[np.ndarray]]:
    nodes, weights = np.polynomial.legendre.leggauss(points)
    return ishigami(*np.meshgrid(*[nodes * math.pi] * 3, indexing="ij")), [weights] * 3


def drawn_grid(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    values = np.random.default_rng(seed).normal(1.0, 1.0, shape)
    values.flags.writeable = False
    return values


def brute_force(values: np.ndarray) -> dict[tuple[int, ...], float]:
    """Every part of the variance: the effect of each set of axes is its mean less the effects of all its subsets."""
    axes = range(values.ndim)
    effects: dict[tuple[int, ...], np.ndarray] = {}
    for size in range(values.ndim + 1):
        for subset in combinations(axes, size):
            mean = values.mean(axis=tuple(axis for axis in axes if axis not in subset), keepdims=True)
            smaller = [effects[less] for n in range(size) for less in combinations(subset, n)]
            effects[subset] = mean - sum(smaller, np.zeros(1))
    return {subset: float((effect**2).mean() / values.var()) for subset, effect in effects.items() if subset}


def test_published_ishigami() -> None:
    values, weights = ishigami_grid(24)
    result = functional_anova(values, weights)
    assert result.first_order.round(4) == pytest.approx(FIRST)
    assert result.total.round(4) == pytest.approx(TOTAL)
    # a²/8 + b·π⁴/5 + b²·π⁸/18 + 1/2
    assert result.variance == pytest.approx(49 / 8 + 0.1 * math.pi**4 / 5 + 0.01 * math.pi**8 / 18 + 0.5)
    assert result.mean == pytest.approx(3.5)
    assert result.second_order[0, 2] == pytest.approx(0.2437, abs=5e-5)
    assert result.second_order[0, 1] == pytest.approx(0, abs=1e-12)
    assert result.interactions == pytest.approx(result.second_order[0, 2])
    assert result.closed_pairs[0, 2] == pytest.approx(result.total[0])
    indices = sobol_indices_from_grid(values, weights)
    assert (indices.first_order == result.first_order).all()
    assert (indices.total == result.total).all()


def test_a_uniform_grid_comes_near_ishigami() -> None:
    middles = (np.arange(100) + 0.5) / 100 * 2 * math.pi - math.pi
    result = sobol_indices_from_grid(ishigami(*np.meshgrid(*[middles] * 3, indexing="ij")))
    assert result.first_order == pytest.approx(FIRST, abs=5e-4)
    assert result.total == pytest.approx(TOTAL, abs=5e-4)


def test_ishigami_against_salib() -> None:
    pytest.importorskip("SALib")
    from SALib.analyze import sobol
    from SALib.sample import sobol as sampler
    from SALib.test_functions import Ishigami

    problem = {"num_vars": 3, "names": ["x", "y", "z"], "bounds": [[-math.pi, math.pi]] * 3}
    sample = sampler.sample(problem, 2**13, calc_second_order=True, seed=1)
    theirs = sobol.analyze(problem, Ishigami.evaluate(sample), calc_second_order=True, seed=1)
    values, weights = ishigami_grid(24)
    ours = functional_anova(values, weights)
    assert ours.first_order == pytest.approx(theirs["S1"], abs=0.01)
    assert ours.total == pytest.approx(theirs["ST"], abs=0.01)
    above = np.triu_indices(3, 1)
    assert ours.second_order[above] == pytest.approx(theirs["S2"][above], abs=0.02)


@pytest.mark.parametrize("shape", [(5,), (4, 3), (3, 1, 4), (2, 3, 4, 2)])
def test_every_part_against_its_definition(shape: tuple[int, ...]) -> None:
    values = drawn_grid(shape)
    result, parts = functional_anova(values), brute_force(values)
    assert sum(parts.values()) == pytest.approx(1)
    axes = range(len(shape))
    assert result.first_order == pytest.approx([parts[(axis,)] for axis in axes], abs=1e-12)
    totals = [sum(part for subset, part in parts.items() if axis in subset) for axis in axes]
    assert result.total == pytest.approx(totals, abs=1e-12)
    for x, y in product(axes, axes):
        expected = 0.0 if x == y else parts[(min(x, y), max(x, y))]
        assert result.second_order[x, y] == pytest.approx(expected, abs=1e-12)
    assert (result.mean, result.variance) == pytest.approx((values.mean(), values.var()))
    assert (result.second_order >= 0).all()


@settings(max_examples=40)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.integers(0, 2**32 - 1))
def test_order_of_axes_and_scale_do_not_matter(shape: list[int], seed: int) -> None:
    generator = np.random.default_rng(seed)
    values = generator.normal(size=shape)
    order = generator.permutation(len(shape))
    one, other = functional_anova(values), functional_anova(values.transpose(order) * -3.0 + 100.0)
    assert other.first_order == pytest.approx(one.first_order[order], abs=1e-9, nan_ok=True)
    assert other.total == pytest.approx(one.total[order], abs=1e-9, nan_ok=True)
    assert other.second_order == pytest.approx(one.second_order[np.ix_(order, order)], abs=1e-9, nan_ok=True)
    if values.size > 1:
        assert (one.total >= one.first_order - 1e-12).all()


def test_a_sum_of_axes_has_no_interaction_and_an_inert_axis_no_index() -> None:
    x, y = np.array([0.0, 1.0, 5.0]), np.array([1.0, -1.0])
    values = np.broadcast_to(x[:, None, None] + y[None, :, None], (3, 2, 4))
    result = functional_anova(values)
    assert result.first_order == pytest.approx(result.total)
    assert result.first_order[:2] == pytest.approx([x.var(), y.var()] / (x.var() + y.var()))
    assert (result.first_order[2], result.total[2]) == pytest.approx((0, 0), abs=1e-30)
    assert result.interactions == pytest.approx(0, abs=1e-12)
    only_together = functional_anova(np.array([[1.0, -1.0], [-1.0, 1.0]]))
    assert only_together.first_order == pytest.approx([0, 0], abs=1e-30)
    assert only_together.second_order[0, 1] == pytest.approx(1)
    assert only_together.total == pytest.approx([1, 1])


def test_whole_weights_are_repeated_values() -> None:
    values, weights = drawn_grid((3, 4)), [[1, 2, 3], [2, 1, 0, 4]]
    repeated = values.repeat(weights[0], axis=0).repeat(weights[1], axis=1)
    one, other = functional_anova(values, weights), functional_anova(repeated)
    assert one.first_order == pytest.approx(other.first_order)
    assert one.total == pytest.approx(other.total)
    assert one.second_order == pytest.approx(other.second_order)


def test_undefined_cells_are_left_out_and_counted() -> None:
    values = drawn_grid((4, 5, 3)).copy()
    values[0, 1, 2] = values[3, 3, 0] = np.nan
    values[2, 4, :] = np.nan
    result = functional_anova(values)
    defined = ~np.isnan(values)
    assert result.undefined == 5
    assert (result.mean, result.variance) == pytest.approx((values[defined].mean(), values[defined].var()))
    cells = [(place, values[place]) for place in np.ndindex(4, 5, 3) if defined[place]]

    def explained(axes: tuple[int, ...]) -> float:
        groups: dict[tuple[int, ...], list[float]] = {}
        for place, value in cells:
            groups.setdefault(tuple(place[axis] for axis in axes), []).append(value)
        parts = [len(group) * (np.mean(group) - result.mean) ** 2 for group in groups.values()]
        return sum(parts) / len(cells) / result.variance

    assert result.first_order == pytest.approx([explained((axis,)) for axis in range(3)])
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        assert result.total[axis] == pytest.approx(1 - explained(others))
    pair = explained((0, 1)) - explained((0,)) - explained((1,))
    assert result.second_order[0, 1] == pytest.approx(pair)


def test_a_constant_objective_has_no_indices() -> None:
    for constant in (0.0, 0.1, -1e6):
        result = functional_anova(np.full((3, 4), constant))
        assert np.isnan(result.first_order).all()
        assert np.isnan(result.total).all()
        assert result.variance == pytest.approx(0, abs=1e-12)


def tallied(values: np.ndarray) -> Surfaces:
    surfaces = Surfaces.empty(values.shape)
    digits = np.array(list(np.ndindex(values.shape)), dtype=np.int64)
    surfaces.add(digits, values.ravel())
    return surfaces


@pytest.mark.parametrize("shape", [(4, 3), (3, 1, 4), (3, 4, 5), (2, 3, 4, 2)])
@pytest.mark.parametrize("holes", [False, True])
def test_surfaces_give_the_same_indices(shape: tuple[int, ...], holes: bool) -> None:
    values = drawn_grid(shape).copy()
    if holes:
        values.ravel()[[1, 7]] = np.nan
    ours, grid = anova_from_surfaces(tallied(values)), functional_anova(values)
    assert ours.undefined == grid.undefined == 2 * holes
    assert (ours.mean, ours.variance) == pytest.approx((grid.mean, grid.variance), abs=1e-8)
    assert ours.first_order == pytest.approx(grid.first_order, abs=1e-8)
    assert ours.second_order == pytest.approx(grid.second_order, abs=1e-8)
    if sum(size > 1 for size in shape) > 3:
        assert np.isnan(ours.total).all()
    elif not holes:
        assert ours.total == pytest.approx(grid.total, abs=1e-8)


def test_surfaces_that_cannot_answer() -> None:
    with pytest.raises(InputError, match=r"there must be at least one surface; got \(5, 1\)"):
        anova_from_surfaces(Surfaces.empty((5, 1)))
    with pytest.raises(InputError, match=r"must contain at least one variant; got 0"):
        anova_from_surfaces(Surfaces.empty((5, 2)))
    constant = anova_from_surfaces(tallied(np.full((3, 2, 2), 0.7)))
    assert np.isnan(constant.first_order).all()
    # A pair of axes too large for a surface: the others still answer.
    large = Surfaces.empty((600, 600, 2))
    assert large.pairs == ((0, 2), (1, 2))
    digits = np.random.default_rng(0).integers(0, (600, 600, 2), (5000, 3))
    large.add(digits, digits[:, 2] + 0.0)
    result = anova_from_surfaces(large)
    assert result.first_order[2] == pytest.approx(1)
    assert math.isnan(result.second_order[0, 1])
    assert math.isnan(result.total[2])
    # Values too large to be averaged count as undefined.
    spike = drawn_grid((3, 4)).copy()
    spike[0, 0] = 2 * LIMIT
    assert anova_from_surfaces(tallied(spike)).undefined == 1


def test_bad_grids_and_weights() -> None:
    for values in (3.0, [np.nan, np.nan], [1.0, np.inf]):
        with pytest.raises(InputError, match=r"functional_anova: values: must be an array of finite numbers"):
            functional_anova(values)
    grid = drawn_grid((2, 2))
    with pytest.raises(InputError, match=r"one weight for each value of each axis; got \(\(2,\), \(3,\)\)"):
        functional_anova(grid, [[1, 1], [1, 1, 1]])
    with pytest.raises(InputError, match=r"finite, not negative, and not all 0"):
        sobol_indices_from_grid(grid, [[1, 1], [1, -1]])
    with pytest.raises(InputError, match=r"a defined value must have a positive weight"):
        functional_anova([[np.nan, 1.0], [1.0, 1.0]], [[1, 0], [1, 0]])
