"""The ledger's count of distinct variants against a plain listing."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridproof.results.ledger.ledger import (
    LedgerFile,
    LedgerHeader,
    TrialAxis,
    ledger_record,
    ledger_rows,
    ledger_total,
)
from gridproof.results.ledger.ranges import FinishedTrials, merge_ranges, range_boxes, within
from gridproof.results.ledger.union_count import count_distinct
from tests.support.trial_axes import NAMES, box, ten_axes

VALUES = (0, 1, 1.5, 2, "x", "y")
NONE = np.empty(0, dtype=np.int64)


def listed(parts: Sequence[FinishedTrials]) -> int:
    """The same count the plain way: every variant as the set of its parameters with their values."""
    seen = set()
    for part in parts:
        cells = list(itertools.product(*(axis.values for axis in part.axes)))
        chosen = [cell for low, high in part.ranges.tolist() for cell in cells[low:high]]
        chosen += [cells[index] for index in part.indices.tolist()]
        for cell in [*chosen, *part.rows]:
            seen.add(
                frozenset((name, value) for axis, value in zip(part.axes, cell, strict=True) for name in axis.names)
            )
    return len(seen)


@st.composite
def grids(draw: st.DrawFn) -> tuple[TrialAxis, ...]:
    """Axes over all of NAMES in some order, some tied, each with some values."""
    names, axes = list(draw(st.permutations(NAMES))), []
    while names:
        tied = draw(st.integers(1, min(3, len(names)))) if draw(st.booleans()) else 1
        values = draw(st.lists(st.sampled_from(VALUES), min_size=1, max_size=4, unique=True))
        axes.append(TrialAxis(tuple(names[:tied]), tuple(values)))
        names = names[tied:]
    return tuple(axes)


@st.composite
def finished(draw: st.DrawFn) -> FinishedTrials:
    axes = draw(grids())
    size = math.prod(len(axis.values) for axis in axes)
    place = st.integers(0, size)
    ranges = draw(st.lists(st.tuples(place, place).map(sorted), max_size=3))
    indices = draw(st.lists(st.integers(0, size - 1), max_size=4))
    rows = draw(st.lists(st.tuples(*(st.sampled_from(VALUES) for _ in axes)), max_size=3))
    array = np.array(ranges, dtype=np.int64).reshape(-1, 2)
    part = FinishedTrials(axes, array, np.array(indices, dtype=np.int64), tuple(rows))
    part.ranges.flags.writeable = part.indices.flags.writeable = False
    return part


@settings(max_examples=50)
@given(st.lists(finished(), max_size=5))
def test_the_count_is_that_of_a_listing(parts: list[FinishedTrials]) -> None:
    assert count_distinct(parts) == listed(parts)
    assert count_distinct(parts[::-1]) == listed(parts)
    assert count_distinct([*parts, *parts]) == listed(parts)


@settings(max_examples=30)
@given(
    parts=st.lists(finished(), min_size=1, max_size=5), runs=st.lists(st.sampled_from("pqr"), min_size=5, max_size=5)
)
def test_files_hold_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, parts: list[FinishedTrials], runs: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("ledger")
    for part, run in zip(parts, runs, strict=False):
        file = LedgerFile(folder, LedgerHeader(run, "study", "market", "strategy", part.axes))
        for low, high in part.ranges.tolist():
            if low < high:
                file.add_range(low, high)
        file.add_indices(part.indices)
        file.add_rows(part.rows)
        if run == "q":
            file.compact()
    assert ledger_total(folder, "market") == listed(parts)
    assert ledger_total(folder, "another") == 0
    by_run = [[part for part, own in zip(parts, runs, strict=False) if own == run] for run in "pqr"]
    assert sum(row.evaluated for row in ledger_rows(folder)) == sum(listed(own) for own in by_run)


@given(st.lists(st.integers(1, 4), max_size=5), st.data())
def test_a_range_is_few_disjoint_boxes(dims: list[int], data: st.DataObject) -> None:
    size = math.prod(dims)
    low, high = sorted((data.draw(st.integers(0, size)), data.draw(st.integers(0, size))))
    boxes = list(range_boxes(low, high, dims))
    cells = [cell for box in boxes for cell in itertools.product(*(range(*side) for side in box))]
    assert sorted(cells) == list(itertools.product(*map(range, dims)))[low:high]
    assert len(boxes) <= max(1, 2 * len(dims))


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=8))
def test_merged_ranges_cover_the_same_and_do_not_touch(pairs: list[tuple[int, int]]) -> None:
    merged = merge_ranges(np.array(pairs, dtype=np.int64).reshape(-1, 2))
    covered = {at for low, high in pairs for at in range(low, high)}
    assert [at for low, high in merged.tolist() for at in range(low, high)] == sorted(covered)
    assert (merged[1:, 0] > merged[:-1, 1]).all()
    assert np.flatnonzero(within(merged, np.arange(-5, 40))).tolist() == [at + 5 for at in sorted(covered)]


def whole(axes: tuple[TrialAxis, ...]) -> FinishedTrials:
    return FinishedTrials(axes, np.array([[0, math.prod(len(axis.values) for axis in axes)]]), NONE)


def test_values_that_two_grids_share_count_once() -> None:
    one, other = box(range(1, 11)), box(range(5, 16))
    assert count_distinct([whole(one), whole(other)]) == 15
    fixed = (*box(range(1, 11)), TrialAxis(("b",), (7,)))
    varied = box(range(5, 16), range(5, 10))
    assert count_distinct([whole(fixed), whole(varied)]) == 10 + 11 * 5 - 6


def test_numbers_are_equal_as_numbers_and_words_are_not() -> None:
    assert count_distinct([whole(box([1, 2])), whole(box([1.0, "1"]))]) == 3
    assert count_distinct([whole(box([0.0])), whole(box([-0.0])), whole(box([2**53])), whole(box([2**53 + 1]))]) == 3


def test_a_tie_is_the_diagonal_of_a_grid_without_it() -> None:
    tied = (TrialAxis(("a", "b"), tuple(range(300))), TrialAxis(("c",), tuple(range(1000))))
    untied = box(range(100, 400), range(200), range(500, 1500))
    assert count_distinct([whole(tied), whole(untied)]) == 300 * 1000 + 300 * 200 * 1000 - 100 * 500


TILE = 10_007


def scattered(axes: tuple[TrialAxis, ...], tiles: int, seed: int) -> FinishedTrials:
    """Tiles of ten billion cells, here and there among the first, that begin and end in the middle of every axis."""
    low = np.random.default_rng(seed).choice(5000, tiles, replace=False) * TILE
    return FinishedTrials(axes, np.stack([low, low + TILE], axis=1), NONE)


@pytest.mark.parametrize("backwards", [False, True])
def test_a_thousand_scattered_tiles_of_ten_billion_cells(backwards: bool) -> None:
    parts = [scattered(ten_axes(), 500, 1), scattered(ten_axes(3, backwards), 500, 2)]
    began = time.process_time()
    count = count_distinct(parts)
    assert time.process_time() - began < 10, "it takes well below a second on a free core"
    # The cells that both have, found the other way round: list those of one and look them up in the other.
    cells = np.concatenate([np.arange(low, high) for low, high in parts[1].ranges.tolist()])
    index = np.zeros(len(cells), dtype=np.int64)
    inside = np.ones(len(cells), dtype=np.bool_)
    for axis in range(10):
        digit = cells // 10 ** (axis if backwards else 9 - axis) % 10 + (3 if axis == 5 else 0)
        inside &= digit < 10
        index = index * 10 + digit
    shared = within(merge_ranges(parts[0].ranges), index[inside]).sum()
    assert shared > 1000
    assert count == 1000 * TILE - shared


def test_many_whole_grids_that_differ_in_some_axes() -> None:
    rng = np.random.default_rng(5)
    grids = []
    for _ in range(300):
        moved = np.zeros(10, dtype=np.int64)
        moved[rng.choice(10, 2, replace=False)] = rng.integers(1, 9, 2)
        grids.append(tuple(TrialAxis((f"p{at}",), tuple(range(by, by + 10))) for at, by in enumerate(moved.tolist())))
    began = time.process_time()
    count = count_distinct([whole(axes) for axes in grids])
    assert time.process_time() - began < 20
    # What lies outside the union has no box; a random point of the frame is inside as often as the count says.
    points = rng.integers(0, 18, (100_000, 10))
    found = np.zeros(len(points), dtype=np.bool_)
    for axes in grids:
        firsts = np.array([axis.values[0] for axis in axes])
        found |= ((points >= firsts) & (points < firsts + 10)).all(axis=1)
    assert found.mean() == pytest.approx(count / 18**10, abs=5 * math.sqrt(found.mean() / len(points)))


def test_other_strategies_and_parameters_are_counted_apart(tmp_path: Path) -> None:
    for run, market, strategy, names in (
        ("one", "m", "s", "ab"),
        ("two", "m", "s", "ab"),
        ("three", "m", "t", "ab"),
        ("four", "m", "s", "ac"),
        ("five", "n", "s", "ab"),
    ):
        LedgerFile(tmp_path, LedgerHeader(run, run, market, strategy, box([1, 2], [3, 4], names=names))).add_range(0, 4)
    assert ledger_total(tmp_path, "m") == 12
    record = ledger_record(ledger_rows(tmp_path))
    assert [(each["market"], each["runs"], each["evaluated"], each["distinct"]) for each in record["markets"]] == [
        ("m", 4, 16, 12),
        ("n", 1, 4, 4),
    ]
    assert [each["studies"] for each in record["markets"][0]["strategies"]] == [["four"], ["one", "two"], ["three"]]
