"""The parameter landscape: which axes the objective depends on, and whether base and best lie on a plateau."""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.results.run.landscape_record import PairRecord, PlateauRecord, SensitivityRecord
from gridproof.results.run.record import number
from gridproof.results.run.store import Store
from gridproof.results.statistics.plateau import cliff, plateau
from gridproof.results.statistics.sensitivity import Sensitivity, anova_from_surfaces, functional_anova
from gridproof.sweeps.plan.choices import Choices
from gridproof.sweeps.verdict.candidates import Candidates

_PAIRS = 12  # the largest that are listed


def choices_values(store: Store, choices: Choices, objective: str) -> Floats | None:
    """The objective of every choice, one dimension an axis; None where not every variant was kept."""
    if not store.has("variants.parquet"):
        return None
    values: Floats = store.read_table("variants.parquet", [objective])[objective].to_numpy(dtype=np.float64)
    if len(values) != choices.whole.size:
        return None
    grid: Floats = values.reshape(choices.whole.dims)
    return choices.among_values(grid, tuple(range(grid.ndim)))


def sensitivity(store: Store, choices: Choices, values: Floats | None) -> SensitivityRecord | None:
    """Computed from every choice, else from their surfaces (total indices up to three axes only); None without axes."""
    space = choices.space
    varied = [axis for axis, size in enumerate(space.dims) if size > 1]
    if not varied:
        return None
    if values is not None:
        if np.isnan(values).all():
            return None
        found: Sensitivity = functional_anova(values.reshape([space.dims[axis] for axis in varied]))
        axes = list(range(len(varied)))
    else:
        tally = store.tiles.tally().among_choices
        if not tally.surfaces.pairs or not tally.surfaces.count.any():
            return None
        found = anova_from_surfaces(tally.surfaces)
        axes = varied
    names = [space.axes[axis].name for axis in varied]
    pairs: list[PairRecord] = [
        {"x": names[i], "y": names[j], "index": number(found.second_order[axes[i], axes[j]])}
        for i in range(len(names))
        for j in range(i + 1, len(names))
    ]
    pairs = sorted((pair for pair in pairs if pair["index"] is not None), key=lambda pair: -pair["index"])[:_PAIRS]  # type: ignore[operator]
    return {
        "axes": names,
        "first_order": [number(found.first_order[axis]) for axis in axes],
        "total": [number(found.total[axis]) for axis in axes],
        "pairs": pairs,
        "undefined": found.undefined,
        "from": "every choice" if values is not None else "surfaces",
    }


def plateaus(
    values: Floats | None, choices: Choices, candidates: Candidates
) -> tuple[dict[str, PlateauRecord] | None, str | None]:
    """Base and best compared with their neighbours; where that is not computable, None and the reason, if known."""
    study, error = candidates.plan.study, candidates.standard_error
    if study.spec.objective != "sharpe":
        return None, "not computable: a standard error is known for the Sharpe ratio only"
    if values is None:
        return None, "not computable: the grid is too large to keep every variant"
    if not np.isfinite(error) or np.isnan(values).all():
        return None, None
    space = choices.space
    record: dict[str, PlateauRecord] = {}
    for who, index in candidates.index.items():
        digits = [int(digit) for digit in choices.positions(np.array([index]))[0]]
        found, fall = plateau(values, digits, error), cliff(values, digits)
        record[who] = {
            "score": number(found.score),
            "neighbours": found.neighbours,
            "edges": [space.axes[axis].name for axis in found.edges],
            "distance": number(found.distance),
            "share": number(found.share),
            "cliff": None
            if fall.axis is None
            else {"drop": number(fall.drop), "axis": space.axes[fall.axis].name, "step": fall.step},
        }
    return record, None
