"""Atomic writes: the old file or the new one, and no third."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from gridproof.results.run import atomic_write as atomic_write_module
from gridproof.results.run.atomic_write import atomic_write, remove_leftovers
from gridproof.results.run.store import Store
from gridproof.results.run.tally import Tally
from tests.support.rays import ROOT


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_file_is_replaced_at_the_end_of_the_block(tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    path.write_text("old")
    with atomic_write(path) as temporary:
        assert temporary.parent == tmp_path
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert names(tmp_path) == {"summary.json"}


def write_half(path: Path, error: BaseException) -> None:
    with atomic_write(path) as temporary:
        temporary.write_text("half")
        raise error


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt(), ValueError("wrong")])
@pytest.mark.parametrize("before", ["old", None])
def test_a_failed_write_changes_nothing(tmp_path: Path, error: BaseException, before: str | None) -> None:
    path = tmp_path / "report.html"
    if before is not None:
        path.write_text(before)
    with pytest.raises(type(error)):
        write_half(path, error)
    assert names(tmp_path) == ({"report.html"} if before else set())
    assert before is None or path.read_text() == before


def test_a_failed_rename_leaves_no_temporary_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EACCES, "refused")

    monkeypatch.setattr(atomic_write_module.os, "replace", refuse)
    with pytest.raises(OSError, match="refused"), atomic_write(tmp_path / "tile.npz") as temporary:
        temporary.write_text("whole")
    assert not names(tmp_path)


def test_files_of_one_stem_do_not_meet(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "0-1.npz") as tally, atomic_write(tmp_path / "0-1.npy") as rows:
        assert tally != rows
        tally.write_text("tally")
        rows.write_text("rows")
    assert (tmp_path / "0-1.npz").read_text() == "tally"


def test_only_a_kill_leaves_a_temporary_file_which_is_removed_later(tmp_path: Path) -> None:
    script = (
        "import sys, time, pathlib\n"
        "from gridproof.results.run.atomic_write import atomic_write\n"
        "with atomic_write(pathlib.Path(sys.argv[1]) / 'top.parquet') as path:\n"
        "    path.write_text('half')\n"
        "    time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], cwd=ROOT)
    deadline = time.monotonic() + 60
    while not names(tmp_path):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert names(tmp_path) == {f".top.parquet.{process.pid}.tmp"}
    (tmp_path / "top.parquet").write_text("whole")
    remove_leftovers(tmp_path)
    assert names(tmp_path) == {"top.parquet"}


def test_every_file_of_a_run_is_written_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a disk on which nothing can be renamed, no file of a run appears and none is left half written."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    store = Store(tmp_path)
    store.create("study")
    monkeypatch.setattr(atomic_write_module.os, "replace", full)
    tally, rows = Tally.empty((2, 3), 4, 2), np.zeros((1, 1, 13), dtype=np.float32)
    writes = (
        lambda: store.write_text("study.yaml", "another"),
        lambda: store.write_json("summary.json", {}),
        lambda: store.write_table("top.parquet", pd.DataFrame({"a": [1]})),
        lambda: store.write_variants(iter([pa.table({"a": [1]})]), 1),
        lambda: store.tiles.put(0, 1, tally, None),
        lambda: store.tiles.put(0, 1, tally, rows),
    )
    for write in writes:
        with pytest.raises(OSError, match="full"):
            write()
    assert names(tmp_path) == {"tiles", "study.yaml"}
    assert (tmp_path / "study.yaml").read_text() == "study"
    assert not names(tmp_path / "tiles")
