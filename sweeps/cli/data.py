"""The commands about market files: data check."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridproof.kernels.errors import InputError
from gridproof.sweeps.cli.arguments import DataOption, JsonOption

if TYPE_CHECKING:
    from gridproof.signals.data.market import Market
    from gridproof.sweeps.study.study import Study

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="How market files are read.")
_DAYS_A_YEAR = 365.25


@app.command()
def check(
    target: Annotated[str, typer.Argument(metavar="STUDY|FILE", help="A study, or one market file.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how each file of STUDY is read: rows, dates, formats; warnings; every error; the calendar.

    Of a single market FILE, show its columns and what each would be read as. Exit code 1 if a series cannot be read.
    """
    from gridproof.sweeps.cli.console import console
    from gridproof.sweeps.cli.streams import print_json

    if _is_study(target):
        from gridproof.sweeps.study.study import load_study

        record = check_study(load_study(target), data)
        lines = _study_lines(record)
    else:
        record = check_file(target, data)
        lines = _file_lines(record)
    if as_json:
        print_json(record)
    else:
        for line in lines:
            console.print(line)
    if record["errors"]:
        raise typer.Exit(1)


def _is_study(target: str) -> bool:
    from gridproof.sweeps.study.shipped import shipped_names

    return target in shipped_names() or Path(target).suffix.lower() in (".yaml", ".yml", "")


def check_study(study: Study, data: Path | None) -> dict[str, Any]:
    """Returns how every series of a study is read, with the errors of all, and its calendar."""
    from gridproof.signals.data.source import read
    from gridproof.sweeps.plan.selections import check_panel
    from gridproof.sweeps.plan.study_market import data_folder, market_of
    from gridproof.sweeps.plan.window import find_window

    folder = data_folder(study, data)
    series, errors = [], []
    for source in study.sources():
        entry: dict[str, Any] = {"name": source.name, "file": source.file}
        try:
            entry |= {"understood": read(source, folder).understood, "error": None}
        except InputError as error:
            entry |= {"understood": None, "error": str(error)}
            errors.append(str(error))
        series.append(entry)
    market = None
    if not errors:
        try:
            market = market_of(study, data)
            window = find_window(study, market)
            if market.panel is not None:
                series.append(
                    {"name": "panel", "file": market.panel.file, "understood": market.panel.understood, "error": None}
                )
                check_panel(study, market, window)
        except InputError as error:
            errors.append(str(error))
    if market is not None:
        errors += _release_errors(study, market)
    return {
        "study": study.name,
        "series": series,
        "calendar": None if market is None else _calendar_record(study, market),
        "warnings": [] if market is None else list(market.warnings),
        "errors": errors,
    }


def _release_errors(study: Study, market: Market) -> list[str]:
    """Returns the errors of all releases of a study, one for each series."""
    from gridproof.signals.data.source import Release

    errors = []
    for name, series in study.spec.series.items():
        values = series.release if isinstance(series.release, tuple) else ()
        try:
            for value in values:
                market.known(name, Release.parse(value, study.where("series", name, "release")))
        except InputError as error:
            errors.append(str(error))
    return errors


def _calendar_record(study: Study, market: Market) -> dict[str, Any]:
    days = market.calendar
    years = float((days[-1] - days[0]).astype(int)) / _DAYS_A_YEAR
    return {
        "series": study.spec.market.calendar,
        "days": len(days),
        "first": str(days[0]),
        "last": str(days[-1]),
        "rows_a_year": round((len(days) - 1) / years, 1) if years > 0 else None,
        "periods": study.spec.market.periods,
    }


def _study_lines(record: dict[str, Any]) -> list[str]:
    lines = [
        f"{one['name']} ({one['file']}): {one['understood'] if one['error'] is None else 'cannot be read'}"
        for one in record["series"]
    ]
    if calendar := record["calendar"]:
        rate = "" if calendar["rows_a_year"] is None else f", {calendar['rows_a_year']:g} rows a year"
        lines.append(
            f"calendar ({calendar['series']}): {calendar['days']:,} days, {calendar['first']} to {calendar['last']}"
            f"{rate}; periods: {calendar['periods']:g}"
        )
    lines += [f"warning: {text}" for text in record["warnings"]]
    return lines + [f"error: {text}" for text in record["errors"]]


def check_file(file: str, folder: Path | None) -> dict[str, Any]:
    """Returns how a market file is read, and what each of its columns would be read as."""
    from gridproof.signals.data.file.reader import read_table

    table = read_table(file, folder, "FILE")
    columns = [_column_record(table.cells[name], table.place) for name in table.cells.columns]
    return {"file": file, "rows": len(table.rows), "layout": list(table.layout), "columns": columns, "errors": []}


def _column_record(cells: Any, place: Any) -> dict[str, Any]:
    """Returns one column as dates, as numbers, and its first cell."""
    import numpy as np

    from gridproof.signals.data.column.dates import parse_dates
    from gridproof.signals.data.column.numbers import parse_numbers

    record: dict[str, Any] = {"name": str(cells.name), "first": str(cells.iloc[0]), "dates": None, "numbers": None}
    try:
        dates = parse_dates(cells, place, "FILE")
        record["dates"] = f"{dates.form}, {dates.dates.min()} to {dates.dates.max()}"
    except InputError as error:
        record["why_no_dates"] = f"{error.rule}; got {error.value}"
    try:
        numbers = parse_numbers(cells, place, "FILE")
        present = numbers.values[np.isfinite(numbers.values)]
        if len(present):
            span = f"{len(present):,} from {present.min():g} to {present.max():g}"
            record["numbers"] = span + (f", {numbers.form}" if numbers.form else "")
    except InputError as error:
        record["why_no_numbers"] = f"{error.rule}; got {error.value}"
    return record


def _file_lines(record: dict[str, Any]) -> list[str]:
    lines = [f"{record['file']}: {record['rows']:,} rows{''.join(f'; {each}' for each in record['layout'])}"]
    for column in record["columns"]:
        readings = [column["dates"], column["numbers"] and f"numbers: {column['numbers']}"]
        text = ", or ".join(each for each in readings if each) or f"text, first {column['first']!r}"
        lines.append(f"  {column['name']}: {text}")
    return lines
