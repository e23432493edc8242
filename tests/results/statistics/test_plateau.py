"""Plateau and cliff: constant surfaces, spikes, edges, holes, and the local average written out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridproof.kernels.errors import InputError
from gridproof.results.statistics.plateau import cliff, plateau


def bump(shape: tuple[int, ...], centre: tuple[int, ...], width: float) -> np.ndarray:
    places = np.meshgrid(*[np.arange(size) for size in shape], indexing="ij")
    values = np.exp(-sum((p - c) ** 2 for p, c in zip(places, centre, strict=True)) / (2 * width**2))
    values.flags.writeable = False
    return values


def test_a_constant_surface_scores_one() -> None:
    result = plateau(np.full((5, 7, 6), 1.3), (2, 3, 3), 0.1)
    assert (result.score, result.distance, result.share) == (1.0, 0.0, 1.0)
    assert (result.neighbours, result.undefined, result.edges) == (12, 0, ())
    assert result.peak == (2, 3, 3)


def test_a_lone_spike_scores_about_zero() -> None:
    values = np.zeros((9, 9))
    values[4, 4] = 2.0
    result = plateau(values, (4, 4), 0.1)
    assert result.score == 0.0
    assert result.share == pytest.approx(1 / 81)
    assert cliff(values, (4, 4)).drop == 2.0


def test_a_spike_beside_a_hill_points_to_the_hill() -> None:
    values = bump((15, 15), (10, 9), 3.0).copy()
    values[2, 3] = 1.5
    result = plateau(values, (2, 3), 0.05)
    assert result.peak == (10, 9)
    assert result.distance == pytest.approx(math.hypot(8, 6))
    assert result.score < 0.2
    top = plateau(values, (10, 9), 0.05)
    assert top.distance == 0
    assert top.score > 0.8


def test_the_score_is_the_median_of_steps_along_each_axis() -> None:
    values = np.arange(25.0).reshape(5, 5) + 1
    # Own 13; along the rows 3, 8, 18, 23, along the columns 11, 12, 14, 15.
    assert plateau(values, (2, 2), 0.0).score == np.median([3, 8, 18, 23, 11, 12, 14, 15]) / 13
    # At a corner only what there is: 6, 11 and 2, 3.
    corner = plateau(values, (0, 0), 0.0)
    assert corner.score == np.median([6, 11, 2, 3]) / 1
    assert corner.edges == (0, 1)
    assert plateau(values, (1, 4), 0.0).edges == (1,)
    assert plateau(values, (1, 3), 0.0).edges == ()


def test_an_axis_of_one_value_is_no_edge() -> None:
    result = plateau(np.ones((1, 5)), (0, 2), 0.0)
    assert (result.edges, result.neighbours) == ((), 4)
    alone = plateau(np.ones((1, 1)), (0, 0), 0.0)
    assert math.isnan(alone.score)
    assert math.isnan(cliff(np.ones((1, 1)), (0, 0)).drop)


def test_share_within_one_error_of_the_best() -> None:
    values = np.array([1.0, 0.96, 0.94, 0.2, np.nan])
    assert plateau(values, (0,), 0.05).share == 2 / 4
    assert plateau(values, (0,), 0.0).share == 1 / 4


def test_undefined_neighbours_are_counted() -> None:
    values = np.ones((5, 5))
    values[2, 1], values[3, 2] = np.nan, 0.5
    result = plateau(values, (2, 2), 0.1)
    assert (result.neighbours, result.undefined, result.score) == (7, 1, 1.0)
    edge = cliff(values, (2, 2))
    assert (edge.drop, edge.axis, edge.step, edge.undefined) == (0.5, 0, 1, 1)
    unknown = plateau(values, (2, 1), 0.1)
    assert math.isnan(unknown.score)
    assert math.isnan(cliff(values, (2, 1)).drop)


def test_a_score_needs_a_positive_value() -> None:
    assert math.isnan(plateau(np.full(5, -0.3), (2,), 0.1).score)
    assert math.isnan(plateau(np.zeros(5), (2,), 0.1).score)


def test_the_bottom_of_a_pit_has_no_cliff() -> None:
    result = cliff(np.array([2.0, 1.0, 3.0]), (1,))
    assert (result.drop, result.axis, result.step) == (0.0, None, 0)
    result = cliff(np.array([[3.0, 1.0], [2.5, 0.0]]), (0, 0))
    assert (result.drop, result.axis, result.step) == (2.0, 1, 1)
    result = cliff(np.array([1.0, 4.0, 2.0]), (1,))
    assert (result.drop, result.step) == (3.0, -1)


def local_average(values: np.ndarray) -> np.ndarray:
    result = np.full(values.shape, np.nan)
    for place in np.ndindex(values.shape):
        box = values[tuple(slice(max(p - 1, 0), p + 2) for p in place)]
        if not np.isnan(values[place]):
            result[place] = np.nanmean(box)
    return result


@settings(max_examples=30)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=3), st.integers(0, 2**32 - 1), st.booleans())
def test_the_peak_is_that_of_the_local_average(shape: list[int], seed: int, holes: bool) -> None:
    generator = np.random.default_rng(seed)
    values = generator.normal(size=shape)
    if holes:
        values[generator.random(shape) < 0.2] = np.nan
    if np.isnan(values).all():
        return
    point = tuple(int(generator.integers(size)) for size in shape)
    result = plateau(values, point, 0.1)
    average = local_average(values)
    assert average[result.peak] == pytest.approx(np.nanmax(average))
    ties = np.argwhere(average >= np.nanmax(average) - 1e-9)
    assert result.distance == pytest.approx(min(math.dist(place, point) for place in ties))
    order = generator.permutation(len(shape))
    turned = plateau(values.transpose(order), [point[axis] for axis in order], 0.1)
    assert turned.score == pytest.approx(result.score, nan_ok=True)
    assert turned.distance == pytest.approx(result.distance)
    turned_cliff = cliff(values.transpose(order), [point[axis] for axis in order])
    assert turned_cliff.drop == pytest.approx(cliff(values, point).drop, nan_ok=True)


def test_of_equal_peaks_the_nearest() -> None:
    values = np.zeros(20)
    values[[4, 15]] = 1.0
    assert plateau(values, (5,), 0.1).distance <= 1
    assert plateau(values, (14,), 0.1).distance <= 1


def test_bad_points_and_surfaces() -> None:
    values = np.ones((3, 4))
    for point in ((3, 0), (-1, 0), (0,)):
        with pytest.raises(InputError, match=r"plateau: point: must be one position on each axis of \(3, 4\)"):
            plateau(values, point, 0.1)
    with pytest.raises(InputError, match=r"cliff: values: must be an array of finite numbers"):
        cliff(np.full(3, np.nan), (0,))
    with pytest.raises(InputError, match=r"standard_error: must not be negative; got nan"):
        plateau(values, (0, 0), math.nan)
