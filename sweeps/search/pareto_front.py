"""The Pareto front of a search: the trials that no other trial dominates."""

from __future__ import annotations

from collections.abc import Sequence

from optuna.trial import FrozenTrial

from gridproof.sweeps.search.objectives import SearchObjective

# A trial's values, one for each objective, and its violation of the requirements.
Outcome = tuple[tuple[float, ...], float]


def dominates(one: Outcome, other: Outcome, objectives: Sequence[SearchObjective]) -> bool:
    """The smaller violation dominates. With equal ones: no value is worse, and at least one is better."""
    if one[1] != other[1]:
        return one[1] < other[1]
    pairs = [
        (a, b) if objective.maximise else (-a, -b) for a, b, objective in zip(one[0], other[0], objectives, strict=True)
    ]
    return all(a >= b for a, b in pairs) and any(a > b for a, b in pairs)


def add_to_front(front: list[Outcome], outcome: Outcome, objectives: Sequence[SearchObjective]) -> bool:
    """Add an outcome to a front, sorted by the first objective, best first. False where the front already covers it."""
    if any(dominates(other, outcome, objectives) or other == outcome for other in front):
        return False
    front[:] = [other for other in front if not dominates(outcome, other, objectives)]
    front.append(outcome)
    sign = -1.0 if objectives[0].maximise else 1.0
    front.sort(key=lambda each: sign * each[0][0])
    return True


def pareto_front(trials: Sequence[FrozenTrial], objectives: Sequence[SearchObjective]) -> list[FrozenTrial]:
    """The complete trials that no other one dominates, best by the first objective first; of equal ones the first."""
    front: list[FrozenTrial] = []
    for trial in trials:
        own = outcome_of(trial)
        if any(dominates(outcome_of(other), own, objectives) or outcome_of(other) == own for other in front):
            continue
        front = [other for other in front if not dominates(own, outcome_of(other), objectives)]
        front.append(trial)
    sign = -1.0 if objectives[0].maximise else 1.0
    return sorted(front, key=lambda trial: (sign * trial.values[0], trial.number))


def outcome_of(trial: FrozenTrial) -> Outcome:
    return tuple(trial.values), float(trial.user_attrs["result"]["violation"])
