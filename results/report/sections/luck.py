"""Section 3: what luck alone gives the best of a sweep, and where the real best and the base lie in that."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gridproof.results.report.figures import BEST, INK, LUCK, Figure
from gridproof.results.report.histogram import Mark, histogram_figure
from gridproof.results.report.sections.absence import absence, found, one_missing, whole
from gridproof.results.report.sections.luck_figure import FigureRow, with_null, with_strips
from gridproof.results.report.sections.method import bootstrap_line, sample_line
from gridproof.results.report.wording import METRICS, count, number, probability, share, with_error
from gridproof.results.run.record import Record


def luck_section(statistics: Record, summary: Record, marks: Sequence[Mark], searched: bool = False) -> Record:
    """The sweep's histogram with the null maximum over it and the shifted sweeps below; tests; findings.

    marks: base, best and legs on the objective. Where that is not the Sharpe ratio the null maximum, which is one,
    gets a figure of its own. searched: base and best come of a search, whose cells are what the tests are over.
    """
    label, kind = METRICS[summary["objective"]]
    form = ".1%" if kind == "percent" else ".2f"
    null, placebo = _null(statistics), whole(found(statistics, "luck", "placebo"), "sweeps", "best", "at_least")
    figure = histogram_figure(summary["histogram"], marks, label, form)
    second: Figure | None = None
    swept, shifted = _placebo_strips(placebo), _shift_strips(statistics)
    if summary["objective"] != "sharpe":
        if null is not None:
            sharpe_marks: list[Mark] = [
                (f"{who} {number(summary[who]['in_sample']['sharpe'], 'ratio')}", value, colour, dash)
                for who, colour, dash in (("base", INK, "solid"), ("best", BEST, "dash"))
                if (value := summary[who]["in_sample"]["sharpe"]) is not None
            ]
            second = histogram_figure(null, sharpe_marks, "Sharpe", ".2f")
        if second is not None:
            second["data"][0]["marker"]["color"] = "rgba(106,81,163,0.5)"
            second["data"][0]["hovertemplate"] = "%{y:,.0f} resamples<extra></extra>"
            second["layout"]["yaxis"]["title"]["text"] = "Resamples"
            second = with_strips(second, shifted)
        figure = with_strips(figure, swept) if figure is not None else None
    elif figure is not None:
        figure = with_strips(with_null(figure, null) if null is not None else figure, [*swept, *shifted])
    return {
        "figure": figure,
        "null_figure": second,
        "null": _null_sentence(statistics, searched) or absence(statistics, "luck", "null_best_sharpe"),
        "placebo": _placebo_sentence(placebo, summary, searched) or absence(statistics, "luck", "placebo"),
        "shift": _shift_rows(statistics) or absence(statistics, "shift"),
        "benchmarks": _benchmarks(statistics) or absence(statistics, "luck", "benchmarks"),
        "missing": one_missing(statistics, "shift"),
        "bootstrap": bootstrap_line(statistics),
        "sample": sample_line(statistics, searched),
    }


def quantile(histogram: Record, level: float) -> float | None:
    """The value below which a share ``level`` of a histogram lies, even within a bin; None of an empty one."""
    edges, counts = _arrays(histogram)
    if not counts.sum():
        return None
    below = np.concatenate([[0.0], np.cumsum(counts)]) / counts.sum()
    place = int(np.clip(np.searchsorted(below, level) - 1, 0, len(counts) - 1))
    part = (level - below[place]) / (below[place + 1] - below[place])
    return float(edges[place] + part * (edges[place + 1] - edges[place]))


def share_at_least(histogram: Record, value: float) -> float | None:
    """The share of a histogram at ``value`` or above, even within a bin; None of an empty one."""
    edges, counts = _arrays(histogram)
    if not counts.sum():
        return None
    below = np.concatenate([[0.0], np.cumsum(counts)]) / counts.sum()
    return float(1.0 - np.interp(value, edges, below))


def luck_alone(statistics: Record, searched: bool = False) -> str:
    """The headline's sentences: what the best of this sweep would show were no variant any good, how often its best."""
    null = _null(statistics)
    if null is None or (middle := quantile(null, 0.5)) is None:
        return ""
    what = "search" if searched else "sweep"
    text = f"Luck alone: were no variant any better than cash, the best of this {what} would still show Sharpe \
{number(middle, 'ratio')} in the middle case and {number(quantile(null, 0.95), 'ratio')} in one of twenty."
    best = found(statistics, "luck", "observed_best")
    if best is None:
        return text
    return f"{text} The best shows {number(best, 'ratio')}: luck reaches that in {_reached(null, best)}."


def _null(statistics: Record) -> Any:
    return whole(found(statistics, "luck", "null_best_sharpe"), "edges", "counts")


def _null_sentence(statistics: Record, searched: bool) -> str:
    text, base = luck_alone(statistics, searched), found(statistics, "luck", "observed_base")
    if not text or base is None or base == found(statistics, "luck", "observed_best"):
        return text
    reached = _reached(_null(statistics), base)
    if searched:
        return f"{text} The base's {number(base, 'ratio')} it reaches in {reached}; and the base was chosen from all \
cells, of which its interval above and its shifted positions below know nothing."
    return f"{text} The base's {number(base, 'ratio')} it reaches in {reached}; but nobody picked the base as the best \
of this sweep, so for the base alone see its interval above and its shifted positions below."


def _reached(null: Record, value: float) -> str:
    """ "23.5 % ± 1.3 % of 1,000 resamples" """
    part, resamples = share_at_least(null, value), int(_arrays(null)[1].sum())
    assert part is not None
    error = math.sqrt(part * (1 - part) / resamples)
    return f"{number(part, 'percent')} ± {number(error, 'percent')} of {resamples:,} resamples"


def _placebo_sentence(placebo: Record | None, summary: Record, searched: bool) -> str:
    if placebo is None:
        return ""
    sweeps, reached, p_value = placebo["sweeps"], placebo["at_least"], placebo.get("p_value")
    error = None if p_value is None else math.sqrt(p_value * (1 - p_value) / sweeps)
    text = (
        f"In {reached:,} of {sweeps:,} sweeps over shifted signals the best came out at least as high as the real one: \
p = {with_error(p_value, error)}."
    )
    places = np.asarray([place for place in placebo.get("base_percentile") or [] if place is not None], dtype=float)
    real = summary["base"].get("percentile")
    if places.size and real is not None and not searched:  # a search's base has its place among other variants
        low, middle, high = (share(float(value)) for value in np.quantile(places, [0.05, 0.5, 0.95]))
        text += (
            f" The base's cell was there better than {middle} of the variants in the middle case ({low} to {high} in \
nine of ten), here it is better than {share(real)}."
        )
    return text


def _placebo_strips(placebo: Record | None) -> list[FigureRow]:
    if placebo is None:
        return []
    values = [value for value in placebo["best"] if value is not None]
    return [FigureRow("best of each<br>shifted sweep", LUCK, tuple(values), None)]


def _shift_strips(statistics: Record) -> list[FigureRow]:
    strips = []
    for who, colour in (("base", INK), ("best", BEST)):
        quantiles = found(statistics, "shift", who, "quantiles")
        if quantiles is not None and None not in (ends := [quantiles.get(key) for key in ("0.05", "0.5", "0.95")]):
            strips.append(FigureRow(f"{who}, its<br>positions shifted", colour, (), (ends[0], ends[1], ends[2])))
    return strips


def _shift_rows(statistics: Record) -> list[list[str]]:
    """Who, Sharpe, p, how many of how many shifts reach it, and the middle nine tenths of the shifts."""
    rows = []
    for who in ("base", "best"):
        one = found(statistics, "shift", who)
        if one is not None:
            reached = f"{count(one.get('at_least'))} of {count(one.get('shifts'))}"
            ends = one.get("quantiles") or {}
            between = " to ".join(number(ends.get(key), "ratio") for key in ("0.05", "0.95"))
            observed, p_value = number(one.get("observed"), "ratio"), probability(one.get("p_value"))
            rows.append([who.capitalize(), observed, p_value, reached, number(ends.get("0.5"), "ratio"), between])
    return rows


def _benchmarks(statistics: Record) -> list[list[str]]:
    """Against what, SPA consistent (with its error), lower, upper, reality check, StepM count, whether the base."""
    rows = []
    for one in found(statistics, "luck", "benchmarks") or []:
        spa, check, steps = (one.get(key) or {} for key in ("spa", "reality_check", "stepwise"))
        error = spa.get("monte_carlo_error")
        tested = [with_error(spa.get("consistent"), error), probability(spa.get("lower"))]
        tested += [probability(spa.get("upper")), with_error(check.get("p_value"), check.get("monte_carlo_error"))]
        found_better = "–" if steps.get("rejected") is None else f"{steps['rejected']:,}"
        base = "–" if steps.get("base_rejected") is None else "yes" if steps["base_rejected"] else "no"
        level = "" if steps.get("level") is None else f" at {steps['level']:g}"
        rows.append([one["name"], *tested, f"{found_better}{level}", base])
    return rows


def _arrays(histogram: Record) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    return np.asarray(histogram["edges"], dtype=np.float64), np.asarray(histogram["counts"], dtype=np.float64)
