"""What the command line shows of a factor study: the sentences of its page, and its best variants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from gridproof.results.report.factors.wording import conclusion
from gridproof.results.report.number_format import format_probability, format_value, minus
from gridproof.results.texts.spoken import spoken
from gridproof.results.texts.translation import chinese_factors
from gridproof.sweeps.cli.console import console, print_table
from gridproof.sweeps.progress.plain_text import printable

if TYPE_CHECKING:
    from gridproof.results.run.factor_run import FactorRun


def print_factors(found: FactorRun, top: int) -> None:
    """The conclusion, the ``top`` best variants by net Sharpe ratio, the returns of styles, and where the page is."""
    record = found.record
    for sentence in conclusion(record):
        console.print(_in_words(sentence))
    variants = record["variants"]
    if variants:
        days = variants[0]["horizons"][0]["days"]
        heads = ("variant", f"IC {days} d", "t", "net a year", "Sharpe", "turnover", "StepM", "DSR")
        table = Table(*heads, box=None)
        ranked = sorted(variants, key=lambda one: -(-1e9 if one["net"]["sharpe"] is None else one["net"]["sharpe"]))
        for one in ranked[:top]:
            first, net = one["horizons"][0], one["net"]
            table.add_row(
                _in_words(one["label"]),
                "–" if first["ic_mean"] is None else minus(f"{first['ic_mean']:z.3f}"),
                "–" if first["t"] is None else minus(f"{first['t']:z.1f}"),
                format_value(net["cagr"], "percent"),
                format_value(net["sharpe"], "ratio"),
                format_value(one["turnover"], "ratio"),
                _in_words({None: "–", True: "kept", False: "not kept"}[one["superior"]]),
                format_probability(one["deflated_sharpe"]),
            )
        print_table(table)
    if record["styles"] is not None:
        table = Table("style", "mean a year", "volatility", "Sharpe", "t", box=None)
        for one in record["styles"]["rows"]:
            numbers = (format_value(one[key], "percent") for key in ("mean", "volatility"))
            t = "–" if one["t"] is None else minus(f"{one['t']:z.1f}")
            table.add_row(Text(printable(one["style"])), *numbers, format_value(one["sharpe"], "ratio"), t)
        print_table(table)
    console.print(f"Page: {found.page}")


def _in_words(text: str) -> Text:
    """In the language of this process; the console would take a factor's name for a word of its own."""
    return Text(printable(text if spoken() == "en" else chinese_factors()(text)))
