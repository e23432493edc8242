"""Base and best beside what holding made on the same days: the first table of the page."""

from __future__ import annotations

from gridproof.kernels.metrics import BY_NAME
from gridproof.results.report.number_format import format_metric, format_value, join_words
from gridproof.results.report.sections.lookup import lookup
from gridproof.results.run.conclusion_record import MIX
from gridproof.results.run.record import Record

_SHOWN = ("cagr", "sharpe", "max_drawdown", "switches")
LABELS = tuple(BY_NAME[name].label for name in _SHOWN)


def holdings_section(summary: Record, statistics: Record | None, alone: bool = False) -> Record:
    """The sentence on holding, and a row for base, best, each leg and the constant mix: four numbers a segment.

    alone: the base is the only variant, so there is no best.
    """
    who = {"Base": summary["base"]} | ({} if alone else {"Best choice": summary["best"]})
    who |= {f"Hold {leg}": held for leg, held in summary["hold"].items()}
    mix = None if statistics is None else lookup(statistics, "who", MIX)
    if mix is not None:
        who["Constant mix"] = mix
    parts = [("In sample", "in_sample")]
    if summary["base"]["after_publication"] is not None:
        parts.append(("After publication", "after_publication"))
    rows = [
        (name, [[_text(one.get(key), metric) for metric in _SHOWN] for _, key in parts], name == "Base")
        for name, one in who.items()
    ]
    sentence = holding_sentence(summary)
    return {
        "groups": [title for title, _ in parts],
        "labels": LABELS,
        "rows": rows,
        "sentence": sentence,
        "mixed": mix is not None,
    }


def holding_sentence(summary: Record) -> str:
    """What the base and each leg made a year in sample, the leg with the highest CAGR first."""
    base = summary["base"]["in_sample"]
    legs = [(leg, held["in_sample"]) for leg, held in summary["hold"].items() if leg != "cash"]
    known = sorted(legs, key=lambda pair: -(pair[1]["cagr"] or 0.0))
    if not known:
        return ""
    made = [f"holding {leg} made {format_metric(held, 'cagr')} a year" for leg, held in known[:3]]
    risks = [
        f"{name} {format_metric(one, 'sharpe')} and {format_metric(one, 'max_drawdown')}"
        for name, one in (("the rule", base), (f"holding {known[0][0]}", known[0][1]))
    ]
    text = join_words(made)
    return (
        f"In sample, {text}, the rule {format_metric(base, 'cagr')}. "
        f"Sharpe ratio and deepest drawdown: {risks[0]}; {risks[1]}."
    )


def _text(metrics: Record | None, name: str) -> str:
    if metrics is None:
        return ""
    if metrics.get(name) is None and name == "switches":
        return "0"
    return format_value(metrics.get(name), BY_NAME[name].unit)
