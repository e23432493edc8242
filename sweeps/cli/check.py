"""The command that verifies a run's folder: check."""

from __future__ import annotations

import typer

from gridproof.sweeps.cli.arguments import LanguageOption, RunArgument


def check(run: RunArgument, lang: LanguageOption = "en") -> None:
    """Verify the files of a RUN, or of a factor study: one line for each that is missing, damaged or not finished.

    Exit codes: 0 all files are as they were written, 1 one is not. To repair a run, run its study again.
    """
    from pathlib import Path

    from gridproof.results.ledger.run_files import ledger_faults
    from gridproof.results.run.factor_run import FactorRun, holds_factors
    from gridproof.results.run.store import Store
    from gridproof.results.texts.spoken import speak
    from gridproof.sweeps.cli.console import console
    from gridproof.sweeps.execution.run_store import open_run_store

    speak(lang)

    if holds_factors(Path(run)):
        found = FactorRun(Path(run)).faults()
        for name, fault in found.items():
            console.print(f"{run}/{name}: {fault}")
        if found:
            raise typer.Exit(1)
        console.print(f"{run}: all files are as they were written")
        return
    place, folder = open_run_store(run, finished=False)
    shown, store = place.of(folder), Store(folder)
    faults = store.all_faults()
    for name, fault in faults.items():
        console.print(f"{shown}/{name}: {fault}")
    damaged = ledger_faults(folder)
    for fault in damaged:
        console.print(fault)
    if faults or damaged:
        raise typer.Exit(1)
    manifest = store.manifest()
    assert manifest is not None
    console.print(f"{shown}: {len(manifest.files)} files and all tiles are as they were written")
