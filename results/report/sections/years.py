"""Section 7: the Sharpe ratio by calendar year, and the number of positions it rests on."""

from __future__ import annotations

from gridproof.results.report.figures import BEST, EDGE, INK, MIX_COLOUR, SOFT, Figure, axis, layout, leg_colours
from gridproof.results.report.number_format import format_count, format_probability, format_value, plural
from gridproof.results.report.sections.lookup import lookup, missing_of_two, not_computable, with_keys
from gridproof.results.run.conclusion_record import MIX
from gridproof.results.run.record import Record

COLOURS = {"base": INK, "best": BEST}


def years_section(statistics: Record, published: str | None) -> Record:
    """Bars by year, the χ² test as rows, and the finding on the base."""
    parts = {who: one for who in COLOURS if (one := with_keys(lookup(statistics, "subperiods", who), "years"))}
    others = lookup(statistics, "subperiods") or {}
    holdings = {
        name: one for name, one in others.items() if name.startswith(("hold ", MIX)) and name != "hold cash" and one
    }
    if not parts:
        return {"figure": not_computable(statistics, "subperiods"), "rows": [], "finding": "", "missing": ""}
    rows = []
    for who, one in parts.items():
        chi = f"{format_value(one.get('chi_square'), 'ratio')} on {format_count(one.get('degrees'))} degrees of freedom"
        positions, p_value = format_count(one.get("positions")), format_probability(one.get("p_value"))
        rows.append([who.capitalize(), positions, _positive(one), chi, p_value])
    missing = missing_of_two(statistics, "subperiods")
    finding = _finding(parts.get("base"))
    return {"figure": years_figure(parts, published, holdings), "rows": rows, "finding": finding, "missing": missing}


def years_figure(parts: Record, published: str | None, holdings: Record) -> Figure:
    """Bars of the Sharpe ratio by year, markers for holdings; below each year the switches of base and best.

    The days from publication on are years of their own, right of a line; the year of publication stands on both sides.
    """
    known = {name: _by_year(one) for name, one in (parts | holdings).items()}
    years = sorted({key for name in parts for key in known[name]})
    data, switches = [], dict[tuple[bool, int], list[str]]()
    for who in parts:
        kept = [key for key in years if key in known[who] and known[who][key].get("sharpe") is not None]
        bar: Figure = {"type": "bar", "name": who, "x": [years.index(key) for key in kept]}
        bar |= {"y": [known[who][key]["sharpe"] for key in kept], "marker": {"color": COLOURS[who]}}
        bar["text"] = [
            f"{_hover(who, known[who][key])}, {format_count(known[who][key].get('switches'))} switches, "
            f"{format_count(known[who][key].get('days'))} days"
            for key in kept
        ]
        data.append(bar | {"textposition": "none", "hovertemplate": "%{text}<extra></extra>"})
        for key in years:
            switches.setdefault(key, []).append(format_count(known[who].get(key, {}).get("switches")))
    colours = leg_colours([name.removeprefix("hold ") for name in holdings if name.startswith("hold ")])
    for name in holdings:
        kept = [key for key in years if key in known[name] and known[name][key].get("sharpe") is not None]
        marks: Figure = {"type": "scatter", "mode": "markers", "name": name, "x": [years.index(key) for key in kept]}
        marks |= {
            "y": [known[name][key]["sharpe"] for key in kept],
            "text": [_hover(name, known[name][k]) for k in kept],
        }
        leg = colours.get(name.removeprefix("hold "))
        style: Figure = {"color": leg or MIX_COLOUR, "size": 8, "symbol": "diamond" if leg else "line-ew-open"}
        data.append(marks | {"marker": style, "hovertemplate": "%{text}<extra></extra>"})
    figure = layout(310, margin={"t": 34, "b": 66, "l": 70, "r": 12})
    figure |= {"barmode": "group", "bargap": 0.35, "bargroupgap": 0.05, "shapes": [], "annotations": []}
    figure["legend"] = {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"}
    ticks = [f"{key[1]}<br>{' | '.join(switches[key])}" for key in years]
    title = f"year; below it the switches of {' | '.join(parts)}"
    figure["xaxis"] = axis(title) | {"tickvals": list(range(len(years))), "ticktext": ticks, "showgrid": False}
    figure["xaxis"] |= {"range": [-0.6, len(years) - 0.4], "tickangle": 0}
    figure["xaxis"]["tickfont"] = {"size": 11 if len(years) <= 14 else 10 if len(years) <= 20 else 9}
    figure["yaxis"] = axis("Sharpe ratio") | {"zeroline": True, "zerolinecolor": EDGE, "nticks": 6}
    inside = sum(not after for after, _ in years)
    if published is not None and inside < len(years):
        line: Figure = {"type": "line", "x0": inside - 0.5, "x1": inside - 0.5, "yref": "paper", "y0": 0, "y1": 1}
        figure["shapes"].append(line | {"line": {"color": INK, "width": 1, "dash": "dot"}})
        note: Figure = {"text": "published →", "x": inside - 0.5, "y": 1, "yref": "paper", "yanchor": "top"}
        note |= {"showarrow": False, "font": {"size": 11, "color": SOFT}, "xanchor": "right"}
        figure["annotations"].append(note)
    return {"data": data, "layout": figure}


def _by_year(one: Record) -> dict[tuple[bool, int], Record]:
    """The years by whether they are after publication, and the calendar year."""
    return {
        (after, year["year"]): year for after, key in ((False, "years"), (True, "after")) for year in one.get(key) or []
    }


def _hover(name: str, year: Record) -> str:
    earned = format_value(year.get("return"), "percent")
    return f"{year['year']}, {name}: Sharpe ratio {format_value(year['sharpe'], 'ratio')}<br>return {earned}"


def base_activity(statistics: Record) -> str:
    """How many positions the base held and in how many years it gained, for the headline; may be empty."""
    one = lookup(statistics, "subperiods", "base")
    if one is None:
        return ""
    positions = one.get("positions")
    held = "" if positions is None else plural(positions, "separate position")
    years = f"Sharpe ratio above 0 in {_positive(one)} years" if one.get("years") else ""
    return ", ".join(part for part in (held, years) if part)


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
