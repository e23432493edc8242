"""The catalogue: every measure by name, with its inputs, parameters and source."""

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
    """One parameter of a measure. ``default`` None: the study must give it. Numbers are at least ``least``."""

    kind: type[int] | type[float] | type[str]
    default: int | float | str | None
    meaning: str
    least: int | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """A measure along its time axis: named values (NaN while undefined), and for a measure that decides by itself
    the state of each of its bits, (B, n)."""

    values: dict[str, Floats]
    states: Bools | None = None
    hindsight: Bools | None = None  # (B, n): states dated when the turn happened, known only later. Never tradable


@dataclass(frozen=True, slots=True)
class Measure:
    """``bits`` empty: the value goes through a latch. Else the measure decides: one bit, or several with names."""

    name: str
    inputs: tuple[int, ...]  # how many series it accepts
    parameters: Mapping[str, Parameter]
    read: Callable[..., Reading]
    meaning: str
    source: str
    bits: tuple[str, ...] = ()
    looks_back: bool = False  # whether its readings have a ``hindsight``

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
    """1 from each ``on`` to the next ``off``; 0 before the first."""
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
                "window": _window("observations back: trading days (243 is a year), months for a monthly series"),
                "kind": Parameter(
                    str, "relative", "x/x[-window] - 1, or the plain difference", choices=("relative", "difference")
                ),
            },
            _change,
            "Change of a series over a window, e.g. the year-on-year change of a yield",
            f"{GUOJIN}, section 4.2",
        ),
        Measure(
            "volatility_crowding",
            (2,),
            {
                "window": _window("days of each volatility", 2),
                "change": Parameter(int, 243, "days over which the ratio's relative change is taken", 1),
            },
            _volatility_crowding,
            "Volatility of the first series over that of the second; the relative change of this ratio",
            f"{GUOJIN}, section 4.3 (the report prints no exact formula: this reading is ours)",
        ),
        Measure(
            "valuation_crowding",
            (2,),
            {"change": Parameter(int, 243, "days over which the ratio's relative change is taken", 1)},
            _valuation_crowding,
            "Valuation (e.g. PE) of the first series over that of the second; the relative change of this ratio",
            f"{GUOJIN}, section 4.3 (the report prints no exact formula: this reading is ours)",
        ),
        Measure(
            "relative_to_average",
            (1, 2),
            {"window": _window("days of the moving average, today included")},
            _relative_to_average,
            "A series, or the ratio of two, over its moving average, less 1: above 0 it trends up",
            f"{GUOJIN}, sections 5.2, 6.2 and 6.3",
        ),
        Measure(
            "slope_fork",
            (2,),
            {"window": _window("closes in each least-squares slope", 2)},
            _slope_fork,
            "Slopes of two series, each set to 1 at the window's start: .small when the first rises and the second "
            "falls, .large when the reverse, neither when they agree",
            f"{GUOJIN}, section 6.3",
            bits=("small", "large"),
        ),
        Measure(
            "turning_point",
            (1,),
            {
                "smooth": _window("observations in the moving average taken first"),
                "confirm": _window("later observations that must all lie beyond the extreme before it counts"),
                "direction": Parameter(
                    str, None, "which turn switches the signal on; the other switches it off",
                    choices=("peak", "trough"),
                ),
            },
            _turning_point,
            "Confirmed turns of a smoothed series: on after one kind of turn, off after the other",
            f"{GUOJIN}, section 6.1 (the report does not say which turn leads to which style: direction is an axis)",
            bits=("",),
            looks_back=True,
        ),
    )
}  # fmt: skip


def call(measure: Measure, series: list[Floats], parameters: Mapping[str, Any]) -> Reading:
    """Read a measure; ``series`` along one time axis."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return measure.read(series, **parameters)
