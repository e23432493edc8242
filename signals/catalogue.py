"""The catalogue of measures: for each name its inputs, parameters and source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gridproof.kernels.arrays import Bools, Floats
from gridproof.signals import measures

GUOJIN = "Guojin Securities, micro-cap and Mao index rotation, 24 October 2023"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a measure.

    ``default``: None if the study must give a value. ``least``: the smallest number allowed; None for no limit.
    ``choices``: the texts allowed; empty for a number.
    """

    kind: type[int] | type[float] | type[str]
    default: int | float | str | None
    meaning: str
    least: int | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What a measure returns for one choice of its parameters, along a time axis of n observations.

    ``values``: by name, (n,) float64 each, NaN while undefined. ``states``: (B, n) bool, the on/off state of each of B
    bits; None for a measure whose value goes through a latch. The value and the states at t use nothing later than t.
    ``hindsight``: (B, n) bool, the states dated on the day of the turn instead of the day that confirms it. They show
    the result of a look-ahead and cannot be traded.
    """

    values: dict[str, Floats]
    states: Bools | None = None
    hindsight: Bools | None = None


# Functions of the module, not lambdas: a study is pickled with its measures.
def _always(_parameters: Mapping[str, Any]) -> bool:
    return True


def _never(_parameters: Mapping[str, Any]) -> bool:
    return False


def _if_relative(parameters: Mapping[str, Any]) -> bool:
    return bool(parameters["kind"] == "relative")


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure of the catalogue.

    ``bits``: empty for a measure whose value goes through a latch. Otherwise the measure itself returns states: one
    bit named '', or several bits with a name each. ``divides``: whether it divides by values of its series under these
    parameters, so that values below 0 would give a result without meaning. ``single``: whether a value depends on
    single observations, so that other observations may be missing.
    """

    name: str
    inputs: tuple[int, ...]  # the numbers of series it accepts
    parameters: Mapping[str, Parameter]
    read: Callable[..., Reading]
    meaning: str
    source: str
    bits: tuple[str, ...] = ()
    looks_back: bool = False  # whether its readings include ``hindsight``
    divides: Callable[[Mapping[str, Any]], bool] = _always
    single: bool = False

    @property
    def latched(self) -> bool:
        return not self.bits


def _change(series: list[Floats], window: int, kind: str) -> Reading:
    return Reading({"value": measures.change(series[0], window, kind)})


def _volatility_crowding(series: list[Floats], window: int, change: int) -> Reading:
    return Reading({"value": measures.volatility_crowding(series[0], series[1], window, change)})


def _valuation_crowding(series: list[Floats], change: int) -> Reading:
    return Reading({"value": measures.valuation_crowding(series[0], series[1], change)})


def _relative_to_average(series: list[Floats], window: int) -> Reading:
    relative = series[0] if len(series) == 1 else series[0] / series[1]
    return Reading({"value": measures.relative_to_average(relative, window)})


def _slope_fork(series: list[Floats], window: int) -> Reading:
    small, large = measures.slope(series[0], window), measures.slope(series[1], window)
    states = np.stack([(small > 0) & (large < 0), (small < 0) & (large > 0)])
    return Reading({"small.value": small, "large.value": large}, states)


def _turning_point(series: list[Floats], smooth: int, confirm: int, direction: str) -> Reading:
    smoothed = measures.rolling_mean(series[0], smooth)
    size = measures.rolling_mean(np.abs(series[0]), smooth)
    peak, trough, back = measures.turning_points(smoothed, confirm, size)
    on, off = (peak, trough) if direction == "peak" else (trough, peak)
    state = _since(on, off)
    moved = np.flatnonzero(np.isfinite(back))
    earlier_on, earlier_off = np.zeros_like(on), np.zeros_like(off)
    earlier_on[moved - confirm], earlier_off[moved - confirm] = on[moved], off[moved]
    return Reading({"value": smoothed}, state[None], _since(earlier_on, earlier_off)[None])


def _since(on: Bools, off: Bools) -> Bools:
    """(n,) bool: True from each ``on`` until the next ``off``; False before the first."""
    latest = np.maximum.accumulate(np.where(on | off, np.arange(len(on)), -1))
    return np.where(latest >= 0, on[latest], False)


def _window(meaning: str, least: int = 1) -> Parameter:
    return Parameter(int, None, meaning, least)


MEASURES: dict[str, Measure] = {
    measure.name: measure
    for measure in (
        Measure(
            "change",
            (1,),
            {
                "window": _window("trading days back (about 243 a year), or months of a monthly series"),
                "kind": Parameter(
                    str, "relative", "x[t]/x[t-window] - 1, or x[t] - x[t-window]", choices=("relative", "difference")
                ),
            },
            _change,
            "Change of a series over a window, such as the year-on-year change of a yield",
            f"{GUOJIN}, section 4.2",
            divides=_if_relative,
            single=True,
        ),
        Measure(
            "volatility_crowding",
            (2,),
            {
                "window": _window("days over which each volatility is computed", 2),
                "change": Parameter(int, 243, "days over which the relative change of the ratio is computed", 1),
            },
            _volatility_crowding,
            "Relative change of a ratio: the volatility of the first series over that of the second",
            f"{GUOJIN}, section 4.3 (the report gives no exact formula; this one is an interpretation)",
        ),
        Measure(
            "valuation_crowding",
            (2,),
            {"change": Parameter(int, 243, "days over which the relative change of the ratio is computed", 1)},
            _valuation_crowding,
            "Relative change of a ratio: the valuation (such as PE) of the first series over that of the second",
            f"{GUOJIN}, section 4.3 (the report gives no exact formula; this one is an interpretation)",
        ),
        Measure(
            "relative_to_average",
            (1, 2),
            {"window": _window("days of the moving average, including the current one")},
            _relative_to_average,
            "A series, or the ratio of two, divided by its moving average, minus 1: above 0 in an uptrend",
            f"{GUOJIN}, sections 5.2, 6.2 and 6.3",
        ),
        Measure(
            "slope_fork",
            (2,),
            {"window": _window("number of closes for each least-squares slope", 2)},
            _slope_fork,
            "Signs of the slopes of two series, each scaled to 1 at the start of the window: .small is on if the first "
            "rises and the second falls, .large if the first falls and the second rises",
            f"{GUOJIN}, section 6.3",
            bits=("small", "large"),
        ),
        Measure(
            "turning_point",
            (1,),
            {
                "smooth": _window("observations of the moving average that smooths the series"),
                "confirm": _window("later observations that confirm a turn: all below the peak, or above the trough"),
                "direction": Parameter(
                    str, None, "the kind of turn that switches the signal on; the other kind switches it off",
                    choices=("peak", "trough"),
                ),
            },
            _turning_point,
            "Confirmed turning points of a smoothed series: on after one kind of turn, off after the other",
            f"{GUOJIN}, section 6.1 (the report does not say which turn favours which style, so direction is an axis)",
            bits=("",),
            looks_back=True,
            divides=_never,
        ),
    )
}  # fmt: skip


def call(measure: Measure, series: list[Floats], parameters: Mapping[str, Any]) -> Reading:
    """Compute a measure, without warnings on division by zero. ``series``: (n,) float64 each, on one time axis."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return measure.read(series, **parameters)
