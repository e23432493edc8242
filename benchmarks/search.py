"""The search: what it spends outside the kernels, and what it finds beside plain Optuna in the same time.

    python -m benchmarks.search [--seconds 10] [--seeds 10] [--trials 300] [--json]

Overhead: ``us-search`` until its trials are done, the share of wall time outside the kernels. Against plain Optuna: TPE
with a point a trial, its objective the Sharpe ratio in sample, kept in memory and evaluated by the same kernels; ours
is TPE over structure with the plateau of a dense grid of levels. Both get the same seconds, take turns, and are judged
by the Sharpe ratio of what they chose on days that neither has seen.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from scipy.stats import binomtest, wilcoxon

import gridproof as gp
from benchmarks.measure import hardware
from gridproof.kernels.arrays import Array
from gridproof.kernels.backend import resolve
from gridproof.kernels.metrics import METRICS
from gridproof.sweeps.search.dimensions import Choice, Dimensions
from gridproof.sweeps.search.loop import Search
from gridproof.sweeps.search.options import SearchOptions
from gridproof.sweeps.search.pareto_front import pareto_front
from gridproof.sweeps.search.search_context import SearchContext
from gridproof.sweeps.search.timed_backend import KernelClock
from gridproof.sweeps.search.trial_spec import TrialSpec
from gridproof.sweeps.study.study import Study

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "ashare"
_SHARPE = METRICS.index("sharpe")


def overhead(trials: int) -> dict[str, Any]:
    """The shipped search study, journal and ledger included."""
    with tempfile.TemporaryDirectory() as folder:
        found = gp.search(gp.load_study("us-search"), trials, out=folder, require=["switches>=10"], verdict=False)
        seconds, record = found.timing["search"], found.search
    inside = seconds["kernels"] / (seconds["asking"] + seconds["evaluating"] + seconds["telling"])
    return {"trials": trials, "cells": record["cells"], **seconds, "share_outside_kernels": 1.0 - inside}


def ours(study: Study, data: Path | None, seconds: float, seed: int) -> tuple[Choice, int]:
    trials = 10**8  # ended by the time
    spec = TrialSpec(study, gp.load_market(study, data), "cpu", SearchOptions(trials))
    evaluator = spec.evaluator(KernelClock())
    search = Search(_study(seed), spec.dimensions, evaluator, spec.objectives, lambda _: None, False)
    search.run(trials, 1, None, lambda _: None, _until(seconds))
    best = pareto_front(search.complete_trials(), spec.objectives)[0]
    return best.user_attrs["result"]["chosen"], search.progress.cells


def plain(study: Study, data: Path | None, seconds: float, seed: int) -> tuple[Choice, int]:
    """What a user of Optuna writes: every axis a parameter, a backtest a trial."""
    context = SearchContext(study, gp.load_market(study, data), resolve("cpu"))
    dimensions = Dimensions(study, False, 0)
    stop, optimised = _until(seconds), _study(seed)
    best: tuple[float, Choice] = (-np.inf, study.base)
    trials = 0
    while stop() is None:
        trial = optimised.ask()
        choice = dimensions.suggest(trial)
        value = float(context.evaluate_points(context.in_sample, _columns(choice))[0, 0, _SHARPE])
        trials += 1
        if not np.isfinite(value):
            optimised.tell(trial, state=optuna.trial.TrialState.PRUNED)
            continue
        optimised.tell(trial, value)
        best = max(best, (value, choice), key=lambda each: each[0])
    return best[1], trials


def compare(study: Study, data: Path | None, seconds: float, seeds: int) -> dict[str, Any]:
    """In turns, after one short run of each that compiles."""
    market = gp.load_market(study, data)
    context = SearchContext(study, market, resolve("cpu"))
    contenders: dict[str, Callable[..., tuple[Choice, int]]] = {"dense": ours, "plain": plain}
    for contender in contenders.values():
        contender(study, data, 1.0, 999)
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in contenders}
    for seed in range(seeds):
        for name, contender in contenders.items():
            chosen, tried = contender(study, data, seconds, seed)
            inside, outside = context.evaluate_points(context.layout, _columns(chosen))[0, :, _SHARPE]
            rows[name].append({"in_sample": float(inside), "out_of_sample": float(outside), "tried": tried})
    difference = np.array([a["out_of_sample"] - b["out_of_sample"] for a, b in zip(*rows.values(), strict=True)])
    moved = np.nan_to_num(difference)
    return {
        "study": study.name,
        "published": str(study.spec.window.published),
        "seconds": seconds,
        "runs": rows,
        "median": {
            name: {key: float(np.nanmedian([row[key] for row in each])) for key in each[0]}
            for name, each in rows.items()
        },
        "better": int((moved > 0).sum()),
        "worse": int((moved < 0).sum()),
        "sign_p": float(binomtest(int((moved > 0).sum()), max(1, int((moved != 0).sum()))).pvalue),
        "wilcoxon_p": float(wilcoxon(moved).pvalue) if (moved != 0).any() else 1.0,
    }


def _columns(choice: Choice) -> dict[str, Array]:
    return {name: np.array([value], dtype=object) for name, value in choice.items()}


def _study(seed: int) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True, group=True)
    return optuna.create_study(direction="maximize", sampler=sampler)


def _until(seconds: float) -> Callable[[], str | None]:
    end = time.perf_counter() + seconds
    return lambda: "time" if time.perf_counter() >= end else None


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result: dict[str, Any] = {"hardware": hardware(), "overhead": overhead(options.trials), "against_plain": []}
    cases: list[tuple[str, Path | None, list[str]]] = [("us-search", None, ["2009-01-02", "2013-01-02"])]
    if DATA.is_dir():
        cases.append(("microcap-rate-timing", DATA, ["2013-01-04", "2017-01-04"]))
    for name, data, splits in cases:
        for published in splits:
            study = gp.load_study(name).set({"window.published": published})
            result["against_plain"].append(compare(study, data, options.seconds, options.seeds))
    if options.json:
        print(json.dumps(result, indent=2))
        return
    measured = result["overhead"]
    print(f"us-search, {measured['cells']:,} cells in {measured['trials']} trials: "
          f"{measured['share_outside_kernels']:.0%} of the time outside the kernels")  # fmt: skip
    for one in result["against_plain"]:
        medians = ", ".join(f"{name} {each['out_of_sample']:.2f}" for name, each in one["median"].items())
        print(f"{one['study']}, chosen on the days before {one['published']}: median Sharpe ratio after {medians};")
        print(f"  dense better {one['better']}, worse {one['worse']} of {options.seeds}, sign p {one['sign_p']:.2f}")


if __name__ == "__main__":
    main()
