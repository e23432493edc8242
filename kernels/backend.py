"""Backends by name. Resolved once, recorded in the run, never changed silently."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from gridproof.kernels import reference
from gridproof.kernels.arrays import Floats, Words
from gridproof.kernels.errors import InputError
from gridproof.kernels.problem import Problem, Work

NAMES = ("auto", "cpu", "cuda", "reference")


@dataclass(frozen=True, slots=True)
class Backend:
    """``bind`` prepares a problem once and answers the function that evaluates jobs or boxes of it."""

    name: str
    latch_paths: Callable[[Floats, Floats, Floats, int], Words]
    bind: Callable[[Problem], Callable[[Work], Floats]]


def resolve(name: str = "auto") -> Backend:
    """The backend of this name; ``auto`` is cpu, until cuda has been run on a GPU. Raises InputError.

    A backend is imported when it is asked for: the reference needs neither Numba nor CuPy.
    """
    if name in ("auto", "cpu"):
        from gridproof.kernels.cpu import backend as cpu

        return Backend("cpu", cpu.latch_paths, cpu.bind)
    if name == "reference":
        return Backend("reference", reference.latch_paths, lambda problem: partial(reference.evaluate, problem))
    if name == "cuda":
        from gridproof.kernels.cuda import evaluate as cuda
        from gridproof.kernels.cuda.device import open_gpu

        gpu = open_gpu()
        return Backend("cuda", partial(cuda.latch_paths, gpu), partial(cuda.bind, gpu))
    raise InputError("the backend must be one that can run here", name, "--backend", f"Use one of {', '.join(NAMES)}")
