"""A synthetic panel of single stocks: price limits, suspensions, special treatment (ST) and delistings.

The return of a stock is a mix of the small and the large index plus idiosyncratic shocks; the smaller the stock, the
larger its share of the small index. A return that a limit or a suspension holds back follows on the next days. There
are no splits or dividends, so unadjusted prices equal adjusted prices.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from gridproof.kernels.arrays import Array, Bools, Floats, Ints
from gridproof.signals.synthetic.macro import lasting
from gridproof.signals.synthetic.market import INDICES, LARGE, PERIODS, SMALL, SyntheticMarket

STOCKS = 300
# Number of smallest stocks in a rebalance, and the trading days for which a stock must have been listed before.
SMALLEST, SEASONED = 60, 60
# The price limit is 10%, and 5% under special treatment. From this day on it is 20% for all stocks of the second board.
_WIDER = np.datetime64("2020-08-24")
# Annual volatility of the idiosyncratic shocks.
_OWN = 0.35
# A stock with a close below this price on so many trading days in a row is delisted, and a new one takes its place.
_WORTHLESS, _PATIENCE = 1.0, 20


@dataclass(frozen=True)
class SyntheticPanel:
    """T days and N stocks; every array is (T, N). After a delisting a new stock uses the column from the next day on.

    Prices are in CNY. ``listed``: trading days since listing. ``volume``: shares. ``turnover``: % of floating shares.
    ``mcap``: market value of all shares, in CNY. ``float_share``: share of ``mcap`` that floats. ``treated``: under
    special treatment (ST). ``limit``: daily price limit in %, 0 on the day of listing. ``limit_up`` and ``limit_down``:
    closed at the limit.
    """

    code: npt.NDArray[np.object_]
    listed: Ints
    opened: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    turnover: Floats
    mcap: Floats
    float_share: Floats
    suspended: Bools
    treated: Bools
    limit: Floats
    limit_up: Bools
    limit_down: Bools


def write_panel(folder: Path, market: SyntheticMarket) -> None:
    """Write ``stocks/panel.parquet``, one row a day and stock, and ``stocks/rebalance.parquet``; see ``rebalances``."""
    panel = draw_panel(market)
    (folder / "stocks").mkdir(exist_ok=True)
    days = market.days
    columns: dict[str, Array] = {
        "date": np.repeat(days, STOCKS),
        "code": panel.code.ravel(),
        "open": panel.opened.ravel(),
        "high": panel.high.ravel(),
        "low": panel.low.ravel(),
        "close": panel.close.ravel(),
        "volume": panel.volume.ravel(),
        "amount": (panel.volume * (panel.high + panel.low + panel.close) / 3.0).round().ravel(),
        "turnover_pct": panel.turnover.ravel(),
        "total_mcap": panel.mcap.ravel(),
        "float_mcap": (panel.mcap * panel.float_share).ravel(),
        "listed_days": panel.listed.ravel(),
        "suspended": panel.suspended.ravel(),
        "st": panel.treated.ravel(),
        "limit_pct": panel.limit.ravel(),
        "limit_up": panel.limit_up.ravel(),
        "limit_down": panel.limit_down.ravel(),
    }
    pd.DataFrame(columns).to_parquet(folder / "stocks/panel.parquet", index=False, compression="zstd")
    rebalances(market, panel).to_parquet(folder / "stocks/rebalance.parquet", index=False, compression="zstd")


def rebalances(market: SyntheticMarket, panel: SyntheticPanel) -> pd.DataFrame:
    """Returns the smallest stocks for the first trading day of each month, by market value at the previous close.

    The column ``decided`` is the date of that close. Excluded: stocks that are under special treatment, suspended, or
    listed for fewer than ``SEASONED`` trading days.
    """
    months = market.days.astype("datetime64[M]")
    parts = []
    for day in np.flatnonzero(months[1:] != months[:-1]) + 1:
        before = day - 1
        eligible = (panel.listed[before] >= SEASONED) & ~panel.treated[before] & ~panel.suspended[before]
        # A stock that is delisted on the day of the rebalance is excluded.
        eligible &= panel.code[day] == panel.code[before]
        found = np.flatnonzero(eligible)
        chosen = found[np.argsort(panel.mcap[before, found], kind="stable")][:SMALLEST]
        columns = {"date": market.days[day], "decided": market.days[before], "code": panel.code[before, chosen]}
        rank = np.arange(1, len(chosen) + 1)
        parts.append(pd.DataFrame(columns | {"rank": rank, "total_mcap": panel.mcap[before, chosen]}))
    return pd.concat(parts, ignore_index=True)


def draw_panel(market: SyntheticMarket) -> SyntheticPanel:
    """Draw the stocks of a market. The same market gives the same stocks."""
    rng = np.random.default_rng([market.seed, 7])
    days, shape = market.days, (len(market.days), STOCKS)
    own = rng.standard_t(5.0, shape) * math.sqrt(0.6) * _OWN / math.sqrt(PERIODS) * market.volatility[:, None]
    large = market.returns[:, INDICES.index(LARGE)]
    ahead = market.returns[:, INDICES.index(SMALL)] - large
    months = days.astype("datetime64[M]")
    close, limit, mcap = np.empty(shape), np.empty(shape), np.empty(shape)
    opened, high, low = np.empty(shape), np.empty(shape), np.empty(shape)
    suspended, treated = np.zeros(shape, dtype=np.bool_), np.zeros(shape, dtype=np.bool_)
    up, down = np.zeros(shape, dtype=np.bool_), np.zeros(shape, dtype=np.bool_)
    code, listed = np.empty(shape, dtype=object), np.empty(shape, dtype=np.int64)
    board = rng.choice(3, STOCKS, p=(0.6, 0.2, 0.2))
    number = 0

    def issue(places: Ints) -> None:
        """List new stocks in these columns."""
        nonlocal number
        price[places] = rng.lognormal(math.log(10.0), 0.4, len(places)).round(2)
        shares[places] = (rng.lognormal(math.log(6e9), 1.1, len(places)) / price[places]).round()
        kept[places], weak[places], away[places], special[places] = 0.0, 0, 0, False
        for place in places:
            number += 1
            names[place] = f"{('60', '00', '30')[board[place]]}{number:04d}"

    names = np.empty(STOCKS, dtype=object)
    price, shares, kept = np.empty(STOCKS), np.empty(STOCKS), np.zeros(STOCKS)
    weak, away = np.zeros(STOCKS, dtype=np.int64), np.zeros(STOCKS, dtype=np.int64)
    special, age = np.zeros(STOCKS, dtype=np.bool_), np.full(STOCKS, SEASONED, dtype=np.int64)
    issue(np.arange(STOCKS))
    smallness = np.empty(STOCKS)
    for day in range(len(days)):
        gone = np.flatnonzero(weak >= _PATIENCE)
        if len(gone):
            issue(gone)
            age[gone] = 0
        if day == 0 or months[day] != months[day - 1]:
            rank = np.argsort(np.argsort(price * shares, kind="stable"))
            smallness = np.clip((STOCKS - rank) / (STOCKS - SMALLEST), 0.0, 1.0)
            enters = rng.random(STOCKS) < 0.003 + 0.05 * (price < 2.0)
            leaves = rng.random(STOCKS) < 0.05 * (price >= 2.0)
            special = np.where(special, ~leaves, enters)
        away = np.maximum(away - 1, 0)
        begins = (away == 0) & (rng.random(STOCKS) < 0.0005)
        away[begins] = rng.geometric(0.1, int(begins.sum()))
        halted = away > 0
        percent = np.where(special, 5.0, 10.0)
        if days[day] >= _WIDER:
            percent[board == 2] = 20.0
        percent[age == 0] = 0.0
        bound = np.where(percent > 0, percent / 100.0, np.inf)
        # The limit prices, rounded to ticks. There is no limit on the day of listing.
        ceiling = np.where(percent > 0, np.round(price * (1.0 + np.minimum(bound, 1.0)), 2), np.inf)
        floor = np.where(percent > 0, np.round(price * (1.0 - np.minimum(bound, 1.0)), 2), 0.01)
        worth = price * (1.0 + kept) * (1.0 + large[day] + smallness * ahead[day] + own[day])
        begin = np.clip(
            np.round(price * np.exp(0.3 * own[day] + 0.005 * rng.standard_normal(STOCKS)), 2), floor, ceiling
        )
        end = np.clip(np.round(worth, 2), floor, ceiling)
        reach = np.abs(0.008 * rng.standard_normal((2, STOCKS))) * market.volatility[day]
        top = np.minimum(np.round(np.maximum(begin, end) * (1.0 + reach[0]), 2), ceiling)
        bottom = np.maximum(np.round(np.minimum(begin, end) * (1.0 - reach[1]), 2), np.maximum(floor, 0.01))
        end = np.where(halted, price, end)
        kept = worth / end - 1.0
        code[day], listed[day], limit[day], suspended[day], treated[day] = names, age, percent, halted, special
        opened[day], high[day], low[day] = (np.where(halted, price, part) for part in (begin, top, bottom))
        up[day], down[day] = (end >= ceiling) & ~halted, (end <= floor) & ~halted & (percent > 0)
        close[day], mcap[day] = end, end * shares
        weak = np.where(end < _WORTHLESS, weak + ~halted, 0)
        price, age = end, age + 1
    swing = np.stack([lasting(rng, len(days), 0.95, 0.15) for _ in range(STOCKS)], axis=1)
    float_share = np.broadcast_to(rng.uniform(0.3, 1.0, STOCKS), shape)
    turnover = np.where(suspended, 0.0, (2.0 * np.exp(swing) * market.volatility[:, None]).round(4))
    volume = (mcap / close * float_share * turnover / 100.0).round()
    return SyntheticPanel(
        code, listed, opened, high, low, close, volume, turnover, mcap, float_share, suspended, treated, limit, up, down
    )
