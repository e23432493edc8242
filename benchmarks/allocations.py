"""What products and lists of a graded weight cost, by the number of its steps, as ratios of one run.

python -m benchmarks.allocations [--variants 10000] [--rounds 7]

*study*: us-demo with a mix of its two legs in the place of one, whose weight is an axis. *free* and *stays*: one random
signal is the step of a weight, the two others are in or out. The rule holds the step where both are in, nothing where
the first is out; where the second alone is out, it holds the least step (free), or stays in what was held. Product and
list are timed in turns in one process, in CPU time, with the tables of days made before (*bound*) and with them.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time

import numpy as np

from benchmarks.problem import Case, build, distinct_paths
from gridproof.kernels.arrays import Array, Floats, Ints
from gridproof.kernels.backend import resolve
from gridproof.kernels.cpu import backend
from gridproof.kernels.cpu.product.product import Product
from gridproof.kernels.paths import pack
from gridproof.kernels.problem import Box, Problem
from gridproof.sweeps.api import load_market
from gridproof.sweeps.plan.grid import ProductGrid
from gridproof.sweeps.plan.plan import build_plan
from gridproof.sweeps.study.shipped import SHIPPED
from gridproof.sweeps.study.study import load_study

ALLOCATIONS = (3, 4, 5, 8, 12, 21, 32)
YEARLY = (1.0, 5.0, 20.0)
RULES = ("study", "free", "stays")
DAYS = 4300


def steps(rng: np.random.Generator, paths: int, allocations: int, yearly: float) -> Array:
    """(paths, T) steps that go up or down by one with every switch, between 0 and the last."""
    moves = np.abs(np.diff(distinct_paths(rng, paths, Case("", yearly=yearly)).astype(np.int8), axis=1, prepend=0))
    signs = rng.choice([-1, 1], moves.shape)
    span = 2 * (allocations - 1)
    walk = (rng.integers(0, span, (paths, 1)) + np.cumsum(moves * signs, axis=1)) % span
    found: Array = np.minimum(walk, span - walk)
    return found


def rule_of(allocations: int, bits: int, stays: bool) -> Ints:
    """F[held, code]: two bits of the timing signals, then those of the step."""
    rule = np.empty((allocations, 2 ** (2 + bits)), dtype=np.int64)
    for code in range(rule.shape[1]):
        step = min(code >> 2, allocations - 1)
        rule[:, code] = 0 if code & 1 else step
        if code & 3 == 2:
            rule[:, code] = np.arange(allocations) if stays else 0
    return rule


def case_of(allocations: int, yearly: float, stays: bool, variants: int) -> tuple[Problem, Box]:
    rng = np.random.default_rng(allocations)
    count = round(variants ** (1 / 3))
    bits = max(1, (allocations - 1).bit_length())
    timing = distinct_paths(rng, 2 * count, Case("", yearly=yearly))
    step = steps(rng, -(-variants // count**2), allocations, yearly)
    states = np.concatenate([timing, *((step >> bit & 1).astype(np.bool_) for bit in range(bits))])
    returns = rng.normal(0.0004, 0.012, DAYS) * np.linspace(0.0, 1.0, allocations)[:, None]
    weights = np.linspace(0.0, 1.0, allocations)
    traded = np.abs(weights[:, None] - weights)
    problem = replace(
        build(Case("", variants=8)).problem,
        path_bits=pack(states),
        rule=rule_of(allocations, bits, stays),
        start=0,
        returns=returns[None],
        costs=np.repeat((0.001 * traded)[None, :, :, None], DAYS, axis=3),
        traded=traded[None, :, :, None],
        invested=weights,
    )
    first = 2 * count + np.arange(len(step), dtype=np.int32)[:, None]
    paths = (
        np.arange(count, dtype=np.int32)[:, None],
        count + np.arange(count, dtype=np.int32)[:, None],
        first + len(step) * np.arange(bits, dtype=np.int32),
    )
    return problem, Box(paths, (np.array([0]), np.array([1]), 2 + np.arange(bits)), np.array([0]))


def study_case(allocations: int, variants: int) -> tuple[Problem, Box]:
    """Two legs, cash and ``allocations`` − 2 weights, under one release and one execution."""
    weights = [round(at / (allocations - 1), 4) for at in range(1, allocations - 1)]
    changed = (
        ("signals:\n", f"mixes:\n  held: {{nasdaq: {weights}, sp500: rest, rebalance: monthly}}\nsignals:\n"),
        ("sp500:  otherwise", "held:  otherwise"),
        ("lag: [1, 2], cost: [0, 0.001, 0.003]", "lag: [1], cost: [0.001]"),
        ("  lag: 1\n", f"  held.nasdaq: {weights[0]}\n  lag: 1\n"),
    )
    text = (SHIPPED / "us-demo.yaml").read_text(encoding="utf-8")
    for before, after in changed:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "weights.yaml"
        file.write_text(text)
        study = load_study(file)
    plan = build_plan(study, load_market(study), resolve("cpu"))
    box = ProductGrid(plan, study.space.size, boxed=True).piece(0).work
    assert isinstance(box, Box)
    longest = max(range(len(box.paths)), key=lambda signal: len(box.paths[signal]))
    apart = -(-len(box) // variants)
    paths = tuple(each[::apart] if at == longest else each for at, each in enumerate(box.paths))
    return plan.problem, replace(box, paths=paths)


def spent(run: Callable[[], object], least: float = 0.2) -> float:
    """CPU seconds of a run; the median of as many as take ``least`` seconds."""
    times: list[float] = []
    while sum(times) < least:
        begin = process_time()
        run()
        times.append(process_time() - begin)
    return median(times)


def compare(problem: Problem, box: Box) -> float:
    """The largest difference between product and list, each relative to 1 or the value."""
    found, expected = Product(problem).evaluate(box), backend.evaluate(problem, box.jobs())
    assert (np.isnan(found) == np.isnan(expected)).all()
    difference: Floats = np.abs(found - expected) / np.maximum(1.0, np.abs(expected))
    return float(np.nanmax(difference))


def measure(problem: Problem, box: Box, rounds: int) -> dict[str, list[float]]:
    """Seconds of each form, in turns."""
    jobs, product, prepared = box.jobs(), Product(problem), backend.prepare(problem)
    product.evaluate(box)
    forms: dict[str, Callable[[], object]] = {
        "product": lambda: Product(problem).evaluate(box),
        "list": lambda: backend.evaluate(problem, jobs),
        "bound product": lambda: product.evaluate(box),
        "bound list": lambda: backend.evaluate(problem, jobs, prepared),
        "one metric": lambda: product.evaluate(box, 3),
    }
    turns: dict[str, list[float]] = {name: [] for name in forms}
    for _ in range(rounds):
        for name, run in forms.items():
            turns[name].append(spent(run))
    return turns


def report(problem: Problem, box: Box, rounds: int) -> str:
    difference = compare(problem, box)
    turns = measure(problem, box, rounds)

    def over(one: str, other: str) -> float:
        return median(a / b for a, b in zip(turns[one], turns[other], strict=True))

    times = " ".join(f"{median(each) * 1e3:8.1f}" for each in turns.values())
    ratios = (("list", "product"), ("bound list", "bound product"), ("bound list", "one metric"))
    return f"{times} {' '.join(f'{over(*pair):6.2f}' for pair in ratios)}  {difference:.0e}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.allocations", description=__doc__)
    parser.add_argument("--variants", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--allocations", type=int, nargs="+", default=ALLOCATIONS)
    parser.add_argument("--yearly", type=float, nargs="+", default=YEARLY)
    parser.add_argument("--rules", choices=RULES, nargs="+", default=RULES)
    options = parser.parse_args()
    print("rule, switches a year, allocations, variants; ms of product, list, both bound, the product of one metric;")
    print("list / product, bound list / bound product, bound list / one metric; largest difference", flush=True)
    for rule in options.rules:
        for yearly in options.yearly:
            for allocations in options.allocations:
                if rule == "study" and (yearly != options.yearly[0] or allocations < 4):
                    continue
                problem, box = (
                    study_case(allocations, options.variants)
                    if rule == "study"
                    else case_of(allocations, yearly, rule == "stays", options.variants)
                )
                name = f"{rule:5s} {yearly:4g}" if rule != "study" else f"{rule:10s}"
                print(f"{name} {allocations:4d} {len(box):7d} {report(problem, box, options.rounds)}", flush=True)


if __name__ == "__main__":
    main()
