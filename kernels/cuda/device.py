"""The device that kernels run on: its interface, and the GPU through CuPy."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any, Protocol

from gridproof.kernels.arrays import Array
from gridproof.kernels.cuda.source import THREADS, Kernel
from gridproof.kernels.errors import InputError


class Device(Protocol):
    """Arrays of a device are opaque to the caller. Every call may raise MemoryError where the device has no room."""

    def upload(self, array: Array) -> Any: ...
    def empty(self, shape: tuple[int, ...], dtype: str) -> Any: ...
    def zeros(self, shape: tuple[int, ...], dtype: str) -> Any: ...
    def download(self, array: Any) -> Array: ...
    def launch(self, kernel: Kernel, count: int, arguments: Sequence[Any]) -> None:
        """``count`` threads in whole blocks; arguments in order: device arrays, np.int32, np.int64, np.float64."""

    def free_bytes(self) -> int: ...
    def release(self) -> None:
        """Free memory that is held in reserve but not used."""


class Gpu:
    """CuPy's current device. CuPy compiles a kernel at its first launch and keeps the binary on disk."""

    def __init__(self) -> None:
        import cupy

        self._cupy = cupy
        self._functions: dict[Kernel, Any] = {}

    def upload(self, array: Array) -> Any:
        return self._cupy.asarray(array)

    def empty(self, shape: tuple[int, ...], dtype: str) -> Any:
        return self._cupy.empty(shape, dtype=dtype)

    def zeros(self, shape: tuple[int, ...], dtype: str) -> Any:
        return self._cupy.zeros(shape, dtype=dtype)

    def download(self, array: Any) -> Array:
        host: Array = array.get()
        return host

    def launch(self, kernel: Kernel, count: int, arguments: Sequence[Any]) -> None:
        if kernel not in self._functions:
            module = self._cupy.RawModule(code=kernel.code, options=kernel.options, backend="nvrtc")
            self._functions[kernel] = module.get_function(kernel.name)
        self._functions[kernel]((-(-count // THREADS),), (THREADS,), tuple(arguments))

    def free_bytes(self) -> int:
        pool = self._cupy.get_default_memory_pool()
        free, _ = self._cupy.cuda.runtime.memGetInfo()
        return int(free) + int(pool.free_bytes())

    def release(self) -> None:
        self._cupy.get_default_memory_pool().free_all_blocks()


def gpu_answers() -> bool:
    """Whether the GPU packages are installed and find a device."""
    if find_spec("cupy") is None:
        return False
    import cupy

    return bool(cupy.cuda.is_available())


def open_gpu() -> Gpu:
    """Returns the GPU. Raises InputError, which says what is missing, if there is none."""
    rule, where = "the backend must be one that can run here", "backend"
    if find_spec("cupy") is None:
        raise InputError(rule, "cuda", where, "Install the GPU packages, pip install 'gridproof[gpu]', or use cpu")
    if not gpu_answers():
        raise InputError(rule, "cuda", where, "CuPy is installed but finds no GPU: check nvidia-smi, or use cpu")
    return Gpu()
