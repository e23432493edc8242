"""The synthetic market: its figures, its releases, and that the truth planted in it is the truth found."""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import gridproof as gp
from gridproof.signals.data.release import Release
from gridproof.signals.expression.operators.average import mean
from gridproof.signals.synthetic.macro import draw_money, draw_yields
from gridproof.signals.synthetic.market import (
    INDICES,
    LARGE,
    MID,
    PERIODS,
    SMALL,
    TRUTH,
    SyntheticMarket,
    draw_market,
    has_risen,
    market_name,
    write_market,
)
from gridproof.signals.synthetic.trading_days import trading_days
from gridproof.sweeps.execution.ledger_entries import market_identity
from tests.support.command import gridproof

STUDIES = ("microcap-rate-timing", "microcap-timing", "microcap-rotation", "csi1000-csi300")
SEEDS = 40
LARGE_AT, MID_AT, SMALL_AT = (INDICES.index(index) for index in (LARGE, MID, SMALL))


@cache
def drawn(seed: int, effect: float = 0.0) -> SyntheticMarket:
    return draw_market(seed, effect)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("market") / "strong"
    write_market(folder, drawn(1, 4.0))
    return folder


def gap(market: SyntheticMarket, index: int) -> tuple[float, float]:
    """Annual mean while the yield has not risen, less that while it has, on the day after; and its standard error."""
    window = range(market.window.start, len(market.days))
    before = market.risen[market.window.start - 1 : -1]
    returns = market.returns[window, index]
    one, other = returns[~before], returns[before]
    error = math.sqrt(one.var(ddof=1) / len(one) + other.var(ddof=1) / len(other))
    return (one.mean() - other.mean()) * PERIODS, error * PERIODS


def test_the_calendar_has_243_weekdays_a_year() -> None:
    days = trading_days(2004, 2026)
    assert len(days) / 23 == pytest.approx(243, abs=1)
    assert (np.diff(days) > np.timedelta64(0, "D")).all()
    assert np.is_busday(days).all()
    assert not set(pd.to_datetime(days).strftime("%m-%d")) & {"01-01", "05-01", "10-01", "10-07"}
    assert np.diff(days).max() <= np.timedelta64(12, "D")


def test_a_market_hangs_on_its_seed_alone() -> None:
    again, other = draw_market(1), drawn(2)
    np.testing.assert_array_equal(again.returns, drawn(1).returns)
    np.testing.assert_array_equal(again.yields, drawn(1).yields)
    assert not np.array_equal(again.returns, other.returns)
    strong = drawn(1, 4.0)
    np.testing.assert_array_equal(strong.yields, again.yields)
    np.testing.assert_array_equal(strong.returns[:, LARGE_AT], again.returns[:, LARGE_AT])
    # The effect moves means alone, and leaves that of the whole window where it was.
    added = strong.returns[1:, SMALL_AT] - again.returns[1:, SMALL_AT]
    assert len(np.unique(added.round(12))) == 2
    moved = (strong.returns - again.returns)[strong.window]
    assert moved.mean(axis=0) == pytest.approx(np.zeros(len(INDICES)), abs=1e-15)
    assert strong.window.start > 400


def test_volatility_and_correlation_are_as_given() -> None:
    volatility = np.array([drawn(seed).returns[1:].std(axis=0) * math.sqrt(PERIODS) for seed in range(SEEDS)])
    given = np.array([index.volatility for index in INDICES])
    error = volatility.std(axis=0) / math.sqrt(SEEDS)
    assert (np.abs(volatility.mean(axis=0) - given) < 4 * error + 0.01 * given).all()
    found = np.mean([np.corrcoef(drawn(seed).returns[1:].T) for seed in range(SEEDS)], axis=0)
    expected = SMALL.factor * LARGE.factor / (SMALL.volatility * LARGE.volatility)
    assert found[SMALL_AT, LARGE_AT] == pytest.approx(expected, abs=0.01) == pytest.approx(0.73, abs=0.02)
    assert found[SMALL_AT, MID_AT] == pytest.approx(0.92, abs=0.02)
    means = np.array([drawn(seed).returns[1:].mean(axis=0) * PERIODS for seed in range(SEEDS)])
    error = means.std(axis=0) / math.sqrt(SEEDS)
    assert (np.abs(means.mean(axis=0) - [index.mean for index in INDICES]) < 4 * error).all()


def test_regimes_last_and_differ_in_volatility() -> None:
    regimes = np.concatenate([drawn(seed).regime for seed in range(SEEDS)])
    assert np.bincount(regimes) / len(regimes) == pytest.approx([0.58, 0.28, 0.14], abs=0.06)
    returns = np.concatenate([drawn(seed).returns[:, LARGE_AT] for seed in range(SEEDS)])
    calm, usual, turbulent = (returns[regimes == regime].std() for regime in range(3))
    assert usual / calm == pytest.approx(1 / 0.65, rel=0.05)
    assert turbulent / usual == pytest.approx(1.7, rel=0.05)
    kurtosis = (((returns - returns.mean()) / returns.std()) ** 4).mean()
    assert 4 < kurtosis < 15


def test_with_no_effect_nothing_says_where_returns_go() -> None:
    """Over many markets, what a signal says of the next day's mean is a standard normal: none of it more."""
    scores: dict[str, list[float]] = {"rate": [], "small against large": [], "money": [], "trend": [], "last": []}
    for seed in range(SEEDS):
        market = drawn(seed)
        small, large = market.returns[:, SMALL_AT], market.returns[:, LARGE_AT]
        value, error = gap(market, SMALL_AT)
        scores["rate"].append(value / error)
        money = draw_money(np.random.default_rng([seed, 5]), market.days)
        known = np.searchsorted(money["usable_from_conservative"].to_numpy(), market.days, side="right") - 1
        ahead = np.concatenate([[0.0], np.diff(money["m1_yoy"].to_numpy())])[known] > 0
        ratio = np.cumprod(1 + small) / np.cumprod(1 + large)
        trend = ratio > mean(ratio, 120, None, 0)
        for name, state, earned in (
            ("small against large", market.risen, small - large),
            ("money", ahead, small),
            ("trend", trend, small - large),
            ("last", small > 0, small),
        ):
            before, after = state[300:-1], earned[301:]
            one, other = after[before], after[~before]
            error = math.sqrt(one.var() / len(one) + other.var() / len(other))
            scores[name].append((one.mean() - other.mean()) / error)
    for name, values in scores.items():
        assert abs(np.mean(values)) < 3.5 / math.sqrt(SEEDS), name
        assert 0.7 < np.std(values) < 1.35, name


def test_the_planted_gap_is_found() -> None:
    scores = []
    for seed in range(SEEDS):
        for at in (SMALL_AT, MID_AT):
            value, error = gap(drawn(seed, 4.0), at)
            truth = drawn(seed, 4.0).truth()["planted"]["gap_a_year"][INDICES[at].code]
            assert truth == pytest.approx(4.0 * INDICES[at].volatility)
            assert value / error > 4
            scores.append((value - truth) / error)
    assert abs(np.mean(scores)) < 0.6
    assert drawn(0).truth()["planted"] is None


def test_the_gain_in_sharpe_is_proportional_to_the_effect() -> None:
    def gain(seed: int, effect: float) -> float:
        market = drawn(seed, effect)
        inside = market.returns[market.window, SMALL_AT]
        timed = np.where(market.risen[market.window.start - 1 : -1], 0.0, inside)
        return float((timed.mean() / timed.std() - inside.mean() / inside.std()) * math.sqrt(PERIODS))

    for seed in range(5):
        none, *gains = (gain(seed, effect) for effect in (0.0, 0.5, 1.0, 2.0))
        share = drawn(seed).truth()["yield_has_risen"]["share_of_days"]
        assert (gains[1] - none) / (gains[0] - none) == pytest.approx(2, rel=0.01)
        assert (gains[2] - none) / (gains[0] - none) == pytest.approx(4, rel=0.01)
        # Were volatility the same in both states, it would be this.
        assert gains[1] - none == pytest.approx(math.sqrt(1 - share) * share, rel=0.25)


def test_the_yield_goes_both_ways_and_stays_a_yield() -> None:
    for seed in range(SEEDS):
        market = drawn(seed)
        truth = market.truth()["yield_has_risen"]
        assert 0.25 <= truth["share_of_days"] <= 0.75
        assert truth["switches"] >= 5
        assert 0.8 < market.yields.min() < market.yields.max() < 9
    daily = np.concatenate([np.diff(drawn(seed).yields[:, 0]) for seed in range(SEEDS)])
    assert daily.std() == pytest.approx(0.05, abs=0.015)


def test_the_state_knows_yesterdays_yield() -> None:
    yields = draw_yields(np.random.default_rng(3), 2000)[:, 0]
    state = has_risen(yields)
    for day in range(300, 2000, 97):
        later = yields.copy()
        later[day:] *= 3.0
        np.testing.assert_array_equal(has_risen(later)[: day + 1], state[: day + 1])


@pytest.mark.parametrize("name", STUDIES)
def test_the_shipped_studies_run_on_it(name: str, folder: Path) -> None:
    study = gp.load_study(name)
    point = gp.point(study, data=folder)
    assert point.after_publication is not None
    market = drawn(1, 4.0)
    inside = np.isin(market.days, point.curve.index.to_numpy().astype("datetime64[D]"))
    np.testing.assert_array_equal(point.curve["rate.state"].to_numpy() == 1, market.risen[inside])


def test_a_sweep_finds_a_strong_effect_and_its_place(folder: Path, tmp_path: Path) -> None:
    study = gp.load_study("microcap-rate-timing")
    summary = gp.run(study, data=folder, out=tmp_path, sample=2000, verdict=False).summary
    assert summary["base"]["percentile"] > 90
    hold = summary["hold"]["small"]["in_sample"]["sharpe"]
    assert summary["base"]["in_sample"]["sharpe"] > hold + 0.6
    late = gp.point(study, {"lag": 2, "cost": 0.003}, data=folder).in_sample["sharpe"]
    assert late > hold + 0.6


def test_releases_are_kept(folder: Path) -> None:
    market = gp.load_market(gp.load_study("microcap-rotation"), folder)
    money = market.series["m1"]
    released = money.columns["usable_from_conservative"]
    months = money.dates.astype("datetime64[M]")
    assert ((released.astype("datetime64[M]") - months).astype(int) == 1).all()
    day_of_month = (released - released.astype("datetime64[M]")).astype(int) + 1
    assert set(day_of_month) == set(range(10, 16))
    assert money.monthly
    known = market.known("m1", Release.parse("usable_from_conservative", ""))
    inside = (known > 0) & (known < len(market.calendar))
    assert (market.calendar[known[inside]] >= released[inside]).all()
    assert (market.calendar[known[inside] - 1] < released[inside]).all()
    # Nothing is missing, and every series has each of its days.
    assert all(np.isfinite(series.values).all() for series in market.series.values())
    np.testing.assert_array_equal(market.series["cn10y"].dates, market.calendar)


def test_the_files_have_the_columns_of_the_real_ones(folder: Path) -> None:
    index = pd.read_parquet(folder / "index_daily.parquet")
    expected = ["date", "code", "name", "open", "high", "low", "close", "volume", "amount", "turnover_pct"]
    assert list(index.columns) == expected
    assert set(index["code"]) == {each.code for each in INDICES}
    assert (index["high"] >= index[["open", "close"]].max(axis=1)).all()
    assert (index["low"] <= index[["open", "close"]].min(axis=1)).all()
    assert (index[["volume", "turnover_pct", "amount"]] > 0).all(axis=None)
    returns = index.pivot(index="date", columns="code", values="close").pct_change().dropna()
    assert returns.abs().to_numpy().max() < 0.11
    china = pd.read_csv(folder / "china_treasury_daily.csv")
    assert list(china.columns) == ["date", "cn_y1", "cn_y2", "cn_y5", "cn_y10"]
    assert (china[["cn_y1", "cn_y2", "cn_y5"]].lt(china["cn_y10"], axis=0)).all(axis=None)
    assert list(pd.read_csv(folder / "us_treasury_daily.csv").columns) == ["date", "us_y2", "us_y30", "us_y10"]
    money = pd.read_csv(folder / "china_money_supply_monthly.csv")
    assert list(money.columns) == ["month_end", "usable_from_conservative", "m1_yoy", "m2_yoy"]
    assert -20 < money["m1_yoy"].min() < money["m1_yoy"].max() < 45


def test_it_says_what_it_is(folder: Path, tmp_path: Path) -> None:
    truth = json.loads((folder / TRUTH).read_text())
    assert truth == drawn(1, 4.0).truth()
    assert "china_treasury_daily.csv" not in truth["independent_of_all_returns"]
    assert market_name(folder) == truth["market"] == "synthetic 1, seed 1, effect 4.0, 21 years"
    assert market_name(tmp_path) is None
    study = gp.load_study("microcap-rate-timing")
    assert market_identity(study, folder) == f"{truth['market']} + {market_identity(study, tmp_path)}"
    (tmp_path / TRUTH).write_text("{}")
    with pytest.raises(gp.InputError, match=r"truth.json names its market; got KeyError. Make the market anew"):
        market_name(tmp_path)


def test_it_overwrites_nothing_but_itself(tmp_path: Path) -> None:
    (tmp_path / "index_daily.parquet").touch()
    for place in (tmp_path, tmp_path / "index_daily.parquet"):
        with pytest.raises(gp.InputError, match="a synthetic market has a folder of its own"):
            write_market(place, drawn(1))
    write_market(tmp_path / "new", drawn(1))
    before = (tmp_path / "new/index_daily.parquet").read_bytes()
    write_market(tmp_path / "new", drawn(2))
    assert (tmp_path / "new/index_daily.parquet").read_bytes() != before
    write_market(tmp_path / "new", drawn(1))
    assert (tmp_path / "new/index_daily.parquet").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ({"seed": -1}, "seed lies from 0"),
        ({"seed": 0, "effect": 11.0}, "effect lies from 0 to 10; got 11.0"),
        ({"seed": 0, "effect": math.nan}, "effect lies from 0 to 10; got nan"),
        ({"seed": 0, "years": 2}, "years lies from 3 to 60; got 2"),
    ],
)
def test_what_cannot_be_drawn_is_one_error(arguments: dict[str, float], fault: str) -> None:
    with pytest.raises(gp.InputError, match=fault):
        draw_market(**arguments)  # type: ignore[arg-type]


def test_command(tmp_path: Path) -> None:
    text = gridproof("synth", tmp_path / "market", "--seed", 3, "--effect", 2, "--years", 18).stdout
    assert f"Use the market with --data {tmp_path / 'market'}" in text
    assert json.loads((tmp_path / "market" / TRUTH).read_text()) == draw_market(3, 2.0, 18).truth()
    done = gridproof("point", "microcap-rate-timing", "--data", tmp_path / "market", expect=2)
    assert "the calendar must reach the end of the window" in done.stderr
    assert "years lies from 3 to 60" in gridproof("synth", tmp_path / "other", "--years", 1, expect=2).stderr
