"""Sums over the days of turned positions, against the definition: every shift added up day by day."""

from __future__ import annotations

import numpy as np
import pytest

from gridproof.results.statistics.shifted_sums import change_charges, shifted_squares, shifted_sums, shifted_totals


@pytest.mark.parametrize("cost", [0.0, 0.003])
def test_every_shift_of_several_markets_by_the_definition(cost: float) -> None:
    rng = np.random.default_rng(1)
    weights, returns = rng.dirichlet(np.ones(3), 12), rng.normal(0.001, 0.01, (2, 12, 3))
    charges = change_charges(weights, cost)
    totals, (squares, sizes) = (of(weights, charges, returns) for of in (shifted_totals, shifted_squares))
    before = shifted_sums(weights, returns)
    for market, earned in enumerate(returns):
        for shift in range(12):
            turned = np.roll(weights, shift, axis=0)
            gross = (turned * earned).sum(axis=1)
            traded = np.abs(np.diff(turned, axis=0)).sum(axis=1)
            daily = gross - cost * np.concatenate([[0.0], traded])
            assert before[market, shift] == pytest.approx(gross.sum())
            assert totals[market, shift] == pytest.approx(daily.sum())
            assert squares[market, shift] == pytest.approx((daily**2).sum())
        assert squares[market].max() <= sizes[market]
    alone = shifted_totals(weights, charges, returns[1]), *shifted_squares(weights, charges, returns[1])
    for one, found in zip(alone, (totals[1], squares[1], sizes[1]), strict=True):
        np.testing.assert_allclose(one, found, rtol=1e-12)
