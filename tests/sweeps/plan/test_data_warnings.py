"""Suspicious data are named with the day and the value, and plain data have no warning."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import gridproof as gp
from tests.support.tiny import DAYS, market_of, prices, tiny_study, write_tiny

DAY = 400
MONTHS = pd.date_range("2017-01-31", "2021-05-31", freq="ME")


def warnings_of(folder: Path, px: pd.Series | None = None, y: pd.Series | None = None, **changes: Any) -> str:
    write_tiny(folder, prices(seed=1) if y is None else y, px)
    return "\n".join(market_of(folder, tiny_study(**changes)).warnings)


def changed(series: pd.Series, rows: slice, values: object) -> pd.Series:
    other = series.copy()
    other.iloc[rows] = values
    return other


def test_plain_data_have_no_warning(tmp_path: Path) -> None:
    for seed in range(20):
        assert warnings_of(tmp_path, prices(seed=seed), prices(seed=100 + seed)) == ""


PX = prices()
FLOOR = PX.iloc[DAY]
ON = DAYS[DAY].date()
BEFORE, AFTER = DAYS[DAY - 1].date(), DAYS[DAY + 60].date()
VOLUMES = pd.Series(np.random.default_rng(0).lognormal(10, 0.4, len(DAYS)), DAYS)


@pytest.mark.parametrize(
    ("px", "message"),
    [
        (changed(PX, slice(DAY, DAY + 1), FLOOR * 10), rf"px: a return of \+\d+% on {ON}, .* 2 such days"),
        (changed(PX, slice(DAY, None), PX.iloc[DAY:] / 10), rf"px: a return of -90% on {ON}, from .* split"),
        (changed(PX, slice(DAY, None), PX.iloc[DAY:] * 100), r"px: a return of \+9\d\d\d% on"),
        (changed(PX, slice(DAY, DAY + 30), FLOOR), rf"px: the price stays at .* for 30 trading days from {ON}"),
        (1.0 + PX.pct_change().fillna(0.0), r"px: consecutive returns cancel .*: are these returns, not prices\?"),
        (VOLUMES, "px: the usual daily change is .* volumes"),
        (PX.drop(PX.index[DAY : DAY + 60]), rf"px: no trading day between {BEFORE} and {AFTER}"),
        (PX.rename({DAYS[DAY]: pd.Timestamp("2020-07-12")}).sort_index(), r"px: 1 of 65\d trading days are on a week"),
    ],
)  # fmt: skip
def test_a_leg_that_can_be_no_price_is_named(px: pd.Series, message: str, tmp_path: Path) -> None:
    assert re.search(message, warnings_of(tmp_path, px))


def test_a_price_of_0_or_less_is_an_error(tmp_path: Path) -> None:
    study = tiny_study()
    write_tiny(tmp_path, prices(seed=1), changed(PX, slice(DAY, DAY + 1), -1.0))
    with pytest.raises(gp.InputError, match=rf"a leg must have a close above 0.*the first on {DAYS[DAY].date()}"):
        gp.point(study, data=tmp_path)


def test_a_jump_of_a_measured_series_is_named(tmp_path: Path) -> None:
    y = prices(seed=1) / 30.0
    assert "a change of unit?" in warnings_of(tmp_path, y=changed(y, slice(DAY, None), y.iloc[DAY:] * 100))
    assert "a spike?" in warnings_of(tmp_path, y=changed(y, slice(DAY, DAY + 1), 40.0))


def test_a_daily_series_without_release_is_named(tmp_path: Path) -> None:
    named = "y: without `release`, each value counts as known at the close of its own date"
    series = {"y": {"file": "y.csv", "field": "v"}}
    assert named in warnings_of(tmp_path, series=series)
    assert warnings_of(tmp_path, series={"y": {"file": "y.csv", "field": "v", "release": 0}}) == ""
    same_file = {"y": {"file": "px.csv", "field": "close"}}
    assert warnings_of(tmp_path, series=same_file) == ""


@pytest.mark.parametrize(
    ("release", "message"),
    [
        (0, r"y: the monthly value of 2017-01-31 counts as known on 2017-01-31, before it can be published"),
        ("500 calendar days", r"y: the value of 2017-01-31 is known 500 days later, on 2018-06-15"),
    ],
)
def test_a_release_that_is_early_or_late_is_named(release: object, message: str, tmp_path: Path) -> None:
    months = pd.Series(np.arange(len(MONTHS)) + 1.0, MONTHS)
    assert re.search(message, warnings_of(tmp_path, y=months, **{"series": {
        "y": {"file": "y.csv", "field": "v", "release": release}}}))  # fmt: skip
    assert warnings_of(tmp_path, y=months, series={
        "y": {"file": "y.csv", "field": "v", "release": "17 calendar days"}}) == ""  # fmt: skip


def test_a_month_dated_on_its_first_day_is_known_once_it_is_over(tmp_path: Path) -> None:
    months = pd.Series(np.arange(len(MONTHS)) + 1.0, MONTHS.to_period("M").to_timestamp())
    for days, early in ((15, True), (30, False), (45, False)):
        series = {"y": {"file": "y.csv", "field": "v", "release": f"{days} calendar days"}}
        assert ("before it can be published" in warnings_of(tmp_path, y=months, series=series)) == early


@pytest.mark.parametrize(
    ("shift", "message"),
    [
        (-3, r"a value must not be released before its own date; got that of 2017-01-31 on 2017-01-28, 53 such rows"),
        (None, r"a release column has a date for each value; got 2021-06-30 in all 53 rows of known"),
    ],
)
def test_a_release_column_is_checked_against_the_dates(shift: int | None, message: str, tmp_path: Path) -> None:
    known = MONTHS + pd.Timedelta(days=shift) if shift is not None else pd.DatetimeIndex(["2021-06-30"] * len(MONTHS))
    write_tiny(tmp_path, pd.Series(np.arange(len(MONTHS)) + 1.0, MONTHS), known=known)
    study = tiny_study(series={"y": {"file": "y.csv", "field": "v", "release": "known"}}, signal={"window": 12})
    with pytest.raises(gp.InputError, match=message):
        gp.point(study, data=tmp_path)


def test_rates_and_costs_that_may_be_percent_are_named(tmp_path: Path) -> None:
    found = warnings_of(tmp_path, cash={"interest": 0.5}, execution={"lag": 1, "cost": 0.1}, risk_free=0.3)
    assert "cash.interest of 0.5 is 50% a year: a share?" in found
    assert "execution.cost of 0.1 is 10%: a share?" in found
    assert "risk_free of 0.3 is 30% a year: a share?" in found


def test_the_default_year_is_named_where_it_is_a_little_off(tmp_path: Path) -> None:
    found = warnings_of(tmp_path, market={"periods": None})
    assert found == "annual figures use 243 days a year, the default; the calendar has 261: state market.periods"


@pytest.mark.parametrize("name", ["us-demo", "us-search"])
def test_shipped_studies_have_no_warning(name: str) -> None:
    assert gp.load_market(gp.load_study(name)).warnings == ()
