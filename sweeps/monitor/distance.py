"""The distance to the next state: in the unit of the reading, and in that of the series under it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gridproof.kernels.errors import InputError
from gridproof.results.monitor.record import DistanceRecord
from gridproof.results.statistics.roots import find_root
from gridproof.signals.data.market import Market
from gridproof.signals.data.release import Release
from gridproof.sweeps.plan.signal_values import daily_values, evaluator_of, releases_of
from gridproof.sweeps.study.latch import Levels
from gridproof.sweeps.study.signal import Signal
from gridproof.sweeps.study.signal_set import SignalSet

# The latest value of the underlying is changed by at most this factor and its inverse, on a grid of so many steps.
_FACTOR, _STEPS = 2.0, 8
_EXACT = 1e-10


def distance(
    owner: SignalSet, signal: Signal, market: Market, value: float, on: bool, underlying: str | None
) -> DistanceRecord | None:
    """Returns how far a value is from the level at which its state changes; None where it goes through no levels.

    ``market``: as of the day. ``on``: whether the latch is on. ``underlying``: the series whose latest known value is
    changed, all others kept, until the level is reached; None: none.
    """
    if not isinstance(signal.form, Levels):
        return None
    base, owners = owner.base, owner.space.owners
    on_above, off = (float(base[owners[axis]]) for axis in signal.levels)
    level = (on_above - off if signal.form.gap else off) if on else on_above
    record: DistanceRecord = {
        "level": level,
        "distance": level - value,
        "underlying": underlying,
        "underlying_zh": underlying,
        "underlying_now": None,
        "underlying_level": None,
    }
    if underlying is not None:
        _solve(owner, signal, market, underlying, record)
    return record


def _solve(owner: SignalSet, signal: Signal, market: Market, underlying: str, record: DistanceRecord) -> None:
    release = releases_of(owner, signal, owner.base).get(underlying, Release())
    known = market.known(underlying, release)
    at = int(np.searchsorted(known, len(market.calendar), side="left")) - 1
    observations = market.series[underlying]
    now = float(observations.values[at])
    record["underlying_now"] = now

    def excess(factor: float) -> float:
        values = observations.values.copy()
        values[at] = now * factor
        changed = replace(market, series={**market.series, underlying: replace(observations, values=values)})
        evaluator = evaluator_of(owner, changed, len(market.calendar) - 1, swept=False)
        try:
            (daily,) = daily_values(owner, signal, evaluator, signal.nodes, owner.base)
        except InputError:
            return float("nan")
        return float(daily[-1]) - record["level"]

    here = excess(1.0)
    for step in range(1, _STEPS + 1):
        for factor in (_FACTOR ** (step / _STEPS), _FACTOR ** (-step / _STEPS)):
            there = excess(factor)
            if np.isfinite(there) and here * there <= 0:
                root = find_root(excess, min(1.0, factor), max(1.0, factor), _EXACT)
                record["underlying_level"] = now * root
                return
