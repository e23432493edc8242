"""What the command line shows beside runs: one variant and the ledger's counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table

from gridproof.kernels.metrics import BY_NAME
from gridproof.sweeps.cli.console import bold, console, print_table

if TYPE_CHECKING:
    from gridproof.sweeps.plan.explanation import ExplainedStep
    from gridproof.sweeps.plan.point import Point


def print_point(point: Point) -> None:
    """The parameters and all metrics of one variant."""
    columns = {"in sample": point.in_sample}
    if point.after_publication is not None:
        columns["after publication"] = point.after_publication
    if point.hindsight is not None:
        columns["in sample, in hindsight: not tradable"] = point.hindsight
    table = Table("metric", *columns, box=None)
    for metric in point.in_sample:
        if metric != "exposure_by_leg":
            table.add_row(metric, *(BY_NAME[metric].text(column[metric]) for column in columns.values()))
    console.print(", ".join(f"{name}={value}" for name, value in point.parameters.items()))
    print_table(table)


def print_ledger(record: dict[str, Any]) -> None:
    """One table for each market of ``ledger_record``: its strategies, the studies that tried them, and the totals."""
    for market in record["markets"]:
        console.print(bold(market["market"]))
        table = Table("strategy", "studies", "runs", "evaluated", "distinct", box=None)
        for row in market["strategies"]:
            counts = (f"{row[key]:,}" for key in ("runs", "evaluated", "distinct"))
            table.add_row(row["strategy"], ", ".join(row["studies"]), *counts)
        table.add_row("all", "", *(f"{market[key]:,}" for key in ("runs", "evaluated", "distinct")))
        print_table(table)


def print_steps(name: str, steps: list[ExplainedStep]) -> None:
    """The steps of one signal, operands first."""
    console.print(bold(name))
    table = Table("step", "gives", "warm-up", "known from", "times in the grid", box=None)
    for one in steps:
        table.add_row(one.formula, one.kind, f"{one.warm_up:,}", one.known or "never", f"{one.computed:,}")
    print_table(table)
