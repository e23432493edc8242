"""Expressions over intraday bars: measured by bar, known at the close of the day, the same whatever follows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridproof.kernels.arrays import Floats
from gridproof.kernels.errors import InputError
from gridproof.signals.data.market import Market
from gridproof.signals.data.release import Release
from gridproof.signals.data.source import Observations, Source
from gridproof.sweeps.plan.signal_values import evaluator_of, read_signal
from gridproof.sweeps.plan.window import find_window
from gridproof.sweeps.study.document import Document, parse_value
from gridproof.sweeps.study.study import Study, build_study
from tests.support.real_data import ASHARE, needs_ashare

DAYS = pd.bdate_range("2024-01-01", periods=90)
NIGHT = ("21:30", "23:00")
SESSION = ("10:30", "11:30", "14:00", "15:00")
FORMULAS = {
    "average": "close / mean(close, 7) - 1",
    "duration": "close / mean(close, 2d) - 1",
    "two": "corr(close, volume, 6)",
    "vpin": "vpin(close, volume, 900, 3, 5) - 0.5",
    "daily": "daily(close) / mean(daily(close), 3) - 1",
    "mixed": "close / index - 1",
    "weekly": "weekly(close) / mean(weekly(close), 2) - 1",
    "divergence": "0 + since(divergence(close, rsi(close, 3), 6, bottom))",
}


def study_of(formula: str, release: str = "0") -> Study:
    text = f"""
name: bars
market: {{calendar: index, periods: 260}}
series:
  index: {{file: f, field: v}}
  close: {{file: f, field: v, day_close: 15:00, release: {release}}}
  volume: {{file: f, field: w, day_close: 15:00, release: {release}}}
legs: {{index: index, cash: {{interest: 0}}}}
signals: {{s: {{value: "{formula}", missing: hold, latch: {{on_above: 0, off_below: -1}}}}}}
rule: {{index: s, cash: otherwise}}
execution: {{lag: 1, cost: 0}}
window: {{from: 2024-03-01}}
"""
    return build_study(Document("bars.yaml", parse_value(text), {}))


def frame_of(rng: np.random.Generator, session: tuple[str, ...] = (*NIGHT, *SESSION)) -> pd.DataFrame:
    """Bars of every trading day; those of the night are stamped on the evening of the day before."""
    rows = []
    for at, day in enumerate(DAYS):
        for time in session:
            evening = time in NIGHT
            if evening and at == 0:
                continue
            rows.append((at, pd.Timestamp(f"{(DAYS[at - 1] if evening else day).date()} {time}")))
    frame = pd.DataFrame(rows, columns=["day", "stamp"])
    frame["close"] = 100 * np.exp(rng.normal(0, 0.01, len(frame)).cumsum())
    frame["volume"] = rng.integers(50, 300, len(frame)).astype(float)
    return frame


def market_of(frame: pd.DataFrame, index: Floats) -> Market:
    calendar = DAYS.to_numpy().astype("datetime64[D]")[: len(index)]
    stamps = frame["stamp"].to_numpy().astype("datetime64[s]")
    own = stamps.astype("datetime64[D]")
    dates = own + (stamps - own > np.timedelta64(15, "h"))

    def bars(name: str) -> Observations:
        return Observations(Source(name, "f", "v"), dates, frame[name].to_numpy(), {}, stamps=stamps)

    series = {"index": Observations(Source("index", "f", "v"), calendar, index, {})}
    return Market(calendar, {**series, "close": bars("close"), "volume": bars("volume")})


def values_of(study: Study, market: Market) -> Floats:
    evaluator = evaluator_of(study, market, find_window(study, market).last)
    values = read_signal(study, study.signals[0], evaluator, study.base).values
    assert values is not None
    return values


def test_measured_by_bar_and_known_at_the_close() -> None:
    rng = np.random.default_rng(1)
    frame, index = frame_of(rng), 100 + rng.normal(0, 1, len(DAYS)).cumsum()
    market = market_of(frame, index)
    close, last = frame["close"], frame.groupby("day").tail(1).index

    def by_day(bars: Any) -> Floats:
        return np.asarray(bars)[last]

    for name, expected in {
        "average": by_day(close / close.rolling(7).mean() - 1),
        "duration": by_day(close / close.rolling(12).mean() - 1),  # six bars a day
        "two": by_day(close.rolling(6).corr(frame["volume"])),
        "daily": (close[last] / close[last].rolling(3).mean() - 1).to_numpy(),
        "mixed": by_day(close) / index - 1,
    }.items():
        np.testing.assert_allclose(values_of(study_of(FORMULAS[name]), market), expected, rtol=1e-9, atol=1e-12)


def test_a_release_of_a_day_is_the_close_of_the_next_day() -> None:
    rng = np.random.default_rng(2)
    market = market_of(frame_of(rng), np.full(len(DAYS), 100.0))
    at_once, later = (values_of(study_of(FORMULAS["average"], release), market) for release in ("0", "1 day"))
    np.testing.assert_array_equal(later[3:], at_once[2:-1])


def test_a_lunch_break_is_no_gap_and_a_missing_bar_is_not_filled() -> None:
    rng = np.random.default_rng(3)
    frame = frame_of(rng, SESSION)
    frame = frame[frame["stamp"] != pd.Timestamp(f"{DAYS[50].date()} 11:30")].reset_index(drop=True)
    values = values_of(study_of("close / mean(close, 7) - 1"), market_of(frame, np.full(len(DAYS), 100.0)))
    expected = (frame["close"] / frame["close"].rolling(7).mean() - 1)[frame.groupby("day").tail(1).index]
    np.testing.assert_allclose(values, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", FORMULAS)
@settings(max_examples=12)
@given(seed=st.integers(0, 2**32 - 1), today=st.integers(50, len(DAYS) - 2))
def test_later_bars_change_nothing_before_them(name: str, seed: int, today: int) -> None:
    """Other bars from the evening of a day on, or none at all: its value and all before have the same bits."""
    rng = np.random.default_rng(seed)
    frame, index = frame_of(rng), 100 + rng.random(len(DAYS))
    study = study_of(FORMULAS[name])
    values = values_of(study, market_of(frame, index))
    later = frame["day"] > today
    other = frame.copy()
    other.loc[later, "close"] *= rng.uniform(0.5, 1.5, later.sum())
    other.loc[later, "volume"] += 7
    changed = values_of(study, market_of(other, np.where(np.arange(len(DAYS)) > today, 2 * index, index)))
    np.testing.assert_array_equal(changed[: today + 1], values[: today + 1])
    cut = values_of(study, market_of(frame[~later], index[: today + 1]))
    ended = today if name == "weekly" else today + 1  # without a day of the next week the week has not ended
    np.testing.assert_array_equal(cut[:ended], values[:ended])
    fewer = frame[~later | (rng.random(len(frame)) < 0.7)].reset_index(drop=True)
    np.testing.assert_array_equal(values_of(study, market_of(fewer, index))[: today + 1], values[: today + 1])


def test_bars_of_different_stamps_meet_at_the_close_only() -> None:
    rng = np.random.default_rng(4)
    frame = frame_of(rng)
    market = market_of(frame, np.full(len(DAYS), 100.0))
    fewer = market_of(frame.drop(index=5), np.full(len(DAYS), 100.0))
    mixed = Market(market.calendar, {**market.series, "volume": fewer.series["volume"]})
    with pytest.raises(InputError, match="the same stamps; got close and volume, which differ"):
        values_of(study_of("close / volume"), mixed)
    values = values_of(study_of("daily(close) / daily(volume)"), mixed)
    closes, volumes = (mixed.aligned(name, Release()) for name in ("close", "volume"))
    np.testing.assert_array_equal(values, closes / volumes)


@needs_ashare
def test_volatility_of_real_minutes() -> None:
    frame = pd.read_parquet(ASHARE / "index_futures_1min_2020_2023.parquet")
    frame = frame[frame["contract"] == "IF"].reset_index(drop=True)
    days = frame["datetime"].dt.normalize()
    stamps = frame["datetime"].to_numpy().astype("datetime64[s]")
    bars = Observations(
        Source("close", "f", "v"),
        stamps.astype("datetime64[D]"),
        frame["close"].to_numpy(),
        {},
        stamps=stamps,
    )
    calendar = np.unique(bars.dates)
    text = """
name: minutes
market: {calendar: close, periods: 61}
series: {close: {file: f, field: v, day_close: 15:00}}
legs: {close: close, cash: {interest: 0}}
signals: {s: {value: "volatility(close, 240)", latch: {on_above: 0.001}}}
rule: {close: s, cash: otherwise}
execution: {lag: 1, cost: 0}
window: {from: 2020-06-01}
"""
    study = build_study(Document("minutes.yaml", parse_value(text), {}))
    values = values_of(study, Market(calendar, {"close": bars}))
    returns = frame["close"] / frame["close"].shift(1) - 1
    expected = np.full(len(calendar), np.nan)
    for at, (_, rows) in enumerate(frame.groupby(days)):
        end = int(rows.index[-1])
        if end >= 240:
            expected[at] = float(np.std(returns.iloc[end - 239 : end + 1], ddof=1))
    np.testing.assert_allclose(values, expected, rtol=1e-9)
