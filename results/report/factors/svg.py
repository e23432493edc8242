"""Figures as SVG: lines, bars and steps. They need no script, so a page of them is small and prints as it looks.

Every figure is 480 wide; the page scales it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from gridproof.kernels.arrays import Array
from gridproof.results.report.figures import FAINT, INK, SOFT
from gridproof.results.report.number_format import minus

WIDTH, HEIGHT = 480, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 10, 12, 26
# A line has at most so many points: what a screen can show.
_MOST_POINTS = 480
_FONT = 'font-family="Helvetica Neue, Liberation Sans, Arial, sans-serif" font-size="11.5"'


@dataclass(frozen=True, slots=True)
class Line:
    """``values``: (T,), NaN where unknown. ``dash``: of SVG, empty for a solid line."""

    name: str
    values: Array
    colour: str
    width: float = 1.4
    dash: str = ""


def line_figure(
    dates: Sequence[str],
    lines: Sequence[Line],
    alt: str,
    percent: bool = False,
    log: bool = False,
    include: Sequence[float] = (),
) -> str:
    """Lines over days. ``dates``: T of them, YYYY-MM-DD, ascending. log: a log axis, for values above 0.

    ``include``: values that the axis reaches in any case.
    """
    lines = [line for line in lines if np.isfinite(line.values).any()]
    if not lines:
        return ""
    values = np.concatenate([line.values[np.isfinite(line.values)] for line in lines] + [np.array(include)])
    scale = _Scale.over(values, percent, log)
    place = _thinned(len(dates))
    parts = [_y_axis(scale)]
    years = np.array([int(day[:4]) for day in dates])
    begins = [0, *(np.flatnonzero(np.diff(years)) + 1).tolist()]
    step = -(-len(begins) // 8)
    for at in begins[:: step if len(begins) > 1 else 1]:
        x = _x(at, len(dates))
        if x < WIDTH - _RIGHT - 18 and (at == 0 or x > _LEFT + 26):
            parts.append(_text(x, HEIGHT - 8, str(years[at]), "middle" if at else "start"))
    for line in lines:
        parts.append(_path(line, place, scale, len(dates)))
    legend = [(line.name, line.colour, line.dash) for line in lines if line.name]
    return _figure("".join(parts), alt, legend)


def bar_figure(
    labels: Sequence[str], values: Sequence[float | None], alt: str, percent: bool = False, colour: str = "#4d78a8"
) -> str:
    """A bar for each label, from 0; none where the value is None."""
    known = [value for value in values if value is not None]
    if not known:
        return ""
    scale = _Scale.over(np.array([0.0, *known]), percent)
    parts, width = [_y_axis(scale)], (WIDTH - _LEFT - _RIGHT) / len(labels)
    every = -(-len(labels) // 14)
    for place, (name, value) in enumerate(zip(labels, values, strict=True)):
        x = _LEFT + place * width
        if value is not None:
            top, bottom = sorted((scale.y(value), scale.y(0.0)))
            parts.append(
                f'<rect x="{x + 0.15 * width:.1f}" y="{top:.1f}" width="{0.7 * width:.1f}" '
                f'height="{max(bottom - top, 0.5):.1f}" fill="{colour}"/>'
            )
        if place % every == 0:
            parts.append(_text(x + width / 2, HEIGHT - 8, name, "middle"))
    zero = scale.y(0.0)
    parts.append(f'<path d="M{_LEFT} {zero:.1f}H{WIDTH - _RIGHT}" stroke="{INK}" stroke-width="0.8"/>')
    return _figure("".join(parts), alt, [])


def step_figure(labels: Sequence[str], lines: Sequence[Line], alt: str) -> str:
    """Lines with a point at each of a few labels, as a decay over horizons."""
    lines = [line for line in lines if np.isfinite(line.values).any()]
    if not lines:
        return ""
    values = np.concatenate([[0.0], *(line.values[np.isfinite(line.values)] for line in lines)])
    scale = _Scale.over(values)
    width = (WIDTH - _LEFT - _RIGHT) / len(labels)
    xs = [_LEFT + (place + 0.5) * width for place in range(len(labels))]
    parts = [_y_axis(scale)]
    parts += [_text(x, HEIGHT - 8, name, "middle") for x, name in zip(xs, labels, strict=True)]
    for line in lines:
        points = [(x, scale.y(value)) for x, value in zip(xs, line.values, strict=True) if math.isfinite(value)]
        way = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        parts.append(f'<path d="M{way}" fill="none" stroke="{line.colour}" stroke-width="{line.width}"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6" fill="{line.colour}"/>' for x, y in points]
    return _figure("".join(parts), alt, [(line.name, line.colour, line.dash) for line in lines if line.name])


@dataclass(frozen=True, slots=True)
class _Scale:
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    log: bool

    @classmethod
    def over(cls, values: Array, percent: bool = False, log: bool = False) -> _Scale:
        low, high = float(values.min()), float(values.max())
        if log:
            low = max(low, 1e-6)
            spread = max(math.log(high / low), 0.05)
            low, high = low * math.exp(-0.04 * spread), high * math.exp(0.04 * spread)
            return cls(low, high, _log_ticks(low, high), True)
        spread = high - low if high > low else max(abs(high), 1e-9)
        low, high = low - (0.04 * spread if low else 0.0), high + (0.04 * spread if high else 0.0)
        power = 10.0 ** math.floor(math.log10((high - low) / 4))
        step = next(power * factor for factor in (1, 2, 5, 10) if (high - low) / (power * factor) <= 6)
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        digits = max(0, -math.floor(math.log10(step) + 1e-9) - (2 if percent else 0))
        numbers = [step * place for place in range(first, last + 1)]
        texts = [f"{100 * one:.{digits}f}%" if percent else f"{one:.{digits}f}" for one in numbers]
        return cls(low, high, tuple(zip(numbers, map(minus, texts), strict=True)), False)

    def y(self, value: float) -> float:
        if self.log:
            share = math.log(max(value, 1e-9) / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return _TOP + (1.0 - share) * (HEIGHT - _TOP - _BOTTOM)


def _log_ticks(low: float, high: float) -> tuple[tuple[float, str], ...]:
    """About six round numbers."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for digits in ((1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8), (1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)):
        ticks = [digit * 10.0**decade for decade in decades for digit in digits]
        ticks = [tick for tick in ticks if low <= tick <= high]
        if len(ticks) <= 7:
            break
    ticks = ticks[:: -(-len(ticks) // 7)]
    return tuple((tick, f"{tick:,.6g}") for tick in ticks)


def _thinned(count: int) -> list[int]:
    """The days that are drawn: all, or every so many with the last."""
    step = -(-count // _MOST_POINTS)
    return sorted({*range(0, count, step), count - 1})


def _x(place: int, count: int) -> float:
    return _LEFT + place / max(count - 1, 1) * (WIDTH - _LEFT - _RIGHT)


def _path(line: Line, place: Sequence[int], scale: _Scale, count: int) -> str:
    way, pen = [], "M"
    for at in place:
        value = float(line.values[at])
        if math.isfinite(value):
            way.append(f"{pen}{_x(at, count):.1f} {scale.y(value):.1f}")
            pen = "L"
        else:
            pen = "M"
    dash = f' stroke-dasharray="{line.dash}"' if line.dash else ""
    return f'<path d="{"".join(way)}" fill="none" stroke="{line.colour}" stroke-width="{line.width}"{dash}/>'


def _y_axis(scale: _Scale) -> str:
    parts = []
    for value, text in scale.ticks:
        y = scale.y(value)
        parts.append(f'<path d="M{_LEFT} {y:.1f}H{WIDTH - _RIGHT}" stroke="{FAINT}"/>')
        parts.append(_text(_LEFT - 6, y + 4, text, "end"))
    return "".join(parts)


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{SOFT}">{escape(text)}</text>'


def _figure(content: str, alt: str, legend: Sequence[tuple[str, str, str]]) -> str:
    box = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(alt)}" {_FONT}>{content}</svg>'
    keys = "".join(
        f'<span><svg width="18" height="9" aria-hidden="true"><path d="M1 5H17" stroke="{colour}" stroke-width="2.4"'
        f'{f""" stroke-dasharray="{dash}" """ if dash else ""}/></svg>{escape(name)}</span>'
        for name, colour, dash in legend
    )
    return box + (f'<p class="legend">{keys}</p>' if keys else "")
