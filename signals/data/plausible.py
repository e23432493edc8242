"""What is suspicious in a series but may be true: one sentence each, with the day and the value."""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.signals.data.column.dates import Dates
from gridproof.signals.data.frequency import WORDS, months_apart
from gridproof.signals.data.source import Observations, Release

# A daily return of a leg that is named, and the median size of daily returns that no price has.
_LARGE_RETURN, _LARGE_USUAL = 0.5, 0.1
# Trading days over which a leg's price may stay the same, and calendar days between two trading days.
_CONSTANT, _CLOSED = 20, 21
# The factor by which a series that a signal measures may change between two observations.
_FACTOR = 8.0
# Calendar days after which a monthly and a daily value are published late.
_LATE = {True: 400, False: 45}


def price_warnings(days: Dates, closes: Floats) -> list[str]:
    """Returns warnings about the closes of a leg, (T,) above 0, on (T,) trading days."""
    if len(closes) < 2:
        return []
    found = []
    returns = closes[1:] / closes[:-1] - 1.0
    usual = float(np.median(np.abs(returns)))
    large = np.flatnonzero(np.abs(returns) > _LARGE_RETURN)
    if usual > _LARGE_USUAL:
        found.append(f"the usual daily change is {usual:.0%}: are these prices, not volumes or returns?")
    elif len(large):
        at = int(large[0])
        more = f", {len(large)} such days" if len(large) > 1 else ""
        found.append(
            f"a return of {returns[at]:+.0%} on {days[at + 1]}, from {closes[at]:g} to {closes[at + 1]:g}{more}: "
            "a spike, a split or a change of unit?"
        )
    if len(returns) > 60 and usual > 0:
        logs = np.diff(np.log(closes))
        cancel = float(np.corrcoef(logs[1:], logs[:-1])[0, 1])
        if cancel < -0.4 and not len(large):
            found.append(f"consecutive returns cancel (correlation {cancel:.2f}): are these returns, not prices?")
    start, length = _longest_constant(closes)
    if length >= _CONSTANT:
        found.append(f"the price stays at {closes[start]:g} for {length} trading days from {days[start]}")
    return found


def calendar_warnings(days: Dates) -> list[str]:
    """Returns warnings about the trading days of a calendar, (T,)."""
    found = []
    gaps = np.diff(days).astype(np.int64)
    usual = float(np.median(gaps)) if len(gaps) else 1.0
    closed = np.flatnonzero(gaps > max(_CLOSED, 3 * usual))
    if len(closed):
        at = int(closed[0])
        more = f", {len(closed)} such gaps" if len(closed) > 1 else ""
        found.append(f"no trading day between {days[at]} and {days[at + 1]}, {gaps[at]} days{more}")
    # 1970-01-01 was a Thursday.
    weekend = np.flatnonzero((days.astype(np.int64) + 3) % 7 >= 5)
    if usual <= 4 and 0 < len(weekend) < 0.1 * len(days):
        found.append(f"{len(weekend)} of {len(days):,} trading days are on a weekend, the first {days[weekend[0]]}")
    return found


def jump_warnings(dates: Dates, values: Floats) -> list[str]:
    """Returns warnings about jumps of a positive series, (n,): a spike that reverts, or a change of unit."""
    if len(values) < 20 or not (values > 0).all():
        return []
    steps = np.diff(np.log(values))
    large = np.flatnonzero(np.abs(steps) > np.log(_FACTOR))
    if not 0 < len(large) <= 5:
        return []
    at = int(large[0])
    back = at + 1 < len(steps) and abs(steps[at] + steps[at + 1]) < 0.3 * abs(steps[at])
    kind = "a spike?" if back else "a change of unit?"
    return [f"from {values[at]:g} on {dates[at]} to {values[at + 1]:g} on {dates[at + 1]}: {kind}"]


def release_warnings(observations: Observations, release: Release, last: np.datetime64) -> list[str]:
    """Returns warnings about when the observations until ``last`` are known: too early or too late to be true."""
    used = observations.dates <= last
    dates, monthly = observations.dates[used], observations.monthly
    if not len(dates):
        return []
    if release.column is not None:
        if release.column not in observations.columns:
            return []
        known = observations.columns[release.column][used]
    else:
        days = release.calendar_days if release.calendar_days is not None else release.trading_days
        known = dates + np.timedelta64(days, "D")
    found = []
    late = (known - dates).astype(np.int64)
    if late.max() > _LATE[monthly]:
        at = int(late.argmax())
        found.append(f"the value of {dates[at]} is known {late[at]} days later, on {known[at]}: is the release right?")
    months = months_apart(observations.dates) if monthly else None
    if months is not None:
        first_days = (dates.astype("datetime64[M]").astype("datetime64[D]") == dates).all()
        ends = (dates.astype("datetime64[M]") + months).astype("datetime64[D]") - 1
        early = known < ends if first_days else known <= dates
        if early.any():
            at = int(early.argmax())
            value = f"the {WORDS[months]} value of {dates[at]} counts as known on {known[at]}"
            found.append(f"{value}, before it can be published: is the release right?")
    return found


def _longest_constant(values: Floats) -> tuple[int, int]:
    """Returns the begin and the length of the longest run of equal values."""
    begins = np.concatenate([[0], np.flatnonzero(np.diff(values) != 0) + 1, [len(values)]])
    lengths = np.diff(begins)
    at = int(lengths.argmax())
    return int(begins[at]), int(lengths[at])
