"""The kernels' sources and the macros that each compilation sets."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from gridproof.kernels.aggregate.surfaces import LIMIT, SCALE
from gridproof.kernels.cpu.product.entry import SUM_NAMES
from gridproof.kernels.metrics import BY_NAME, FLAT, FROM_RETURNS, LEVEL, TABLE, WIDTH
from gridproof.kernels.panel.regression import COLLINEAR

# Threads a block; arrays in shared memory have a column for each.
THREADS = 128

# Shared memory holds a counter for each thread and allocation, in at most 48 KiB a block.
MOST_ALLOCATIONS = 96

# Variants that a thread of a verdict's passes takes, and the statistics that it keeps in registers.
VARIANTS, KINDS = 64, 9

# Without contraction to FMA every operation rounds as on a CPU, where the same source is tested.
OPTIONS = ("-std=c++17", "--fmad=false")

# The columns of a row of metrics by name, and what else metrics.cuh takes from ``kernels.metrics``.
METRIC_MACROS: tuple[tuple[str, float], ...] = (
    *((metric.name.upper(), metric.column) for metric in TABLE),
    ("FROM_RETURNS", FROM_RETURNS),
    ("METRICS", WIDTH),
    ("FLAT", FLAT),
    ("LEVEL", LEVEL),
)

# The sums that one metric needs when it is computed alone, and whether it needs the shape of the NAV.
_NEEDS: dict[str, tuple[tuple[str, ...], bool]] = {
    "total_return": (("LOG",), False),
    "cagr": (("LOG",), False),
    "sharpe": (("TOTAL", "SQUARE"), False),
    "sortino": (("TOTAL", "DOWNSIDE"), False),
    "max_drawdown": (("LOG",), True),
    "calmar": (("LOG",), True),
}


@dataclass(frozen=True, slots=True)
class Kernel:
    """One ``extern "C"`` function of one or more source files, and the macros that they are compiled with."""

    name: str
    files: tuple[str, ...]
    macros: tuple[tuple[str, float], ...]

    @property
    def paths(self) -> tuple[Path, ...]:
        return tuple(Path(__file__).parent / file for file in self.files)

    @property
    def code(self) -> str:
        return "\n".join(path.read_text(encoding="utf-8") for path in self.paths)

    @property
    def options(self) -> tuple[str, ...]:
        """For NVRTC and nvcc alike."""
        return (*OPTIONS, *(f"-D{name}={value}" for name, value in self.macros))


LATCH = Kernel("latch", ("latch.cu",), (("THREADS", THREADS),))


@cache
def scan_kernel(bits: int, allocations: int, restricted: bool = False, by_day: bool = False, parts: int = 0) -> Kernel:
    """The scan for B signal bits and A allocations; restricted: a problem has ``Restrictions``; by_day: with stops on
    the NAV; parts: of positions that drift from the day of entry, 0 where none does.

    BLOCKS caps the registers a thread: 5 blocks of 128 threads leave 102 of them, 4 leave 128, 2 leave 255. With
    many bits their rows and words need more, and so do restrictions.
    """
    assert restricted or not by_day
    blocks = 2 if by_day or parts else (5 if bits <= 4 else 4 if bits <= 10 else 2) - (restricted and bits <= 10)
    forms = (("RESTRICTED", int(restricted)), ("BY_DAY", int(by_day)), ("PARTS", parts))
    sizes = (("BITS", bits), ("ALLOCATIONS", allocations), *forms, ("THREADS", THREADS))
    return Kernel("scan", ("metrics.cuh", "scan.cu"), (*sizes, ("BLOCKS", blocks), *METRIC_MACROS))


@cache
def reduction_kernel(name: str) -> Kernel:
    """name: pairs, surface, ranks or best."""
    return Kernel(name, ("keys.cuh", "reduce.cu"), (("THREADS", THREADS), ("LIMIT", LIMIT), ("SCALE", SCALE)))


@cache
def pass_kernel(name: str) -> Kernel:
    """name: of a kernel in pattern_rows.cu, pattern_maxima.cu or excess.cu. One compilation has all of them."""
    macros = (("THREADS", THREADS), ("VARIANTS", VARIANTS), ("KINDS", KINDS), ("FLAT", FLAT), ("LEVEL", LEVEL))
    return Kernel(name, ("keys.cuh", "pattern_rows.cu", "pattern_maxima.cu", "excess.cu"), macros)


@cache
def panel_kernel(name: str) -> Kernel:
    """name: of a kernel in a .cu of ``kernels.panel.cuda``. One compilation has all of them."""
    files = tuple(f"../panel/cuda/{each}.cu" for each in ("ranking", "selection", "regression"))
    return Kernel(name, files, (("THREADS", THREADS), ("COLLINEAR", COLLINEAR)))


@dataclass(frozen=True, slots=True)
class KernelForm:
    """What the kernels of a product are compiled for: ``metric`` alone, or all where it is None.

    holds: whether the rule's answer may depend on what was held.
    """

    allocations: int
    holds: bool
    metric: str | None = None

    @property
    def fields(self) -> tuple[int, ...]:
        """Which sums of ``kernels.cpu.product.entry`` an entry has."""
        names = SUM_NAMES if self.metric is None else _NEEDS[self.metric][0]
        return tuple(SUM_NAMES.index(name) for name in names)

    @property
    def shaped(self) -> bool:
        return self.metric is None or _NEEDS[self.metric][1]

    @property
    def width(self) -> int:
        """Doubles of an entry."""
        return -(-(len(self.fields) + 3 * self.shaped) // 2) * 2

    @property
    def charge_width(self) -> int:
        return -(-len(self.fields) // 2) * 2

    @property
    def state_width(self) -> int:
        return len(self.fields) + 2 * self.shaped

    @property
    def versions(self) -> int:
        return self.allocations if self.holds else 1

    def kernel(self, name: str) -> Kernel:
        """name: leaves, combine, rows, walk or conclude."""
        return _product_kernel(self, name)


@cache
def _product_kernel(form: KernelForm, name: str) -> Kernel:
    places = [(field, form.fields.index(at) if at in form.fields else -1) for at, field in enumerate(SUM_NAMES)]
    macros = (
        ("THREADS", THREADS),
        ("ALLOCATIONS", form.allocations),
        ("METRIC", -1 if form.metric is None else BY_NAME[form.metric].column),
        ("VERSIONS", form.versions),
        ("BLOCKS", 5 if form.metric is None else 8),
        ("SUMS", len(form.fields)),
        ("SHAPE", int(form.shaped)),
        ("WIDTH", form.width),
        *places,
        *METRIC_MACROS,
    )
    return Kernel(name, ("metrics.cuh", "product.cu", "walk.cu"), macros)
