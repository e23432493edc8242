"""The commands on what was evaluated: show, verdict, report and ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gridproof.sweeps.cli.arguments import DataOption, JsonOption, LanguageOption, OutOption, RunArgument, TopOption


def show(
    run: RunArgument,
    top: TopOption = 20,
    sql: Annotated[
        str | None,
        typer.Option(metavar="QUERY", help="A DuckDB query over the run's tables: variants, top, surfaces, curves."),
    ] = None,
    unsafe_sql: Annotated[
        bool,
        typer.Option(
            "--unsafe-sql", help="With --sql: let the query do all that DuckDB can, as read and write other files."
        ),
    ] = False,
    lang: LanguageOption = "en",
) -> None:
    """Show a finished RUN: its summary and best variants, or a query; or a factor study."""
    from gridproof.results.run.factor_run import FactorRun, holds_factors
    from gridproof.results.run.run import Run
    from gridproof.results.texts.spoken import speak
    from gridproof.sweeps.execution.run_store import open_run_store
    from gridproof.sweeps.progress.plain_text import printable

    speak(lang)

    if sql is None and holds_factors(Path(run)):
        from gridproof.sweeps.cli.factor_tables import print_factors
        from gridproof.sweeps.cli.streams import print_error

        found = FactorRun(Path(run))
        for name, fault in found.faults().items():
            print_error(f"{run}/{name}: {fault}")
        print_factors(found, top)
        return
    place, folder = open_run_store(run)
    _print_complaint(folder)
    if sql is not None:
        print(printable(Run(folder).sql(sql, unsafe=unsafe_sql).to_string(index=False), lines=True))
        return
    from gridproof.sweeps.cli.run_tables import print_summary

    print_summary(Run(folder, place=place.of(folder)), top)


def verdict(run: RunArgument, data: DataOption = None, lang: LanguageOption = "en") -> None:
    """Compute the statistics of a finished RUN anew, and its report.

    The data must be those of the run: DIR, or the study's market.path if it is below the working directory.
    """
    from gridproof.results.texts.spoken import speak
    from gridproof.sweeps.cli.console import console, show_progress
    from gridproof.sweeps.cli.interrupts import resumable
    from gridproof.sweeps.cli.run_tables import print_verdict
    from gridproof.sweeps.execution.run_store import open_run_store
    from gridproof.sweeps.run import judge_run

    speak(lang)
    place, folder = open_run_store(run)
    with resumable("the run's other files"), show_progress() as observer:
        result = judge_run(folder, data, observer, fetched=place.remote, language=lang)
        place.save()
    print_verdict(result)
    console.print(f"{place.of(folder)}/report.html")


def report(run: RunArgument, lang: LanguageOption = "en") -> None:
    """Write report.html of a finished RUN anew."""
    from gridproof.results.run.run import Run
    from gridproof.results.texts.spoken import speak
    from gridproof.sweeps.cli.console import console
    from gridproof.sweeps.cli.interrupts import resumable
    from gridproof.sweeps.execution.errors import resumable_writes
    from gridproof.sweeps.execution.run_store import open_run_store

    speak(lang)

    place, folder = open_run_store(run)
    _print_complaint(folder)
    with resumable("the run's other files"), resumable_writes(folder):
        written = Run(folder).report(lang)
        place.save()
    console.print(f"{place.of(folder)}/{written.name}")


def ledger(out: OutOption = "runs", as_json: JsonOption = False, lang: LanguageOption = "en") -> None:
    """Count the distinct variants ever evaluated, by market."""
    from gridproof.results.ledger.ledger import LEDGER_FOLDER, cut_off_files, ledger_record, ledger_rows
    from gridproof.results.texts.spoken import speak
    from gridproof.sweeps.cli.streams import print_error, print_json
    from gridproof.sweeps.cli.study_tables import print_ledger
    from gridproof.sweeps.execution.run_store import RunStore

    speak(lang)

    folder = RunStore(out).folder / LEDGER_FOLDER
    record = ledger_record(ledger_rows(folder))
    for cut in cut_off_files(folder):
        print_error(cut)
    if as_json:
        print_json(record)
    else:
        print_ledger(record)


def _print_complaint(folder: Path) -> None:
    """One line on stderr where a finished file is missing or damaged, or where files cannot be verified."""
    from gridproof.results.run.store import Store
    from gridproof.sweeps.cli.streams import print_error

    if (text := Store(folder).complaint()) is not None:
        print_error(text)
