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

from gridproof.results.axis import Axis, read_axes
from gridproof.results.curves import after_figure, curves_figure
from gridproof.results.figures import BEST, INK, leg_colours
from gridproof.results.heatmaps import (
    base_at,
    colour_range,
    informative_pairs,
    laid_out,
    map_note,
    split_pairs,
    surface_figure,
    without_few,
)
from gridproof.results.histogram import Mark, histogram_figure
from gridproof.results.record import Record
from gridproof.results.tables import comparison_table, facts_table, top_table
from gridproof.results.wording import METRICS, difference, eased, headline, hindsight, metric, unbeaten

FIGURE_CONFIG = {"displayModeBar": False, "responsive": True}


def write_report(folder: pathlib.Path) -> pathlib.Path:
    """Write ``report.html`` into a finished run's folder and return its path.

    Reads summary.json, curves.parquet, top.parquet and surfaces.parquet. The page needs no network, and the
    same folder gives the same bytes. Undefined numbers (null or NaN) are shown as a dash.
    """
    summary: Record = json.loads(_required(folder, "summary.json").read_text(encoding="utf-8"))
    curves, top, surfaces = (
        pd.read_parquet(_required(folder, f"{name}.parquet")) for name in ("curves", "top", "surfaces")
    )
    axes = read_axes(summary)
    listed = list(axes.values())
    sampled = summary["sample"] is not None
    pairs = split_pairs(without_few(surfaces) if sampled else surfaces)
    label, kind = METRICS[summary["objective"]]
    form = ".1%" if kind == "percent" else ".2f"
    alike = bool(curves["base.nav"].equals(curves["best.nav"]))
    easier = base_at(pairs, axes, [axis.name for axis in listed if axis.eased])
    page = _template().render(
        summary=summary,
        label=label,
        headline=headline(summary, listed, easier),
        facts=facts_table(summary, listed),
        axes=[axis for axis in listed if axis.varied],
        comparison=comparison_table(summary),
        difference=[difference(listed), eased(summary, listed, easier)],
        hindsight=hindsight(summary["base"]),
        curves=_script(curves_figure(curves, summary["legs"], alike)),
        after=_script(after_figure(curves, summary["legs"], alike)),
        histogram=_script(histogram_figure(summary["histogram"], _marks(summary), label, form)),
        maps=_maps(pairs, axes, sampled, label, form),
        pairs=len(pairs),
        top=top_table(summary, top, listed),
        plotly=markupsafe.Markup(get_plotlyjs()),
        config=_script(FIGURE_CONFIG),
    )
    target = folder / "report.html"
    beside = folder / f"report.html.{os.getpid()}.part"
    beside.write_text(page, encoding="utf-8", newline="\n")
    os.replace(beside, target)
    return target


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
    pairs: list[pd.DataFrame], axes: dict[str, Axis], sampled: bool, label: str, form: str
) -> list[dict[str, Any]]:
    if not pairs:
        return []
    shown = informative_pairs(pairs, axes)
    span, maps = colour_range(shown), []
    for block in shown:
        figure = _script(surface_figure(block, axes, span, label, form))
        names = [axis.name for axis in laid_out(block, axes)]
        maps.append({"names": names, "figure": figure, "note": map_note(block, axes, sampled)})
    return maps


def _script(value: Any) -> markupsafe.Markup | None:
    """JSON that may stand inside a script element; None where there is nothing to draw."""
    if value is None:
        return None
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
    environment.filters["breakable"] = _breakable
    return environment.get_template("report.html.j2")


def _required(folder: pathlib.Path, name: str) -> pathlib.Path:
    path = folder / name
    if not path.is_file():
        raise FileNotFoundError(
            f"{folder} is not a finished run: it has no {name}; run the study again, finished tiles are kept"
        )
    return path
