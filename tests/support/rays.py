"""Ray clusters on this machine, several raylets on loopback, for tests in a process of their own."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

ROOT = Path(__file__).resolve().parents[2]

needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed")


def ray_environment(home: Path) -> dict[str, str]:
    """No token file in the home of who runs the tests, nothing beyond loopback, and workers find the tests' modules."""
    return {
        "HOME": str(home),
        "RAY_AUTH_MODE": "disabled",
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        "RAY_USAGE_STATS_ENABLED": "0",
        # A worker is started when it is asked for, not one for each CPU beforehand.
        "RAY_prestart_worker_first_driver": "0",
        "PYTHONPATH": os.pathsep.join(path for path in (str(ROOT), os.environ.get("PYTHONPATH")) if path),
        "NUMBA_CACHE_DIR": os.environ.get("NUMBA_CACHE_DIR", ""),
    }


# Seconds in which a node must start. Ray gives it 30, which are too few where all cores compile what is imported.
_STARTING = 120.0


@contextmanager
def lean_heads() -> Iterator[None]:
    """Heads that this process starts go without autoscaler, log monitor and dashboard: each is a Python of its own.

    They, and other nodes, may take longer to start than Ray allows.
    """
    from ray._private import services
    from ray._private.node import Node

    names = ("start_monitor", "start_log_monitor", "start_api_server")
    with (
        mock.patch.multiple(Node, **{name: lambda self, **_: None for name in names}),
        mock.patch.object(services, "get_node", _patient(services.get_node)),
    ):
        yield


def _patient(get_node: Callable[..., Any]) -> Callable[..., Any]:
    def found(*arguments: Any, **named: Any) -> Any:
        deadline = time.monotonic() + _STARTING
        while True:
            try:
                return get_node(*arguments, **named)
            except RuntimeError:  # not there yet
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.1)

    return found


@contextmanager
def cluster_of(nodes: int, head_cpus: int = 0) -> Iterator[Any]:
    """A head and nodes of one CPU each."""
    from ray.cluster_utils import Cluster

    head = {"num_cpus": head_cpus, "include_dashboard": False, "node_ip_address": "127.0.0.1"}
    head["_system_config"] = {"metrics_report_interval_ms": 500}
    with lean_heads():
        cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        for _ in range(nodes):
            add_node(cluster)
        yield cluster
    finally:
        cluster.shutdown()


def add_node(cluster: Any) -> Any:
    with lean_heads():
        return cluster.add_node(num_cpus=1, node_ip_address="127.0.0.1", object_store_memory=100 * 2**20)


def driver_command(traps: Path, study: Path, out: Path, *options: object) -> list[str]:
    return [
        sys.executable,
        "-m",
        "tests.support.driver",
        *map(str, (traps, "run", study, "--out", out, "--no-verdict", *options)),
    ]
