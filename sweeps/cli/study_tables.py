"""What the command line shows beside runs: one variant and the ledger's counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from gridproof.kernels.metrics import BY_NAME
from gridproof.sweeps.cli.console import bold, console, print_table
from gridproof.sweeps.progress.plain_text import printable

if TYPE_CHECKING:
    from gridproof.sweeps.plan.explanation import ExplainedStep
    from gridproof.sweeps.plan.holdings import ExplainedBasket, ExplainedStock
    from gridproof.sweeps.plan.point import Point


# Stocks of a list that are shown; --json has all.
_SHOWN = 20


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
        table.add_row(
            Text(printable(one.formula)), one.kind, f"{one.warm_up:,}", one.known or "never", f"{one.computed:,}"
        )
    print_table(table)


def print_basket(basket: ExplainedBasket) -> None:
    """What a selection holds on a date, and what came and went when it was formed last."""
    chosen = ", ".join(f"{name}={value}" for name, value in basket.parameters.items())
    console.print(bold(basket.leg), f": {chosen}", sep="")
    ranked = "" if basket.ranked == basket.formed else f", ranked by the rows of {basket.ranked}"
    console.print(
        f"At the close of {basket.date}: formed at the {basket.at} of {basket.formed}{ranked}; "
        f"formed next in {basket.days_to_next} trading days."
    )
    stages = "; ".join(f"{count:,} {name}" for name, count in basket.stages.items())
    console.print(f"Stocks: {stages}. The basket is to hold {basket.wanted:,}, and holds {len(basket.held):,}.")
    value = "" if basket.value_share is None else f", {basket.value_share:.2%} of the sum of {basket.ranking}"
    console.print(f"That is {basket.share:.2%} of the stocks of the universe{value}.")
    lists = {
        "holds": basket.held, "entered": basket.entered, "should leave, but was not sold": basket.kept,
        "left": basket.left, "was not bought": basket.not_bought,
    }  # fmt: skip
    for title, stocks in lists.items():
        if stocks:
            _print_stocks(title, stocks, basket.ranking)
    if basket.groups:
        table = Table("group", "stocks", "weight", box=None)
        for name, (count, weight) in basket.groups.items():
            table.add_row(name, f"{count:,}", f"{weight:.2%}")
        print_table(table)


def _print_stocks(title: str, stocks: list[ExplainedStock], ranking: str) -> None:
    console.print(f"{title}: {len(stocks):,}" + (f", the first {_SHOWN}" if len(stocks) > _SHOWN else ""))
    table = Table("rank", "code", ranking, "weight", "", box=None)
    for one in stocks[:_SHOWN]:
        rank, value = ("–" if number is None else text.format(number) for number, text in
                       ((one.rank, "{:,}"), (one.value, "{:,.6g}")))  # fmt: skip
        table.add_row(rank, one.code, value, f"{one.weight:.3%}" if one.weight else "–", one.why)
    print_table(table)
