"""Section 7: the Sharpe ratio by calendar year, and the number of positions it rests on."""

from __future__ import annotations

import datetime

from gridproof.results.report.figures import BEST, INK, SOFT, Figure, axis, layout
from gridproof.results.report.number_format import format_count, format_probability, format_value, plural
from gridproof.results.report.sections.lookup import lookup, missing_of_two, not_computable, with_keys
from gridproof.results.run.record import Record

COLOURS = {"base": INK, "best": BEST}


def years_section(statistics: Record, published: str | None) -> Record:
    """Bars by year, the χ² test as rows, and the finding on the base."""
    parts = {who: one for who in COLOURS if (one := with_keys(lookup(statistics, "subperiods", who), "years"))}
    if not parts:
        return {"figure": not_computable(statistics, "subperiods"), "rows": [], "finding": "", "missing": ""}
    rows = []
    for who, one in parts.items():
        chi = f"{format_value(one.get('chi_square'), 'ratio')} on {format_count(one.get('degrees'))} degrees of freedom"
        positions, p_value = format_count(one.get("positions")), format_probability(one.get("p_value"))
        rows.append([who.capitalize(), positions, _positive(one), chi, p_value])
    missing = missing_of_two(statistics, "subperiods")
    finding = _finding(parts.get("base"))
    return {"figure": years_figure(parts, published), "rows": rows, "finding": finding, "missing": missing}


def years_figure(parts: Record, published: str | None) -> Figure:
    """Bars of the Sharpe ratio by year; below each year the switches of base and best; a line at publication."""
    years = sorted({year["year"] for one in parts.values() for year in one["years"]})
    data, switches = [], dict[int, list[str]]()
    for who, one in parts.items():
        known = {year["year"]: year for year in one["years"]}
        kept = [known[year] for year in years if year in known and known[year].get("sharpe") is not None]
        bar: Figure = {"type": "bar", "name": who, "x": [years.index(year["year"]) for year in kept]}
        bar |= {"y": [year["sharpe"] for year in kept], "marker": {"color": COLOURS[who]}}
        bar["text"] = [
            f"{year['year']}, {who}: Sharpe ratio {format_value(year['sharpe'], 'ratio')}<br>"
            f"return {format_value(year.get('return'), 'percent')}, "
            f"{format_count(year.get('switches'))} switches, {format_count(year.get('days'))} days"
            for year in kept
        ]
        data.append(bar | {"textposition": "none", "hovertemplate": "%{text}<extra></extra>"})
        for year in years:
            switches.setdefault(year, []).append(format_count(known.get(year, {}).get("switches")))
    figure = layout(310, margin={"t": 34, "b": 66, "l": 70, "r": 12})
    figure |= {"barmode": "group", "bargap": 0.35, "bargroupgap": 0.05, "shapes": [], "annotations": []}
    figure["legend"] = {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"}
    ticks = [f"{year}<br>{' | '.join(switches[year])}" for year in years]
    title = f"year; below it the switches of {' | '.join(parts)}"
    figure["xaxis"] = axis(title) | {"tickvals": list(range(len(years))), "ticktext": ticks, "showgrid": False}
    figure["xaxis"] |= {"range": [-0.6, len(years) - 0.4], "tickangle": 0}
    figure["xaxis"]["tickfont"] = {"size": 11 if len(years) <= 14 else 10}
    figure["yaxis"] = axis("Sharpe ratio") | {"zeroline": True, "zerolinecolor": "#8a8a85", "nticks": 6}
    if published is not None and (position := _bar_position(published, years)) is not None:
        line: Figure = {"type": "line", "x0": position, "x1": position, "yref": "paper", "y0": 0, "y1": 1}
        figure["shapes"].append(line | {"line": {"color": INK, "width": 1, "dash": "dot"}})
        late = position > len(years) / 2
        note = {
            "text": f"published {published} →" if late else f"after publication, {published}",
            "x": position,
            "y": 1,
        }
        note |= {"yref": "paper", "yanchor": "bottom", "showarrow": False, "font": {"size": 11, "color": SOFT}}
        figure["annotations"].append(note | {"xanchor": "right" if late else "left"})
    return {"data": data, "layout": figure}


def base_activity(statistics: Record) -> str:
    """How many positions the base held and in how many years it gained, for the headline; may be empty."""
    one = lookup(statistics, "subperiods", "base")
    if one is None:
        return ""
    positions = one.get("positions")
    held = "" if positions is None else plural(positions, "separate position")
    years = f"Sharpe ratio above 0 in {_positive(one)} years" if one.get("years") else ""
    return ", ".join(part for part in (held, years) if part)


def _bar_position(published: str, years: list[int]) -> float | None:
    """The position of a date on the axis of years, on which bar i covers i − 0.5 to i + 0.5; None outside."""
    day = datetime.date.fromisoformat(published)
    if day.year not in years:
        return None
    return years.index(day.year) - 0.5 + (day.timetuple().tm_yday - 1) / 366


def _positive(one: Record) -> str:
    known = [year.get("sharpe") for year in one.get("years") or [] if year.get("sharpe") is not None]
    return f"{sum(value > 0 for value in known)} of {len(known)}"


def _finding(base: Record | None) -> str:
    if base is None or not base.get("years"):
        return ""
    text = f"The base's Sharpe ratio was above 0 in {_positive(base)} years"
    if base.get("positions") is not None:
        positions = plural(base["positions"], "separate position")
        text += f". It rests on {positions}, which is the largest possible number of independent bets"
    if base.get("p_value") is not None:
        chance = "do not differ by more than chance" if base["p_value"] > 0.05 else "differ by more than chance"
        text += f". Its years {chance} (p = {format_probability(base['p_value'])})"
    return f"{text}."
