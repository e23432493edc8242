"""RaptorBT (Rust, all cores) on a chunk of variants, in a Python of its own; started like ``vectorbt_loop``.

Its parameter sweep, ``batch_single_backtest``, knows one instrument: in or out, so the one-leg case only. It always
computes all of its metrics, some thirty. The row before the first day counts as a day that returned 0.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import raptorbt

PERIODS = 243.0
DAY = 86_400 * 10**9


def prepare(closes, held):  # type: ignore[no-untyped-def]
    """Entries and exits of each variant, (n, T + 1), where they change; filled at the same close."""
    inside = np.concatenate([held, held[:, -1:]], axis=1) == 0
    changed = np.ones_like(inside)
    changed[:, 1:] = inside[:, 1:] != inside[:, :-1]
    return np.ascontiguousarray(closes[:, 0]), changed & inside, changed & ~inside


def run(close, entries, exits):  # type: ignore[no-untyped-def]
    """(n, 3): total return, Sharpe ratio, deepest drawdown, as shares."""
    days = (np.arange(len(close)) * DAY).astype(np.int64)
    settings = raptorbt.BacktestConfig(
        initial_capital=1e6, fees=0.0, slippage=0.0, fill_timing="same_bar_close", periods_per_year=PERIODS
    )
    items = [
        raptorbt.BatchSingleItem(item_id=str(index), entries=entry, exits=leave)
        for index, (entry, leave) in enumerate(zip(entries, exits, strict=True))
    ]
    answers = raptorbt.batch_single_backtest(days, close, close, close, close, np.ones(len(close)), items, settings)
    metrics = [answer.metrics for _, answer in answers]
    return np.array([(m.total_return_pct / 100, m.sharpe_ratio, -m.max_drawdown_pct / 100) for m in metrics])


def main() -> None:
    chunk = np.load(sys.argv[1])
    arguments = prepare(chunk["closes"], chunk["held"])
    for line in sys.stdin:
        rounds, answer = line.rstrip("\n").split(" ", 1)
        begin = time.perf_counter()
        for _ in range(int(rounds)):
            metrics = run(*arguments)
        seconds = time.perf_counter() - begin
        np.save(answer, metrics)
        print(json.dumps({"seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
