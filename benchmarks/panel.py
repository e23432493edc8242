"""The kernels of a stock panel against plain NumPy, pandas and alphalens.

    python -m benchmarks.panel [--data DIR] [--json]

``--data`` is the folder with ``stocks/a_share_pit_daily_2005_2020.parquet``; without it the panel is made up, of the
same size, and no file is read. Answers are compared before anything is timed. Seconds are of the processor, over all
threads.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from benchmarks.measure import hardware
from benchmarks.rivals import peak_mib
from gridproof.kernels.arrays import Array, Bools, Floats
from gridproof.kernels.panel.account import Fees
from gridproof.kernels.panel.backend import resolve_panel
from gridproof.kernels.panel.selection import SelectionProblem, net_returns, selection_problem
from gridproof.signals.data.panel.panel import carried
from gridproof.signals.data.panel.panel_file import read_panel

HORIZONS = np.array([1, 5, 10, 20, 60])
FILE = "stocks/a_share_pit_daily_2005_2020.parquet"
# Days of which alphalens, and counts of which the plain loop and pandas, are measured; these are extrapolated.
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
    frame = pd.read_parquet(folder / FILE)
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


def ingest(folder: Path) -> dict[str, float]:
    """Seconds from the file to the arrays of a selection, and the most memory; run in a process of its own."""
    begin = time.process_time()
    panel = read_panel(FILE, folder, "benchmark")
    close = panel.column("close_cents")
    traded = (panel.column("suspended") == 0.0) & (close > 0.0)
    value = carried(close * panel.column("adj_factor"), traded)
    eligible = (panel.column("st") == 0.0) & (panel.column("ipo_unopened") == 0.0) & (close > 0.0)
    key = np.where(eligible & ~np.isnan(value), close * panel.column("total_shares_10k"), np.nan)
    assert key.shape == value.shape
    return {"ingest": time.process_time() - begin, "ingest_peak_mib": peak_mib()}


def pandas_backtest(growth: pd.DataFrame, ranks: pd.DataFrame, count: int) -> tuple[Floats, Floats]:
    """As ``plain_loop``, on whole frames. growth: of each day over the one before, 1 where unknown. ranks: from 1."""
    chosen = ranks.le(count)
    target = chosen.div(chosen.sum(axis=1).clip(lower=1), axis=0)
    grown = target.shift().mul(growth)
    level = grown.sum(axis=1)
    returns = level.where(level > 0.0, 1.0) - 1.0
    traded = target.sub(grown.div(level.where(level > 0.0, 1.0), axis=0), fill_value=0.0).abs().sum(axis=1)
    return returns.to_numpy()[1:], np.append(0.0, traded.to_numpy()[1:-1])


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
    report |= against_loops(panel, problem, repeats)
    report["ranking"] = fastest(lambda: backend.rank_days(panel.key), repeats)
    report["variants"], report["variants_seconds"] = variants(panel, most)
    report |= accounts(panel, problem, repeats) | against_alphalens(panel, repeats)
    rng = np.random.default_rng(1)
    forward = np.append(panel.value[1:] / panel.value[:-1] - 1.0, np.full((1, stocks), np.nan), axis=0)
    styles = rng.normal(size=(8, days, stocks))
    industry = np.broadcast_to(rng.integers(0, 28, stocks).astype(np.int32), (days, stocks)).copy()
    root = np.sqrt(panel.key)
    report["regression"] = fastest(lambda: backend.regress(forward, styles, industry, 28, root), repeats)
    return report


def against_loops(panel: Panel, problem: SelectionProblem, repeats: int) -> dict[str, float]:
    """All counts at once, and a loop over them in NumPy and in pandas."""
    backend, most = resolve_panel("cpu"), problem.counts.shape[1]
    found, loops, frames = backend.select(problem), [], []
    growth = pd.DataFrame(panel.value).pct_change(fill_method=None).add(1.0).fillna(1.0)
    ranks = pd.DataFrame(panel.key).rank(axis=1, method="first")
    for count in np.unique(np.linspace(1, most, _FEW_COUNTS).astype(np.int64)).tolist():
        for run, times in (
            (lambda count=count: plain_loop(problem, count), loops),
            (lambda count=count: pandas_backtest(growth, ranks, count), frames),
        ):
            seconds, (returns, traded) = timed(run)
            np.testing.assert_allclose(found.gross[0, count - 1], returns, atol=1e-11)
            np.testing.assert_allclose((found.bought + found.sold)[0, count - 1], traded, atol=1e-11)
            times.append(seconds)
    own = fastest(lambda: backend.select(problem), repeats)
    numpy, pandas = (sum(times) / len(times) * most for times in (loops, frames))
    report = {"all_counts_daily": own, "plain_loop": numpy, "pandas_backtests": pandas}
    return report | {"ratio_plain_loop": numpy / own, "ratio_pandas": pandas / own}


def accounts(panel: Panel, problem: SelectionProblem, repeats: int) -> dict[str, float]:
    """The account of 400 stocks with limits, daily and every 20 days, and the reference's time for the same."""
    report, fees = {}, Fees(buying=0.001, selling=0.001, sale_tax=0.001)
    problem = problem._replace(
        buyable=panel.buyable, sellable=panel.sellable, schedules=np.array([[1, 0], [20, 0]]), counts=np.array([[400]])
    )
    for schedule, name in enumerate(("daily", "every_20_days")):
        run = partial(resolve_panel("cpu").simulate_account, problem, schedule, 0, fees)
        seconds, expected = timed(partial(resolve_panel("reference").simulate_account, problem, schedule, 0, fees))
        for one, other in zip(run(), expected, strict=True):
            np.testing.assert_array_equal(one, other)
        own = fastest(run, repeats)
        report |= {f"account_{name}": own, f"account_{name}_ratio_reference": seconds / own}
    return report


def against_alphalens(panel: Panel, repeats: int) -> dict[str, Any]:
    """Rank IC of a factor on all days, and with alphalens, where it is installed, on the same few days."""
    measure_ic, days = resolve_panel("cpu").rank_ic, len(panel.value)
    factor = panel.key[None]
    ic = measure_ic(factor, panel.value, HORIZONS, 10).ic[0]
    report: dict[str, Any] = {"rank_ic": fastest(lambda: measure_ic(factor, panel.value, HORIZONS, 10), repeats)}
    last = days - int(HORIZONS[-1])
    first = max(last - _FEW_DAYS, 0)
    try:
        seconds, theirs = alphalens_ic(panel, first, last)
    except ImportError:
        return report | {"alphalens": "not installed: pip install alphalens-reloaded"}
    np.testing.assert_allclose(ic[:, first:last].T, theirs, atol=1e-9)
    few = factor[:, first:].copy()
    few[:, last - first :] = np.nan  # days that give returns only
    own = fastest(lambda: measure_ic(few, panel.value[first:], HORIZONS, 10), repeats)
    return report | {"alphalens": seconds, "rank_ic_same_days": own, "ratio_alphalens": seconds / own}


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
    parser.add_argument("--ingest", action="store_true", help="only read the file, and print JSON")
    arguments = parser.parse_args()
    if arguments.ingest:
        print(json.dumps(ingest(arguments.data)))
        return
    report = {"hardware": hardware()}
    if arguments.data:
        command = [sys.executable, "-m", "benchmarks.panel", "--ingest", "--data", str(arguments.data)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        report |= json.loads(done.stdout)
    panel = read(arguments.data) if arguments.data else made_up(3_800, 3_618)
    report |= measure(panel, most=1_000, repeats=3)
    if arguments.json:
        print(json.dumps(report, indent=2))
        return
    for name, number in report.items():
        print(f"{name:36} {f'{number:.3f}' if isinstance(number, float) else number}")


if __name__ == "__main__":
    main()
