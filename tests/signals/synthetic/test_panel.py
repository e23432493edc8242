"""The synthetic stocks: every row obeys the exchange's rules, and the smallest are what the small index is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gridproof.signals.synthetic.market import INDICES, LARGE, SMALL, SyntheticMarket, draw_market, write_market
from gridproof.signals.synthetic.panel import (
    SEASONED,
    SMALLEST,
    STOCKS,
    SyntheticPanel,
    draw_panel,
    rebalances,
    write_panel,
)
from tests.support.command import gridproof


@pytest.fixture(scope="module")
def market() -> SyntheticMarket:
    return draw_market(5, effect=1.0, years=20)


@pytest.fixture(scope="module")
def panel(market: SyntheticMarket) -> SyntheticPanel:
    return draw_panel(market)


def test_it_is_the_same_for_the_same_market(market: SyntheticMarket, panel: SyntheticPanel) -> None:
    again = draw_panel(market)
    for name in SyntheticPanel.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(again, name), getattr(panel, name))


def test_closes_stay_within_their_limits(market: SyntheticMarket, panel: SyntheticPanel) -> None:
    later = panel.listed[1:] > 0
    ceiling = np.round(panel.close[:-1] * (1 + panel.limit[1:] / 100), 2)
    floor = np.round(panel.close[:-1] * (1 - panel.limit[1:] / 100), 2)
    for prices in (panel.opened, panel.high, panel.low, panel.close):
        assert (prices[1:] <= ceiling)[later].all()
        assert (prices[1:] >= floor)[later].all()
        assert (prices > 0).all()
        np.testing.assert_array_equal(prices, prices.round(2))
    trading = later & ~panel.suspended[1:]
    np.testing.assert_array_equal(panel.limit_up[1:][trading], (panel.close[1:] == ceiling)[trading])
    np.testing.assert_array_equal(panel.limit_down[1:][trading], (panel.close[1:] == floor)[trading])
    assert not (panel.limit_up & panel.suspended).any()
    assert 0.0005 < panel.limit_up.mean() < 0.03
    assert 0.0005 < panel.limit_down.mean() < 0.03
    second = np.char.startswith(panel.code.astype(str), "30")
    wide = (market.days >= np.datetime64("2020-08-24"))[:, None]
    listed = panel.listed > 0
    assert set(panel.limit[listed & ~panel.treated & ~(second & wide)]) == {10.0}
    assert set(panel.limit[listed & panel.treated & ~(second & wide)]) == {5.0}
    assert set(panel.limit[listed & second & wide]) == {20.0}
    assert set(panel.limit[~listed]) == {0.0}
    assert (panel.high >= np.maximum(panel.opened, panel.close)).all()
    assert (panel.low <= np.minimum(panel.opened, panel.close)).all()


def test_a_suspended_stock_does_not_move_and_catches_up(panel: SyntheticPanel) -> None:
    halted = panel.suspended[1:] & (panel.listed[1:] > 0)
    assert 0.001 < halted.mean() < 0.02
    np.testing.assert_array_equal(panel.close[1:][halted], panel.close[:-1][halted])
    for prices in (panel.opened, panel.high, panel.low):
        np.testing.assert_array_equal(prices[panel.suspended], panel.close[panel.suspended])
    assert (panel.volume[panel.suspended] == 0).all()
    assert (panel.turnover[panel.suspended] == 0).all()
    assert (panel.volume[~panel.suspended] > 0).mean() > 0.999
    resumes = panel.suspended[:-1] & ~panel.suspended[1:] & (panel.listed[1:] > 0)
    moves = np.abs(panel.close[1:] / panel.close[:-1] - 1)
    assert moves[resumes].mean() > 1.5 * moves[~halted & ~resumes & (panel.listed[1:] > 0)].mean()


def test_what_a_limit_holds_back_comes_on_the_next_days(panel: SyntheticPanel) -> None:
    moves = panel.close[1:] / panel.close[:-1] - 1
    quiet = (panel.listed[2:] > 0) & ~panel.suspended[2:]
    assert moves[1:][panel.limit_up[1:-1] & quiet].mean() > 0.01
    assert moves[1:][panel.limit_down[1:-1] & quiet].mean() < -0.01


def test_stocks_come_and_go(panel: SyntheticPanel) -> None:
    codes = panel.code.astype(str)
    new = panel.listed == 0
    assert new.any()
    assert not new[0].any()
    assert (codes[1:][new[1:]] != codes[:-1][new[1:]]).all()
    assert (codes[1:][~new[1:]] == codes[:-1][~new[1:]]).all()
    assert len(np.unique(codes)) == STOCKS + new.sum()
    for day, place in np.argwhere(new):
        assert (panel.close[day - 20 : day, place] < 1.0).all(), "twenty closes below one yuan"
    assert 0.005 < panel.treated.mean() < 0.15


def test_the_smallest_are_chosen_by_what_was_known(market: SyntheticMarket, panel: SyntheticPanel) -> None:
    table = rebalances(market, panel)
    place = {day: at for at, day in enumerate(market.days)}
    codes = panel.code.astype(str)
    groups = list(table.groupby("date"))
    months = np.unique(market.days.astype("datetime64[M]"))
    assert len(groups) == len(months) - 1
    for date, group in groups[::12]:
        day = place[np.datetime64(date, "D")]
        assert market.days[day].astype("datetime64[M]") != market.days[day - 1].astype("datetime64[M]")
        assert set(group["decided"]) == {pd.Timestamp(market.days[day - 1])}
        fit = [
            (panel.mcap[day - 1, at], codes[day - 1, at])
            for at in range(STOCKS)
            if panel.listed[day - 1, at] >= SEASONED
            and not panel.treated[day - 1, at]
            and not panel.suspended[day - 1, at]
            and codes[day, at] == codes[day - 1, at]
        ]
        assert list(group["code"]) == [code for _, code in sorted(fit)[:SMALLEST]]
        assert list(group["rank"]) == list(range(1, SMALLEST + 1))


def test_the_smallest_together_are_the_small_index(market: SyntheticMarket, panel: SyntheticPanel) -> None:
    moves = panel.close[1:] / panel.close[:-1] - 1
    moves[panel.listed[1:] == 0] = np.nan
    rank = np.argsort(np.argsort(panel.mcap[:-1], axis=1), axis=1)
    small = np.nanmean(np.where(rank < SMALLEST, moves, np.nan), axis=1)
    large = np.nanmean(np.where(rank >= STOCKS - SMALLEST, moves, np.nan), axis=1)
    indices = {index: market.returns[1:, INDICES.index(index)] for index in (SMALL, LARGE)}
    assert np.corrcoef(small, indices[SMALL])[0, 1] > 0.97
    assert np.corrcoef(large, indices[LARGE])[0, 1] > 0.97
    assert np.corrcoef(small - large, indices[SMALL] - indices[LARGE])[0, 1] > 0.85
    assert small.std() == pytest.approx(indices[SMALL].std(), rel=0.1)


def test_files(tmp_path: Path) -> None:
    market = draw_market(2, years=3)
    write_market(tmp_path / "one", market)
    write_panel(tmp_path / "one", market)
    gridproof("synth", tmp_path / "two", "--seed", 2, "--years", 3, "--panel")
    for name in ("stocks/panel.parquet", "stocks/rebalance.parquet", "index_daily.parquet", "truth.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    panel = pd.read_parquet(tmp_path / "one/stocks/panel.parquet")
    assert len(panel) == len(market.days) * STOCKS
    assert not panel.isna().any(axis=None)
    assert not panel.duplicated(["date", "code"]).any()
    held = pd.read_parquet(tmp_path / "one/stocks/rebalance.parquet").merge(panel, on=["date", "code"], how="left")
    assert not held["close"].isna().any()
