"""The sentences at the top of the report, and those that compare base and best."""

from __future__ import annotations

from collections.abc import Iterable

from gridproof.kernels.metrics import BY_NAME
from gridproof.results.report.axis import ReportAxis
from gridproof.results.report.number_format import format_metric, format_percentile, format_trials, format_value
from gridproof.results.run.record import Record, choice_noun


def headline(
    summary: Record, axes: Iterable[ReportAxis], favourable: float | None, search: Record | None = None
) -> list[str]:
    """At most three sentences: the base in sample, the base after publication, the best of the choices.

    favourable: the base's objective under the best's trading conditions, None where unknown; where it is higher than
    the base's own, the sentence on the best names these conditions. search: search.json, where a search found the
    base and the variants are those around it.
    """
    return [
        _base_sentence(summary, search),
        _after_sentence(summary, search is not None),
        *([_best_sentence(summary, axes, favourable, search is not None)] if summary["evaluated_choices"] > 1 else []),
    ]


def base_is_best(summary: Record) -> bool:
    base, best, objective = summary["base"], summary["best"], summary["objective"]
    return bool(base["index"] == best["index"] or base["in_sample"][objective] == best["in_sample"][objective])


def parameter_changes(axes: Iterable[ReportAxis]) -> str:
    """The parameters in which the best differs from the base, trading conditions first; empty where none."""
    changed = sorted((axis for axis in axes if axis.differs), key=lambda axis: not axis.favours_best)
    moves = [f"{axis.name}\u00a0{axis.texts[axis.base]}\u00a0→\u00a0{axis.text(axis.best)}" for axis in changed]
    return f"From base to best: {', '.join(moves)}." if moves else ""


def favourable_conditions(summary: Record, axes: Iterable[ReportAxis], value: float | None) -> str:
    """What the best's trading conditions alone do for the base. value: its objective under them; None: unknown."""
    metric = BY_NAME[summary["objective"]]
    conditions = " and ".join(f"{axis.name} {axis.text(axis.best)}" for axis in axes if axis.favours_best)
    if not conditions or value is None:
        return ""
    before = format_metric(summary["base"]["in_sample"], metric.name)
    if not _is_higher(summary, value):
        return f"With {conditions} alone, the base's {metric.label} would not be higher."
    return (
        f"With {conditions} alone, the base's {metric.label} would be {format_value(value, metric.unit)} "
        f"instead of {before}."
    )


def look_ahead_gain(base: Record) -> str:
    """What the base would gain from look-ahead at its turning points; empty where no signal has any."""
    if "hindsight" not in base:
        return ""
    known, traded = base["hindsight"], base["in_sample"]
    sentence = (
        "If each turning point were known on the day it happens (look-ahead, which cannot be traded), the base would "
        f"have Sharpe ratio {format_metric(known, 'sharpe')} and CAGR {format_metric(known, 'cagr')} in sample "
        f"instead of {format_metric(traded, 'sharpe')} and {format_metric(traded, 'cagr')}"
    )
    if known["sharpe"] is None or traded["sharpe"] is None:
        return f"{sentence}."
    gain = round(known["sharpe"] - traded["sharpe"], 2)
    return f"{sentence}. Look-ahead would add {f'{gain:.2f}' if gain > 0 else 'nothing'} to the Sharpe ratio."


def _is_higher(summary: Record, value: float) -> bool:
    """Whether an objective is above the base's by at least the last digit shown."""
    unit, before = BY_NAME[summary["objective"]].unit, summary["base"]["in_sample"][summary["objective"]]
    return before is not None and value > before and format_value(value, unit) != format_value(before, unit)


def _base_sentence(summary: Record, search: Record | None) -> str:
    base = summary["base"]
    who = "Base variant"
    if search is not None:
        who = f"Variant found by a search of {format_trials(search.get('cells'))} variants"
    sentence = f"{who}: {_performance(summary, base['in_sample'])}"
    noun = choice_noun(summary)
    if summary["evaluated_choices"] == 1:
        return f"{sentence} in sample. No other {noun} was evaluated."
    of = f"{summary['choices']:,} {noun}s"
    if summary["evaluated_choices"] < summary["choices"]:
        of = f"{summary['evaluated_choices']:,} {noun}s drawn from {summary['choices']:,}"
    elif summary["distinct_choices"] < summary["choices"]:
        of += f" ({summary['distinct_choices']:,} distinct)"
    around = " around it" * (search is not None)
    if base["percentile"] is None:
        return f"{sentence} in sample. It has no rank among the {of}{around}."
    return f"{sentence} in sample, better than {format_percentile(base['percentile'])} of the {of}{around}."


def _after_sentence(summary: Record, searched: bool) -> str:
    base, published = summary["base"], summary["window"]["published"]
    if published is None and searched:
        return "The study names no publication date: the search used every day, so all results are in sample."
    if published is None:
        return "The study names no publication date: all results are in sample."
    after = base["after_publication"]
    if after is None:
        return f"The window has no day after publication ({published})."
    when = f"Out of sample, on days that the search did not use (from {published})" if searched else ""
    sentence = f"{when or f'After publication (from {published})'}: {_performance(summary, after)}"
    if base["percentile_after_publication"] is not None and summary["evaluated_choices"] > 1:
        rank = format_percentile(base["percentile_after_publication"])
        sentence += f", better than {rank} of the same {choice_noun(summary)}s"
    throughout = [leg for leg, weight in after["exposure_by_leg"].items() if weight == 1]
    return sentence + (f". It held {throughout[0]} throughout." if throughout else ".")


def _best_sentence(summary: Record, axes: Iterable[ReportAxis], favourable: float | None, searched: bool) -> str:
    around = "around it " * searched
    if base_is_best(summary):
        return f"No {choice_noun(summary)} {around}has a higher {BY_NAME[summary['objective']].label} in sample."
    best = summary["best"]
    sentence = f"Best {choice_noun(summary)} {around}in sample: {_performance(summary, best['in_sample'])}"
    conditions = [
        f"{axis.name} {axis.texts[axis.best]} instead of {axis.text(axis.base)}" for axis in axes if axis.favours_best
    ]
    if conditions and (favourable is None or _is_higher(summary, favourable)):
        sentence += f", with {' and '.join(conditions)}"
    if best["after_publication"] is not None:
        sentence += f"; after publication {_performance(summary, best['after_publication'])}"
    return sentence + "."


def _performance(summary: Record, metrics: Record) -> str:
    """The objective, the Sharpe ratio and the CAGR."""
    names = dict.fromkeys([summary["objective"], "sharpe", "cagr"])
    return ", ".join(f"{BY_NAME[name].label} {format_metric(metrics, name)}" for name in names)
