"""Writes report.html: one page of a finished run, with its verdict where there is one."""

from __future__ import annotations

import pathlib
from functools import cache
from typing import Any

import jinja2
import markupsafe
import pandas as pd

from gridproof.kernels.metrics import BY_NAME, Metric
from gridproof.results.performance.performance import read_performance
from gridproof.results.report.axis import ReportAxis, read_axes
from gridproof.results.report.colours import DARK, PAGE
from gridproof.results.report.curves import after_figure, curves_figure, first_figure, with_mix
from gridproof.results.report.figures import BEST, INK, leg_colours
from gridproof.results.report.headline import (
    base_is_best,
    favourable_conditions,
    headline,
    look_ahead_gain,
    parameter_changes,
)
from gridproof.results.report.heatmaps import (
    base_objective_at,
    blank_small_means,
    colour_range,
    drawn_axes,
    informative_pairs,
    map_note,
    split_pairs,
    surface_figure,
    with_environment_means,
)
from gridproof.results.report.histogram import Mark, height_of_cut_bar, histogram_figure, rank_figure
from gridproof.results.report.number_format import format_metric, format_percentile
from gridproof.results.report.one_variant import base_alone, is_one_variant, without_best
from gridproof.results.report.packed import FigureSet, packed_plotly
from gridproof.results.report.search_record import SearchRecord, read_search
from gridproof.results.report.sections.benchmark import benchmark_section
from gridproof.results.report.sections.calendar import calendar_section
from gridproof.results.report.sections.conclusion import conclusion_section
from gridproof.results.report.sections.cross_validation import cross_validation_section
from gridproof.results.report.sections.data import data_section
from gridproof.results.report.sections.data_snooping import data_snooping_section
from gridproof.results.report.sections.deflation import deflation_section
from gridproof.results.report.sections.drawdowns import drawdown_rows
from gridproof.results.report.sections.environments import environments_section
from gridproof.results.report.sections.evidence import evidence_section
from gridproof.results.report.sections.holdings import holdings_section
from gridproof.results.report.sections.lookup import lookup
from gridproof.results.report.sections.overfitting import overfitting_section
from gridproof.results.report.sections.positions import positions_section
from gridproof.results.report.sections.rule import rule_section
from gridproof.results.report.sections.search import search_section
from gridproof.results.report.sections.search_walk_forward import search_walk_forward_sentence
from gridproof.results.report.sections.selections import selections_section
from gridproof.results.report.sections.sensitivity import sensitivity_section
from gridproof.results.report.sections.sharpe_intervals import intervals_section
from gridproof.results.report.sections.signal_levels import signal_level_rows
from gridproof.results.report.sections.stress import stress_section
from gridproof.results.report.sections.trial_counts import trial_counts
from gridproof.results.report.sections.years import years_section
from gridproof.results.report.surface_explorer import surface_explorer
from gridproof.results.report.tables import comparison_table, facts_table, top_table
from gridproof.results.run.atomic_write import atomic_write
from gridproof.results.run.record import Record, choice_noun
from gridproof.results.run.store import REPORT, STATISTICS, Store
from gridproof.results.run.summary_record import SUMMARY, complete_summary
from gridproof.results.template import load_template
from gridproof.results.texts.markup import keep_dates_whole, page_language, translate_page
from gridproof.results.texts.translation import Language


def write_report(folder: pathlib.Path, language: Language = "en") -> pathlib.Path:
    """Write ``report.html`` into a finished run's folder and return its path.

    Reads summary.json, curves.parquet, top.parquet and surfaces.parquet; of a search also search.json and
    trials.parquet. Without statistics.json the page says that no verdict was computed. A part missing in it is shown
    as "not computable" with the reason. Undefined numbers (null or NaN) are shown as a dash. The page needs no
    network, and the same folder gives the same bytes. language: of all texts but those of the study.

    Raises InputError where a file is missing or damaged, or of another version.
    """
    store = Store(folder)
    summary: Record = {**complete_summary(store.read_json(SUMMARY), folder / SUMMARY)}
    curves, top, surfaces = (store.read_table(f"{name}.parquet") for name in ("curves", "top", "surfaces"))
    statistics, searched = _statistics(store), read_search(folder)
    if searched is not None:
        curves = searched.without_unused_states(curves, summary["base"]["parameters"])
    curves = with_mix(curves, summary["legs"])
    alone = searched is None and is_one_variant(summary)
    if alone and statistics is not None:
        statistics = without_best(statistics)
    axes_by_name = read_axes(summary)
    axes = list(axes_by_name.values())
    sampled = summary["sample"] is not None
    surfaces = with_environment_means(surfaces, set(summary["environment"]))
    pairs = split_pairs(blank_small_means(surfaces) if sampled else surfaces)
    metric = BY_NAME[summary["objective"]]
    same_curve = bool(curves["base.nav"].equals(curves["best.nav"]))
    favourable = base_objective_at(pairs, axes_by_name, [axis.name for axis in axes if axis.favours_best])
    marks, performance = histogram_marks(summary), read_performance(curves, summary)
    drawn = {
        "curves": curves_figure(curves, summary["legs"], same_curve),
        "after": after_figure(curves, summary["legs"], same_curve),
        "first": first_figure(curves, performance.benchmark_name, summary["legs"], same_curve),
    }
    if alone:
        drawn = {name: None if figure is None else base_alone(figure) for name, figure in drawn.items()}
    page = _template().render(
        summary=summary,
        alone=alone,
        noun=choice_noun(summary),
        label=metric.label,
        conclusion=conclusion_section(statistics),
        holdings=holdings_section(summary, statistics, alone),
        headline=_headline(summary, axes, favourable, searched),
        facts=facts_table(summary, axes, searched)
        + (trial_counts(statistics, searched is not None) if statistics and not alone else []),
        data=data_section(summary),
        selections=selections_section(summary),
        rule=rule_section(summary),
        search=None if searched is None else search_section(searched, curves, summary),
        axes=[axis for axis in axes if axis.varied],
        comparison=comparison_table(summary, statistics, alone),
        differences=[parameter_changes(axes), favourable_conditions(summary, axes, favourable)],
        look_ahead=look_ahead_gain(summary["base"]),
        histogram=histogram_figure(summary["histogram"], marks, metric),
        maps=_maps(pairs, axes_by_name, sampled, metric),
        pairs=len(pairs),
        explorer=surface_explorer(pairs, axes_by_name, metric),
        top=top_table(summary, top, axes),
        plotly=packed_plotly(),
        figures=FigureSet(language),
        colours=PAGE,
        dark_colours=DARK,
        **drawn,
        cut=height_of_cut_bar(summary["histogram"]) is not None,
        rank=None if alone else rank_figure(summary["histogram"], marks, metric),
        percentile=None if summary["base"]["percentile"] is None else format_percentile(summary["base"]["percentile"]),
        calendar=calendar_section(performance, summary["window"]["published"]),
        against=benchmark_section(performance, summary["legs"]),
        drawdowns=drawdown_rows(performance),
        positions=positions_section(performance, summary["definitions"]["weights"]["base"]),
        levels=signal_level_rows(performance),
        **_sections(statistics, summary, curves, marks, searched),
    )
    page = keep_dates_whole(translate_page(page, language))
    target = folder / REPORT
    with atomic_write(target) as part:
        part.write_text(page, encoding="utf-8", newline="\n")
    return target


def report_language(folder: pathlib.Path) -> Language:
    """The language of a run's page."""
    return page_language(folder / REPORT)


def _statistics(store: Store) -> Record | None:
    return store.read_json(STATISTICS) if store.has(STATISTICS) else None


def _headline(
    summary: Record, axes: list[ReportAxis], favourable: float | None, searched: SearchRecord | None
) -> list[str]:
    if searched is None:
        return headline(summary, axes, favourable)
    sentence = search_walk_forward_sentence(lookup(searched.record, "walk_forward"))
    return headline(summary, axes, favourable, searched.record) + ([sentence] if sentence else [])


def _sections(
    statistics: Record | None,
    summary: Record,
    curves: pd.DataFrame,
    marks: list[Mark],
    searched: SearchRecord | None,
) -> dict[str, Record | None]:
    of_search = searched is not None
    if statistics is None:
        return {"evidence": None, "environments": None}
    return {
        "evidence": evidence_section(statistics, of_search),
        "environments": environments_section(statistics, summary),
        "intervals": intervals_section(statistics, summary["legs"], of_search),
        "snooping": data_snooping_section(statistics, summary, marks, of_search),
        "deflation": deflation_section(statistics, of_search),
        "overfitting": overfitting_section(statistics),
        "sensitivity": sensitivity_section(statistics),
        "years": years_section(statistics, summary["window"]["published"]),
        "validation": cross_validation_section(statistics, curves, summary, searched),
        "stress": stress_section(statistics),
    }


def histogram_marks(summary: Record) -> list[Mark]:
    """Base, best and held legs on the histogram; a leg only where its objective lies within the histogram."""
    objective = summary["objective"]
    base, best = summary["base"]["in_sample"], summary["best"]["in_sample"]
    who = "base = best" if base_is_best(summary) else "base"
    marks: list[Mark] = [(f"{who} {format_metric(base, objective)}", base[objective], INK, "solid")]
    if not base_is_best(summary):
        marks.append((f"best {format_metric(best, objective)}", best[objective], BEST, "dash"))
    low, *_, high = summary["histogram"]["edges"]
    for leg, held in summary["hold"].items():
        value = held["in_sample"][objective]
        if value is not None and low <= value <= high:
            text = f"hold {leg} {format_metric(held['in_sample'], objective)}"
            marks.append((text, value, leg_colours(summary["legs"])[leg], "dot"))
    return marks


def _maps(
    pairs: list[pd.DataFrame], axes: dict[str, ReportAxis], sampled: bool, metric: Metric
) -> list[dict[str, Any]]:
    if not pairs:
        return []
    shown = informative_pairs(pairs, axes)
    limits, maps = colour_range(shown), []
    for block in shown:
        figure = surface_figure(block, axes, limits, metric)
        names = [axis.name for axis in drawn_axes(block, axes)]
        maps.append({"names": names, "figure": figure, "note": map_note(block, axes, sampled)})
    return maps


def _breakable(text: str) -> markupsafe.Markup:
    """A name with a possible line break after each dot and underscore."""
    escaped = str(markupsafe.escape(text))
    return markupsafe.Markup(escaped.replace(".", ".<wbr>").replace("_", "_<wbr>"))


@cache
def _template() -> jinja2.Template:
    """The page's template, compiled once in a process."""
    page = pathlib.Path(__file__).with_name("report.html.j2")
    return load_template(page, breakable=_breakable)
