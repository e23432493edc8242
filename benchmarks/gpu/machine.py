"""The machine: GPU, driver, CuPy and its compiler, the cache of compiled kernels, and what else is installed."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from benchmarks.gpu.settings import Found, Settings
from gridproof.kernels.cuda import availability
from gridproof.kernels.cuda.availability import gpu_packages

_PACKAGES = ("numpy", "numba", "pandas", "scipy", "pyarrow", "cudf-cu13", "ray", "pytest", "hypothesis")
_TOOLS = ("nvidia-smi", "compute-sanitizer", "g++", "nvcc")


def describe(settings: Settings) -> Found:
    yield "system", f"{platform.system()} {platform.release()} {platform.machine()}, Python {platform.python_version()}"
    yield "cores", len(os.sched_getaffinity(0))
    yield "memory_gib", round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
    yield "packages", {name: _version(name) for name in _PACKAGES}
    yield "tools", {name: shutil.which(name) for name in _TOOLS}
    yield "commit", _output("git", "describe", "--always", "--dirty", "--exclude=*")
    if settings.dry:
        yield "gpu", "none: a dry run"
        return
    yield (
        "nvidia_smi",
        _output("nvidia-smi", "--query-gpu=name,driver_version,memory.total,compute_mode", "--format=csv"),
    )
    if fault := availability.gpu_fault():
        raise RuntimeError(fault)
    gpu = availability.open_gpu()
    yield "gpu", gpu.name
    yield "uuid", gpu.uuid
    yield "compilers", gpu_packages()
    import cupy

    runtime = cupy.cuda.runtime
    yield "cuda", {"driver": runtime.driverGetVersion(), "runtime": runtime.runtimeGetVersion()}
    properties: dict[str, Any] = runtime.getDeviceProperties(runtime.getDevice())
    names = ("major", "minor", "multiProcessorCount", "totalGlobalMem", "l2CacheSize", "clockRate", "memoryClockRate")
    yield "properties", {name: properties[name] for name in names if name in properties}
    yield "free_bytes", gpu.free_bytes()
    yield "kernel_cache", os.environ.get("CUPY_CACHE_DIR", os.path.expanduser("~/.cupy/kernel_cache"))


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _output(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{type(error).__name__}: {error}"
    return (done.stdout or done.stderr).strip()
