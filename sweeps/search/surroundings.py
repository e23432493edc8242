"""The study of the chosen variant and its surroundings, which is swept at the end of a search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from optuna.trial import FrozenTrial

from gridproof.results.axis_range import Value
from gridproof.sweeps.search.dimensions import Choice, Dimensions, steps_from
from gridproof.sweeps.search.search_context import SearchContext
from gridproof.sweeps.study.space import Axis
from gridproof.sweeps.study.study import Study

# Variants of the surroundings at most, selections of stocks among them, and steps from the chosen one along each axis.
_VARIANTS, _SELECTIONS = 250_000, 1_000
_STEPS = 6
# Bytes of the tables of the executions of the surroundings.
_TABLE_BYTES = 1024 * 2**20


def surrounding_study(study: Study, dimensions: Dimensions, trial: FrozenTrial, context: SearchContext) -> Study:
    """The study whose base is what a trial chose and whose grid is what surrounds it.

    The study does not declare this base: the search found it by its results. The grid has as many steps along each
    axis as fit the limit. Values under which a signal is not defined in time are left out.
    """
    chosen: Choice = trial.user_attrs["result"]["chosen"]
    centre = {axis.name: chosen[axis.name] for axis in study.space.axes if len(axis.values) > 1}
    moving = [
        axis
        for axis in study.space.axes
        if (axis in dimensions.free or axis.name in dimensions.levels)
        and axis.numeric
        and dimensions.is_active(axis.name, chosen)
    ]
    # Where there are too many axes, levels are fixed first: each trial has varied them.
    moving.sort(key=lambda axis: axis.name in dimensions.levels)
    grid: dict[str, list[Value]] = {}
    while moving and not _is_allowed(grid := _steps_around(moving, chosen, 1, context), chosen, dimensions, context):
        # Where the tables of the executions are too large, one of their axes is fixed.
        charging = [axis for axis in moving if axis.name in context.sizes.charging]
        moving.remove((charging or moving)[-1] if not _tables_fit(grid, dimensions, context) else moving[-1])
    grid = {}
    for steps in range(1, _STEPS + 1):
        wider = _steps_around(moving, chosen, steps, context)
        if not _is_allowed(wider, chosen, dimensions, context):
            break
        grid = wider
    varied = {name: values for name, values in grid.items() if len(values) > 1}
    return study.set(centre).set({**varied, "declared": False})


def _steps_around(axes: Sequence[Axis], chosen: Choice, steps: int, context: SearchContext) -> dict[str, list[Value]]:
    """For each axis the chosen value and those up to so many steps from it, ascending."""
    span = [*range(-steps, 0), *range(1, steps + 1)]
    grid = {}
    for axis in axes:
        near = [
            value
            for value in steps_from(axis, chosen[axis.name], span)
            if context.is_defined({**chosen, axis.name: value}, axis.name)
        ]
        grid[axis.name] = sorted([chosen[axis.name], *near], key=float)
    return grid


def _is_allowed(
    grid: Mapping[str, Sequence[Value]], chosen: Choice, dimensions: Dimensions, context: SearchContext
) -> bool:
    """Whether the grid is small enough, and its slowest signals, two axes combined, are still defined in time."""
    slowest = {name: max(values, key=float) for name, values in grid.items()}
    selections = prod(len(values) for name, values in grid.items() if name in dimensions.selecting)
    small = prod(map(len, grid.values())) <= _VARIANTS and selections <= _SELECTIONS
    return small and _tables_fit(grid, dimensions, context) and context.is_defined({**chosen, **slowest})


def _tables_fit(grid: Mapping[str, Sequence[Value]], dimensions: Dimensions, context: SearchContext) -> bool:
    """Whether the tables of the executions of the grid fit in memory."""
    executions, charging = (
        prod(len(values) for name, values in grid.items() if name in own)
        for own in (dimensions.executing, context.sizes.charging)
    )
    return max(executions, charging) == 1 or context.sizes.size(executions, charging) <= _TABLE_BYTES
