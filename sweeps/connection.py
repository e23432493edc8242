"""The way to Ray: what --ray means, a connection for one run, and whether the head still answers."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from gridproof.kernels.errors import InputError

# For so many seconds a head may not answer: Ray itself ends a driver after 60, without a word to it.
HEAD_PATIENCE = 15.0
# Without it Ray takes the machine's outer address even where it is told 127.0.0.1, and listens on all of them.
_LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_USAGE_STATS_ENABLED": "0"}


def check_address(address: str) -> None:
    """Raises InputError where Ray is not installed, or the address is none that a driver can work from."""
    if find_spec("ray") is None:
        remedy = "Install the cluster packages, pip install 'gridproof[cluster]', or leave --ray out"
        raise InputError("a run on a cluster needs Ray", "no package ray", "--ray", remedy)
    if not address or "://" in address:
        remedy = "Run it on the cluster itself: ray job submit -- gridproof run STUDY --ray auto"
        raise InputError("an address is local, auto or HOST:PORT of a head", address or "nothing", "--ray", remedy)


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """The module ray, connected; a connection that was there before is used, and left. Raises InputError."""
    with _environment(_LOOPBACK if address == "local" and "ray" not in sys.modules else {}):
        import ray

        if ray.is_initialized():
            yield ray
            return
        _knock(address)
        handlers = _handlers()
        try:
            if address == "local":
                ray.init(
                    include_dashboard=False,
                    _node_ip_address="127.0.0.1",
                    log_to_driver=False,
                    logging_level=logging.ERROR,
                )
            else:
                ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, RuntimeError, ValueError) as error:
            ray.shutdown()
            fault = f"{address}: {str(error).splitlines()[0] if str(error) else type(error).__name__}"
            raise _silent(fault) from None
        # Ray puts a handler of its own, which would end the driver at once.
        _restore(handlers)
        with _last_words():
            try:
                _refuse_open_doors(ray, address)
                yield ray
            finally:
                _leave(ray)


def head_answers(gcs: str, patience: float) -> bool:
    """Whether the head's store takes a connection, tried for so many seconds."""
    host, _, port = gcs.rpartition(":")
    deadline = time.monotonic() + patience
    while True:
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=2.0).close()
            return True
        except OSError:
            if time.monotonic() >= deadline:
                return False
        time.sleep(0.5)


def _knock(address: str) -> None:
    """Ray itself tries a wrong address for two minutes."""
    if address in ("local", "auto"):
        return
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise InputError("an address is local, auto or HOST:PORT of a head", address, "--ray", "Write the port too")
    if not head_answers(address, 3.0):
        raise _silent(f"nothing at {address}")


def _silent(fault: str) -> InputError:
    remedy = "Start it with ray start, see that the token is its own, or use --ray local"
    return InputError("a Ray cluster must answer", fault, "--ray", remedy)


def _refuse_open_doors(ray: Any, address: str) -> None:
    if address != "local":
        return
    host = ray.get_runtime_context().gcs_address.rpartition(":")[0]
    if host != "127.0.0.1":
        remedy = "Import ray after the run, or set RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER=0 before it is imported"
        raise InputError("a local Ray listens on 127.0.0.1 only", host, "--ray", remedy)


def _leave(ray: Any) -> None:
    """Disconnect; a head that is gone must not keep the driver."""
    leaving = threading.Thread(target=ray.shutdown, daemon=True)
    leaving.start()
    leaving.join(5.0)


@contextmanager
def _last_words() -> Iterator[None]:
    """Ray ends a driver at once, in C++, where the raylet of its machine is lost: a shell says what that means."""
    words = (
        "gridproof: not finished: the process has ended without a word, as Ray ends it where its own node is lost. "
        "Finished tiles are kept; the same command goes on from there"
    )
    command = ["sh", "-c", 'read -r word || echo "$0" >&2', words]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True) as shell:
        try:
            yield
        finally:
            shell.communicate(b"alive\n")


@contextmanager
def _environment(settings: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    # Ray warns of the default that it takes, and asks for a choice.
    os.environ.setdefault("RAY_AUTH_MODE", "token") if settings else None
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _handlers() -> dict[int, Any]:
    if threading.current_thread() is not threading.main_thread():
        return {}
    return {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}


def _restore(handlers: Mapping[int, Any]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler)
