"""What is suspicious in a series but may be true: one sentence each, with the day and the value."""

from __future__ import annotations

import re

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.signals.data.column.dates import Dates
from gridproof.signals.data.frequency import WORDS, months_apart
from gridproof.signals.data.release import Release
from gridproof.signals.data.source import Observations

# A daily return of a leg that is named, and the median size of daily returns that no price has.
_LARGE_RETURN, LARGE_USUAL = 0.5, 0.1
# Trading days over which a leg's price may stay the same, and calendar days between two trading days.
_CONSTANT, _CLOSED = 20, 21
# Dividends a year that hardly an index pays.
LARGE_YIELD = 0.1
# The factor by which a series that a signal measures may change between two observations.
_FACTOR = 8.0
# More jumps than this are named only where they are this rare.
_MANY, _RARE = 5, 0.05
# The gap between a close and the next open at which an index is at the price limit of its stocks.
_AT_LIMIT = 0.095
# How many times farther a placeholder is from its neighbours than any two neighbours are from each other.
_APART = 2.0
# The largest reading of a signal and its level differ at most by this factor where both have the same unit.
_BEYOND, _BELOW = 10.0, 0.02
# What programs and vendors write for "no value" besides repeated nines: zero, one below it, ends of number formats.
_PLACEHOLDERS = frozenset(
    [0.0, -1.0, 32767.0, -32767.0, -32768.0, 65535.0, 2147483647.0, -2147483648.0, 4294967295.0, 1e10, -1e10]
    + [sign * value for sign in (1.0, -1.0) for value in (1e20, 1e30, 1e35, 1e36, 1e100)]
    + [sign * float(np.finfo(kind).max) for sign in (1.0, -1.0) for kind in (np.float32, np.float64)]
)
_NINES = re.compile(r"-?(?:9{2,}|8{4,})(?:\.(?:0|9+|8+))?")
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
    if usual > LARGE_USUAL:
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


def open_warnings(days: Dates, opens: Floats, closes: Floats) -> list[str]:
    """Returns warnings about the opening prices of a leg, (T,) above 0, beside its closes, on (T,) trading days."""
    gaps = opens[1:] / closes[:-1] - 1.0
    if not len(gaps):
        return []
    found = []
    same = int((gaps == 0.0).sum())
    if same > len(gaps) / 2:
        found.append(f"{same} of {len(gaps)} opens are the close before: are they opening prices?")
    usual = float(np.median(np.abs(gaps)))
    far = np.flatnonzero(np.abs(gaps) >= _AT_LIMIT)
    if usual > LARGE_USUAL:
        found.append(f"opens usually differ by {usual:.0%} from the close before: is one of the two adjusted?")
    elif len(far):
        at, more = int(far[0]), f", {len(far)} such days" if len(far) > 1 else ""
        found.append(
            f"the open of {days[at + 1]} is {gaps[at]:+.1%} from the close before{more}: where stocks open at their "
            "price limit, nobody trades at that price"
        )
    return found


def dividend_warnings(closes: Floats, prices: Floats, periods: float) -> list[str]:
    """Returns warnings about the closes of a leg with its dividends and without, (T,) above 0 each."""
    if len(closes) < 2:
        return []
    yearly = float(np.log(closes[-1] / closes[0] * prices[0] / prices[-1])) * periods / (len(closes) - 1)
    if yearly < 0.0:
        return [f"the series with dividends earns {-yearly:.1%} a year less than this one: are the two swapped?"]
    if yearly > LARGE_YIELD:
        return [f"dividends of {yearly:.0%} a year: is this the price of the same asset?"]
    return []


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
    """Returns warnings about jumps of a positive series, (n,): spikes that revert, or changes of unit."""
    if len(values) < 20 or not (values > 0).all():
        return []
    steps = np.diff(np.log(values))
    large = np.flatnonzero(np.abs(steps) > np.log(_FACTOR))
    often = len(large) > _MANY and (len(large) > _RARE * len(steps) or np.median(np.abs(steps)) > np.log(1.1))
    hundredfold = np.abs(np.abs(steps[large]) - np.log(100.0)) < np.log(1.5)
    if not len(large) or (often and hundredfold.mean() < 0.8):
        return []
    at = int(large[0])
    back = at + 1 < len(steps) and abs(steps[at] + steps[at + 1]) < 0.3 * abs(steps[at])
    kind = "a share and a percentage?" if often else "a spike?" if back else "a change of unit?"
    more = f", {len(large)} such changes" if len(large) > 2 else ""
    return [f"from {values[at]:g} on {dates[at]} to {values[at + 1]:g} on {dates[at + 1]}{more}: {kind}"]


def is_placeholder(value: float) -> bool:
    """Whether programs write this number where there is no value, such as 0, -1, -99.99, 9999 or the largest float."""
    return value in _PLACEHOLDERS or _NINES.fullmatch(repr(float(value))) is not None


def placeholder_warnings(dates: Dates, values: Floats) -> list[str]:
    """Returns a warning for each placeholder in (n,) values that is far from the values before and after it.

    Far is more than twice the largest change between two neighbours that are none.
    """
    distinct, kinds = np.unique(values, return_inverse=True)
    marked = np.array([is_placeholder(value) for value in distinct], dtype=np.bool_)[kinds]
    known = np.flatnonzero(~marked)
    if not marked.any() or len(known) < 2:
        return []
    largest = float(np.abs(np.diff(values[known])).max())
    found = np.flatnonzero(marked)
    after = np.searchsorted(known, found)
    nearest = np.stack([values[known[np.maximum(after - 1, 0)]], values[known[np.minimum(after, len(known) - 1)]]])
    far = np.abs(nearest - values[found]).min(axis=0) > _APART * largest
    warnings = []
    for value in np.unique(values[found[far]]):
        at = found[far & (values[found] == value)]
        count = f"on {len(at)} dates, the first {dates[at[0]]}" if len(at) > 1 else f"on {dates[at[0]]}"
        warnings.append(f"{_plain(value)} {count}, far from all other values: does it stand for a missing value?")
    return warnings


def level_warning(levels: Floats, readings: Floats) -> str | None:
    """A sentence where the levels (n,) at which a signal switches do not fit its readings (m,): a percentage and a
    share. Levels of 0 fit all; readings may be NaN."""
    sizes, read = np.abs(levels[levels != 0]), np.abs(readings[np.isfinite(readings)])
    if not len(sizes) or not len(read) or not read.any():
        return None
    highest, usual = float(read.max()), float(np.median(read))
    if sizes.min() > _BEYOND * highest:
        return f"{sizes.min():g} is beyond all readings, of which the largest is {highest:g}: a percentage and a share?"
    if sizes.max() < _BELOW * usual:
        return f"{sizes.max():g} is small for the readings, which are usually {usual:g}: a share and a percentage?"
    return None


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


def _plain(value: float) -> str:
    return repr(float(value)).removesuffix(".0")
