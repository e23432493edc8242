"""The kernels' sources and what each compilation of them fixes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gridproof.kernels.metrics import FLAT, LEVEL

# Threads a block; the stripes of shared memory are this wide.
THREADS = 128

# Shared memory holds a counter for each thread and allocation, in at most 48 KiB a block.
MOST_ALLOCATIONS = 96

# Without contraction every operation rounds as it does in C on a CPU, where the same source is tested.
OPTIONS = ("-std=c++17", "--fmad=false")


@dataclass(frozen=True, slots=True)
class Kernel:
    """One ``extern "C"`` function of one source file, and the macros that it is compiled with."""

    name: str
    macros: tuple[tuple[str, float], ...]

    @property
    def path(self) -> Path:
        return Path(__file__).with_name(f"{self.name}.cu")

    @property
    def code(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def options(self) -> tuple[str, ...]:
        """For NVRTC and nvcc alike."""
        return (*OPTIONS, *(f"-D{name}={value}" for name, value in self.macros))


LATCH = Kernel("latch", (("THREADS", THREADS),))


def scan_kernel(bits: int, allocations: int) -> Kernel:
    """The scan for B signal bits and A allocations.

    BLOCKS caps the registers a thread: 5 blocks of 128 threads leave 102 of them, 4 leave 128, 2 leave 255. With
    many bits their rows and words need more.
    """
    blocks = 5 if bits <= 4 else 4 if bits <= 10 else 2
    sizes = (("BITS", bits), ("ALLOCATIONS", allocations), ("THREADS", THREADS), ("BLOCKS", blocks))
    return Kernel("scan", (*sizes, ("FLAT", FLAT), ("LEVEL", LEVEL)))
