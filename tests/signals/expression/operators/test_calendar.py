"""Dates against pandas; levels from a date on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from gridproof.kernels.arrays import Floats
from gridproof.signals.expression.example import evaluate_example
from gridproof.signals.expression.operators import OPERATORS
from gridproof.signals.expression.operators.missing import ffill
from tests.support.operator_calls import calendar

CALENDAR = calendar(510)
DATES = pd.Series(pd.DatetimeIndex(CALENDAR.dates))
IN_MONTH = DATES.groupby(DATES.dt.to_period("M"))


def of(name: str) -> Floats:
    function: Callable[..., Floats] = OPERATORS.operators[name].function
    return function(calendar=CALENDAR)


@pytest.mark.parametrize("name", ["weekday", "day", "month", "quarter", "year"])
def test_parts_of_dates_are_those_of_pandas(name: str) -> None:
    np.testing.assert_array_equal(of(name), getattr(DATES.dt, "day_of_week" if name == "weekday" else name))


def test_trading_days_are_counted_in_their_month() -> None:
    np.testing.assert_array_equal(of("trading_day_of_month"), IN_MONTH.cumcount() + 1)
    left = IN_MONTH.cumcount(ascending=False).to_numpy(dtype=np.float64)
    last = (DATES.dt.to_period("M") == DATES.dt.to_period("M").iloc[-1]).to_numpy()
    assert last.sum() > 1
    # No calendar says when the last month ends.
    np.testing.assert_array_equal(of("trading_days_left"), np.where(last, np.nan, left))


def test_a_holiday_does_not_count() -> None:
    first = of("trading_day_of_month") == 1.0
    assert (DATES[first].dt.day > 1).any()
    assert (DATES[first].dt.day == 1).any()


@pytest.mark.parametrize("base", ["2024-01-05", "2024-01-06", "2024-01-07"])
def test_a_base_on_a_weekend_is_the_last_close_before_it(base: str) -> None:
    x, y = [4.0, 5, 6, 3, 8, 9, 2], [1.0, 2, 3, 4, 5, 6, 7]  # Monday 1 January to Tuesday 9 January
    inputs = {"x": x, "y": y}
    expected = np.append(np.full(4, np.nan), np.array(x[4:]) / x[4])
    np.testing.assert_array_equal(evaluate_example(f"nav(x, base={base})", inputs, OPERATORS.operators), expected)
    relative = evaluate_example(f"relative_nav(x, y, {base})", inputs, OPERATORS.operators)
    np.testing.assert_allclose(relative, expected / (np.array(y) / y[4]), rtol=1e-15)


def test_a_base_before_the_data_gives_no_value() -> None:
    found = evaluate_example("nav(x, 2023-12-31)", {"x": [1.0, 2]}, OPERATORS.operators)
    assert np.isnan(found).all()


def test_a_base_without_a_value_takes_the_last_known_one() -> None:
    found = evaluate_example("nav(x, 2024-01-03)", {"x": [2.0, np.nan, np.nan, 6]}, OPERATORS.operators)
    np.testing.assert_array_equal(found, [np.nan, np.nan, np.nan, 3])


def test_values_are_filled_as_pandas_does() -> None:
    x = np.random.default_rng(0).random(300)
    x[np.random.default_rng(1).random(300) < 0.6] = np.nan
    for n in (1, 2, 5):
        np.testing.assert_array_equal(ffill(x, n), pd.Series(x).ffill(limit=n))
