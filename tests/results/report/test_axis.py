"""How the report writes the values of an axis."""

from __future__ import annotations

from typing import Any

import pytest

from gridproof.results.axis_range import AxisRange
from gridproof.results.report.axis import read_axes


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ((1, 2, 3), "1, 2, 3"),
        (AxisRange(0.1, 0.6, 26), "0.1 to 0.6, step 0.02"),
        (AxisRange(20, 60, 41), "20 to 60, step 1"),
        (AxisRange(0.0, 1.0, 8), "0 to 1, step 0.142857143"),
        (AxisRange(10, 400, 20, "log"), "10 to 400, 20 values, log scale"),
        ((1, 2, 3, 4, 5, 6, 8), "1 to 8, uneven steps"),
        (("a", "b"), "a, b"),
        (("30 days", "45 days"), "30, 45 days"),
    ],
)
def test_values_as_text(values: Any, text: str) -> None:
    record = {"name": "x", "values": list(values), "base": values[0]}
    if isinstance(values, AxisRange):
        record["range"] = values.record()
    summary = {"axes": [record], "best": {"parameters": {"x": values[-1]}}}
    assert read_axes(summary)["x"].span() == text


def test_an_evenly_spaced_list_without_its_range_is_recognised() -> None:
    record = {"name": "x", "values": [0.1 * at for at in range(1, 3)] + [0.3, 0.4, 0.5, 0.6, 0.7], "base": 0.3}
    summary = {"axes": [record], "best": {"parameters": {"x": 0.7}}}
    assert read_axes(summary)["x"].span() == "0.1 to 0.7, step 0.1"
