"""Cells as dates: every format comes back, and what is ambiguous is an error."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridproof.kernels.errors import InputError
from gridproof.signals.data.column.date_checks import isolated_date
from gridproof.signals.data.column.dates import DateColumn, parse_dates


def read(cells: Any, **declared: str) -> DateColumn:
    return parse_dates(pd.Series(cells), lambda position: f"file:{position + 2}", "study", **declared)


def days(cells: Any, **declared: str) -> list[str]:
    return [str(day) for day in read(cells, **declared).dates]


def fault(cells: Any, **declared: str) -> str:
    with pytest.raises(InputError) as raised:
        read(cells, **declared)
    return str(raised.value)


STAMPS = pd.to_datetime(["2020-01-01 16:00", "2020-01-02 16:00"])
UTC = pd.Series(STAMPS.tz_localize("UTC"))


@pytest.mark.parametrize(
    ("cells", "first", "form"),
    [
        (["2005-01-04", "2005-01-05"], "2005-01-04", "dates YYYY-MM-DD"),
        (["2005-1-4"], "2005-01-04", "dates YYYY-MM-DD"),
        (["20050104"], "2005-01-04", "dates YYYYMMDD"),
        ([20050104], "2005-01-04", "dates YYYYMMDD"),
        ([20050104.0], "2005-01-04", "dates YYYYMMDD"),
        (["20050104.0"], "2005-01-04", "dates YYYYMMDD"),
        (["2005/1/4"], "2005-01-04", "dates YYYY/MM/DD"),
        (["2005/1/4 0:00"], "2005-01-04", "dates YYYY/MM/DD at midnight"),
        (["2005.01.04"], "2005-01-04", "dates YYYY.MM.DD"),
        (["2005年1月4日"], "2005-01-04", "dates YYYY年M月D日"),
        (["2015年2月"], "2015-02-28", "months YYYY年M月, as their last days"),
        (["2015年2月份"], "2015-02-28", "months YYYY年M月, as their last days"),
        (["2015-02", "2015-03"], "2015-02-28", "months YYYY-MM, as their last days"),
        (["201502", "201503"], "2015-02-28", "months YYYYMM, as their last days"),
        (["2015.9", "2015.10"], "2015-09-30", "months YYYY.MM, as their last days"),
        ([2015.01, 2015.1, 2015.12], "2015-01-31", "months YYYY.MM, as their last days"),
        (["2020M03"], "2020-03-31", "months YYYYMmm, as their last days"),
        (["Mar 2020"], "2020-03-31", "months Mon YYYY, as their last days"),
        (["2020 MAR"], "2020-03-31", "months YYYY Mon, as their last days"),
        (["2015Q1", "2015Q2"], "2015-03-31", "quarters YYYYQq, as their last days"),
        (["2015-Q4"], "2015-12-31", "quarters YYYYQq, as their last days"),
        (["2015年一季度"], "2015-03-31", "quarters YYYY年q季度, as their last days"),
        (["2015年第三季度"], "2015-09-30", "quarters YYYY年q季度, as their last days"),
        (["2015年上半年"], "2015-06-30", "half-years YYYY年上半年, as their last days"),
        (["2015"], "2015-12-31", "years YYYY, as their last days"),
        ([2015, 2016], "2015-12-31", "years YYYY, as their last days"),
        (["Jan 02, 2020"], "2020-01-02", "dates Mon D, YYYY"),
        (["January 2, 2020"], "2020-01-02", "dates Mon D, YYYY"),
        (["2 January 2020"], "2020-01-02", "dates D Mon YYYY"),
        (["02-JAN-2020"], "2020-01-02", "dates D Mon YYYY"),
        (["02-Jan-20"], "2020-01-02", "dates D Mon YY, 70 to 99 as 19YY and 00 to 29 as 20YY"),
        (["Mon, 02 Mar 2020 00:00:00 GMT"], "2020-03-02", "dates D Mon YYYY at midnight UTC"),
        (["3/2/2015", "3/13/2015"], "2015-03-02", "dates MM/DD/YYYY"),
        (["13/2/2015", "1/3/2015"], "2015-02-13", "dates DD/MM/YYYY"),
        (["02.03.2020", "31.03.2020"], "2020-03-02", "dates DD.MM.YYYY"),
        (["1/2/2015", "1/3/2015", "3/1/2015"], "2015-01-02", "dates MM/DD/YYYY"),
        (["03/19/20", "03/18/99"], "2020-03-19", "dates MM/DD/YY, 70 to 99 as 19YY and 00 to 29 as 20YY"),
        (["20-03-30", "20-03-31", "20-04-01"], "2020-03-30",
         "dates YY-MM-DD, 70 to 99 as 19YY and 00 to 29 as 20YY"),
        ([1583020800], "2020-03-01", "seconds since 1970, at midnight UTC"),
        (["1583020800000"], "2020-03-01", "milliseconds since 1970, at midnight UTC"),
        ([1583020800000.0], "2020-03-01", "milliseconds since 1970, at midnight UTC"),
        ([1583020800000000], "2020-03-01", "microseconds since 1970, at midnight UTC"),
        ([1583020800000000000], "2020-03-01", "nanoseconds since 1970, at midnight UTC"),
        ([-86400, 1583020800], "1969-12-31", "seconds since 1970, at midnight UTC"),
        (["2020-01-02 00:00:00"], "2020-01-02", "dates YYYY-MM-DD at midnight"),
        (["2020-01-02 00:00:00 UTC"], "2020-01-02", "dates YYYY-MM-DD at midnight UTC"),
        (["2020-01-02T00:00:00Z"], "2020-01-02", "dates YYYY-MM-DD at midnight UTC"),
        (["2020-01-02T00:00:00.000+08:00"], "2020-01-02", "dates YYYY-MM-DD at midnight UTC+08:00"),
        (["2020-03-02 00:00:00-05:00", "2020-04-02 00:00:00-04:00"], "2020-03-02",
         "dates YYYY-MM-DD at midnight UTC-05:00 or UTC-04:00"),
        (["03/22/2020 12:00:00 AM"], "2020-03-22", "dates MM/DD/YYYY at midnight"),
        (["20200302000000"], "2020-03-02", "dates YYYYMMDD at midnight"),
        (["2020-03-02 星期一"], "2020-03-02", "dates YYYY-MM-DD"),
        (["２０２０－０１－０２"], "2020-01-02", "dates YYYY-MM-DD"),
        (["'2020-01-02"], "2020-01-02", "dates YYYY-MM-DD"),
        (STAMPS.normalize(), "2020-01-01", "stored dates"),
        (STAMPS.normalize().tz_localize("Asia/Shanghai"), "2020-01-01", "stored dates at midnight UTC+08:00"),
        ([datetime.date(2020, 1, 2)], "2020-01-02", "dates YYYY-MM-DD"),
        (pd.period_range("2020-01", "2020-03", freq="M"), "2020-01-31", "months YYYY-MM, as their last days"),
    ],
)  # fmt: skip
def test_a_format_is_understood_and_stated(cells: Any, first: str, form: str) -> None:
    assert days(cells)[0] == first
    assert read(cells).form == form


def test_a_number_that_lost_its_zero_is_october_beside_padded_months() -> None:
    assert days(["2015.09", "2015.1", "2015.11"]) == ["2015-09-30", "2015-10-31", "2015-11-30"]


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["2020-01-02", "2020-01-0"], "2020-01-0 at file:3"),
        (["2020-01-02", "2020-01-03", "2020-01-1"], "2020-01-1 at file:4. Correct it; it may have been cut"),
        (["2020-01-02", "2020-0"], "have one format; got 2020-0 at file:3, after YYYY-MM-DD"),
        (["2020-01-02", "2020/01/03"], "2020/01/03 at file:3, after YYYY-MM-DD"),
        (["2020-01-02", "2020-01-03 00:00:00"], "have a time of day or none has; got 2020-01-03 00:00:00 at file:3"),
        (["2020-01-02 00:00:00Z", "2020-01-03 00:00:00"], "have a zone or none has"),
        (["2015-02-30"], "must be a day of the calendar"),
        (["2015-13-01"], "must be a day of the calendar"),
        (["0001-01-01"], "1600 to 2200"),
        (["2020-01-02", "9999-12-31"], "9999-12-31 at file:3"),
        (["2020-01-02", ""], "nothing at file:3"),
        (["2020-01-02", "NaT"], "nothing at file:3"),
        (["2020-01-02", None], "nothing at file:3"),
        ([20200102.0, np.nan], "nothing at file:3"),
        (["2015.1", "2015.11", "2015.12"], "2015.1 at file:2, January or October"),
        ([2015.8, 2015.9, 2015.1], "January or October"),
        (["2015.01", "2015.1", "2015.10"], "January or October"),
        (["1/2/2015", "1/3/2015"], 'Write date_format: "%m/%d/%Y" or date_format: "%d/%m/%Y"'),
        (["1/1/2015", "2/1/2015", "3/1/2015"], "must prove the order of day and month"),
        (["1/13/2015", "13/1/2015"], "must be a day of the calendar (most are"),
        (["3/2/20", "3/13/2020"], "two digits or four; got 3/13/2020 at file:3"),
        (["01/02/62", "01/15/62"], "a year of two digits from 30 to 69 is ambiguous"),
        (["200101", "200201", "200301"], 'Write date_format: "%Y%m" or "%y%m%d"'),
        (["Mar-20"], "must have a known format"),
        ([43831, 43832], "Write date_format: excel"),
        ([43831.5], "serial numbers of Excel must be declared"),
        ([1583020801], "must be at midnight"),
        ([1.5], "must have a known format"),
        ([True], "must be written as dates"),
        (["2020-01-02 15:00:00"], "date_format: \"%Y-%m-%d %H:%M:%S\""),
        (["2020-01-02 16:00:00+00:00"], "time_zone: Asia/Shanghai"),
        (["2020-03-02 00:00-05:00", "2020-04-02 00:00+08:00"], "must be in one zone"),
        (["Tue, 02 Mar 2020"], "on the weekday that it states"),
        (STAMPS, "2020-01-01 16:00:00 at file:2"),
        (UTC, "2020-01-01 16:00:00+00:00 at file:2"),
        (pd.Series(STAMPS.normalize().tz_localize("UTC").tz_convert("America/New_York")), "19:00:00-05:00 at file:2"),
        ([datetime.datetime(2020, 1, 2), "2020-01-03"], "have a time of day or none has"),
        ([["a"], ["b"]], "must have a known format"),
        ([], "must have values"),
    ],
)  # fmt: skip
def test_what_is_ambiguous_or_wrong_is_an_error_with_its_place(cells: Any, said: str) -> None:
    assert said in fault(cells)


def test_declared_formats() -> None:
    assert days(["01/02/2020", "02/03/2020"], date_format="%d/%m/%Y") == ["2020-02-01", "2020-03-02"]
    assert days(["Mar-20"], date_format="%b-%y") == ["2020-03-31"]
    assert days([43831, 43832.0], date_format="excel") == ["2020-01-01", "2020-01-02"]
    assert days(["2020-01-02 15:00:00"], date_format="%Y-%m-%d %H:%M:%S") == ["2020-01-02"]
    assert days(STAMPS, date_format="%Y-%m-%d %H:%M:%S") == ["2020-01-01", "2020-01-02"]
    assert "whole number of days" in fault([43831.5], date_format="excel")
    assert "must have the format" in fault(["2020-01-02"], date_format="%d/%m/%Y")
    assert "must have the format" in fault(["20201011", "2020101"], date_format="%Y%m%d")
    assert "signs of strptime" in fault(["2020"], date_format="%Q")
    assert "must have the year" in fault(["01-02"], date_format="%m-%d")
    assert "for dates written as text" in fault(STAMPS, date_format="%Y-%m-%d")


def test_a_declared_zone_moves_stamps_to_its_days_but_no_midnight() -> None:
    shanghai = {"time_zone": "Asia/Shanghai"}
    assert days(UTC, **shanghai) == ["2020-01-02", "2020-01-03"]
    assert days(["2020-01-01 16:00:00Z"], **shanghai) == ["2020-01-02"]
    assert days([1583020800 - 8 * 3600], **shanghai) == ["2020-03-01"]
    assert days(["2020-01-01 21:00:00Z"], time_zone="America/New_York") == ["2020-01-01"]
    assert days(["2020-01-01 00:00:00Z"], **shanghai) == ["2020-01-01"]
    assert "2019-12-31" in fault(["2020-01-01 00:00:00Z"], time_zone="America/New_York")
    assert "state their zone" in fault(["2020-01-01 16:00:00"], **shanghai)
    assert "Leave out time_zone" in fault(["2020-01-01"], **shanghai)
    assert "Asia/Shanghai" in fault(["2020-01-01 16:00:00Z"], time_zone="Shanghai")
    # A stated zone is not left out by date_format.
    assert "time_zone" in fault(["2020-01-01 16:00:00+0000"], date_format="%Y-%m-%d %H:%M:%S%z")


def test_a_date_far_from_all_others_is_a_warning() -> None:
    dates = np.array(["2020-01-02", "2020-01-03", "2020-01-06", "2099-12-31"], dtype="datetime64[D]")
    said = "the date 2099-12-31 is 29,214 days after the one before, 2020-01-06"
    assert isolated_date(dates) == said
    assert isolated_date(dates[:3]) is None
    assert isolated_date(np.array(["1950", "1960", "1970"], dtype="datetime64[Y]").astype("datetime64[D]")) is None


_DAY_FORMATS = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%Y年%m月%d日", "%b %d, %Y", "%d %B %Y", "%d-%b-%Y",
    "%Y-%m-%d 00:00:00", "%Y-%m-%dT00:00:00Z", "%Y-%m-%d 00:00:00+08:00", "%Y%m%d000000", "%a, %d %b %Y",
)  # fmt: skip


@settings(max_examples=30)
@given(
    st.lists(st.dates(datetime.date(1900, 1, 1), datetime.date(2099, 12, 31)), min_size=1, max_size=20),
    st.sampled_from(_DAY_FORMATS),
)
def test_printed_dates_come_back(dates: list[datetime.date], form: str) -> None:
    assert days([date.strftime(form) for date in dates]) == [str(date) for date in dates]


@settings(max_examples=30)
@given(
    st.lists(st.dates(datetime.date(1990, 1, 1), datetime.date(2029, 12, 31)), min_size=1, max_size=20),
    st.sampled_from(("%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%m-%d-%y", "%y/%m/%d")),
)
def test_dates_whose_order_is_not_written_come_back_or_are_refused(dates: list[datetime.date], form: str) -> None:
    cells = [date.strftime(form) for date in dates]
    try:
        found = days(cells)
    except InputError:
        assert "date_format" in fault(cells)
        found = days(cells, date_format=form)
    assert found == [str(date) for date in dates] or dates != sorted(dates)


@settings(max_examples=40)
@given(st.dates(datetime.date(1975, 1, 1), datetime.date(2100, 1, 1)), st.sampled_from((1, 10**3, 10**6, 10**9)))
def test_epochs_come_back(date: datetime.date, unit: int) -> None:
    seconds = (date - datetime.date(1970, 1, 1)).days * 86400
    assert days([seconds * unit]) == [str(date)]
