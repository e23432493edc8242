"""Series of the shipped strategies as pandas reads them, for comparison with the engine."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pandas as pd

from tests.support.independent import align
from tests.support.real_data import ASHARE


def csv(file: str, field: str, date: str = "date") -> pd.Series:
    return pd.read_csv(ASHARE / file, parse_dates=[date]).set_index(date)[field].dropna()


@cache
def table(file: str) -> pd.DataFrame:
    """Read once; nothing changes it."""
    return pd.read_parquet(ASHARE / file)


def index(code: str, field: str = "close", file: str = "index_daily.parquet") -> pd.Series:
    frame = table(file)
    frame = frame[frame["code"] == code]
    return pd.Series(frame[field].to_numpy(), pd.DatetimeIndex(pd.to_datetime(frame["date"]))).dropna()


def installed(name: str, field: str = "Adj Close") -> pd.Series:
    package = find_spec("arch")
    assert package is not None
    assert package.origin is not None
    frame = pd.read_csv(Path(package.origin).parent / "data" / name / f"{name}.csv.gz", parse_dates=["Date"])
    return pd.to_numeric(frame.set_index("Date")[field], errors="coerce").dropna()


def on(x: pd.Series, calendar: pd.Series, release: int = 0) -> pd.Series:
    return align(x, pd.DatetimeIndex(calendar.index), release)


def ended_months(x: pd.Series) -> pd.Series:
    return x.groupby(pd.DatetimeIndex(x.index).to_period("M")).tail(1).iloc[:-1]


def held(x: pd.Series, calendar: pd.Series) -> pd.Series:
    return x.reindex(calendar.index, method="ffill")


def growth_and_liquidity() -> tuple[pd.Series, pd.Series]:
    """The scores of growth-liquidity by trading day."""
    calendar = index("000001.SH")

    def rises(file: str, field: str, days: int) -> pd.Series:
        x = csv(file, field, "month_end")
        x = x.reindex(pd.date_range(x.index[0], x.index[-1], freq="ME"))
        state = (x.diff(3) > 0).astype(float).where(x.diff(3).notna())
        state.index = pd.DatetimeIndex(x.index) + pd.Timedelta(days=days)
        return on(state.dropna(), calendar)

    macro, money = "china_macro_monthly.csv", "china_money_supply_monthly.csv"
    growth = sum(
        rises(file, field, days)
        for file, field, days in (
            (macro, "pmi_mfg", 3), (macro, "pmi_nonmfg", 3), (macro, "ppi_yoy", 17), (macro, "cpi_yoy", 17),
            (money, "m1_yoy", 17),
        )
    )  # fmt: skip
    liquidity = rises(money, "m2_yoy", 17) + rises(macro, "credit_impulse", 20)
    for file, field in (("china_treasury_daily.csv", "cn_y10"), ("shibor_daily.csv", "shibor_m3")):
        liquidity += (on(csv(file, field), calendar, 1).diff(61) < 0).astype(float)
    return growth / 5, liquidity / 4
