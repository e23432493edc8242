"""Devices for CUDA: the shim's, which executes on the CPU, and a GPU where one answers; tests that run apart."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from gridproof.kernels.cuda.availability import gpu_answers, open_gpu
from gridproof.kernels.cuda.device import Device
from gridproof.results.texts.spoken import speak
from tests.support.apart import Apart, Reporting, in_a_child
from tests.support.forks import Forks
from tests.support.shim.device import ShimDevice

# No test fails because the machine is busy.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--forks", type=int, default=0, help="run modules in so many forks of this process")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Reporting(config) if in_a_child() else Apart(config), "apart")
    if count := config.getoption("forks"):
        config.pluginmanager.register(Forks(config, count), "forks")


# Modules that take the most CPU seconds, by measure; of the last folders all, lest they begin at the end.
_LONG = {
    "test_run_folder.py", "test_shipped_strategies.py", "test_reliability.py", "test_streams.py", "test_product.py",
    "test_compiled_cache.py", "test_storage.py", "test_verdict_rules.py", "test_ledger.py", "test_exact_chain.py",
    "test_demo_choices.py", "test_threads.py", "test_stages.py", "test_verdict.py", "test_fork.py", "test_run.py",
    "test_examples.py", "test_independent.py", "test_house.py", "test_gpu.py", "test_remote_store.py",
    "test_sanitizers.py", "test_browser.py",
}  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Modules that wait for clusters and long ones in turn, then the others.

    So no process works alone at the end, and while some wait, others compute.
    """
    modules: dict[Path, list[pytest.Item]] = {}
    for item in items:
        modules.setdefault(item.path, []).append(item)
    waiting = [path for path, found in modules.items() if found[0].get_closest_marker("own_process")]
    long = [path for path in modules if path.name in _LONG and path not in waiting]
    turns = [path for pair in zip_longest(waiting, long) for path in pair if path is not None]
    order = [*turns, *(path for path in modules if path not in turns)]
    items[:] = [item for path in order for item in modules[path]]


def pytest_collection_finish() -> None:
    """What is imported and collected stays, and is not searched whenever rubbish is; rubbish is searched less often."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """A test that prints in another language leaves no trace of it: the next one in this process prints English."""
    yield
    speak("en")


@pytest.fixture(scope="session")
def folder(pytestconfig: pytest.Config) -> Path:
    """Where the compiled CUDA sources are kept, for the next call too."""
    if shutil.which("g++") is None:
        pytest.skip("executing the CUDA sources on the CPU needs g++, which is not installed")
    chosen = os.environ.get("GRIDPROOF_SHIM")
    return Path(chosen) if chosen else pytestconfig.cache.mkdir("shim")


@pytest.fixture(scope="session")
def shim(folder: Path) -> ShimDevice:
    return ShimDevice(folder)


@pytest.fixture(scope="session")
def gpu() -> Device:
    if not gpu_answers():
        if os.environ.get("REQUIRE_GPU") == "1":
            pytest.fail("REQUIRE_GPU=1, but no GPU answers")
        pytest.skip("no GPU answers: nothing is executed on one here")
    return open_gpu()
