"""Counts of the work of a verdict's passes, for docs/cuda.md: python -m benchmarks.count_cuda_passes.

Of 64,000 variants it prints the rows of each, what neighbouring threads share, the bytes that are sent, and the CPU
time of what the host prepares. No GPU is used.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from time import process_time
from typing import Any

import numpy as np

from benchmarks.problem import Case, build
from gridproof.kernels.cpu.bootstrap_maxima import lost_by_switching
from gridproof.kernels.cpu.excess import returns_of_switches
from gridproof.kernels.cpu.holding_periods import HoldingPeriodLister
from gridproof.kernels.cpu.patterns.block_patterns import Patterns, find_patterns
from gridproof.kernels.cpu.placebo_maxima import ActiveDays
from gridproof.kernels.cpu.shifted_objectives import switching_costs
from gridproof.kernels.cuda.pattern_rows import levels_of
from gridproof.kernels.cuda.source import VARIANTS

VARIANTS_IN_ALL = 64_000
# Ends of blocks that cross-validation asks for, and statistics of each resample: four benchmarks.
PARTS, KINDS = 60, 17


def main() -> None:
    argparse.ArgumentParser(prog="python -m benchmarks.count_cuda_passes", description=__doc__).parse_args()
    grid = build(replace(Case("headline"), variants=VARIANTS_IN_ALL))
    problem, days = grid.problem, grid.case.days
    (box,) = grid.boxes()
    spend(HoldingPeriodLister(problem, days), box)  # compiles
    held, listing = spend(HoldingPeriodLister(problem, days), box)
    report("without marks", find_patterns(problem, held))
    marked = np.unique(np.linspace(0, days, PARTS + 1).astype(np.int64))
    patterns, finding = spend(lambda: find_patterns(problem, held, marked)[0])
    report(f"{PARTS} parts", [patterns])
    variants = len(patterns.jobs)
    print(
        f"\nCPU time of the host for {variants:,} variants: holding periods {listing:.3f} s, patterns {finding:.3f} s"
    )
    active, seconds = spend(ActiveDays.of, problem, patterns)
    print(f"active days {seconds:.3f} s; {active.values.shape[2]} sums, {active.weights.shape[1]} allocations move")
    returns = np.ascontiguousarray(problem.returns[0].T)
    for name, prepare in (
        ("lost by switching", lambda: lost_by_switching(problem, patterns, returns, 1.0)),
        ("returns of switches", lambda: returns_of_switches(problem, patterns, returns)),
        ("costs of switches", lambda: switching_costs(problem, patterns)),
        ("centres and factors", lambda: np.stack([np.ones((KINDS, variants)).T] * 2, axis=2)),
    ):
        print(f"{name} {spend(prepare)[1]:.3f} s")


def spend(call: Callable[..., Any], *arguments: object) -> tuple[Any, float]:
    """What the call returns, and its CPU time."""
    before = process_time()
    found = call(*arguments)
    return found, process_time() - before


def report(name: str, found: list[Patterns]) -> None:
    """The counts of these patterns."""
    for patterns in found:
        variants, count = patterns.roots.shape
        rows, joins = len(patterns.before), len(patterns.joins)
        print(f"\n{name}: {variants:,} variants, {len(patterns.of)} blocks")
        levels = len(levels_of(patterns.joins, rows))
        print(f"{rows:,} patterns of {len(patterns.runs) / rows:.2f} runs; {joins:,} joins in {levels} levels")
        print(f"rows and joins a variant: {(rows + joins) / variants:.2f}; a variant is {count} rows")
        strips = patterns.roots[: variants // VARIANTS * VARIANTS].reshape(-1, VARIANTS * count)
        different = np.mean([len(np.unique(strip)) for strip in strips])
        print(f"{VARIANTS} neighbours name {different:.0f} different rows, {different / VARIANTS:.2f} a variant")
        blocks = np.sort(patterns.of[:, : variants // 32 * 32].reshape(len(patterns.of), -1, 32), axis=2)
        print(f"32 neighbours have {((np.diff(blocks, axis=2) != 0).sum(axis=2) + 1).mean():.1f} patterns in a block")
        shared = patterns.runs.nbytes + patterns.begins.nbytes // 2 + patterns.joins.nbytes + 4 * rows
        print(
            f"bytes sent for a variant: patterns {shared / variants:.0f}, roots {4 * count}, of {4 * len(patterns.of)}"
        )


if __name__ == "__main__":
    main()
