"""Relative changes of values below 0, and months that a monthly series lacks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import gridproof as gp
from tests.support.tiny import DAYS, point_of, write_tiny

CLIMBING = pd.Series(np.linspace(-0.6, 0.45, len(DAYS)).round(5), index=DAYS)
MONTHS = pd.date_range("2017-02-28", "2021-05-31", freq="ME")


def test_a_relative_change_of_values_below_0_is_refused(tmp_path: Path) -> None:
    write_tiny(tmp_path, CLIMBING)
    rule = (
        r"signals\.up: pct_change needs values of x above 0; got -0\.6 of y, the value known on 2019-01-02\. Use a diff"
    )
    with pytest.raises(gp.InputError, match=rule):
        point_of(tmp_path)
    risen = point_of(tmp_path, signal={"value": "diff(y, window)"}).curve
    assert (risen["up.value"] > 0).all()
    assert (risen["up.state"] == 1).all()


@pytest.mark.parametrize("value", ["pct_change(px / y, window)", "volatility(y, window) / volatility(px, window)"])
def test_an_operator_that_divides_refuses_values_below_0(value: str, tmp_path: Path) -> None:
    write_tiny(tmp_path, CLIMBING)
    with pytest.raises(
        gp.InputError, match=r"(pct_change|volatility) needs values of x above 0; got -\S+ of .*y, the value known on"
    ):
        point_of(tmp_path, signal={"value": value})


@pytest.mark.parametrize(
    "value",
    [
        "y / mean(y, window) - 1",
        "(y - ema(y, window)) / ema(y, window)",
        "mean(y, 5) / mean(y, window)",
        "diff(y, window) / lag(y, window)",
        "y / (2 * max(y, window))",
        "y / sum(y, window)",
        "std(y, window) / mean(y, window)",
        "weekly(y) / mean(weekly(y), window)",
        "100 * (px - y) / y + 0 * window",
    ],
)
def test_a_ratio_to_a_level_of_values_below_0_is_refused(value: str, tmp_path: Path) -> None:
    write_tiny(tmp_path, CLIMBING)
    rule = (
        r"signals\.up: .* needs values of (weekly\()?y\)? above 0, as it is relative to a level of them; got -0\.\d+ "
    )
    with pytest.raises(
        gp.InputError, match=rule + r"of .*y\)?, the value known on 2019-01-\d\d\. Use a difference, or div"
    ):
        point_of(tmp_path, signal={"value": value})
    write_tiny(tmp_path, 1.0 + CLIMBING)
    point_of(tmp_path, signal={"value": value})


@pytest.mark.parametrize(
    "value",
    [
        "y / px + 0 * window",
        "(y - mean(y, window)) / std(y, window)",
        "y / (max(y, window) - min(y, window))",
        "y / mean(abs(y), window)",
        "(y - px) / mean(px, window)",
        "y / 100 - mean(y, window) / 2",
        "zscore(y, window)",
    ],
)
def test_a_ratio_to_something_else_may_have_values_below_0(value: str, tmp_path: Path) -> None:
    write_tiny(tmp_path, CLIMBING)
    assert np.isfinite(point_of(tmp_path, signal={"value": value}).curve["up.value"]).all()


def test_turning_points_of_values_below_0_are_fine(tmp_path: Path) -> None:
    months = pd.Series(np.sin(np.arange(len(MONTHS)) / 3.0), index=MONTHS)
    write_tiny(tmp_path, months)
    turns = {"when": "turning_point(y, n, 1, peak)", "n": 3}
    point = point_of(tmp_path, y={"release": "17 calendar days"}, signals={"up": turns})
    assert point.curve["up.state"].isin([0, 1]).all()
    assert point.curve["up.state"].nunique() == 2


def test_values_after_the_window_do_not_count(tmp_path: Path) -> None:
    y = 1.0 - CLIMBING
    y.iloc[-5:] = -1.0
    write_tiny(tmp_path, y)
    point_of(tmp_path, window={"to": "2021-06-10"})
    with pytest.raises(gp.InputError, match="got -1 of y, the value known on 2021-06-25"):
        point_of(tmp_path)


def without(months: list[int]) -> pd.Series:
    """A series that repeats every year, without these months."""
    series = pd.Series(5.0 + MONTHS.month / 10.0, index=MONTHS)
    return series[~MONTHS.month.isin(months)]


def test_a_change_over_12_months_compares_with_the_same_month(tmp_path: Path) -> None:
    write_tiny(tmp_path, without([1]))
    signal = {"window": 12, "value": "diff(y, window)"}
    curve = point_of(tmp_path, y={"release": "17 calendar days"}, signal=signal).curve
    np.testing.assert_array_equal(curve["up.value"].to_numpy(), 0.0)
    twelve = point_of(
        tmp_path, y={"release": "17 calendar days"}, signal={"window": 24, "value": "diff(y, window)"}
    ).curve
    np.testing.assert_array_equal(twelve["up.value"].to_numpy(), 0.0)


def test_a_change_that_needs_a_missing_month_is_refused(tmp_path: Path) -> None:
    write_tiny(tmp_path, without([1]))
    rule = r"up is not a number on 20\d\d-05-1\d .*y has no value in 2018-01: complete the file; or write missing: hold"
    with pytest.raises(gp.InputError, match=rule):
        point_of(tmp_path, y={"release": "17 calendar days"}, signal={"window": 3})


def test_a_month_that_is_missing_once_is_no_shorter_window(tmp_path: Path) -> None:
    series = pd.Series(np.arange(len(MONTHS)) + 1.0, index=MONTHS)
    whole = {"y": {"release": "17 calendar days"}, "signal": {"window": 12, "value": "diff(y, window)"}}
    write_tiny(tmp_path, series)
    assert set(point_of(tmp_path, **whole).curve["up.value"]) == {12.0}
    write_tiny(tmp_path, series.drop(pd.Timestamp("2019-06-30")))
    with pytest.raises(gp.InputError, match=r"not a number on 2020-07-17 .*no value in 2019-06"):
        point_of(tmp_path, **whole)


def test_an_operator_over_all_months_refuses_a_missing_one(tmp_path: Path) -> None:
    write_tiny(tmp_path, without([1]))
    turns = {"when": "turning_point(y, n, 1, peak)", "n": 3}
    rule = r"up is not a number on 20\d\d-0\d-\d\d .*y has no value in 2018-01"
    with pytest.raises(gp.InputError, match=rule):
        point_of(tmp_path, y={"release": "17 calendar days"}, signals={"up": turns})


def test_quarters_that_are_missing_are_quarters(tmp_path: Path) -> None:
    quarters = pd.date_range("2016-03-31", "2021-03-31", freq="QE")
    series = pd.Series(np.arange(len(quarters)) + 1.0, index=quarters)
    whole = {"y": {"release": "17 calendar days"}, "signal": {"window": 4, "value": "diff(y, window)"}}
    write_tiny(tmp_path, series)
    assert set(point_of(tmp_path, **whole).curve["up.value"]) == {4.0}
    write_tiny(tmp_path, series.drop(pd.Timestamp("2018-12-31")))
    with pytest.raises(gp.InputError, match=r"not a number on 2020-01-17 .*no value in 2018-12"):
        point_of(tmp_path, **whole)


def test_two_values_in_a_month_are_refused(tmp_path: Path) -> None:
    series = pd.concat([without([]), pd.Series([1.0], index=[pd.Timestamp("2020-05-20")])]).sort_index()
    write_tiny(tmp_path, series)
    rule = r"series\.y: a monthly series must have at most one value in each month.*got 2020-05-20 then 2020-05-31"
    with pytest.raises(gp.InputError, match=rule):
        point_of(tmp_path, y={"release": "40 calendar days"}, signal={"window": 12})
