"""Measures one case: compares the results of all engines first, then times each in turn, several times over."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks import plain_loop
from benchmarks.problem import Case, Grid, build, jobs_of
from benchmarks.rivals import ENGINES, Rival, as_they_count, peak_mib
from gridproof.kernels import backend
from gridproof.kernels.arrays import Floats
from gridproof.kernels.cuda.availability import gpu_answers
from gridproof.kernels.metrics import METRICS
from gridproof.kernels.problem import Evaluator, Work

Report = dict[str, Any]

# Tuples the reference evaluates: it needs a millisecond or two for each.
_FEW = 200
# Seconds of runs in a turn, for an engine that takes less.
_TURN = 1.0


def alternate(engines: Mapping[str, Callable[[], float]], repeats: int) -> dict[str, list[float]]:
    """Seconds of each engine, in turns A B C A B C …, so that a busy moment of the machine slows all of them.

    An engine that takes less than a second runs once untimed, then repeatedly for a second, and the median counts.
    While the others ran, a virtual machine has returned its memory to the host and has to ask for it again; within a
    sweep that does not happen.
    """
    seconds: dict[str, list[float]] = {name: [] for name in engines}
    for _ in range(repeats):
        for name, run in engines.items():
            turn = [run()]
            if turn[0] < _TURN:
                turn = []
                while sum(turn) < _TURN:
                    turn.append(run())
            seconds[name].append(median(turn))
    return seconds


def timing(seconds: Sequence[float], variant_days: int) -> Report:
    middle = median(seconds)
    return {
        "seconds": middle,
        "fastest": min(seconds),
        "all_seconds": list(seconds),
        "variant_days": variant_days,
        "variant_days_per_second": variant_days / middle,
    }


def run_case(case: Case, repeats: int, python: Path | None, few: int = _FEW) -> Report:
    """python: the interpreter that has the other engines; None leaves them out. Each takes a limited number of legs."""
    grid = build(case)
    pieces, works = grid.pieces(), grid.works()

    def ours(name: str, works: Sequence[Work], bound: Evaluator | None = None) -> float:
        """bound: an evaluator that has been used before, so that its tables and classes are there."""
        begin = time.perf_counter()
        evaluate = bound or backend.resolve(name).bind(grid.problem)
        for work in works:
            evaluate(work)
        return time.perf_counter() - begin

    def plain() -> float:
        begin = time.perf_counter()
        for jobs in pieces:
            plain_loop.evaluate(grid.problem, grid.states, jobs.rows)
        return time.perf_counter() - begin

    agreement = compare(grid)
    compare_reference(grid, few)
    bound = backend.resolve("cpu").bind(grid.problem)
    engines: dict[str, Callable[[], float]] = {
        "cpu": lambda: ours("cpu", works),
        "cpu_bound_before": lambda: ours("cpu", works, bound),
        "cpu_list": lambda: ours("cpu", pieces),
        "plain_loop": plain,
    }
    if gpu_answers():
        engines["cuda"] = lambda: ours("cuda", works)
    with ExitStack() as stack:
        rivals = {}
        for name, (_, _, legs, _) in ENGINES.items() if python else ():
            if case.legs <= legs:
                assert python is not None
                rivals[name] = stack.enter_context(Rival(python, name, grid))
                engines[name] = rivals[name].measure
        engines["reference"] = lambda: compare_reference(grid, few)
        seconds = alternate(engines, repeats)
        days = dict.fromkeys(("cpu", "cpu_bound_before", "cpu_list", "cuda", "plain_loop"), grid.variant_days)
        days |= {"reference": few * case.days} | {name: rival.variant_days for name, rival in rivals.items()}
        runs = {name: timing(taken, days[name]) for name, taken in seconds.items()}
        for name, rival in rivals.items():
            agreement[name] = compare_rival(grid, rival)
            runs[name] |= {"peak_mib": rival.peak_mib(), "first_seconds": rival.first_seconds}
    return {
        "name": case.name,
        "variants": len(grid.rows),
        "days": case.days,
        "signals": case.signals,
        "legs": case.legs,
        "yearly_switches_of_a_signal": case.yearly,
        "switches_of_a_variant": agreement.pop("switches"),
        "largest_difference": agreement,
        "runs": runs,
        "ratios": ratios(runs),
    }


def ratios(runs: Mapping[str, Report]) -> dict[str, float | None]:
    """Ratios of variant-days a second, making the tables included; of vectorbt's two engines the faster counts."""

    def over(*names: str) -> float | None:
        rivals = [runs[name] for name in names if name in runs]
        return ratio(runs["cpu"], max(rivals, key=lambda run: run["variant_days_per_second"])) if rivals else None

    found = {
        "cpu_over_plain_loop": over("plain_loop"),
        "cpu_over_vectorbt": over("vectorbt_numba", "vectorbt_rust"),
    }
    if "raptorbt" in runs:
        found["cpu_over_raptorbt"] = over("raptorbt")
    if "cuda" in runs:
        found["cuda_over_cpu"] = ratio(runs["cuda"], runs["cpu"])
    return found


def ratio(one: Report, other: Report) -> float:
    """The ratio of variant-days a second of ``one`` to those of ``other``, as the median over turns of their ratio.

    What slows the machine for a minute slows both engines of a turn alike.
    """
    turns = zip(one["all_seconds"], other["all_seconds"], strict=True)
    return one["variant_days"] / other["variant_days"] * median(theirs / ours for ours, theirs in turns)


def compare(grid: Grid) -> Report:
    """Our backends against the plain loop on every variant. Raises AssertionError beyond 1e-9."""
    bound = {name: backend.resolve(name).bind(grid.problem) for name in ("cpu", *(["cuda"] if gpu_answers() else []))}
    largest, switches = dict.fromkeys(bound, 0.0), 0.0
    for box in grid.boxes():
        jobs = box.jobs()
        theirs = plain_loop.evaluate(grid.problem, grid.states, jobs.rows)
        for name, evaluate in bound.items():
            for work, form in ((box, ""), (jobs, " by lists")):
                found = difference(evaluate(work), theirs, 1e-9, f"{name}{form} and the plain loop")
                largest[name] = max(largest[name], found)
        switches += float(theirs[:, 0, METRICS.index("switches")].sum())
    return {"plain_loop": largest.pop("cpu"), "switches": switches / len(grid.rows)} | largest


def compare_reference(grid: Grid, count: int) -> float:
    """Seconds the reference takes on ``count`` variants; raises AssertionError where cpu differs beyond 1e-9."""
    jobs = jobs_of(grid.sample(count))
    begin = time.perf_counter()
    expected = backend.resolve("reference").bind(grid.problem)(jobs)
    seconds = time.perf_counter() - begin
    difference(backend.resolve("cpu").bind(grid.problem)(jobs), expected, 1e-9, "cpu and reference")
    return seconds


def compare_rival(grid: Grid, rival: Rival) -> float:
    """Without costs, and of variants with volatility: engines differ in the Sharpe ratio of cash."""
    ours = backend.resolve("cpu").bind(grid.free_of_cost())(jobs_of(rival.rows))
    moves = ours[:, 0, METRICS.index("volatility")] > 0
    return difference(rival.metrics()[moves], as_they_count(ours, grid.case.days)[moves], 1e-6, rival.name)


def difference(actual: Floats, expected: Floats, tolerance: float, who: str) -> float:
    """The largest |a − b| / max(|b|, 1). Undefined must be undefined on both sides."""
    np.testing.assert_array_equal(np.isnan(actual), np.isnan(expected), err_msg=who)
    largest = float(np.nanmax(np.abs(actual - expected) / np.maximum(np.abs(expected), 1.0), initial=0.0))
    assert largest <= tolerance, f"{who} differ by {largest:.1e}"
    return largest


def run_alone(name: str, quick: bool) -> Report:
    """Peak memory of one pass over the headline grid, in this process, which must have done nothing before."""
    grid = build(Case("alone", variants=100_000 if quick else 1_000_000))
    pieces, before = grid.works() if name == "cpu" else grid.pieces(), peak_mib()
    begin = time.perf_counter()
    if name == "cpu":
        evaluate = backend.resolve("cpu").bind(grid.problem)
    else:

        def evaluate(jobs: Work) -> Floats:
            return plain_loop.evaluate(grid.problem, grid.states, jobs.jobs().rows)

    evaluate(jobs_of(grid.rows[:1]))
    first = time.perf_counter() - begin
    for jobs in pieces:
        evaluate(jobs)
    return {"peak_mib": peak_mib(), "with_the_grid_alone_mib": before, "first_seconds": first}


def hardware() -> dict[str, str | int]:
    """The processor, the system and the versions of packages."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if sys.platform == "linux" else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    packages = {name: version(name) for name in ("numpy", "numba", "llvmlite")}
    describe = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    commit = subprocess.run(describe, capture_output=True, text=True, check=False)
    return {
        "processor": models[0] if models else platform.processor(),
        "cores": os.cpu_count() or 0,
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": f"{platform.system()} {platform.machine()}",
        "load_before": f"{os.getloadavg()[0]:.2f}",
        "python": platform.python_version(),
        **packages,
        "gridproof_commit": commit.stdout.strip(),
    }
