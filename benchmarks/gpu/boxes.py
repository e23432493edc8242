"""Whole boxes against the CPU: a large one three times, with little memory, with none, and at the limits of indices."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from unittest import mock

import numpy as np

from benchmarks.gpu.settings import Found, Settings
from benchmarks.problem import Case, Grid, build
from gridproof.kernels.aggregate.reduction import AxisSpan, ReductionRequest, ReductionResult
from gridproof.kernels.arrays import Floats
from gridproof.kernels.cpu.backend import CpuEvaluator
from gridproof.kernels.cuda import evaluate as evaluate_module
from gridproof.kernels.cuda import product as product_module
from gridproof.kernels.cuda.device import Device
from gridproof.kernels.cuda.evaluate import CudaReducer, CudaScan
from gridproof.kernels.cuda.product import Products
from gridproof.kernels.metrics import METRICS
from gridproof.kernels.paths import pack
from gridproof.kernels.problem import Box, Jobs
from gridproof.results.run.tally import Tally

# A metric of the GPU is that of the CPU to this, relative or of one.
_CLOSE = 1e-9


def whole_box(grid: Grid) -> Box:
    """All variants of a benchmark's grid as one box."""
    boxes = grid.boxes()
    return replace(boxes[0], paths=(np.concatenate([box.paths[0] for box in boxes]), *boxes[0].paths[1:]))


def question_of(grid: Grid, box: Box, base: float) -> ReductionRequest:
    """The tally of a box by the Sharpe ratio, each signal with one axis."""
    counts = [len(paths) for paths in box.paths]
    spans = tuple((AxisSpan(axis, 0, count),) for axis, count in enumerate(counts))
    inverses = tuple(np.arange(count, dtype=np.int64) for count in counts)
    edges = np.linspace(-2.0, 3.0, 201)
    return ReductionRequest(box, inverses, (*spans, ()), tuple(counts), "sharpe", edges, (base, np.nan), 1000, -np.inf)


def fingerprint(result: ReductionResult) -> bytes:
    """All that a reduction returns, its candidates by job."""
    order = np.lexsort((result.execution, result.job))
    surfaces = result.surfaces
    parts = (result.counters, result.histogram, surfaces.count, surfaces.sums, surfaces.maximum,
             result.job[order], result.execution[order], result.value[order])  # fmt: skip
    return b"".join(np.ascontiguousarray(part).tobytes() for part in parts)


def tally_of(values: Floats, question: ReductionRequest) -> Tally:
    """The same from the value of every variant, as the CPU counts it."""
    lengths = tuple(len(inverse) for inverse in question.inverses)
    tally = Tally.empty(question.dims, len(question.edges) - 1, 1)
    variants = np.arange(len(values))
    positions: Any = ([0] * len(lengths), list(lengths))
    tally.add(positions, variants, values, None, variants[:, None], variants, question.edges, question.base)
    return tally


def compare_large_box(settings: Settings) -> Found:
    """Three times, then with a thousandth of the memory: the same bytes. The counts and surfaces are the CPU's."""
    grid = build(Case("box", variants=settings.size(14_000_000, 3_000), days=settings.size(4300, 300)))
    box = whole_box(grid)
    yield "variants", len(box)
    with settings.as_the_gpu() as device:
        values = _values(device, grid, box)
        expected = cpu_values(grid, box)
        difference = np.abs(values - expected) / np.maximum(np.abs(expected), 1.0)
        yield "sharpe_equal_to_the_bit", int(((values == expected) | np.isnan(values) & np.isnan(expected)).sum())
        yield "largest_difference", float(np.nanmax(difference))
        np.testing.assert_array_equal(np.isnan(values), np.isnan(expected))
        assert np.nanmax(difference) <= _CLOSE, "the Sharpe ratios differ from those of the CPU"
        question = question_of(grid, box, float(values[len(values) // 3]))
        results = [CudaReducer(device, grid.problem).reduce(question) for _ in range(3)]
        prints = [fingerprint(result) for result in results]
        assert prints[0] == prints[1] == prints[2], "the same box gives other tallies"
        yield "repeats", "the same bytes three times"
        tally, found = tally_of(values, question), results[0]
        np.testing.assert_array_equal(found.counters, tally.counters)
        np.testing.assert_array_equal(found.histogram, tally.histogram)
        for name in ("count", "sums", "maximum"):
            np.testing.assert_array_equal(getattr(found.surfaces, name), getattr(tally.surfaces, name), err_msg=name)
        yield "tally", "that of every value added on the CPU, to the bit"
        with (
            mock.patch.object(product_module, "_TABLES", product_module._TABLES / 1000),
            mock.patch.object(evaluate_module, "_SHARE", evaluate_module._SHARE / 1000),
        ):
            again = CudaReducer(device, grid.problem).reduce(question)
        assert fingerprint(again) == prints[0], "with little memory the tally is another"
        yield "little_memory", "the same bytes"


def _values(device: Device, grid: Grid, box: Box) -> Floats:
    """(variants,) the Sharpe ratio of every variant, by the first signal's path, then the second's …"""
    (values, *_) = Products(device, grid.problem).values(box, "sharpe")
    return np.ascontiguousarray(device.download(values).T.ravel())


def cpu_values(grid: Grid, box: Box) -> Floats:
    evaluate, column = CpuEvaluator(grid.problem), METRICS.index("sharpe")
    parts = np.array_split(box.paths[0], max(1, len(box) // 500_000))
    return np.concatenate([evaluate(replace(box, paths=(part, *box.paths[1:])))[:, 0, column] for part in parts])


def exhaust_memory(settings: Settings) -> Found:
    """Another user of the GPU leaves less and less memory, until one line says that it is too little."""
    from gridproof.kernels.errors import InputError

    grid = build(Case("memory", variants=settings.size(2_000_000, 1_000), days=settings.size(4300, 200)))
    box = whole_box(grid)
    with settings.as_the_gpu() as device:
        question = question_of(grid, box, 0.5)
        whole, ended = fingerprint(CudaReducer(device, grid.problem).reduce(question)), ""
        for left in (2**32, 2**30, 2**28, 2**26, 2**24):
            ballast = _fill(device, left, settings)
            try:
                found = fingerprint(CudaReducer(device, grid.problem).reduce(question))
            except InputError as error:
                ended = f"{left} bytes: {error}"
            else:
                assert found == whole, f"{left} bytes left: another tally"
                yield f"with_{left}_bytes_left", "the same bytes"
            finally:
                del ballast
                device.release()
                if settings.dry:
                    device.room = None  # type: ignore[attr-defined]
            if ended:
                break
        yield "ended", ended or "never"
        assert fingerprint(CudaReducer(device, grid.problem).reduce(question)) == whole, "afterwards another tally"
        yield "afterwards", "the same bytes"


def _fill(device: Device, left: int, settings: Settings) -> list[Any]:
    """Arrays that leave so many bytes free on the device."""
    if settings.dry:
        device.room = left // 2**8  # type: ignore[attr-defined]
        return []
    kept: list[Any] = []
    for chunk in (2**32, 2**28, 2**24):
        while device.free_bytes() > left + chunk:
            try:
                kept.append(device.empty((chunk,), "<u1"))
            except MemoryError:
                break
    return kept


def reach_limits(settings: Settings) -> Found:
    """A box of exactly 2^24 variants, and a list whose table of paths has almost 2^31 entries."""
    side = settings.size(256, 8)
    grid = build(Case("limit", variants=side**3, days=settings.size(600, 100)))
    box = whole_box(grid)
    with settings.as_the_gpu() as device:
        values, some = _values(device, grid, box), np.linspace(0, len(box) - 1, 500).astype(np.int64)
        jobs = Jobs(grid.rows[some], np.arange(len(some) + 1, dtype=np.int64), np.zeros(len(some), dtype=np.int64))
        expected = CpuEvaluator(grid.problem)(jobs)[:, 0, METRICS.index("sharpe")]
        np.testing.assert_allclose(values[some], expected, rtol=_CLOSE, atol=_CLOSE)
        yield "box", f"{len(box):,} variants"
        days, rng = 250, np.random.default_rng(0)
        paths = settings.size((2**31 - 1) // (4 * -(-days // 128)) - 1, 2_000)
        long = build(Case("long", signals=1, variants=64, days=days))
        bits = np.resize(pack(rng.random((64, days)) < 0.5), (paths, -(-days // 64)))
        last = np.arange(paths - 64, paths, dtype=np.int32)[:, None]
        ends = np.arange(65, dtype=np.int64), np.zeros(64, dtype=np.int64)
        problem = replace(long.problem, path_bits=bits)
        found = CudaScan(device, problem)(Jobs(last, *ends))
        few = CpuEvaluator(replace(problem, path_bits=bits[-64:]))(Jobs(last - last[0], *ends))
        np.testing.assert_allclose(found, few, rtol=_CLOSE, atol=_CLOSE)
        yield "paths", f"{paths:,} paths, a table of {paths * 4 * -(-days // 128):,} entries"
