"""The parts of allocations that the control of the drawdown holds: allocations too, with cash for the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gridproof.kernels.arrays import Ints
from gridproof.kernels.errors import InputError
from gridproof.results.performance.part_names import part_name
from gridproof.sweeps.study.allocation import MOST_ALLOCATIONS, Allocation
from gridproof.sweeps.study.axes import AxisTable
from gridproof.sweeps.study.document import Document
from gridproof.sweeps.study.execution_keys import CONTROL, CONTROL_STEPS, defaults
from gridproof.sweeps.study.leg import Leg
from gridproof.sweeps.study.spec import StudySpec


@dataclass(frozen=True, slots=True)
class ControlledParts:
    """``allocations``: what the rule chooses among, ``whole`` in number, then the parts of these. ``held``: for each
    number of steps N, (whole, N + 1) what is held of an allocation at each step, of step 0 cash and of step N all."""

    allocations: tuple[Allocation, ...]
    whole: int
    held: Mapping[int, Ints]


def build_parts(
    spec: StudySpec, legs: Sequence[Leg], allocations: Sequence[Allocation], table: AxisTable, document: Document
) -> ControlledParts | None:
    """None where no variant controls its drawdown. Raises InputError."""
    unset = defaults(spec)
    if CONTROL in unset or not any(table.values(CONTROL)):
        return None
    where = document.where(tuple(CONTROL.split(".")))
    cash = next((place for place, leg in enumerate(legs) if leg.cash), None)
    if cash is None:
        rule, remedy = "drawdown_control needs a leg of cash for the rest", "Write cash: {interest: 0.0} under legs"
        raise InputError(rule, "no cash", where, remedy)
    if CONTROL_STEPS not in unset and getattr(table.given(CONTROL_STEPS), "search", None) is not None:
        rule = "a search chooses the number of steps from the values of its axis"
        raise InputError(rule, CONTROL_STEPS, table.where(CONTROL_STEPS), "Remove search:")
    several = (unset[CONTROL_STEPS],) if CONTROL_STEPS in unset else table.values(CONTROL_STEPS)
    found, held = list(allocations), {}
    known: dict[tuple[int, tuple[float, ...]], int] = {}
    for steps in dict.fromkeys(int(value) for value in several):
        held[steps] = np.empty((len(allocations), steps + 1), dtype=np.int64)
        for place, one in enumerate(allocations):
            held[steps][place] = [cash, *[place] * steps]
            for step in range(1, steps) if one.weights[cash] != 1.0 else ():
                part = _part(one, round(step / steps, 12), cash)
                number = known.setdefault((place, part.weights), len(found))
                held[steps][place, step] = number
                if number == len(found):
                    found.append(part)
            if len(found) > MOST_ALLOCATIONS:
                rule = f"a study has at most {MOST_ALLOCATIONS} allocations, with the parts that drawdown_control holds"
                value = f"{len(allocations)} allocations in {steps} steps"
                raise InputError(rule, value, where, "Take fewer control_steps, or coarser weights")
    return ControlledParts(tuple(found), len(allocations), held)


def _part(one: Allocation, share: float, cash: int) -> Allocation:
    """A share of an allocation, and cash. A part of a leg is rebalanced as the execution says."""
    weights = [round(share * weight, 12) for weight in one.weights]
    weights[cash] = 0.0
    weights[cash] = round(1.0 - sum(weights), 12)
    rebalance = None if one.alone else one.rebalance
    return Allocation(part_name(one.name, share), tuple(weights), rebalance)
