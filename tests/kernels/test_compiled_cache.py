"""Compiled functions are kept on disk where that is possible and safe; where it is not, they are compiled anew."""

from __future__ import annotations

import fcntl
import json
import os
import runpy
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.reliability.processes import fork
from gridproof.kernels import compile_lock, compiled_cache
from gridproof.kernels.numba_settings import caching

SCRIPT = """
import json, resource, sys
from gridproof.kernels.compiled_cache import cache_fault
from gridproof.kernels.jit import jit
if "full" in sys.argv:
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
@jit()
def twice(x):
    return 2 * x

found = [twice(21), sum(twice.stats.cache_hits.values()), cache_fault()]
print(json.dumps(found))
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    package = tmp_path / "package"
    package.mkdir()
    (package / "twice.py").write_text(SCRIPT)
    return package


def call(package: Path, *arguments: str, **environment: str) -> tuple[int, int, str]:
    """The value, the number of cache hits, and why nothing is kept."""
    done = subprocess.run(
        [sys.executable, package / "twice.py", *arguments],
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"} | environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    value, hits, fault = json.loads(done.stdout)
    return value, hits, fault


@pytest.fixture
def cache(package: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which Numba keeps what is compiled in this process."""
    cache = package.parent / "cache"
    monkeypatch.setattr(caching.config, "CACHE_DIR", str(cache))
    return cache


def call_here(package: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int, str]:
    """As ``call``, in this process: the function is made anew, and its cache is read anew."""
    monkeypatch.setattr(compiled_cache, "_faults", [])
    value, hits, fault = run_path(package)
    return value, hits, fault


def run_path(package: Path) -> list[Any]:
    found: list[Any] = runpy.run_path(str(package / "twice.py"))["found"]
    return found


def test_what_a_process_has_compiled_the_next_one_loads(
    package: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert call(package, NUMBA_CACHE_DIR=str(cache)) == (42, 0, "")
    assert call_here(package, monkeypatch) == (42, 1, "")


@pytest.mark.usefixtures("cache")
def test_of_processes_that_begin_together_one_compiles_and_the_others_load(package: Path, tmp_path: Path) -> None:
    began = tmp_path / "began"

    def one() -> int:
        while not began.exists():
            time.sleep(0.001)
        run_path(package)
        return 0

    several = [fork(one, tmp_path / f"log-{number}") for number in range(3)]
    began.touch()  # all go on within a moment, which is far shorter than compiling
    ended = [each.ended() for each in several]
    assert [each.code for each in ended] == [0, 0, 0], ended
    found = [json.loads(each.output) for each in ended]
    assert sorted(hits for _, hits, _ in found) == [0, 1, 1]
    assert {(value, fault) for value, _, fault in found} == {(42, "")}


def test_a_lock_that_is_never_released_is_not_waited_for_without_end(
    package: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compile_lock, "LONGEST", 0.1)
    assert call_here(package, monkeypatch) == (42, 0, "")
    (path,) = cache.rglob("*.lock")
    for kept in [*cache.rglob("*.nbi"), *cache.rglob("*.nbc")]:
        kept.unlink()
    with path.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert call_here(package, monkeypatch) == (42, 0, "")


def test_no_folder_can_be_written(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a read-only installation by a user without a home."""
    (package / "__pycache__").touch()
    monkeypatch.setattr(caching.config, "CACHE_DIR", "/proc/none")
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/none")
    for home in ("/proc/none", ""):
        monkeypatch.setenv("HOME", home)
        value, hits, fault = call_here(package, monkeypatch)
        assert (value, hits) == (42, 0)
        assert fault.startswith("compiled kernels are not kept, so the next call compiles them again: no folder")
        assert fault.endswith("set NUMBA_CACHE_DIR to a folder of your own that can be written")


def test_a_user_without_a_home_gets_no_folder_called_tilde(package: Path, tmp_path: Path) -> None:
    (package / "__pycache__").touch()
    script = f"import pwd, runpy, os\npwd.getpwuid = lambda _: {{}}[0]\nrunpy.run_path({str(package / 'twice.py')!r})"
    environment = {name: text for name, text in os.environ.items() if name not in ("HOME", "XDG_CACHE_HOME")}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, cwd=tmp_path, check=True, stdout=subprocess.PIPE, text=True
    )
    assert json.loads(done.stdout)[0] == 42
    assert sorted(path.name for path in tmp_path.iterdir()) == ["package"]


@pytest.mark.parametrize("ending", ["nbi", "nbc"])
@pytest.mark.parametrize(
    "damage",
    [lambda _: b"", lambda text: text[: len(text) // 2], lambda text: b"rubbish" + text],
    ids=["0", "cut", "x"],
)
def test_a_damaged_file_counts_as_absent(
    ending: str, damage: Callable[[bytes], bytes], package: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert call_here(package, monkeypatch) == (42, 0, "")
    assert call_here(package, monkeypatch) == (42, 1, "")
    (file,) = cache.rglob(f"*.{ending}")
    file.write_bytes(damage(file.read_bytes()))
    assert call_here(package, monkeypatch) == (42, 0, "")
    assert call_here(package, monkeypatch) == (42, 1, "")


def test_a_full_disk_does_not_stop_the_call(package: Path) -> None:
    value, hits, fault = call(package, "full", NUMBA_CACHE_DIR=str(package.parent / "cache"))
    assert (value, hits) == (42, 0)
    assert "File too large" in fault


@pytest.mark.parametrize("opened", ["cache", "cache/*"])
def test_a_cache_that_others_can_write_is_not_read(
    opened: str, package: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call_here(package, monkeypatch)
    for folder in package.parent.glob(opened):
        folder.chmod(0o777)
    value, hits, fault = call_here(package, monkeypatch)
    assert (value, hits) == (42, 0)
    assert "can be written by every user" in fault


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can give a folder to another user")
def test_a_cache_of_another_user_is_not_read(package: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call_here(package, monkeypatch)
    os.chown(cache, 12345, 12345)
    assert "belongs to another user" in call_here(package, monkeypatch)[2]


SETTINGS = (
    ("NUMBA_NUM_THREADS", "0"),
    ("NUMBA_NUM_THREADS", "-3"),
    ("NUMBA_NUM_THREADS", "abc"),
    ("NUMBA_DISABLE_JIT", "1"),
    ("NUMBA_DISABLE_JIT", "yes"),
    ("NUMBA_OPT", "9"),
    ("NUMBA_CACHE_LOCATOR_CLASSES", "Nope"),
)
# Calls the command line under each setting, in forks of a process that has imported what it needs but Numba.
UNDER_EACH = """
import json, os, sys
import llvmlite.binding, pandas
import gridproof.sweeps.cli.app, gridproof.sweeps.progress.display, gridproof.sweeps.study.study
from gridproof.sweeps.cli.entry import main
assert "numba" not in sys.modules
folder, settings = sys.argv[1], json.loads(sys.argv[2])
sys.argv = ["gridproof", "run", "us-demo", "--sample", "10", "--out", folder + "/runs"]
for number, (variable, value) in enumerate(settings):
    if os.fork() == 0:
        os.environ[variable] = value
        os.dup2(os.open(f"{folder}/{number}", os.O_WRONLY | os.O_CREAT, 0o600), 2)
        main()
        sys.exit(0)
    print(os.waitstatus_to_exitcode(os.wait()[1]), flush=True)  # else the next fork prints it too
"""


@pytest.fixture(scope="module")
def under_settings(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], tuple[int, str]]:
    """Exit code and errors of the command line under each setting."""
    folder = tmp_path_factory.mktemp("settings")
    command = [sys.executable, "-c", UNDER_EACH, str(folder), json.dumps(SETTINGS)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    codes = map(int, done.stdout.split())
    return {
        setting: (code, (folder / str(number)).read_text())
        for number, (setting, code) in enumerate(zip(SETTINGS, codes, strict=True))
    }


@pytest.mark.parametrize(("variable", "value"), SETTINGS)
def test_a_setting_of_numba_that_cannot_be_used_is_named(
    variable: str, value: str, under_settings: dict[tuple[str, str], tuple[int, str]]
) -> None:
    code, errors = under_settings[variable, value]
    assert code == 2
    (line,) = errors.splitlines()
    assert line.startswith(f"gridproof: environment variable {variable}: ")
    assert line.endswith("Unset or correct it.")
    assert f"got {value!r}" in line


@pytest.mark.parametrize("layer", ["tbb", "nonsense"])
def test_numbas_threading_layer_is_not_used(layer: str) -> None:
    """Loading it would fail with these, and would end a process that forks afterwards."""
    script = (
        "import numpy as np\n"
        "from gridproof.kernels.threads import run_ranges, thread_count\n"
        "seen = []\n"
        "run_ranges(lambda low, high: seen.append(high - low), 100)\n"
        "from numba.np.ufunc import parallel\n"
        "print(sum(seen), thread_count(), parallel._is_initialized)"
    )
    environment = {**os.environ, "NUMBA_THREADING_LAYER": layer, "NUMBA_NUM_THREADS": "3"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    assert done.stdout.split() == ["100", "3", "False"]
