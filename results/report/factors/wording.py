"""The sentences of a factor study: how many variants, which is best, and whether it survives."""

from __future__ import annotations

from typing import Any

from gridproof.results.report.number_format import (
    format_count,
    format_probability,
    format_value,
    format_with_error,
    minus,
    plural,
)


def conclusion(record: dict[str, Any]) -> list[str]:
    """The first sentences of the page and of the terminal; empty for a study without factors."""
    variants, verdict = record["variants"], record["verdict"]
    if not variants:
        return []
    window, settings = record["window"], record["settings"]
    factors = len({one["factor"] for one in variants})
    counted = f"{plural(len(variants), 'variant')} of {plural(factors, 'factor')}"
    first = f"{counted} measured on {window['days']:,} days, {window['from']} to {window['to']}."
    if verdict.get("best") is None:
        return [first, f"No verdict: {verdict['why']}."]
    best = variants[verdict["best"]]
    net = best["net"]
    cost = f"after costs of {100 * settings['cost']:g}%" if settings["cost"] else "before costs"
    second = (
        f"The best long–short portfolio {cost} is {best['label']}: {format_value(net['cagr'], 'percent')} a year, "
        f"Sharpe ratio {format_value(net['sharpe'], 'ratio')}. {survival(best, verdict)}"
    )
    return [first, second, information(variants)]


def survival(one: dict[str, Any], verdict: dict[str, Any]) -> str:
    """Whether a variant remains after correction for the search, with the numbers and their thresholds."""
    if one["untested"]:
        return f"It is not tested: {one['untested']}."
    stepwise, deflated = bool(one["superior"]), (one["deflated_sharpe"] or 0.0) >= verdict["needed"]
    percent = f"{100 * verdict['level']:g}%"
    kept = f"{verdict['superior']} of {plural(verdict['tested'], 'variant')} kept"
    tests = (
        f"StepM at {percent} {'keeps it' if stepwise else 'does not keep it'} ({kept}), and its deflated Sharpe ratio "
        f"for {plural(verdict['trials'], 'trial')} is {format_probability(one['deflated_sharpe'])}, which needs "
        f"{verdict['needed']:g}"
    )
    if stepwise and deflated:
        return f"It survives correction for the search: {tests}."
    if not stepwise and not deflated:
        return f"It does not survive correction for the search: {tests}."
    return f"Only one of two tests supports it: {tests}."


def information(variants: list[dict[str, Any]]) -> str:
    """The variant with the clearest rank correlation at the first horizon, in either direction."""
    known = [one for one in variants if one["horizons"][0]["t"] is not None]
    if not known:
        return "No rank correlation could be measured."
    clear = max(known, key=lambda one: abs(one["horizons"][0]["t"]))
    first = clear["horizons"][0]
    days = f"{first['days']} day{'s' * (first['days'] != 1)}"
    mean, t = minus(f"{first['ic_mean']:z.3f}"), minus(f"{first['t']:z.1f}")
    direction = "" if first["ic_mean"] > 0 else " It points the other way: stocks with low values did better."
    return (
        f"The clearest rank correlation with the return over {days} is that of {clear['label']}: mean IC "
        f"{mean}, Newey–West t {t}, not corrected for the number of variants.{direction}"
    )


def facts(record: dict[str, Any]) -> list[tuple[str, str]]:
    """What was measured and how, as name and text."""
    settings, panel, verdict = record["settings"], record["panel"], record["verdict"]
    interval = "every day" if settings["every"] == 1 else f"every {settings['every']} days"
    found = [
        ("Panel", f"{panel['file']}: {panel['stocks']:,} stocks, {panel['rows']:,} rows"),
        ("Universe", "; ".join(f"{name}: {text}" if text else name for name, text in record["universe"].items())),
        (
            "Timing",
            f"the factor at the close of day t earns from day t + {settings['lag']} on; {settings['quantiles']} "
            f"quantiles, formed {interval}, equal weights",
        ),
        ("Cost", f"{100 * settings['cost']:g}% of the traded value, on both sides"),
    ]
    if verdict is not None and verdict.get("best") is not None:
        found += [
            (
                "Trials",
                f"{format_count(verdict['trials'])} variants were ever measured on this panel (ledger); those of this "
                f"study move like {verdict['effective_trials']:.1f} independent ones",
            ),
            (
                "Best of all",
                f"p-value {_p_value(verdict['p_value'], verdict['p_value_error'])} (SPA, Hansen): the chance "
                "that the best of so many without skill looks as good; "
                f"Sharpe ratio to expect of the best without skill: {format_value(verdict['threshold'], 'ratio')}. "
                "With the variance of the variants' own Sharpe ratios, as in Bailey and López de Prado, which counts "
                "differences between true factors as luck, the deflated Sharpe ratio of the best is "
                f"{format_probability(verdict['deflated_sharpe_across_variants'])}",
            ),
        ]
    return found


def _p_value(value: float | None, error: float | None) -> str:
    """A p-value with its Monte Carlo error; where no resample reached the statistic, the error is its bound."""
    return format_with_error(value, error) if value or not error else f"< {format_probability(error)}"
