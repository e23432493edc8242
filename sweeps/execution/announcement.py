"""What a user is told about the backend before it begins."""

from __future__ import annotations

import sys

from gridproof.kernels.backend import Backend
from gridproof.sweeps.progress.observer import RunObserver


def announce_backend(backend: Backend, ray: str | None, observer: RunObserver) -> None:
    """One notice of why ``auto`` took this backend, and one where GPUs of this machine are left idle.

    A process uses one GPU. ray: the cluster's address, whose workers use a GPU each; None without one.
    """
    if backend.reason:
        observer.notice(backend.reason)
    if ray is None and backend.name == "cuda" and (count := _visible_gpus()) > 1:
        observer.notice(f"1 of {count} GPUs is used; --ray local uses all")


def _visible_gpus() -> int:
    """How many GPUs CUDA shows to this process; 0 where CuPy, which the cuda backend loads, is not loaded."""
    cupy = sys.modules.get("cupy")
    return 0 if cupy is None else int(cupy.cuda.runtime.getDeviceCount())
