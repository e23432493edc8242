"""NVRTC from its wheel: a kernel compiled for real, for GPUs that are not there. Nothing is written anywhere."""

from __future__ import annotations

import ctypes
import re
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, files
from typing import Any

import pytest

from gridproof.kernels.cuda.source import Kernel

_OTHER = pytest.mark.slow("the same kernels are compiled for sm_90 in make test")
# A100, H100 and H200, RTX 50.
ARCHITECTURES = (pytest.param("sm_80", marks=_OTHER), "sm_90", pytest.param("sm_120", marks=_OTHER))
_REGISTERS = 65_536  # of a multiprocessor of each


@dataclass(frozen=True)
class Binary:
    """What ptxas says of one kernel, and the PTX that it was made from."""

    name: str
    log: str
    cubin: bytes
    ptx: str

    def number(self, pattern: str) -> int:
        own = self.log.split(f"Compiling entry function '{self.name}'")[1].split("Compiling entry function")[0]
        found = re.search(pattern, own)
        assert found, self.log
        return int(found.group(1))

    @property
    def registers(self) -> int:
        return self.number(r"Used (\d+) registers")

    @property
    def spilled(self) -> int:
        """Bytes stored to and loaded from local memory, and bytes of the stack frame."""
        stores, loads = self.number(r"(\d+) bytes spill stores"), self.number(r"(\d+) bytes spill loads")
        return stores + loads + self.number(r"(\d+) bytes stack frame")

    @property
    def parameters(self) -> list[str]:
        """PTX types of the kernel's parameters in order, such as u64, u32, f64."""
        return re.findall(r"\.param \.(\w+)[^,)]*_param_\d+", self.ptx.split(f".entry {self.name}(")[1].split("{")[0])


@cache
def library() -> Any:
    """The wheel's libnvrtc; None where the wheel is not installed."""
    try:
        found = [path for path in files("nvidia-cuda-nvrtc") or [] if path.name.startswith("libnvrtc.so")]
    except PackageNotFoundError:
        return None
    return ctypes.CDLL(str(found[0].locate()))


def check_fits(kernel: Kernel, architecture: str, threads: int) -> None:
    """The compiled kernel spills nothing, and a multiprocessor's registers suffice for so many threads at once."""
    binary = build(kernel, architecture)
    assert binary.cubin.startswith(b"\x7fELF")
    found = f"{kernel} on {architecture}: {binary.registers} registers, {binary.spilled} bytes spilled"
    assert binary.spilled == 0, found
    assert binary.registers <= _REGISTERS // threads, found


def build(kernel: Kernel, architecture: str) -> Binary:
    """Compile to a cubin for an architecture such as sm_90, warnings as errors. Skips the test without the wheel."""
    if library() is None:
        pytest.skip("compiling needs the nvidia-cuda-nvrtc wheel, which is not installed")
    return Binary(kernel.name, *_module(kernel.code, kernel.options, kernel.paths[-1].name, architecture))


@cache
def _module(code: str, options: tuple[str, ...], name: str, architecture: str) -> tuple[str, bytes, str]:
    """Log, cubin and PTX of a whole source: kernels of one source are compiled together."""
    nvrtc, program = library(), ctypes.c_void_p()
    assert not nvrtc.nvrtcCreateProgram(ctypes.byref(program), code.encode(), name.encode(), 0, 0, 0)
    flags = (*options, f"--gpu-architecture={architecture}", "--ptxas-options=-v", "-Werror", "all-warnings")
    passed = (ctypes.c_char_p * len(flags))(*(flag.encode() for flag in flags))
    failed = nvrtc.nvrtcCompileProgram(program, len(flags), passed)
    log = _read(program, "ProgramLog").decode()
    assert not failed, log
    made = log, _read(program, "CUBIN"), _read(program, "PTX").decode()
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    return made


def _read(program: Any, what: str) -> bytes:
    size = ctypes.c_size_t()
    assert not getattr(library(), f"nvrtcGet{what}Size")(program, ctypes.byref(size))
    content = ctypes.create_string_buffer(size.value)
    assert not getattr(library(), f"nvrtcGet{what}")(program, content)
    return content.raw
