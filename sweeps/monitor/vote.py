"""The vote: the state of every variant of a signal on one day, and how it depends on the parameters."""

from __future__ import annotations

import itertools

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.kernels.backend import Backend
from gridproof.kernels.paths import unpack
from gridproof.results.axis_range import AxisValues
from gridproof.results.monitor.record import VoteRecord
from gridproof.signals.expression.evaluate import ExpressionEvaluator
from gridproof.sweeps.plan.signal_paths import StateDays, path_table
from gridproof.sweeps.study.signal import Signal
from gridproof.sweeps.study.signal_set import SignalSet

# Values of an axis in the map; more are merged to so many neighbouring groups, each named by its first value.
_CELLS = 24


def vote(owner: SignalSet, signal: Signal, evaluator: ExpressionEvaluator, backend: Backend) -> VoteRecord | None:
    """Returns the share of the signal's variants that are on at the last day of the market; None: it has one variant.

    A variant is one choice of the axes of the signal, switches included. Raises UndefinedSignalError where the signal
    is not defined on that day under some of them.
    """
    axes = [owner.space.axes[position] for position in owner.space.uses[signal.name]]
    if all(len(axis.values) == 1 for axis in axes):
        return None
    last = len(evaluator.market.calendar) - 1
    table = path_table(owner, signal, evaluator, backend, StateDays(last, last + 1, last))
    states = unpack(table.distinct, 1)[:, :, 0]  # (paths, bits)
    on = states[table.index].astype(float)  # (axes..., bits)
    base = states[table.index[tuple(owner.space.base[position] for position in owner.space.uses[signal.name])]]
    shares = on.reshape(-1, on.shape[-1]).mean(axis=0)
    bit = int(np.abs(shares - 0.5).argmin())
    x, y = _most_varied(on[..., bit])
    rows = _means(on[..., bit], x, y)
    names = [axis.name for axis in axes]
    record: VoteRecord = {
        "variants": int(table.index.size),
        "share_on": {name: float(share) for name, share in zip(signal.bits, shares, strict=True)},
        "base_on": {name: bool(one) for name, one in zip(signal.bits, base, strict=True)},
        "bit": signal.bits[bit],
        "x_axis": None if x is None else names[x],
        "x_values": [] if x is None else _shown(axes[x].values),
        "y_axis": None if y is None else names[y],
        "y_values": [] if y is None else _shown(axes[y].values),
        "map": rows.tolist(),
    }
    return record


def _most_varied(on: Floats) -> tuple[int | None, int | None]:
    """The two axes of ``on`` over which its means vary most, the first of them first; None where there are fewer."""
    several = [axis for axis, size in enumerate(on.shape) if size > 1]
    if len(several) < 2:
        return (several[0] if several else None), None

    def spread(pair: tuple[int, int]) -> float:
        return float(on.mean(axis=tuple(axis for axis in range(on.ndim) if axis not in pair)).var())

    return max(itertools.combinations(several, 2), key=spread)


def _means(on: Floats, x: int | None, y: int | None) -> Floats:
    """(rows, columns): the mean of ``on`` over all other axes; a row for each group of values of y."""
    if x is None:
        return np.empty((0, 0))
    kept = [axis for axis in (y, x) if axis is not None]
    means: Floats = on.mean(axis=tuple(axis for axis in range(on.ndim) if axis not in kept))
    means = means[None] if y is None else (means.T if y > x else means)
    for axis in (0, 1):
        starts = _starts(means.shape[axis])
        sizes = np.diff([*starts, means.shape[axis]])
        sums = np.add.reduceat(means, starts, axis=axis)
        means = sums / (sizes[:, None] if axis == 0 else sizes)
    return means


def _starts(count: int) -> list[int]:
    return sorted({count * group // min(count, _CELLS) for group in range(min(count, _CELLS))})


def _shown(values: AxisValues) -> list[float | str]:
    every: list[float | str] = list(values)
    return [every[start] for start in _starts(len(every))]
