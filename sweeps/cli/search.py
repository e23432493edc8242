"""The command line of a search."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from gridproof.sweeps.cli.arguments import (
    BackendOption,
    DataOption,
    HoursOption,
    OutOption,
    RayOption,
    SetOption,
    StudyArgument,
    TopOption,
    VerdictOption,
    WorkersOption,
    terminated,
)
from gridproof.sweeps.cli.display import print_search, print_summary, show_progress
from gridproof.sweeps.execution.budget import Budget
from gridproof.sweeps.execution.executor import IncompleteError
from gridproof.sweeps.execution.options import RunOptions
from gridproof.sweeps.search.options import CELLS, Options
from gridproof.sweeps.study.study import load_study, parse_changes


def search(
    study: StudyArgument,
    trials: Annotated[int, typer.Option(metavar="N", help="How many trials in all.")] = 200,
    sampler: Annotated[str, typer.Option(metavar="tpe|nsga2|qmc|gp|cmaes|random", help="What proposes.")] = "tpe",
    objective: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="plateau (default), median, lower_quartile, best, worst_period, walk_forward, "
            "or a metric of the chosen cell; several for a Pareto front.",
        ),
    ] = None,
    require: Annotated[
        list[str] | None,
        typer.Option(metavar="'METRIC>=X'", help="What a chosen cell must meet: 'switches>=10', 'turnover<=4'."),
    ] = None,
    cells: Annotated[int | None, typer.Option(metavar="N", help="Cells of levels a trial, at most.")] = None,
    points: Annotated[
        int | None, typer.Option(metavar="N", help="Single points instead of dense levels, N of them a batch.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of the sampler.")] = 0,
    patience: Annotated[int | None, typer.Option(metavar="N", help="Stop after N trials without a better one.")] = None,
    walk_forward: Annotated[
        int | None, typer.Option(metavar="K", help="Besides, search anew on K growing windows and hold what follows.")
    ] = None,
    storage: Annotated[
        str | None, typer.Option(metavar="URL", help="sqlite:///FILE, postgresql://…; default a journal in the folder.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Only go on; there must be such a search.")] = False,
    data: DataOption = None,
    set_: SetOption = None,
    out: OutOption = "runs",
    backend: BackendOption = "auto",
    verdict: VerdictOption = True,
    top: TopOption = 10,
    ray: RayOption = None,
    workers: WorkersOption = None,
    max_hours: HoursOption = None,
) -> None:
    """Search STUDY's space: Optuna proposes, the levels of each proposal are a grid; go on where it stopped."""
    from gridproof.sweeps.search.session import run_search

    checked = load_study(study).set(parse_changes(set_ or []))
    aims, bounds = tuple(objective or ["plateau"]), tuple(require or [])
    most = CELLS if cells is None else cells
    options = Options(trials, sampler, aims, bounds, most, points, seed, patience, walk_forward)
    try:
        run = RunOptions(out, backend, verdict=verdict, ray=ray, workers=workers, budget=Budget(max_hours))
        with terminated(), show_progress() as observer:
            result = run_search(checked, options, data, run, storage, resume, observer)
    except IncompleteError as error:
        print(f"gridproof: not finished: {error}", file=sys.stderr)
        raise typer.Exit(3) from None
    except KeyboardInterrupt:
        print("gridproof: stopped; finished trials are kept, the same command goes on from there", file=sys.stderr)
        raise typer.Exit(130) from None
    print_search(result)
    print_summary(result, top)
