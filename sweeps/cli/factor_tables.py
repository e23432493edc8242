"""What the command line shows of a factor study: the sentences of its page, and its best variants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from gridproof.results.report.factors.wording import conclusion
from gridproof.results.report.number_format import format_probability, format_value
from gridproof.sweeps.cli.console import console, print_table

if TYPE_CHECKING:
    from gridproof.results.run.factor_run import FactorRun


def print_factors(found: FactorRun, top: int) -> None:
    """The conclusion, the ``top`` best variants by net Sharpe ratio, the returns of styles, and where the page is."""
    record = found.record
    for sentence in conclusion(record):
        console.print(sentence)
    variants = record["variants"]
    if variants:
        days = variants[0]["horizons"][0]["days"]
        table = Table("variant", f"IC {days} d", "t", "net a year", "Sharpe", "turnover", "StepM", "DSR", box=None)
        ranked = sorted(variants, key=lambda one: -(-1e9 if one["net"]["sharpe"] is None else one["net"]["sharpe"]))
        for one in ranked[:top]:
            first, net = one["horizons"][0], one["net"]
            table.add_row(
                one["label"],
                "–" if first["ic_mean"] is None else f"{first['ic_mean']:.3f}",
                "–" if first["t"] is None else f"{first['t']:.1f}",
                format_value(net["cagr"], "percent"),
                format_value(net["sharpe"], "ratio"),
                format_value(one["turnover"], "ratio"),
                {None: "–", True: "kept", False: "not kept"}[one["superior"]],
                format_probability(one["deflated_sharpe"]),
            )
        print_table(table)
    if record["styles"] is not None:
        table = Table("style", "mean a year", "volatility", "Sharpe", "t", box=None)
        for one in record["styles"]["rows"]:
            numbers = (format_value(one[key], "percent") for key in ("mean", "volatility"))
            t = "–" if one["t"] is None else f"{one['t']:.1f}"
            table.add_row(one["style"], *numbers, format_value(one["sharpe"], "ratio"), t)
        print_table(table)
    console.print(f"Page: {found.page}")
