"""Boxes in the ledger: counted by value with ranges and rows of other files, kept by a fold, thousands in a second."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridproof.kernels.errors import InputError
from gridproof.results.ledger import file as ledger_file
from gridproof.results.ledger.ledger import LedgerFile, LedgerHeader, TrialAxis, ledger_rows, ledger_total, read_ledger
from gridproof.sweeps.execution.ledger_entries import trials_of
from gridproof.sweeps.execution.recording import SearchLedger
from tests.support.searched import searched

# Names of each axis: the second moves two parameters.
NAMES = (("a",), ("b", "c"), ("d",))
VALUES: tuple[tuple[Any, ...], ...] = ((0, 1, 2, 3, 4), (0.5, 1.5, 2.5, 3.5), ("x", "y", "z"))


def trials(values: tuple[tuple[Any, ...], ...], run: str = "run") -> LedgerHeader:
    axes = tuple(TrialAxis(names, own) for names, own in zip(NAMES, values, strict=True))
    return LedgerHeader(run, "study", "market", "strategy", axes)


BARE = trials(((), (), ()))
SUBSETS = [st.lists(st.sampled_from(own), min_size=1, unique=True) for own in VALUES]
BOXES = st.lists(st.tuples(*SUBSETS), max_size=6)
ROWS = st.lists(st.tuples(*(st.sampled_from(own) for own in VALUES)), max_size=5)
GRIDS = st.lists(st.tuples(st.tuples(*SUBSETS), st.integers(0, 60), st.integers(0, 60)), max_size=3)


@settings(max_examples=60)
@given(boxes=BOXES, rows=ROWS, grids=GRIDS, fold=st.booleans())
def test_boxes_ranges_and_rows_are_counted_as_listed(
    tmp_path_factory: pytest.TempPathFactory, boxes: Any, rows: Any, grids: Any, fold: bool
) -> None:
    folder = tmp_path_factory.mktemp("ledger")
    file, seen = LedgerFile(folder, BARE), set(rows)
    for box in boxes:
        file.add_box(box)
        seen |= set(itertools.product(*box))
    file.add_rows(rows)
    if fold:
        file.compact()
    for number, (values, first, last) in enumerate(grids):
        grid = trials(tuple(map(tuple, values)), f"grid{number}")
        low, high = sorted((first % grid.size, last % grid.size + 1))
        if low < high:
            LedgerFile(folder, grid).add_range(low, high)
            seen |= set(list(itertools.product(*values))[low:high])
    assert ledger_total(folder, "market") == len(seen)


def test_a_box_across_a_tie_meets_a_grid_without_it(tmp_path: Path) -> None:
    tied, free = LedgerFile(tmp_path, BARE), tuple(TrialAxis((name,), (1, 2, 3)) for name in "abcd")
    tied.add_box([(1, 2), (2, 3, 4), (1,)])
    LedgerFile(tmp_path, LedgerHeader("run2", "study", "market", "strategy", free)).add_range(0, 81)
    # Of the box b = c = 2 and 3 lie in the grid; 4 does not.
    assert ledger_total(tmp_path, "market") == 81 + 2


def test_numbers_are_equal_as_numbers(tmp_path: Path) -> None:
    file = LedgerFile(tmp_path, BARE)
    file.add_box([(1, 2), (0.5,), ("x",)])
    file.add_box([(1.0, 2.0), (0.5,), ("x",)])
    file.add_rows([(2.0, 0.5, "x")])
    assert ledger_total(tmp_path, "market") == 2


def test_a_fold_keeps_boxes_once_and_whole(tmp_path: Path) -> None:
    file = LedgerFile(tmp_path, BARE)
    long = tuple(round(0.001 * step, 3) for step in range(1000))
    for _ in range(3):
        file.add_box([(1, 2, 3), long, ("x", "z")])
        file.add_box([(1,), (0.1, 0.25), ("y",)])
    file.compact()
    [(_, finished)] = list(read_ledger(tmp_path))
    boxes = [[tuple(values) for values in each] for each in finished.boxes]
    assert boxes == [[(1, 2, 3), long, ("x", "z")], [(1,), (0.1, 0.25), ("y",)]]
    assert len(file.path.read_text()) < 600, "evenly spaced values as first, step and count"
    for _ in range(300):  # more lines than a file has before it is written anew
        file.add_box([(1,), (0.1, 0.25), ("y",)])
    assert len(file.path.read_text().splitlines()) < 100
    assert ledger_total(tmp_path, "market") == 6002


def test_a_torn_box_does_not_count(tmp_path: Path) -> None:
    file = LedgerFile(tmp_path, BARE)
    file.add_box([(1,), (0.5,), ("x", "y")])
    file.add_box([(2,), (0.5,), ("x", "y")])
    file.path.write_bytes(file.path.read_bytes()[:-3])
    assert ledger_total(tmp_path, "market") == 2


@pytest.mark.parametrize(
    ("box", "fault"),
    [
        ([(1, 1), (0.5,), ("x",)], "each value of a ledger axis must occur once"),
        ([(float("nan"),), (0.5,), ("x",)], "a value in the ledger must be a finite number or text"),
        ([(True,), (0.5,), ("x",)], "a value in the ledger must be a finite number or text"),
    ],
)
def test_what_is_no_box_is_refused(tmp_path: Path, box: Any, fault: str) -> None:
    with pytest.raises(InputError, match=fault):
        LedgerFile(tmp_path, BARE).add_box(box)
    assert not list(tmp_path.iterdir())


def listed(values: Mapping[str, Sequence[Any]]) -> set[tuple[Any, ...]]:
    return set(itertools.product(*(values[name] for name in searched().space.names)))


def test_a_search_and_runs_of_the_same_file_share_what_both_evaluated(tmp_path: Path) -> None:
    """Boxes of a search on the grid and beside it, points on both, and runs of a part of the grid and of all."""
    study = searched()
    ledger, folder = SearchLedger(study, tmp_path / "found", None), tmp_path / "ledger"
    base = {name: (value,) for name, value in study.base.items()}
    on_grid = base | {"rate.window": (20, 30), "rate.on_above": (0.0, 0.05), "trend.on_above": (-0.01, 0.0, 0.01)}
    off_grid = base | {"rate.window": (21,), "rate.off_gap": (0.0, 0.05, 0.1)}
    points = [base | {"rate.window": (window,)} for window in (30, 22)] + [base | {"trend.window": (17,)}] * 2
    for box in (on_grid, off_grid):
        ledger.add_box(box)
    ledger.add_points([{name: values[0] for name, values in point.items()} for point in points])
    seen: set[Any] = set().union(*(listed(each) for each in (on_grid, off_grid, *points)))
    assert ledger_total(folder, trials_of(study, None, "").market) == len(seen) == 12 + 3 + 2
    for number, part in enumerate((study.set({"rule": "guarded", "rate.window": [20, 25, 60], "lag": 1}), study)):
        LedgerFile(folder, trials_of(part, None, f"run{number}")).add_range(0, part.space.size)
        seen |= listed({axis.name: axis.values for axis in part.space.axes})
        [row] = ledger_rows(folder)
        assert (row.runs, row.distinct) == (number + 2, len(seen))


def test_thousands_of_boxes_are_counted_in_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    names = [f"p{number}" for number in range(24)]
    bare = LedgerHeader("run", "study", "market", "strategy", tuple(TrialAxis((name,), ()) for name in names))
    levels: list[tuple[float, ...]] = [tuple(0.01 * step for step in range(16)), (0.0,)]
    monkeypatch.setattr(ledger_file, "LINES_BEFORE_COMPACTION", 10**6)
    file = LedgerFile(tmp_path, bare)
    file.add_rows([[0] * 24])
    expected = 1
    for number in range(2000):
        structure = [(float(value),) for value in rng.integers(1, 30, 17)]
        box = [(number + 0.5,), *structure, *(levels[int(kind)] for kind in rng.integers(0, 2, 6))]
        expected += int(np.prod([len(values) for values in box]))
        file.add_box(box)
    began = time.process_time()
    assert ledger_total(tmp_path, "market") == expected
    assert time.process_time() - began < 4.0, "about 1 s where nothing else runs"
