"""What data check and data import show."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from gridproof.results.texts.fault import recorded_fault
from gridproof.results.texts.spoken import spoken
from gridproof.sweeps.cli.console import console, print_table

_COLUMNS = 20  # of an import that are listed


def print_check(record: dict[str, Any]) -> None:
    """Print the record of ``data_targets.check_targets``. Of one study or monitor also how each file was understood."""
    if len(record["targets"]) == 1:
        for one in record["files"]:
            if one["understood"] is not None:
                name = one["needed_by"][0].rpartition(": ")[2] if one["series"] != "panel" else "panel"
                console.print(f"read {name} ({one['file']}): {one['understood']}")
    table = Table("file", "series", "needed by", "first", "last", "rows", "current until", "", box=None)
    for one in record["files"]:
        count = len(one["warnings"])
        state = one["state"]
        if state == "ok" and count:
            state = f"{count} warning{'s' * (count > 1)}"
        rows = "" if one["rows"] is None else f"{one['rows']:,}"
        dates = (one[key] or "" for key in ("first", "last"))
        table.add_row(one["file"], one["series"], _shown(one["needed_by"]), *dates, rows, one["until"] or "", state)
    print_table(table)
    for target in record["targets"]:
        if calendar := target["calendar"]:
            rate = "" if calendar["rows_a_year"] is None else f", {calendar['rows_a_year']:g} rows a year"
            span = f"{calendar['days']:,} days, {calendar['first']} to {calendar['last']}{rate}"
            which = f"{target['kind']} {target['name']}, calendar ({calendar['series']})"
            console.print(f"{which}: {span}; periods: {calendar['periods']:g}")
    if record["not_checked"]:
        texts = (f"{name} ({why})" for name, why in record["not_checked"].items())
        console.print(f"not checked: {', '.join(texts)}")
    if record["not_needed"]:
        console.print(f"not needed by any of them: {', '.join(record['not_needed'])}")
    for text in record["warnings"]:
        console.print(f"warning: {text}")
    for text in record["errors"]:
        console.print(f"error: {recorded_fault(text, spoken())}")


def _shown(names: list[str]) -> str:
    return ", ".join(names[:2]) + (f" and {len(names) - 2} more" if len(names) > 2 else "")


def import_lines(record: dict[str, Any]) -> list[str]:
    """The record of ``import_data`` in lines: the file, what was done with each source, and how prices are adjusted."""
    codes = "" if record["codes"] is None else f", {record['codes']:,} code{'s' * (record['codes'] != 1)}"
    lines = [f"{record['file']}: {record['rows']:,} rows, {record['first']} to {record['last']}{codes}"]
    last = record["imports"][-1]
    if len(record["imports"]) > 1:
        counts = f"{last['new_rows']:,} rows are new, {last['same_rows']:,} were there"
        lines.append(f"{counts}, {len(last['revisions']):,} values of the past changed")
    for one in last["files"]:
        dropped = "".join(f"; {count:,} left out: {reason}" for reason, count in one["dropped"].items())
        notes = "".join(f"; {note}" for note in one["notes"])
        lines.append(f"{one['name']}: {one['kept']:,} of {one['rows']:,} rows{dropped}{notes}")
    columns = list(dict.fromkeys(f"  {name}: {text}" for one in last["files"] for name, text in one["columns"].items()))
    lines += columns[:_COLUMNS]
    if len(columns) > _COLUMNS:
        lines.append(f"  and {len(columns) - _COLUMNS} more columns")
    adjustment = record["adjustment"]
    stated = "" if adjustment["stated"] is None else f", as the file states {adjustment['stated']}"
    lines.append(f"adjustment of prices: {adjustment['kind'] or 'unknown'}{stated}; {adjustment['evidence']}")
    return lines
