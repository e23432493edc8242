"""vectorbt on a chunk of variants, in a Python of its own: ``rivals`` starts it and sends a line for each measurement.

Reads INPUT.npz: closes (T + 1, legs), held (n, T) uint8, the allocation that earns each day (the last is cash), given
to it for nothing. The order that sets up day t is filled at the close before it, row t of the closes. Total return,
Sharpe ratio and deepest drawdown, at no cost.

In vectorbt's conventions the row before the first day counts as a day that returned 0, so its Sharpe ratio is over
T + 1 days; a year is set to PERIODS days.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import vectorbt as vbt

PERIODS = 243


def prepare(closes, held):  # type: ignore[no-untyped-def]
    """What a run needs and is not timed: one leg as signals, several as target weights, both only where they change."""
    variants, days = held.shape
    legs = closes.shape[1]
    held = np.concatenate([held.T, held.T[-1:]])  # nothing is decided at the last close
    changed = np.ones((days + 1, variants), dtype=np.bool_)
    changed[1:] = held[1:] != held[:-1]
    if legs == 1:
        return {"close": closes, "entries": changed & (held == 0), "exits": changed & (held != 0)}
    size = np.full((days + 1, variants, legs), np.nan)
    for leg in range(legs):
        size[..., leg][changed] = (held == leg)[changed]
    return {
        "close": np.tile(closes, (1, variants)),
        "size": size.reshape(days + 1, -1),
        "size_type": "targetpercent",
        "group_by": np.repeat(np.arange(variants), legs),
        "cash_sharing": True,
        "call_seq": "auto",  # sells before it buys
    }


def run(arguments, engine):  # type: ignore[no-untyped-def]
    """(n, 3). The daily returns are made once for all three: faster than asking the portfolio for each."""
    make = vbt.Portfolio.from_signals if "entries" in arguments else vbt.Portfolio.from_orders
    portfolio = make(**arguments, init_cash=100.0, engine=engine)
    returns = portfolio.returns(engine=engine).vbt.returns
    measures = (returns.total(), returns.sharpe_ratio(), returns.max_drawdown())
    return np.stack([np.asarray(measure) for measure in measures], axis=1)


def main() -> None:
    source, engine = sys.argv[1:3]
    vbt.settings.array_wrapper["freq"] = "1D"
    vbt.settings.returns["year_freq"] = f"{PERIODS} days"
    chunk = np.load(source)
    arguments = prepare(chunk["closes"], chunk["held"])
    for line in sys.stdin:
        rounds, answer = line.rstrip("\n").split(" ", 1)
        begin = time.perf_counter()
        for _ in range(int(rounds)):
            metrics = run(arguments, engine)
        seconds = time.perf_counter() - begin
        np.save(answer, metrics)
        print(json.dumps({"seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
