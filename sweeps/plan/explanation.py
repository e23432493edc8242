"""The steps of each signal of a study: what is computed, from which day it is known, and how often."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridproof.signals.data.market import Market
from gridproof.sweeps.plan.signal_values import evaluator_of, releases_of
from gridproof.sweeps.plan.window import find_window
from gridproof.sweeps.study.study import Study


@dataclass(frozen=True, slots=True)
class ExplainedStep:
    """One step of a signal at the base.

    ``formula``: as it could be written, named values by their names. ``kind``: number or condition, and its unit.
    ``warm_up``: trading days of the calendar before it is first known. ``known``: that day; None: never.
    ``computed``: under how many combinations of parameters the whole grid needs it.
    """

    formula: str
    kind: str
    warm_up: int
    known: str | None
    computed: int


def explained(study: Study, market: Market) -> dict[str, list[ExplainedStep]]:
    """Returns the steps of each signal, operands first; numbers and parameters are no steps. Raises InputError."""
    graph, space = study.graph, study.space
    evaluator = evaluator_of(study, market, find_window(study, market).last, swept=False)
    chosen = {name: study.base[owner] for name, owner in space.owners.items()}
    found: dict[str, list[ExplainedStep]] = {}
    for signal in study.signals:
        steps: dict[int, ExplainedStep] = {}
        for root in signal.nodes:
            for at in graph.below(root):
                facts = graph.facts[at]
                if facts.scalar:
                    continue
                where = study.where(*signal.place)
                known = np.isfinite(evaluator.daily(at, chosen, releases_of(study, signal, study.base), where))
                first = int(known.argmax()) if known.any() else len(known)
                axes = {space.owners[name] for name in facts.parameters}
                axes |= {space.owners[f"{name}.release"] for name in facts.series if f"{name}.release" in space.owners}
                computed = 1
                for axis in axes:
                    computed *= len(space.values_of(axis))
                day = str(market.calendar[first]) if known.any() else None
                kind = "condition" if facts.boolean else facts.unit.name
                formula = graph.text(at, study.value_names)
                if at in study.value_names:
                    formula = f"{study.value_names[at]} = {formula}"
                steps[at] = ExplainedStep(formula, kind, first, day, computed)
        if steps:
            found[signal.name] = list(steps.values())
    return found
