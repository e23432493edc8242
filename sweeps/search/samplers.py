"""Samplers by name, each refused where it cannot handle the space: the reason, and what can."""

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
# Those that cross trials, of dimensions that all of them have: they are asked for all dimensions, meant or not.
CROSSING = ("nsga2",)
# What a sampler needs beside Optuna.
_PACKAGES = {"gp": "torch", "cmaes": "cmaes"}


def build_sampler(
    name: str, dimensions: Dimensions, aims: int, constrained: bool, seed: Sequence[int], population: int
) -> BaseSampler:
    """seed: numbers that make one seed. population: of NSGA-II. Raises InputError as ``check_sampler``."""
    check_sampler(name, dimensions, aims, constrained)
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


def check_sampler(name: str, dimensions: Dimensions, aims: int, constrained: bool) -> None:
    """Raises InputError where the sampler is unknown, not installed, or cannot handle the space."""
    where = "--sampler"
    if name not in SAMPLERS:
        raise InputError("a sampler is one of those known here", name, where, f"Use {', '.join(SAMPLERS)}")
    if name in ("gp", "cmaes", "qmc") and (why := dimensions.conditional):
        rule = f"{name} needs dimensions that always have a meaning"
        raise InputError(rule, why, where, "Use tpe, nsga2 or random, or fix that axis with --set")
    if name == "cmaes" and dimensions.unordered:
        remedy = "Use tpe, nsga2, qmc, gp or random, space its values evenly, or fix it with --set"
        raise InputError(
            "cmaes moves evenly spaced numbers only", f"{dimensions.unordered[0]} is a choice", where, remedy
        )
    if name == "cmaes" and len(dimensions.free) < 2:
        raise InputError("cmaes moves two dimensions or more", dimensions.free[0].name, where, "Use tpe, qmc or gp")
    if name == "cmaes" and aims > 1:
        raise InputError("cmaes has one objective", aims, where, "Use tpe or nsga2, or one --objective")
    if name == "cmaes" and constrained:
        remedy = "Use tpe, nsga2 or gp, or leave --require out"
        raise InputError("cmaes knows no requirements", "--require", where, remedy)
    package = _PACKAGES.get(name)
    if package is not None and importlib.util.find_spec(package) is None:
        raise InputError(
            f"{name} needs the package {package}", "not installed", where, f"pip install {package}, or tpe"
        )
