"""A module in CuPy's place, with the errors of CUDA that no test can cause: as CuPy 14 names and numbers them."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from gridproof.kernels.arrays import Array


class CudaStatusError(RuntimeError):
    def __init__(self, name: str, status: int) -> None:
        super().__init__(name)
        self.status = status


class CUDARuntimeError(CudaStatusError): ...


class CUDADriverError(CudaStatusError): ...


class CompileException(Exception): ...  # noqa: N818 - CuPy's name


class FakeArray:
    """An array of the device whose copy to the host fills it when it is begun, as a copy that is under way may."""

    def __init__(self, content: Array) -> None:
        self._content = content
        self.shape, self.dtype, self.size, self.nbytes = content.shape, content.dtype, content.size, content.nbytes

    def get(self, *, out: Array, blocking: bool) -> None:
        assert not blocking
        out[...] = self._content


class FakeCupy(ModuleType):
    """devices: how many. fault: raised by what touches the device, once it is set. modules: options of each load."""

    def __init__(self, devices: int = 1, driver: int = 13010, count_error: Exception | None = None) -> None:
        super().__init__("cupy")
        self.__version__ = "14.2.0"
        self.fault: Exception | None = None
        self.modules: list[tuple[str, ...]] = []
        self.launched: list[str] = []
        self.pinned: list[bytearray] = []
        self.events: list[Any] = []
        runtime = SimpleNamespace(
            CUDARuntimeError=CUDARuntimeError,
            getDeviceCount=self._or(count_error, devices),
            getDevice=lambda: 0,
            getDeviceProperties=lambda _: {"name": b"NVIDIA H200", "uuid": b"\x01" * 16},
            driverGetVersion=lambda: driver,
            runtimeGetVersion=lambda: 13020,
            memGetInfo=lambda: self._touch((2**30, 2**31)),
        )
        self.cuda = SimpleNamespace(
            runtime=runtime,
            driver=SimpleNamespace(CUDADriverError=CUDADriverError),
            compiler=SimpleNamespace(CompileException=CompileException),
            nvrtc=SimpleNamespace(getVersion=lambda: (13, 5)),
            alloc_pinned_memory=self._pinned,
            Event=self._event,
        )

    def empty(self, shape: Any, dtype: str) -> Any:
        return self._touch(np.empty(shape, dtype))

    def zeros(self, shape: Any, dtype: str) -> Any:
        return self._touch(np.zeros(shape, dtype))

    def asarray(self, array: Any) -> Any:
        return self._touch(array)

    def _pinned(self, size: int) -> Any:
        self.pinned.append(bytearray(size))
        return self._touch(self.pinned[-1])

    def _event(self, disable_timing: bool) -> Any:
        event = SimpleNamespace(done=False, record=lambda: None)
        event.synchronize = lambda: self._touch(setattr(event, "done", True))
        self.events.append(event)
        return event

    def get_default_memory_pool(self) -> Any:
        return SimpleNamespace(free_bytes=lambda: 0, free_all_blocks=lambda: None)

    def RawModule(self, code: str, options: tuple[str, ...], backend: str) -> Any:  # noqa: N802 - CuPy's name
        self.modules.append(options)
        return SimpleNamespace(get_function=lambda name: lambda *_: self._touch(self.launched.append(name)))

    def _touch(self, value: Any) -> Any:
        if self.fault is not None:
            raise self.fault
        return value

    @staticmethod
    def _or(error: Exception | None, value: int) -> Callable[[], int]:
        def call() -> int:
            if error is not None:
                raise error
            return value

        return call
