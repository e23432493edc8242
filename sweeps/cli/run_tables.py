"""What the command line shows of a finished run: summary, best variants, verdict, search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table

from gridproof.kernels.metrics import BY_NAME
from gridproof.results.conclusion import QUESTIONS
from gridproof.results.environments import environments_sentence
from gridproof.results.evidence.item import finding
from gridproof.results.report.sections.selections import HEADS, selection_rows
from gridproof.results.run.record import choice_noun, data_warnings
from gridproof.results.run.selection_record import SelectionRecord, selection_tables, selection_warnings
from gridproof.results.run.summary_record import ENTRY, NAV
from gridproof.sweeps.cli.console import bold, console, print_table

if TYPE_CHECKING:
    from gridproof.results.run.run import Run

_COLUMNS = ("sharpe", "cagr", "max_drawdown", "switches", "after.sharpe", "after.cagr")


def print_summary(result: Run, top: int) -> None:
    """Base and best beside each other, where the base stands, the ``top`` best variants and the verdict."""
    summary = result.summary
    base, best = summary["base"], summary["best"]
    counted = f"{summary['variants']:,} variants"
    if summary["sample"]:
        counted = f"{summary['evaluated']:,} of {counted}"
    if summary["choices"] < summary["variants"]:
        counted += f", {summary['evaluated_choices']:,} of them choices at the base's environment"
    console.print(
        bold(summary["study"]),
        f": {counted}, {summary['distinct']:,} distinct, backend {summary['backend']}",
        sep="",
    )
    if summary.get("kernel") == "daily":
        print_rate(summary["window"], result.timing, summary.get("kernel_for", [NAV]))
    who = {"base": base, "best": best} | {f"hold {leg}": held for leg, held in summary["hold"].items() if leg != "cash"}
    columns = {name: one["in_sample"] for name, one in who.items()}
    if base["after_publication"] is not None:
        columns |= {f"{name} after publication": one["after_publication"] for name, one in who.items()}
    table = Table("", *columns, box=None)
    for metric in ("sharpe", "cagr", "volatility", "max_drawdown", "switches"):
        table.add_row(metric, *(BY_NAME[metric].text(column.get(metric)) for column in columns.values()))
    for axis in summary["axes"]:
        if len(axis["values"]) > 1:
            name = axis["name"]
            table.add_row(name, str(base["parameters"][name]), str(best["parameters"][name]))
    print_table(table)
    noun = choice_noun(summary)
    if base["percentile"] is not None:
        line = f"By {summary['objective']} the base is better than {base['percentile']:.1f}% of all {noun}s in sample"
        later = base["percentile_after_publication"]
        console.print(line + (f", and than {later:.1f}% after publication." if later is not None else "."))
    if undefined := summary["histogram"]["undefined"]:
        console.print(f"The {summary['objective']} of {undefined:,} {noun}s is undefined.")
    print_selections(list(selection_tables(summary)))
    for warning in data_warnings(summary):
        console.print(f"warning: {warning}")
    if len(result.top(1)):
        _print_best(result, summary, top)
    if result.statistics:
        print_verdict(result)
    console.print(f"{result.place or result.folder}/report.html")


def print_rate(window: dict[str, Any], timing: dict[str, Any], reasons: list[str]) -> None:
    """How fast the daily kernel was, where this call evaluated variants."""
    days = window["days_in_sample"] + window["days_after_publication"]
    line = f"Evaluated day by day (daily kernel), since positions depend on the NAV: {days:,} days"
    if ENTRY in reasons:
        line = f"Evaluated day by day (daily kernel), since weights drift from the day of entry: {days:,} days"
    rate = timing.get("variant_days_per_second") or 0.0
    console.print(f"{line}, {rate:,.0f} variant-days a second." if rate else f"{line}.")


def print_selections(named: list[tuple[str, SelectionRecord]]) -> None:
    """Each selection held throughout, in the sweep and in the account, and where these differ materially."""
    if not named:
        return
    table = Table(*HEADS, box=None)
    for name, one in named:
        for row in selection_rows(name, one):
            table.add_row(*row)
    print_table(table)
    for name, one in named:
        for warning in selection_warnings(name, one):
            console.print(f"warning: {warning}")


def _print_best(result: Run, summary: dict[str, Any], top: int) -> None:
    frame = result.top(top)
    base = summary["base"]["parameters"]
    metrics = [name for name in _COLUMNS if name in frame]
    best = Table("rank", "equal", *metrics, "differs from the base in", box=None)
    for row in frame.to_dict("records"):  # a row as a Series would turn whole numbers into floats
        differs = ", ".join(f"{name}={row[name]}" for name, value in base.items() if row[name] != value)
        numbers = (BY_NAME[name.removeprefix("after.")].text(row[name]) for name in metrics)
        best.add_row(str(row["rank"]), f"{row['equal']:,}", *numbers, differs or "nothing: it is the base")
    print_table(best)


def print_verdict(result: Run) -> None:
    """The conclusion, the four answers here and in other environments, and the evidence."""
    statistics, conclusion = result.statistics, result.conclusion
    if conclusion:
        answers = Table("question", "answer", "number", "threshold", "deciding test", box=None)
        for question in QUESTIONS:
            one = conclusion[question]
            numbers = ("–" if one[key] is None else f"{one[key]:.3g}" for key in ("number", "threshold"))
            answers.add_row(question, one["answer"], *numbers, one["test"])
        console.print(bold(conclusion["sentence"]))
        print_table(answers)
        if sentence := environments_sentence(conclusion, statistics["environments"]):
            console.print(sentence)
    console.print("Evidence beside these answers (it decides none of them; nothing is added up):")
    table = Table("question", "what", "finding", "number", "threshold", "compared with", box=None)
    for one in statistics["evidence"]:
        table.add_row(
            one["question"], one["name"], finding(one), one["number"], one["threshold"] or "–", one["against"]
        )
    print_table(table)


def print_search(result: Run) -> None:
    """What was searched, and what it came to."""
    record = result.search
    trials, best, size = record["trials"], record["best"], f"10^{record['space']['digits']:.0f}"
    console.print(
        bold(record["study"]),
        f": {trials['finished']:,} trials in a space of about {size} variants, "
        f"{record['cells']:,} cells evaluated; {trials['pruned']:,} trials pruned (objective undefined), "
        f"{trials['repeated']:,} repeated another. Stopped: {record['stopped']}.",
        sep="",
    )
    names = [one["name"] for one in record["objectives"]]
    values = ", ".join(f"{name} {value:.4g}" for name, value in zip(names, best["values"], strict=True))
    console.print(f"Chosen: trial {best['number']}, {values}; {len(record['front'])} on the Pareto front.")
    if best["violation"]:
        console.print(f"It does not meet the requirements: {', '.join(record['require'])}.")
    if (walked := record["walk_forward"]) is not None:
        sharpe = BY_NAME["sharpe"].text(walked["sharpe"])
        console.print(f"Walk-forward: Sharpe {sharpe} out of sample, {len(walked['folds'])} folds.")
