"""How often evidence reaches its threshold where the truth is known: python -m benchmarks.evidence [--markets N].

Synthetic markets of four kinds, the same shocks in each kind: one in which nothing earns anything, one in which small
caps rise but no signal says when, and two in which the rate rule is true. On each the same small study is run with its
verdict. Where the effect that a threshold asks for is absent, reaching it is an error; else it is the test's power.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

import gridproof as gp
from benchmarks.measure import Report, hardware
from gridproof.signals.synthetic.market import INDICES, PERIODS, SyntheticMarket, draw_market, write_market

MARKETS = 60

# 125 variants around the planted rule, which is the base.
GRID: dict[str, Any] = {
    "rate.window": [223, 233, 243, 253, 263],
    "rate.on_above": [0.20, 0.25, 0.30, 0.35, 0.40],
    "rate.off_below": [-0.30, -0.25, -0.20, -0.15, -0.10],
    "cn10y.release": 1,
    "execution.lag": 1,
    "execution.cost": 0.001,
}


@dataclass(frozen=True)
class Kind:
    """``share``: of the markets asked for, how many are drawn."""

    effect: float
    drift: bool
    share: float
    meaning: str


KINDS = {
    "nothing": Kind(0.0, False, 1.0, "every expected return is nil"),
    "no timing": Kind(0.0, True, 1.0, "small caps rise by 16 % a year, no signal says when"),
    "effect 1": Kind(1.0, True, 0.5, "the rate rule is true, by one annual volatility a year"),
    "effect 2": Kind(2.0, True, 0.5, "the rate rule is true, by two"),
}

# What promises a rate of errors, by the beginning of its name: the kind of market without the effect that it asks for,
# and the rate.
PROMISED = {
    "Probabilistic Sharpe ratio (PSR) of the base": ("nothing", 0.05),
    "Minimum track record length of the base": ("nothing", 0.05),
    "Sharpe ratio interval of the base": ("nothing", 0.025),
    "Mean return under shifted positions": ("no timing", 0.05),
    "Deflated Sharpe ratio (DSR) of the best": ("nothing", 0.05),
    "Superior predictive ability (SPA) of the best": ("nothing", 0.05),
    "Stepwise test (StepM) of the base": ("nothing", 0.05),
    "StepM of the base's Sharpe ratio": ("no timing", 0.05),
    "SPA of the active returns": ("no timing", 0.05),
    "Placebo sweeps on shifted signals": ("no timing", 0.05),
    "Multiple-testing haircut of the best": ("nothing", 0.05),
    "Walk-forward": ("nothing", 0.05),
    "SPA, ": ("nothing", 0.05),
    "reality check, ": ("nothing", 0.05),
    "StepM, ": ("nothing", 0.05),
    "best Sharpe ratio, bootstrap": ("nothing", 0.05),
    "DSR, ": ("nothing", 0.05),
}


def judge(kind: Kind, seed: int) -> Report:
    """The statistics of the study's run on one market; its folder is not kept."""
    market = draw_market(seed, kind.effect)
    with TemporaryDirectory() as folder:
        write_market(Path(folder) / "market", market if kind.drift else without_drift(market))
        return gp.run(_study(), data=Path(folder) / "market", out=Path(folder) / "runs").statistics


def without_drift(market: SyntheticMarket) -> SyntheticMarket:
    """The same market with every index's constant expected return taken off."""
    daily = np.array([index.mean for index in INDICES]) / PERIODS
    return replace(market, returns=np.concatenate([market.returns[:1], market.returns[1:] - daily]))


@cache
def _study() -> gp.Study:
    return gp.load_study("microcap-rate-timing").set(GRID)


def outcome(statistics: Mapping[str, Any]) -> dict[str, bool | None]:
    """Whether each piece of evidence, and each single test behind it, meets its threshold; None: not computable."""
    found = {one["name"]: one["met"] for one in statistics["evidence"]}
    luck = statistics["data_snooping"]
    for row in luck["benchmarks"]:
        found[f"SPA, {row['name']}"] = row["spa"]["consistent"] <= 0.05
        found[f"reality check, {row['name']}"] = row["reality_check"]["p_value"] <= 0.05
        found[f"StepM, {row['name']}: any variant"] = row["stepwise"]["rejected"] > 0
    found["best Sharpe ratio, bootstrap"] = luck["null_best_sharpe"]["p_value"] <= 0.05
    for mark in statistics["deflated"]["marks"]:
        found[f"DSR, N {mark['name']}"] = mark["best"] >= 0.95
    return found


def rates(outcomes: Sequence[Mapping[str, bool | None]]) -> dict[str, Report]:
    """For each name: markets on which it is met, on which it is computable, the share and its binomial standard error.

    The error is that of one more market that meets it and one more that does not (Agresti, Coull 1998, of two each), so
    that it is above 0 where all markets are alike.
    """
    table = {}
    for name in dict.fromkeys(name for one in outcomes for name in one):
        known = [one[name] for one in outcomes if one.get(name) is not None]
        met, count = sum(map(bool, known)), len(known)
        share = (met + 1.0) / (count + 2.0)
        table[name] = {
            "met": met,
            "of": count,
            "rate": met / count if count else None,
            "error": float(np.sqrt(share * (1.0 - share) / (count + 2.0))),
        }
    return table


def measure(markets: int) -> Report:
    """The whole calibration: ``markets`` of each kind without an effect, half as many with one."""
    began = time.perf_counter()
    kinds: dict[str, Report] = {}
    report: Report = {"hardware": hardware(), "study": "microcap-rate-timing", "grid": GRID, "variants": 0}
    names: list[str] = []
    for name, kind in KINDS.items():
        outcomes = []
        for seed in range(max(1, round(markets * kind.share))):
            print(f"{name}, market {seed} …", file=sys.stderr, flush=True)
            statistics = judge(kind, seed)
            outcomes.append(outcome(statistics))
            names = [one["name"] for one in statistics["evidence"]]
            report |= {"variants": statistics["method"]["choices"], "days": statistics["method"]["days"]}
        kinds[name] = {"meaning": kind.meaning, "markets": len(outcomes), "rates": rates(outcomes)}
    report |= {"evidence": names, "kinds": kinds, "seconds": time.perf_counter() - began}
    return report


def rows(report: Mapping[str, Any]) -> list[list[str]]:
    """A row for each piece of evidence and each test: name, promised rate and the rate in each kind, in per cent."""
    every = dict.fromkeys([*report["evidence"], *(name for one in report["kinds"].values() for name in one["rates"])])
    table = []
    for name in every:
        promise = next((one for begin, one in PROMISED.items() if name.startswith(begin)), None)
        row = [name, "–" if promise is None else f"≤ {100 * promise[1]:g} in “{promise[0]}”"]
        for one in report["kinds"].values():
            cell = one["rates"].get(name)
            known = cell is not None and cell["rate"] is not None
            row.append(f"{100 * cell['rate']:.0f} ± {100 * cell['error']:.0f}" if known else "–")
        table.append(row)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.evidence", description=__doc__)
    parser.add_argument("--markets", type=int, default=MARKETS, help="without an effect, of each kind")
    parser.add_argument("--json", action="store_true", help="print the whole report as JSON")
    options = parser.parse_args()
    report = measure(options.markets)
    if options.json:
        print(json.dumps(report, indent=1, ensure_ascii=False))
        return
    table = Table(title=f"threshold met, % of markets; {report['variants']} variants, {report['days']:,} days")
    kinds = (f"{name} ({one['markets']})" for name, one in report["kinds"].items())
    for heading in ("evidence", "promised rate", *kinds):
        table.add_column(heading)
    for row in rows(report):
        table.add_row(*row)
    Console().print(table)


if __name__ == "__main__":
    main()
