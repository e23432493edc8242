"""The commands that evaluate a whole study: run and demo."""

from __future__ import annotations

from typing import Annotated

import typer

from gridproof.sweeps.cli.arguments import (
    BackendOption,
    DataOption,
    HoursOption,
    LanguageOption,
    OutOption,
    RayOption,
    SetOption,
    StudyArgument,
    TopOption,
    VerdictOption,
    WorkersOption,
)


def run(
    study: StudyArgument,
    data: DataOption = None,
    set_: SetOption = None,
    out: OutOption = "runs",
    backend: BackendOption = "auto",
    sample: Annotated[
        int | None,
        typer.Option(metavar="N", help="Evaluate only N variants, drawn at random: among the choices first."),
    ] = None,
    verdict: VerdictOption = True,
    top: TopOption = 10,
    ray: RayOption = None,
    workers: WorkersOption = None,
    max_hours: HoursOption = None,
    max_cost: Annotated[
        float | None,
        typer.Option(metavar="X", help="Stop once nodes x hours x --node-hour-price is X; the same command resumes."),
    ] = None,
    node_hour_price: Annotated[
        float | None, typer.Option(metavar="X", help="Price of one node for one hour, in the unit of --max-cost.")
    ] = None,
    lang: LanguageOption = "en",
) -> None:
    """Evaluate every variant of STUDY.

    Writes a run folder with all results and report.html. The same command resumes an unfinished run, and only prints
    a finished one.
    """
    from gridproof.results.texts.spoken import speak
    from gridproof.sweeps.cli.console import console, show_progress
    from gridproof.sweeps.cli.interrupts import resumable
    from gridproof.sweeps.cli.run_tables import print_summary
    from gridproof.sweeps.execution.budget import Budget
    from gridproof.sweeps.execution.options import RunOptions
    from gridproof.sweeps.run import run_study
    from gridproof.sweeps.study.study import load_study, parse_changes

    speak(lang)
    checked = load_study(study).set(parse_changes(set_ or []))
    budget = Budget(max_hours, max_cost, node_hour_price)
    options = RunOptions(out, backend, sample, verdict, ray, workers, budget, language=lang)
    with resumable("finished tiles"), show_progress() as observer:
        result = run_study(checked, data, options, observer)
    if result.reused:
        console.print("Already finished: this study was evaluated before on the same data.")
    print_summary(result, top)


def demo(out: OutOption = "runs", lang: LanguageOption = "en") -> None:
    """Run the shipped study us-demo; its data are installed too."""
    run("us-demo", out=out, lang=lang)
