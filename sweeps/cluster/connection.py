"""The connection to Ray: what --ray means, a connection for one run, and whether the head is reachable."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from gridproof.kernels.errors import InputError
from gridproof.results.run.packages import require_package
from gridproof.sweeps.cluster.ray_internals import (
    LOOPBACK_VARIABLE,
    find_head_address,
    given_address_kept,
    start_local_ray,
)

# Seconds for which the head may be unreachable. Ray itself ends the driver's process after 60 seconds.
HEAD_TIMEOUT = 15.0
# Seconds that Ray gets to disconnect from a head that is reachable, and from one that is not.
_DISCONNECT_SECONDS, _DISCONNECT_SECONDS_UNREACHABLE = 60.0, 5.0


def check_address(address: str) -> None:
    """Raises InputError where no Ray that can be used is installed, or a driver cannot use the address."""
    install = "Install it with pip install 'gridproof[cluster]', or leave --ray out"
    require_package("ray", "a run on a cluster needs Ray", "--ray", install)
    if not address or "://" in address:
        remedy = "Submit the command to the cluster: ray job submit -- gridproof run STUDY --ray auto"
        raise InputError(
            "the address must be local, auto, or HOST:PORT of a head", address or "nothing", "--ray", remedy
        )


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """The module ray, connected. An existing connection of this process is used, and left open.

    Raises InputError where the head is not reachable or refuses the connection.
    """
    loaded = sys.modules.get("ray")
    if loaded is not None and loaded.is_initialized():
        yield loaded
        return
    make_token_private()
    if address not in ("local", "auto"):
        _check_reachable(address)
    with _local_ray_environment(address):
        import ray
    handlers = _signal_handlers()
    try:
        with _local_ray_environment(address), given_address_kept():
            _connect(ray, address)
    except InputError:
        ray.shutdown()
        raise
    except (ConnectionError, RuntimeError, ValueError) as error:
        ray.shutdown()
        text = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise _unreachable(f"{address}: {text}") from None
    finally:
        # Ray installs a handler that would end the driver at once.
        _restore_handlers(handlers)
    head = ray.get_runtime_context().gcs_address
    with _explained_sudden_end():
        try:
            _check_loopback(head, address)
            yield ray
        finally:
            _disconnect(ray, head)


def _connect(ray: Any, address: str) -> None:
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address == "local":
        start_local_ray(ray, **quiet)
        return
    if address == "auto":
        address = find_head_address()
        check_address(address)
        _check_reachable(address)
    ray.init(address=address, **quiet)


def head_reachable(head: str, timeout: float) -> bool:
    """Whether the head at HOST:PORT accepts a connection within ``timeout`` seconds; with 0 it is tried once."""
    host, _, port = head.rpartition(":")
    deadline = time.monotonic() + timeout
    while True:
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=2.0).close()
            return True
        except OSError:
            if time.monotonic() >= deadline:
                return False
        time.sleep(0.5)


def make_token_private() -> None:
    """Make Ray's token file ``~/.ray/auth_token`` readable by its owner alone, mode 0600.

    ``ray get-auth-token --generate`` writes it with the user's default mode, which often lets everyone read it. Its
    folder loses the right of others to write, with which they could replace the file. A file at RAY_AUTH_TOKEN_PATH is
    left as it is: it may be a mounted secret.

    Raises InputError where the mode is wider and cannot be changed.
    """
    path = _token_file()
    if path is None:
        return
    for place, forbidden in ((path.parent, 0o022), (path, 0o077)):
        try:
            mode = stat.S_IMODE(place.stat().st_mode)
            if mode & forbidden:
                place.chmod(mode & ~forbidden)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            rule, remedy = "Ray's token must be private to its owner", f"Run chmod go-rwx {place} as its owner"
            raise InputError(rule, f"{place}: {error.strerror}", "--ray", remedy) from None


def _token_file() -> Path | None:
    """Where Ray keeps the user's token; None for a user without a home."""
    with suppress(RuntimeError):
        return Path.home() / ".ray" / "auth_token"
    return None


def _check_reachable(address: str) -> None:
    """Fails within seconds; Ray itself tries a wrong address for two minutes."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise InputError("the address must be local, auto, or HOST:PORT of a head", address, "--ray", "Add the port")
    if not head_reachable(address, 3.0):
        raise _unreachable(f"no connection to {address}")


def _unreachable(value: str) -> InputError:
    remedy = "Start it with ray start, check that driver and cluster have the same token, or use --ray local"
    return InputError("the head of a Ray cluster must be reachable", value, "--ray", remedy)


def _check_loopback(head: str, address: str) -> None:
    host = head.rpartition(":")[0]
    if address == "local" and host != "127.0.0.1":
        remedy = f"Set {LOOPBACK_VARIABLE}=0 before ray is imported"
        raise InputError("a local Ray must listen on 127.0.0.1 only", host, "--ray", remedy)


def _disconnect(ray: Any, head: str) -> None:
    """End the connection completely, so that the next run opens its own. A lost head does not block the driver."""
    thread = threading.Thread(target=ray.shutdown, daemon=True)
    thread.start()
    thread.join(_DISCONNECT_SECONDS if head_reachable(head, 0.0) else _DISCONNECT_SECONDS_UNREACHABLE)


@contextmanager
def _explained_sudden_end() -> Iterator[None]:
    """Explain the end of a driver that Ray kills.

    Where the raylet of the driver's machine is lost, Ray ends the driver in C++, and Python prints nothing. A shell
    waits for a line from the driver, and prints the explanation where the pipe closes without one.
    """
    text = (
        "gridproof: not finished: the process ended without an error message. Ray does this where the raylet of the "
        "driver's machine is lost. Finished tiles are kept; rerun to resume"
    )
    command = ["sh", "-c", 'read -r line || echo "$0" >&2', text]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True) as shell:
        try:
            yield
        finally:
            shell.communicate(b"finished\n")


@contextmanager
def _local_ray_environment(address: str) -> Iterator[None]:
    """The environment variables of a local Ray and of each of its processes."""
    if address != "local":
        yield
        return
    variables = {LOOPBACK_VARIABLE: "0", "RAY_USAGE_STATS_ENABLED": "0"}
    if os.environ.get("RAY_AUTH_MODE", "token") == "token" and not _has_token():
        variables["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    # Without the variable Ray prints a warning about its default.
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
    """Whether Ray finds a token of this user. Otherwise a local Ray gets a random one, which no one else knows."""
    if os.environ.get("RAY_AUTH_TOKEN") or os.environ.get("RAY_AUTH_TOKEN_PATH"):
        return True
    path = _token_file()
    return path is not None and path.is_file()


def _signal_handlers() -> dict[int, Any]:
    if threading.current_thread() is not threading.main_thread():
        return {}
    return {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}


def _restore_handlers(handlers: Mapping[int, Any]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler)
