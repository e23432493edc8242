"""The one page of a finished run: what was tried, how the base stands in it, and what that does not say."""

from __future__ import annotations

import json
import os
import pathlib
from typing import Any

import jinja2
import markupsafe
import pandas as pd
from plotly.offline.offline import get_plotlyjs

from gridproof.results.report.axis import ReportAxis, read_axes
from gridproof.results.report.curves import after_figure, curves_figure
from gridproof.results.report.figures import BEST, INK, leg_colours
from gridproof.results.report.heatmaps import (
    base_at,
    colour_range,
    informative_pairs,
    laid_out,
    map_note,
    split_pairs,
    surface_figure,
    without_few,
)
from gridproof.results.report.histogram import Mark, histogram_figure
from gridproof.results.report.search_record import SearchRecord, read_search
from gridproof.results.report.sections.absence import found
from gridproof.results.report.sections.certainty import certainty_section
from gridproof.results.report.sections.deflation import deflation_section
from gridproof.results.report.sections.luck import luck_section
from gridproof.results.report.sections.overfitting import overfitting_section
from gridproof.results.report.sections.search import search_section
from gridproof.results.report.sections.search_walk import walk_line
from gridproof.results.report.sections.sensitivity import sensitivity_section
from gridproof.results.report.sections.stress import stress_section
from gridproof.results.report.sections.tried import trials_facts
from gridproof.results.report.sections.verdict import verdict_section
from gridproof.results.report.sections.walks import walks_section
from gridproof.results.report.sections.years import years_section
from gridproof.results.report.tables import comparison_table, facts_table, top_table
from gridproof.results.report.wording import METRICS, difference, eased, headline, hindsight, metric, unbeaten
from gridproof.results.run.record import Record

FIGURE_CONFIG = {"displayModeBar": False, "responsive": True}


def write_report(folder: pathlib.Path) -> pathlib.Path:
    """Write ``report.html`` into a finished run's folder and return its path.

    Reads summary.json, curves.parquet, top.parquet, surfaces.parquet and, where there is one, statistics.json: without
    it the page says that no verdict was computed, a part missing in it is shown as "not computable" with the reason.
    Of a search's folder also search.json and trials.parquet: the base is then what the search found.
    The page needs no network, and the same folder gives the same bytes. Undefined numbers (null or NaN) are shown as a
    dash.
    """
    summary: Record = json.loads(_required(folder, "summary.json").read_text(encoding="utf-8"))
    curves, top, surfaces = (
        pd.read_parquet(_required(folder, f"{name}.parquet")) for name in ("curves", "top", "surfaces")
    )
    statistics, searched = _statistics(folder), read_search(folder)
    if searched is not None:
        curves = searched.said(curves, summary["base"]["parameters"])
    axes = read_axes(summary)
    listed = list(axes.values())
    sampled = summary["sample"] is not None
    pairs = split_pairs(without_few(surfaces) if sampled else surfaces)
    label, kind = METRICS[summary["objective"]]
    form = ".1%" if kind == "percent" else ".2f"
    alike = bool(curves["base.nav"].equals(curves["best.nav"]))
    easier = base_at(pairs, axes, [axis.name for axis in listed if axis.eased])
    marks = _marks(summary)
    page = _template().render(
        summary=summary,
        label=label,
        headline=_headline(summary, listed, easier, searched),
        facts=facts_table(summary, listed, searched)
        + (trials_facts(statistics, searched is not None) if statistics else []),
        search=None if searched is None else search_section(searched, curves, summary),
        axes=[axis for axis in listed if axis.varied],
        comparison=comparison_table(summary, statistics),
        difference=[difference(listed), eased(summary, listed, easier)],
        hindsight=hindsight(summary["base"]),
        curves=curves_figure(curves, summary["legs"], alike),
        after=after_figure(curves, summary["legs"], alike),
        histogram=histogram_figure(summary["histogram"], marks, label, form),
        maps=_maps(pairs, axes, sampled, label, form),
        pairs=len(pairs),
        top=top_table(summary, top, listed),
        plotly=markupsafe.Markup(get_plotlyjs()),
        config=FIGURE_CONFIG,
        **_sections(statistics, summary, curves, marks, searched),
    )
    target = folder / "report.html"
    beside = folder / f"report.html.{os.getpid()}.part"
    beside.write_text(page, encoding="utf-8", newline="\n")
    os.replace(beside, target)
    return target


def _statistics(folder: pathlib.Path) -> Record | None:
    path = folder / "statistics.json"
    if not path.is_file():
        return None
    statistics: Record = json.loads(path.read_text(encoding="utf-8"), parse_constant=lambda _: None)
    return statistics


def _headline(
    summary: Record, axes: list[ReportAxis], easier: float | None, searched: SearchRecord | None
) -> list[str]:
    if searched is None:
        return headline(summary, axes, easier)
    walk = walk_line(found(searched.record, "walk_forward"))
    return headline(summary, axes, easier, searched.record) + ([walk] if walk else [])


def _sections(
    statistics: Record | None,
    summary: Record,
    curves: pd.DataFrame,
    marks: list[Mark],
    searched: SearchRecord | None,
) -> dict[str, Record | None]:
    of_search = searched is not None
    if statistics is None:
        return {"verdict": None}
    return {
        "verdict": verdict_section(statistics, of_search),
        "certainty": certainty_section(statistics, summary["legs"], of_search),
        "luck": luck_section(statistics, summary, marks, of_search),
        "deflation": deflation_section(statistics, of_search),
        "overfitting": overfitting_section(statistics),
        "sensitivity": sensitivity_section(statistics),
        "years": years_section(statistics, summary["window"]["published"]),
        "walks": walks_section(statistics, curves, summary, searched),
        "stress": stress_section(statistics),
    }


def _marks(summary: Record) -> list[Mark]:
    """Base, best and each leg held throughout, on the histogram; a leg only where variants come near it."""
    objective = summary["objective"]
    base, best = summary["base"]["in_sample"], summary["best"]["in_sample"]
    who = "base = best" if unbeaten(summary) else "base"
    marks: list[Mark] = [(f"{who} {metric(base, objective)}", base[objective], INK, "solid")]
    if not unbeaten(summary):
        marks.append((f"best {metric(best, objective)}", best[objective], BEST, "dash"))
    low, *_, high = summary["histogram"]["edges"]
    for leg, held in summary["hold"].items():
        value = held["in_sample"][objective]
        if value is not None and low <= value <= high:
            text = f"hold {leg} {metric(held['in_sample'], objective)}"
            marks.append((text, value, leg_colours(summary["legs"])[leg], "dot"))
    return marks


def _maps(
    pairs: list[pd.DataFrame], axes: dict[str, ReportAxis], sampled: bool, label: str, form: str
) -> list[dict[str, Any]]:
    if not pairs:
        return []
    shown = informative_pairs(pairs, axes)
    span, maps = colour_range(shown), []
    for block in shown:
        figure = surface_figure(block, axes, span, label, form)
        names = [axis.name for axis in laid_out(block, axes)]
        maps.append({"names": names, "figure": figure, "note": map_note(block, axes, sampled)})
    return maps


def _script(value: Any) -> markupsafe.Markup:
    """JSON that may stand inside a script element."""
    text = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return markupsafe.Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))


def _breakable(text: str) -> markupsafe.Markup:
    """A name that may be broken after a dot or an underscore."""
    escaped = str(markupsafe.escape(text))
    return markupsafe.Markup(escaped.replace(".", ".<wbr>").replace("_", "_<wbr>"))


def _template() -> jinja2.Template:
    here = jinja2.FileSystemLoader(pathlib.Path(__file__).parent)
    environment = jinja2.Environment(
        loader=here, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"breakable": _breakable, "script": _script}
    return environment.get_template("report.html.j2")


def _required(folder: pathlib.Path, name: str) -> pathlib.Path:
    path = folder / name
    if not path.is_file():
        raise FileNotFoundError(
            f"{folder} is not a finished run: it has no {name}; run the study again, finished tiles are kept"
        )
    return path
