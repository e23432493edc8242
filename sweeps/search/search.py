"""The public function that searches a study's space. docs/api.md is generated from its docstring."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gridproof.results.run.run import Run
from gridproof.sweeps.execution.budget import Budget
from gridproof.sweeps.execution.options import RunOptions
from gridproof.sweeps.progress.notebook import observed
from gridproof.sweeps.progress.observer import RunObserver
from gridproof.sweeps.search.options import CELLS, SearchOptions
from gridproof.sweeps.search.session import run_search
from gridproof.sweeps.study.study import Study


def search(
    study: Study,
    trials: int,
    data: str | Path | None = None,
    *,
    sampler: str = "tpe",
    objectives: Sequence[str] = ("plateau",),
    require: Sequence[str] = (),
    cells: int = CELLS,
    points: int | None = None,
    seed: int = 0,
    patience: int | None = None,
    walk_forward: int | None = None,
    storage: str | None = None,
    resume: bool = False,
    out: str | Path = "runs",
    backend: str = "auto",
    verdict: bool = True,
    ray: str | None = None,
    workers: int | None = None,
    budget: Budget | None = None,
    observer: RunObserver | None = None,
) -> Run:
    """Search a study's space with Optuna, where it is too large to be swept.

    A trial evaluates all levels of the latches at the windows that the sampler proposes. What is found is swept with
    its neighbours, and judged against all variants that the search evaluated. The search sees the days in sample only.
    The same call, or one with more trials, resumes.

    Parameters
    ----------
    study
        The study.
    trials
        Trials in all, those of earlier calls included.
    data
        Folder of the market's files. None: the study's ``market.path``.
    sampler
        ``"tpe"``, ``"nsga2"``, ``"qmc"``, ``"gp"``, ``"cmaes"`` or ``"random"``.
    objectives
        ``"plateau"``, ``"median"``, ``"lower_quartile"``, ``"best"``, ``"worst_period"``, ``"walk_forward"``, or a
        metric of the chosen variant. Several give a Pareto front.
    require
        Requirements of the chosen variant, such as ``"switches>=10"``.
    cells
        At most so many variants in a trial.
    points
        Evaluate single variants instead of all levels, so many in a batch. None: all levels.
    seed
        Random seed of the sampler.
    patience
        Stop after so many trials without an improvement. None: never.
    walk_forward
        Also search anew on so many growing windows, each result evaluated on the days that follow. None: not.
    storage
        URL of an Optuna storage. None: a journal in the run's folder.
    resume
        Raise InputError where there is no such search to resume, instead of starting one.
    out, backend, verdict, ray, workers, budget, observer
        As for ``run``.

    Returns
    -------
    Run
        The sweep around what was found; ``Run.search`` is the record of the search.

    Raises
    ------
    InputError
        The study, the data or an option cannot be used, or no trial has a defined objective.
    IncompleteError
        The budget was used up. The same call resumes.

    Examples
    --------
    >>> import gridproof as gp
    >>> study = gp.load_study("us-demo")
    >>> few = study.set(study.base | {"rate.on_above": [0.05, 0.1], "trend.window": [60, 120, 240]})
    >>> found = gp.search(few, 2, sampler="random", backend="reference", verdict=False)
    >>> found.search["trials"]["finished"]
    2
    """
    options = SearchOptions(
        trials, sampler, tuple(objectives), tuple(require), cells, points, seed, patience, walk_forward, storage, resume
    )
    where = RunOptions(out, backend, verdict=verdict, ray=ray, workers=workers, budget=budget)
    with observed(observer) as observing:
        return run_search(study, options, data, where, observing)
