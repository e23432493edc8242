"""The passes of a verdict over all variants of a problem: the numbers behind its tests, by a backend or on the CPU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from gridproof.kernels.arrays import Bools, Floats, Ints
from gridproof.kernels.problem import Problem

if TYPE_CHECKING:  # these modules import Numba
    from gridproof.kernels.cpu.excess import Excess
    from gridproof.kernels.cpu.patterns.block_patterns import Patterns
    from gridproof.kernels.cpu.shifted_objectives import ShiftedObjectives


class Passes(Protocol):
    """The functions of ``kernels.cpu`` of these names say what each gives. Every backend gives the same bits."""

    def measure_excess(
        self, problem: Problem, patterns: Sequence[Patterns], benchmarks: Floats, block_length: float, edges: Ints, /
    ) -> Excess: ...

    def raise_maxima(
        self, problem: Problem, patterns: Sequence[Patterns], counts: Floats, offsets: Floats, centres: Floats,
        factors: Floats, maxima: Floats, /,
    ) -> None: ...  # fmt: skip

    def active_t_maxima(
        self, problem: Problem, patterns: Sequence[Patterns], shifts: Ints, eligible: Bools,
        added: Floats | None = None, /,
    ) -> Floats: ...  # fmt: skip

    def shifted_objectives(
        self, problem: Problem, patterns: Sequence[Patterns], shifts: Ints, objective: str,
        given: Floats | None = None, /,
    ) -> ShiftedObjectives: ...  # fmt: skip
