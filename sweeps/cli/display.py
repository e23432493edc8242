"""What the command line shows: progress, summaries, the catalogue."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, ProgressColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from gridproof.results.ledger.ledger import LedgerRow, ledger_record
from gridproof.results.run.run import Run
from gridproof.signals.catalogue import Measure
from gridproof.sweeps.execution.observer import RunObserver
from gridproof.sweeps.plan.point import Point

console = Console(highlight=False, soft_wrap=True)
# Tables are as wide as they need; a narrow terminal wraps their lines, nothing is cut.
_tables = Console(highlight=False, width=1000)
# Where there is no terminal, a line of progress at least so often, in seconds.
_LINE_EVERY = 10.0
# What the stages that count a person's units count.
_UNITS = {"sweep": "variants", "search": "trials"}
# Nodes of a cluster whose rates are shown one by one.
_NODES_NAMED = 8
_COLUMNS = ("sharpe", "cagr", "max_drawdown", "switches", "after.sharpe", "after.cagr")


class _Rate(ProgressColumn):
    """Variants a second of the sweep in this call; what an earlier call finished does not count."""

    def render(self, task: Task) -> Text:
        return Text("" if not task.fields.get("new") else _rate(task.fields.get("new", 0), task.elapsed or 0.0))


class _Each(ProgressColumn):
    """The nodes of a cluster, or what else a stage says of itself."""

    def render(self, task: Task) -> Text:
        return Text(str(task.fields.get("each", "")))


class ProgressLines(RunObserver):
    """Progress where there is no terminal: a plain line now and then."""

    def __init__(self) -> None:
        self._stage = self._detail = ""
        self._began = self._shown = time.monotonic()
        self._rates: Mapping[str, float] = {}

    def progress(self, stage: str, done: int, total: int, new: int = 0, detail: str = "") -> None:
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._detail, self._began, self._shown = stage, "", now, now
        due = now - self._shown >= _LINE_EVERY
        if stage not in _UNITS:
            if due or detail not in ("", self._detail):
                self._shown, self._detail = now, detail
                console.print(f"{stage}: {detail or f'{done:,} of {total:,}'}", markup=False)
            return
        resumed = new == 0 and done > 0
        if not (due or resumed or done == total):
            return
        self._shown, left, seconds = now, total - done, now - self._began
        rate = f", {_rate(new, seconds)}" if stage == "sweep" else ""
        ahead = f", {left / new * seconds:,.0f} s to go" if new and left else ""
        more = f", {detail}" if detail else ""
        console.print(f"{done:,} of {total:,} {_UNITS[stage]}{more}{rate}{ahead}{_each(self._rates)}", markup=False)

    def nodes(self, rates: Mapping[str, float]) -> None:
        self._rates = rates

    def notice(self, text: str) -> None:
        console.print(text, markup=False)


class ProgressBars(RunObserver):
    """Progress on a terminal: one bar for each stage."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar
        self._stage = ""
        self._task: TaskID | None = None

    def progress(self, stage: str, done: int, total: int, new: int = 0, detail: str = "") -> None:
        if stage != self._stage or self._task is None:
            self._stage = stage
            self._task = self._bar.add_task(stage, total=total, completed=done)
        self._bar.update(self._task, completed=done, new=new if stage == "sweep" else 0, each=detail)

    def nodes(self, rates: Mapping[str, float]) -> None:
        if self._task is not None:
            self._bar.update(self._task, each=_each(rates))

    def notice(self, text: str) -> None:
        console.print(text, markup=False)


@contextmanager
def show_progress() -> Iterator[RunObserver]:
    """Bars on a terminal; elsewhere plain lines."""
    if not console.is_terminal:
        yield ProgressLines()
        return
    count = TextColumn("{task.completed:,} of {task.total:,}")
    columns = (TextColumn("{task.description}"), BarColumn(), count, _Rate(), TimeRemainingColumn(), _Each())
    with Bar(*columns, console=console) as bar:
        yield ProgressBars(bar)


def print_search(result: Run) -> None:
    """What was searched, and what it came to."""
    record = result.search
    trials, best, size = record["trials"], record["best"], f"10^{record['space']['digits']:.0f}"
    console.print(
        f"[bold]{record['study']}[/bold]: {trials['finished']:,} trials in a space of some {size} variants, "
        f"{record['cells']:,} cells evaluated; {trials['empty']:,} trials said nothing, "
        f"{trials['repeated']:,} repeated another. Stopped: {record['stopped']}."
    )
    names = [one["name"] for one in record["objectives"]]
    values = ", ".join(f"{name} {value:.4g}" for name, value in zip(names, best["values"], strict=True))
    console.print(f"Chosen: trial {best['number']}, {values}; {len(record['front'])} on the front.")
    if best["lacks"]:
        console.print(f"It does not meet the requirements: {', '.join(record['require'])}.")
    if (walked := record["walk_forward"]) is not None:
        console.print(
            f"Walk-forward: Sharpe {number('sharpe', walked['sharpe'])} out of sample, {len(walked['folds'])} folds."
        )


def _each(rates: Mapping[str, float]) -> str:
    """The rate of each node of a cluster; of many the number and the span."""
    if not rates:
        return ""
    if len(rates) > _NODES_NAMED:
        return f" | {len(rates)} nodes, {min(rates.values()):,.0f} to {max(rates.values()):,.0f} variants/s"
    return " | " + ", ".join(f"{name} {rate:,.0f}/s" for name, rate in sorted(rates.items()))


def _rate(new: int, seconds: float) -> str:
    return f"{new / seconds:,.0f} variants/s" if new and seconds else "- variants/s"


def print_summary(result: Run, top: int) -> None:
    summary = result.summary
    base, best = summary["base"], summary["best"]
    counted = f"{summary['variants']:,} variants"
    if summary["sample"]:
        counted = f"{summary['evaluated']:,} of {counted}"
    console.print(f"[bold]{summary['study']}[/bold]: {counted}, {summary['distinct']:,} distinct, "
                  f"backend {summary['backend']}")  # fmt: skip
    columns = {"base": base["in_sample"], "best": best["in_sample"]}
    if base["after_publication"] is not None:
        columns |= {
            "base after publication": base["after_publication"],
            "best after publication": best["after_publication"],
        }
    table = Table("", *columns, box=None)
    for metric in ("sharpe", "cagr", "volatility", "max_drawdown", "switches"):
        table.add_row(metric, *(number(metric, column[metric]) for column in columns.values()))
    for axis in summary["axes"]:
        if len(axis["values"]) > 1:
            name = axis["name"]
            table.add_row(name, str(base["parameters"][name]), str(best["parameters"][name]))
    _tables.print(table)
    if base["percentile"] is not None:
        line = f"By {summary['objective']} the base lies above {base['percentile']:.1f} % of all in sample"
        later = base["percentile_after_publication"]
        console.print(line + (f", above {later:.1f} % after publication." if later is not None else "."))
    if undefined := summary["histogram"]["undefined"]:
        console.print(f"Undefined {summary['objective']}: {undefined:,} of the variants.")
    if len(result.top(1)):
        _print_best(result, summary, top)
    if result.statistics:
        print_verdict(result)
    console.print(f"{result.place or result.folder}/report.html")


def print_verdict(result: Run) -> None:
    """The gates, those that fail first."""
    gates = result.statistics["gates"]
    counts = {kind: sum(gate["result"] == kind for gate in gates) for kind in ("pass", "fail", "not computable")}
    console.print(f"Verdict: {counts['pass']} gates pass, {counts['fail']} fail, "
                  f"{counts['not computable']} cannot be computed.")  # fmt: skip
    table = Table("", "gate", "number", "threshold", "uncertainty", box=None)
    for kind in ("fail", "pass", "not computable"):
        for gate in gates:
            if gate["result"] == kind:
                table.add_row(kind, gate["name"], gate["number"], gate["threshold"], gate["uncertainty"])
    _tables.print(table)


def _print_best(result: Run, summary: dict[str, Any], top: int) -> None:
    frame = result.top(top)
    base = summary["base"]["parameters"]
    metrics = [name for name in _COLUMNS if name in frame]
    best = Table("rank", "equal", *metrics, "differs from the base in", box=None)
    for _, row in frame.iterrows():
        differs = ", ".join(f"{name}={row[name]}" for name, value in base.items() if row[name] != value)
        numbers = (number(name.removeprefix("after."), row[name]) for name in metrics)
        best.add_row(str(int(row["rank"])), f"{int(row['equal']):,}", *numbers, differs or "nothing: it is the base")
    _tables.print(best)


def print_point(point: Point) -> None:
    columns = {"in sample": point.in_sample}
    if point.after_publication is not None:
        columns["after publication"] = point.after_publication
    if point.hindsight is not None:
        columns["in sample, in hindsight: not tradable"] = point.hindsight
    table = Table("metric", *columns, box=None)
    for metric in point.in_sample:
        if metric != "exposure_by_leg":
            table.add_row(metric, *(number(metric, column[metric]) for column in columns.values()))
    console.print(", ".join(f"{name}={value}" for name, value in point.parameters.items()))
    _tables.print(table)


def print_ledger(rows: Sequence[LedgerRow]) -> None:
    """One table a market: its strategies by the studies that tried them, and what they come to."""
    for market in ledger_record(rows)["markets"]:
        console.print(f"[bold]{escape(market['market'])}[/bold]")
        table = Table("strategy", "studies", "runs", "evaluated", "distinct", box=None)
        for row in market["strategies"]:
            counts = (f"{row[key]:,}" for key in ("runs", "evaluated", "distinct"))
            table.add_row(row["strategy"], ", ".join(row["studies"]), *counts)
        table.add_row("all", "", *(f"{market[key]:,}" for key in ("runs", "evaluated", "distinct")))
        _tables.print(table)


def print_measure(measure: Measure) -> None:
    counts = " or ".join(map(str, measure.inputs))
    console.print(f"[bold]{measure.name}[/bold]  of {counts} series")
    console.print(f"  {measure.meaning}.", markup=False)
    for name, parameter in measure.parameters.items():
        default = "required" if parameter.default is None else f"default {parameter.default}"
        choices = f" ({', '.join(parameter.choices)})" if parameter.choices else ""
        console.print(f"  {name}: {parameter.meaning}{choices}; {default}", markup=False)
    bits = " and ".join(f"NAME.{bit}" if bit else "NAME" for bit in measure.bits)
    decides = f"decides {bits}" if bits else "goes through a latch: on_above, off_below or off_gap"
    console.print(f"  {decides}", markup=False)
    console.print(f"  source: {measure.source}\n", markup=False)


def number(metric: str, value: float | None) -> str:
    if value is None or value != value:
        return "undefined"
    if metric in ("total_return", "cagr", "volatility", "max_drawdown", "exposure"):
        return f"{value:z.2%}"
    return f"{value:,.0f}" if metric == "switches" else f"{value:.3f}"
