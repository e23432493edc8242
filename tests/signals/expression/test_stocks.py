"""Operators along time on the values of many stocks: each stock as if it were alone, nothing from later days."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import gridproof as gp
from gridproof.kernels.arrays import Floats
from gridproof.signals.expression.column_wise import column_wise
from gridproof.signals.expression.operators import OPERATORS
from gridproof.signals.expression.operators.argument import ALL
from gridproof.signals.expression.operators.causality import drawn_arguments
from tests.support.operator_calls import calendar
from tests.support.stocks import drawn_columns, frame, value_of

DAYS, STOCKS = 70, 5
OVER_ARRAYS = [name for name, one in OPERATORS.operators.items() if any(each.is_array for each in one.arguments)]
INDEX = np.exp(np.cumsum(np.random.default_rng(5).normal(0.0, 0.01, 130)))


@pytest.mark.parametrize("name", OVER_ARRAYS)
def test_each_stock_is_as_if_it_were_alone(name: str) -> None:
    operator = OPERATORS.operators[name]
    arrays = [one.name for one in operator.arguments if one.is_array]
    seen = 0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        drawn = [drawn_arguments(operator, rng, DAYS) for _ in range(STOCKS)]
        scalars = drawn[0]
        if operator.many is not None:
            scalars[operator.many] = int(rng.choice(scalars[operator.many]))
        # The last array is one that all stocks share, such as an index.
        given = {**scalars, **{each: np.stack([one[each] for one in drawn], axis=1) for each in arrays}}
        if len(arrays) > 1:
            given[arrays[-1]] = given[arrays[-1]][:, :1]
        keywords = {"calendar": calendar(DAYS)} if operator.calendar else {}
        with np.errstate(all="ignore"):
            found = column_wise(operator, given, keywords)
            assert found.shape == (DAYS, STOCKS)
            for stock in range(STOCKS):
                own = {each: given[each][:, min(stock, given[each].shape[1] - 1)] for each in arrays}
                if operator.many is not None:
                    own[operator.many] = np.array([scalars[operator.many]])
                alone = np.atleast_2d(operator.function(*{**scalars, **own}.values(), **keywords))[0]
                np.testing.assert_array_equal(found[:, stock], alone)
                seen += int(np.isfinite(alone).any())
    assert seen or name in ("weekly", "monthly")


@pytest.mark.parametrize("name", sorted(name for name, one in OPERATORS.operators.items() if one.stocks is not None))
def test_windows_of_many_stocks_have_the_bits_of_one(name: str) -> None:
    """More stocks than are taken together, with gaps, infinite values, equal values, and one that is never known."""
    operator, rng = OPERATORS.operators[name], np.random.default_rng(3)
    values = rng.normal(5.0, 2.0, (300, 70)).round(2)
    values[rng.random(values.shape) < 0.002] = np.nan
    values[40, 3], values[:, 7], values[:100, 8], values[:, 9] = np.inf, np.nan, np.nan, 0.1
    if operator.arguments[0].kind == "boolean":
        values = np.where(np.isfinite(values), values > 5.0, np.nan)
    for n in (2, 7, 8, 9, 20, 64, 127, 128, 129, 300, 301):
        given = {operator.arguments[0].name: values, "n": n, "min": None, "since": 0}
        with np.errstate(all="ignore"):
            alone, found = (column_wise(one, given, {}) for one in (replace(operator, stocks=None), operator))
        np.testing.assert_array_equal(found, alone, err_msg=str(n))
        assert np.isfinite(alone).any() == (n <= 300)


def rolled(
    column: str, n: int, apply: Callable[[pd.api.typing.Rolling], pd.DataFrame]
) -> Callable[[dict[str, Floats]], Floats]:
    return lambda columns: apply(frame(columns[column]).rolling(n)).to_numpy()


def against_index(columns: dict[str, Floats]) -> Floats:
    returns, market = frame(columns["close"]).pct_change(fill_method=None), frame(INDEX[:, None])[0].pct_change()
    covariance = returns.apply(lambda one: one.rolling(20).cov(market))
    return (covariance.to_numpy() / market.rolling(20).var().to_numpy()[:, None]).astype(np.float64)


PANDAS: dict[str, Callable[[dict[str, Floats]], Floats]] = {
    "mean(turnover, 20)": rolled("turnover", 20, lambda one: one.mean()),
    "sum(turnover, 5)": rolled("turnover", 5, lambda one: one.sum()),
    "std(close, 15)": rolled("close", 15, lambda one: one.std()),
    "var(turnover, 30)": rolled("turnover", 30, lambda one: one.var()),
    "min(close, 9)": rolled("close", 9, lambda one: one.min()),
    "max(close, 9)": rolled("close", 9, lambda one: one.max()),
    "median(close, 9)": rolled("close", 9, lambda one: one.median()),
    "quantile(close, 12, 0.3)": rolled("close", 12, lambda one: one.quantile(0.3)),
    "skew(close, 25)": rolled("close", 25, lambda one: one.skew()),
    "kurt(close, 25)": rolled("close", 25, lambda one: one.kurt()),
    "percentile(turnover, 12)": rolled("turnover", 12, lambda one: one.rank(pct=True, method="max")),
    "pct_change(close, 20)": lambda columns: frame(columns["close"]).pct_change(20, fill_method=None).to_numpy(),
    "diff(close, 3)": lambda columns: frame(columns["close"]).diff(3).to_numpy(),
    "close / mean(close, 1m) - 1": lambda columns: (
        frame(columns["close"]) / frame(columns["close"]).rolling(20).mean() - 1.0
    ).to_numpy(),
    "corr(close, turnover, 18)": lambda columns: np.stack(
        [frame(columns["close"])[one].rolling(18).corr(frame(columns["turnover"])[one]) for one in range(9)], axis=1
    ),
    "beta(pct_change(close, 1), pct_change(index, 1), 20)": against_index,
}  # fmt: skip
FORMULAS = [*PANDAS, "ema(close, 10)", "weekly(close) / mean(weekly(close), 3) - 1", "streak(close > lag(close, 1))",
            "mean(turnover, 20, min=3)", "zscore(close, all)", "rsi(close, 6)", "where(flag, close, index)",
            "value_when(close, flag == 0)"]  # fmt: skip


@pytest.mark.parametrize("text", PANDAS)
def test_formulas_are_those_of_pandas(text: str) -> None:
    columns = drawn_columns(3)
    found, expected = value_of(text, columns, {"index": INDEX}), PANDAS[text](columns)
    assert np.isfinite(expected).sum() > 200
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("text", FORMULAS)
def test_later_days_and_other_stocks_change_nothing(text: str) -> None:
    columns, today, rng = drawn_columns(4), 90, np.random.default_rng(0)
    now = value_of(text, columns, {"index": INDEX})
    assert np.isfinite(now[: today + 1]).sum() > 100
    other = {name: values.copy() for name, values in columns.items()}
    for values in other.values():
        values[today + 1 :] = rng.permutation(values[today + 1 :], axis=1)
        values[today + 1 :][rng.random(values[today + 1 :].shape) < 0.2] = np.nan
    later = value_of(text, other, {"index": np.where(np.arange(130) > today, 2.0 * INDEX, INDEX)})
    assert later[: today + 1].tobytes() == now[: today + 1].tobytes()
    order = rng.permutation(now.shape[1])
    turned = value_of(text, {name: values[:, order] for name, values in columns.items()}, {"index": INDEX})
    np.testing.assert_array_equal(turned, now[:, order])


def test_a_carried_close_is_its_last_traded_one() -> None:
    columns = drawn_columns(6)
    found = value_of("value_when(close, flag == 0)", columns)
    traded = np.where(columns["flag"] == 0.0, columns["close"], np.nan)
    expected = frame(traded).ffill().to_numpy()
    # A flag of -1 in a comparison is a number. Without a row the flag is unknown, and so is what was last traded.
    unknown = np.isnan(columns["flag"])
    since = np.maximum.accumulate(np.where(unknown, np.arange(len(unknown))[:, None], -1), axis=0)
    last = np.maximum.accumulate(np.where(np.isfinite(traded), np.arange(len(unknown))[:, None], -1), axis=0)
    np.testing.assert_array_equal(found, np.where(since > last, np.nan, expected))


def test_parameters_are_the_numbers_that_they_stand_for() -> None:
    columns = drawn_columns(7)
    for n in (3, 20, "1m"):
        found = value_of("mean(turnover, n) > floor", columns, chosen={"n": n, "floor": 3.5})
        np.testing.assert_array_equal(found, value_of(f"mean(turnover, {n}) > 3.5", columns))


def test_a_window_of_all_and_a_shared_series() -> None:
    columns = drawn_columns(8)
    found = value_of("percentile(close, all)", columns)
    alone = OPERATORS.operators["percentile"].function(columns["close"][:, 4], np.array([ALL]), None, 0)[0]
    np.testing.assert_array_equal(found[:, 4], alone)
    spread = value_of("close / index", columns, {"index": INDEX})
    np.testing.assert_array_equal(spread, columns["close"] / INDEX[:, None])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pct_change(close - 20, 3)", r"pct_change needs values of x above 0; got -\d.* of close - 20, s001 on 2006-"),
        ("mean(flag, 5) > 0 and turnover", r"a column as a condition has the values .*; got \d of turnover, s00"),
        ("mean(clos, 5)", r"got clos. Did you mean close"),
        ("mean(close)", r"mean needs n: values, today included"),
    ],
)
def test_faults_name_the_stock(text: str, message: str) -> None:
    with pytest.raises(gp.InputError, match=message):
        value_of(text, drawn_columns(1))
