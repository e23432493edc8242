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
    rule = r"signals\.up: a relative change needs values above 0; got -0\.6 of y on 2019-01-02\. Write kind: difference"
    with pytest.raises(gp.InputError, match=rule):
        point_of(tmp_path)
    risen = point_of(tmp_path, signal={"kind": "difference"}).curve
    assert (risen["up.value"] > 0).all()
    assert (risen["up.state"] == 1).all()


@pytest.mark.parametrize(
    ("measure", "of"),
    [
        ({"measure": "relative_to_average", "window": 20}, "y"),
        ({"measure": "relative_to_average", "window": 20}, ["px", "y"]),
        ({"measure": "valuation_crowding", "change": 20}, ["px", "y"]),
        ({"measure": "volatility_crowding", "window": 20, "change": 20}, ["px", "y"]),
    ],
)
def test_every_measure_that_divides_refuses_values_below_0(
    measure: dict[str, object], of: str | list[str], tmp_path: Path
) -> None:
    write_tiny(tmp_path, CLIMBING)
    signal = {"measure": measure["measure"], "of": of, "latch": {"on_above": 0.0}} | measure
    with pytest.raises(gp.InputError, match=rf"{measure['measure']} needs values above 0; got -0\.6 of y"):
        point_of(tmp_path, signals={"up": signal})


def test_turning_points_of_values_below_0_are_fine(tmp_path: Path) -> None:
    months = pd.Series(np.sin(np.arange(len(MONTHS)) / 3.0), index=MONTHS)
    write_tiny(tmp_path, months)
    turns = {"measure": "turning_point", "of": "y", "smooth": 3, "confirm": 1, "direction": "peak"}
    point = point_of(tmp_path, y={"release": "17 calendar days"}, signals={"up": turns})
    assert point.curve["up.state"].isin([0, 1]).all()
    assert point.curve["up.state"].nunique() == 2


def test_values_after_the_window_do_not_count(tmp_path: Path) -> None:
    y = 1.0 - CLIMBING
    y.iloc[-5:] = -1.0
    write_tiny(tmp_path, y)
    point_of(tmp_path, window={"to": "2021-06-10"})
    with pytest.raises(gp.InputError, match="got -1 of y on 2021-06-25"):
        point_of(tmp_path)


def without(months: list[int]) -> pd.Series:
    """A series that repeats every year, without these months."""
    series = pd.Series(5.0 + MONTHS.month / 10.0, index=MONTHS)
    return series[~MONTHS.month.isin(months)]


def test_a_change_over_12_months_compares_with_the_same_month(tmp_path: Path) -> None:
    write_tiny(tmp_path, without([1]))
    signal = {"window": 12, "kind": "difference"}
    curve = point_of(tmp_path, y={"release": "17 calendar days"}, signal=signal).curve
    np.testing.assert_array_equal(curve["up.value"].to_numpy(), 0.0)
    twelve = point_of(tmp_path, y={"release": "17 calendar days"}, signal={"window": 24, "kind": "difference"}).curve
    np.testing.assert_array_equal(twelve["up.value"].to_numpy(), 0.0)


def test_a_change_that_needs_a_missing_month_is_refused(tmp_path: Path) -> None:
    write_tiny(tmp_path, without([1]))
    rule = r"over 3 months compares with a month that has a value; got the value of 20\d\d-04-30, none in 20\d\d-01"
    with pytest.raises(gp.InputError, match=rule):
        point_of(tmp_path, y={"release": "17 calendar days"}, signal={"window": 3})


def test_a_month_that_is_missing_once_is_no_shorter_window(tmp_path: Path) -> None:
    series = pd.Series(np.arange(len(MONTHS)) + 1.0, index=MONTHS)
    whole = {"y": {"release": "17 calendar days"}, "signal": {"window": 12, "kind": "difference"}}
    write_tiny(tmp_path, series)
    assert set(point_of(tmp_path, **whole).curve["up.value"]) == {12.0}
    write_tiny(tmp_path, series.drop(pd.Timestamp("2019-06-30")))
    with pytest.raises(gp.InputError, match="got the value of 2020-06-30, none in 2019-06"):
        point_of(tmp_path, **whole)


def test_a_measure_over_all_months_refuses_a_missing_one(tmp_path: Path) -> None:
    write_tiny(tmp_path, without([1]))
    turns = {"measure": "turning_point", "of": "y", "smooth": 3, "confirm": 1, "direction": "peak"}
    rule = r"turning_point needs a value in each month; got no value of y in 2018-01, 4 missing"
    with pytest.raises(gp.InputError, match=rule):
        point_of(tmp_path, y={"release": "17 calendar days"}, signals={"up": turns})


def test_quarters_that_are_missing_are_quarters(tmp_path: Path) -> None:
    quarters = pd.date_range("2016-03-31", "2021-03-31", freq="QE")
    series = pd.Series(np.arange(len(quarters)) + 1.0, index=quarters)
    whole = {"y": {"release": "17 calendar days"}, "signal": {"window": 4, "kind": "difference"}}
    write_tiny(tmp_path, series)
    assert set(point_of(tmp_path, **whole).curve["up.value"]) == {4.0}
    write_tiny(tmp_path, series.drop(pd.Timestamp("2018-12-31")))
    with pytest.raises(gp.InputError, match=r"a change over 4 quarters.*got the value of 2019-12-31, none in 2018-12"):
        point_of(tmp_path, **whole)


def test_two_values_in_a_month_are_refused(tmp_path: Path) -> None:
    series = pd.concat([without([]), pd.Series([1.0], index=[pd.Timestamp("2020-05-20")])]).sort_index()
    write_tiny(tmp_path, series)
    rule = r"series\.y: a monthly series must have at most one value in each month.*got 2020-05-20 then 2020-05-31"
    with pytest.raises(gp.InputError, match=rule):
        point_of(tmp_path, y={"release": "40 calendar days"}, signal={"window": 12})
