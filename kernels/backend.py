"""Backends by name. Resolved once, recorded in the run, never changed silently."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from gridproof.kernels import cpu, reference
from gridproof.kernels.arrays import Floats, Words
from gridproof.kernels.errors import InputError
from gridproof.kernels.problem import Jobs, Problem

NAMES = ("auto", "cpu", "cuda", "reference")


@dataclass(frozen=True, slots=True)
class Backend:
    """``bind`` prepares a problem once and answers the function that evaluates jobs of it."""

    name: str
    latch_paths: Callable[[Floats, Floats, Floats, int], Words]
    bind: Callable[[Problem], Callable[[Jobs], Floats]]


def resolve(name: str = "auto") -> Backend:
    """The backend of this name; ``auto`` is cpu until a GPU backend exists. Raises InputError."""
    if name in ("auto", "cpu"):
        return Backend("cpu", cpu.latch_paths, lambda problem: partial(_compiled, problem, cpu.prepare(problem)))
    if name == "reference":
        return Backend("reference", reference.latch_paths, lambda problem: partial(reference.evaluate, problem))
    rule = "the backend must be one that can run here"
    if name == "cuda":
        raise InputError(rule, name, "--backend", "This version has no CUDA kernels: use cpu")
    raise InputError(rule, name, "--backend", f"Use one of {', '.join(NAMES)}")


def _compiled(problem: Problem, prepared: cpu.Prepared, jobs: Jobs) -> Floats:
    return cpu.evaluate(problem, jobs, prepared)
