"""How old the latest value of a series may be, and how old it is."""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Bools, Ints
from gridproof.results.monitor.record import InputRecord
from gridproof.signals.data.frequency import months_apart
from gridproof.signals.data.market import Market
from gridproof.signals.data.release import Release
from gridproof.signals.data.source import Observations
from gridproof.sweeps.study.model_spec import ModelSpec

# Trading days after which the next value is late, counted from the day on which the last became known: of a daily and
# of a weekly series, and of one with so many months between observations. Holidays of other markets are within it.
DAILY, WEEKLY = 3, 8
SLOWER = {1: 28, 3: 75, 6: 140, 12: 270}
_FIRST = 13  # observations that decide how often a series has values, so that a longer file changes nothing


def allowed_age(observations: Observations) -> int:
    """Returns the trading days that a value of this series stays current after it became known."""
    if observations.monthly:
        return SLOWER.get(months_apart(observations.dates) or 1, SLOWER[1])
    gaps = np.diff(observations.dates[:_FIRST].astype(np.int64))
    return WEEKLY if len(gaps) and float(np.median(gaps)) > 4 else DAILY


def estimate_age(model: ModelSpec) -> int:
    """The same of an estimate of a model: until the next is late. A nowcast has one with each month's releases."""
    return SLOWER[1] if model.positions is None else model.positions.every + DAILY


def are_current(market: Market, name: str, release: Release, at: Ints, allowed: int | None) -> Bools:
    """Returns (n,) bool: whether the latest value of a series was current on days of the calendar, (n,) positions.

    ``allowed``: instead of ``allowed_age``.
    """
    known = market.known(name, release)
    if not len(known):
        return np.zeros(len(at), dtype=np.bool_)
    latest = np.searchsorted(known, at, side="right") - 1
    limit = allowed_age(market.series[name]) if allowed is None else allowed
    found: Bools = (latest >= 0) & (at - known[np.maximum(latest, 0)] <= limit)
    return found


def input_record(market: Market, name: str, release: Release, on: np.datetime64, allowed: int | None) -> InputRecord:
    """Returns what is known of a series on a day. ``market``: as of that day. ``allowed``: instead of ``allowed_age``.

    Days after the end of the calendar count as trading days unless they are weekends.
    """
    observations = market.series[name]
    known = market.known(name, release)
    used = int(np.searchsorted(known, len(market.calendar), side="left"))
    if not used:
        return {"name": name, "name_zh": name, "file": observations.source.file, "dated": None, "known": None,
                "until": None, "current": False}  # fmt: skip
    at = int(known[used - 1]) + (allowed_age(observations) if allowed is None else allowed)
    beyond = at - (len(market.calendar) - 1)
    last = market.calendar[-1]
    until = market.calendar[at] if beyond <= 0 else np.busday_offset(last, beyond, roll="backward")
    return {
        "name": name,
        "name_zh": name,
        "file": observations.source.file,
        "dated": str(observations.dates[used - 1]),
        "known": str(market.calendar[known[used - 1]]),
        "until": str(until),
        "current": bool(on <= until),
    }
