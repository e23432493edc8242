"""Every variant of a grid by day, by the reference."""

from __future__ import annotations

import numpy as np

from gridproof.kernels import reference
from gridproof.kernels.arrays import Floats, Ints
from gridproof.sweeps.plan.listed_grid import ListedGrid
from gridproof.sweeps.plan.plan import Plan
from gridproof.sweeps.study.study import Study


def variants_by_day(plan: Plan, study: Study) -> list[tuple[Ints, Floats]]:
    """For each variant of the study the allocation held and the return after costs, (D,) each."""
    piece = ListedGrid(plan, np.arange(study.space.size)).piece(0)
    jobs = piece.work.jobs()
    rows = np.repeat(jobs.rows, np.diff(jobs.first), axis=0)
    each = [reference.daily(plan.problem, rows[job], int(jobs.execution[job])) for job in piece.job_of]
    return [(held, returns) for held, returns, *_ in each]
