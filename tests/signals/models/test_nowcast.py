"""The nowcast against the figures of the New York Fed that statsmodels carries, and against planted truth."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gridproof.signals.data.source import Observations, Source
from gridproof.signals.models.nowcast import Vintage, news_between, target_in, with_vintage
from gridproof.signals.models.row_cache import RowCache
from gridproof.signals.models.table import ModelTable
from gridproof.signals.models.vintages import nowcast_table


def frbny() -> Path | None:
    found = find_spec("statsmodels")
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent / "tsa/statespace/tests/results/frbny_nowcast"
    return folder if (folder / "test_news_112.mat").is_file() else None


def us_vintage(folder: Path, day: str) -> Vintage:
    """The transformed series of one vintage, as the tests of statsmodels make them."""
    table = pd.read_csv(folder / "Nowcasting" / "data" / "US" / f"{day}.csv")
    table.index = pd.PeriodIndex(table.pop("Date").tolist(), freq="M")
    monthly = table[["CPIAUCSL", "UNRATE", "PAYEMS"]].copy()
    monthly["CPIAUCSL"] = (monthly["CPIAUCSL"] / monthly["CPIAUCSL"].shift(1) - 1) * 100
    for name in ("UNRATE", "PAYEMS"):
        monthly[name] = monthly[name].diff()
    quarters = table[["GDPC1", "ULCNFB"]].copy()
    quarters.index = pd.PeriodIndex(quarters.index, freq="Q")
    quarters = quarters.groupby(level=0).last()
    growth = ((quarters / quarters.shift(1)) ** 4 - 1) * 100
    monthly, growth = monthly["2000":], growth["2000":]  # type: ignore[misc]
    return Vintage(trimmed(monthly), trimmed(growth))


def trimmed(table: pd.DataFrame) -> pd.DataFrame:
    return table.loc[table.first_valid_index() : table.last_valid_index()]


@pytest.mark.skipif(frbny() is None, reason="the wheel of statsmodels is without the figures of the New York Fed")
def test_nowcast_and_news_are_those_of_the_new_york_fed() -> None:
    from scipy.io import matlab
    from statsmodels.tsa.statespace.dynamic_factor_mq import DynamicFactorMQ

    folder = frbny()
    assert folder is not None
    found: dict[str, Any] = matlab.loadmat(folder / "test_news_112.mat")
    old, new = (us_vintage(folder, day) for day in ("2016-06-29", "2016-07-29"))
    model = DynamicFactorMQ(
        old.monthly, endog_quarterly=old.quarterly, factors=1, factor_orders=1, init_t0=True, obs_cov_diag=True
    )
    states = 5 + 3  # of the factor and of the monthly series; their program orders those of quarterly series otherwise
    order = np.r_[np.arange(states), states + np.arange(10).reshape(2, 5).ravel(order="F")]
    model.initialize_known(found["Res"]["Z_0"][0, 0][:, 0][order], found["Res"]["V_0"][0, 0][order][:, order])
    before = model.smooth(found["params"][:, 0], cov_type="none")
    after = with_vintage(before, new)
    news, revisions = news_between(before, after, pd.Period("2016Q3"))
    table = found["Res"]["news_table"][0, 0]  # expected, released, weight, impact
    by_name = {one.series: one for one in news if one.month == "2016-06"}
    for row, name in enumerate(("CPIAUCSL", "UNRATE", "PAYEMS", "GDPC1")):
        one = by_name[name]
        expected = [one.expected, one.released, one.impact]
        np.testing.assert_allclose(expected, table[row][[0, 1, 3]], rtol=1e-6)
    assert revisions == pytest.approx(float(found["Res"]["impact_revisions"][0, 0].item()), rel=1e-6)
    now, earlier = (target_in(each, [pd.Period("2016Q3")])[0] for each in (after, before))
    assert now - earlier == pytest.approx(sum(one.impact for one in news) + revisions, rel=1e-6)


def planted(seed: int = 0) -> tuple[list[Observations], list[Any], Any, pd.Series[float]]:
    """Two indicators and a target that follow one factor; months are known 10 days later, quarters 45 days later."""
    rng, months = np.random.default_rng(seed), pd.period_range("2012-01", "2015-12", freq="M")
    factor = np.zeros(len(months))
    for at in range(1, len(months)):
        factor[at] = 0.8 * factor[at - 1] + rng.normal()
    weights = np.array([1, 2, 3, 2, 1]) / 3.0
    flow = np.convolve(factor, weights)[: len(months)]
    truth = pd.Series(5.0 + 0.5 * flow, index=months)
    calendar = np.array(pd.bdate_range("2012-01-01", "2015-12-31").to_numpy(), dtype="datetime64[D]")
    series, known = [], []
    for name, values in (("a", 50 + factor), ("b", 2 * factor + rng.normal(0, 0.3, len(months)))):
        series.append(observed(name, months, values))
        known.append(np.searchsorted(calendar, series[-1].dates + 10))
    quarters = truth[truth.index.month % 3 == 0]
    series.append(observed("gdp", quarters.index, quarters.to_numpy()))
    known.append(np.searchsorted(calendar, series[-1].dates + 45))
    return series, known, calendar, truth


def observed(name: str, months: Any, values: Any) -> Observations:
    ends = np.array(months.asfreq("D", "end").to_timestamp().to_numpy(), dtype="datetime64[D]")
    return Observations(Source(name, "x.csv", name), ends, np.asarray(values, dtype=float), {})


def table_of(series: Any, known: Any, calendar: Any, begin: str = "2015-05-04") -> ModelTable:
    with RowCache("test", "", None) as cache:
        return nowcast_table("gdp", series, known, calendar, 1, 1, 30, np.datetime64(begin), None, cache, "here")


def test_a_planted_factor_is_nowcast_better_than_by_the_mean_and_the_future_changes_nothing() -> None:
    series, known, calendar, truth = planted()
    table = table_of(series, known, calendar)
    days = pd.DatetimeIndex(table.dates)
    ends = [truth[day.to_period("Q").asfreq("M", "end")] for day in days]
    past = [truth[(day.to_period("Q") - 1).asfreq("M", "end")] for day in days]
    error = np.abs(table.columns["nowcast"] - ends).mean()
    assert error < 0.5 * np.abs(truth.mean() - np.array(ends)).mean()
    assert np.abs(table.columns["last_quarter"] - past).mean() < 0.5 * error
    same = np.array([a.quarter == b.quarter for a, b in zip(days[1:], days[:-1], strict=True)])
    moved = np.diff(table.columns["nowcast"])[same]
    np.testing.assert_allclose(moved, table.columns["news"][1:][same], atol=1e-8)
    impacts = table.columns["news_a"] + table.columns["news_b"] + table.columns["news_gdp"]
    np.testing.assert_allclose(impacts, table.columns["news"], atol=1e-12)
    cut = calendar[: int(np.searchsorted(calendar, np.datetime64("2015-09-01")))]
    early = table_of([one.until(cut[-1]) for one in series], known_of(series, known, cut), cut)
    assert len(early.dates) >= 2
    for name, values in early.columns.items():
        assert values.tobytes() == table.columns[name][: len(values)].tobytes()


def known_of(series: Any, known: Any, cut: Any) -> list[Any]:
    return [
        np.minimum(each[: len(one.until(cut[-1]).dates)], len(cut)) for one, each in zip(series, known, strict=True)
    ]
