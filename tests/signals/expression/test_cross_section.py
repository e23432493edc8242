"""Operators over the stocks of a day against pandas; who counts; other days and the order of stocks do not matter."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import gridproof as gp
from gridproof.kernels.arrays import Floats
from gridproof.signals.data.market import Market
from gridproof.signals.expression.evaluate import ExpressionEvaluator
from gridproof.signals.expression.example import evaluate_stocks
from gridproof.signals.expression.operators import OVER_STOCKS
from gridproof.signals.expression.panel import PanelFormulas
from tests.support.stocks import drawn_columns, frame, panel_of, value_of

Columns = dict[str, Floats]


def of(columns: Columns, name: str, where: bool = False) -> pd.DataFrame:
    """A column of the stocks that count, those with a close; ``where``: whose flag is 0, too."""
    known = np.isfinite(columns["close"]) & ((columns["flag"] == 0.0) | (not where))
    return frame(np.where(known, columns[name], np.nan))


def z(x: pd.DataFrame) -> Floats:
    return x.sub(x.mean(axis=1), axis=0).div(x.std(axis=1), axis=0).to_numpy()


def clipped(x: pd.DataFrame) -> Floats:
    return x.clip(x.quantile(0.2, axis=1), x.quantile(0.8, axis=1), axis=0).to_numpy()


def parts(x: pd.DataFrame) -> Floats:
    first = x.rank(axis=1, method="first") - 1.0
    return (np.floor(first.mul(3.0).div(x.count(axis=1), axis=0)) + 1.0).to_numpy()


def residuals(columns: Columns, grouped: bool) -> Floats:
    """A regression of turnover on the logarithm of the close for each day, by NumPy."""
    result = np.full(columns["close"].shape, np.nan)
    for day, (y, x, group) in enumerate(
        zip(columns["turnover"], np.log(columns["close"]), columns["group"], strict=True)
    ):
        known = np.isfinite(y) & np.isfinite(x)
        kinds = np.unique(group[known]) if grouped else [0.0]
        dummies = np.stack([(group[known] == one) | (not grouped) for one in kinds], axis=1).astype(float)
        design = np.column_stack([x[known], dummies])
        if np.linalg.matrix_rank(design) < design.shape[1]:
            continue
        result[day, known] = y[known] - design @ np.linalg.lstsq(design, y[known], rcond=None)[0]
    return result


def by_group(columns: Columns) -> Floats:
    x, groups = of(columns, "close"), columns["group"][np.isfinite(columns["group"])]
    result = np.full(x.shape, np.nan)
    for one in np.unique(groups):
        inside = x.where(columns["group"] == one)
        result = np.where(inside.notna(), inside.sub(inside.mean(axis=1), axis=0), result)
    return result


PANDAS: dict[str, Callable[[Columns], Floats]] = {
    "rank(close)": lambda c: of(c, "close").rank(axis=1, pct=True).to_numpy(),
    "rank(turnover)": lambda c: of(c, "turnover").rank(axis=1, pct=True).to_numpy(),
    "rank(turnover, where=flag == 0)": lambda c: of(c, "turnover", where=True).rank(axis=1, pct=True).to_numpy(),
    "zscore(close)": lambda c: z(of(c, "close")),
    "zscore(pct_change(close, 5))": lambda c: z(frame(c["close"]).pct_change(5, fill_method=None)),
    "demean(close)": lambda c: of(c, "close").sub(of(c, "close").mean(axis=1), axis=0).to_numpy(),
    "winsorize(close, 0.2)": lambda c: clipped(of(c, "close")),
    "quantile(turnover, 3)": lambda c: parts(of(c, "turnover")),
    "top(turnover, 2)": lambda c: np.where(
        of(c, "turnover").notna(), (-of(c, "turnover")).rank(axis=1, method="first") <= 2, np.nan
    ),
    "bottom(close, 3)": lambda c: np.where(of(c, "close").notna(), of(c, "close").rank(axis=1) <= 3, np.nan),
    "neutralize(turnover, log(close))": lambda c: residuals(c, grouped=False),
    "neutralize(turnover, log(close), group=group)": lambda c: residuals(c, grouped=True),
    "neutralize(close, group=group)": by_group,
    "rank(mean(turnover, 5)) - rank(close)": lambda c: (
        frame(c["turnover"]).rolling(5).mean().rank(axis=1, pct=True) - of(c, "close").rank(axis=1, pct=True)
    ).to_numpy(),
}
SERIES: dict[str, Callable[[Columns], Floats]] = {
    "share(close > mean(close, 10))": lambda c: above(c).mean(axis=1).to_numpy(),
    "average(close, weight=turnover)": lambda c: (
        (of(c, "close") * c["turnover"]).sum(axis=1) / of(c, "turnover").sum(axis=1)
    ).to_numpy(),
    "total(turnover, where=flag == 0)": lambda c: of(c, "turnover", where=True).sum(axis=1, min_count=1).to_numpy(),
    "mean(average(close), 4)": lambda c: of(c, "close").mean(axis=1).rolling(4).mean().to_numpy(),
    "share(flag)": lambda c: of(c, "flag").where(lambda x: x >= 0).mean(axis=1).to_numpy(),
}


def above(columns: Columns) -> pd.DataFrame:
    close = frame(columns["close"])
    average = close.rolling(10).mean()
    return (close > average).astype(float).where(average.notna())


def series_of(text: str, columns: Columns) -> Floats:
    panel = panel_of(columns)
    formulas = PanelFormulas({name: name for name in columns}, dict.fromkeys(columns, "panel"))
    at = formulas.of_fields(text, "formula")
    assert not formulas.graph.facts[at].stocks
    market = Market(panel.dates, {}, panel=panel)
    return ExpressionEvaluator(formulas.graph, market, 243.0, len(panel.dates) - 1).daily(at, {}, {}, "formula")


@pytest.mark.parametrize("text", PANDAS)
def test_formulas_are_those_of_pandas(text: str) -> None:
    columns = drawn_columns(11)
    found, expected = value_of(text, columns), PANDAS[text](columns)
    assert np.isfinite(expected).sum() > 300
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("text", SERIES)
def test_series_are_those_of_pandas(text: str) -> None:
    columns = drawn_columns(12)
    expected = SERIES[text](columns)
    assert np.isfinite(expected).sum() > 60
    np.testing.assert_allclose(series_of(text, columns), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("text", [*PANDAS, *SERIES])
def test_later_days_and_the_order_of_stocks_change_nothing(text: str) -> None:
    value = value_of if text in PANDAS else series_of
    columns, today, rng = drawn_columns(13), 80, np.random.default_rng(1)
    now, other = value(text, columns), {name: values.copy() for name, values in columns.items()}
    for values in other.values():
        values[today + 1 :] = rng.permutation(values[today + 1 :], axis=1)
        values[today + 1 :][rng.random(values[today + 1 :].shape) < 0.2] = np.nan
    assert value(text, other)[: today + 1].tobytes() == now[: today + 1].tobytes()
    order = rng.permutation(9)
    turned = value(text, {name: values[:, order] for name, values in columns.items()})
    if text.startswith(("top", "quantile")):  # equal values are ordered by code
        turned, now = np.sort(turned, axis=1), np.sort(now, axis=1)
    elif text in PANDAS:
        now = now[:, order]
    np.testing.assert_allclose(turned, now, rtol=1e-10, atol=1e-10)


def test_an_absent_stock_is_not_in_the_cross_section() -> None:
    columns = drawn_columns(14)
    gone = {name: np.where(np.arange(9) == 4, np.nan, values) for name, values in columns.items()}
    gone["close"][:60, 4] = columns["close"][:60, 4]
    # The stock leaves after day 59. Its average of five days, its lag and what is carried of it stay known for a while.
    for text in ("rank(lag(close, 3))", "zscore(ffill(close, all))", "demean(lag(close, 2))"):
        found = value_of(text, gone)
        others = value_of(text, {name: np.delete(values, 4, axis=1) for name, values in gone.items()})
        assert np.isnan(found[60:, 4]).all()
        np.testing.assert_allclose(np.delete(found, 4, axis=1)[60:], others[60:], rtol=1e-12)


@pytest.mark.parametrize("name", OVER_STOCKS.operators)
def test_the_example_gives_what_it_says(name: str) -> None:
    example = OVER_STOCKS.operators[name].example
    assert example is not None
    assert example.text.startswith(name)
    np.testing.assert_allclose(evaluate_stocks(example.text, example.inputs), example.result, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rank(index)", "rank is over the stocks of a panel, and its first argument has a value for each of them"),
        ("top(close, 0)", "n of top must be at least 1"),
        ("winsorize(close, 0.7)", "share of winsorize must be at most 0.5"),
        ("zscore(index)", "zscore needs n: values, today included"),
        ("average(close, weight=close - 100)", r"average needs values of weight of 0 or more; got -\d"),
        ("share(close)", "a column as a condition has the values"),
        ("rank(close) > 2", "is a share and lies between 0 and 1"),
    ],
)
def test_faults(text: str, message: str) -> None:
    with pytest.raises(gp.InputError, match=message):
        value_of(text, drawn_columns(1), {"index": np.arange(130.0)})
