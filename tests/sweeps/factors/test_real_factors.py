"""Factors of the point-in-time panel of A-shares against plain pandas and scipy, on a quarter of days."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

import gridproof as gp
from gridproof.results.run.factor_run import FactorRun
from gridproof.sweeps.factors.study import load_factor_study
from tests.support.real_data import ASHARE, needs_ashare

pytestmark = pytest.mark.slow("test_measures compares the same measures of a made-up panel with pandas and scipy")

PANEL = ASHARE / "stocks/a_share_pit_daily_2005_2020.parquet"

FIRST, LAST = "2015-06-01", "2015-09-30"
CHANGES = {"window.from": FIRST, "window.to": LAST, "neutralize": ["none"], "horizons": [1, 5], "every": 1}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> FactorRun:
    raw = load_factor_study("factor-ic").document.raw
    kept = {name: raw["factors"][name] for name in ("size", "reversal", "turnover")}
    study = raw | {"factors": kept, "universe": "st == 0 and not unopened", "groups": {}, "neutralize": ["none"]}
    changes = CHANGES | {"reversal.n": 20, "turnover.n": 20}
    return gp.factors(study, ASHARE, changes=changes, out=tmp_path_factory.mktemp("real"))


@pytest.fixture(scope="module")
def plain() -> dict[str, pd.DataFrame]:
    """Value, universe and factors as frames of days and codes, from the file with pandas alone."""
    columns = [
        "code",
        "date",
        "close_cents",
        "adj_factor",
        "turnover_milli",
        "total_shares_10k",
        "suspended",
        "st",
        "ipo_unopened",
    ]
    rows = pd.read_parquet(PANEL, columns=columns, filters=[("date", ">=", 20140101), ("date", "<=", 20150930)])
    rows["code"] = rows["code"].astype(str)
    rows["price"] = rows["close_cents"] * rows["adj_factor"]
    wide = {
        name: rows.pivot(index="date", columns="code", values=name)
        for name in ("price", "turnover_milli", "st", "ipo_unopened")
    }
    traded = rows[(~rows["suspended"]) & (rows["close_cents"] > 0)].pivot(index="date", columns="code", values="price")
    # Some stocks have been suspended since before 2014.
    early = pd.read_parquet(
        PANEL, columns=["code", "close_cents", "adj_factor", "suspended"], filters=[("date", "<", 20140101)]
    )
    early = early[~early["suspended"] & (early["close_cents"] > 0)]
    last = (early["close_cents"] * early["adj_factor"]).groupby(early["code"].astype(str)).last()
    value = traded.reindex_like(wide["price"]).ffill()
    value = value.fillna(last.reindex(value.columns), axis=0).where(wide["price"].notna().cummax())
    inside = (wide["st"] == 0) & (wide["ipo_unopened"] == False) & (wide["price"] > 0) & value.notna()  # noqa: E712
    caps = (rows["close_cents"] * rows["total_shares_10k"]).rename("cap")
    cap = rows.assign(cap=caps).pivot(index="date", columns="code", values="cap")
    milli = wide["turnover_milli"].where(wide["turnover_milli"] >= 0)
    return {
        "value": value,
        "inside": inside,
        "size": -np.log(cap.where(cap > 0)),
        "reversal": -(wide["price"] / wide["price"].shift(20) - 1.0),
        # Sums of whole numbers are exact; rolling sums are not, and tell equal means apart.
        "turnover": -sum((milli.shift(days) for days in range(1, 20)), milli) / 20.0,
    }


@needs_ashare
@pytest.mark.parametrize("factor", ["size", "reversal", "turnover"])
def test_ic_and_long_short_are_those_of_pandas(factor: str, found: FactorRun, plain: dict[str, pd.DataFrame]) -> None:
    variants = found.variants
    number = int(variants.loc[variants["factor"] == factor, "variant"].iloc[0])
    ic, pair = found.ic(number), found.long_short(number)
    values = plain[factor].where(plain["inside"])
    days = [day for day in values.index if str(pd.Timestamp(str(day)).date()) >= FIRST]
    assert len(days) == len(ic)
    growth = {h: plain["value"].shift(-h) / plain["value"] - 1.0 for h in (1, 5)}
    for place in range(0, len(days) - 5, 7):
        x = values.loc[days[place]].dropna()
        for horizon in (1, 5):
            expected = spearmanr(x, growth[horizon].loc[days[place], x.index])[0]
            assert ic[f"ic_{horizon}"][place] == pytest.approx(expected, abs=1e-9)
        order = x.sort_values(kind="stable").index
        tenth = 10 * np.arange(len(order)) // len(order)
        later = growth[1].loc[days[place], order]
        assert pair["gross"][place] == pytest.approx(later[tenth == 9].mean() - later[tenth == 0].mean(), abs=1e-9)
        assert ic["stocks"][place] == len(x)
