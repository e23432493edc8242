"""Runs on Ray with several nodes on this machine: the driver, workers, nodes and the head are killed."""

from __future__ import annotations

import os
import shutil
import signal
import time
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.reliability.case import HANG, Case
from benchmarks.reliability.processes import Process
from benchmarks.reliability.trap import SIGNALS, read_state
from benchmarks.reliability.workbench import Workbench, fault_of, fault_of_results
from tests.support.rays import add_node, cluster_of

_NODES = 2
# What is killed, and how often in relation to the others; a head takes a cluster of its own with it.
_TARGETS = {"driver": 5, "worker": 4, "node": 3, "head": 2}
# Seconds until a driver that lost its head must have ended.
_PATIENCE = 150.0


class RayKills:
    """One kill during a run on the cluster; a run that did not finish is finished on the cluster or on this machine."""

    group = "ray"

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._stack = ExitStack()
        bench.warm_up(verdict=False)
        self._expected = bench.undisturbed(verdict=False)
        self._cluster = self._stack.enter_context(cluster_of(_NODES))
        place = bench.place("ray-undisturbed")
        began = time.monotonic()
        process = self._start(place, self._cluster, place / "log")
        _wait_for_tiles(process, place / "out", 1)
        self._startup = time.monotonic() - began
        ended = process.ended(_PATIENCE)
        self._sweep = time.monotonic() - began - self._startup
        if ended.code:
            raise RuntimeError(f"the undisturbed run failed: {ended.errors}")

    def close(self) -> None:
        self._stack.close()

    def _start(self, place: Path, cluster: Any, log: Path) -> Process:
        out = place / "out"
        command = [*self._bench.command(out), "--ray", "auto"]
        environment = {"RAY_ADDRESS": str(cluster.address)}
        return self._bench.start(command, log, self._bench.trap(place, out, 0), new=True, environment=environment)

    def case(self, number: int) -> Case:
        bench, rng = self._bench, self._bench.random(self.group, number)
        target = rng.choices(list(_TARGETS), list(_TARGETS.values()))[0]
        place = bench.place(f"{self.group}-{number}")
        out = place / "out"
        case = Case(self.group, number, target, kept=str(place))
        with ExitStack() as stack:
            cluster = self._cluster if target != "head" else stack.enter_context(cluster_of(0, head_cpus=2))
            process = self._start(place, cluster, place / "log-0")
            if rng.random() < 0.3:
                until = time.monotonic() + rng.uniform(0.0, self._startup)
            else:
                _wait_for_tiles(process, out, 1)
                until = time.monotonic() + rng.uniform(0.0, self._sweep)
            while time.monotonic() < until and process.running():
                time.sleep(0.005)
            before = process.running()
            case.phases.append(f"{read_state(place / 'state-0').phase} ({target})" if before else "ended before")
            codes = self._kill(target, rng, process, cluster, case)
            ended = process.ended(_PATIENCE)
        case.verdict, case.detail = fault_of(ended, codes)
        if case.verdict == HANG:
            case.detail = ended.last_line + case.detail
        if not case.fault and ended.code == 0:
            case.seen["finished in spite of it"] = 1
        if not case.fault and ended.code:
            if rng.random() < 0.5:
                again = self._start(place, self._cluster, place / "log")
                case.what += ", resumed on the cluster"
            else:
                again = bench.start(bench.command(out), place / "log", new=True)  # Ray has threads here: no fork
                case.what += ", resumed on this machine"
            case.verdict, case.detail = fault_of(again.ended(_PATIENCE), (0,))
        if not case.fault:
            case.verdict, case.detail = fault_of_results(out, self._expected)
        if not case.fault:
            shutil.rmtree(place)
            case.kept = ""
        return case

    def _kill(self, target: str, rng: Random, process: Process, cluster: Any, case: Case) -> tuple[int, ...]:
        """Returns the exit codes that the driver may end with."""
        if target == "driver":
            how = rng.choice(SIGNALS)
            case.what += f" by {how}"
            process.kill(signal.Signals[how])
            return (0, -signal.Signals[how], *((130,) if how != "SIGKILL" else ()))
        if target == "worker":
            if workers := _workers(cluster):
                os.kill(rng.choice(workers), signal.SIGKILL)
            return (0, 3)
        if target == "node":
            cluster.remove_node(rng.choice(sorted(cluster.worker_nodes, key=str)), allow_graceful=False)
            add_node(cluster)
            return (0, 3)
        cluster.head_node.kill_gcs_server()
        # A driver that was asking the head just then is ended by Ray itself.
        return (0, 1, 2, 3)


def _wait_for_tiles(process: Process, out: Path, count: int) -> None:
    while process.running() and len(list(out.glob("*/tiles/*.npz"))) < count:
        time.sleep(0.01)


def _workers(cluster: Any) -> list[int]:
    """Ids of the cluster's processes that evaluate: children of its raylets that are neither idle nor agents."""
    raylets = {
        info[0].process.pid
        for node in cluster.list_all_nodes()
        for kind, info in node.all_processes.items()
        if kind == "raylet"
    }
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and int((entry / "stat").read_text().rpartition(")")[2].split()[1]) in raylets:
                name = (entry / "cmdline").read_bytes()
                if name.startswith(b"ray::") and not any(word in name for word in (b"IDLE", b"Agent")):
                    found.append(int(entry.name))
        except (OSError, ValueError, IndexError):
            continue  # it has ended
    return sorted(found)
