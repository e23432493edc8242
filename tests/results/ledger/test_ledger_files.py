"""The files of a ledger: their size, those of earlier versions, writers that meet, and damage."""

from __future__ import annotations

import json
import math
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from benchmarks.reliability.processes import fork
from gridproof.kernels.errors import InputError
from gridproof.results.ledger import file as ledger_file
from gridproof.results.ledger.file import read_file
from gridproof.results.ledger.ledger import (
    LedgerFile,
    LedgerHeader,
    TrialAxis,
    cut_off_files,
    ledger_rows,
    ledger_total,
)
from tests.support.trial_axes import box, ten_axes


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
