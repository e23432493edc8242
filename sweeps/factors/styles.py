"""Returns of styles: a weighted regression of each day's stock returns on exposures known at the close before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gridproof.kernels.arrays import Bools, Floats
from gridproof.kernels.errors import InputError
from gridproof.kernels.panel.backend import PanelBackend
from gridproof.results.run.record import number
from gridproof.results.statistics.newey_west import automatic_lags, newey_west_mean
from gridproof.sweeps.factors.panel_window import PanelWindow
from gridproof.sweeps.factors.spec import StylesSpec
from gridproof.sweeps.factors.study import FactorStudy


@dataclass(frozen=True, slots=True)
class StyleReturns:
    """``table``: a row a return day with ``date``, a column for each style, ``r_squared`` and ``stocks``."""

    table: pd.DataFrame
    names: tuple[str, ...]

    @property
    def r_squared(self) -> float | None:
        """The mean of the days that have one; None where none has, since all stocks earn the same."""
        known = self.table["r_squared"].dropna()
        return float(known.mean()) if len(known) else None

    @property
    def warnings(self) -> list[str]:
        """That more than half of the days have no returns."""
        missing, days = int(self.table[list(self.names)].isna().all(axis=1).sum()), len(self.table)
        if missing <= days / 2:
            return []
        why = "their exposures are collinear, or too few stocks have all of them"
        return [f"styles have no returns on {missing:,} of {days:,} days: {why}"]

    def record(self, periods: float) -> list[dict[str, Any]]:
        """Of each style: mean a year, volatility, Sharpe ratio, t-statistic (Newey–West) and share of positive days."""
        rows = []
        for name in self.names:
            returns = self.table[name].to_numpy()
            known = returns[~np.isnan(returns)]
            test = newey_west_mean(returns, automatic_lags(len(known)))
            spread = float(known.std(ddof=1)) if len(known) > 1 else np.nan
            numbers = {
                "mean": test.mean * periods,
                "volatility": spread * np.sqrt(periods),
                "sharpe": test.mean / spread * np.sqrt(periods) if spread > 0.0 else np.nan,
                "t": test.t,
                "positive": float((known > 0.0).mean()) if len(known) else np.nan,
            }
            rows.append({"style": name, "days": len(known)} | {key: number(value) for key, value in numbers.items()})
        return rows


def style_returns(study: FactorStudy, window: PanelWindow, backend: PanelBackend) -> StyleReturns:
    """The returns of the styles on every day after the window's first.

    The universe is the study's first. An exposure is cut at ``clip`` standard deviations from its mean over the
    universe of the day, then standardised to mean 0 and standard deviation 1. The return of a style is the coefficient
    of its exposure, that is the return of a portfolio with an exposure of 1 to it and of 0 to all else. A stock counts
    where its return and all its exposures, its group and its weight are known. Days that have too few stocks or
    collinear exposures are NaN. Raises InputError where all days are.
    """
    spec = study.spec.styles
    assert spec is not None
    inside = window.members(study.universes[0])[:-1]
    names = tuple(study.styles)
    days, stocks = inside.shape
    exposures = np.empty((len(names), days, stocks))
    for place, node in enumerate(study.styles.values()):
        exposures[place] = standardise(window.known(node)[:-1], inside, spec)
    response = np.where(inside, window.value[1:] / window.value[:-1] - 1.0, np.nan)
    group, groups = window.group(spec.by)
    weight = np.ones((days, stocks))
    if study.style_weight is not None:
        weight = window.known(study.style_weight)[:-1]
        weight = np.where(weight > 0.0, weight, np.nan)
    found = backend.regress(response, exposures, np.ascontiguousarray(group[:-1]), groups, weight)
    if np.isnan(found.coefficients[:, : len(names)]).all():
        rule = "styles need a day on which enough stocks have all exposures, and no exposure follows from the others"
        value = f"{', '.join(names)}, which at most {found.stocks.max():,} stocks have on one day"
        remedy = "Remove an exposure that repeats another one or the group, or correct the formulas"
        raise InputError(rule, value, study.where("styles", "exposures"), remedy)
    columns: dict[str, Any] = {"date": window.dates[1:]}
    columns |= {name: found.coefficients[:, place] for place, name in enumerate(names)}
    return StyleReturns(pd.DataFrame(columns | {"r_squared": found.r_squared, "stocks": found.stocks}), names)


def standardise(values: Floats, inside: Bools, spec: StylesSpec) -> Floats:
    """(T, S) exposures of each day over the universe, cut and standardised; NaN outside and where all are equal."""
    values = np.where(inside, values, np.nan)
    if spec.clip is not None:
        mean, spread = _moments(values)
        values = np.clip(values, mean - spec.clip * spread, mean + spec.clip * spread)
    mean, spread = _moments(values)
    with np.errstate(divide="ignore", invalid="ignore"):
        result: Floats = np.where(spread > 0.0, (values - mean) / spread, np.nan)
    return result


def _moments(values: Floats) -> tuple[Floats, Floats]:
    """(T, 1) mean and standard deviation (ddof 1) of the known values of each day; NaN below two of them."""
    known = ~np.isnan(values)
    count = known.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(known, values, 0.0).sum(axis=1, keepdims=True) / count
        square = np.where(known, (values - mean) ** 2, 0.0).sum(axis=1, keepdims=True)
        return mean, np.sqrt(np.where(count > 1, square / (count - 1), np.nan))
