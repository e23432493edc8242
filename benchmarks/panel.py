"""The kernels of a stock panel against plain NumPy and alphalens: ``python -m benchmarks.panel [--data DIR] [--json]``.

``--data`` is the folder with ``stocks/a_share_pit_daily_2005_2020.parquet``; without it the panel is made up, of the
same size. Answers are compared before anything is timed. Seconds are of the processor, over all threads.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from gridproof.kernels.arrays import Array, Bools, Floats
from gridproof.kernels.panel.backend import resolve_panel
from gridproof.kernels.panel.selection import SelectionProblem, net_returns, selection_problem

HORIZONS = np.array([1, 5, 10, 20, 60])
# Days of which alphalens, and counts of which the plain loop, are measured; their time is extrapolated.
_FEW_DAYS, _FEW_COUNTS = 250, 3


class Panel(NamedTuple):
    value: Floats
    key: Floats
    buyable: Bools
    sellable: Bools


def made_up(days: int, stocks: int) -> Panel:
    rng = np.random.default_rng(0)
    value = np.exp(np.cumsum(rng.normal(0.0004, 0.025, (days, stocks)), axis=0))
    value[np.arange(days)[:, None] < rng.integers(-days, days, stocks)] = np.nan
    return Panel(
        value, value * rng.lognormal(size=stocks), rng.random(value.shape) < 0.95, rng.random(value.shape) < 0.95
    )


def read(folder: Path) -> Panel:
    """Stocks without ST and with an opened listing, by market value; see the columns of the file."""
    frame = pd.read_parquet(folder / "stocks/a_share_pit_daily_2005_2020.parquet")
    day, row = np.unique(frame.date.to_numpy(), return_inverse=True)
    column = frame.code.cat.codes.to_numpy()
    shape = (len(day), len(frame.code.cat.categories))

    def dense(numbers: Array, unknown: float | bool) -> Array:
        filled = np.full(shape, unknown)
        filled[row, column] = numbers
        return filled

    close = frame.close_cents.to_numpy()
    traded = ~frame.suspended.to_numpy() & (close > 0)
    value = pd.DataFrame(dense(np.where(traded, close * frame.adj_factor.to_numpy(), np.nan), np.nan)).ffill()
    eligible = (frame.st.to_numpy() == 0) & ~frame.ipo_unopened.to_numpy() & (close > 0)
    key = dense(np.where(eligible, close * frame.total_shares_10k.to_numpy(), np.nan), np.nan)
    last = np.full(shape[1], -1)
    np.maximum.at(last, column, row)
    values = np.ascontiguousarray(value.to_numpy())
    key[np.isnan(values)] = np.nan
    sellable = dense(traded & ~frame.limit_down_close.to_numpy(), False) | (np.arange(shape[0])[:, None] > last)
    return Panel(values, key, dense(traded & ~frame.limit_up_close.to_numpy(), False), sellable)


def plain_loop(problem: SelectionProblem, count: int) -> tuple[Floats, Floats]:
    """Daily returns and trades of one count, everything tradable, in NumPy."""
    value, order = problem.value, problem.ranking.order
    returns, traded = np.zeros(len(value) - 1), np.zeros(len(value) - 1)
    held, weights = np.empty(0, dtype=np.int32), np.zeros(value.shape[1])
    for day in range(len(value) - 1):
        chosen = order[day, : min(count, problem.ranking.eligible[day])]
        target = np.zeros(value.shape[1])
        target[chosen] = 1.0 / max(len(chosen), 1)
        traded[day] = np.abs(target - weights).sum() if day else 0.0
        held, weights = chosen, target
        if len(held):
            weights[held] *= value[day + 1, held] / value[day, held]
            returns[day] = weights.sum() - 1.0
            weights /= weights.sum()
    return returns, traded


def alphalens_ic(panel: Panel, first: int, last: int) -> tuple[float, Floats]:
    """Seconds of alphalens for the rank IC of days [first, last), its frame made before, and the (days, H) answers."""
    from alphalens.performance import factor_information_coefficient

    known = ~np.isnan(panel.key[first:last]) & ~np.isnan(panel.value[first:last])
    day, stock = np.nonzero(known)
    dates = pd.date_range("2000-01-03", periods=last - first, freq="B", name="date")
    index = pd.MultiIndex.from_arrays([dates[day], stock], names=["date", "asset"])
    columns = {
        f"{h}D": (panel.value[first + h : last + h] / panel.value[first:last] - 1.0)[known] for h in HORIZONS.tolist()
    }
    frame = pd.DataFrame(columns | {"factor": panel.key[first:last][known], "factor_quantile": 1}, index=index)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        seconds, found = timed(lambda: factor_information_coefficient(frame))
    return seconds, found.to_numpy()


def timed(run: Callable[[], Any]) -> tuple[float, Any]:
    begin = time.process_time()
    found = run()
    return time.process_time() - begin, found


def fastest(run: Callable[[], Any], repeats: int) -> float:
    """The fewest seconds of some runs, after one that compiles."""
    run()
    return min(timed(run)[0] for _ in range(repeats))


def measure(panel: Panel, most: int, repeats: int) -> dict[str, Any]:
    """CPU seconds by task, and ratios to NumPy's loop over counts and to alphalens where it is installed."""
    backend = resolve_panel("cpu")
    days, stocks = panel.value.shape
    every = np.ones((days, stocks), dtype=np.bool_)
    ranking = backend.rank_days(panel.key)
    counts = np.arange(1, most + 1)
    problem = selection_problem(panel.value, ranking, every, every, np.array([[1, 0]]), counts)
    report: dict[str, Any] = {"days": days, "stocks": stocks, "counts": most}
    found, loops = backend.select(problem), 0.0
    few = np.unique(np.linspace(1, most, _FEW_COUNTS).astype(np.int64))
    for count in few:
        seconds, (returns, traded) = timed(lambda count=int(count): plain_loop(problem, count))
        np.testing.assert_allclose(found.gross[0, count - 1], returns, atol=1e-11)
        np.testing.assert_allclose((found.bought + found.sold)[0, count - 1], traded, atol=1e-11)
        loops += seconds / len(few) * most
    report["ranking"] = fastest(lambda: backend.rank_days(panel.key), repeats)
    report["all_counts_daily"] = fastest(lambda: backend.select(problem), repeats)
    report["plain_loop"] = loops
    report["ratio_plain_loop"] = loops / report["all_counts_daily"]
    report["variants"], report["variants_seconds"] = variants(panel, most)
    factor = panel.key[None]
    ic = backend.rank_ic(factor, panel.value, HORIZONS, 10).ic[0]
    report["rank_ic"] = fastest(lambda: backend.rank_ic(factor, panel.value, HORIZONS, 10), repeats)
    try:
        last = days - int(HORIZONS[-1])
        first = max(last - _FEW_DAYS, 0)
        seconds, theirs = alphalens_ic(panel, first, last)
        np.testing.assert_allclose(ic[:, first:last].T, theirs, atol=1e-9)
        # On the same frame, whose days have as many stocks as these.
        own = fastest(lambda: backend.rank_ic(factor[:, first:], panel.value[first:], HORIZONS, 10), repeats)
        report |= {"alphalens": seconds, "rank_ic_same_days": own, "ratio_alphalens": seconds / own}
    except ImportError:
        report["alphalens"] = "not installed: pip install alphalens-reloaded"
    rng = np.random.default_rng(1)
    forward = np.append(panel.value[1:] / panel.value[:-1] - 1.0, np.full((1, stocks), np.nan), axis=0)
    styles = rng.normal(size=(8, days, stocks))
    industry = np.broadcast_to(rng.integers(0, 28, stocks).astype(np.int32), (days, stocks)).copy()
    root = np.sqrt(panel.key)
    report["regression"] = fastest(lambda: backend.regress(forward, styles, industry, 28, root), repeats)
    return report


def variants(panel: Panel, most: int) -> tuple[int, float]:
    """Filters × tradability × intervals and offsets × counts × costs: how many, and the CPU seconds of all returns."""
    backend = resolve_panel("cpu")
    schedules = np.array([(interval, offset) for interval in (1, 5, 20) for offset in range(interval)])
    counts = np.unique(np.linspace(most // 20, most, 17).astype(np.int64))
    every = np.ones(panel.value.shape, dtype=np.bool_)
    begin, number = time.process_time(), 0
    for quantile in (0.0, 0.05, 0.1, 0.2):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a day without a stock has no quantile
            floor = np.nanquantile(panel.key, quantile, axis=1, keepdims=True)
        ranking = backend.rank_days(np.where(panel.key >= floor, panel.key, np.nan))
        for buyable, sellable in ((every, every), (panel.buyable, panel.sellable)):
            found = backend.select(selection_problem(panel.value, ranking, buyable, sellable, schedules, counts))
            for cost in (0.0, 0.001, 0.003):
                number += net_returns(*found, cost, 0.001).shape[0] * len(counts)
    return number, time.process_time() - begin


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.panel", description=__doc__)
    parser.add_argument("--data", type=Path, help="a folder with the point-in-time panel of A-shares")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    panel = read(arguments.data) if arguments.data else made_up(3_800, 3_618)
    report = measure(panel, most=1_000, repeats=3)
    if arguments.json:
        print(json.dumps(report, indent=2))
        return
    for name, number in report.items():
        print(f"{name:20} {number if isinstance(number, int | str) else f'{number:.3f}'}")


if __name__ == "__main__":
    main()
