"""Samplers by name. One that cannot handle the space is refused, with the reason and a remedy."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Sequence

import numpy as np
import optuna
from optuna.samplers import BaseSampler

from gridproof.kernels.errors import InputError
from gridproof.sweeps.search.dimensions import Dimensions

SAMPLERS = ("tpe", "nsga2", "qmc", "gp", "cmaes", "random")
# Samplers that combine the parameters of two trials: each trial needs all dimensions, active or not.
CROSSOVER_SAMPLERS = ("nsga2",)
# The packages that samplers need beside Optuna.
_PACKAGES = {"gp": "torch", "cmaes": "cmaes"}


def build_sampler(
    name: str, dimensions: Dimensions, objectives: int, constrained: bool, seed: Sequence[int], population: int
) -> BaseSampler:
    """objectives: how many. seed: numbers that together make one seed. population: of NSGA-II.

    Raises InputError as ``check_sampler``.
    """
    check_sampler(name, dimensions, objectives, constrained)
    number = int(np.random.SeedSequence(list(seed)).generate_state(1)[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        if name == "tpe":
            grouped = dimensions.conditional is not None
            return optuna.samplers.TPESampler(seed=number, multivariate=True, group=grouped)
        if name == "nsga2":
            return optuna.samplers.NSGAIISampler(seed=number, population_size=population)
        if name == "random":
            return optuna.samplers.RandomSampler(seed=number)
        if name == "qmc":
            return optuna.samplers.QMCSampler(seed=int(seed[0]), scramble=True, warn_independent_sampling=False)
        if name == "gp":
            return optuna.samplers.GPSampler(seed=number)
        return optuna.samplers.CmaEsSampler(seed=number, warn_independent_sampling=False)


def check_sampler(name: str, dimensions: Dimensions, objectives: int, constrained: bool) -> None:
    """Raises InputError where the sampler is unknown, not installed, or cannot handle the space."""
    where = "--sampler"
    if name not in SAMPLERS:
        raise InputError("the sampler must be known", name, where, f"Use {', '.join(SAMPLERS)}")
    if name in ("gp", "cmaes", "qmc") and (reason := dimensions.conditional):
        rule = f"{name} cannot handle dimensions that depend on others"
        raise InputError(rule, reason, where, "Use tpe, nsga2 or random, or fix that axis with --set")
    if name == "cmaes" and dimensions.unordered:
        remedy = "Use tpe, nsga2, qmc, gp or random, space its values evenly, or fix it with --set"
        raise InputError(
            "cmaes handles only evenly spaced numbers", f"{dimensions.unordered[0]} is a choice", where, remedy
        )
    if name == "cmaes" and len(dimensions.free) < 2:
        raise InputError("cmaes needs at least two dimensions", dimensions.free[0].name, where, "Use tpe, qmc or gp")
    if name == "cmaes" and objectives > 1:
        raise InputError("cmaes handles only one objective", objectives, where, "Use tpe or nsga2, or one --objective")
    if name == "cmaes" and constrained:
        remedy = "Use tpe, nsga2 or gp, or leave --require out"
        raise InputError("cmaes handles no requirements", "--require", where, remedy)
    package = _PACKAGES.get(name)
    if package is not None and importlib.util.find_spec(package) is None:
        raise InputError(
            f"{name} needs the package {package}",
            "not installed",
            where,
            f"Install it with pip install {package}, or use tpe",
        )
