"""python -m tests.support.guard_pages: the product kernel with a forbidden page behind each array.

Random boxes of many shapes are evaluated with every array of ``pages``, so all buffers of ``buffer_layout``, ending
where a page begins that may be neither read nor written: a touch ends the process by SIGSEGV. Then the same for each
buffer made too small, in a process forked from this one. Prints, as JSON, how many boxes agree, and by which signal
each of these processes ended.
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import signal
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from gridproof.kernels.arrays import Array
from gridproof.kernels.cpu.product import product, units
from gridproof.kernels.cpu.product.buffer_layout import BufferSizes
from gridproof.kernels.cpu.product.product import Product
from gridproof.kernels.threads import limit_threads
from tests.support.agreement import assert_box_agrees
from tests.support.problems import random_box, random_problem

_PROT_NONE = 0


def guarded(*shape: int, kind: type[np.generic] = np.float64) -> Array:
    """As ``page_pool.pages``: an array whose last byte is the last before a forbidden page, filled with ones."""
    size = prod(shape) * np.dtype(kind).itemsize
    whole = -(-size // mmap.PAGESIZE) * mmap.PAGESIZE
    memory = mmap.mmap(-1, whole + mmap.PAGESIZE)
    begin = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    forbid = ctypes.CDLL(None, use_errno=True).mprotect
    forbid.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    if forbid(begin + whole, mmap.PAGESIZE, _PROT_NONE):
        raise OSError(ctypes.get_errno(), "mprotect")
    array = np.frombuffer(memory, dtype=np.uint8)[whole - size : whole]
    array[:] = 0xFF
    return array.view(kind).reshape(shape)


def evaluate_boxes(buffer: str | None) -> int:
    """Evaluate random boxes, with one thread, so that no other's buffer stands behind; returns how many."""
    limit_threads(1)
    product.pages = guarded
    if buffer is not None:
        place_tables = product.place_tables

        def cut_short(*arguments: Any) -> Any:
            layout, sizes = place_tables(*arguments)
            return layout, sizes._replace(**{buffer: 8})

        product.place_tables = cut_short
    count = 60
    for seed in range(count):
        rng = np.random.default_rng(seed)
        bits, legs = int(rng.integers(1, 6)), int(rng.integers(2, 5)) if seed % 4 else int(rng.integers(14, 40))
        problem = random_problem(
            rng, days=int(rng.integers(1, 250)), bits=bits, legs=legs, rows=12, flip=(0.0, 0.02, 0.3)[seed % 3],
            lead=int(rng.integers(3, 70)),
        )  # fmt: skip
        if seed % 5 == 0:
            problem = replace(problem, rule=np.tile(problem.rule[:1], (legs, 1)))
        units.UNIT = units._SMALLEST = (3, 40, 500)[seed % 3]
        product.BLOCK_ENTRIES = (1, 60, 1000)[seed // 3 % 3]
        box = random_box(rng, problem, bits, most=20 if bits < 3 else 5)
        assert_box_agrees(problem, box, Product(problem, seed % 6).evaluate(box), rng)
    return count


def fault_of(buffer: str) -> str:
    """The signal that ends a process in which a buffer is too small; empty where none does."""
    child = os.fork()
    if child == 0:
        evaluate_boxes(buffer)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else ""


if __name__ == "__main__":
    boxes = evaluate_boxes(None)
    print(json.dumps({"boxes": boxes, "faults": {buffer: fault_of(buffer) for buffer in BufferSizes._fields}}))
