"""The selections of base and best: as the sweep computes them, and as an account trades them."""

from __future__ import annotations

from gridproof.results.report.number_format import format_value
from gridproof.results.run.record import Record
from gridproof.results.run.selection_record import SelectionRecord, selection_tables, selection_warnings

HEADS = (
    "Selection", "CAGR", "Volatility", "Sharpe ratio", "Max drawdown", "Turnover a year, both sides", "One side",
    "Cash", "Days with open orders", "Tax on dividends a year",
)  # fmt: skip


def selections_section(summary: Record) -> Record | None:
    """Two rows for each selection, its warnings, and whether the account trades under price limits. None: no leg
    selects."""
    named = list(selection_tables(summary))
    if not named:
        return None
    rows = [row for name, one in named for row in selection_rows(name, one)]
    warnings = [text for name, one in named for text in selection_warnings(name, one)]
    return {"heads": HEADS, "rows": rows, "warnings": warnings, "limits": all(one["limits"] for _, one in named)}


def selection_rows(name: str, one: SelectionRecord) -> list[list[str]]:
    """The cells of a selection in the sweep and in the account."""
    rows, taxed = [], one.get("dividend_tax")
    of_account = [format_value(one["cash"], "percent"), format_value(one["unfilled"], "percent")]
    of_account.append("" if taxed is None else format_value(taxed, "percent"))
    for how, held, rest in (
        (f"sweep, trading {one['trading']}", one["swept"], ["", "", ""]),
        ("account", one["account"], of_account),
    ):
        returns = [format_value(held["cagr"], "percent"), format_value(held["volatility"], "percent"),
                   format_value(held["sharpe"], "ratio"), format_value(held["max_drawdown"], "percent")]  # fmt: skip
        sides = [format_value(held["turnover"], "percent"), format_value(held["turnover"] / 2.0, "percent")]
        rows.append([f"{name}: {how}", *returns, *sides, *rest])
    return rows
