"""A nowcast: the value of a quarterly series in the running quarter, from the monthly series that are known already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gridproof.kernels.arrays import Floats

if TYPE_CHECKING:
    import pandas as pd
    from statsmodels.tsa.statespace.dynamic_factor_mq import DynamicFactorMQResults

# A series needs so many known values before parameters are estimated; the estimation ends after so many steps.
FEWEST, STEPS = 8, 100


@dataclass(frozen=True, slots=True)
class Vintage:
    """What is known on one day: ``monthly`` has a column for each indicator; ``quarterly``, the target first.

    Both are indexed by periods without gaps, NaN where a value is not known.
    """

    monthly: pd.DataFrame
    quarterly: pd.DataFrame

    @property
    def sufficient(self) -> bool:
        """Whether each series has enough known values for the parameters."""
        known = [*self.monthly.notna().sum(), *self.quarterly.notna().sum()]
        return bool(min(known) >= FEWEST)


@dataclass(frozen=True, slots=True)
class News:
    """What one release changed. ``expected``: by the vintage before; ``impact``: on the nowcast, in its unit."""

    series: str
    month: str
    expected: float
    released: float
    impact: float


def fitted(vintage: Vintage, factors: int, order: int) -> DynamicFactorMQResults:
    """Estimate the parameters by expectation maximisation on a vintage, whose values are standardised.

    Source: Bańbura and Modugno, Maximum likelihood estimation of factor models on datasets with arbitrary pattern of
    missing data, 2014; ``statsmodels.tsa.statespace.DynamicFactorMQ`` with first-order idiosyncratic terms.
    """
    return _silent(lambda: model_of(vintage, factors, order).fit(disp=False, maxiter=STEPS))


def model_of(vintage: Vintage, factors: int, order: int) -> Any:
    """The dynamic factor model of a vintage: common factors of the monthly series and of the quarterly target."""
    from statsmodels.tsa.statespace.dynamic_factor_mq import DynamicFactorMQ  # not above: it takes a second to import

    return DynamicFactorMQ(vintage.monthly, endog_quarterly=vintage.quarterly, factors=factors, factor_orders=order)


def with_vintage(results: DynamicFactorMQResults, vintage: Vintage) -> DynamicFactorMQResults:
    """The model under the same parameters and standardisation on another vintage."""
    return _silent(
        lambda: results.apply(vintage.monthly, endog_quarterly=vintage.quarterly, retain_standardization=True)
    )


def target_name(results: DynamicFactorMQResults) -> str:
    """The name of the target: the first quarterly series."""
    return str(results.model.endog_names[results.model.k_endog_M])


def target_in(results: DynamicFactorMQResults, quarters: Sequence[pd.Period]) -> Floats:
    """Returns (n,) float64: the target in each quarter, in its unit: its value where it is known, else the estimate.

    The estimate uses all that the vintage has, also values of later months.
    """
    months = [quarter.asfreq("M", "end") for quarter in quarters]
    target, begin = target_name(results), min(months)
    found = _silent(
        lambda: results.get_prediction(start=begin, end=max(months), information_set="smoothed").predicted_mean
    )
    return np.array([float(found[target][month]) for month in months])


def news_between(
    before: DynamicFactorMQResults, after: DynamicFactorMQResults, quarter: pd.Period
) -> tuple[list[News], float]:
    """What each release between two vintages under the same parameters changed in the target of a quarter.

    Returns the news in order of the table of ``statsmodels``, and the impact of revised values, in the target's unit.
    """
    month, target = quarter.asfreq("M", "end"), target_name(after)
    found = _silent(
        lambda: after.news(before, impact_date=str(month), impacted_variable=target, comparison_type="previous")
    )
    rows = found.details_by_impact
    news = [
        News(str(key[-1]), str(key[-2]), float(row["forecast (prev)"]), float(row["observed"]), float(row["impact"]))
        for key, row in rows.iterrows()
    ]
    return news, float(found.revision_impacts[target].iloc[0])


def _silent(compute: Any) -> Any:
    """Without warnings: that of steps reached, and those on values that a vintage does not have."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return compute()
