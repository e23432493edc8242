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
    with pytest.raises(gp.InputError, match=rf"a leg must have a close above 0.*the first on {ON}, which has -1"):
        gp.point(study, data=tmp_path)


def test_a_jump_of_a_measured_series_is_named(tmp_path: Path) -> None:
    y = prices(seed=1) / 30.0
    assert "a change of unit?" in warnings_of(tmp_path, y=changed(y, slice(DAY, None), y.iloc[DAY:] * 100))
    assert "a spike?" in warnings_of(tmp_path, y=changed(y, slice(DAY, DAY + 1), 40.0))


RATE = 2.5 + np.log(prices(seed=3) / 100.0)
DIFFERENCE = {"value": "diff(y, window)"}


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.0, "0"), (-1.0, "-1"), (-99.0, "-99"), (-99.99, "-99.99"), (-999.0, "-999"), (9999.0, "9999"),
        (999999.99, "999999.99"), (-8888.0, "-8888"), (32767.0, "32767"), (2147483647.0, "2147483647"),
        (1e20, "1e+20"), (float(np.finfo(np.float64).max), "1.7976931348623157e+308"),
    ],
)  # fmt: skip
def test_a_placeholder_for_no_value_is_named(value: float, written: str, tmp_path: Path) -> None:
    alone = changed(RATE, slice(DAY, DAY + 1), value)
    asked = "far from all other values: does it stand for a missing value?"
    assert f"y: {written} on {ON}, {asked}" in warnings_of(tmp_path, y=alone, signal=DIFFERENCE)
    several = changed(alone, slice(-2, None), value)
    assert f"y: {written} on 3 dates, the first {ON}, {asked}" in warnings_of(tmp_path, y=several, signal=DIFFERENCE)


def test_a_placeholder_among_prices_is_named(tmp_path: Path) -> None:
    assert f"px: 9999 on {ON}, far from" in warnings_of(tmp_path, changed(PX, slice(DAY, DAY + 1), 9999.0))


def test_values_that_could_be_placeholders_and_are_none(tmp_path: Path) -> None:
    policy = pd.Series(np.repeat([0.75, 0.25, 0.0, 0.25], len(DAYS) // 4 + 1)[: len(DAYS)], DAYS)
    spread = RATE - RATE.iloc[DAY]  # 0 on one day, and through 0 on others
    index = prices(seed=1) * 9999.0 / prices(seed=1).iloc[DAY]
    flow = pd.Series(np.random.default_rng(2).normal(0, 100, len(DAYS)).round(), DAYS)  # with -1, 0 and 99
    for series in (policy, spread, index, flow):
        assert warnings_of(tmp_path, y=series, signal=DIFFERENCE) == ""


def test_a_relative_change_of_a_placeholder_asks_for_the_missing_value(tmp_path: Path) -> None:
    write_tiny(tmp_path, changed(RATE, slice(DAY, DAY + 1), -99.99))
    with pytest.raises(
        gp.InputError, match=r"got -99.99 of y, the value known on 2020-07-\d\d. If it stands for a missing"
    ):
        gp.point(tiny_study(), data=tmp_path)


def test_shares_and_percentages_mixed_in_one_column(tmp_path: Path) -> None:
    mixed = RATE.where(np.arange(len(RATE)) % 20 > 9, RATE / 100)
    assert re.search(r"y: from .* to .*, \d\d such changes: a share and a percentage\?", warnings_of(tmp_path, y=mixed))
    spikes = RATE.where(np.arange(len(RATE)) % 60 > 0, RATE * 10)
    assert re.search(r"y: from .* to .*, 2\d such changes: a (spike|change of unit)\?", warnings_of(tmp_path, y=spikes))
    assert "such changes" not in warnings_of(tmp_path, y=VOLUMES)


@pytest.mark.parametrize(
    ("unit", "level", "found"),
    [
        (0.01, 3.0, r"up.on_above of 3 is beyond all readings, of which the largest is 0.00\d+: a percentage and"),
        (1.0, 0.0001, r"up.on_above of 0.0001 is small for the readings, which are usually 0.\d+: a share and"),
        (1.0, 0.1, None),
        (1.0, 0.0, None),
    ],
)
def test_levels_in_another_unit_than_the_readings(unit: float, level: float, found: str | None, tmp_path: Path) -> None:
    said = warnings_of(tmp_path, y=RATE * unit, signal=DIFFERENCE | {"latch": {"on_above": level}})
    assert said == "" if found is None else re.search(found, said)


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
    assert "cash.interest of 0.5 is 50% a year; if 0.5% a year is meant, write 0.005" in found
    assert "execution.cost of 0.1 is 10%; if 0.1% is meant, write 0.001" in found
    assert "risk_free of 0.3 is 30% a year; if 0.3% a year is meant, write 0.003" in found


def test_the_default_year_is_named_where_it_is_a_little_off(tmp_path: Path) -> None:
    found = warnings_of(tmp_path, market={"periods": None})
    assert found == "annual figures use 243 days a year, the default; the calendar has 261: state market.periods"


@pytest.mark.parametrize("name", ["us-demo", "us-search"])
def test_shipped_studies_have_no_warning(name: str) -> None:
    assert gp.load_market(gp.load_study(name)).warnings == ()
