"""The passes of a verdict on the CPU."""

from __future__ import annotations

from gridproof.kernels.cpu.bootstrap_maxima import raise_maxima
from gridproof.kernels.cpu.excess import measure_excess
from gridproof.kernels.cpu.placebo_maxima import active_t_maxima
from gridproof.kernels.cpu.shifted_objectives import shifted_objectives


class CpuPasses:
    """``kernels.passes.Passes`` by the functions of this folder."""

    measure_excess = staticmethod(measure_excess)
    raise_maxima = staticmethod(raise_maxima)
    active_t_maxima = staticmethod(active_t_maxima)
    shifted_objectives = staticmethod(shifted_objectives)
