"""The proof of the cuda backend, through the same script on the CPU, so that it works at once on a GPU."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.gpu import __main__ as script
from benchmarks.gpu import carry, replay, tools
from benchmarks.gpu.child import run_part
from benchmarks.gpu.forms import forms
from benchmarks.gpu.parts import BY_NAME, PARTS
from benchmarks.gpu.settings import NotRunError, Part, Settings
from benchmarks.gpu.studies import compare_records
from benchmarks.gpu.summary import proven, write_summary
from gridproof.kernels.cuda import source
from tests.support.shim.device import ShimDevice

ROOT = Path(source.__file__).parents[1]


@pytest.fixture
def dry(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A dry run, with the kernels that the tests have compiled."""
    monkeypatch.setenv("GRIDPROOF_SHIM", str(folder))
    return Settings(tmp_path, dry=True)


@pytest.fixture(scope="module")
def launches(folder: Path) -> list[replay.Launch]:
    return replay.record(folder)


def test_every_kernel_is_compiled_and_exercised(launches: list[replay.Launch], tmp_path: Path) -> None:
    """No kernel of any source is left out, and none is recorded in one form only where a study has others."""
    text = "".join(path.read_text() for path in [*ROOT.glob("cuda/*.cu"), *ROOT.glob("panel/cuda/*.cu")])
    every = set(re.findall(r"__launch_bounds__\(.*?\) (\w+)\(", text))
    assert {launch.kernel.name for launch in launches} == every
    assert {kernel.name for _, kernels in forms(Settings(tmp_path, dry=False)) for kernel in kernels} == every
    assert len({launch.kernel for launch in launches if launch.kernel.name == "walk"}) >= 4


def test_launches_are_replayed_from_a_file(launches: list[replay.Launch], folder: Path, tmp_path: Path) -> None:
    """The file gives the launches back, and a byte that differs is found, in the argument that has it."""
    file = tmp_path / replay.RECORDINGS
    replay.save(launches[:40], file)
    device = ShimDevice(folder)
    again = list(replay.load(file))
    assert [each.kernel for each in again] == [each.kernel for each in launches[:40]]
    assert [replay.replay(device, each) for each in again] == [0.0] * 40
    launch = next(each for each in again if each.kernel.name == "leaves")
    changed = max(at for at, after in enumerate(launch.after) if after is not None)
    left = launch.after[changed]
    assert left is not None
    left.reshape(-1).view(np.uint8)[0] ^= 1
    with pytest.raises(AssertionError, match=f"leaves, argument {changed}: other numbers"):
        replay.replay(device, launch)


def test_exponentials_may_differ_in_their_last_digits(launches: list[replay.Launch], folder: Path) -> None:
    launch = next(each for each in launches if each.kernel.name == "conclude")
    changed = max(at for at, after in enumerate(launch.after) if after is not None)
    left = launch.after[changed]
    assert left is not None
    for factor, allowed in ((1.0 + 4e-16, True), (1.0 + 1e-9, False)):
        launch.after[changed] = left * factor
        if allowed:
            assert 0.0 < replay.replay(ShimDevice(folder), launch) < 1e-14
        else:
            with pytest.raises(AssertionError, match="differs by"):
                replay.replay(ShimDevice(folder), launch)
    launch.after[changed] = left


def test_the_bits_of_a_nan_and_the_sign_of_a_zero_are_no_part_of_a_result() -> None:
    """A GPU's NaN has other bits than a CPU's."""
    one = np.array([np.nan, 0.0, 1.0])
    other = np.array([-np.nan, -0.0, 1.0])
    assert one.tobytes() != other.tobytes()
    assert replay._difference("walk", 0, one, other) == 0.0
    with pytest.raises(AssertionError, match="walk, argument 0: other numbers"):
        replay._difference("walk", 0, np.array([1.0]), np.nextafter([1.0], 2.0))


def test_without_recordings_and_compiler_nothing_is_replayed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    result = run_part("replay", Settings(tmp_path, dry=True))
    assert result["state"] == "not run"
    assert "g++ is missing" in result["why"]


_DRY = ("cpu", "exercise", "machine", "compile", "replay", "box", "memory", "limits", "studies", "panel", "speed")


@pytest.mark.parametrize("name", _DRY)
def test_a_dry_run_of_each_part_passes(dry: Settings, launches: list[replay.Launch], name: str) -> None:
    replay.save(launches[:60], dry.out / replay.RECORDINGS)
    result = run_part(name, replace(dry, carried=dry.out))
    assert result["state"] == "passed", result.get("trace")
    assert result["found"]
    assert json.loads((dry.out / f"{name}.json").read_text())["state"] == "passed"


def test_the_sanitizer_is_asked_for_every_fault(dry: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tool = tmp_path / "compute-sanitizer"
    tool.write_text('#!/bin/sh\necho "$@" >&2\necho "ERROR SUMMARY: 0 errors"\n')
    tool.chmod(0o755)
    monkeypatch.setattr(tools.shutil, "which", lambda _: str(tool))
    found = dict(tools.sanitize(dry))
    assert found == dict.fromkeys(("memcheck", "initcheck"), "ERROR SUMMARY: 0 errors")
    assert "benchmarks.gpu.child replay --out" in (tmp_path / "memcheck.log").read_text()
    assert "benchmarks.gpu.child exercise --out" in (tmp_path / "initcheck.log").read_text()
    tool.write_text("#!/bin/sh\necho 'ERROR SUMMARY: 3 errors'\nexit 9\n")
    with pytest.raises(AssertionError, match="memcheck finds faults"):
        dict(tools.sanitize(dry))


def test_tests_are_counted_and_failures_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a project with the options of this one, one test of which passes and one fails; a third needs no GPU."""
    folder = tmp_path / "tests" / "kernels"
    folder.mkdir(parents=True)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -q --strict-markers\nmarkers = gpu\n")
    file = folder / "test_few.py"
    file.write_text(
        "import os, pytest\n"
        "@pytest.mark.gpu\ndef test_right(): assert os.environ['REQUIRE_GPU'] == '1'\n"
        "@pytest.mark.gpu\ndef test_wrong(): assert False\n"
        "def test_other(): assert False\n"
    )
    monkeypatch.setattr(tools, "ROOT", tmp_path)
    found: dict[str, Any] = {}
    with pytest.raises(AssertionError, match="pytest ends with 1"):
        found.update(tools.gpu_tests(Settings(tmp_path, dry=False)))
    assert found["counts"] == {"failed": 1, "passed": 1}
    assert found["failed"] == ["tests/kernels/test_few.py::test_wrong"]
    assert dict(tools.gpu_tests(Settings(tmp_path, dry=True)))["counts"] == {"tests collected": 2}


def test_a_part_that_fails_or_hangs_stops_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Settings) -> Iterator[tuple[str, int]]:
        yield "first", 1
        raise ValueError("wrong sums")

    def missing(_: Settings) -> Iterator[tuple[str, int]]:
        raise NotRunError("no tool")
        yield "never", 0

    monkeypatch.setitem(BY_NAME, "box", Part("box", "A box", 1, broken))
    monkeypatch.setitem(BY_NAME, "cluster", Part("cluster", "A cluster", 1, missing))
    settings = Settings(tmp_path, dry=True)
    failed = run_part("box", settings)
    assert (failed["state"], failed["why"], failed["found"]) == ("failed", "ValueError: wrong sums", {"first": 1})
    assert run_part("cluster", settings)["state"] == "not run"
    machine = next(part for part in PARTS if part.name == "machine")
    assert script.Child(machine, tmp_path, []).result(0.05) == "failed"
    page = write_summary(tmp_path, dry=False).read_text()
    assert "Not proven" in page
    assert "it took longer than 0 s" in page
    assert "| The tests that need a GPU | not begun | 0.0 |" in page
    assert "**failed**: ValueError: wrong sums" in page
    with zipfile.ZipFile(script.pack(tmp_path)) as packed:
        assert {"summary.md", "box.json", "machine.log"} <= set(packed.namelist())


def test_a_child_that_passed_is_said_to_have_passed(tmp_path: Path) -> None:
    """Also one that is no part of the proof; what it found is on the page."""
    for name in ("machine", "exercise"):
        child = script.Child(BY_NAME[name], tmp_path, ["--dry-run"])
        (tmp_path / f"{name}.json").write_text('{"state": "passed", "seconds": 1.0, "found": {}}')
        assert child.result(0.0) == "passed"
    (tmp_path / "cpu.json").write_text('{"state": "passed", "seconds": 1.0, "found": {"boxes": "compiled"}}')
    assert "- boxes: compiled" in write_summary(tmp_path, dry=True).read_text()


def test_only_parts_that_passed_prove_a_gpu(tmp_path: Path) -> None:
    passed = {"state": "passed", "seconds": 1.0, "found": {}}
    results = {part.name: dict(passed) for part in PARTS if part.proves}
    assert proven(results)
    for name in results:
        assert not proven(results | {name: passed | {"state": "not run"}}), name
    assert not proven({name: result for name, result in results.items() if name != "box"})


def test_records_differ_where_a_number_does() -> None:
    one = {"a": [1, 2.0, {"b": "x"}], "backend": "cpu"}
    assert compare_records(one, {"a": [1, 2.0 + 1e-12, {"b": "x"}], "backend": "cuda"}) == 2
    with pytest.raises(AssertionError, match=r"\.a\[1\]: 2.0 and 2.1"):
        compare_records(one, {"a": [1, 2.1, {"b": "x"}], "backend": "cuda"})


def test_what_is_missing_or_too_old_is_carried() -> None:
    have = carry.versions_in("numpy==2.5.2\nPyYAML==6\n# a comment\n\ncupy-cuda13x @ file:///x\nscipy\n")
    assert have == {"numpy": "2.5.2", "pyyaml": "6", "cupy-cuda13x": "", "scipy": ""}
    needs = {
        "gridproof": ["PyYAML>=6", "optuna>=5", "scipy>=1.13", "ray; extra == 'cluster'"],
        "optuna": ["NumPy<2.5", "scipy"],
        "NumPy": [],
        "pyyaml": [],
        "scipy": ["numpy>=9; python_version < '3'"],
    }
    report = {
        "install": [{"metadata": {"name": name, "version": "1", "requires_dist": each}} for name, each in needs.items()]
    }
    assert carry.missing(report, have) == {"optuna": "1", "numpy": "1"}
    assert carry.missing(report, have | {"optuna": "5.1"}) == {}
    assert carry.missing(report, have | {"optuna": "4.9"}) == {"optuna": "1", "numpy": "1"}
