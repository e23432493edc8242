"""Decision days: the days on which the states of signals become decisions, and the states held between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridproof.kernels.arrays import Bools, Ints, Words
from gridproof.kernels.paths import pack, unpack
from gridproof.results.axis_range import Value
from gridproof.signals.data.source import Dates
from gridproof.signals.expression.timeline import calendar_of
from gridproof.sweeps.study.decide import DAILY, WEEKLY, days_between

# Bytes of the states that are unpacked at once, one for each state.
_STATES = 2**26


@dataclass(frozen=True, slots=True, eq=False)
class DecisionDays:
    """The decision days of a calendar of T trading days.

    ``latest``: (T,) int64: for each day the index of the last decision day up to it; -1 before the first.
    """

    latest: Ints

    def first_from(self, day: int) -> int:
        """Returns the first decision day on ``day`` or later; T where there is none."""
        return int(np.searchsorted(self.latest, day))

    def of(self, states: Bools) -> Bools:
        """(n, T) states of each day: those of the last decision day; off before the first."""
        return np.where(self.latest >= 0, states[:, np.maximum(self.latest, 0)], False)

    def begin(self, start: int) -> int:
        """Returns the day from which ``held`` needs states, for days from ``start`` on."""
        return max(0, int(self.latest[start]))

    def held(self, states: Words, start: int, stop: int) -> Words:
        """The states of the last decision day, on calendar days [start, stop), from the states of each day.

        states: (n, W) packed, on calendar days [begin(start), stop). Returns (n, W'). A state is off before the first
        decision day.
        """
        begin = self.begin(start)
        place = self.latest[start:stop] - begin
        at_once = max(1, _STATES // max(1, stop - begin))
        parts = []
        for low in range(0, len(states), at_once):
            daily = unpack(states[low : low + at_once], stop - begin)
            chosen = daily[:, np.maximum(place, 0)]
            chosen[:, place < 0] = False
            parts.append(pack(chosen))
        return np.concatenate(parts)


def decision_days(calendar: Dates, decide: Value) -> DecisionDays | None:
    """The decision days of a calendar under one value of ``execution.decide``; None for every day.

    The last trading day of each week (Monday to Sunday) or month, which exchanges announce ahead; of ``every n`` the
    first day of the calendar and each n-th after it. The last week and month of the calendar end on no day, since no
    later date says that they have ended.
    """
    if decide == DAILY:
        return None
    count = days_between(decide)
    if count is not None:
        chosen = np.arange(len(calendar)) % count == 0
    else:
        days = calendar_of(calendar, 1.0)
        chosen = days.week_ends if decide == WEEKLY else days.month_ends
    return DecisionDays(np.maximum.accumulate(np.where(chosen, np.arange(len(calendar)), -1)))
