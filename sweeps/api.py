"""The public functions of ``import gridproof``. docs/api.md is generated from their docstrings."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gridproof.results.run.factor_run import FactorRun
from gridproof.results.run.run import Run
from gridproof.results.run.store import Store
from gridproof.signals.data.market import Market
from gridproof.sweeps.execution.budget import Budget
from gridproof.sweeps.execution.options import RunOptions
from gridproof.sweeps.execution.run_store import open_run_store
from gridproof.sweeps.plan.point import Point, evaluate_point
from gridproof.sweeps.plan.study_market import market_of
from gridproof.sweeps.progress.notebook import NotebookDisplay, in_notebook
from gridproof.sweeps.progress.observer import RunObserver, warn_of_data
from gridproof.sweeps.run import run_study
from gridproof.sweeps.search.options import CELLS, SearchOptions
from gridproof.sweeps.study.study import Study


@contextmanager
def _observed(observer: RunObserver | None) -> Iterator[RunObserver]:
    """The caller's observer; where there is none a display in a notebook, and silence elsewhere."""
    if observer is not None:
        yield observer
    elif in_notebook():
        with NotebookDisplay() as display:
            yield display
    else:
        yield RunObserver()


def load_market(study: Study, data: str | Path | None = None) -> Market:
    """Read the series of a study, aligned on its calendar as they were known on each day.

    Parameters
    ----------
    study
        The study whose series are read.
    data
        Folder of the market's files. None: the study's ``market.path``.

    Returns
    -------
    Market
        Series on the days of the calendar. A value is there from the first day on which it had been released.
        ``Market.warnings`` has what is suspicious in them.

    Raises
    ------
    InputError
        A file is missing, or cannot be used as the study says.

    Examples
    --------
    >>> import gridproof as gp
    >>> market = gp.load_market(gp.load_study("us-demo"))
    >>> str(market.calendar[0]), len(market.calendar)
    ('1999-01-04', 5031)
    """
    return market_of(study, data)


def point(study: Study, values: Mapping[str, Any] | None = None, data: str | Path | None = None) -> Point:
    """Evaluate one variant of a study day by day, with the reference backend.

    Parameters
    ----------
    study
        The study.
    values
        Axis name to value, where the variant differs from the base; a name may be short where it is clear (``lag``),
        a value need not be on the grid. None: the base.
    data
        Folder of the market's files. None: the study's ``market.path``.

    Returns
    -------
    Point
        Metrics in sample and after publication, and the daily curve.

    Raises
    ------
    InputError
        A name is no axis, a value is out of range, or the data cannot be used.

    Warns
    -----
    DataWarning
        Something in the data is suspicious but may be true.

    Examples
    --------
    >>> import gridproof as gp
    >>> study = gp.load_study("us-demo")
    >>> base, slower = gp.point(study), gp.point(study, {"lag": 2, "cost": 0.002})
    >>> slower.parameters["execution.lag"], slower.parameters["execution.cost"]
    (2, 0.002)
    >>> slower.in_sample["total_return"] < base.in_sample["total_return"]
    True
    """
    market = market_of(study, data)
    evaluated = evaluate_point(study, market, values)
    for warning in market.warnings:
        warn_of_data(warning)
    return evaluated


def run(
    study: Study,
    data: str | Path | None = None,
    *,
    out: str | Path = "runs",
    backend: str = "auto",
    sample: int | None = None,
    verdict: bool = True,
    ray: str | None = None,
    workers: int | None = None,
    budget: Budget | None = None,
    observer: RunObserver | None = None,
) -> Run:
    """Evaluate every variant of a study, or a random sample of them, into a folder.

    The same call resumes an unfinished run of the same study, data, code and backend, and only reads a finished one.
    Ctrl-C keeps what is finished. Results do not depend on interruptions, threads or the number of workers.

    Parameters
    ----------
    study
        The study.
    data
        Folder of the market's files. None: the study's ``market.path``.
    out
        Folder or URL (``s3://bucket/runs``) under which the run's folder is made.
    backend
        ``"auto"`` (cpu), ``"cpu"``, ``"cuda"`` or ``"reference"``.
    sample
        Evaluate only so many variants, drawn at random without replacement: among the choices, and where these are
        fewer, the rest among the others. None: all.
    verdict
        Whether to compute the statistics of the sweep too.
    ray
        ``"local"``, ``"auto"`` or the ``"HOST:PORT"`` of a head: evaluate on a Ray cluster. None: in this process.
    workers
        With ``ray``: at most so many workers.
    budget
        Limits of this call in hours and money.
    observer
        Receives progress and notices. None: a progress display in a notebook; elsewhere only Python warnings about
        the data.

    Returns
    -------
    Run
        The finished run.

    Raises
    ------
    InputError
        The study, the data or an option cannot be used.
    IncompleteError
        The run ended early (budget used up, disk full, workers lost, a tile failed). The same call resumes it.

    Warns
    -----
    DataWarning
        Something in the data is suspicious but may be true, and neither an observer nor a notebook shows notices.

    Examples
    --------
    >>> import gridproof as gp
    >>> study = gp.load_study("us-demo")
    >>> few = study.set(study.base | {"trend.window": [60, 120, 240], "fork.window": [10, 20]})
    >>> run = gp.run(few, backend="reference", verdict=False)
    >>> run.summary["variants"]
    6
    >>> run.surface("trend.window", "fork.window").shape
    (3, 2)
    """
    options = RunOptions(out, backend, sample, verdict, ray, workers, budget)
    with _observed(observer) as observing:
        return run_study(study, data, options, observing)


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
    from gridproof.sweeps.search.session import run_search

    options = SearchOptions(
        trials, sampler, tuple(objectives), tuple(require), cells, points, seed, patience, walk_forward, storage, resume
    )
    where = RunOptions(out, backend, verdict=verdict, ray=ray, workers=workers, budget=budget)
    with _observed(observer) as observing:
        return run_search(study, options, data, where, observing)


def factors(
    study: str | Path | Mapping[str, Any],
    data: str | Path | None = None,
    *,
    changes: Mapping[str, Any] | None = None,
    out: str | Path = "runs",
    observer: RunObserver | None = None,
) -> FactorRun:
    """Measure every variant of a factor study: rank IC, quantile portfolios, long–short returns, and a verdict.

    The same call only reads a finished study.

    Parameters
    ----------
    study
        A factor study file, the name of a shipped one, or a mapping with the keys of such a file.
    data
        Folder of the files. None: the study's ``market.path``.
    changes
        Other values of parameters (``"reversal.n"``) or settings (``"cost"``, ``"every"``, ``"window.from"``).
    out
        Folder under which the study's folder is made.
    observer
        As for ``run``.

    Returns
    -------
    FactorRun
        The finished study; its tables are read when they are asked for.

    Raises
    ------
    InputError
        The study or the data cannot be used.

    Warns
    -----
    DataWarning
        Something in the data is suspicious but may be true, and neither an observer nor a notebook shows notices.

    Examples
    --------
    >>> import gridproof as gp
    >>> found = gp.factors("factor-demo", changes={"window.from": "2019-01-02"})
    >>> found.variants.columns.tolist()[:4]
    ['variant', 'label', 'factor', 'parameters']
    """
    from gridproof.sweeps.factors.run import run_factors
    from gridproof.sweeps.factors.study import load_factor_study

    checked = load_factor_study(study).set(changes or {})
    with _observed(observer) as observing:
        return run_factors(checked, data, out, observing)


def open_run(folder: str | Path) -> Run:
    """Open a finished run or search.

    Parameters
    ----------
    folder
        Its folder, or its URL.

    Returns
    -------
    Run
        The run; its tables are read when they are asked for.

    Raises
    ------
    InputError
        There is no finished run, or its summary is damaged.

    Warns
    -----
    UserWarning
        Another finished file is missing or damaged, or the run has no manifest, so that nothing can be verified.

    Examples
    --------
    >>> import gridproof as gp
    >>> gp.open_run("runs/no-such-run")
    Traceback (most recent call last):
        ...
    gridproof.kernels.errors.InputError: ...
    """
    place, local = open_run_store(folder)
    if (text := Store(local).complaint()) is not None:
        warnings.warn(text, stacklevel=2)
    return Run(local, place=place.of(local))
