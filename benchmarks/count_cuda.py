"""Counts of the work of a product of a billion variants, for docs/cuda.md: python -m benchmarks.count_cuda.

Prints the joins of a variant, what neighbouring threads share, and the time that the host takes for a box's classes. No
GPU is used.
"""

from __future__ import annotations

import argparse
from dataclasses import fields, replace
from itertools import pairwise
from statistics import median
from time import perf_counter

import numpy as np

from benchmarks.problem import Case, build, distinct_paths
from gridproof.kernels.cpu.product.product import Product
from gridproof.kernels.cuda.classes import DeviceClasses
from gridproof.kernels.cuda.source import THREADS, KernelForm
from gridproof.kernels.paths import pack
from gridproof.kernels.threads import thread_count

PATHS, LEADING = 1_000, 16
SECTOR = 32


def main() -> None:
    argparse.ArgumentParser(prog="python -m benchmarks.count_cuda", description=__doc__).parse_args()
    case = Case("headline")
    rng = np.random.default_rng(case.seed)
    states = np.concatenate([distinct_paths(rng, PATHS, case) for _ in range(3)])
    problem = replace(build(replace(case, variants=8)).problem, path_bits=pack(states))
    product = Product(problem)
    classes = DeviceClasses(problem, product)
    sizes = (LEADING, PATHS, PATHS)
    paths = [(np.arange(size, dtype=np.int32) + PATHS * at)[:, None] for at, size in enumerate(sizes)]
    tile = classes.tile(paths, [np.array([at]) for at in range(3)], 0)
    nodes, variants = classes.tree(0).nodes[0], LEADING * PATHS**2
    levels = [int(tile.combinations[low:high].sum()) for low, high in pairwise(nodes)]
    print(f"a box of {variants:,} variants, blocks of {4 << product.top} days: {nodes[-1] - nodes[-2]} joins a variant")
    print(f"combinations, from leaves to blocks: {', '.join(f'{each:,}' for each in levels)}")
    print(
        f"combined for each variant: {sum(levels[1:]) / variants:.2f}, in up to {KernelForm(3, True).versions} versions"
    )
    print(f"classes of a block, by signal: {tile.counts[nodes[-2] : nodes[-1]].mean(axis=0).round(1).tolist()}")
    sent = sum(getattr(tile, field.name).nbytes for field in fields(tile))
    print(f"sent for the box: {sent / 1e6:.1f} MB of classes")
    seconds = []
    for begin in range(LEADING, 11 * LEADING, LEADING):  # of the next boxes only the leading paths are new
        before = perf_counter()
        classes.tile([paths[0] + begin, *paths[1:]], [np.array([at]) for at in range(3)], 0)
        seconds.append(perf_counter() - before)
    print(f"the next box's classes and their layout: {median(seconds) * 1e3:.1f} ms on {thread_count()} threads")
    for metric in ("sharpe", None):
        form = KernelForm(3, True, metric)
        values = sectors(tile.inner * form.versions, form.width * 8)
        marks = sectors(tile.inner * form.versions, 4)
        print(
            f"{metric or 'all metrics'}: a block of threads reads {values:.0f} sectors of entries, {marks:.0f} of marks"
        )


def sectors(entries: np.ndarray, width: int) -> float:
    """Different sectors that a block of threads reads of a row, entries (blocks of days, paths) of ``width`` bytes."""
    whole = entries[:, : entries.shape[1] // THREADS * THREADS].astype(np.int64) * width
    parts = [(whole + min(offset, width - 1)) // SECTOR for offset in range(0, max(width, SECTOR), SECTOR)]
    touched = np.sort(np.stack(parts, axis=-1).reshape(len(entries), -1, THREADS * len(parts)), axis=-1)
    return float(((np.diff(touched, axis=-1) != 0).sum(axis=-1) + 1).mean())


if __name__ == "__main__":
    main()
