"""Section 2: bootstrap intervals of the Sharpe ratio of base, best, ensemble and each leg held throughout."""

from __future__ import annotations

from collections.abc import Sequence

from gridproof.kernels.metrics import BY_NAME
from gridproof.results.report.figures import BEST, EDGE, FAINT, INK, NULL, PAPER, Figure, axis, layout, leg_colours
from gridproof.results.report.number_format import (
    UNDEFINED,
    capitalize_first,
    format_count,
    format_interval,
    format_probability,
    format_value,
)
from gridproof.results.report.sections.lookup import lookup, not_computable
from gridproof.results.report.sections.method import bootstrap_line, confidence
from gridproof.results.run.record import Record

SEGMENTS = {"in_sample": "In sample", "after_publication": "After publication"}
_ROW = 34  # pixels


def intervals_section(statistics: Record, legs: Sequence[str], searched: bool = False) -> Record:
    """The forest plot of intervals, its table and a sentence on the ensemble; a missing part is its reason."""
    who = lookup(statistics, "who")
    section: Record = {"bootstrap": bootstrap_line(statistics), "confidence": confidence(statistics)}
    of = "variants tested" if searched else "choices"
    section["ensemble"] = _ensemble(statistics, of) or not_computable(statistics, "ensemble")
    if who is None:
        return section | {"table": not_computable(statistics, "who"), "figure": None, "groups": [], "finding": ""}
    segments = [key for key in SEGMENTS if any((one or {}).get(key) for one in who.values())]
    periods = (statistics.get("method") or {}).get("periods")
    table = [
        (capitalize_first(name), [_cells((one or {}).get(key) or {}, periods) for key in segments])
        for name, one in who.items()
    ]
    section |= {"groups": [SEGMENTS[key] for key in segments], "table": table}
    return section | {"figure": forest_figure(who, segments, legs), "finding": _finding(who, confidence(statistics))}


def forest_figure(who: Record, segments: Sequence[str], legs: Sequence[str]) -> Figure:
    """A row for each: Sharpe ratio and bootstrap interval, in sample (filled), after publication below it (open)."""
    colours = {f"hold {leg}": colour for leg, colour in leg_colours(legs).items()}
    colours |= {"base": INK, "best": BEST, "ensemble": NULL}
    data: list[Figure] = []
    for row, (name, one) in enumerate(who.items()):
        for position, key in enumerate(segments):
            part = (one or {}).get(key) or {}
            value, ends = part.get("sharpe"), part.get("interval")
            if value is None:
                continue
            colour = colours.get(name, INK)
            shift = 0.0 if len(segments) == 1 else (-0.16, 0.16)[position]
            point: Figure = {"type": "scatter", "mode": "markers", "x": [value], "y": [row + shift], "name": name}
            point["marker"] = {"color": PAPER if key == "after_publication" else colour, "size": 9}
            point["marker"]["line"] = {"color": colour, "width": 2}
            text = f"{capitalize_first(name)}, {SEGMENTS[key].lower()}: Sharpe ratio %{{x:.2f}}"
            if ends is not None and None not in ends:
                point["error_x"] = {"type": "data", "symmetric": False, "array": [ends[1] - value]}
                point["error_x"] |= {"arrayminus": [value - ends[0]], "color": colour, "thickness": 1.4, "width": 4}
                text += f"<br>{format_interval(ends)}"
            data.append(point | {"hovertemplate": f"{text}<extra></extra>", "cliponaxis": False})
    figure = layout(_ROW * len(who) + 60, margin={"t": 8, "b": 46, "l": 118, "r": 12})
    zero: Figure = {"type": "line", "x0": 0, "x1": 0, "yref": "paper", "y0": 0, "y1": 1, "layer": "below"}
    figure |= {"showlegend": False, "shapes": [zero | {"line": {"color": EDGE, "width": 1}}]}
    figure["xaxis"] = axis("Sharpe ratio and interval") | {"rangemode": "tozero", "tickformat": ".1f"}
    rows = {"range": [len(who) - 0.5, -0.5], "tickvals": list(range(len(who))), "ticks": "", "showgrid": False}
    figure["yaxis"] = axis() | rows | {"ticktext": [capitalize_first(name) for name in who], "gridcolor": FAINT}
    return {"data": data, "layout": figure}


def _cells(part: Record, periods: float | None) -> list[tuple[str, bool]]:
    """Texts, each with whether it is marked: a minimum track record that is longer than the record."""
    observations, needed = part.get("observations"), part.get("min_track_record_years")
    years = observations / periods if observations is not None and periods else None
    defined = part.get("sharpe") is not None
    short = defined and years is not None and (needed is None or needed > years)
    record = "∞" if defined and needed is None else _years(needed)
    return [
        (format_value(part.get("sharpe"), "ratio"), False),
        (format_interval(part.get("interval")), False),
        (format_interval(part.get("interval_studentised")), False),
        (format_probability(part.get("psr")), False),
        (record, bool(short)),
        (_years(years), False),
    ]


def _years(value: float | None) -> str:
    return UNDEFINED if value is None else f"{value:,.1f}"


def _finding(who: Record, level: str) -> str:
    """The base's Sharpe ratio with its interval, in sample and after publication."""
    parts = []
    for key, when in (("in_sample", "in sample"), ("after_publication", "after publication")):
        part = lookup(who, "base", key) or {}
        ends = part.get("interval")
        if part.get("sharpe") is None or ends is None or None in ends:
            continue
        zero = "excludes 0" if ends[0] > 0 or ends[1] < 0 else "includes 0"
        value = format_value(part["sharpe"], "ratio")
        parts.append(f"{value} {when} ({level} interval {format_interval(ends)}, which {zero})")
    return f"The base's Sharpe ratio is {' and '.join(parts)}." if parts else ""


def _ensemble(statistics: Record, of: str) -> str:
    one = lookup(statistics, "ensemble")
    if one is None:
        return ""
    text = f"The ensemble holds the mean weights of {format_count(one.get('cells'))} variants"
    if one.get("share") is not None:
        share = "100" if one["share"] > 0.99 else f"{100 * one['share']:.2g}"
        text += f" ({share}% of the {of})"
    text += " whose objective is within one standard error of the best"
    if one.get("threshold") is not None:
        metric = BY_NAME[(statistics.get("method") or {}).get("objective") or "sharpe"]
        text += f" ({format_value(one['threshold'], metric.unit)} or more)"
    text += ". It is the choice of an investor who trusts the plateau and not a single variant."
    if one.get("agreement") is not None:
        text += f" The leg with the largest weight has {format_value(one['agreement'], 'percent')} on average."
    return text
