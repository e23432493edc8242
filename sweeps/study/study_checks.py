"""Checks of a study as a whole, after its parts are checked."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from gridproof.kernels.errors import InputError
from gridproof.sweeps.study.axes import AxisTable
from gridproof.sweeps.study.document import Document
from gridproof.sweeps.study.leg import Leg
from gridproof.sweeps.study.rule import Rule
from gridproof.sweeps.study.signal import Signal
from gridproof.sweeps.study.spec import StudySpec
from gridproof.sweeps.study.validation_errors import did_you_mean
from gridproof.sweeps.study.values import SameAs


def check_used(signal: Signal, rule: Rule, document: Document) -> None:
    """Check that the rule names the signal."""
    if not set(signal.bits) & set(rule.bits):
        raise InputError(
            "every signal must be used by the rule",
            signal.name,
            document.where(("signals", signal.name)),
            f"Name {' or '.join(signal.bits)} in the rule, or remove the signal",
        )


def check_parameters(signals: Sequence[Signal], legs: Sequence[Leg], table: AxisTable) -> None:
    """Check that no parameter is of a signal and of a selection."""
    measuring = {axis for signal in signals for axis in signal.parameters}
    for axis in (axis for leg in legs if leg.selection is not None for axis in leg.selection.parameters):
        if axis in measuring:
            rule = "a parameter of a named value is one of signals or one of selections"
            raise InputError(rule, f"{axis}, of both", table.where(axis), "Write the value twice, under two names")


def check_names(spec: StudySpec, signals: Sequence[Signal], document: Document) -> None:
    """Check that the calendar is a series, that swept releases are measured, and that the dates are in order."""
    calendar = spec.market.calendar
    if calendar not in spec.series:
        raise InputError(
            "market.calendar names the series whose dates are the trading days",
            calendar,
            document.where(("market", "calendar")),
            did_you_mean(calendar, spec.series),
        )
    measured = {series for signal in signals for series in signal.series}
    for name, series in spec.series.items():
        release = series.release
        if release is not None and not isinstance(release, SameAs) and len(release) > 1 and name not in measured:
            raise InputError(
                "a release is swept only for a series that a signal measures",
                name,
                document.where(("series", name, "release")),
                "Leave one value, or none",
            )
    window = spec.window
    dates = [("from", window.from_), ("published", window.published), ("to", window.to)]
    given = [(key, day) for key, day in dates if day is not None]
    for (earlier, first), (later, second) in itertools.pairwise(given):
        if second <= first:
            raise InputError(
                "`from`, `published` and `to` must be in ascending order",
                f"{earlier} {first}, {later} {second}",
                document.where(("window", later)),
                "Put the dates in order",
            )
