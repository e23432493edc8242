"""The classes of paths against those that a dictionary finds."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridproof.kernels.cpu.product.day_tree import LEAF, DayTree
from gridproof.kernels.cpu.product.path_classes import PathClasses, SignalPaths
from gridproof.kernels.cpu.product.product import Product
from gridproof.kernels.cpu.product.units import cut_box
from gridproof.kernels.paths import unpack
from tests.support.problems import random_box, random_problem


@settings(max_examples=30)
@given(
    seed=st.integers(0, 2**32 - 1),
    days=st.integers(1, 150),
    flip=st.sampled_from([0.0, 0.02, 0.3, 1.0]),
    top=st.integers(0, 4),
    lead=st.integers(3, 70),
)
def test_paths_are_of_one_class_where_they_agree(seed: int, days: int, flip: float, top: int, lead: int) -> None:
    """In every node; keys are the codes, children the classes in the halves, and equal first codes are neighbours."""
    rng = np.random.default_rng(seed)
    problem = random_problem(rng, days=days, bits=4, flip=flip, lead=lead)
    box = random_box(rng, problem, 4, most=9)
    signals, _ = cut_box(box, list(range(len(box.paths))), 5)
    product, delay = Product(problem, top), lead - 1
    found, tree = product.classify(signals, delay), product.tree(delay)
    states = unpack(problem.path_bits, problem.decision_days)
    for chunk, (signal, low, high) in enumerate(signals.chunks):
        bits = signals.bits[signal]
        codes = np.zeros((high - low, problem.decision_days), dtype=np.int64)
        for bit in range(bits):
            codes |= states[signals.rows[low:high, bit]].astype(np.int64) << signals.code_bits[signal, bit]
        check_chunk(found, tree, signals, chunk, codes, delay)


def check_chunk(
    found: PathClasses, tree: DayTree, signals: SignalPaths, chunk: int, codes: np.ndarray, delay: int
) -> None:
    _, low, high = signals.chunks[chunk]
    nodes, size = found.counts.shape[1], high - low
    part = slice(nodes * low, nodes * high)
    classes = found.classes[part].reshape(nodes, size)
    keys = found.keys[part].reshape(nodes, size)
    children = found.children[part].reshape(nodes, size, 2)
    levels = tree.nodes.shape[1] - 1
    for span, (first, end) in enumerate(tree.spans):
        for level in range(levels):
            for index in range(tree.nodes[span, level + 1] - tree.nodes[span, level]):
                node = tree.nodes[span, level] + index
                length = LEAF << level
                days = np.minimum(first + index * length + np.arange(length), end - 1) + delay
                rows = [tuple(row) for row in codes[:, days].tolist()]
                own, count = classes[node], found.counts[chunk, node]
                assert len(set(rows)) == count
                assert len(set(zip(rows, own.tolist(), strict=True))) == count, "one number for each distinct row"
                assert sorted(set(own.tolist())) == list(range(count))
                firsts = [dict(zip(own.tolist(), rows, strict=True))[one][0] for one in range(count)]
                assert sum(one != other for one, other in pairwise(firsts)) == len(set(firsts)) - 1
                for row, one in zip(rows, own.tolist(), strict=True):
                    if level == 0:
                        assert keys[node, one] == sum(code << 16 * day for day, code in enumerate(row))
                        continue
                    assert keys[node, one] == row[0]
                    below = tree.nodes[span, level - 1] + 2 * index
                    path = rows.index(row)
                    assert children[node, one].tolist() == [classes[below, path], classes[below + 1, path]]


def test_chunks_that_are_not_chosen_stay_as_they_are() -> None:
    rng = np.random.default_rng(8)
    problem = random_problem(rng, days=90, bits=3, rows=20)
    box = random_box(rng, problem, 3, most=9)
    signals, _ = cut_box(box, list(range(len(box.paths))), 2)
    product = Product(problem, 2)
    made, again = product.classify(signals, 2), product.classify(signals, 2)
    nodes = made.counts.shape[1]
    for array in again:
        array.view(np.uint8)[...] = 0xFF
    chosen = np.arange(0, len(signals.chunks), 2)
    product._classify(signals, 2, again, chosen)
    for chunk, (_, low, high) in enumerate(signals.chunks):
        part = slice(nodes * low, nodes * high)
        if chunk in chosen:
            np.testing.assert_array_equal(again.classes[part], made.classes[part])
            np.testing.assert_array_equal(again.counts[chunk], made.counts[chunk])
        else:
            for array in (again.classes[part], again.keys[part], again.children[part], again.counts[chunk]):
                assert (array.view(np.uint8) == 0xFF).all()
