"""Operators over a window against a plain loop over the days, in extended precision, and against pandas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from gridproof.kernels.arrays import Array, Floats
from gridproof.signals.expression.operators import OPERATORS
from gridproof.signals.expression.operators.argument import ALL
from gridproof.signals.expression.operators.causality import call, drawn_arguments
from tests.support.operator_calls import calendar

DAYS = 70


def mean(x: Array) -> Any:
    return x.mean()


def deviation(x: Array) -> Any:
    return x.std(ddof=1) if len(x) > 1 else np.nan


def centred(x: Array) -> Any:
    return x - x.mean()


def ratio(above: Any, below: Any) -> Any:
    return above / below if below != 0 else np.nan


def covariance(x: Array, y: Array) -> Any:
    return (centred(x) * centred(y)).sum() / (len(x) - 1) if len(x) > 1 else np.nan


def fitted(y: Array, x: Array) -> Any:
    return ratio((centred(x) * centred(y)).sum(), (centred(x) ** 2).sum())


def time(x: Array) -> Array:
    return np.arange(len(x)).astype(np.longdouble)


def moment(x: Array, power: int) -> Any:
    return (centred(x) ** power).mean()


def skewness(x: Array) -> Any:
    n = np.longdouble(len(x))
    return ratio(moment(x, 3), moment(x, 2) ** 1.5) * np.sqrt(n * (n - 1)) / (n - 2) if n > 2 else np.nan


def kurtosis(x: Array) -> Any:
    n = np.longdouble(len(x))
    if n < 4:
        return np.nan
    return (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * ratio(moment(x, 4), moment(x, 2) ** 2) - 3 * (n - 1))


def back(x: Array, extreme: Any) -> int:
    return len(x) - 1 - int(np.flatnonzero(x == extreme)[-1])


# Of each operator its value over the values of one window, today's last.
LOOPS: dict[str, Callable[..., Any]] = {
    "mean": mean,
    "sum": lambda x: x.sum(),
    "count": lambda x: (x == 1).sum(),
    "std": deviation,
    "var": lambda x: deviation(x) ** 2,
    "zscore": lambda x: ratio(x[-1] - x.mean(), deviation(x)),
    "skew": skewness,
    "kurt": kurtosis,
    "wma": lambda x: (x * (time(x) + 1)).sum() / (time(x) + 1).sum(),
    "min": lambda x: x.min(),
    "max": lambda x: x.max(),
    "argmin": lambda x: back(x, x.min()),
    "argmax": lambda x: back(x, x.max()),
    "median": lambda x: np.median(x),
    "quantile": lambda x, q: np.quantile(x.astype(np.float64), q),
    "percentile": lambda x: (x <= x[-1]).sum() / np.longdouble(len(x)),
    "stochastic": lambda x: ratio(x[-1] - x.min(), x.max() - x.min()),
    "slope": lambda x: fitted(x, time(x)),
    "relative_slope": lambda x: fitted(x / x[0], time(x)),
    "rsquare": lambda x: ratio(covariance(x, time(x)) ** 2, deviation(x) ** 2 * deviation(time(x)) ** 2),
    "cov": covariance,
    "corr": lambda x, y: ratio(covariance(x, y), deviation(x) * deviation(y)),
    "beta": fitted,
    "residual": lambda y, x: y[-1] - y.mean() - fitted(y, x) * (x[-1] - x.mean()),
    "drawdown": lambda x: x[-1] / x.max() - 1,
    "max_drawdown": lambda x: min(0.0, *(x[i:].min() / x[i] - 1 for i in range(len(x)))),
    "volatility": deviation,
    "sharpe": lambda x: ratio(x.mean() * 243, deviation(x) * np.sqrt(np.longdouble(243))),
}
OF_RETURNS = {"volatility", "sharpe"}


def by_loop(name: str, arrays: list[Floats], n: int, least: int | None, since: int, scalars: list[float]) -> Floats:
    """The value of each day by the rules of windows, read from the conventions and not from the code."""
    if name in OF_RETURNS:
        arrays = [np.append(np.nan, x[1:] / x[:-1] - 1) for x in arrays]
    result = np.full(len(arrays[0]), np.nan)
    known = np.isfinite(np.sum(arrays, axis=0))
    for today in range(since, len(result)):
        if not known[since : today + 1].any() or not known[today]:
            continue
        first = since + int(known[since:].argmax())
        if n == ALL:
            days = np.flatnonzero(known[: today + 1])
            days = days[days >= since]
        else:
            days = np.arange(max(first, today - n + 1), today + 1)
        enough = (1 if n == ALL else n) if least is None else min(n, least)
        if len(days) >= enough and known[days].all():
            result[today] = LOOPS[name](*(x[days].astype(np.longdouble) for x in arrays), *scalars)
    return result


def is_windowed(name: str) -> bool:
    return {"n", "min", "since"} <= {one.name for one in OPERATORS.operators[name].arguments}


def test_every_windowed_operator_has_a_loop() -> None:
    assert set(LOOPS) == {name for name in OPERATORS.operators if is_windowed(name)}


@pytest.mark.parametrize("name", LOOPS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_loop_over_the_days_gives_the_same(name: str) -> None:
    operator = OPERATORS.operators[name]
    known = 0
    for seed in range(12):
        given = drawn_arguments(operator, np.random.default_rng(1000 + seed), DAYS)
        found = call(operator, given, calendar(DAYS))
        arrays = [given[one.name] for one in operator.arguments if one.is_array]
        scalars = [given["q"]] if name == "quantile" else []
        for row, n in zip(found, np.atleast_1d(given["n"]), strict=True):
            expected = by_loop(name, arrays, int(n), given["min"], given["since"], scalars)
            # A residual is a difference of numbers as large as the series itself.
            size = arrays[0] if name == "residual" else expected
            scale = max(1e-300, float(np.nanmax(np.abs(size), initial=0.0)))
            np.testing.assert_allclose(row / scale, expected / scale, rtol=1e-10, atol=1e-11, err_msg=f"{seed} {n}")
            known += int(np.isfinite(row).sum())
    assert known > 300


WALK = 100 * np.exp(np.cumsum(np.random.default_rng(5).normal(0, 0.02, 400)))
OTHER = 100 * np.exp(np.cumsum(np.random.default_rng(6).normal(0, 0.02, 400)))
PANDAS: dict[str, Callable[[Any, Any], Any]] = {
    "mean": lambda x, _: x.mean(),
    "sum": lambda x, _: x.sum(),
    "std": lambda x, _: x.std(),
    "var": lambda x, _: x.var(),
    "skew": lambda x, _: x.skew(),
    "kurt": lambda x, _: x.kurt(),
    "min": lambda x, _: x.min(),
    "max": lambda x, _: x.max(),
    "median": lambda x, _: x.median(),
    "percentile": lambda x, _: x.rank(method="max", pct=True),
    "corr": lambda x, y: x.corr(y),
    "cov": lambda x, y: x.cov(y),
}


def one(name: str, *arrays: Floats, n: int, least: int | None = None) -> Floats:
    operator = OPERATORS.operators[name]
    given = dict(zip((a.name for a in operator.arguments if a.is_array), arrays, strict=True))
    scalars = {"n": np.array([n]) if operator.many else n, "min": least, "since": 0}
    return call(operator, given | scalars, calendar(len(arrays[0])))[0]


@pytest.mark.parametrize("least", [None, 15])
@pytest.mark.parametrize("name", PANDAS)
def test_pandas_gives_the_same(name: str, least: int | None) -> None:
    x, y = pd.Series(WALK), pd.Series(OTHER)
    # Before 3.1, pandas keeps residue of old values in its kurtosis.
    version = tuple(int(part) for part in pd.__version__.split(".")[:2])
    close = 1e-7 if name == "kurt" and version < (3, 1) else 1e-9
    for n in (20, 243):
        given = (WALK, OTHER) if name in ("corr", "cov") else (WALK,)
        expected = PANDAS[name](x.rolling(n, min_periods=least), y).to_numpy()
        np.testing.assert_allclose(one(name, *given, n=n, least=least), expected, rtol=close, atol=close / 100)
    expanding = PANDAS[name](x.expanding(min_periods=least or 1), y).to_numpy()
    first = 3 if least is None else 0  # pandas gives a kurtosis of four values, and so do we
    np.testing.assert_allclose(
        one(name, *given, n=ALL, least=least)[first:], expanding[first:], rtol=close, atol=close / 100
    )


def test_no_residue_of_old_values_is_left() -> None:
    """After a huge value has left the window nothing of it remains; pandas' sums keep a part of it."""
    x = np.append([1e16, -3e15, 7e15], np.tile([1.0, 2.0, 4.0, 8.0], 10))
    for name in ("mean", "sum", "std", "zscore", "skew", "kurt", "slope", "wma"):
        quiet = one(name, x[3:], n=8)
        assert quiet[8:].tobytes() == one(name, x, n=8)[11:].tobytes()
    assert one("sum", x, n=4)[-1] == 15.0
    assert one("mean", np.full(50, 0.1), n=7)[-1] == 0.1


def test_scipy_and_statsmodels_give_the_same_line() -> None:
    n = 60
    line = stats.linregress(OTHER[-n:], WALK[-n:])
    assert one("beta", WALK, OTHER, n=n)[-1] == pytest.approx(line.slope, rel=1e-10)
    assert one("corr", WALK, OTHER, n=n)[-1] ** 2 == pytest.approx(line.rvalue**2, rel=1e-10)
    expected = WALK[-1] - line.intercept - line.slope * OTHER[-1]
    assert one("residual", WALK, OTHER, n=n)[-1] == pytest.approx(expected, rel=1e-9)
    trend = stats.linregress(np.arange(n), WALK[-n:])
    assert one("slope", WALK, n=n)[-1] == pytest.approx(trend.slope, rel=1e-10)
    assert one("rsquare", WALK, n=n)[-1] == pytest.approx(trend.rvalue**2, rel=1e-10)
