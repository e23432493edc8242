"""python -m benchmarks.question_rates [--markets N] [--json]: how often each question is answered; the truth is known.

One leg with volatility clusters (GARCH with Student t shocks) and cash, and a rule that is in or out at random. The leg
rises, falls or has no mean; in the last kinds it returns more on the days on which the rule is in: as much as makes the
rule's true Sharpe ratio equal to that of holding ("tie"), or one or two annual volatilities a year. The questions are
those of a verdict, on the base alone.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.measure import Report, hardware
from gridproof.kernels.arrays import Floats, Ints
from gridproof.results.conclusion import answer_timing, answer_worth
from gridproof.sweeps.verdict.static_holdings import compare_with_holdings
from gridproof.sweeps.verdict.strategy_statistics import time_shift
from gridproof.sweeps.verdict.timing import measure_timing

MARKETS = 1000
DAYS, PERIODS = 4000, 243.0
DAILY = 0.012  # standard deviation of the leg's returns

# Share of days on which the rule changes its mind: about 8, 40 and 200 switches.
CHANGES = (0.002, 0.01, 0.05)


@dataclass(frozen=True)
class Kind:
    """Annual Sharpe ratio of the leg; the effect in annual volatilities a year, None: as much as makes a tie."""

    sharpe: float
    effect: float | None
    meaning: str


KINDS = {
    "nothing": Kind(0.0, 0.0, "the leg has no mean"),
    "no timing": Kind(0.5, 0.0, "the leg rises, no rule says when"),
    "falling leg": Kind(-0.5, 0.0, "the leg falls, no rule says when"),
    "tie": Kind(0.5, None, "the rule's true Sharpe ratio is that of holding"),
    "effect 1": Kind(0.5, 1.0, "the leg returns one annual volatility a year more where the rule holds it"),
    "effect 2": Kind(0.5, 2.0, "two"),
}


def draw_market(kind: Kind, change: float, seed: int) -> tuple[Ints, Floats]:
    """(T,) held, 0 for the leg and 1 for cash, and (T, 2) returns in excess of cash."""
    rng = np.random.default_rng(seed)
    shocks, weights = clustered(rng, DAYS), np.zeros(DAYS)
    while weights.std() == 0.0:
        weights = (np.cumsum(rng.random(DAYS) < change) + (rng.random() < 0.5)) % 2
    mean = kind.sharpe * DAILY / math.sqrt(PERIODS)
    share = float(weights.mean())
    effect = tie(mean, share) if kind.effect is None else kind.effect * DAILY / math.sqrt(PERIODS)
    leg = DAILY * shocks + mean + effect * (weights - share)
    return (1 - weights).astype(np.int64), np.column_stack([leg, np.zeros(DAYS)])


def clustered(rng: np.random.Generator, days: int, freedom: float = 5.0) -> Floats:
    """(days,) shocks of variance 1: GARCH(1, 1) with 0.05, 0.07 and 0.88, Student t innovations."""
    innovations = rng.standard_t(freedom, days) / math.sqrt(freedom / (freedom - 2.0))
    shocks, variance = np.empty(days), 1.0
    for day in range(days):
        shocks[day] = math.sqrt(variance) * innovations[day]
        variance = 0.05 + 0.07 * shocks[day] ** 2 + 0.88 * variance
    return shocks


def tie(mean: float, share: float) -> float:
    """The effect with which a rule that is in on this share of days has the Sharpe ratio of the leg, by bisection."""
    low, high = 0.0, 10.0 * abs(mean)
    for _ in range(60):
        effect = (low + high) / 2.0
        inside = mean + effect * (1.0 - share)
        rule = share * inside / math.sqrt(share * DAILY**2 + share * (1.0 - share) * inside**2)
        leg = mean / math.sqrt(DAILY**2 + effect**2 * share * (1.0 - share))
        low, high = (effect, high) if rule < leg else (low, effect)
    return (low + high) / 2.0


def rates(kind: Kind, change: float, markets: int) -> dict[str, Any]:
    """How often Timing and Worth are answered yes and no."""
    counts = {question: {"yes": 0, "no": 0, "cannot tell": 0} for question in ("timing", "worth")}
    switches = []
    for seed in range(markets):
        held, gross = draw_market(kind, change, seed)
        p_value = time_shift(held, gross, 0.0, PERIODS, 0.0)["p_value"]
        timing = measure_timing(held, gross, 0.0, PERIODS, p_value)
        legs = {"leg": gross[:, 0], "cash": gross[:, 1]}
        worth = compare_with_holdings((1 - held) * gross[:, 0], legs, held, PERIODS)
        first = answer_timing(timing, DAYS)["answer"]
        counts["timing"][first] += 1
        counts["worth"][answer_worth(worth, first == "yes")["answer"]] += 1
        switches.append(timing["switches"])
    shares = {name: {answer: found / markets for answer, found in one.items()} for name, one in counts.items()}
    return {"switches": float(np.median(switches))} | shares


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.question_rates")
    parser.add_argument("--markets", type=int, default=MARKETS, help="for each kind and rate of change")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    began = time.perf_counter()
    report: Report = {"hardware": hardware(), "markets": options.markets, "days": DAYS, "kinds": {}}
    for name, kind in KINDS.items():
        for change in CHANGES:
            found = rates(kind, change, options.markets)
            report["kinds"].setdefault(name, []).append(found)
            print(f"{name:12} {found['switches']:5.0f} switches  ", end="", file=sys.stderr)
            print("  ".join(f"{q} yes {found[q]['yes']:.3f} no {found[q]['no']:.3f}" for q in ("timing", "worth")),
                  file=sys.stderr, flush=True)  # fmt: skip
    report["binomial_error_of_5_percent"] = math.sqrt(0.05 * 0.95 / options.markets)
    report["seconds"] = time.perf_counter() - began
    if options.json:
        print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
