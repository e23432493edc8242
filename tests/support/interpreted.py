"""The product kernel run by Python itself: nothing compiled, the SIMD pieces by their NumPy twins."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np
from numba.core.registry import CPUDispatcher

from gridproof.kernels.cpu import closed_form
from gridproof.kernels.cpu.product import (
    block_sweep,
    block_tables,
    day_tables,
    path_classes,
    product,
    segment_metrics,
    unit,
)
from tests.support import simd_twins

MODULES = (closed_form, unit, path_classes, day_tables, block_tables, segment_metrics, block_sweep, product)
TWINS = (
    "transpose_eight", "half_of_power", "join_days", "join_eight", "walk_eight", "walk_sixteen", "count_days",
    "count_eight",
)  # fmt: skip


def run_range(kernel: Callable[..., None], count: int, *arguments: Any, least: int = 1) -> None:
    """As ``threads.run_ranges``, in one range."""
    kernel(0, count, *arguments)


def log1p(value: float) -> float:
    """As the C library, which compiled code calls: with AVX-512, NumPy's own may differ in the last digit."""
    return math.log1p(value) if value > -1.0 else -math.inf if value == -1.0 else math.nan


@contextmanager
def interpreted() -> Iterator[None]:
    """Within it, ``Product.evaluate`` runs in Python, where an index beyond an array raises."""
    undo: list[Any] = []
    try:
        for module in MODULES:
            for name, value in list(vars(module).items()):
                if name in TWINS:
                    undo.append(patch.object(module, name, getattr(simd_twins, name)))
                elif isinstance(value, CPUDispatcher):
                    undo.append(patch.object(module, name, value.py_func))
                elif name == "run_ranges":
                    undo.append(patch.object(module, name, run_range))
                else:
                    continue
                undo[-1].start()
        undo.append(patch.object(np, "log1p", log1p))
        undo[-1].start()
        with np.errstate(all="ignore"):
            yield
    finally:
        for each in reversed(undo):
            each.stop()
