"""Every kernel in the forms that studies ask for: compiled for this GPU and loaded, with the time it takes cold."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

from benchmarks.gpu.settings import Found, Settings
from gridproof.kernels.cuda.source import (
    LATCH,
    Kernel,
    KernelForm,
    panel_kernel,
    pass_kernel,
    reduction_kernel,
    scan_kernel,
)
from gridproof.kernels.metrics import OBJECTIVES

REDUCTIONS = ("pairs", "surface", "ranks", "best")
PRODUCTS = ("leaves", "combine", "rows", "walk", "conclude")


def forms(settings: Settings) -> Iterator[tuple[str, list[Kernel]]]:
    """Kernels of one source and its options, by what they are for."""
    yield "latch", [LATCH]
    for bits, allocations in product((1, 2, 3, 5, 8, 11, 16), (2, 3, 4, 12)):
        yield f"scan, {bits} bits, {allocations} legs", [scan_kernel(bits, allocations)]
        yield f"scan with restrictions, {bits} bits, {allocations} legs", [scan_kernel(bits, allocations, True)]
        yield f"scan by day, {bits} bits, {allocations} legs", [scan_kernel(bits, allocations, True, True)]
        yield f"scan with drift, {bits} bits, {allocations} legs", [scan_kernel(bits, allocations, True, True, 3)]
    yield "reductions", [reduction_kernel(name) for name in REDUCTIONS]
    yield "passes", [pass_kernel(name) for name in names_in(pass_kernel("join_rows"))]
    yield "panel", [panel_kernel(name) for name in names_in(panel_kernel("place_stocks"))]
    for allocations, holds, metric in product((2, 3, 4, 6), (True, False), (None, *OBJECTIVES)):
        form = KernelForm(allocations, holds, metric)
        yield f"product, {allocations} legs, holds {holds}, {metric}", [form.kernel(name) for name in PRODUCTS]


def names_in(kernel: Kernel) -> list[str]:
    """The kernels of its source."""
    import re

    return re.findall(r"__launch_bounds__\(.*?\) (\w+)\(", kernel.code)


def compile_all(settings: Settings) -> Found:
    device = settings.device()
    load: Callable[[Kernel], Any] = device.function if settings.dry else device.load  # type: ignore[attr-defined]
    slowest, loaded, began = ("", 0.0), 0, time.perf_counter()
    for name, kernels in forms(settings):
        if settings.dry and name not in ("latch", "reductions"):
            continue
        before = time.perf_counter()
        for kernel in kernels:
            load(kernel)
            loaded += 1
        slowest = max(slowest, (name, time.perf_counter() - before), key=lambda each: each[1])
        yield "loaded", loaded
    yield "seconds", time.perf_counter() - began
    yield "slowest", {"form": slowest[0], "seconds": slowest[1]}


def compile_cpu(settings: Settings) -> Found:
    """What later parts ask of the CPU, with small sizes, so that their time is not that of Numba's compiler."""
    import gridproof as gp
    from benchmarks.gpu.boxes import cpu_values, whole_box
    from benchmarks.gpu.panels import cpu_panels
    from benchmarks.problem import Case, build
    from tests.support.tiny import tiny_grid

    grid = build(Case("small", variants=1_000, days=200))
    cpu_values(grid, whole_box(grid))
    yield "boxes", "compiled"
    cpu_panels()
    yield "panels", "compiled"
    gp.run(tiny_grid(), out=settings.out / "small", backend="cpu")
    yield "a study with its verdict", "compiled"
