"""Public functions of ``import gridproof`` about one study or run. docs/api.md is generated from their docstrings."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gridproof.results.run.run import Run
from gridproof.results.run.store import Store
from gridproof.signals.data.market import Market
from gridproof.sweeps.execution.budget import Budget
from gridproof.sweeps.execution.options import RunOptions
from gridproof.sweeps.execution.run_store import open_run_store
from gridproof.sweeps.plan.point import Point, evaluate_point
from gridproof.sweeps.plan.study_market import market_of
from gridproof.sweeps.progress.notebook import observed
from gridproof.sweeps.progress.observer import RunObserver, warn_of_data
from gridproof.sweeps.run import run_study
from gridproof.sweeps.study.study import Study


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
        ``"cpu"``, ``"cuda"``, ``"reference"`` or ``"auto"``: cuda where it was proven on this GPU (docs/cuda.md), else
        cpu.
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
    with observed(observer) as observing:
        return run_study(study, data, options, observing)


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
