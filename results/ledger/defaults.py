"""The parameters that a file of the ledger may lack, and the value that they then have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from gridproof.results.axis_range import Value
from gridproof.results.ledger.ranges import FinishedTrials, TrialAxis

# A study that does not give one of these keys behaves as one that gives this value.
DEFAULTS: Mapping[str, Value] = {
    "execution.decide": "daily",
    "execution.at": "close",
    "execution.min_hold": 1,
    "execution.stop": 0.0,
    "execution.trailing_stop": 0.0,
    "execution.stop_on": "close",
    "execution.nav_stop": 0.0,
    "execution.drawdown_stop": 0.0,
    "execution.cooling": 0,
    "execution.drawdown_control": 0.0,
    "execution.control_steps": 4,
    "execution.rebalance": "daily",
    "execution.capital": 0.0,
    "execution.min_commission": 0.0,
}


def required(names: Iterable[str]) -> frozenset[str]:
    """The names of parameters without those that have a default."""
    return frozenset(name for name in names if name not in DEFAULTS)


def completed(parts: Sequence[FinishedTrials]) -> list[FinishedTrials]:
    """The parts with equal parameters: one that lacks a parameter of another part gets it, with its default."""
    named = {name for part in parts for axis in part.axes for name in axis.names}
    return [_completed(part, [name for name in DEFAULTS if name in named]) for part in parts]


def _completed(part: FinishedTrials, names: Sequence[str]) -> FinishedTrials:
    own = {name for axis in part.axes for name in axis.names}
    added = tuple(TrialAxis((name,), (DEFAULTS[name],)) for name in names if name not in own)
    if not added:
        return part
    values = tuple(axis.values for axis in added)
    return replace(
        part,
        axes=(*part.axes, *added),
        rows=tuple((*row, *(one[0] for one in values)) for row in part.rows),
        boxes=tuple((*box, *values) for box in part.boxes),
    )
