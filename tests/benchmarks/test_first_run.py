"""The times of a first run: every step, and each compilation without what it caused in turn."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from numba import njit

from benchmarks import first_run
from tests.support.tiny import tiny_grid_file


def test_a_child_tells_every_step(tmp_path: Path) -> None:
    study = tiny_grid_file(tmp_path)
    command = [sys.executable, "-m", "benchmarks.first_run", "--child", str(tmp_path / "runs"), "--study", str(study)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    steps = json.loads(done.stdout)["steps"]
    assert set(steps) == {"imports", "whole run", *first_run.STEPS} - {"verdict"}
    assert all(wall > 0.0 for wall, _ in steps.values())
    parts = sum(wall for name, (wall, _) in steps.items() if name not in ("imports", "whole run"))
    assert parts < steps["whole run"][0]


def test_a_clock_adds_up_calls() -> None:
    clock = first_run.Clock()
    sleep = clock.timed("sleep", time.sleep)
    sleep(0.02)
    with pytest.raises(TypeError):
        sleep("no number")
    sleep(0.02)
    assert 0.04 <= clock.steps["sleep"][0] < 1.0


def test_what_a_compilation_causes_is_counted_apart() -> None:
    with first_run.compilations() as found:
        inner = njit(lambda x: x * 2)
        outer = njit(lambda x: inner(x) + inner(x + 1))
        assert outer(3) == 14
    njit(lambda x: x)(1)
    inside, outside = found
    assert inside["signature"] == outside["signature"] == "int64"
    assert inside["own"] == inside["total"] > 0.0
    assert outside["own"] == pytest.approx(outside["total"] - inside["total"])
