"""The report's numbers and sentences."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from gridproof.results.report.axis import ReportAxis
from gridproof.results.run.record import Record

# metric -> (label, how it is written); the order is the order of the tables
METRICS = {
    "sharpe": ("Sharpe", "ratio"),
    "cagr": ("CAGR", "percent"),
    "total_return": ("Total return", "percent"),
    "volatility": ("Volatility", "percent"),
    "max_drawdown": ("Max drawdown", "percent"),
    "calmar": ("Calmar", "ratio"),
    "sortino": ("Sortino", "ratio"),
    "skewness": ("Skewness", "ratio"),
    "kurtosis": ("Kurtosis (raw)", "ratio"),
    "switches": ("Switches", "count"),
    "turnover": ("Turnover a year", "ratio"),
    "exposure": ("Exposure", "percent"),
}


def number(value: float | None, kind: str) -> str:
    """A metric as text: 0.381 is "38.1 %" as percent, "0.38" as ratio; a dash where undefined.

    A ratio that needs more than four digits before the point divides by next to nothing and is only bounded.
    """
    if value is None or not math.isfinite(value):
        return "–"
    if kind == "percent":
        return f"{100 * value:z,.1f}\u00a0%".replace("-", "−")
    if kind == "ratio" and abs(value) >= 10_000:
        return ("<\u00a0−" if value < 0 else ">\u00a0") + "9,999"
    return f"{value:z,.{0 if kind == 'count' else 2}f}".replace("-", "−")


def metric(metrics: Record, name: str) -> str:
    return number(metrics[name], METRICS[name][1])


def probability(value: float | None) -> str:
    """A probability with three decimals, or as many as keep it from reading 0 or 1 when it is neither."""
    if value is None or not math.isfinite(value):
        return "–"
    if 0 < value < 1e-6:
        return "<\u00a00.000001"
    if 1 - 1e-6 < value < 1:
        return ">\u00a00.999999"
    digits = next((d for d in range(3, 7) if 0 < float(f"{value:.{d}f}") < 1), 3)
    return f"{value:.{digits}f}"


def with_error(value: float | None, error: float | None) -> str:
    """A p-value and its Monte-Carlo error: "0.020 ± 0.004"."""
    text = probability(value)
    return text if value is None or error is None else f"{text}\u00a0±\u00a0{error:.{4 if 0 < error < 0.001 else 3}f}"


def interval(ends: Sequence[float | None] | None) -> str:
    """Two ratios: "0.90 to 1.90"; a dash where there are none."""
    if ends is None or any(end is None for end in ends):
        return "–"
    return f"{number(ends[0], 'ratio')}\u00a0to\u00a0{number(ends[1], 'ratio')}"


def trials(value: float | None) -> str:
    """A count that need not be whole: 3.2, 1,107,288; rounded from a hundred on."""
    if value is None or not math.isfinite(value):
        return "–"
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:,.1f}"


def count(value: int | None) -> str:
    return number(value, "count")


def who_label(name: str) -> str:
    """ "hold cash" as the tables write it: Hold cash."""
    return name[:1].upper() + name[1:]


def listing(words: Sequence[str]) -> str:
    """a, b and c."""
    return ", ".join(words[:-1]) + f" and {words[-1]}" if len(words) > 1 else "".join(words)


def share(percentile: float) -> str:
    """A percentile with as many decimals as keep it from reading 0 or 100 when it is neither."""
    digits = next((d for d in range(1, 8) if 0 < float(f"{percentile:.{d}f}") < 100), 1)
    return f"{percentile:.{digits}f}\u00a0%"


def headline(
    summary: Record, axes: Iterable[ReportAxis], easier: float | None, search: Record | None = None
) -> list[str]:
    """Three sentences at most: the base in sample, the base afterwards, the best of all variants.

    easier: as in ``eased``; where easier terms lift the base, they are named with the best. search: as in
    search.json, where the base is what a search found and the variants are those around it.
    """
    return [
        _base_sentence(summary, search),
        _after_sentence(summary, search is not None),
        *([_best_sentence(summary, axes, easier, search is not None)] if summary["evaluated"] > 1 else []),
    ]


def unbeaten(summary: Record) -> bool:
    base, best, objective = summary["base"], summary["best"], summary["objective"]
    return bool(base["index"] == best["index"] or base["in_sample"][objective] == best["in_sample"][objective])


def difference(axes: Iterable[ReportAxis]) -> str:
    """Where the best lies apart from the base, easier terms first; empty where nowhere."""
    apart = sorted((axis for axis in axes if axis.differs), key=lambda axis: not axis.eased)
    moves = [f"{axis.name}\u00a0{axis.texts[axis.base]}\u00a0→\u00a0{axis.text(axis.best)}" for axis in apart]
    return f"From base to best: {', '.join(moves)}." if moves else ""


def eased(summary: Record, axes: Iterable[ReportAxis], value: float | None) -> str:
    """What easier terms alone do for the base; value: its objective on them, None where unknown."""
    label, kind = METRICS[summary["objective"]]
    terms = [f"{axis.name} {axis.text(axis.best)}" for axis in axes if axis.eased]
    if not terms or value is None:
        return ""
    before = metric(summary["base"]["in_sample"], summary["objective"])
    if not _lifted(summary, value):
        return f"Alone, {' and '.join(terms)} would not lift the base's {label}."
    return f"With {' and '.join(terms)} alone, the base would have {label} {number(value, kind)} instead of {before}."


def _lifted(summary: Record, value: float) -> bool:
    """Whether an objective is visibly above the base's."""
    before, kind = summary["base"]["in_sample"][summary["objective"]], METRICS[summary["objective"]][1]
    return before is not None and value > before and number(value, kind) != number(before, kind)


def hindsight(base: Record) -> str:
    """What the backtest would gain by looking ahead; empty where no signal has turning points."""
    if "hindsight" not in base:
        return ""
    ahead, traded = base["hindsight"], base["in_sample"]
    sentence = (
        "Had every turning point been known on the day it happened, which nobody can trade, "
        f"the base would have Sharpe {metric(ahead, 'sharpe')} and CAGR {metric(ahead, 'cagr')} in sample "
        f"instead of {metric(traded, 'sharpe')} and {metric(traded, 'cagr')}"
    )
    if ahead["sharpe"] is None or traded["sharpe"] is None:
        return f"{sentence}."
    gain = round(ahead["sharpe"] - traded["sharpe"], 2)
    return f"{sentence}: looking ahead would gain {f'{gain:.2f} of Sharpe' if gain > 0 else 'nothing'}."


def _base_sentence(summary: Record, search: Record | None) -> str:
    base = summary["base"]
    who = "The published cell" if search is None else f"Found by a search of {trials(search.get('cells'))} cells"
    sentence = f"{who}: {_said(summary, base['in_sample'])}"
    if summary["evaluated"] == 1:
        return f"{sentence} in sample; it is the only variant tried."
    of = f"{summary['variants']:,} variants"
    if summary["sample"] is not None:
        of = f"{summary['evaluated']:,} variants drawn from {summary['variants']:,},"
    elif summary["distinct"] < summary["variants"]:
        of += f" ({summary['distinct']:,} distinct)"
    if search is not None:
        if base["percentile"] is None:
            return f"{sentence} in sample; it has no place among the {of.rstrip(',')} around it."
        return f"{sentence} in sample; among the {of.rstrip(',')} around it, better than {share(base['percentile'])}."
    if base["percentile"] is None:
        return f"{sentence} in sample; it has no place among {of.rstrip(',')}."
    return f"{sentence}, better than {share(base['percentile'])} of {of} in sample."


def _after_sentence(summary: Record, searched: bool) -> str:
    base, published = summary["base"], summary["window"]["published"]
    if published is None and searched:
        return "The study names no publication date: the search saw every day, everything here is in sample."
    if published is None:
        return "The study names no publication date: everything here is in sample."
    after = base["after_publication"]
    if after is None:
        return f"No day of the window lies after publication ({published})."
    when = f"On the days that the search did not see (from {published})" if searched else ""
    sentence = f"{when or f'After publication (from {published})'}: {_said(summary, after)}"
    if base["percentile_after_publication"] is not None and summary["evaluated"] > 1:
        sentence += f", better than {share(base['percentile_after_publication'])} of them"
    throughout = [leg for leg, weight in after["exposure_by_leg"].items() if weight == 1]
    return sentence + (f"; it held {throughout[0]} throughout." if throughout else ".")


def _best_sentence(summary: Record, axes: Iterable[ReportAxis], easier: float | None, searched: bool) -> str:
    if unbeaten(summary):
        return f"No variant {'around it ' * searched}beats it in sample."
    best = summary["best"]
    sentence = f"The best variant {'around it ' * searched}in sample: {_said(summary, best['in_sample'])}"
    terms = [f"{axis.name} {axis.texts[axis.best]} instead of {axis.text(axis.base)}" for axis in axes if axis.eased]
    if terms and (easier is None or _lifted(summary, easier)):
        sentence += f", with {' and '.join(terms)}"
    if best["after_publication"] is not None:
        sentence += f"; after publication {_said(summary, best['after_publication'])}"
    return sentence + "."


def _said(summary: Record, metrics: Record) -> str:
    names = dict.fromkeys([summary["objective"], "sharpe", "cagr"])
    return ", ".join(f"{METRICS[name][0]} {metric(metrics, name)}" for name in names)
