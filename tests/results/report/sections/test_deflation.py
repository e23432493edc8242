"""The number of trials up to which a deflated Sharpe ratio holds."""

from __future__ import annotations

import pytest

from gridproof.results.report.sections.deflation import most_trials


def test_most_trials_is_where_the_curve_falls_below() -> None:
    curve = {"trials": [1.0, 10.0, 100.0, 1000.0], "best": [1.0, 0.99, 0.91, 0.1], "base": [0.4, 0.3, 0.2, 0.1]}
    assert most_trials(curve, "best") == pytest.approx(10**1.5)
    assert most_trials(curve, "base") == 0.0
    assert most_trials(curve | {"best": [1.0, 1.0, 1.0, 0.96]}, "best") is None
