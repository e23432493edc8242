"""Section 3: the best of the sweep against its distribution without any edge, and tests of base and best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gridproof.kernels.metrics import BY_NAME
from gridproof.results.report.figures import BEST, INK, NULL, Figure
from gridproof.results.report.histogram import Mark, histogram_figure
from gridproof.results.report.number_format import (
    UNDEFINED,
    format_count,
    format_percentile,
    format_probability,
    format_value,
    format_with_error,
    join_words,
    minus,
)
from gridproof.results.report.sections.data_snooping_figure import FigureRow, with_null, with_rows
from gridproof.results.report.sections.lookup import lookup, missing_of_two, not_computable, with_keys
from gridproof.results.report.sections.method import bootstrap_line, sample_line
from gridproof.results.run.record import Record


def data_snooping_section(statistics: Record, summary: Record, marks: Sequence[Mark], searched: bool = False) -> Record:
    """The histogram with the null distribution of the best over it and the placebo sweeps below; tests; findings.

    marks: base, best and legs on the objective. The null distribution is one of Sharpe ratios: where the objective is
    another metric, it gets a figure of its own. searched: a search found base and best; the tests are over the
    variants that it evaluated.
    """
    metric, sharpe = BY_NAME[summary["objective"]], BY_NAME["sharpe"]
    null, placebo = (
        _null(statistics),
        with_keys(lookup(statistics, "data_snooping", "placebo"), "sweeps", "best", "at_least"),
    )
    figure = histogram_figure(summary["histogram"], marks, metric)
    null_figure: Figure | None = None
    placebo_rows, shift_rows = _placebo_rows(placebo), _shift_figure_rows(statistics)
    if metric is not sharpe:
        if null is not None:
            sharpe_marks: list[Mark] = [
                (f"{who} {format_value(value, sharpe.unit)}", value, colour, dash)
                for who, colour, dash in (("base", INK, "solid"), ("best", BEST, "dash"))
                if (value := summary[who]["in_sample"]["sharpe"]) is not None
            ]
            null_figure = histogram_figure(null, sharpe_marks, sharpe)
        if null_figure is not None:
            null_figure["data"][0]["marker"]["color"] = "rgba(106,81,163,0.5)"
            null_figure["data"][0]["hovertemplate"] = "%{y:,.0f} resamples<extra></extra>"
            null_figure["layout"]["yaxis"]["title"]["text"] = "Resamples"
            null_figure = with_rows(null_figure, shift_rows)
        figure = with_rows(figure, placebo_rows) if figure is not None else None
    elif figure is not None:
        figure = with_rows(with_null(figure, null) if null is not None else figure, [*placebo_rows, *shift_rows])
    return {
        "figure": figure,
        "null_figure": null_figure,
        "null": _null_finding(statistics, searched) or not_computable(statistics, "data_snooping", "null_best_sharpe"),
        "placebo": _placebo_finding(placebo, summary, searched)
        or not_computable(statistics, "data_snooping", "placebo"),
        "own_price": _own_price(statistics),
        "shift": _shift_table(statistics) or not_computable(statistics, "shift"),
        "benchmarks": _benchmarks(statistics) or not_computable(statistics, "data_snooping", "benchmarks"),
        "missing": missing_of_two(statistics, "shift"),
        "bootstrap": bootstrap_line(statistics),
        "sample": sample_line(statistics, searched),
    }


def _own_price(statistics: Record | None) -> str:
    """What the signals read of the legs' prices, in words; empty where they read none."""
    if lookup(statistics or {}, "questions", "timing", "null") != "signs":
        return ""
    found = lookup(statistics or {}, "method", "own_price") or []
    stops = [one for one in found if one["series"] in _STOPS]
    texts = [_price_in(one) for one in found if one not in stops]
    for series, text in _STOPS.items():
        if legs := [one["leg"] for one in stops if one["series"] == series]:
            texts.append(f"{text} {join_words(legs)}")
    return f" ({'; '.join(texts)})" if found else " "


_STOPS = {"stop": "a stop watches the price of", "nav": "positions depend on the NAV, which is made of the price of"}


def _price_in(one: Record) -> str:
    """Which series holds the price of which leg."""
    if one["correlation"] is not None:
        correlation = minus(f"{one['correlation']:.3f}")
        return f"{one['series']} moves with {one['leg']} (correlation {correlation})"
    if one["series"] == "panel":
        return f"a signal is made of the panel from which {one['leg']} selects"
    return f"{one['series']} is {one['leg']}'s price"


def quantile(histogram: Record, level: float) -> float | None:
    """The value below which a share ``level`` of a histogram lies, linear within a bin; None of an empty one."""
    edges, counts = _arrays(histogram)
    if not counts.sum():
        return None
    below = np.concatenate([[0.0], np.cumsum(counts)]) / counts.sum()
    bin_number = int(np.clip(np.searchsorted(below, level) - 1, 0, len(counts) - 1))
    part = (level - below[bin_number]) / (below[bin_number + 1] - below[bin_number])
    return float(edges[bin_number] + part * (edges[bin_number + 1] - edges[bin_number]))


def share_at_least(histogram: Record, value: float) -> float | None:
    """The share of a histogram at ``value`` or above, linear within a bin; None of an empty one."""
    edges, counts = _arrays(histogram)
    if not counts.sum():
        return None
    below = np.concatenate([[0.0], np.cumsum(counts)]) / counts.sum()
    return float(1.0 - np.interp(value, edges, below))


def null_best_sentence(statistics: Record, searched: bool = False) -> str:
    """For the headline: the best Sharpe ratio by chance, and how often it reaches the observed best; may be empty."""
    null = _null(statistics)
    if null is None or (median := quantile(null, 0.5)) is None:
        return ""
    text = (
        f"Data snooping: if no variant had an edge over cash, the best of this {'search' if searched else 'sweep'} "
        f"would still show a median Sharpe ratio of {format_value(median, 'ratio')} "
        f"(95th percentile {format_value(quantile(null, 0.95), 'ratio')})."
    )
    best = lookup(statistics, "data_snooping", "observed_best")
    if best is None:
        return text
    return f"{text} The observed best of {format_value(best, 'ratio')} is reached in {_reached(null, best)}."


def _null(statistics: Record) -> Any:
    return with_keys(lookup(statistics, "data_snooping", "null_best_sharpe"), "edges", "counts")


def _null_finding(statistics: Record, searched: bool) -> str:
    text, base = null_best_sentence(statistics, searched), lookup(statistics, "data_snooping", "observed_base")
    if not text or base is None or base == lookup(statistics, "data_snooping", "observed_best"):
        return text
    text += f" The base's {format_value(base, 'ratio')} is reached in {_reached(_null(statistics), base)}."
    if searched:
        return (
            f"{text} The search chose the base from all variants that it evaluated; the base's interval (section 2) "
            "and its shifted positions (below) do not correct for that choice."
        )
    return (
        f"{text} The base was not chosen as the best of this sweep: for the base alone see its interval (section 2) "
        "and its shifted positions (below)."
    )


def _reached(null: Record, value: float) -> str:
    """ "23.5% ± 1.3% of 1,000 resamples", "none of 1,000 resamples" """
    part, resamples = share_at_least(null, value), int(_arrays(null)[1].sum())
    assert part is not None
    if part == 0.0:
        return f"none of {resamples:,} resamples"
    error = math.sqrt(part * (1 - part) / resamples)
    return f"{format_value(part, 'percent')} ± {format_value(error, 'percent')} of {resamples:,} resamples"


def _placebo_finding(placebo: Record | None, summary: Record, searched: bool) -> str:
    if placebo is None:
        return ""
    sweeps, reached, p_value = placebo["sweeps"], placebo["at_least"], placebo.get("p_value")
    error = None if p_value is None else math.sqrt(p_value * (1 - p_value) / sweeps)
    text = (
        f"In {reached:,} of {sweeps:,} placebo sweeps over signals shifted in time, the best was at least as high as "
        f"the observed best: p = {format_with_error(p_value, error)}."
    )
    ranks = np.asarray([rank for rank in placebo.get("base_percentile") or [] if rank is not None], dtype=float)
    observed = summary["base"].get("percentile")
    if ranks.size and observed is not None and not searched:  # the variants around a search's base are others
        low, median, high = (format_percentile(float(value)) for value in np.quantile(ranks, [0.05, 0.5, 0.95]))
        text += (
            f" In these sweeps the base's parameters were better than a median of {median} of the variants "
            f"(90% of the sweeps: {low} to {high}); here they are better than {format_percentile(observed)}."
        )
    return text


def _placebo_rows(placebo: Record | None) -> list[FigureRow]:
    if placebo is None:
        return []
    values = [value for value in placebo["best"] if value is not None]
    return [FigureRow("best of each<br>placebo sweep", NULL, tuple(values), None)]


def _shift_figure_rows(statistics: Record) -> list[FigureRow]:
    rows = []
    for who, colour in (("base", INK), ("best", BEST)):
        quantiles = lookup(statistics, "shift", who, "quantiles")
        if quantiles is not None and None not in (ends := [quantiles.get(key) for key in ("0.05", "0.5", "0.95")]):
            rows.append(FigureRow(f"{who}, shifted<br>positions", colour, (), (ends[0], ends[1], ends[2])))
    return rows


def _shift_table(statistics: Record) -> list[list[str]]:
    """Who, Sharpe ratio, p, how many of how many shifts reach it, median and 5th to 95th percentile of the shifts."""
    rows = []
    for who in ("base", "best"):
        one = lookup(statistics, "shift", who)
        if one is not None:
            reached = f"{format_count(one.get('at_least'))} of {format_count(one.get('shifts'))}"
            ends = one.get("quantiles") or {}
            between = " to ".join(format_value(ends.get(key), "ratio") for key in ("0.05", "0.95"))
            observed, p_value = format_value(one.get("observed"), "ratio"), format_probability(one.get("p_value"))
            median = format_value(ends.get("0.5"), "ratio")
            rows.append([who.capitalize(), observed, p_value, reached, median, between])
    return rows


def _benchmarks(statistics: Record) -> list[list[str]]:
    """Benchmark, SPA consistent with its error, lower, upper, reality check, variants that StepM rejects, base."""
    rows = []
    for one in lookup(statistics, "data_snooping", "benchmarks") or []:
        spa, check, steps = (one.get(key) or {} for key in ("spa", "reality_check", "stepwise"))
        tests = [format_with_error(spa.get("consistent"), spa.get("monte_carlo_error"))]
        tests += [format_probability(spa.get(end)) for end in ("lower", "upper")]
        tests += [format_with_error(check.get("p_value"), check.get("monte_carlo_error"))]
        better = UNDEFINED if steps.get("rejected") is None else f"{steps['rejected']:,}"
        base = UNDEFINED if steps.get("base_rejected") is None else "yes" if steps["base_rejected"] else "no"
        level = "" if steps.get("level") is None else f" at {steps['level']:g}"
        rows.append([one["name"], *tests, f"{better}{level}", base])
    return rows


def _arrays(histogram: Record) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    return np.asarray(histogram["edges"], dtype=np.float64), np.asarray(histogram["counts"], dtype=np.float64)
