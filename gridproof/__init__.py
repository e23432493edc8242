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
from gridproof.sweeps.execution.run_store import open_run_store
from gridproof.sweeps.plan.point import Point, evaluate_point
from gridproof.sweeps.run import market_of
from gridproof.sweeps.run import run_study as run
from gridproof.sweeps.study.study import Study, load_study

__version__ = "0.1.0"

__all__ = [
    "Budget", "IncompleteError", "InputError", "Market", "Point", "Run", "Study", "load_market", "load_study",
    "open_run", "point", "run", "search",
]  # fmt: skip


def load_market(study: Study, data: str | Path | None = None) -> Market:
    """The market of a study, as it was known; ``data`` is its folder, else the study's market.path."""
    return market_of(study, data)


def point(study: Study, values: Mapping[str, Any] | None = None, data: str | Path | None = None) -> Point:
    """One variant of a study: the base, or what differs from it by ``values`` (axis name to value)."""
    return evaluate_point(study, market_of(study, data), values)


def search(study: Study, trials: int, data: str | Path | None = None, **options: Any) -> Run:
    """Search a study's space with Optuna; the run of what was found and what surrounds it, judged against all of it.

    options: those of ``sweeps.search.options.Options`` (sampler, objectives, require, cells, points, seed, patience,
    walk_forward), and out, backend, storage, resume, verdict, budget, ray, workers as ``run`` has them. Raises
    InputError, and IncompleteError where the budget is used up.
    """
    from gridproof.sweeps.search.options import Options
    from gridproof.sweeps.search.session import run_search

    names = {field.name for field in fields(Options)}
    own: dict[str, Any] = {name: value for name, value in options.items() if name in names}
    own |= {name: tuple(value) for name, value in own.items() if isinstance(value, list)}
    return run_search(study, Options(trials, **own), data, **{k: v for k, v in options.items() if k not in names})


def open_run(folder: str | Path) -> Run:
    """A finished run by its folder, or its URL."""
    place, local = open_run_store(folder)
    return Run(local, place=place.of(local))
