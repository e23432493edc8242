"""How fast it is: the device's two ceilings, each kernel's share of a box, and what the host adds."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.gpu.boxes import question_of
from benchmarks.gpu.settings import Found, Settings
from benchmarks.problem import Case, Grid, build, distinct_paths
from gridproof.kernels.arrays import Array
from gridproof.kernels.cuda.device import Device
from gridproof.kernels.cuda.evaluate import CudaReducer
from gridproof.kernels.cuda.source import THREADS, Kernel
from gridproof.kernels.paths import pack
from gridproof.kernels.problem import Box

_STEPS = 4096
_SOURCE = "../../benchmarks/gpu/ceilings.cu"


class Clock:
    """Seconds between two moments of a device: by its own events, in a dry run by the host's clock."""

    def __init__(self, dry: bool) -> None:
        self._dry = dry

    def now(self) -> Any:
        if self._dry:
            return time.perf_counter()
        import cupy

        event = cupy.cuda.Event()
        event.record()
        return event

    def seconds(self, begin: Any, end: Any) -> float:
        if self._dry:
            return float(end - begin)
        import cupy

        end.synchronize()
        return float(cupy.cuda.get_elapsed_time(begin, end)) / 1e3


class TimedDevice:
    """A device whose launches are timed by kernel; everything else passes through."""

    def __init__(self, device: Device, clock: Clock) -> None:
        self._device, self._clock = device, clock
        self._marks: list[tuple[str, Any, Any]] = []
        self.calls: Counter[str] = Counter()
        self.uploaded = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._device, name)

    def upload(self, array: Array) -> Any:
        self.calls["uploads"] += 1
        self.uploaded += array.nbytes
        return self._device.upload(array)

    def download(self, array: Any) -> Array:
        self.calls["downloads"] += 1
        return self._device.download(array)

    def download_later(self, array: Any) -> Callable[[], Array]:
        self.calls["downloads under way"] += 1
        return self._device.download_later(array)

    def launch(self, kernel: Kernel, count: int, arguments: Sequence[Any]) -> None:
        self.calls["launches"] += 1
        begin = self._clock.now()
        self._device.launch(kernel, count, arguments)
        self._marks.append((kernel.name, begin, self._clock.now()))

    def kernels(self) -> dict[str, float]:
        """Seconds by kernel since the last call."""
        found: Counter[str] = Counter()
        for name, begin, end in self._marks:
            found[name] += self._clock.seconds(begin, end)  # type: ignore[assignment]
        self._marks.clear()
        return dict(found.most_common())


def measure_speed(settings: Settings) -> Found:
    clock = Clock(settings.dry)
    with settings.as_the_gpu() as device:
        yield from _ceilings(device, clock, settings)
        yield from _headline(device, clock, settings)


def _ceilings(device: Device, clock: Clock, settings: Settings) -> Found:
    macros = (("THREADS", THREADS), ("STEPS", _STEPS))
    doubles = settings.size(2**28, 2**10)
    begin_array, end_array = device.zeros((doubles,), "<f8"), device.empty((doubles,), "<f8")
    copy = Kernel("copy_doubles", (_SOURCE,), macros)
    seconds = _best_of(device, clock, copy, doubles, [begin_array, end_array, np.int64(doubles)])
    yield "copy_bytes_per_second", 16 * doubles / seconds
    threads = settings.size(132 * 2048 * 16, 2**8)
    result = device.empty((threads,), "<f8")
    fused = Kernel("multiply_add", (_SOURCE,), macros)
    seconds = _best_of(device, clock, fused, threads, [np.float64(0.999), np.int32(threads), result])
    yield "float64_flops", 8.0 * _STEPS * threads / seconds


def _best_of(device: Device, clock: Clock, kernel: Kernel, count: int, arguments: list[Any], times: int = 5) -> float:
    taken = []
    for _ in range(times):
        begin = clock.now()
        device.launch(kernel, count, arguments)
        taken.append(clock.seconds(begin, clock.now()))
    return min(taken)


def _headline(device: Device, clock: Clock, settings: Settings) -> Found:
    """Three signals of 1,000 paths, one switch a year each: a billion variants, a box of 16 million at a time."""
    side, lead = settings.size(1_000, 12), settings.size(16, 4)
    case = Case("headline", days=settings.size(4300, 200))
    rng = np.random.default_rng(case.seed)
    states = np.concatenate([distinct_paths(rng, side, case) for _ in range(3)])
    grid = replace(build(replace(case, variants=8)), states=states)
    problem = replace(grid.problem, path_bits=pack(states))
    axes = [(np.arange(side, dtype=np.int32) + side * signal)[:, None] for signal in range(3)]
    places = tuple(np.array([signal]) for signal in range(3))
    boxes = [Box((axes[0][low : low + lead], *axes[1:]), places, np.array([0])) for low in range(0, side, lead)]
    timed = TimedDevice(device, clock)
    reducer = CudaReducer(timed, problem)
    reducer.reduce(question_of(grid, boxes[0], 0.5))
    reducer.reduce(question_of(grid, boxes[1], 0.5))
    timed.kernels()
    timed.calls.clear()
    timed.uploaded = 0
    began, host = time.perf_counter(), time.process_time()
    waiting = reducer.begin(question_of(grid, boxes[0], 0.5))
    for box in boxes[1:]:
        begun = reducer.begin(question_of(grid, box, 0.5))
        waiting.answer()
        waiting = begun
    waiting.answer()
    wall, host = time.perf_counter() - began, time.process_time() - host
    kernels = timed.kernels()
    busy, variants = sum(kernels.values()), side**3
    yield "variants", variants
    yield "kernel_seconds", busy
    yield "wall_seconds", wall
    yield "host_cpu_seconds", host
    yield "idle_share", 1.0 - busy / wall
    yield "by_kernel", kernels
    yield "calls_a_box", {name: count / len(boxes) for name, count in timed.calls.items()}
    yield "bytes_sent_a_box", timed.uploaded / len(boxes)
    yield "variant_days_per_second", variants * case.days / wall
    yield "cpu", _cpu_rate(grid, settings)


def _cpu_rate(grid: Grid, settings: Settings) -> dict[str, float]:
    """Variant-days a second of the cpu backend on the benchmark's million, on this machine's cores."""
    from gridproof.kernels.backend import resolve
    from gridproof.kernels.threads import thread_count

    part = build(replace(grid.case, variants=settings.size(1_000_000, 1_000)))
    works, taken = part.works(), []
    for _ in range(3):
        begin = time.perf_counter()
        evaluate = resolve("cpu").bind(part.problem)
        for work in works:
            evaluate(work)
        taken.append(time.perf_counter() - begin)
    return {"threads": float(thread_count()), "variant_days_per_second": part.variant_days / min(taken)}
