"""The private parts of Ray that a connection needs, in one place, checked when they are used."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gridproof.kernels.errors import InputError

# The version with which this module was written. The tests check the meaning of each part in the installed version.
TESTED = "2.60.0"

# With 0 in this variable a local Ray listens on 127.0.0.1 alone. Ray reads it once, when it is imported.
LOOPBACK_VARIABLE = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"


def start_local_ray(ray: Any, **options: Any) -> None:
    """Start a Ray of this process's own on 127.0.0.1. Raises InputError where ``ray.init`` takes no address for it."""
    try:
        ray.init("local", include_dashboard=False, _node_ip_address="127.0.0.1", **options)
    except RuntimeError as error:
        if "_node_ip_address" in str(error):
            raise _unsupported("the argument _node_ip_address of ray.init") from None
        raise


def find_head_address() -> str:
    """HOST:PORT of RAY_ADDRESS, else of the Ray that runs on this machine.

    Raises ConnectionError where there is none, InputError where the installed Ray has no such function.
    """
    address: str = _private("services", "get_ray_address_from_environment")("auto", None)
    return address


@contextmanager
def given_address_kept() -> Iterator[None]:
    """Have Ray connect to 127.0.0.1 where that is the address given.

    Ray replaces 127.0.0.1 by the machine's outer address. A head that listens on 127.0.0.1 alone never answers there,
    and Ray waits for minutes. ``LOOPBACK_VARIABLE`` prevents it only before Ray is imported; the constant that Ray sets
    from it is read at each connection. Raises InputError where the installed Ray has no such constant.
    """
    before = _private("ray_constants", "ENABLE_RAY_CLUSTER")
    constants = importlib.import_module("ray._private.ray_constants")
    constants.ENABLE_RAY_CLUSTER = False  # type: ignore[attr-defined]
    try:
        yield
    finally:
        constants.ENABLE_RAY_CLUSTER = before  # type: ignore[attr-defined]


def _private(module: str, name: str) -> Any:
    try:
        return getattr(importlib.import_module(f"ray._private.{module}"), name)
    except (ImportError, AttributeError):
        raise _unsupported(f"ray._private.{module}.{name}") from None


def _unsupported(missing: str) -> InputError:
    import ray

    rule = f"a cluster needs a private part of Ray that Ray {TESTED} has"
    return InputError(rule, f"Ray {ray.__version__} without {missing}", "package ray", f"Install ray=={TESTED}")
