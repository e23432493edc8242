"""The command that searches a study's space."""

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


def search(
    study: StudyArgument,
    trials: Annotated[int, typer.Option(metavar="N", help="Trials in all, those of earlier calls included.")] = 200,
    sampler: Annotated[
        str, typer.Option(metavar="NAME", help="What proposes trials: tpe, nsga2, qmc, gp, cmaes or random.")
    ] = "tpe",
    objective: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="plateau (default), median, lower_quartile, best, worst_period, walk_forward, "
            "or a metric of the chosen variant. Repeat it for a Pareto front.",
        ),
    ] = None,
    require: Annotated[
        list[str] | None,
        typer.Option(metavar="'METRIC>=X'", help="A requirement of the chosen variant: 'switches>=10', 'turnover<=4'."),
    ] = None,
    cells: Annotated[
        int | None, typer.Option(metavar="N", help="At most N variants (levels of latches) evaluated in a trial.")
    ] = None,
    points: Annotated[
        int | None, typer.Option(metavar="N", help="Evaluate single variants instead of all levels, N in a batch.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Random seed of the sampler.")] = 0,
    patience: Annotated[
        int | None, typer.Option(metavar="N", help="Stop after N trials without an improvement.")
    ] = None,
    walk_forward: Annotated[
        int | None,
        typer.Option(
            metavar="K", help="Also search anew on K growing windows, and evaluate each result on the days that follow."
        ),
    ] = None,
    storage: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="Optuna storage: sqlite:///FILE, postgresql://... Default: a journal in the run folder."
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Fail where there is no such search to resume, instead of starting one.")
    ] = False,
    data: DataOption = None,
    set_: SetOption = None,
    out: OutOption = "runs",
    backend: BackendOption = "auto",
    verdict: VerdictOption = True,
    top: TopOption = 10,
    ray: RayOption = None,
    workers: WorkersOption = None,
    max_hours: HoursOption = None,
    lang: LanguageOption = "en",
) -> None:
    """Search the space of STUDY with Optuna.

    Each trial evaluates all levels of the latches at the windows that the sampler proposes. What is found is swept
    with its neighbours and judged against all that was evaluated. The same command resumes.
    """
    from gridproof.results.texts.spoken import speak
    from gridproof.sweeps.cli.console import show_progress
    from gridproof.sweeps.cli.interrupts import resumable
    from gridproof.sweeps.cli.run_tables import print_search, print_summary
    from gridproof.sweeps.execution.budget import Budget
    from gridproof.sweeps.execution.options import RunOptions
    from gridproof.sweeps.search.options import CELLS, SearchOptions
    from gridproof.sweeps.search.session import run_search
    from gridproof.sweeps.study.study import load_study, parse_changes

    speak(lang)
    checked = load_study(study).set(parse_changes(set_ or []))
    options = SearchOptions(
        trials,
        sampler,
        tuple(objective or ["plateau"]),
        tuple(require or []),
        CELLS if cells is None else cells,
        points,
        seed,
        patience,
        walk_forward,
        storage,
        resume,
    )
    budget = Budget(max_hours)
    run = RunOptions(out, backend, verdict=verdict, ray=ray, workers=workers, budget=budget, language=lang)
    with resumable("finished trials"), show_progress() as observer:
        result = run_search(checked, options, data, run, observer)
    print_search(result)
    print_summary(result, top)
