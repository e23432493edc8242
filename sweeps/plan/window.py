"""The evaluation window as positions on the calendar, and the check that the market covers it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridproof.kernels.errors import InputError
from gridproof.signals.data.frequency import WORDS, months_apart, rows_per_year
from gridproof.signals.data.market import Market
from gridproof.signals.data.release import Release
from gridproof.sweeps.study.model_spec import ModelSpec
from gridproof.sweeps.study.signal_set import SignalSet
from gridproof.sweeps.study.study import Study

# Trading days after which a value is stale: of a daily series, and of one with so many months between observations.
STALE = {0: 10, 1: 65, 3: 130, 6: 200, 12: 330}
# The part by which the year's length may differ from the rows a year of the calendar.
_YEAR_DIFFERS = 0.2


@dataclass(frozen=True, slots=True)
class Window:
    """Calendar indices: the first and the last day whose return counts, and the first after publication or None."""

    first: int
    last: int
    published: int | None

    @property
    def days(self) -> int:
        return self.last - self.first + 1


def last_day(study: Study, market: Market) -> int:
    """The calendar day after which nothing counts: the window's last, or that of a calendar which ends before it."""
    end, calendar = study.spec.window.to, market.calendar
    return len(calendar) - 1 if end is None else int(np.searchsorted(calendar, np.datetime64(end), side="right")) - 1


def find_window(study: Study, market: Market) -> Window:
    """Places the window on the calendar. A date that is not a trading day means the next one (`to`: the one before).

    Raises InputError where the calendar or a series that the study uses does not cover it.
    """
    spec, calendar = study.spec.window, market.calendar
    first = int(np.searchsorted(calendar, np.datetime64(spec.from_)))
    last = last_day(study, market)
    if spec.to is not None and np.datetime64(spec.to) > calendar[-1]:
        raise InputError(
            "the calendar must reach the end of the window",
            f"{spec.to}, the calendar ends {calendar[-1]}",
            study.where("window", "to"),
            f"Set window.to to {calendar[-1]} or earlier, or bring newer data",
        )
    if not 1 <= first < len(calendar):
        raise InputError(
            "the window must begin on the calendar, after its first day",
            f"{spec.from_}, the calendar runs {calendar[0]} to {calendar[-1]}",
            study.where("window", "from"),
            "Set window.from within it, or bring more data",
        )
    if last <= first:
        raise InputError(
            "the window must hold two trading days or more",
            f"{calendar[first]} to {calendar[last]}" if last == first else f"none from {spec.from_} to {spec.to}",
            study.where("window", "to" if spec.to is not None else "from"),
            "Begin it earlier, or end it later",
        )
    lag = study.longest_lag
    if lag > first:
        raise InputError(
            "the longest lag must reach back to a day of the calendar",
            f"{lag}, {first} trading days lie before the window",
            study.where("execution", "lag"),
            "Lower it, or begin the window later",
        )
    published = None
    if spec.published is not None:
        published = int(np.searchsorted(calendar, np.datetime64(spec.published)))
        if not first + 2 <= published <= last - 1:
            raise InputError(
                "the publication date must leave two trading days of the window on each side",
                f"{spec.published}, the window runs {calendar[first]} to {calendar[last]}",
                study.where("window", "published"),
                "Remove `published` if there is nothing after it, or bring newer data",
            )
    window = Window(first, last, published)
    check_year(study, market)
    _check_series(study, market, window)
    return window


def check_year(study: SignalSet, market: Market) -> None:
    """Raises InputError where the year's length does not fit the calendar."""
    counted, periods = rows_per_year(market.calendar), study.spec.market.periods
    if counted is None or abs(periods / counted[0] - 1.0) <= _YEAR_DIFFERS:
        return
    rows, kind = counted
    given = "" if "periods" in study.spec.market.model_fields_set else ", the default"
    usual = {"weekly": 52, "7 days a week": 365}.get(kind, round(rows))
    raise InputError(
        f"market.periods must fit the calendar, which is {kind} and has about {rows:.0f} rows a year",
        f"{periods:g}{given}",
        study.where("market", "periods"),
        f"Write periods: {usual if abs(usual / rows - 1.0) < _YEAR_DIFFERS else round(rows)} under market",
    )


def _longest_pause(model: ModelSpec) -> int:
    """Trading days between two estimates of a model; a nowcast has one where something new is known."""
    return STALE[1] if model.positions is None else STALE[0] + model.positions.every


def _check_series(study: Study, market: Market, window: Window) -> None:
    """Raises InputError where the latest known value of a series is older than STALE within the window."""
    selected = study.selected_series
    for name in sorted({*(series for signal in study.signals for series in signal.series), *selected}):
        model, release = study.spec.series[name].model, study.spec.series[name].release
        # An estimate is known on its date.
        monthly = model is None and market.series[name].monthly
        months = (months_apart(market.series[name].dates) or 1) if monthly else 0
        kind = WORDS[months] if monthly else "daily"
        longest = STALE[months] if model is None else _longest_pause(study.spec.models[model])
        where = study.where("series", name)
        if release is None and monthly:
            rule, remedy = f"a {kind} series needs its release", "Add release: a date column, or N calendar days"
            raise InputError(rule, f"no release of {name}", where, remedy)
        if f"{name}.release" in study.space.owners:
            releases = {Release.parse(value, where) for value in study.space.values_of(f"{name}.release")}
        else:
            releases = {selected.get(name, Release())}
        for each in sorted(releases, key=str):
            known = market.known(name, each)
            days = np.arange(window.first, window.last + 1)
            latest = np.searchsorted(known, days, side="right") - 1
            # Before the first value the signal is not defined, which is an error of its own.
            stale = np.flatnonzero((latest >= 0) & (days - known[latest] > longest))
            if not len(stale) and len(known) and known[0] < len(market.calendar):
                continue
            rule = f"a {kind} series must not end or pause for over {longest} trading days"
            if not len(stale):
                raise InputError(rule, f"{name} is not known within the calendar", where, "Bring more data")
            first = int(days[stale[0]])
            last = market.calendar[known[latest[stale[0]]]]
            ends = known[latest[stale[0]]] == known[known < len(market.calendar)][-1]
            remedy = f"Set window.to before {market.calendar[first]}, or bring newer data"
            raise InputError(
                rule,
                f"{name} is last known {last} on {market.calendar[first]}",
                where,
                remedy if ends else "Complete the series, or move the window",
            )
