"""A module in CuPy's place, with the errors of CUDA that no test can cause: as CuPy 14 names and numbers them."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np


class CudaStatusError(RuntimeError):
    def __init__(self, name: str, status: int) -> None:
        super().__init__(name)
        self.status = status


class CUDARuntimeError(CudaStatusError): ...


class CUDADriverError(CudaStatusError): ...


class CompileException(Exception): ...  # noqa: N818 - CuPy's name


class FakeCupy(ModuleType):
    """devices: how many. fault: raised by what touches the device, once it is set. modules: options of each load."""

    def __init__(self, devices: int = 1, driver: int = 13010, count_error: Exception | None = None) -> None:
        super().__init__("cupy")
        self.__version__ = "14.2.0"
        self.fault: Exception | None = None
        self.modules: list[tuple[str, ...]] = []
        self.launched: list[str] = []
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
        )

    def empty(self, shape: Any, dtype: str) -> Any:
        return self._touch(np.empty(shape, dtype))

    def zeros(self, shape: Any, dtype: str) -> Any:
        return self._touch(np.zeros(shape, dtype))

    def asarray(self, array: Any) -> Any:
        return self._touch(array)

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
