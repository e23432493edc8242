"""Whether there is a GPU that can be used, and what is missing where there is none."""

from __future__ import annotations

import os
import tempfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from gridproof.kernels.cuda.device import Gpu
from gridproof.kernels.errors import GpuError, InputError

# Errors of the CUDA runtime, by number.
_OLD_DRIVER, _NO_DEVICE, _IN_USE = 35, 100, 46
_CPU = "or use the cpu backend"


def gpu_answers() -> bool:
    """Whether the GPU packages are installed and find a device."""
    return gpu_fault() == ""


@cache
def gpu_fault() -> str:
    """What is missing for a GPU and what to do, in one sentence; empty where there is one. Asked once a process."""
    if find_spec("cupy") is None:
        return f"Install the GPU packages, pip install 'gridproof[gpu]', {_CPU}"
    try:
        cupy = _import_cupy()
    except Exception as error:  # noqa: BLE001 - its libraries fail in many ways
        return f"CuPy cannot be imported ({_line(error)}): install the GPU packages again, {_CPU}"
    runtime = cupy.cuda.runtime
    try:
        if runtime.getDeviceCount() > 0:
            return ""
    except runtime.CUDARuntimeError as error:
        if error.status == _OLD_DRIVER:
            return _driver_fault(int(runtime.driverGetVersion()), int(runtime.runtimeGetVersion()))
        if error.status != _NO_DEVICE:
            return f"CUDA does not start ({_line(error)}): check nvidia-smi, {_CPU}"
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
    if hidden is not None:
        return f"CUDA_VISIBLE_DEVICES is {hidden!r} and leaves no GPU: change it, {_CPU}"
    return f"CuPy is installed but finds no GPU: check nvidia-smi, {_CPU}"


def open_gpu() -> Gpu:
    """Returns the GPU, the same in every call of a process. Raises InputError, which says what is missing."""
    if fault := gpu_fault():
        raise InputError("the backend must be one that can run here", "cuda", "backend", fault)
    try:
        return _gpu()
    except GpuError as error:
        status = getattr(error.__cause__, "status", None)
        busy = "Another process has the GPU for itself: end it, or change its compute mode"
        remedy = f"{busy if status == _IN_USE else 'Check nvidia-smi'}, {_CPU}"
        raise InputError("the GPU must answer", error, "backend", remedy) from None
    except MemoryError:
        rule, remedy = "the GPU must have free memory", f"Stop other programs that use it, {_CPU}"
        raise InputError(rule, "none", "backend", remedy) from None


def gpu_packages() -> dict[str, str]:
    """Versions of CuPy and of the compiler that it has loaded, which must be the same on all machines of a run.

    Empty where CuPy is missing.
    """
    if find_spec("cupy") is None:
        return {}
    cupy = _import_cupy()
    major, minor = cupy.cuda.nvrtc.getVersion()
    return {"cupy": str(cupy.__version__), "nvrtc": f"{major}.{minor}"}


@cache
def _gpu() -> Gpu:
    return Gpu(_import_cupy())


@cache
def _import_cupy() -> Any:
    """CuPy makes the folder of its cache when it is imported, and fails where it cannot; then it gets another one."""
    chosen = os.environ.get("CUPY_CACHE_DIR")
    folder = Path(chosen) if chosen else Path(os.path.expanduser("~/.cupy/kernel_cache"))
    if not _writable(folder):
        if chosen:
            raise OSError(f"CUPY_CACHE_DIR is {chosen}, where nothing can be written")
        os.environ["CUPY_CACHE_DIR"] = tempfile.mkdtemp(prefix="gridproof-cupy-")
    import cupy

    return cupy


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _driver_fault(driver: int, runtime: int) -> str:
    """driver, runtime: CUDA versions as 1000 × major + 10 × minor; driver 0 where none is installed."""
    if driver == 0:
        return f"No driver of NVIDIA is installed: install one for CUDA {_cuda(runtime)}, {_CPU}"
    needed = _cuda(runtime)
    return f"The driver is for CUDA {_cuda(driver)}, and CuPy needs {needed}: update the driver, {_CPU}"


def _cuda(number: int) -> str:
    return f"{number // 1000}.{number % 1000 // 10}"


def _line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]
