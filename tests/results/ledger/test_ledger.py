"""The ledger: its count against a plain listing, its files against writers that meet, are killed or fill them."""

from __future__ import annotations

import itertools
import json
import math
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.reliability.processes import fork
from gridproof.kernels.errors import InputError
from gridproof.results.ledger import file as ledger_file
from gridproof.results.ledger.file import read_file
from gridproof.results.ledger.ledger import (
    LedgerFile,
    LedgerHeader,
    TrialAxis,
    cut_off_files,
    ledger_record,
    ledger_rows,
    ledger_total,
)
from gridproof.results.ledger.ranges import FinishedTrials, merge_ranges, range_boxes, within
from gridproof.results.ledger.union_count import count_distinct

NAMES = ("a", "b", "c", "d")
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


@settings(max_examples=50, deadline=None)
@given(st.lists(finished(), max_size=5))
def test_the_count_is_that_of_a_listing(parts: list[FinishedTrials]) -> None:
    assert count_distinct(parts) == listed(parts)
    assert count_distinct(parts[::-1]) == listed(parts)
    assert count_distinct([*parts, *parts]) == listed(parts)


@settings(max_examples=30, deadline=None)
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


def box(*values: Sequence[ledger_file.Value], names: Sequence[str] = NAMES) -> tuple[TrialAxis, ...]:
    return tuple(TrialAxis((name,), tuple(each)) for name, each in zip(names, values, strict=False))


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


def ten_axes(first: int = 0, backwards: bool = False) -> tuple[TrialAxis, ...]:
    """Ten axes of 0 … 9, the sixth from ``first`` on."""
    begins = [first if at == 5 else 0 for at in range(10)]
    axes = tuple(TrialAxis((f"p{at}",), tuple(range(begin, begin + 10))) for at, begin in enumerate(begins))
    return axes[::-1] if backwards else axes


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


def test_ten_billion_cells_cost_kilobytes(tmp_path: Path) -> None:
    file = LedgerFile(tmp_path, LedgerHeader("run", "study", "market", "strategy", ten_axes()))
    largest = 0
    for low in range(0, 10**10, 2**20):
        file.add_range(low, min(10**10, low + 2**20))
        if low % (2**20 * 100) == 0:
            largest = max(largest, file.path.stat().st_size)
    assert largest < 16_000
    file.compact()
    assert file.path.stat().st_size < 2_000
    assert ledger_total(tmp_path, "market") == 10**10
    assert [path.name for path in tmp_path.iterdir()] == [file.path.name]


def test_an_axis_of_a_million_decimals_is_short(tmp_path: Path) -> None:
    values = tuple(float(f"{at}e-6") for at in range(1_000_000))
    file = LedgerFile(
        tmp_path, LedgerHeader("run", "study", "market", "strategy", box(values, [0.1, 0.2, 0.25], [1, 2.0]))
    )
    file.add_range(0, 10)
    assert file.path.stat().st_size < 1000
    record = read_file(file.path)
    assert record is not None
    assert record[0] == file.header
    assert [type(value) for axis in record[0].axes[1:] for value in axis.values] == [float] * 3 + [int, float]


def test_files_of_earlier_versions_are_read(tmp_path: Path) -> None:
    """Values once written as first value, step and count: a step below 0, whole numbers, and decimals."""
    axes = [
        {"names": ["a"], "values": {"from": 3, "step": "-1", "count": 3}},
        {"names": ["b"], "values": {"from": 0.1, "step": "0.02", "count": 26}},
        {"names": ["c"], "values": {"from": 20, "step": "20", "count": 3}},
    ]
    header = {"ledger": 1, "run": "r", "study": "s", "market": "m", "strategy": "t", "axes": axes}
    (tmp_path / "old.jsonl").write_text(json.dumps(header) + "\n[0,234]\n", encoding="utf-8")
    content = read_file(tmp_path / "old.jsonl")
    assert content is not None
    decimals = [round(0.1 + 0.02 * at, 2) for at in range(26)]
    assert [tuple(axis.values) for axis in content[0].axes] == [(3, 2, 1), tuple(decimals), (20, 40, 60)]
    same = LedgerFile(tmp_path, LedgerHeader("r2", "s", "m", "t", box([1, 2, 3], decimals, [20, 40, 60])))
    same.add_range(0, 234)
    assert ledger_total(tmp_path, "m") == 234


def write_tiles(folder: Path, number: int) -> int:
    """A process of its own: every third tile of a grid, from ``number`` on, and the first ten with everyone."""
    ledger_file.LINES_BEFORE_COMPACTION = 50
    file = LedgerFile(folder, LedgerHeader(f"run{number % 2}", "study", "market", "strategy", ten_axes()))
    for tile in [*range(10), *range(10 + number, 610, 3)]:
        file.add_range(tile * 1000, tile * 1000 + 1000)
        file.add_indices(np.array([10**9 + tile, 10**9 + number]))
    return 0


def test_writers_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "ledger"
    writers = [fork(partial(write_tiles, folder, number % 3), tmp_path / f"log-{number}") for number in range(4)]
    counts = []
    while [writer for writer in writers if writer.running()]:
        counts.append(ledger_total(folder, "market") if folder.is_dir() else 0)
        time.sleep(0.05)
    for writer in writers:
        assert writer.ended().code == 0, writer.ended().errors
    assert counts == sorted(counts), "a reader in between sees what was there before, and more"
    points = {10**9 + tile for tile in range(610)}
    assert ledger_total(folder, "market") == 610_000 + len(points)
    assert len(list(folder.glob("*.jsonl"))) == 4
    assert [row.runs for row in ledger_rows(folder)] == [2]


def test_a_torn_last_line_does_not_count(tmp_path: Path) -> None:
    trials = LedgerHeader("run", "study", "market", "strategy", box(range(1000)))
    file = LedgerFile(tmp_path / "whole", trials)
    counts = {}
    for low in range(0, 50, 10):
        file.add_range(low, low + 10)
        counts[file.path.stat().st_size] = low + 10
    file.add_indices(np.array([999, 500]))
    counts[file.path.stat().st_size] = 52
    text = file.path.read_bytes()
    torn = tmp_path / "torn"
    torn.mkdir()
    for length in range(len(text) + 1):
        (torn / "run.jsonl").write_bytes(text[:length])
        expected = max((count for size, count in counts.items() if size <= length), default=0)
        assert ledger_total(torn, "market") == expected
    # The same tile goes into another file when it is done again.
    (torn / "run.jsonl").write_bytes(text[: min(counts) + 3])
    LedgerFile(torn, trials).add_range(10, 20)
    assert ledger_total(torn, "market") == 20


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("[1", "JSONDecodeError"),
        ("[1,2,3]", "ValueError"),
        ("[0,5000]", "0 to 5000 on a grid that ends at 1000"),
        ("[0,99999999999999999999]", "OverflowError"),
        ('{"indices":"AAAA"}', "error"),
        ('{"cells":[1]}', "KeyError"),
        ("7", "TypeError"),
    ],
)
def test_a_damaged_line_of_an_earlier_version_is_one_error(tmp_path: Path, line: str, fault: str) -> None:
    axes = [{"names": ["a"], "values": {"from": 0, "step": "1", "count": 1000}}]
    header = {"ledger": 1, "run": "run", "study": "study", "market": "market", "strategy": "strategy", "axes": axes}
    (tmp_path / "run.jsonl").write_text(f"{json.dumps(header)}\n[0,10]\n{line}\n[10,20]\n", encoding="utf-8")
    with pytest.raises(
        InputError, match=rf"jsonl:3: a ledger line must be a valid record; got .*{fault}.* Restore the file"
    ):
        ledger_total(tmp_path, "market")


def written(tmp_path: Path) -> LedgerFile:
    """A file with a line of each kind."""
    file = LedgerFile(tmp_path, LedgerHeader("run", "study", "market", "strategy", box(range(50), (7, 8))))
    file.add_range(0, 10)
    file.add_indices(np.array([40, 60]))
    file.add_rows([(3, 9)])
    file.add_box([(1, 2, 3), (20,)])
    file.add_range(10, 20)
    return file


TOTAL = 20 + 2 + 1 + 3


@pytest.mark.parametrize("compacted", [False, True])
def test_a_changed_byte_is_found_wherever_it_is(tmp_path: Path, compacted: bool) -> None:
    file = written(tmp_path)
    if compacted:
        file.compact()
    assert ledger_total(tmp_path, "market") == TOTAL
    text = file.path.read_bytes()
    for at in range(len(text) - 1):
        for change in (0x01, 0x20, text[at] ^ ord("\n")):
            file.path.write_bytes(text[:at] + bytes([text[at] ^ change]) + text[at + 1 :])
            if change:
                with pytest.raises(InputError, match=r"jsonl:\d: a ledger (line|file) must .* Restore the file"):
                    ledger_total(tmp_path, "market")


@pytest.mark.parametrize("compacted", [False, True])
def test_lines_that_are_gone_moved_or_of_another_file_are_found(tmp_path: Path, compacted: bool) -> None:
    file, other = written(tmp_path), written(tmp_path / "other")
    other.add_range(30, 40)
    if compacted:
        file.compact()
        other.compact()
    lines, theirs = (each.path.read_bytes().splitlines(keepends=True) for each in (file, other))
    changes = {f"without {at}": lines[:at] + lines[at + 1 :] for at in range(len(lines) - 1 + compacted)}
    changes |= {f"{at} twice": lines[: at + 1] + lines[at:] for at in range(len(lines))}
    changes |= {
        "two lines exchanged": [*lines[:2], lines[3], lines[2], *lines[4:]],
        "a foreign line": [*lines, theirs[1]],
    }
    for changed in changes.values():
        file.path.write_bytes(b"".join(changed))
        with pytest.raises(InputError, match=r"a ledger (line|file) must"):
            ledger_total(tmp_path, "market")


@pytest.mark.parametrize(
    "content",
    [bytes(300), b'{"ledger":2,"run":"a' + bytes(9), b"a,b", b"PK\x03\x04", b"\n", b"{}\n", b"7\n", b'{"a":1}\n'],
)
def test_a_file_that_is_no_ledger_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "zeros.jsonl").write_bytes(content)
    with pytest.raises(InputError, match=r"zeros.jsonl:1: a ledger (line|file) must"):
        ledger_total(tmp_path, "market")


@pytest.mark.parametrize("content", [b"", b'{"ledger":2,"run":"a', b'{"ledger":1}'])
def test_a_file_without_a_whole_line_is_named_as_cut_off(tmp_path: Path, content: bytes) -> None:
    written(tmp_path)
    (tmp_path / "cut.jsonl").write_bytes(content)
    assert ledger_total(tmp_path, "market") == TOTAL
    [sentence] = cut_off_files(tmp_path)
    assert sentence.startswith(f"{tmp_path / 'cut.jsonl'}: its last line is cut off")


def test_what_cannot_be_recorded_is_refused(tmp_path: Path) -> None:
    def trials(*axes: TrialAxis) -> LedgerHeader:
        return LedgerHeader("run", "study", "market", "strategy", axes)

    with pytest.raises(InputError, match="a parameter must be on only one axis of the ledger; got a"):
        trials(TrialAxis(("a",), (1,)), TrialAxis(("b", "a"), (2,)))
    with pytest.raises(InputError, match="each value of a ledger axis must occur once; got 1"):
        trials(TrialAxis(("a",), (1, 2, 1.0)))
    for wrong in (math.nan, math.inf, True, None):
        with pytest.raises(InputError, match=f"a value in the ledger must be a finite number or text; got {wrong}"):
            trials(TrialAxis(("a",), (wrong,)))  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"a grid in the ledger must have fewer than 2\^62 variants; got 1e\+19"):
        trials(*(TrialAxis((f"p{at}",), tuple(range(10))) for at in range(19)))
    file = LedgerFile(tmp_path / "ledger", trials(*box([1, 2], [3, 4])))
    for low, high in ((0, 5), (-1, 2), (2, 2)):
        with pytest.raises(InputError, match=r"a grid index must be between 0 and 3; got \["):
            file.add_range(low, high)
    with pytest.raises(InputError, match="a grid index must be between 0 and 3; got 1 to 4"):
        file.add_indices(np.array([4, 1]))
    for row in ((1,), (1, math.nan)):
        with pytest.raises(InputError, match="a ledger row must have a finite number or text for each axis"):
            file.add_rows([row])
    assert not (tmp_path / "ledger").exists()
    with pytest.raises(InputError, match="the ledger folder must exist"):
        ledger_total(tmp_path / "ledger", "market")


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
