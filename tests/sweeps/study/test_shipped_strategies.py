"""The shipped strategies against plain pandas: the leg decided at each close, and the money, to 1e-9."""

from __future__ import annotations

import math
import re
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import gridproof as gp
from gridproof.kernels.backend import resolve
from gridproof.signals.data.market import Market
from gridproof.sweeps.plan.plan import build_plan
from gridproof.sweeps.plan.point import evaluate_point
from gridproof.sweeps.plan.study_market import market_of
from gridproof.sweeps.study.study import load_study
from tests.support.independent import evaluate, latch
from tests.support.real_data import ASHARE
from tests.support.stand_in import STRATEGIES, write_stand_in
from tests.support.strategy_loops import LOOPS
from tests.support.strategy_measures import (
    decided,
    ranked,
)
from tests.support.strategy_series import (
    index,
    on,
)

INSTALLED = {
    "bollinger", "credit-spread", "donchian", "dual-momentum", "faber-average", "golden-cross", "halloween", "macd",
    "rsi-2", "turn-of-month", "turtle-exit", "vix-threshold", "year-high",
}  # fmt: skip


@cache
def real_market(name: str) -> Market:
    """Read once for both tests of a strategy; nothing changes it."""
    return market_of(load_study(name), ASHARE if ASHARE.is_dir() else None)


def of_the_leg(closes: pd.Series | None, chosen: pd.Series) -> pd.Series | None:
    return None if closes is None else closes.reindex(chosen.index)


@pytest.mark.parametrize("name", LOOPS)
@pytest.mark.filterwarnings("ignore::gridproof.DataWarning")
def test_base_equals_plain_pandas(name: str) -> None:
    if name not in INSTALLED and not ASHARE.is_dir():
        pytest.skip(f"the series are not at {ASHARE}")
    study = load_study(name)
    closes, chosen = LOOPS[name]()
    window = study.spec.window
    interest = next((float(value) for key, value in study.base.items() if key.endswith("interest")), 0.0)
    expected, _ = evaluate(
        {leg: of_the_leg(close, chosen) for leg, close in closes.items()},
        chosen,
        int(study.base["execution.lag"]),
        (str(window.from_), str(window.to)),
        None if window.published is None else str(window.published),
        interest=interest,
        P=study.spec.market.periods,
    )
    point = evaluate_point(study, real_market(name))
    for segment_ in ("in_sample", "after_publication"):
        ours = getattr(point, segment_)
        assert (ours is None) == (segment_ not in expected)
        for metric in ("total_return", "cagr", "volatility", "sharpe", "max_drawdown", "switches", "exposure"):
            if ours is None:
                continue
            value = math.nan if ours[metric] is None else ours[metric]
            assert value == pytest.approx(expected[segment_][metric], rel=1e-9, abs=1e-12, nan_ok=True), metric
    assert point.in_sample["switches"] > 0


REAL = pytest.mark.slow("every choice on made-up series, and the base on the real ones, are tested in make test")


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("real", [False, pytest.param(True, marks=REAL)], ids=["made-up", "real"])
def test_every_choice_is_defined_in_the_window(name: str, real: bool, tmp_path: Path) -> None:
    study = load_study(name)
    if real and (name == "research-visits" or (name not in INSTALLED and not ASHARE.is_dir())):
        pytest.skip("no such data" if name == "research-visits" else f"the series are not at {ASHARE}")
    assert study.space.size < 2_500
    assert study.spec.notes
    market = real_market(name) if real else market_of(study, write_stand_in(study, tmp_path))
    made = build_plan(study, market, resolve("reference"))
    assert made.distinct() > 1


@pytest.mark.filterwarnings("ignore::gridproof.DataWarning")
def test_research_activity_on_made_up_visits(tmp_path: Path) -> None:
    study = load_study("research-visits")
    folder = write_stand_in(study, tmp_path)
    visits = pd.read_csv(folder / "research_visits_daily.csv", parse_dates=["date"]).set_index("date")
    frame = pd.read_parquet(folder / "index_daily.parquet")
    closes = {code: rows.set_index("date")["close"] for code, rows in frame.groupby("code")}
    calendar = closes["000001.SH"]

    def score(name: str) -> pd.Series:
        mean = on(visits[name], calendar, 1).rolling(126).mean()
        return (mean - mean.rolling(1458).mean()) / mean.rolling(1458).std()

    level = ranked(score("sector") - score("market"), 1458)
    watched = latch(level, 0.8, 0.5)
    expected, daily = evaluate(
        {"index": closes["000300.SH"], "cash": None},
        decided(calendar, ("index", watched), otherwise="cash"),
        1,
        ("2022-01-04", "2025-10-24"),
    )
    point = gp.point(study, data=folder)
    np.testing.assert_allclose(point.curve["watched.value"], level[point.curve.index], rtol=1e-9)
    np.testing.assert_allclose(point.curve["nav"], daily["nav"], rtol=1e-9)
    assert point.in_sample["total_return"] == pytest.approx(expected["in_sample"]["total_return"], rel=1e-9)


@pytest.mark.filterwarnings("ignore::gridproof.DataWarning")
def test_a_run_says_on_its_page_which_days_lack_bars(tmp_path: Path) -> None:
    study = load_study("informed-trading").set({"informed.bucket": 1500, "informed.buckets": 50, "cost": 0})
    file = write_stand_in(study, tmp_path) / "index_futures_1min_2020_2023.parquet"
    bars = pd.read_parquet(file)
    gone = bars["datetime"].between("2021-05-07 10:00", "2021-05-07 11:00")
    bars[~gone & (bars["datetime"] < "2023-12-06 14:00")].to_parquet(file)
    run = gp.run(study, data=tmp_path, out=tmp_path / "runs", verdict=False)
    found = " ".join(run.summary["data"]["series"][0]["warnings"])
    page = re.sub(r"<[^>]+>", "", (run.folder / "report.html").read_text())
    for text in (
        "1 of 223 trading days have fewer bars than the usual 240",
        "the last day, 2023-12-06, has bars until",
    ):
        assert text in found
        assert text in page


def test_the_yearly_excess_of_micro_caps_is_the_printed_one() -> None:
    """Negative in 2017 and 2020 only, on average 36.2 % from 2010 to 2023."""
    if not ASHARE.is_dir():
        pytest.skip(f"the series are not at {ASHARE}")
    years = [index(code).resample("YE").last().pct_change()["2010":"2023"] for code in ("8841431.WI", "000300.SH")]
    excess = years[0] - years[1]
    assert excess.index.year[excess < 0.0].tolist() == [2017, 2020]
    assert excess.mean() == pytest.approx(0.362, abs=0.0005)
