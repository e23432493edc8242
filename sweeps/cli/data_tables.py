"""What data check shows: one table of files, the calendars, and every warning and error."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from gridproof.sweeps.cli.console import console, print_table


def print_check(record: dict[str, Any]) -> None:
    """Print the record of ``data_targets.check_targets``. Of one study or monitor also how each file was understood."""
    if len(record["targets"]) == 1:
        for one in record["files"]:
            if one["understood"] is not None:
                name = one["needed_by"][0].rpartition(": ")[2] if one["series"] != "panel" else "panel"
                console.print(f"{name} ({one['file']}): {one['understood']}")
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
        console.print(f"error: {text}")


def _shown(names: list[str]) -> str:
    return ", ".join(names[:2]) + (f" and {len(names) - 2} more" if len(names) > 2 else "")
