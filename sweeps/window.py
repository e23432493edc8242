"""The evaluation window on the calendar, and whether the market covers it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridproof.kernels.errors import InputError
from gridproof.signals.market import Market
from gridproof.signals.source import Release
from gridproof.sweeps.study import Study


@dataclass(frozen=True, slots=True)
class Window:
    """Calendar indices: the first and the last day whose return counts, and the first after publication or None."""

    first: int
    last: int
    published: int | None

    @property
    def days(self) -> int:
        return self.last - self.first + 1


def find_window(study: Study, market: Market) -> Window:
    """Place the window on the calendar. A date that is no trading day stands for the next one (`to`: the last before).

    Raises InputError where the calendar or a series that the study uses does not cover it.
    """
    spec, calendar = study.spec.window, market.calendar
    where = study.where("window")
    first = int(np.searchsorted(calendar, np.datetime64(spec.from_)))
    last = len(calendar) - 1
    if spec.to is not None:
        if np.datetime64(spec.to) > calendar[-1]:
            raise InputError(
                "the calendar must reach the end of the window",
                f"{spec.to}, the calendar ends {calendar[-1]}",
                study.where("window", "to"),
                f"Set window.to to {calendar[-1]} or earlier, or bring newer data",
            )
        last = int(np.searchsorted(calendar, np.datetime64(spec.to), side="right")) - 1
    if first < 1 or last <= first:
        raise InputError(
            "the window needs a trading day before it and two within it",
            f"{spec.from_} to {calendar[last]}, the calendar runs {calendar[0]} to {calendar[-1]}",
            where,
            "Choose a later `from`, or an earlier one where the window is too short",
        )
    published = None
    if spec.published is not None:
        published = int(np.searchsorted(calendar, np.datetime64(spec.published)))
        if not first < published <= last:
            raise InputError(
                "the publication date must lie within the window",
                f"{spec.published}, the window runs {calendar[first]} to {calendar[last]}",
                study.where("window", "published"),
                "Remove `published` if there is nothing after it, or bring newer data",
            )
    window = Window(first, last, published)
    _check_series(study, market, window)
    return window


def _check_series(study: Study, market: Market, window: Window) -> None:
    """A series has ended when its next value is later than it ever was between two of its values."""
    for name in sorted({series for signal in study.signals for series in signal.series}):
        release = study.spec.series[name].release
        releases = (0,) if release is None else study.space.axes[study.space.position(f"{name}.release")].values
        for value in releases:
            known = market.known(name, Release.parse(value, study.where("series", name)))
            known = known[known < len(market.calendar)]
            if not len(known):
                raise InputError(
                    "a series must be known within the calendar", name, study.where("series", name), "Bring more data"
                )
            longest = int(np.diff(known).max()) if len(known) > 1 else 0
            if window.last - known[-1] > longest:
                raise InputError(
                    "a series must not end before the window",
                    f"{name} is last known {market.calendar[known[-1]]}, "
                    f"the window ends {market.calendar[window.last]}",
                    study.where("series", name),
                    f"Set window.to to {market.calendar[known[-1]]} or earlier, or bring newer data",
                )
