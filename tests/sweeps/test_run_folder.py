"""A run's folder that is damaged or full: named in one line, and finished to the same bytes."""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

import gridproof as gp
from benchmarks.reliability.driver import called
from benchmarks.reliability.processes import fork
from gridproof.results.ledger.run_files import ledger_faults
from gridproof.results.run import atomic_write as atomic_write_module
from gridproof.results.run.lock import LOCK
from gridproof.results.run.manifest import MANIFEST
from gridproof.results.run.store import Store
from gridproof.sweeps.execution import sweep as sweep_module
from gridproof.sweeps.plan.grid import ProductGrid
from tests.support.command import gridproof
from tests.support.executors import contents
from tests.support.observers import Heard, StopAt
from tests.support.tiny import tiny_grid, tiny_grid_file
from tests.support.tiny_runs import SIZE, again, distinct, of_folder

FILES = (
    "study.yaml", "cut.json", "summary.json", "top.parquet", "surfaces.parquet", "curves.parquet", "variants.parquet",
    "report.html", MANIFEST,
)  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return again(tmp_path_factory.mktemp("whole")).folder


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    shutil.copytree(whole.parent, tmp_path / "runs")
    return tmp_path / "runs" / whole.name


def halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def change(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "names"),
    [
        (change, FILES),
        (halve, ["variants.parquet"]),
        (Path.unlink, ["summary.json"]),
        (lambda path: path.write_bytes(b""), [MANIFEST]),
    ],
)
def test_any_damaged_file_is_named_and_made_again(
    whole: Path, copy: Path, damage: Callable[[Path], object], names: Sequence[str]
) -> None:
    expected = contents(whole)
    for name in names:
        damage(copy / name)
        assert name in Store(copy).all_faults()
        heard = Heard()
        run = again(copy.parent, heard)
        assert not run.reused
        (notice,) = of_folder(heard)
        assert f"{copy}: not as it was finished, and made again: {name}" in notice
        assert contents(copy) == expected, name
        assert not Store(copy).all_faults()
    assert again(copy.parent).reused
    assert distinct(copy.parent) == SIZE


def test_a_damaged_tile_of_a_finished_run_is_evaluated_again(whole: Path, copy: Path) -> None:
    (tile,) = (copy / "tiles").iterdir()
    for damage in (halve, change, Path.unlink):
        damage(tile)
        heard = Heard()
        again(copy.parent, heard)
        assert len(of_folder(heard)) == 1
        assert contents(copy) == contents(whole)


def test_commands_name_what_is_damaged(copy: Path) -> None:
    assert "are as they were written" in gridproof("check", copy).stdout
    halve(copy / "curves.parquet")
    line = gridproof("check", copy, expect=1).stdout.strip()
    assert re.fullmatch(rf"{copy}/curves.parquet: [\d,]+ bytes, [\d,]+ were written", line)
    shown = gridproof("show", copy)
    assert shown.stdout
    assert shown.stderr.count("\n") == 1
    assert "not as it was finished: curves.parquet" in shown.stderr
    data = tiny_grid().spec.market.path
    for command in (("report", copy), ("verdict", copy, "--data", data), ("show", copy, "--sql", "SELECT 1")):
        refused = gridproof(*command, expect=2).stderr.splitlines()
        assert "curves.parquet: a file of a run must be as it was written; got" in refused[-1]
    with pytest.warns(UserWarning, match=r"not as it was finished: curves\.parquet"):
        run = gp.open_run(copy)
    with pytest.raises(gp.InputError, match=r"curves\.parquet: a file of a run must be as it was written"):
        run.curves.head()
    change(copy / "summary.json")
    with pytest.raises(
        gp.InputError, match=r"summary\.json: a file of a run must be as .*; got its content was changed"
    ):
        gp.open_run(copy)


def test_a_run_of_an_earlier_version_has_no_manifest(copy: Path) -> None:
    (copy / MANIFEST).unlink()
    with pytest.warns(UserWarning, match=r"no manifest\.json: the run is not finished, or of an earlier version"):
        run = gp.open_run(copy)
    assert run.summary["variants"] == SIZE
    run.report()
    assert not (copy / MANIFEST).exists(), "what was never verified is not listed as if it had been"
    (copy / "summary.json").write_text("{}")
    with pytest.raises(gp.InputError, match="a summary must name its study"):
        gp.open_run(copy)


def test_the_report_and_the_verdict_keep_the_manifest_right(copy: Path) -> None:
    listed = (copy / MANIFEST).read_bytes()
    gp.open_run(copy).report()
    assert (copy / MANIFEST).read_bytes() == listed
    gp.run(tiny_grid(), out=copy.parent)
    assert not Store(copy).all_faults()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = gp.open_run(copy)
    judged = contents(copy)
    assert run.statistics
    change(copy / "statistics.json")
    assert again(copy.parent).statistics, "what was finished with a verdict is repaired with it"
    assert contents(copy) == judged


@pytest.mark.slow("test_executor fails at one file, and the same call goes on to the same bytes")
def test_a_full_disk_at_any_file_ends_in_one_line_with_its_path(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each call fails at its first rename that has not failed before: nothing half written stays, and the last one
    ends with the same bytes.

    The reasons take turns: disk full, quota exceeded, file too large.
    """
    errors, rename = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG), os.replace
    expected = contents(whole)
    failed: set[tuple[str, int]] = set()  # name of the file, and the number of its rename in a call
    said: list[str] = []
    renamed: Counter[str] = Counter()
    failing = False

    def full(source: str | Path, target: str | Path) -> None:
        nonlocal failing
        path = Path(target)
        name = "ledger" if path.parent.name == "ledger" else path.name  # each writer's file there has a name of its own
        renamed[name] += 1
        if failing and (name, renamed[name]) not in failed:
            failed.add((name, renamed[name]))
            failing = False
            error = errors[len(failed) % len(errors)]
            raise OSError(error, os.strerror(error))
        rename(source, target)

    monkeypatch.setattr(atomic_write_module.os, "replace", full)
    for _ in range(40):
        renamed.clear()
        failing = True
        try:
            finished = again(tmp_path / "runs")
        except gp.IncompleteError as caught:
            said.append(str(caught))
        else:
            break
        assert not [*(tmp_path / "runs").rglob("*.tmp"), *(tmp_path / "runs").rglob(LOCK)]
    assert failing, "the last call is the first in which nothing fails"
    assert contents(finished.folder) == expected
    assert len(said) == len(failed)
    assert all(re.fullmatch(rf"{tmp_path}/runs/\S+: .* and rerun to resume", line) for line in said)
    assert {line.split(": ")[1].split(";")[0] for line in said} >= {"disk full", "disk quota exceeded"}
    assert {name for name, _ in failed} >= {*FILES, *(path.name for path in (whole / "tiles").iterdir())}


def test_a_limit_on_file_sizes(tmp_path: Path) -> None:
    command = ("run", tiny_grid_file(tmp_path), "--no-verdict", "--out", tmp_path / "runs")
    ended = fork(lambda: called(command), tmp_path / "log", file_limit=2**20).ended()
    assert ended.code == 3, ended.errors
    assert re.search(r"not finished: \S+/tiny-\w+/report.html: the file exceeds the limit on file sizes", ended.errors)
    gridproof(*command)


def test_a_full_standard_output_is_one_line(copy: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "gridproof", "show", str(copy)]
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (2, "gridproof: standard output: No space left on device\n")


def zero(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b""), halve, zero, change])
def test_a_ledger_that_is_lost_or_damaged_is_recorded_again(
    copy: Path, whole: Path, damage: Callable[[Path], object]
) -> None:
    [file] = (copy.parent / "ledger").iterdir()
    damage(file)
    heard = Heard()
    assert again(copy.parent, heard).reused
    first, *others = of_folder(heard)
    assert first == f"{copy}: the ledger had lost this run; it is recorded again"
    assert len(others) == (damage is not Path.unlink)
    assert all(str(file) in text and text.endswith("; removed, since its run is recorded again") for text in others)
    assert distinct(copy.parent) == SIZE
    assert not ledger_faults(copy)
    heard = Heard()
    again(copy.parent, heard)
    assert not of_folder(heard)
    assert contents(copy) == contents(whole)


def test_the_damaged_ledger_of_an_unfinished_run_is_replaced(copy: Path) -> None:
    [file] = (copy.parent / "ledger").iterdir()
    zero(file)
    [fault] = ledger_faults(copy)
    assert fault.startswith(f"{file}:1: a ledger file must consist of JSON lines; got ")
    (copy / "summary.json").unlink()
    heard = Heard()
    again(copy.parent, heard)
    assert f"{fault}; removed, since its run is recorded again" in heard.notices
    assert distinct(copy.parent) == SIZE


def test_a_verdict_does_not_begin_on_a_damaged_ledger_of_another_run(tmp_path: Path) -> None:
    (tmp_path / "ledger").mkdir()
    zero_file = tmp_path / "ledger" / "other-0123.jsonl"
    zero_file.write_bytes(bytes(100))
    with pytest.raises(gp.InputError, match=r"other-0123.jsonl:1: a ledger file must consist of JSON lines"):
        gp.run(tiny_grid(), out=tmp_path)
    assert not list(tmp_path.glob("tiny-*/tiles/*"))
    again(tmp_path)  # without a verdict nothing is counted


def test_a_sample_that_the_ledger_has_lost(tmp_path: Path) -> None:
    again(tmp_path, sample=20)
    before = distinct(tmp_path)
    heard = Heard()
    again(tmp_path, heard, sample=20)
    assert not of_folder(heard)
    shutil.rmtree(tmp_path / "ledger")
    again(tmp_path, sample=20)
    assert distinct(tmp_path) == before


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep_module, "whole_grid", lambda plan, _: ProductGrid(plan, 10))


@pytest.mark.usefixtures("small_pieces")
def test_tiles_of_an_interrupted_run_that_are_damaged_are_one_notice(tmp_path: Path) -> None:
    expected = contents(again(tmp_path / "whole").folder)
    with pytest.raises(KeyboardInterrupt):
        again(tmp_path / "out", StopAt(new=60))
    tiles = sorted((tmp_path / "out").glob("*/tiles/*.npz"))
    halve(tiles[0])
    shutil.copy(tiles[2], tiles[1])
    Path(str(tiles[2]).replace(".npz", "-rows.npy")).unlink()
    heard = Heard()
    run = again(tmp_path / "out", heard)
    (notice,) = of_folder(heard)
    assert "3 tiles are damaged or of another run, removed and evaluated again" in notice
    assert all(path.name in notice for path in tiles[:3])
    assert contents(run.folder) == expected
    assert distinct(tmp_path / "out") == SIZE
