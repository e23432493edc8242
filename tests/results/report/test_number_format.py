"""How the report writes numbers."""

from __future__ import annotations

from gridproof.results.report.number_format import (
    format_interval,
    format_percentile,
    format_probability,
    format_trials,
    format_value,
    format_with_error,
)


def test_numbers_keep_their_meaning_when_shortened() -> None:
    assert format_value(0.38, "percent") == "38.0%"
    assert format_value(-0.00001, "ratio") == "0.00"
    assert format_value(-0.1234, "percent") == "−12.3%"
    assert format_value(-3.2e15, "ratio") == "<−9,999"
    assert format_value(float("nan"), "count") == format_value(None, "ratio") == "–"
    assert format_percentile(97.2) == "97.2%"
    assert format_percentile(99.9996) == "99.9996%"
    assert format_percentile(100.0) == "100.0%"


def test_probabilities_never_read_0_or_1_when_they_are_neither() -> None:
    assert format_probability(0.0396) == "0.040"
    assert format_probability(0.00025) == "0.0003"
    assert format_probability(0.99996) == "0.99996"
    assert format_probability(1e-30) == "<0.000001"
    assert format_probability(1 - 1e-12) == ">0.999999"
    assert format_probability(1.0) == "1.000"
    assert format_probability(None) == format_probability(float("nan")) == "–"
    assert format_with_error(0.02, 0.0044) == "0.020\u00a0±\u00a00.004"
    assert format_with_error(0.0, None) == "0.000"
    assert format_trials(3.24) == "3.2"
    assert format_trials(1_107_288.4) == "1,107,288"
    assert format_interval([0.9, None]) == format_interval(None) == "–"
