"""The commands about market files: data check, data import."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gridproof.sweeps.cli.arguments import DataOption, JsonOption, LanguageOption
from gridproof.sweeps.cli.help import Command, Group

app = typer.Typer(
    cls=Group, no_args_is_help=True, rich_markup_mode=None, help="Market files: check them, import those of vendors."
)


@app.command(cls=Command)
def check(
    targets: Annotated[
        list[str],
        typer.Argument(metavar="STUDY|MONITOR|DIR|FILE…", help="Studies, monitors, a folder of data, or one file."),
    ],
    data: DataOption = None,
    on: Annotated[
        str | None,
        typer.Option("--on", metavar="DATE", help="Monitors must be current then. Default: their calendar's last day."),
    ] = None,
    as_json: JsonOption = False,
    lang: LanguageOption = "en",
) -> None:
    """Show every file that studies and monitors need: dates, rows, until when it is current, and what is wrong.

    Of a folder, those are the studies and monitors in it, and the shipped ones of which it has all files. Of a single
    market FILE, show its columns and what each would be read as. Exit code 1 if a file is missing, cannot be read or
    is not current, or if a study or monitor would not run.
    """
    from gridproof.results.texts.spoken import speak
    from gridproof.sweeps.cli.console import print_line
    from gridproof.sweeps.cli.data_targets import check_targets, is_market_file
    from gridproof.sweeps.cli.file_check import check_file, file_lines
    from gridproof.sweeps.cli.streams import print_json

    speak(lang)

    if len(targets) == 1 and is_market_file(targets[0]):
        record = check_file(targets[0], data)
        if as_json:
            print_json(record)
        else:
            for line in file_lines(record):
                print_line(line)
        return
    record = check_targets(targets, data, on)
    if as_json:
        print_json(record)
    else:
        from gridproof.sweeps.cli.data_tables import print_check

        print_check(record)
    if record["errors"]:
        raise typer.Exit(1)


@app.command("import", cls=Command)
def import_files(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="wind, choice, akshare, tushare, baostock, qlib or tdx.")],
    files: Annotated[list[str], typer.Argument(metavar="FILE…", help="The exported files; of qlib the folder.")],
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR|FILE", help="The Parquet file, or the folder for DIR/NAME.parquet.")
    ],
    append: Annotated[bool, typer.Option("--append", help="Add to the file that an earlier import wrote.")] = False,
    revise: Annotated[
        bool, typer.Option("--revise", help="With --append: accept and record changes of past rows.")
    ] = False,
    as_json: JsonOption = False,
    lang: LanguageOption = "en",
) -> None:
    """Write exports of a data vendor as one tidy Parquet file, and NAME.import.json beside it: what was done.

    Prices and amounts are in yuan, volumes in shares, percentages are fractions, codes are as 600519.SH. Files of the
    same columns are put below each other, those of other columns are joined by date and code.
    """
    from gridproof.results.texts.spoken import speak
    from gridproof.sweeps.cli.console import print_line
    from gridproof.sweeps.cli.data_tables import import_lines
    from gridproof.sweeps.cli.streams import print_json
    from gridproof.sweeps.data.vendor_import import import_data

    speak(lang)

    record = import_data(kind, files, out, append=append, revise=revise)
    if as_json:
        print_json(record)
        return
    for line in import_lines(record):
        print_line(line)
