"""The benchmark of the operators compares its values with pandas and reports a ratio of each."""

from __future__ import annotations

import numpy as np

from benchmarks import operators


def test_a_small_case_is_compared_and_timed() -> None:
    report = operators.measure(series=2, days=400, windows=60, repeats=1)
    assert set(report) == {"series", "days", "windows", *operators.PANDAS}
    for name in operators.PANDAS:
        row = report[name]
        assert row["seconds"] > 0.0
        assert np.isclose(row["ratio"], row["pandas_seconds"] / row["seconds"])
