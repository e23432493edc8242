"""Checks a user's operators for look-ahead and other faults, on random values and on those of a study."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.kernels.errors import InputError
from gridproof.signals.expression.example import evaluate_example, weekdays
from gridproof.signals.expression.language import Language
from gridproof.signals.expression.operators.argument import ALL
from gridproof.signals.expression.operators.causality import (
    LONGEST,
    Leak,
    call,
    call_until,
    changed_days,
    drawn_arguments,
    end_leak,
    future_leak,
    past_leak,
    warm_up_of,
)
from gridproof.signals.expression.operators.declaration import Calendar, Operator
from gridproof.signals.expression.operators.quantity import Quantity
from gridproof.signals.expression.timeline import calendar_of
from gridproof.signals.expression.user_operators.file import OperatorFile
from gridproof.signals.expression.user_operators.guarded_call import place_of

# Random calls of each operator, days of each, and the days after which the future is changed.
_CALLS, _DAYS, _CUTS = 6, 120, (40, 75, 110)
# Days of a study's series after which the future is changed, or before which the past is cut off.
_CUTS_OF_A_STUDY = 5
# Gaps of each array after which it is changed too.
_GAPS = 2
# Dates to which the calls of a study are evaluated in turn, and single days on which its series are cut off or changed.
_DATES, _SINGLE_DAYS = 5, 48
# How many values ahead a changed value must not show, in the check of every day.
_REACH = 5
# Rounding, as a part of the largest value, that the days before the window may cause: that of a running sum.
_ROUNDING = 1e-9
# The bounds of numbers that declare none, and the size of random values: those of ratios and prices.
_NUMBERS, _SCALES = (0.1, 3.0), (0, 2)


@dataclass(frozen=True, slots=True)
class StudyCall:
    """A call of an operator as a study makes it.

    ``given``: what its function gets, by name; ``calendar``: the dates of its arrays; ``where``: the place of the
    expression. ``base``: whether it is under the base, or at an end of an axis.
    """

    operator: Operator
    given: Mapping[str, Any]
    calendar: Calendar
    where: str
    base: bool


def check_study(calls: Sequence[StudyCall], file: OperatorFile) -> None:
    """Check the calls of a study's own operators. Raises InputError for the first fault."""
    for each in calls:
        if each.base and len(each.calendar.dates) > 2:
            _check_call(each, file)
    _check_in_turn(calls, file)


def _check_in_turn(calls: Sequence[StudyCall], file: OperatorFile) -> None:
    """Evaluates all calls up to one date after the other in a new execution of the file, the whole series last.

    So no call can know later values that an earlier one has left in a variable of the file.
    """
    operators = file.executed_anew()
    dates = np.unique(np.concatenate([each.calendar.dates for each in calls]))
    chosen = dates[(np.arange(1, _DATES) * len(dates)) // _DATES]
    found: dict[int, list[tuple[int, Floats]]] = {number: [] for number in range(len(calls))}
    for date in chosen:
        for number, each in enumerate(calls):
            today = int(np.searchsorted(each.calendar.dates, date, side="right")) - 1
            if warm_up_of(each.operator, each.given) <= today < len(each.calendar.dates) - 1:
                one = operators[each.operator.name]
                found[number].append((today, call_until(one, each.given, each.calendar, today)))
    for number, each in enumerate(calls):
        one = operators[each.operator.name]
        whole = call(one, each.given, each.calendar)
        for today, until in found[number]:
            if (leak := end_leak(whole, until, today)) is not None:
                raise _look_ahead(one, leak, each.calendar, f"on the series of {each.where}", place_of(one, file.path))


def check_file(file: OperatorFile) -> None:
    """Check every operator of a file on random values, and its example. Raises InputError for the first fault."""
    calendar = calendar_of(weekdays(_DAYS), 243.0)
    for one in file.operators().values():
        for seed in range(_CALLS):
            rng = np.random.default_rng(seed)
            for whole in (True, False):
                given = drawn_arguments(one, rng, _DAYS, whole, _NUMBERS, _SCALES)
                _check(one, file, given, calendar, _CUTS, () if whole else (17,), rng, "on random values")
            _check_rows(one, file, given, calendar)
            _check_ends(one, file, given, calendar, range(2 * LONGEST, _DAYS - 1), "on random values")
        _check_example(one, file)


def _check_rows(one: Operator, file: OperatorFile, given: Mapping[str, Any], calendar: Calendar) -> None:
    """With ``many``, the values of a window do not depend on which other windows are computed with it."""
    if one.many is None:
        return
    together = call(one, given, calendar)
    for row, n in zip(together, given[one.many].tolist(), strict=True):
        alone = call(one, {**given, one.many: np.array([n], dtype=np.int64)}, calendar)[0]
        if not np.array_equal(row, alone, equal_nan=True):
            day = int((~((row == alone) | (np.isnan(row) & np.isnan(alone)))).argmax())
            rule = f"with many, the values of one {one.many} do not depend on the others"
            value = f"{row[day]:g} on {calendar.dates[day]} for {one.many}={n} with others, {alone[day]:g} alone"
            raise InputError(rule, value, place_of(one, file.path), "Compute each row from its own window alone")


def _check_call(each: StudyCall, file: OperatorFile) -> None:
    one, given, calendar = each.operator, each.given, each.calendar
    days, what = len(calendar.dates), f"on the series of {each.where}"
    rng = np.random.default_rng(days)
    cuts = sorted({*rng.integers(days // 4, days - 1, _CUTS_OF_A_STUDY - 1).tolist(), days - 2})
    # Where a window may hold fewer values, or all, the past decides what it holds.
    windowed = all(given[each.name] is None for each in one.arguments if each.name == "min")
    firsts = cuts[:2] if windowed and not any(_is_all(given[each.name]) for each in one.arguments) else []
    _check(one, file, given, calendar, cuts, firsts, rng, what)
    if firsts and not one.history:
        for today in changed_days(one, given, calendar, _REACH, _SINGLE_DAYS, rng):
            if (leak := future_leak(one, given, calendar, today, rng)) is not None:
                raise _look_ahead(one, leak, calendar, what, place_of(one, file.path))
    else:
        # A function need not be written for very few values.
        begin = min(max(days // _DATES, warm_up_of(one, given)), days - 2)
        several = begin + rng.choice(days - 1 - begin, min(days - 1 - begin, _SINGLE_DAYS), replace=False)
        _check_ends(one, file, given, calendar, sorted(several.tolist()), what)


def _check_ends(
    one: Operator, file: OperatorFile, given: Mapping[str, Any], calendar: Calendar, cuts: Iterable[int], what: str
) -> None:
    """Raises InputError where a value up to one of these days changes when the days after it are cut off."""
    whole = call(one, given, calendar)
    for today in cuts:
        if (leak := end_leak(whole, call_until(one, given, calendar, today), today)) is not None:
            raise _look_ahead(one, leak, calendar, what, place_of(one, file.path))


def _is_all(value: Any) -> bool:
    return isinstance(value, int | np.ndarray) and bool(np.any(value == ALL))


def _check(
    one: Operator,
    file: OperatorFile,
    given: Mapping[str, Any],
    calendar: Calendar,
    cuts: Sequence[int],
    firsts: Sequence[int],
    rng: np.random.Generator,
    what: str,
) -> None:
    place = place_of(one, file.path)
    first, second = call(one, given, calendar), call(one, given, calendar)
    if not np.array_equal(first, second, equal_nan=True):
        day = int((~((first == second) | (np.isnan(first) & np.isnan(second)))).any(axis=0).argmax())
        rule, remedy = "an operator gives equal values for equal arguments", "Use no random numbers and keep no state"
        raise InputError(rule, f"other values in a second call, {what}, from {calendar.dates[day]} on", place, remedy)
    _check_bounds(one, first, calendar, what, place)
    for today in sorted({*cuts, *_gaps(one, given)}):
        if (leak := future_leak(one, given, calendar, today, rng)) is not None:
            raise _look_ahead(one, leak, calendar, what, place)
    for begin in firsts:
        if (leak := past_leak(one, given, calendar, begin, _ROUNDING)) is not None:
            rule = "without history=True, a value depends on its own day and warm_up days before"
            value = f"{leak.value:g} on {calendar.dates[leak.day]}, {leak.other:g} where the series begins on "
            value += f"{calendar.dates[leak.cut]}, {what}"
            raise InputError(rule, value, place, "Declare the warm_up that the window needs, or history=True")


def _gaps(one: Operator, given: Mapping[str, Any]) -> set[int]:
    """The last days of a few gaps of the arrays: what fills a gap backwards shows there alone."""
    found: set[int] = set()
    for each in one.arguments:
        if each.is_array:
            unknown = np.isnan(given[each.name])
            ends = np.flatnonzero(unknown[:-1] & ~unknown[1:])
            found |= {*ends[:1].tolist(), *ends[-_GAPS:].tolist()}
    return found


def _look_ahead(one: Operator, leak: Leak, calendar: Calendar, what: str, place: str) -> InputError:
    rule = "the value of a day may use values up to that day only"
    after = f"the days after {calendar.dates[leak.cut]}"
    names = ", ".join([each.name for each in one.arguments if each.is_array] or ["the calendar"])
    cause = f"{leak.argument} changes on {after}" if leak.of == "future" else f"{after} are cut off from {names}"
    value = f"{leak.value:g} on {calendar.dates[leak.day]}, {leak.other:g} where {cause}, {what}"
    return InputError(rule, value, place, "Use no later value: no centred window, no statistic of the whole series")


def _check_bounds(one: Operator, found: Floats, calendar: Calendar, what: str, place: str) -> None:
    """A result lies within the bounds of the declared unit, up to rounding."""
    if not isinstance(one.unit, Quantity):
        return
    outside = (found < one.unit.low - _ROUNDING) | (found > one.unit.high + _ROUNDING)
    if outside.any():
        day = int(outside.any(axis=0).argmax())
        value = f"{found[int(outside[:, day].argmax()), day]:g} on {calendar.dates[day]}, {what}"
        rule = f"the result is declared as {one.unit.name}, from {one.unit.low:g} to {one.unit.high:g}"
        raise InputError(rule, value, place, "Declare another unit, or none")


def _check_example(one: Operator, file: OperatorFile) -> None:
    if one.example is None:
        return
    place = place_of(one, file.path)
    try:
        found = evaluate_example(one.example.text, one.example.inputs, Language(file))
    except InputError as error:
        raise InputError("an example is an expression", one.example.text, place, str(error)) from None
    if found.shape != (len(one.example.result),) or not np.allclose(
        found, one.example.result, rtol=1e-9, atol=0.0, equal_nan=True
    ):
        rule = f"the example says {one.example.text} = {_row(one.example.result)}"
        raise InputError(rule, _row(found), place, "Correct the function or the example")


def _row(values: Sequence[float] | Floats) -> str:
    return f"({', '.join('unknown' if np.isnan(value) else f'{value:.6g}' for value in values)})"
