"""Drivers in processes of their own: stopped, killed, without their head, and with a Ray that they start themselves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

import gridproof as gp
from gridproof.results.run.store import Store
from gridproof.sweeps.execution import sweep as sweep_module
from tests.support.executors import contents
from tests.support.rays import ROOT, cluster_of, driver_command, needs_ray
from tests.support.trapped import Trapped

pytestmark = [needs_ray, pytest.mark.own_process]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head with one worker; the last test that uses it kills the head."""
    with cluster_of(nodes=0, head_cpus=1) as cluster:
        yield cluster


class Driver:
    """The command line in a process of its own, on the cluster, which it finds by RAY_ADDRESS."""

    def __init__(self, traps: Path, study: Path, out: Path, address: str) -> None:
        command = driver_command(traps, study, out, "--ray", "auto")
        self.out = out
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            text=True,
            env=users_environment() | {"RAY_ADDRESS": address},
            start_new_session=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    @property
    def store(self) -> Store:
        return Store(next(self.out.glob("*-*")))

    def until_tiles(self, count: int) -> None:
        deadline = time.monotonic() + 120
        while len(list(self.out.glob("*/tiles/*.npz"))) < count:
            assert time.monotonic() < deadline, "too slow"
            assert self.process.poll() is None, self.process.communicate()
            time.sleep(0.02)

    def ends(self, *codes: int) -> tuple[str, str]:
        output, errors = self.process.communicate(timeout=150)
        assert self.process.returncode in codes, output + errors
        assert "Traceback" not in errors
        return output, errors

    def ends_anyway(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


Drivers = Callable[..., Driver]


@pytest.fixture
def drivers() -> Iterator[Drivers]:
    """Starts drivers; those that a failing test leaves are killed."""
    with ExitStack() as stack:

        def start(*arguments: Any) -> Driver:
            driver = Driver(*arguments)
            stack.callback(driver.ends_anyway)
            return driver

        yield start


def users_environment() -> dict[str, str]:
    """Not what keeps the test's clusters on loopback: a driver must find its way as a user's does."""
    return {name: value for name, value in os.environ.items() if name != "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"}


def test_a_local_ray_listens_on_loopback_only_with_a_token_of_its_own(study: Path, tmp_path: Path) -> None:
    script = (
        "import ray, sys, gridproof as gp\n"
        "from tests.support.listening import listening\n"
        "found = []\n"
        "watch = gp.RunObserver()\n"
        "watch.nodes = lambda _: found.append(listening('GRIDPROOF_TEST'))\n"
        "gp.run(gp.load_study(sys.argv[1]), out=sys.argv[2], ray='local', observer=watch, verdict=False)\n"
        "print(sorted(set.union(*found)), max(map(len, found)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(study), str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        # A Ray that is already there, or said to be, is not asked.
        env=users_environment()
        | {"GRIDPROOF_TEST": str(tmp_path), "RAY_ADDRESS": "127.0.0.1:1", "RAY_AUTH_MODE": "token"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("['127.0.0.1'] "), done.stdout


def test_a_driver_is_stopped_then_killed_then_goes_on(
    cluster: Any, drivers: Drivers, empty_traps: Path, study: Path, expected: dict[str, bytes], tmp_path: Path
) -> None:
    (empty_traps / "slow").touch()
    polite = drivers(empty_traps, study, tmp_path, cluster.address)
    polite.until_tiles(1)
    os.killpg(polite.process.pid, signal.SIGINT)
    output, errors = polite.ends(130)
    assert "stopping: tiles in progress are finished first" in output
    assert "rerun the same command to resume" in errors
    drained = polite.store.tiles.finished()
    assert drained

    killed = drivers(empty_traps, study, tmp_path, cluster.address)
    killed.until_tiles(len(drained) + 1)
    killed.process.kill()
    _, errors = killed.process.communicate(timeout=30)
    assert "the process ended without an error message" in errors
    assert len(killed.store.tiles.finished()) > len(drained)
    kept = int(killed.store.tiles.tally().counters[0])

    (empty_traps / "slow").unlink()
    with mock.patch.object(sweep_module, "whole_grid", lambda plan, _: Trapped(plan, empty_traps)):
        run = gp.run(gp.load_study(str(study)), out=tmp_path, ray=cluster.address, verdict=False)
    assert run.timing["variants_evaluated_in_this_call"] == run.summary["variants"] - kept
    assert contents(run.folder) == expected


def test_the_head_goes(
    cluster: Any, drivers: Drivers, empty_traps: Path, study: Path, expected: dict[str, bytes], tmp_path: Path
) -> None:
    (empty_traps / "slow").touch()
    driver = drivers(empty_traps, study, tmp_path, cluster.address)
    driver.until_tiles(1)
    cluster.head_node.kill_gcs_server()
    _, errors = driver.ends(3, 1)
    # A driver that was asking the head just then is ended by Ray itself, after a minute.
    refused = ("has not answered for 2 s. Start it again", "rerun to resume")
    killed = ("the process ended without an error message", "rerun to resume")
    for text in refused if driver.process.returncode == 3 else killed:
        assert text in errors
    (empty_traps / "slow").unlink()
    with mock.patch.object(sweep_module, "whole_grid", lambda plan, _: Trapped(plan, empty_traps)):
        run = gp.run(gp.load_study(str(study)), out=tmp_path, verdict=False)
    assert run.timing["variants_evaluated_in_this_call"] < run.summary["variants"]
    assert contents(run.folder) == expected
