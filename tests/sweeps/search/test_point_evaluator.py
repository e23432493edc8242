"""Trials of single points: every statistic against each point alone, and against dense trials."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from gridproof.sweeps.plan.point import evaluate_point
from gridproof.sweeps.search.objectives import parse_requirements
from gridproof.sweeps.search.point_evaluator import PointEvaluator
from tests.support.searched import searched, small_market
from tests.support.trials import POINTS, cells_of, context, edges, measure, spec_of, whole


def test_points_and_those_around_them() -> None:
    one = spec_of("plateau", "median", "lower_quartile", "best", "worst_period", "sharpe", "turnover")
    evaluator = PointEvaluator(context(), one.points_of, one.objectives, parse_requirements(["switches>=12"]))
    found = evaluator.evaluate([whole(point) for point in POINTS])
    assert found[0] == found[4]
    for choice, result in zip(POINTS, found, strict=True):
        around = one.points_of(whole(choice))
        assert around[0] == whole(choice) == result.chosen
        assert result.cells == len(around)
        assert all(sum(near[name] != around[0][name] for name in near) == 1 for near in around[1:])
        points = [evaluate_point(searched(), small_market(), near) for near in around]
        values = np.array([point.in_sample["sharpe"] for point in points], dtype=float)
        filled = np.sort(np.where(np.isfinite(values), values, np.nanmin(values)))
        daily = points[0].curve["return"].to_numpy()[: context().days]
        parts = [measure(daily[low:high], "sharpe") for low, high in itertools.pairwise(edges(len(daily)))]
        quartile = filled[int((len(filled) - 1) * 0.25)]
        expected = [quartile, np.median(filled), quartile, filled[-1], np.nan_to_num(parts).min(), values[0]]
        np.testing.assert_allclose(result.values[:-1], expected, rtol=1e-8, atol=1e-12)
        assert result.values[-1] == pytest.approx(points[0].in_sample["turnover"])
        assert result.violation == pytest.approx(max(0.0, (12 - points[0].in_sample["switches"]) / 12))


def test_points_are_cells() -> None:
    """A point alone has the metrics that it has as a cell of a dense trial, and one by one as in a batch."""
    cells, _, returns = cells_of(2)
    one = spec_of("sharpe")
    assert one.points_of(cells[0]) == [cells[0]], "a metric of the point needs no points around it"
    evaluator = PointEvaluator(context(), one.points_of, one.objectives, ())
    found = evaluator.evaluate(cells)
    sharpes = [measure(row, "sharpe") for row in returns]
    assert [result.values == () for result in found] == [bool(np.isnan(value)) for value in sharpes]
    np.testing.assert_allclose(
        [result.values[0] for result in found if result.values], [value for value in sharpes if np.isfinite(value)]
    )
    assert [evaluator.evaluate([cell])[0] for cell in cells] == found


def test_a_point_that_cannot_be_evaluated_spoils_no_other() -> None:
    one = spec_of("sharpe")
    evaluator = PointEvaluator(context(), one.points_of, one.objectives, ())
    good = [whole(point) for point in POINTS]
    bad = whole({"rate.window": 500})
    assert evaluator.evaluate([*good[:2], bad, *good[2:], bad]) == [
        *evaluator.evaluate(good[:2]),
        *evaluator.evaluate([bad]),
        *evaluator.evaluate(good[2:]),
        *evaluator.evaluate([bad]),
    ]
    assert evaluator.evaluate([bad])[0].reason.startswith("study.yaml window.from")
    assert evaluator.evaluate([bad])[0].cells == 0
