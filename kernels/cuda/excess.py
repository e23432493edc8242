"""The excess of variants over benchmarks on a device, as ``kernels.cpu.excess`` measures it."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.cpu.excess import Excess, Weights, returns_of_switches
from gridproof.kernels.cpu.patterns.block_patterns import Patterns
from gridproof.kernels.cuda.device import Device
from gridproof.kernels.cuda.pattern_rows import PatternRows, by_groups, row_count, upload
from gridproof.kernels.cuda.source import THREADS
from gridproof.kernels.jit import jit
from gridproof.kernels.problem import Problem

# Doubles of the moments of a pattern over one benchmark.
_MOMENTS = 16


def measure_patterns(
    device: Device, problem: Problem, patterns: Patterns, benchmarks: Floats, weights: Weights, edges: Ints,
    found: Excess,
) -> None:  # fmt: skip
    """Write what was found of the variants of these patterns. benchmarks: (K, days)."""
    kinds, groups, jobs = len(benchmarks), len(edges) - 1, len(patterns.jobs)
    part_of = np.searchsorted(edges, patterns.edges[:-1], side="right") - 1

    def compute(_: slice) -> None:
        rows = PatternRows(device, patterns)
        powers, of = upload(device, weights.powers, np.float64), upload(device, patterns.of, np.int32)
        moments, sums = _moments(rows, problem, patterns, benchmarks, weights, powers)
        parts = device.zeros((3, groups, jobs), "<f8")
        total, spread = device.empty((jobs,), "<f8"), device.empty((jobs,), "<f8")
        numbers = [np.int32(number) for number in (jobs, rows.blocks, groups, rows.days)]
        inputs = [of, upload(device, part_of, np.int32), sums, *numbers]
        rows.launch("variant_sums", _blocks(jobs), [*inputs, parts, total, spread])
        excesses, deviations = (device.empty((kinds, jobs), "<f8") for _ in range(2))
        numbers = [np.int32(number) for number in (jobs, rows.blocks, rows.patterns, kinds, rows.days)]
        inputs = [of, rows.edges, moments, powers, *numbers, np.float64(weights.all)]
        rows.launch("variant_excess", _blocks(jobs * kinds), [*inputs, excesses, deviations])
        found.sums[:, patterns.jobs] = device.download(excesses)
        found.deviations[:, patterns.jobs] = device.download(deviations)
        found.total[patterns.jobs], found.spread[patterns.jobs] = device.download(total), device.download(spread)
        found.parts[..., patterns.jobs] = device.download(parts)

    size = kinds * row_count(patterns)[0] * _MOMENTS * 8 + patterns.of.nbytes + (3 * groups + 2 * kinds) * jobs * 8
    by_groups(device, 1, size, compute)


def _moments(
    rows: PatternRows, problem: Problem, patterns: Patterns, benchmarks: Floats, weights: Weights, powers: Any
) -> tuple[Any, Any]:
    """On the device: the moments of patterns (K, P, 16), and their sums (P, 3) Σr, Σr², Σlog(1 + r)."""
    device, kinds = rows.device, len(benchmarks)
    returns = np.ascontiguousarray(problem.returns[patterns.payoff, :, : rows.days].T)
    switched = returns_of_switches(problem, patterns, returns)
    moments = device.empty((kinds, rows.patterns, _MOMENTS), "<f8")
    sums = device.empty((rows.patterns, 3), "<f8")
    tables = [upload(device, each, np.float64) for each in (returns, switched, benchmarks.T)]
    numbers = [np.int32(number) for number in (rows.patterns, kinds, rows.days, problem.allocations)]
    rows.launch(
        "pattern_moments", _blocks(rows.patterns * (kinds + 1)),
        [rows.begins, rows.runs, rows.block_of, rows.edges, *tables, powers,
         upload(device, weights.of_day, np.float64), *numbers, np.float64(problem.risk_free / problem.periods),
         moments, sums],
    )  # fmt: skip
    on_host = device.download(sums)
    _take_logs(on_host)
    return moments, upload(device, on_host, np.float64)


@jit()
def _take_logs(sums: Floats) -> None:
    """Growth becomes its logarithm, sums (P, 3). On the host: the logarithm of a GPU may differ in its last bit."""
    for pattern in range(len(sums)):
        sums[pattern, 2] = np.log(sums[pattern, 2])


def _blocks(threads: int) -> int:
    return -(-threads // THREADS)
