"""The device that kernels run on: its interface, and the GPU through CuPy."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np

from gridproof.kernels.arrays import Array
from gridproof.kernels.cuda.source import THREADS, Kernel
from gridproof.kernels.errors import GpuError

# cudaErrorMemoryAllocation and CUDA_ERROR_OUT_OF_MEMORY: the only error of CUDA after which a process can go on.
_NO_MEMORY = 2


class Device(Protocol):
    """Arrays of a device are opaque to the caller. Every call may raise MemoryError where the device has no room, and
    GpuError where it works no more."""

    def upload(self, array: Array) -> Any: ...
    def empty(self, shape: tuple[int, ...], dtype: str) -> Any: ...
    def zeros(self, shape: tuple[int, ...], dtype: str) -> Any: ...
    def download(self, array: Any) -> Array: ...
    def download_later(self, array: Any) -> Callable[[], Array]:
        """Copies the array as it is after all that was launched so far; what is returned waits for the copy."""

    def launch(self, kernel: Kernel, count: int, arguments: Sequence[Any]) -> None:
        """``count`` threads in whole blocks; arguments in order: device arrays, np.int32, np.int64, np.float64."""

    def free_bytes(self) -> int: ...
    def release(self) -> None:
        """Free memory that is held in reserve but not used."""


class Gpu:
    """CuPy's current device. CuPy compiles a source at its first launch and keeps the binary on disk.

    A failed launch is noticed by a later call, and every call after it fails too: CUDA keeps the error for the life of
    the process. ``name``: of the GPU, with its number. ``uuid``: that of no other GPU.
    """

    def __init__(self, cupy: Any) -> None:
        self._cupy = cupy
        self._errors = (cupy.cuda.runtime.CUDARuntimeError, cupy.cuda.driver.CUDADriverError)
        # One module for each source and its options: it has all kernels of the source.
        self._modules: dict[tuple[str, tuple[str, ...]], Any] = {}
        self._functions: dict[Kernel, Any] = {}
        # Copies to the host that may be under way. Their memory must not be used again before they have ended.
        self._copies: deque[tuple[Any, Array]] = deque()
        self.name, self.uuid = "the GPU", ""
        with self._faults():
            number = cupy.cuda.runtime.getDevice()
            properties = cupy.cuda.runtime.getDeviceProperties(number)
            self.name = f"GPU {number} ({properties['name'].decode()})"
            self.uuid = bytes(properties["uuid"]).hex()
            cupy.empty(1, dtype="<f8")  # a GPU that another process has for itself refuses this

    def upload(self, array: Array) -> Any:
        with self._faults():
            return self._cupy.asarray(array)

    def empty(self, shape: tuple[int, ...], dtype: str) -> Any:
        with self._faults():
            return self._cupy.empty(shape, dtype=dtype)

    def zeros(self, shape: tuple[int, ...], dtype: str) -> Any:
        with self._faults():
            return self._cupy.zeros(shape, dtype=dtype)

    def download(self, array: Any) -> Array:
        with self._faults():
            host: Array = array.get()
            return host

    def download_later(self, array: Any) -> Callable[[], Array]:
        with self._faults():
            while self._copies and self._copies[0][0].done:
                self._copies.popleft()
            pinned = self._cupy.cuda.alloc_pinned_memory(array.nbytes)
            host: Array = np.frombuffer(pinned, array.dtype, array.size).reshape(array.shape)
            array.get(out=host, blocking=False)
            event = self._cupy.cuda.Event(disable_timing=True)
            event.record()
            self._copies.append((event, host))

        def wait() -> Array:
            with self._faults():
                event.synchronize()
            return host

        return wait

    def launch(self, kernel: Kernel, count: int, arguments: Sequence[Any]) -> None:
        with self._faults():
            self.load(kernel)((-(-count // THREADS),), (THREADS,), tuple(arguments))

    def free_bytes(self) -> int:
        pool = self._cupy.get_default_memory_pool()
        with self._faults():
            free, _ = self._cupy.cuda.runtime.memGetInfo()
            return int(free) + int(pool.free_bytes())

    def release(self) -> None:
        with self._faults():
            self._cupy.get_default_memory_pool().free_all_blocks()

    def load(self, kernel: Kernel) -> Any:
        """The function of a kernel, compiled and loaded at the first call."""
        with self._faults():
            if kernel not in self._functions:
                source = kernel.code, kernel.options
                if source not in self._modules:
                    self._modules[source] = self._cupy.RawModule(code=source[0], options=source[1], backend="nvrtc")
                self._functions[kernel] = self._modules[source].get_function(kernel.name)
            return self._functions[kernel]

    @contextmanager
    def _faults(self) -> Iterator[None]:
        """Raises MemoryError where the device has no room, GpuError for every other error of CUDA or its compiler."""
        try:
            yield
        except self._errors as error:
            if error.status == _NO_MEMORY:
                raise MemoryError(str(error)) from None
            raise GpuError(f"{self.name}: {error}") from error
        except self._cupy.cuda.compiler.CompileException as error:
            raise GpuError(f"{self.name}: a kernel does not compile: {error}") from error
