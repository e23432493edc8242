"""The result of a trial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.kernels.metrics import BY_NAME, METRICS
from gridproof.results.run.record import Record, number
from gridproof.sweeps.search.dimensions import Choice
from gridproof.sweeps.search.objectives import STATISTICS, SearchObjective


@dataclass(frozen=True, slots=True)
class TrialResult:
    """What the evaluation of a trial gave.

    values: one for each objective; empty where one is undefined, for the ``reason``: the trial is pruned. cells: how
    many were evaluated. chosen: the parameters of the chosen cell. metrics: of the chosen cell in sample. violation: of
    the requirements by the chosen cell, 0 where all are met.
    """

    values: tuple[float, ...]
    cells: int
    chosen: Choice
    metrics: Record
    violation: float
    reason: str = ""

    def record(self) -> dict[str, Any]:
        return {"cells": self.cells, "chosen": self.chosen, "metrics": self.metrics, "violation": self.violation}


class TrialEvaluator(Protocol):
    """Evaluates choices. The result of one does not depend on the others."""

    def evaluate(self, choices: Sequence[Choice]) -> list[TrialResult]: ...


def pruned(reason: str, cells: int = 0) -> TrialResult:
    """A trial whose objective is undefined. cells: how many were evaluated all the same."""
    return TrialResult((), cells, {}, {}, 0.0, reason)


def trial_result(
    objectives: Sequence[SearchObjective],
    statistics: Mapping[str, float],
    row: Floats,
    cells: int,
    chosen: Choice,
    violation: float,
) -> TrialResult:
    """The values of the objectives from the statistics of a trial and the chosen cell's row of metrics, (12 + A,)."""
    metrics = {name: number(value) for name, value in zip(METRICS, row, strict=False)}
    values = tuple(
        statistics[objective.name] if objective.name in STATISTICS else float(row[BY_NAME[objective.name].column])
        for objective in objectives
    )
    for objective, value in zip(objectives, values, strict=True):
        if not np.isfinite(value):
            reason = f"the chosen cell has no {objective.name}"
            return TrialResult((), cells, chosen, metrics, violation, reason)
    return TrialResult(values, cells, chosen, metrics, violation)
