"""A device without a GPU: the .cu files through g++, one thread after another, called as CuPy would call them."""

from __future__ import annotations

import ctypes
import hashlib
import re
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from gridproof.kernels.arrays import Array
from gridproof.kernels.cuda.source import THREADS, Kernel

SHIM = Path(__file__).with_name("cuda_shim.h")
FLAGS = ("-std=c++17", "-O2", "-ffp-contract=off", "-Wall", "-Wextra", "-Wno-unknown-pragmas", "-Wno-unused-variable")


# How PTX names what is passed.
_TYPES = {ctypes.c_void_p: "u64", ctypes.c_int64: "u64", ctypes.c_int32: "u32", ctypes.c_double: "f64"}


class ShimDevice:
    """Memory is the host's, copied as for a device; an array above ``room`` bytes, if given, raises MemoryError.

    flags: more of the compiler.
    """

    def __init__(self, folder: Path, room: int | None = None, flags: tuple[str, ...] = ()) -> None:
        self._folder, self._flags = folder, (*FLAGS, *flags)
        self._built: dict[tuple[str, tuple[str, ...]], Any] = {}
        self.room = room
        self.launches: list[int] = []
        self.names: list[str] = []
        self.types: dict[str, list[str]] = {}
        self.released = 0

    def upload(self, array: Array) -> Array:
        assert array.flags.c_contiguous
        self._make_room(array)
        return array.copy()

    def empty(self, shape: tuple[int, ...], dtype: str) -> Array:
        """Poisoned, so that what a kernel leaves out is seen."""
        array = np.empty(shape, dtype=dtype)
        self._make_room(array)
        array.view(np.uint8)[...] = 0xFF
        if array.dtype.kind == "f":
            array[...] = 1e300
        return array

    def zeros(self, shape: tuple[int, ...], dtype: str) -> Array:
        array = np.zeros(shape, dtype=dtype)
        self._make_room(array)
        return array

    def download(self, array: Array) -> Array:
        return array.copy()

    def download_later(self, array: Array) -> Callable[[], Array]:
        host = array.copy()
        return lambda: host

    def launch(self, kernel: Kernel, count: int, arguments: Sequence[Any]) -> None:
        values = [
            ctypes.c_void_p(each.ctypes.data) if isinstance(each, np.ndarray) else _number(each) for each in arguments
        ]
        pointers = (ctypes.c_void_p * len(values))(*(ctypes.addressof(value) for value in values))
        self.launches.append(count)
        self.names.append(kernel.name)
        types = [_TYPES[type(value)] for value in values]
        assert self.types.setdefault(kernel.name, types) == types, "a kernel is always called with the same types"
        self.function(kernel)(-(-count // THREADS), THREADS, pointers)

    def free_bytes(self) -> int:
        return 2**30

    def release(self) -> None:
        self.released += 1

    def _make_room(self, array: Array) -> None:
        if self.room is not None and array.nbytes > self.room:
            raise MemoryError

    def function(self, kernel: Kernel) -> Any:
        source = kernel.code, kernel.options
        if source not in self._built:
            self._built[source] = ctypes.CDLL(str(self._library(kernel)))
        function = getattr(self._built[source], f"start_{kernel.name}")
        function.restype = None
        return function

    def _library(self, kernel: Kernel) -> Path:
        """Compiled where no earlier call has compiled the same sources with the same compiler."""
        what = kernel.code, kernel.options, kernel.macros, SHIM.read_text(), self._flags, _compiler()
        path = self._folder / f"{kernel.paths[-1].stem}-{hashlib.sha256(repr(what).encode()).hexdigest()[:16]}.so"
        if path.exists():
            return path
        included = "".join(f'#include "{each}"\n' for each in (SHIM, *kernel.paths))
        starts = (
            f'extern "C" void start_{name}(int blocks, int threads, void **arguments)\n'
            f"{{ run({name}, blocks, threads, arguments); }}\n"
            for name in re.findall(r"__launch_bounds__\(.*?\) (\w+)\(", kernel.code)
        )
        with tempfile.TemporaryDirectory(dir=self._folder) as own:
            (Path(own) / "kernel.cpp").write_text(included + "".join(starts))
            defines = [f"-D{macro}={value}" for macro, value in kernel.macros]
            defines.append(f"-DSHARED={int('__shared__' in kernel.code)}")
            built = Path(own) / "kernel.so"
            command = ["g++", *self._flags, *defines, "-shared", "-fPIC", "-o", str(built), f"{own}/kernel.cpp"]
            done = subprocess.run(command, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            assert not done.stderr, done.stderr
            built.replace(path)
        return path


@cache
def _compiler() -> str:
    return subprocess.run(["g++", "--version"], capture_output=True, text=True, check=True).stdout


def _number(value: Any) -> Any:
    if isinstance(value, np.int32):
        return ctypes.c_int32(int(value))
    if isinstance(value, np.int64):
        return ctypes.c_int64(int(value))
    assert isinstance(value, np.float64), type(value)
    return ctypes.c_double(float(value))
