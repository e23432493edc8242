"""The kernels under the sanitizers of g++: a recorded launch again, on arrays of exactly their size, and its threads at
the same time. Without SANITIZE=1 only the reductions, where threads add to the same cells: the others take minutes."""

from __future__ import annotations

import copy
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.gpu.replay import RECORDINGS, Launch, RecordingDevice, record, save
from gridproof.kernels.cuda.reduce import Reduction
from tests.support.rays import ROOT
from tests.support.sample import Sample
from tests.support.shim.sanitized import LIBRARY, preload


def run(kind: str, launches: list[Launch], folder: Path, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    if (library := preload(kind)) is None:
        pytest.skip(f"this g++ has no {LIBRARY[kind]}")
    save(launches, tmp_path / RECORDINGS)
    command = [sys.executable, "-m", "tests.support.shim.sanitized", kind, str(tmp_path / RECORDINGS), str(folder)]
    if kind == "thread" and (setarch := shutil.which("setarch")):
        command = [setarch, "-R", *command]  # its shadow memory wants addresses that are not drawn
    options = {"ASAN_OPTIONS": "detect_leaks=0", "TSAN_OPTIONS": "exitcode=66"}
    return subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | options | {"LD_PRELOAD": library},
        capture_output=True,
        text=True,
        timeout=1800,
    )


@pytest.fixture(scope="module")
def launches(folder: Path) -> list[Launch]:
    if os.environ.get("SANITIZE") == "1":
        return record(folder)
    device = RecordingDevice(folder)
    sample = Sample(6, plain=False)
    Reduction(device, sample.question(), [device.upload(each) for each in sample.values]).answer()
    return device.kept


@pytest.mark.parametrize("kind", ["address", "thread"])
def test_nothing_is_reported(kind: str, launches: list[Launch], folder: Path, tmp_path: Path) -> None:
    done = run(kind, launches, folder, tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    assert f"{len(launches)} launches" in done.stdout


def test_faults_are_reported(launches: list[Launch], folder: Path, tmp_path: Path) -> None:
    """A list that is too short, and cells that threads add to while others read them."""
    short = copy.deepcopy(next(each for each in launches if each.kernel.name == "ranks"))
    short.arguments[0] = short.arguments[0].ravel()[:-1].copy()
    done = run("address", [short], folder, tmp_path)
    assert done.returncode != 0
    assert "heap-buffer-overflow" in done.stderr
    racing = copy.deepcopy(next(each for each in launches if each.kernel.name == "surface"))
    racing.same[4] = 0
    done = run("thread", [racing], folder, tmp_path)
    assert done.returncode != 0
    assert "data race" in done.stderr
