"""Checks an operator for look-ahead: no value may depend on later values, nor on those before its window."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from gridproof.kernels.arrays import Array, Bools, Floats
from gridproof.signals.expression.operators.argument import ALL, Argument
from gridproof.signals.expression.operators.declaration import Calendar, Operator

# The longest window that is drawn.
LONGEST = 12
# Powers of ten among which the size of drawn values is chosen.
SCALES = (-90, 0, 0, 0, 90)
# How many suspicious days are looked at one by one.
_SUSPECTS = 5


@dataclass(frozen=True, slots=True)
class Leak:
    """A value that depends on what it must not depend on.

    ``of``: what was changed: the ``future`` of one array, the ``end`` (later days were cut off), or the ``past`` (days
    before the window were cut off). ``argument``: the changed array, empty where all were cut. ``day``: the position of
    the first value that differs; ``cut``: that of the last day that was kept, for the past of the first one.
    """

    of: Literal["future", "end", "past"]
    argument: str
    day: int
    cut: int
    value: float
    other: float


def call(operator: Operator, given: Mapping[str, Any], calendar: Calendar) -> Floats:
    """(K, T) float64: the results under each window of a ``many`` operator; one row for all others.

    ``given``: by name what the function gets, in the order of the declared arguments.
    """
    keywords = {"calendar": calendar} if operator.calendar else {}
    with np.errstate(all="ignore"):
        return np.atleast_2d(operator.function(*given.values(), **keywords))


def call_until(operator: Operator, given: Mapping[str, Any], calendar: Calendar, today: int) -> Floats:
    """(K, today + 1) float64: the results where the values after position ``today`` are cut off."""
    names = {one.name for one in operator.arguments if one.is_array}
    short = {name: value[: today + 1] if name in names else value for name, value in _dated(operator, given, today)}
    return call(operator, short, _part(calendar, slice(0, today + 1)))


def end_leak(whole: Floats, until: Floats, today: int) -> Leak | None:
    """The first of the results up to position ``today``, of ``call_until``, that differs from those of all values."""
    return _leak("end", "", whole[:, : today + 1], until, today)


def future_leak(
    operator: Operator, given: Mapping[str, Any], calendar: Calendar, today: int, rng: np.random.Generator
) -> Leak | None:
    """The first value up to position ``today`` that depends on a later one, to the last bit; None where none does."""
    given = dict(_dated(operator, given, today))
    days = len(calendar.dates)
    now = call(operator, given, calendar)[:, : today + 1]
    for one in operator.arguments:
        if not one.is_array:
            continue
        other = np.where(np.arange(days) > today, _other_values(one, given[one.name], rng), given[one.name])
        found = call(operator, {**given, one.name: other}, calendar)[:, : today + 1]
        if (leak := _leak("future", one.name, now, found, today)) is not None:
            return leak
    return None if operator.ahead else end_leak(now, call_until(operator, given, calendar, today), today)


def changed_days(
    operator: Operator, given: Mapping[str, Any], calendar: Calendar, reach: int, calls: int, rng: np.random.Generator
) -> tuple[int, ...]:
    """Days whose value changes where single later values are changed, those at most ``reach`` later; a few of them.

    Of an operator without ``history``: many days are tried in one call, since a changed value cannot show ``warm_up``
    days later. ``calls``: how many calls there are at most; all days are tried where the window is shorter than that.
    """
    days = len(calendar.dates)
    arrays = [one for one in operator.arguments if one.is_array]
    space = warm_up_of(operator, given) + 1 + reach
    now, positions, found = call(operator, given, calendar), np.arange(days), []
    for offset in rng.permutation(space)[:calls].tolist():
        changed = positions % space == offset
        other = {
            one.name: np.where(changed, _other_values(one, given[one.name], rng), given[one.name]) for one in arrays
        }
        before = (offset - positions) % space  # how many values ahead the next changed one is
        tried = (before >= 1) & (before <= reach)
        differs = _different(now, call(operator, {**given, **other}, calendar)).any(axis=0)
        found += np.flatnonzero(differs & tried)[:1].tolist()
    return tuple(sorted(set(found))[:_SUSPECTS])


def past_leak(
    operator: Operator, given: Mapping[str, Any], calendar: Calendar, first: int, tolerance: float = 0.0
) -> Leak | None:
    """The first value that changes where the days before position ``first`` are cut off, later than the warm-up.

    ``tolerance``: the largest difference that is none, as a part of the largest value. None for an operator with
    ``history``. Windows that hold all values, or fewer than n, are not checked here: they depend on where values begin.
    """
    if operator.history:
        return None
    arrays = {one.name for one in operator.arguments if one.is_array}
    dates = {one.name for one in operator.arguments if one.kind == "date"}
    later = {name: value[first:] if name in arrays else value for name, value in given.items()}
    later |= {name: max(0, given[name] - first) for name in dates}
    begin = first + warm_up_of(operator, given)
    now = call(operator, given, calendar)[:, begin:]
    found = call(operator, later, _part(calendar, slice(first, None)))[:, begin - first :]
    if tolerance:
        scale = max((float(np.abs(one[np.isfinite(one)]).max(initial=0.0)) for one in (now, found)), default=0.0)
        found = np.where(np.abs(now - found) <= tolerance * scale, now, found)
    leak = _leak("past", "", now, found, first)
    return None if leak is None else Leak(leak.of, "", leak.day + begin, first, leak.value, leak.other)


def _leak(of: Literal["future", "end", "past"], argument: str, now: Floats, other: Floats, cut: int) -> Leak | None:
    different = _different(now, other)
    if not different.any():
        return None
    day = int(different.any(axis=0).argmax())
    row = int(different[:, day].argmax())
    return Leak(of, argument, day, cut, float(now[row, day]), float(other[row, day]))


def _different(now: Floats, other: Floats) -> Bools:
    different: Bools = (_bits(now) != _bits(other)) & ~(np.isnan(now) & np.isnan(other))
    return different


def warm_up_of(operator: Operator, given: Mapping[str, Any]) -> int:
    """The warm-up of a call: of ``many`` windows that of the longest."""
    scalars = {one.name: given[one.name] for one in operator.arguments if not one.is_array}
    if operator.many is not None:
        scalars[operator.many] = int(np.max(given[operator.many]))
    return operator.warm_up(scalars)


def _dated(operator: Operator, given: Mapping[str, Any], today: int) -> Iterator[tuple[str, Any]]:
    """What is given, with no date whose last day lies after position ``today``."""
    for one in operator.arguments:
        value = given[one.name]
        yield one.name, min(value, today) if one.kind == "date" and one.latest else value


def _bits(values: Floats) -> Array:
    return np.ascontiguousarray(values).view(np.int64)


def _part(calendar: Calendar, days: slice) -> Calendar:
    return Calendar(calendar.dates[days], calendar.periods, calendar.week_ends[days], calendar.month_ends[days])


def _other_values(argument: Argument, values: Floats, rng: np.random.Generator) -> Floats:
    """Values of the same kind and scale that differ from the given ones on most days."""
    if argument.kind == "boolean":
        return np.where(rng.random(len(values)) < 0.5, 1.0 - values, values)
    return np.asarray(rng.permutation(values) * rng.uniform(0.5, 1.5, len(values)))


def drawn_arguments(
    operator: Operator,
    rng: np.random.Generator,
    count: int,
    whole: bool = True,
    numbers: tuple[float, float] = (-2.0, 3.0),
    scales: Sequence[int] = SCALES,
) -> dict[str, Any]:
    """By name what an operator's function gets: ``count`` random values of each array, and fitting scalars.

    ``whole``: windows may be all, or begin with fewer values or later. ``numbers``: the bounds of numbers that declare
    none. ``scales``: powers of ten among which the size of the values is drawn.
    """
    return {one.name: _drawn(one, operator, rng, count, whole, numbers, scales) for one in operator.arguments}


def drawn_values(rng: np.random.Generator, count: int, scales: Sequence[int] = SCALES) -> Floats:
    """(count,) float64 above 0, a few NaN: a random walk, few distinct values or runs of equal ones."""
    kind = rng.integers(3)
    if kind == 0:
        drawn = np.exp(np.cumsum(rng.normal(0.0, 0.03, count)))
    elif kind == 1:
        drawn = rng.integers(1, 6, count).astype(np.float64)
    else:
        drawn = np.repeat(rng.random(count) + 0.5, rng.integers(1, 9, count))[:count]
    drawn *= 10.0 ** int(rng.choice(scales))
    drawn[: rng.integers(0, 5)] = np.nan
    drawn[rng.random(count) < rng.choice([0.0, 0.03])] = np.nan
    return drawn


def drawn_condition(rng: np.random.Generator, count: int) -> Floats:
    """(count,) float64: 0, 1, and here and there NaN."""
    drawn = (rng.random(count) < rng.random()).astype(np.float64)
    drawn[: rng.integers(0, 3)] = np.nan
    drawn[rng.random(count) < 0.03] = np.nan
    return drawn


def _drawn(
    one: Argument,
    operator: Operator,
    rng: np.random.Generator,
    count: int,
    whole: bool,
    numbers: tuple[float, float],
    scales: Sequence[int],
) -> Any:
    least = 1 if one.least is None else int(one.least)
    if one.kind == "series":
        return drawn_values(rng, count, scales)
    if one.kind == "boolean":
        return drawn_condition(rng, count)
    if one.kind == "choice":
        return str(rng.choice(one.choices))
    if one.kind == "date":
        return int(rng.integers(0, count)) if one.latest or (whole and rng.random() < 0.5) else 0
    if one.kind == "window":
        every = [ALL] if one.every and whole else []
        most = LONGEST if one.most is None else min(LONGEST, int(one.most))
        if one.name == operator.many:
            lengths = np.sort(rng.choice(np.arange(least, most + 1), min(3, most + 1 - least), replace=False))
            return np.append(lengths, every).astype(np.int64)
        return int(rng.choice([*rng.integers(least, most + 1, 3), *every]))
    if one.default is None:
        return int(rng.integers(1, 6)) if whole and rng.random() < 0.5 else None
    low = numbers[0] if one.least is None else one.least
    high = max(numbers[1], low) if one.most is None else one.most
    if one.whole:
        return int(rng.integers(int(low), int(high) + 1))
    return float(rng.uniform(low, high))
