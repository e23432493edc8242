"""The loop the benchmark compares with is right, and its problem is what it says. Nothing is timed here."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

from benchmarks import bench, measure, plain_loop
from benchmarks.problem import Case, build, closes, jobs_of
from benchmarks.rivals import COMPARED, as_they_count
from benchmarks.show import show
from gridproof.kernels import reference
from gridproof.kernels.cuda import availability
from gridproof.kernels.metrics import measure_returns
from gridproof.kernels.paths import flips, unpack
from gridproof.kernels.problem import Box, Jobs
from tests.support.problems import random_jobs, random_problem
from tests.support.rays import ROOT
from tests.support.shim.device import ShimDevice

# Those that a page names.
PAGES = [ROOT / "benchmarks" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMANDS = sorted({name for page in PAGES for name in re.findall(r"python -m (benchmarks\.\w+)", page.read_text())})


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    module = import_module(name)
    if hasattr(module, "__path__"):
        module = import_module(f"{name}.__main__")
    with pytest.raises(SystemExit) as ended:
        module.main()
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert said.startswith(f"usage: python -m {name} ")
    assert "".join((module.__doc__ or "").split()) in "".join(said.split())


ONE = pytest.param(1, marks=pytest.mark.slow("the loop of three signals is compared in make test"))


@pytest.mark.parametrize("bits", [3, ONE])
def test_plain_loop_agrees_with_reference(bits: int) -> None:
    rng = np.random.default_rng(bits)
    problem = random_problem(rng, days=300, bits=bits, lead=1, lags=(1,), flip=0.03)
    second = {"lags": problem.lags[1:], "payoff_of": problem.payoff_of[1:], "cost_of": problem.cost_of[1:]}
    problem = replace(problem, bounds=np.array([0, 300]), **second)
    assert problem.costs[problem.cost_of[0]].any()
    rows = random_jobs(rng, problem, bits).rows
    states = unpack(problem.path_bits, problem.decision_days).astype(np.uint8)
    expected = reference.evaluate(problem, jobs_of(rows))
    np.testing.assert_allclose(plain_loop.evaluate(problem, states, rows), expected, rtol=1e-9, atol=1e-10)


def test_plain_loop_refuses_what_it_does_not_know() -> None:
    problem = random_problem(np.random.default_rng(1))
    with pytest.raises(ValueError, match="one execution at lag = lead, one segment, 5 signals"):
        plain_loop.evaluate(problem, np.zeros((3, 132), dtype=np.uint8), np.zeros((1, 3), dtype=np.int32))


@pytest.mark.parametrize(("signals", "legs", "variants"), [(1, 1, 50), (3, 2, 64), (5, 2, 32)])
def test_the_grid(signals: int, legs: int, variants: int) -> None:
    grid = build(Case("test", signals=signals, yearly=5, legs=legs, variants=variants, days=486))
    assert len(np.unique(grid.rows, axis=0)) == len(grid.rows) == variants
    assert len(np.unique(grid.problem.path_bits, axis=0)) == len(grid.problem.path_bits)
    switched = unpack(flips(grid.problem.path_bits, 486), 486).sum(axis=1)
    np.testing.assert_array_equal(switched, 10)
    rule = grid.problem.rule
    for code in range(rule.shape[1]):
        np.testing.assert_array_equal(rule[rule[:, code], code], rule[:, code])
    np.testing.assert_array_equal(np.concatenate([piece.rows for piece in grid.pieces()]), grid.rows)
    prices = closes(grid.problem)
    np.testing.assert_allclose(prices[1:] / prices[:-1] - 1, grid.problem.returns[0, :-1].T, atol=1e-13)


def test_the_form_is_the_one_a_run_chooses() -> None:
    """One signal shares nothing with itself; sixty-four of three do not share enough, a thousand do."""
    sizes = ((1, 50), (3, 64), (3, 1000))
    cases = [Case("test", signals=signals, variants=variants, days=99) for signals, variants in sizes]
    assert [type(build(case).works()[0]) for case in cases] == [Jobs, Jobs, Box]


def test_a_ratio_is_of_turns() -> None:
    """A spell that halves the speed of both changes nothing, wherever it falls; half as much work is half the rate."""
    one = {"all_seconds": [1.0, 2.0, 2.0], "variant_days": 10}
    other = {"all_seconds": [8.0, 16.0, 16.0], "variant_days": 5}
    assert measure.ratio(one, other) == 16.0
    assert measure.ratio(one, other | {"all_seconds": [8.0, 16.0, 99.0]}) == 16.0
    assert measure.ratio(other, one) == 1 / 16


def test_their_conventions() -> None:
    """The same series with a day that returned 0 in front."""
    grid = build(Case("test", yearly=5, variants=64, days=486, cost=0.0))
    theirs = []
    for row in grid.rows:
        returns = np.concatenate([[0.0], reference.daily(grid.problem, row, 0)[1]])
        theirs.append(measure_returns(returns, 243.0, 0.0)[COMPARED])
    ours = reference.evaluate(grid.problem, jobs_of(grid.rows))
    np.testing.assert_allclose(as_they_count(ours, 486), theirs, rtol=1e-9)


def test_where_a_gpu_answers_it_is_measured_too(
    shim: ShimDevice, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Through the shim: what it takes says nothing, that it is compared and told apart does."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(bench, "HEADLINE", replace(bench.HEADLINE, days=300, yearly=5.0))
    monkeypatch.setattr(measure, "_TURN", 0.01)
    monkeypatch.setattr(measure, "gpu_answers", lambda: False)
    without = bench.measure_table("variants", (8, 27))
    assert not any("cuda" in key for row in without for key in row)
    monkeypatch.setattr(measure, "gpu_answers", lambda: True)
    monkeypatch.setattr(availability, "open_gpu", lambda: shim)
    rows = bench.measure_table("variants", (8, 27))
    case = measure.run_case(replace(bench.HEADLINE, variants=27), 1, None, few=5)
    assert case["largest_difference"]["cuda"] <= 1e-9
    runs = case["runs"]
    assert case["ratios"]["cuda_over_cpu"] == pytest.approx(runs["cpu"]["seconds"] / runs["cuda"]["seconds"])
    show({"hardware": {}, "cases": [case], "tables": {"variants": rows}, "break_even_variants": 27, "alone": {}})
    told = capsys.readouterr().out
    assert "gridproof cuda" in told
    assert "cuda ns" in told
    assert "from 27 variants on" in told


def test_break_even() -> None:
    def rows(*ratios: float) -> list[measure.Report]:
        return [{"variants": 10**at, "cuda_over_cpu": ratio} for at, ratio in enumerate(ratios)]

    assert bench.break_even(rows(0.1, 2.0, 0.9, 1.0, 7.0)) == 1000
    assert bench.break_even(rows(0.1, 2.0, 0.9)) is None
    assert bench.break_even(rows(1.5, 2.0)) == 1
