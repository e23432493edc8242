"""The way to Ray: what --ray means, a connection for one run, and whether the head still answers."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from gridproof.kernels.errors import InputError

# For so many seconds a head may not answer: Ray itself ends a driver after 60, without a word to it.
HEAD_PATIENCE = 15.0
# What Ray is given to part from a head that answers, and from one that is gone.
_PARTING, _GONE = 60.0, 5.0
# With 0 Ray stays on 127.0.0.1 where it is told so, and does not listen on all addresses.
_LOOPBACK = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"


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
    there = sys.modules.get("ray")
    if there is not None and there.is_initialized():
        yield there
        return
    if address not in ("local", "auto"):
        _knock(address)
    with _quiet_environment(address):
        import ray
    handlers = _handlers()
    try:
        with _quiet_environment(address), _as_written():
            _connect(ray, address)
    except (ConnectionError, RuntimeError, ValueError) as error:
        ray.shutdown()
        raise _silent(f"{address}: {str(error).splitlines()[0] if str(error) else type(error).__name__}") from None
    finally:
        # Ray puts a handler of its own, which would end the driver at once.
        _restore(handlers)
    gcs = ray.get_runtime_context().gcs_address
    with _last_words():
        try:
            _refuse_open_doors(gcs, address)
            yield ray
        finally:
            _leave(ray, gcs)


def _connect(ray: Any, address: str) -> None:
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address == "local":
        ray.init("local", include_dashboard=False, _node_ip_address="127.0.0.1", **quiet)
        return
    if address == "auto":
        from ray._private.services import get_ray_address_from_environment

        address = get_ray_address_from_environment("auto", None)
        check_address(address)
        _knock(address)
    ray.init(address=address, **quiet)


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
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise InputError("an address is local, auto or HOST:PORT of a head", address, "--ray", "Write the port too")
    if not head_answers(address, 3.0):
        raise _silent(f"nothing at {address}")


def _silent(fault: str) -> InputError:
    remedy = "Start it with ray start, see that the token is its own, or use --ray local"
    return InputError("a Ray cluster must answer", fault, "--ray", remedy)


def _refuse_open_doors(gcs: str, address: str) -> None:
    host = gcs.rpartition(":")[0]
    if address == "local" and host != "127.0.0.1":
        remedy = f"Set {_LOOPBACK}=0 before ray is imported"
        raise InputError("a local Ray listens on 127.0.0.1 only", host, "--ray", remedy)


def _leave(ray: Any, gcs: str) -> None:
    """Disconnect, wholly: the next run must not find this connection. A head that is gone must not keep the driver."""
    leaving = threading.Thread(target=ray.shutdown, daemon=True)
    leaving.start()
    leaving.join(_PARTING if head_answers(gcs, 0.0) else _GONE)


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
def _quiet_environment(address: str) -> Iterator[None]:
    """What a Ray of this machine's own, and every process of it, is told."""
    if address != "local":
        yield
        return
    told = {_LOOPBACK: "0", "RAY_USAGE_STATS_ENABLED": "0"}
    if os.environ.get("RAY_AUTH_MODE", "token") == "token" and not _has_token():
        told["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
    before = {name: os.environ.get(name) for name in told}
    os.environ.update(told)
    # Ray warns of the default that it takes, and asks for a choice.
    os.environ.setdefault("RAY_AUTH_MODE", "token")
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _has_token() -> bool:
    """Whether this user has a token that Ray finds; a Ray of one's own needs none that anybody else knows."""
    if os.environ.get("RAY_AUTH_TOKEN") or os.environ.get("RAY_AUTH_TOKEN_PATH"):
        return True
    return (Path.home() / ".ray" / "auth_token").is_file()


@contextmanager
def _as_written() -> Iterator[None]:
    """Connect to the address that is given.

    Ray puts the machine's outer address in the place of 127.0.0.1, where a head that listens on 127.0.0.1 alone never
    answers, and asks there for minutes. Its variable against that is read once, by whoever imports Ray first; the
    constant that it sets is read each time.
    """
    from ray._private import ray_constants

    before = ray_constants.ENABLE_RAY_CLUSTER
    ray_constants.ENABLE_RAY_CLUSTER = False
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = before


def _handlers() -> dict[int, Any]:
    if threading.current_thread() is not threading.main_thread():
        return {}
    return {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}


def _restore(handlers: Mapping[int, Any]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler)
