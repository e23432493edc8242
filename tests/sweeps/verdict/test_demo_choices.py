"""The embedded study: what its verdict says of the choices, computed again in plain NumPy from ``variants.parquet``."""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

import gridproof as gp
from gridproof.kernels import reference
from gridproof.kernels.arrays import Floats
from gridproof.kernels.backend import resolve
from gridproof.sweeps.plan.listed_grid import ListedGrid
from gridproof.sweeps.plan.plan import build_plan
from gridproof.sweeps.plan.study_market import market_of
from gridproof.sweeps.verdict import bootstrap as bootstrap_module
from gridproof.sweeps.verdict import environments as environments_module
from gridproof.sweeps.verdict import placebo as placebo_module

pytestmark = pytest.mark.slow("test_verdict computes each number of a small study's verdict again in plain NumPy")

ENVIRONMENT = {"execution.cost": 0.001, "execution.lag": 1, "baa.release": "45 calendar days"}


class Demo(NamedTuple):
    run: gp.Run
    table: pd.DataFrame  # the variants at the base's environment
    returns: Floats  # (days in sample, len(table))
    days: pd.DatetimeIndex


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """Few resamples, placebo sweeps and other environments: they do not matter here."""
    study = gp.load_study("us-demo")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap_module, "RESAMPLES", 100)
        patch.setattr(placebo_module, "_FEWEST", 1)
        patch.setattr(placebo_module, "_MOST", 1)
        for name, few in (("_COMBINATIONS", 1), ("_RESAMPLES", 99), ("_SHIFTS", 19)):
            patch.setattr(environments_module, name, few)
        run = gp.run(study, out=tmp_path_factory.mktemp("demo"))
    table = pd.read_parquet(run.folder / "variants.parquet")
    chosen = np.ones(len(table), dtype=np.bool_)
    for name, value in ENVIRONMENT.items():
        chosen &= table[name].astype(type(value)).to_numpy() == value
    table = table[chosen]
    plan = build_plan(study, market_of(study), resolve("cpu"))
    piece = ListedGrid(plan, table["index"].to_numpy()).piece(0)
    jobs = piece.work.jobs()
    rows = np.repeat(jobs.rows, np.diff(jobs.first), axis=0)
    days = run.summary["window"]["days_in_sample"]
    daily = [reference.daily(plan.problem, row, int(cell))[1][:days]
             for row, cell in zip(rows, jobs.execution, strict=True)]  # fmt: skip
    returns = np.stack(daily, axis=1)[:, piece.job_of]
    return Demo(run, table, returns, pd.DatetimeIndex(plan.days[:days]))


def sharpe(sums: Floats, squares: Floats, days: Floats | int) -> Floats:
    mean = sums / days
    ratio: Floats = mean / np.sqrt((squares / days - mean**2) * days / (days - 1))
    return ratio


def test_the_best_is_the_best_at_the_base_environment(demo: Demo) -> None:
    summary = demo.run.summary
    assert summary["environment"] == {**ENVIRONMENT, "cash.interest": 0.02}
    assert summary["variants"] == 18 * len(demo.table) == 18 * summary["choices"]
    best = demo.table["sharpe"].max()
    assert round(best, 2) == 0.75
    assert summary["best"]["in_sample"]["sharpe"] == pytest.approx(best, rel=1e-6)
    assert {name: summary["best"]["parameters"][name] for name in ENVIRONMENT} == ENVIRONMENT
    assert summary["whole_grid"]["best"]["parameters"]["execution.cost"] == 0.0
    base = demo.table["sharpe"][summary["base"]["index"]]
    assert summary["base"]["percentile"] == pytest.approx(100 * (demo.table["sharpe"] < base).mean(), abs=0.01)
    assert set(demo.run.top(1000)["execution.cost"].astype(float)) == {0.001}


def test_the_probability_of_overfitting_among_the_choices(demo: Demo) -> None:
    """Equal variants count once. Ties: in sample the first is the best, out of sample they share their ranks."""
    count, days = 16, len(demo.returns)
    edges = np.arange(count + 1) * (days // count) + np.minimum(np.arange(count + 1), days % count)
    lengths = np.diff(edges).astype(np.float64)
    sums, squares = (np.add.reduceat(demo.returns**power, edges[:-1], axis=0) for power in (1, 2))
    first = np.sort(np.unique(sums.round(13), axis=1, return_index=True)[1])
    sums, squares = sums[:, first], squares[:, first]
    # The splits with block 0; the other half of each is a split too.
    halves = np.array([np.isin(np.arange(count), (0, *rest)) for rest in combinations(range(1, count), count // 2 - 1)])
    below = 0
    for some in np.array_split(halves.astype(np.float64), 39):
        sides = [
            sharpe(half @ sums, half @ squares, (half @ lengths)[:, None]).round(11) for half in (some, 1.0 - some)
        ]
        for inside, outside in (sides, sides[::-1]):
            chosen = np.take_along_axis(outside, inside.argmax(axis=1)[:, None], axis=1)
            rank = (outside < chosen).sum(axis=1) + ((outside == chosen).sum(axis=1) + 1) / 2
            below += int((rank <= (outside.shape[1] + 1) / 2).sum())
    found = next(row for row in demo.run.statistics["overfitting"] if row["blocks"] == count)
    assert found["splits"] == 2 * len(halves)
    assert round(below / found["splits"], 3) == 0.122
    assert found["probability"] == pytest.approx(below / found["splits"], abs=3 / found["splits"])  # ties by rounding


def test_the_walk_forward_among_the_choices(demo: Demo) -> None:
    found = demo.run.statistics["walk_forward"]
    held = []
    for fold in found["folds"]:
        train, test = (
            np.asarray((demo.days >= fold[f"{part}_from"]) & (demo.days <= fold[f"{part}_to"]))
            for part in ("train", "test")
        )
        past = demo.returns[train]
        best = int(sharpe(past.sum(axis=0), (past**2).sum(axis=0), len(past)).argmax())
        assert fold["index"] in set(demo.table["index"])
        held.append(demo.returns[test, best])
    joined = np.concatenate(held)
    t_statistic = joined.mean() / joined.std(ddof=1) * np.sqrt(len(joined))
    assert round(t_statistic, 2) == 1.23
    assert found["t_statistic"] == pytest.approx(t_statistic, abs=1e-3)


def test_the_trials_that_deflate_are_the_choices(demo: Demo) -> None:
    counts = demo.run.statistics["counts"]
    marks = {mark["name"]: mark["trials"] for mark in demo.run.statistics["deflated"]["marks"]}
    assert counts["choices"] == marks["choices"] == len(demo.table)
    assert counts["ledger"] == counts["variants"] == marks["ledger"] == 18 * len(demo.table)
    daily = demo.table["sharpe"].to_numpy(dtype=np.float64) / np.sqrt(252)
    assert demo.run.statistics["deflated"]["variance_daily"] == pytest.approx(daily.var(ddof=1), rel=1e-5)
