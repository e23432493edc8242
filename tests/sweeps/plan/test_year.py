"""The year's length fits the calendar, and a calendar is daily where it is used."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import gridproof as gp
from gridproof.signals.data.frequency import daily_from, rows_per_year
from tests.support.tiny import point_of, prices, write_tiny

SIGNALS = {"up": {"value": "px / mean(px, window) - 1", "window": 3, "latch": {"on_above": 0.0}}}


def evaluated(folder: Path, days: pd.DatetimeIndex, market: dict[str, object]) -> gp.Point:
    write_tiny(folder, prices(days), prices(days))
    window = {"from": str(days[6].date()), "to": str(days[-1].date())}
    return point_of(folder, market={"calendar": "px"} | market, signals=SIGNALS, window=window)


@pytest.mark.parametrize(
    ("days", "kind", "right"),
    [
        (pd.date_range("2019-01-07", periods=15, freq="7D"), "weekly", 52),
        (pd.date_range("2015-01-07", periods=300, freq="7D"), "weekly", 52),
        (pd.date_range("2020-03-01", periods=15), "7 days a week", 365),
        (pd.date_range("2016-03-01", periods=1500), "7 days a week", 365),
    ],
)
def test_the_default_is_refused_where_it_does_not_fit(
    days: pd.DatetimeIndex, kind: str, right: int, tmp_path: Path
) -> None:
    rule = rf"market\.periods must fit the calendar, which is {kind} and has about {right} rows a year; got {{}}\. "
    for periods, given in ((None, "243, the default"), (150, "150")):
        with pytest.raises(gp.InputError, match=rule.format(given) + f"Write periods: {right} under market"):
            evaluated(tmp_path, days, {"periods": periods})
    right_one = evaluated(tmp_path, days, {"periods": right})
    assert right_one.in_sample["volatility"] > 0


def test_weekdays_have_years_of_about_their_rows(tmp_path: Path) -> None:
    days = pd.bdate_range("2019-01-01", "2020-12-31")
    for periods in (243, 252, 261):
        evaluated(tmp_path, days, {"periods": periods})
    for periods in (52, 365):
        with pytest.raises(gp.InputError, match="has about 261 rows a year"):
            evaluated(tmp_path, days, {"periods": periods})
    # Two weeks say nothing about a year of weekdays.
    assert rows_per_year(days[:10].to_numpy().astype("datetime64[D]")) is None


def test_a_calendar_that_is_monthly_first_begins_where_it_is_daily(tmp_path: Path) -> None:
    months = pd.date_range("2014-09-01", "2015-01-01", freq="MS")
    days = pd.bdate_range("2015-02-02", "2015-06-30")
    both = prices(days.union(months))
    write_tiny(tmp_path, both, both)
    from tests.support.tiny import market_of, tiny_study

    study = tiny_study(market={"calendar": "px"}, signals=SIGNALS, window={"from": "2015-02-09", "to": "2015-06-30"})
    market = market_of(tmp_path, study)
    assert str(market.calendar[0]) == "2015-02-02"
    assert market.series["px"].warnings == (
        "not daily until 2015-02-02: the 5 rows before are left out, as the calendar is daily",
    )
    joined = gp.point(study, data=tmp_path)
    write_tiny(tmp_path, both[days], both[days])
    pd.testing.assert_frame_equal(joined.curve, gp.point(study, data=tmp_path).curve)


def test_a_monthly_calendar_is_refused(tmp_path: Path) -> None:
    months = pd.date_range("2014-09-01", "2019-01-01", freq="MS")
    assert daily_from(months.to_numpy().astype("datetime64[D]")) is None
    with pytest.raises(gp.InputError, match="the calendar must be a daily series"):
        evaluated(tmp_path, months, {})
