"""Latches and jobs on a device: tables are uploaded once, jobs are sent as many at a time as its memory takes."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np

from gridproof.kernels.aggregate.reduction import ReductionRequest, ReductionResult
from gridproof.kernels.arrays import Array, Floats, Words
from gridproof.kernels.cpu.product.limits import fits_packed
from gridproof.kernels.cuda.device import Device
from gridproof.kernels.cuda.kept import KeptArrays
from gridproof.kernels.cuda.product import Products
from gridproof.kernels.cuda.reduce import Reduction
from gridproof.kernels.cuda.source import LATCH, THREADS, scan_kernel
from gridproof.kernels.cuda.tables import JobBatch, batch_of, lay_out, tuples_of
from gridproof.kernels.errors import InputError
from gridproof.kernels.metrics import WIDTH
from gridproof.kernels.payoff_groups import fits_at_once, payoff_groups
from gridproof.kernels.problem import Box, Jobs, Problem, Work

# The share of the free memory that one launch is planned for.
_SHARE = 0.5


def latch_paths(device: Device, values: Floats, on: Floats, off: Floats, start: int) -> Words:
    """As ``reference.latch_paths``: states from day ``start`` on under P threshold pairs, packed, (P, W)."""
    days = len(values)
    words = -(-(days - start) // 64) * 2
    measured = device.upload(np.ascontiguousarray(values, dtype=np.float64))
    paths = np.empty((len(on), words), dtype="<u4")
    limit = _planned(device, words * 4 + 16)
    low = 0
    while low < len(on):
        high = min(len(on), low + limit)
        try:
            pairs = [device.upload(np.ascontiguousarray(each[low:high], dtype=np.float64)) for each in (on, off)]
            part = device.empty((high - low, words), "<u4")
            numbers = [np.int32(number) for number in (days, start, words, high - low)]
            device.launch(LATCH, high - low, [measured, *pairs, *numbers, part])
            paths[low:high] = device.download(part)
        except MemoryError:
            limit = _halved(device, high - low)
            continue
        low = high
    return paths.view("<u8")


def bind(device: Device, problem: Problem) -> CudaEvaluator:
    """The problem bound to the device; a ``CudaReducer`` where products of it can be evaluated."""
    return CudaReducer(device, problem) if fits_packed(problem) else CudaEvaluator(device, problem)


class CudaEvaluator:
    """A problem bound to a device, as ``cpu.backend.CpuEvaluator``: boxes as products, lists by the scan."""

    def __init__(self, device: Device, problem: Problem) -> None:
        self._device, self._problem = device, problem
        self._products = Products(device, problem) if fits_packed(problem) else None
        self._scan: CudaScan | None = None

    def __call__(self, work: Work) -> Floats:
        if isinstance(work, Box) and self._products is not None:
            return self._products.evaluate(work)
        if not fits_at_once(self._problem):
            return self._evaluate_groups(work.jobs())
        if self._scan is None:
            self._scan = CudaScan(self._device, self._problem)
        return self._scan(work)

    def _evaluate_groups(self, jobs: Jobs) -> Floats:
        result = np.empty((len(jobs.execution), self._problem.segments, WIDTH + self._problem.allocations))
        for group in payoff_groups(self._problem, jobs):
            result[group.places] = CudaScan(self._device, group.problem)(group.jobs)
        return result


class CudaReducer(CudaEvaluator):
    """An evaluator that also reduces boxes on the device, see ``kernels.aggregate.reduction``.

    ``begin`` returns while the device still works, so that the next box can be prepared and begun meanwhile. Where the
    device has no room for two boxes, the later one is begun when its answer is asked for.
    """

    most = 2**24  # the squares of so many values fit the limbs of a surface
    takes_any = True

    def __init__(self, device: Device, problem: Problem) -> None:
        super().__init__(device, problem)
        self._kept = KeptArrays(device)
        self._guesses: dict[Hashable, float] = {}
        self._under_way: list[BoxUnderWay] = []

    def reduce(self, question: ReductionRequest) -> ReductionResult:
        return self.begin(question).answer()

    def begin(self, question: ReductionRequest) -> BoxUnderWay:
        """Raises GpuError. Every other error of this box is raised when its answer is asked for."""
        box = BoxUnderWay(self, question)
        try:
            box.reduction = self._begin(question)
        except (MemoryError, InputError):
            self._make_room()
        self._under_way.append(box)
        return box

    def finish(self, box: BoxUnderWay) -> ReductionResult:
        if box in self._under_way:
            self._under_way.remove(box)
        try:
            return self._answer(box)
        except (MemoryError, InputError):
            box.reduction = None
            # Other boxes give up what they have on the device; they are begun again when they are asked for.
            for other in self._under_way:
                other.reduction = None
            self._make_room()
        try:
            return self._answer(box)
        except MemoryError:
            box.reduction = None
            self._make_room()
            raise InputError(
                "a box's values and its surfaces must fit the GPU's memory",
                f"{len(box.question.box)} variants",
                "backend",
                "Stop other programs that use the GPU, or use the cpu backend",
            ) from None

    def _make_room(self) -> None:
        self._kept.clear()
        self._device.release()

    def _begin(self, question: ReductionRequest) -> Reduction:
        assert self._products is not None
        values = self._products.values(question.box, question.metric)
        guess = self._guesses.get((question.metric, question.dims), -np.inf)
        return Reduction(self._device, question, values, self._kept, guess)

    def _answer(self, box: BoxUnderWay) -> ReductionResult:
        question = box.question
        reduction = box.reduction or self._begin(question)
        result = reduction.answer()
        self._guesses[question.metric, question.dims] = reduction.guess(result.value)
        return result


class BoxUnderWay:
    """A box that is begun, or that waits for room. ``reduction``: on the device, or None."""

    def __init__(self, reducer: CudaReducer, question: ReductionRequest) -> None:
        self._reducer, self.question = reducer, question
        self.reduction: Reduction | None = None

    def answer(self) -> ReductionResult:
        """Waits for the device. Raises InputError where the box does not fit its memory, GpuError."""
        return self._reducer.finish(self)


class CudaScan:
    """A problem bound to a device, evaluated as a list: called with work it returns metrics, (J, S, 12 + A)."""

    def __init__(self, device: Device, problem: Problem) -> None:
        self._device = device
        self._width = (problem.segments, WIDTH + problem.allocations)
        own = problem.restrictions
        self._allocations = problem.allocations
        drift = problem.drift
        parts = 0 if drift is None else len(drift.leg_of)
        self._form = own is not None, own is not None and own.nav is not None, parts
        tables = lay_out(problem)
        size = sum(table.nbytes for table in tables)
        try:
            self._tables = [device.upload(each) if isinstance(each, np.ndarray) else each for each in tables]
        except MemoryError:
            device.release()
            raise InputError(
                "the paths and payoffs of a study must fit the GPU's memory",
                f"{size / 2**30:.1f} GiB",
                "backend",
                "Narrow the grid's longest axis, or use the cpu backend",
            ) from None
        self._limit = 0

    def __call__(self, work: Work) -> Floats:
        jobs = work.jobs()
        tuple_of = tuples_of(jobs)
        result = np.empty((len(jobs.execution), *self._width))
        if self._limit == 0:
            self._limit = _planned(self._device, 8 * self._width[0] * self._width[1] + 8 + 4 * jobs.rows.shape[1])
        low = 0
        while low < len(result):
            high = min(len(result), low + self._limit)
            try:
                result[low:high] = self._launch(batch_of(jobs, tuple_of, low, high))
            except MemoryError:
                self._limit = _halved(self._device, high - low)
                continue
            low = high
        return result

    def _launch(self, batch: JobBatch) -> Array:
        device, count = self._device, int(batch.jobs)
        kernel = scan_kernel(batch.rows.shape[1], self._allocations, *self._form)
        inputs = [device.upload(each) if isinstance(each, np.ndarray) else each for each in batch]
        output = device.empty((count, *self._width), "<f8")
        device.launch(kernel, count, [*self._tables, *inputs, output])
        return device.download(output)


def _planned(device: Device, bytes_each: int) -> int:
    """How many of this size a launch takes: a part of the free memory, in whole blocks, at most 2^24."""
    fits = int(device.free_bytes() * _SHARE) // bytes_each
    return min(2**24, max(THREADS, fits // THREADS * THREADS))


def _halved(device: Device, count: int) -> int:
    """Half of ``count``, after so many did not fit; frees the reserve. Raises InputError if one block does not fit."""
    device.release()
    if count <= THREADS:
        raise InputError(
            "the GPU must have enough free memory for one launch",
            f"too little for {count} threads",
            "backend",
            "Stop other programs that use the GPU, or use the cpu backend",
        )
    return -(-count // (2 * THREADS)) * THREADS
