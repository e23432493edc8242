"""Panels in memory, and formulas over them, for tests of the expression language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from gridproof.kernels.arrays import Floats
from gridproof.signals.data.market import Market
from gridproof.signals.data.panel.panel import Panel
from gridproof.signals.data.release import Release
from gridproof.signals.data.source import Dates, Observations, Source
from gridproof.signals.expression.panel import PanelFormulas, PanelValues
from gridproof.signals.expression.scope import Scope
from tests.support.operator_calls import calendar

PERIODS = 243.0


def dates_of(days: int) -> Dates:
    """Weekdays with gaps, see ``operator_calls.calendar``."""
    return calendar(days).dates


def panel_of(columns: Mapping[str, Floats], dates: Dates | None = None) -> Panel:
    """A panel of (T, S) arrays by column, of stocks s000, s001 and so on, which have a row where a column is known."""
    shape = next(iter(columns.values())).shape
    known = np.logical_or.reduce([~np.isnan(values) for values in columns.values()])
    place = np.flatnonzero(known)
    readers = {name: lambda values=values: values.ravel()[place] for name, values in columns.items()}
    codes = tuple(f"s{number:03d}" for number in range(shape[1]))
    days = dates_of(shape[0]) if dates is None else dates
    return Panel("stocks.parquet", days, codes, place, readers, "panel")  # type: ignore[arg-type]


def value_of(
    text: str,
    columns: Mapping[str, Floats],
    series: Mapping[str, Floats] | None = None,
    chosen: Mapping[str, Any] | None = None,
) -> Floats:
    """(T, S): the value of a formula of columns, of series on the same days, and of parameters, known at each close."""
    panel = panel_of(columns)
    formulas = PanelFormulas({name: name for name in columns}, dict.fromkeys(columns, "panel"))
    names = frozenset(series or {})
    at = formulas.of_fields(text, "formula", Scope(names, {}, {name: name for name in chosen or {}}, ""))
    observed = {
        name: Observations(Source(name, "", ""), panel.dates, values, {}) for name, values in (series or {}).items()
    }
    market = Market(panel.dates, observed, panel=panel)
    return PanelValues(formulas.graph, market, len(panel.dates) - 1, PERIODS, dict.fromkeys(names, Release())).of(
        at, chosen
    )


def drawn_columns(seed: int, days: int = 130, stocks: int = 9) -> dict[str, Floats]:
    """Close, turnover and a group of stocks that are listed late, leave early and lack rows; few distinct turnovers."""
    rng = np.random.default_rng(seed)
    close = 10.0 * np.exp(np.cumsum(rng.normal(0.0, 0.03, (days, stocks)), axis=0))
    turnover = rng.integers(1, 8, (days, stocks)).astype(np.float64)
    group = np.tile(rng.integers(0, 3, stocks).astype(np.float64), (days, 1))
    flag = rng.choice([0.0, 1.0, -1.0], (days, stocks), p=[0.6, 0.35, 0.05])
    absent = rng.random((days, stocks)) < 0.01
    for stock in range(0, stocks, 3):
        absent[: rng.integers(0, days // 2), stock] = True
        absent[rng.integers(days * 2 // 3, days) :, stock] = True
    columns = {"close": close, "turnover": turnover, "group": group, "flag": flag}
    return {name: np.where(absent, np.nan, values) for name, values in columns.items()}


def frame(values: Floats) -> pd.DataFrame:
    return pd.DataFrame(values, pd.DatetimeIndex(dates_of(len(values))))
