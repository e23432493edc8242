"""The command that shows the readings of a monitor on a date."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gridproof.sweeps.cli.arguments import JsonOption, LanguageOption

if TYPE_CHECKING:
    from gridproof.results.monitor.record import MonitorRecord
    from gridproof.results.monitor.texts import Language


def monitor(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A monitor file, or a shipped monitor: us-demo, …")],
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", help="Folder of the files. Default: the monitor's market.path."),
    ] = None,
    on: Annotated[
        str | None,
        typer.Option("--on", metavar="DATE", help="As of this date. Default: the last day of the calendar."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="DATE", help="Also say which states differ from those of this date."),
    ] = None,
    history: Annotated[
        str | None,
        typer.Option("--history", metavar="FROM", help="Also write every reading of every week to history.parquet."),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where the page goes: DIR/NAME-DATE/readings.html.")
    ] = Path("readings"),
    as_json: JsonOption = False,
    lang: LanguageOption = "en",
) -> None:
    """Show where each reading of FILE stands: value, change, percentile, state and since when; write it as a page."""
    from gridproof.results.monitor.page import sentences
    from gridproof.results.monitor.texts import text
    from gridproof.results.texts.spoken import speak
    from gridproof.sweeps.cli.console import console
    from gridproof.sweeps.cli.streams import print_json
    from gridproof.sweeps.monitor.run import monitor as read_monitor
    from gridproof.sweeps.monitor.run import write_readings

    speak(lang)
    found = read_monitor(file, data=data, on=on, since=since, lang=lang)
    page = write_readings(found, out, history=history)
    if as_json:
        print_json(found.record)
        return
    console.print(found.record["title_zh" if found.lang == "zh" else "title"])
    _print_readings(found.record, found.lang)
    for line in sentences(found.record, found.lang):
        console.print(line)
    for each in found.record["warnings"]:
        console.print(text("warning", found.lang, text=each["text_zh" if found.lang == "zh" else "text"]))
    console.print(str(page))


def _print_readings(record: MonitorRecord, lang: Language) -> None:
    from rich.table import Table

    from gridproof.results.monitor.number_format import format_change, format_share, format_value
    from gridproof.results.monitor.texts import text
    from gridproof.sweeps.cli.console import print_table

    table = Table(box=None, pad_edge=False)
    for key in ("reading", "value", "week", "month", "percentile", "state", "vote"):
        table.add_column(text(key, lang), justify="left" if key in ("reading", "state") else "right")
    for one in record["readings"]:
        unit, state, vote = one["unit"], one["state"], one["vote"]
        status = "" if one["status"] == "current" else text(one["status"], lang)
        named = status
        if state is not None:
            since = text("since_or_before" if state["since_start"] else "since", lang, date=state["since"])
            named = f"{state['name_zh' if lang == 'zh' else 'name']} {since}"
        elif status and one["last_date"] is not None:
            last = text("last", lang, value=format_value(one["last_value"], unit), date=one["last_date"])
            named = f"{status}{'，' if lang == 'zh' else ', '}{last}"
        table.add_row(
            one["title_zh" if lang == "zh" else "title"],
            format_value(one["value"], unit),
            format_change(one["week"], unit, lang),
            format_change(one["month"], unit, lang),
            format_share(one["percentile"]),
            named,
            "" if vote is None else format_share(vote["share_on"][vote["bit"]]),
        )
    print_table(table)
