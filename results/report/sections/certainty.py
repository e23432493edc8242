"""Section 2: how certain each Sharpe ratio is, for base, best, ensemble and what could simply be held."""

from __future__ import annotations

from collections.abc import Sequence

from gridproof.results.report.figures import BEST, FAINT, INK, LUCK, Figure, axis, layout, leg_colours
from gridproof.results.report.sections.absence import absence, found
from gridproof.results.report.sections.method import bootstrap_line, confidence
from gridproof.results.report.wording import METRICS, count, interval, number, probability, who_label
from gridproof.results.run.record import Record

SEGMENTS = {"in_sample": "In sample", "after_publication": "After publication"}
_ROW = 34  # pixels


def certainty_section(statistics: Record, legs: Sequence[str], searched: bool = False) -> Record:
    """The forest of intervals, its table and a sentence on the ensemble; a part not found is its reason."""
    who = found(statistics, "who")
    section: Record = {"bootstrap": bootstrap_line(statistics), "confidence": confidence(statistics)}
    section["ensemble"] = _ensemble(statistics, "cells drawn" if searched else "grid") or absence(
        statistics, "ensemble"
    )
    if who is None:
        return section | {"table": absence(statistics, "who"), "figure": None, "groups": [], "finding": ""}
    segments = [key for key in SEGMENTS if any((one or {}).get(key) for one in who.values())]
    periods = (statistics.get("method") or {}).get("periods")
    table = [
        (who_label(name), [_cells((one or {}).get(key) or {}, periods) for key in segments])
        for name, one in who.items()
    ]
    section |= {"groups": [SEGMENTS[key] for key in segments], "table": table}
    return section | {"figure": forest_figure(who, segments, legs), "finding": _finding(who, confidence(statistics))}


def forest_figure(who: Record, segments: Sequence[str], legs: Sequence[str]) -> Figure:
    """A row each: its Sharpe ratio with the bootstrap interval, in sample above (filled), afterwards below (open)."""
    colours = {f"hold {leg}": colour for leg, colour in leg_colours(legs).items()}
    colours |= {"base": INK, "best": BEST, "ensemble": LUCK}
    data: list[Figure] = []
    for row, (name, one) in enumerate(who.items()):
        for place, key in enumerate(segments):
            part = (one or {}).get(key) or {}
            value, ends = part.get("sharpe"), part.get("interval")
            if value is None:
                continue
            colour = colours.get(name, INK)
            shift = 0.0 if len(segments) == 1 else (-0.16, 0.16)[place]
            point: Figure = {"type": "scatter", "mode": "markers", "x": [value], "y": [row + shift], "name": name}
            point["marker"] = {"color": "#fdfdfc" if key == "after_publication" else colour, "size": 9}
            point["marker"]["line"] = {"color": colour, "width": 2}
            text = f"{who_label(name)}, {SEGMENTS[key].lower()}: Sharpe %{{x:.2f}}"
            if ends is not None and None not in ends:
                point["error_x"] = {"type": "data", "symmetric": False, "array": [ends[1] - value]}
                point["error_x"] |= {"arrayminus": [value - ends[0]], "color": colour, "thickness": 1.4, "width": 4}
                text += f"<br>{interval(ends)}"
            data.append(point | {"hovertemplate": f"{text}<extra></extra>", "cliponaxis": False})
    figure = layout(_ROW * len(who) + 60, margin={"t": 8, "b": 46, "l": 118, "r": 12})
    zero: Figure = {"type": "line", "x0": 0, "x1": 0, "yref": "paper", "y0": 0, "y1": 1, "layer": "below"}
    figure |= {"showlegend": False, "shapes": [zero | {"line": {"color": "#8a8a85", "width": 1}}]}
    figure["xaxis"] = axis("Sharpe, with its interval") | {"rangemode": "tozero", "tickformat": ".1f"}
    rows = {"range": [len(who) - 0.5, -0.5], "tickvals": list(range(len(who))), "ticks": "", "showgrid": False}
    figure["yaxis"] = axis() | rows | {"ticktext": [who_label(name) for name in who], "gridcolor": FAINT}
    return {"data": data, "layout": figure}


def _cells(part: Record, periods: float | None) -> list[tuple[str, bool]]:
    """Texts, and whether the record is too short for what it claims (its length is marked)."""
    observations, needed = part.get("observations"), part.get("min_track_record_years")
    years = observations / periods if observations is not None and periods else None
    defined = part.get("sharpe") is not None
    short = defined and years is not None and (needed is None or needed > years)
    record = "∞" if defined and needed is None else _years(needed)
    return [
        (number(part.get("sharpe"), "ratio"), False),
        (interval(part.get("interval")), False),
        (interval(part.get("interval_studentised")), False),
        (probability(part.get("psr")), False),
        (record, bool(short)),
        (_years(years), False),
    ]


def _years(value: float | None) -> str:
    return "–" if value is None else f"{value:,.1f}"


def _finding(who: Record, level: str) -> str:
    """The base's Sharpe ratio with its interval, in sample and afterwards."""
    said = []
    for key, when in (("in_sample", "in sample"), ("after_publication", "after publication")):
        part = found(who, "base", key) or {}
        ends = part.get("interval")
        if part.get("sharpe") is None or ends is None or None in ends:
            continue
        apart = "which leaves out 0" if ends[0] > 0 or ends[1] < 0 else "which does not rule out 0"
        said.append(f"{number(part['sharpe'], 'ratio')} {when} ({level} interval {interval(ends)}, {apart})")
    return f"The base's Sharpe is {' and '.join(said)}." if said else ""


def _ensemble(statistics: Record, of: str) -> str:
    one = found(statistics, "ensemble")
    if one is None:
        return ""
    text = f"The ensemble holds the mean weights of the {count(one.get('cells'))} variants"
    if one.get("share") is not None:
        text += f" ({100 * one['share']:.2g}\u00a0% of the {of})"
    text += " whose objective lies within one standard error of the best"
    if one.get("threshold") is not None:
        objective = (statistics.get("method") or {}).get("objective") or "sharpe"
        text += f", {number(one['threshold'], METRICS[objective][1])} or more"
    text += ": what one would hold who trusts the plateau and no single cell."
    if one.get("agreement") is not None:
        text += f" On average the leg that most of them hold has {number(one['agreement'], 'percent')} of the weight."
    return text
