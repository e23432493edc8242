"""Section 7: the Sharpe ratio year by year, and how many decisions it rests on."""

from __future__ import annotations

import datetime

from gridproof.results.report.figures import BEST, INK, SOFT, Figure, axis, layout
from gridproof.results.report.sections.absence import absence, found, one_missing, whole
from gridproof.results.report.wording import count, number, probability
from gridproof.results.run.record import Record

COLOURS = {"base": INK, "best": BEST}


def years_section(statistics: Record, published: str | None) -> Record:
    """Bars a year, the χ² test as rows, and the finding on the base."""
    parts = {who: one for who in COLOURS if (one := whole(found(statistics, "subperiods", who), "years"))}
    if not parts:
        return {"figure": absence(statistics, "subperiods"), "rows": [], "finding": "", "missing": ""}
    rows = []
    for who, one in parts.items():
        chi = f"{number(one.get('chi_square'), 'ratio')} on {count(one.get('degrees'))} degrees of freedom"
        rows.append(
            [who.capitalize(), count(one.get("positions")), _positive(one), chi, probability(one.get("p_value"))]
        )
    missing = one_missing(statistics, "subperiods")
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
            f"{year['year']}, {who}: Sharpe {number(year['sharpe'], 'ratio')}<br>"
            f"return {number(year.get('return'), 'percent')}, "
            f"{count(year.get('switches'))} switches, {count(year.get('days'))} days"
            for year in kept
        ]
        data.append(bar | {"textposition": "none", "hovertemplate": "%{text}<extra></extra>"})
        for year in years:
            switches.setdefault(year, []).append(count(known.get(year, {}).get("switches")))
    figure = layout(310, margin={"t": 34, "b": 66, "l": 70, "r": 12})
    figure |= {"barmode": "group", "bargap": 0.35, "bargroupgap": 0.05, "shapes": [], "annotations": []}
    figure["legend"] = {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"}
    ticks = [f"{year}<br>{' | '.join(switches[year])}" for year in years]
    title = f"year, and below it the switches of {' | '.join(parts)}"
    figure["xaxis"] = axis(title) | {"tickvals": list(range(len(years))), "ticktext": ticks, "showgrid": False}
    figure["xaxis"] |= {"range": [-0.6, len(years) - 0.4], "tickangle": 0}
    figure["xaxis"]["tickfont"] = {"size": 11 if len(years) <= 14 else 10}
    figure["yaxis"] = axis("Sharpe") | {"zeroline": True, "zerolinecolor": "#8a8a85", "nticks": 6}
    if published is not None and (place := _place(published, years)) is not None:
        line: Figure = {"type": "line", "x0": place, "x1": place, "yref": "paper", "y0": 0, "y1": 1}
        figure["shapes"].append(line | {"line": {"color": INK, "width": 1, "dash": "dot"}})
        late = place > len(years) / 2
        note = {"text": f"published {published} →" if late else f"after publication, {published}", "x": place, "y": 1}
        note |= {"yref": "paper", "yanchor": "bottom", "showarrow": False, "font": {"size": 11, "color": SOFT}}
        figure["annotations"].append(note | {"xanchor": "right" if late else "left"})
    return {"data": data, "layout": figure}


def rests_on(statistics: Record) -> str:
    """How many holdings and which years the base rests on, for the headline; may be empty."""
    one = found(statistics, "subperiods", "base")
    if one is None:
        return ""
    holdings = one.get("positions")
    said = "" if holdings is None else f"{holdings:,} separate holding{'s' * (holdings != 1)}"
    years = _positive(one) if one.get("years") else ""
    return ", ".join(part for part in (said, f"Sharpe above 0 in {years} years" if years else "") if part)


def _place(published: str, years: list[int]) -> float | None:
    """Where a date lies among the bars, each a year wide; None outside."""
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
    text = f"The base's Sharpe was above 0 in {_positive(base)} years"
    if base.get("positions") is not None:
        text += f"; it rests on {base['positions']:,} separate holdings, and so on that many independent bets at most"
    if base.get("p_value") is not None:
        luck = "no more than chance would" if base["p_value"] > 0.05 else "more than chance would"
        text += f". Its years differ {luck} (p = {probability(base['p_value'])})"
    return f"{text}."
