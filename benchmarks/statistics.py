"""python -m benchmarks.statistics [--quick]: what the statistics of a whole sweep cost; JSON on standard output.

Each case runs in a process of its own, for its peak of memory. Daily returns are made a chunk of variants at a time;
making them is timed apart from measuring them. Compiling is done before on a small problem.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator

import numpy as np

from benchmarks.measure import Report, hardware
from benchmarks.rivals import peak_mib
from gridproof.kernels.arrays import Floats
from gridproof.results.statistics.overfitting import OverfittingTest
from gridproof.results.statistics.superior_predictive_ability import SuperiorityTest, stepwise_multiple_test

DAYS, VARIANTS, CHUNK = 4300, 100_000, 2048
BLOCKS, RESAMPLES, BLOCK_LENGTH = 16, 1000, 20.0


class Market:
    """Chunks of variants that share a market in part: (DAYS, up to CHUNK) daily excess returns, the same each time."""

    def __init__(self, variants: int) -> None:
        self.variants = variants
        self.seconds = 0.0  # spent making them
        self._common = np.random.default_rng(0).normal(0.0, 0.01, DAYS)

    def __iter__(self) -> Iterator[Floats]:
        for first in range(0, self.variants, CHUNK):
            begin = time.perf_counter()
            generator = np.random.default_rng([1, first])
            width = min(CHUNK, self.variants - first)
            chunk = generator.standard_normal((DAYS, width)) * 0.01
            chunk += self._common[:, None] * generator.random(width)
            self.seconds += time.perf_counter() - begin
            yield chunk


def overfitting(variants: int) -> Report:
    """PBO, all variants ranked: from daily returns, and the part of it after the block sums."""

    def run(market: Market) -> tuple[float, Report]:
        test, begin = OverfittingTest(BLOCKS), time.perf_counter()
        for chunk in market:
            test.add(chunk)
        added = time.perf_counter() - begin - market.seconds
        result = test.finish()
        finished = time.perf_counter() - begin - market.seconds
        return finished, {"adding_seconds": added, "splits": len(result.logits), "mid_p": result.mid_p}

    run(Market(100))
    seconds, report = run(Market(variants))
    return {"variants": variants, "days": DAYS, "blocks": BLOCKS, "seconds": seconds} | report


def block_sums(variants: int) -> Report:
    """PBO from sums that exist: (BLOCKS, variants, 3)."""
    generator = np.random.default_rng(2)
    days = DAYS // BLOCKS
    sums = np.full((BLOCKS, variants, 3), float(days))
    sums[:, :, 1] = generator.normal(0.0, 0.01 * np.sqrt(days), (BLOCKS, variants))
    sums[:, :, 2] = days * 1e-4 * generator.uniform(0.5, 1.5, (BLOCKS, variants))
    for given in (sums[:, :100], sums):
        begin = time.perf_counter()
        test = OverfittingTest(BLOCKS)
        test.add_block_sums(given)
        result = test.finish()
        seconds = time.perf_counter() - begin
    return {"variants": variants, "blocks": BLOCKS, "seconds": seconds, "mid_p": result.mid_p}


def superior_predictive_ability(variants: int) -> Report:
    """Reality check and SPA (three p-values, studentised and not) in one pass."""

    def run(market: Market) -> tuple[float, Report]:
        begin = time.perf_counter()
        test = SuperiorityTest(DAYS, block_length=BLOCK_LENGTH, resamples=RESAMPLES)
        for chunk in market:
            test.add(chunk)
        found = test.superior_predictive_ability()
        return time.perf_counter() - begin - market.seconds, {"p_consistent": found.p_consistent}

    run(Market(100))
    seconds, report = run(Market(variants))
    return {"variants": variants, "days": DAYS, "resamples": RESAMPLES, "seconds": seconds} | report


def stepwise(variants: int) -> Report:
    """StepM; the time of a step is a pass."""
    for market in (Market(100), Market(variants)):
        begin = time.perf_counter()
        found = stepwise_multiple_test(market, None, BLOCK_LENGTH, resamples=RESAMPLES)
        seconds = time.perf_counter() - begin - market.seconds
    report = {"steps": len(found.critical_values), "superior": int(found.superior.sum())}
    return {"variants": variants, "days": DAYS, "resamples": RESAMPLES, "seconds": seconds} | report


CASES = {case.__name__: case for case in (overfitting, block_sums, superior_predictive_ability, stepwise)}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.statistics", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the variants")
    parser.add_argument("--alone", choices=CASES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.alone:
        report = CASES[options.alone](VARIANTS // 10 if options.quick else VARIANTS)
        print(json.dumps(report | {"peak_mib": peak_mib()}))
        return
    quick = ["--quick"] if options.quick else []
    reports: Report = {"hardware": hardware(), "quick": options.quick}
    for name in CASES:
        print(f"{name} …", file=sys.stderr, flush=True)
        command = [sys.executable, "-m", "benchmarks.statistics", "--alone", name, *quick]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        reports[name] = json.loads(done.stdout)
    print(json.dumps(reports, indent=1))


if __name__ == "__main__":
    main()
