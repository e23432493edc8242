"""gridproof: is a published timing or rotation strategy robust, or a fluke of its thresholds?

>>> import gridproof as gp
>>> study = gp.load_study("us-demo")
>>> gp.point(study, {"lag": 2}).in_sample["sharpe"]
>>> run = gp.run(study)
>>> run.top(), run.surface("trend.window", "fork.window"), run.summary
>>> gp.search(gp.load_study("us-search"), trials=200, require=["switches>=10"]).search["best"]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from gridproof.kernels.errors import InputError
from gridproof.results.run.run import Run
from gridproof.signals.data.market import Market
from gridproof.sweeps.execution.budget import Budget
from gridproof.sweeps.execution.executor import IncompleteError
from gridproof.sweeps.execution.observer import RunObserver
from gridproof.sweeps.execution.options import RunOptions
from gridproof.sweeps.execution.run_store import open_run_store
from gridproof.sweeps.plan.point import Point, evaluate_point
from gridproof.sweeps.run import market_of, run_study
from gridproof.sweeps.study.study import Study, load_study

__version__ = "0.1.0"

__all__ = [
    "Budget", "IncompleteError", "InputError", "Market", "Point", "Run", "RunObserver", "Study", "load_market",
    "load_study", "open_run", "point", "run", "search",
]  # fmt: skip


def load_market(study: Study, data: str | Path | None = None) -> Market:
    """The market of a study, as it was known; ``data`` is its folder, else the study's market.path."""
    return market_of(study, data)


def point(study: Study, values: Mapping[str, Any] | None = None, data: str | Path | None = None) -> Point:
    """One variant of a study: the base, or what differs from it by ``values`` (axis name to value)."""
    return evaluate_point(study, market_of(study, data), values)


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
    """Evaluate every variant of a study, or a random ``sample`` of them, into a folder under ``out``, or at a URL.

    Resumes what an earlier call of the same study, data, code and backend left; a finished run is only read. ray:
    'local', 'auto' or the HOST:PORT of a head spreads the work over a cluster, on at most ``workers`` workers; what is
    written is the same to the byte. KeyboardInterrupt keeps what is finished. Raises InputError, and IncompleteError
    where the budget is used up, or work fails, or the cluster or the disk's space is lost: all resumable.
    """
    options = RunOptions(out, backend, sample, verdict, ray, workers, budget)
    return run_study(study, data, options, observer)


def search(study: Study, trials: int, data: str | Path | None = None, **options: Any) -> Run:
    """Search a study's space with Optuna; the run of what was found and what surrounds it, judged against all of it.

    options: those of ``sweeps.search.options.Options`` (sampler, objectives, require, cells, points, seed, patience,
    walk_forward); out, backend, verdict, budget, ray, workers, observer as ``run`` has them; storage and resume as
    ``sweeps.search.session.run_search`` has them. Raises InputError, and IncompleteError where the budget is used up.
    """
    from gridproof.sweeps.search.options import Options
    from gridproof.sweeps.search.session import run_search

    names = {field.name for field in fields(Options)}
    own: dict[str, Any] = {name: value for name, value in options.items() if name in names}
    own |= {name: tuple(value) for name, value in own.items() if isinstance(value, list)}
    shared = {"out", "backend", "verdict", "budget", "ray", "workers"}
    running = {name: value for name, value in options.items() if name in shared}
    rest = {name: value for name, value in options.items() if name not in names and name not in running}
    return run_search(study, Options(trials, **own), data, RunOptions(**running), **rest)


def open_run(folder: str | Path) -> Run:
    """A finished run by its folder, or its URL."""
    place, local = open_run_store(folder)
    return Run(local, place=place.of(local))
