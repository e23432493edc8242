"""Backends by name. A run resolves its backend once and records it; none is ever substituted silently."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from gridproof.kernels import reference
from gridproof.kernels.aggregate.reduction import Reducer, ReductionLimits
from gridproof.kernels.arrays import Floats, Words
from gridproof.kernels.errors import InputError
from gridproof.kernels.passes import Passes
from gridproof.kernels.problem import Evaluator, Problem

if TYPE_CHECKING:
    from gridproof.kernels.cuda.device import Device

NAMES = ("auto", "cpu", "cuda", "reference")


@dataclass(frozen=True, slots=True)
class Backend:
    """A way to evaluate variants.

    latch_paths: as ``reference.latch_paths``. bind: prepares a problem once, for any number of evaluations. reduction:
    which boxes of a problem the evaluator reduces too, as a ``Reducer``; None where it reduces none. That depends on
    the backend's name and the problem alone, so that every machine cuts a grid alike. passes: of a verdict over all
    variants; None where the backend has none, and those of the CPU serve (``passes_of``). reason: why ``auto`` took
    it, in one sentence for the user; empty where that needs no words.
    """

    name: str
    latch_paths: Callable[[Floats, Floats, Floats, int], Words]
    bind: Callable[[Problem], Evaluator]
    reduction: Callable[[Problem], ReductionLimits | None] = lambda _: None
    passes: Passes | None = None
    reason: str = ""


def resolve(name: str = "auto") -> Backend:
    """The backend of this name. Raises InputError where the backend is unknown or cannot run here.

    ``auto`` is cuda where that was proven on the GPU of this process (``kernels.cuda.proof``), else cpu. A backend is
    imported when it is resolved: the reference needs neither Numba nor CuPy.
    """
    if name == "auto":
        from gridproof.kernels.cuda.proof import proven_gpu

        proven = proven_gpu()
        return resolve("cpu") if proven is None else replace(cuda_on(proven[0]), reason=proven[1])
    if name == "cpu":
        from gridproof.kernels.cpu import backend as cpu
        from gridproof.kernels.cpu import latch
        from gridproof.kernels.cpu.product.limits import fits

        return Backend("cpu", latch.latch_paths, cpu.bind, _reduction(cpu.CpuReducer, fits))
    if name == "reference":
        return Backend("reference", reference.latch_paths, lambda problem: partial(reference.evaluate, problem))
    if name == "cuda":
        from gridproof.kernels.cuda.availability import open_gpu

        return cuda_on(open_gpu())
    raise InputError("the backend must be one that can run here", name, "backend", f"Use one of {', '.join(NAMES)}")


def cuda_on(device: Device) -> Backend:
    """The cuda backend on this device."""
    from gridproof.kernels.cpu.product.limits import fits_packed
    from gridproof.kernels.cuda import evaluate as cuda
    from gridproof.kernels.cuda.passes import CudaPasses

    latch_paths, bind = partial(cuda.latch_paths, device), partial(cuda.bind, device)
    return Backend("cuda", latch_paths, bind, _reduction(cuda.CudaReducer, fits_packed), CudaPasses(device))


def passes_of(backend: Backend) -> Passes:
    """The passes of a verdict on this backend: its own, or those of the CPU where it has none."""
    from gridproof.kernels.cpu.passes import CpuPasses

    return backend.passes or CpuPasses()


def cuda_planner() -> Backend:
    """cuda for a machine without a GPU, which plans for others that evaluate. Its ``bind`` raises InputError.

    It has no passes: a verdict on such a machine takes those of the CPU, which give the same bits.
    """
    from gridproof.kernels.cpu import latch
    from gridproof.kernels.cpu.product.limits import fits_packed
    from gridproof.kernels.cuda import evaluate as cuda

    return Backend("cuda", latch.latch_paths, _no_gpu, _reduction(cuda.CudaReducer, fits_packed))


def _no_gpu(_problem: Problem) -> Evaluator:
    raise InputError("cuda needs a GPU", "no GPU on this machine", "backend", "Use the cpu backend")


def _reduction(reducer: type[Reducer], fits: Callable[[Problem], bool]) -> Callable[[Problem], ReductionLimits | None]:
    return lambda problem: ReductionLimits(reducer.most, reducer.takes_any) if fits(problem) else None
