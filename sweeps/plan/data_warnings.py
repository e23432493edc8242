"""The warnings about a study's data: what each series is used for decides what is suspicious in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gridproof.kernels.errors import InputError
from gridproof.results.axis_range import ends
from gridproof.signals.data.frequency import rows_per_year
from gridproof.signals.data.market import Market
from gridproof.signals.data.plausible import (
    calendar_warnings,
    dividend_warnings,
    jump_warnings,
    level_warning,
    open_warnings,
    placeholder_warnings,
    price_warnings,
    release_warnings,
)
from gridproof.signals.data.release import Release
from gridproof.signals.expression.evaluate import ExpressionEvaluator
from gridproof.sweeps.plan.panel_warnings import panel_dividend_warnings, panel_open_warnings
from gridproof.sweeps.plan.signal_values import daily_values, evaluator_of
from gridproof.sweeps.plan.window import last_day
from gridproof.sweeps.plan.window_warnings import window_warnings
from gridproof.sweeps.study.latch import Levels
from gridproof.sweeps.study.leg import ASSET_TERMS, CASH_TERMS
from gridproof.sweeps.study.spec import OPEN
from gridproof.sweeps.study.study import Signal, Study

# Shares above which a yearly rate and a one-way cost are named: percent may have been meant.
_HIGH_RATE, _HIGH_COST = 0.1, 0.02
# The part by which the default year's length may differ from the rows a year of the calendar without a warning.
_YEAR_DIFFERS = 0.03


def with_warnings(study: Study, market: Market) -> Market:
    """Returns the market with the warnings of the study's series and of the study itself."""
    series = dict(market.series)
    for name, observations in series.items():
        found = (*observations.warnings, *_series_warnings(study, market, name))
        series[name] = replace(observations, warnings=tuple(dict.fromkeys(found)))
    stocks = [] if market.panel is None else [*market.panel.survivor_warnings(), *_table_warnings(study)]
    stocks += [*panel_open_warnings(study, market), *panel_dividend_warnings(study, market)]
    return replace(market, series=series, remarks=(*market.remarks, *_study_warnings(study, market), *stocks))


def _series_warnings(study: Study, market: Market, name: str) -> list[str]:
    observations = market.series[name]
    last = market.calendar[last_day(study, market)]
    until = observations.dates <= last
    days = market.calendar[market.calendar <= last]
    found = calendar_warnings(days) if name == study.spec.market.calendar else []
    measured = {series for signal in study.signals for series in signal.series}
    if name in measured or any(leg.series == name for leg in study.legs):
        found += placeholder_warnings(observations.dates[until], observations.values[until])
    if any(leg.series == name for leg in study.legs):
        inside = days >= np.datetime64(study.spec.window.from_)
        closes = market.closes(name)[: len(days)][inside]
        if (closes > 0).all():
            found += price_warnings(days[inside], closes)
    for leg in study.legs:
        if leg.series is not None and name == leg.price:
            inside = days >= np.datetime64(study.spec.window.from_)
            closes, prices = (market.closes(one)[: len(days)][inside] for one in (leg.series, name))
            if (closes > 0).all() and (prices > 0).all():
                found += dividend_warnings(closes, prices, study.spec.market.periods)
        if leg.series is not None and name == leg.column_series(OPEN):
            inside = days >= np.datetime64(study.spec.window.from_)
            opens, closes = (market.closes(one)[: len(days)][inside] for one in (name, leg.series))
            if (opens > 0).all() and (closes > 0).all():
                found += open_warnings(days[inside], opens, closes)
    if name not in measured:
        return found
    if not any(leg.series == name for leg in study.legs):
        found += jump_warnings(observations.dates[until], observations.values[until])
    release = study.spec.series[name].release
    traded = {study.spec.market.calendar, *(leg.series for leg in study.legs), *(leg.price for leg in study.legs)}
    if release is None:
        files = {market.series[other].source.file for other in traded if other is not None}
        own = name not in traded and observations.source.file not in files
        if own and not observations.monthly and observations.stamps is None:
            found.append("without `release`, each value counts as known at the close of its own date")
        return found
    axis = study.space.values_of(f"{name}.release")
    for value in axis:
        try:
            found += release_warnings(observations, Release.parse(value, study.where("series", name)), last)
        except InputError:
            continue  # planning raises it
    return found


def _study_warnings(study: Study, market: Market) -> list[str]:
    found = []
    for axis in study.space.axes:
        kind = axis.name.rpartition(".")[2]
        if kind in (*CASH_TERMS, *ASSET_TERMS) and axis.path[0] in ("legs", "execution"):
            highest = max(float(value) for value in ends(axis.values))
            limit, unit = (_HIGH_COST, "") if kind.endswith("cost") else (_HIGH_RATE, " a year")
            if highest > limit:
                found.append(_both_readings(axis.name, highest, unit))
    if study.spec.risk_free > _HIGH_RATE:
        found.append(_both_readings("risk_free", study.spec.risk_free, " a year"))
    found += window_warnings(study, market)
    evaluator = evaluator_of(study, market, last_day(study, market), swept=False)
    found += [text for signal in study.signals if (text := _level_warning(study, evaluator, signal)) is not None]
    counted = rows_per_year(market.calendar)
    if counted is not None and "periods" not in study.spec.market.model_fields_set:
        rows, periods = counted[0], study.spec.market.periods
        if abs(periods / rows - 1.0) > _YEAR_DIFFERS:
            used = f"annual figures use {periods:g} days a year, the default"
            found.append(f"{used}; the calendar has {rows:.0f}: state market.periods")
    return found


def _table_warnings(study: Study) -> list[str]:
    """Tables of stocks that formulas use have one value for all days."""
    assert study.panel is not None
    assert study.spec.panel is not None
    used, tables = study.panel.formulas.columns(), study.spec.panel.tables
    return [
        f"panel: {name} has one value for each stock on all days, from {one.file}: it was not known before its own date"
        for name, one in tables.items()
        if name in used
    ]


def _both_readings(name: str, value: float, unit: str) -> str:
    """What a share that is large for a rate means, and what to write if it was meant as a percentage."""
    return f"{name} of {value:g} is {100 * value:g}%{unit}; if {value:g}%{unit} is meant, write {value / 100:g}"


def _level_warning(study: Study, evaluator: ExpressionEvaluator, signal: Signal) -> str | None:
    """Whether the levels of a signal fit its values under the base's parameters."""
    if not isinstance(signal.form, Levels):
        return None
    name = signal.form.on
    try:
        (values,) = daily_values(study, signal, evaluator, signal.nodes, study.base)
    except InputError:
        return None  # planning raises it
    levels = np.array(ends(study.space.values_of(name)), dtype=float)
    found = level_warning(levels, values[: evaluator.last + 1])
    return None if found is None else f"{name} of {found}"
