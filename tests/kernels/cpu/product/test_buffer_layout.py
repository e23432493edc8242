"""The buffers of a thread: large enough, and nothing is read or written beyond them."""

from __future__ import annotations

import json
import subprocess
import sys
from math import prod
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridproof.kernels.cpu.product.buffer_layout import BufferLayout, BufferSizes, assert_disjoint, place_tables
from gridproof.kernels.cpu.product.product import Product
from gridproof.kernels.cpu.product.units import cut_box
from tests.support.problems import random_box, random_problem


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), top=st.integers(0, 4), room=st.integers(1, 200), unit=st.integers(1, 60))
def test_every_table_of_every_unit_has_room(seed: int, top: int, room: int, unit: int) -> None:
    """The sizes of all tables counted one by one: they end before the next begins, in their buffers."""
    rng = np.random.default_rng(seed)
    bits, legs = int(rng.integers(1, 6)), int(rng.integers(2, 5))
    problem = random_problem(rng, days=int(rng.integers(1, 150)), bits=bits, legs=legs, flip=0.1)
    box = random_box(rng, problem, bits)
    signals, work = cut_box(box, sorted(range(len(box.paths)), key=lambda at: len(box.paths[at])), unit)
    product = Product(problem, top)
    nodes, counts = product.tree(2).nodes, product.classify(signals, 2).counts
    codes = problem.rule.shape[1]
    layout, sizes = place_tables(work.units, work.chunks, nodes, counts, codes, legs, 32, room)
    begins, buffers = layout.tables.astype(int), (sizes.sums // 8, sizes.rows, sizes.patterns)
    assert sizes.shapes // 4 == sizes.sums // 8 == sizes.counts // 32
    for unit_chunks in work.units:
        paths = [int(work.chunks[chunk, 2] - work.chunks[chunk, 1]) for chunk in unit_chunks]
        width = -(-paths[-1] // 8) * 8
        variants = prod(paths[:-1]) * width
        assert begins[0, 0, 0] >= variants
        assert sizes.states >= 3 * variants
        assert begins[0, 0, 2] >= 2 * width, "behind the patterns of flat rows"
        for span in range(len(nodes)):
            for level in range(top + 1):
                for node in range(nodes[span, level], nodes[span, level + 1]):
                    *outer, columns = (int(counts[chunk, node]) for chunk in unit_chunks)
                    rows = prod(outer)
                    # Versions of every entry, and seven more that a last join of eight writes.
                    entries = rows * columns * legs + 7
                    words = min(rows, codes) * (width if level == top else columns)
                    need = np.array([entries, 2 * rows, words])
                    for side in range(2 if level < top else 1):
                        end = begins[level, side] + need
                        if level == top:
                            assert (layout.block_end.astype(int) + need <= buffers).all()
                        else:
                            following = begins[level, 1] if side == 0 else begins[level + 1, 0]
                            assert (end <= following).all()
                    padded = rows * (-(-columns * legs // 8) * 8)
                    assert sizes.lists >= width * legs + 3 * padded
    np.testing.assert_array_equal(layout.block_end.astype(int) - begins[top, 0], [room, 2 * room, room])


@pytest.mark.parametrize("field", BufferSizes._fields[:2] + BufferSizes._fields[3:5])
def test_a_layout_that_does_not_fit_is_refused(field: str) -> None:
    each = np.array([[10, 4, 6], [20, 6, 12]])
    tables = np.array([[[5, 0, 3], [15, 4, 9]], [[25, 8, 15], [25, 8, 15]]], dtype=np.uint64)
    layout = BufferLayout(tables, np.array([27, 12, 17], dtype=np.uint64), 1, 0)
    sizes = BufferSizes(47 * 8, 47 * 4, 15, 18, 29, 100, 0)
    assert_disjoint(layout, sizes, each)
    with pytest.raises(AssertionError):
        assert_disjoint(layout, sizes._replace(**{field: getattr(sizes, field) - 1}), each)
    tables[0, 1] += np.uint64(1)
    with pytest.raises(AssertionError):
        assert_disjoint(layout, sizes, each)


@pytest.fixture(scope="module")
def guarded() -> dict[str, Any]:
    """Random boxes in a process of its own, each buffer and table of classes ending where a forbidden page begins."""
    command = [sys.executable, "-m", "tests.support.guard_pages"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"exit {done.returncode}\n{done.stderr[-2000:]}"
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_no_box_reaches_beyond_its_buffers(guarded: dict[str, Any]) -> None:
    assert guarded["boxes"] == 60


@pytest.mark.parametrize("buffer", BufferSizes._fields)
def test_a_buffer_that_is_too_small_faults(buffer: str, guarded: dict[str, Any]) -> None:
    """The guard pages do their work: the same boxes with one buffer cut short end the process."""
    assert guarded["faults"][buffer] == "SIGSEGV"
