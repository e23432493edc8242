"""What a trial finds: every statistic against plain NumPy on the daily returns of the reference backend."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

import gridproof as gp
from gridproof.kernels import reference
from gridproof.kernels.arrays import Floats
from gridproof.kernels.backend import resolve
from gridproof.kernels.metrics import METRICS
from gridproof.signals.data.market import Market
from gridproof.sweeps.plan.plan import build_plan
from gridproof.sweeps.plan.point import evaluate_point
from gridproof.sweeps.search.dimensions import Choice, Dimensions
from gridproof.sweeps.search.objectives import PARTS, STATISTICS, parse_objectives, parse_requirements
from gridproof.sweeps.search.search_context import SearchContext
from gridproof.sweeps.search.timed_backend import KernelClock
from gridproof.sweeps.search.trial_evaluation import CellEvaluator, PointEvaluator, TrialResult, check_aims
from gridproof.sweeps.search.trial_spec import TrialSpec
from gridproof.sweeps.study.study import Study
from tests.kernels.aggregate.test_neighbourhood import brute
from tests.support.searched import searched, small_market

PERIODS = 243.0
# Every kind of trial: each rule, signals off, a rule that holds, windows between the values.
CHOICES: list[Choice] = [
    {"rule": "guarded", "rate.window": 33, "trend.window": 27},
    {"rule": "rotate", "trend.window": 61},
    {"rule": "patient", "rate.window": 41, "trend.window": 18},
    {"rule": "guarded", "rate.use": "off", "growth.smooth": 1},
    {"rule": "guarded", "trend.use": "off", "rate.window": 20},
    {"rule": "patient", "rate.use": "off", "trend.window": 25},
]


def whole(choice: Choice) -> Choice:
    return {**searched().base, **choice}


@cache
def ground(objective: str = "sharpe") -> SearchContext:
    return SearchContext(searched().set({"objective": objective}), small_market(), resolve("cpu"))


@cache
def dense() -> Dimensions:
    return Dimensions(searched(), True, 1000)


def find(choice: Choice, aims: Sequence[str], require: Sequence[str] = (), objective: str = "sharpe") -> TrialResult:
    cells = CellEvaluator(ground(objective), dense(), parse_objectives(aims), parse_requirements(require))
    [found] = cells.find([whole(choice)])
    return found


def returns_of(study: Study, cells: Sequence[Choice]) -> Floats:
    """(cells, days in sample) of the reference backend, each cell at its place on a grid of its own."""
    lists: dict[str, Any] = {name: list(dict.fromkeys(cell[name] for cell in cells)) for name in cells[0]}
    several = [axis.name for axis in study.space.axes if len(axis.values) > 1]
    part = study.set({name: lists[name][0] for name in several})
    part = part.set({name: sorted(lists[name]) for name in several if len(lists[name]) > 1})
    plan = build_plan(part, small_market(), resolve("reference"))
    rows = []
    for cell in cells:
        digits = [axis.values.index(cell[axis.name]) for axis in part.space.axes]
        keys = [plan.paths[one.name][tuple(digits[at] for at in part.space.uses[one.name])] for one in part.signals]
        paths = plan.rows(np.array([keys], dtype=np.int64))[0].astype(np.int64)
        rows.append(reference.daily(plan.problem, paths, 0)[1][: int(plan.problem.bounds[1])])
    return np.array(rows)


@cache
def cells_of(place: int) -> tuple[list[Choice], tuple[int, ...], Floats]:
    grid = dense().grid(whole(CHOICES[place]))
    names = searched().space.names
    cells = [dict(zip(names, one, strict=True)) for one in itertools.product(*(grid[name] for name in names))]
    return cells, tuple(len(grid[name]) for name in names), returns_of(searched(), cells)


def measure(returns: Floats, objective: str) -> float:
    nav = np.cumprod(1.0 + returns)
    if objective == "total_return":
        return float(nav[-1] - 1.0)
    if objective == "cagr":
        return float(nav[-1] ** (PERIODS / len(returns)) - 1.0)
    if objective == "max_drawdown":
        return float((nav / np.maximum(np.maximum.accumulate(nav), 1.0) - 1.0).min())
    spread = returns.std(ddof=1)
    return float(returns.mean() / spread * np.sqrt(PERIODS)) if spread > 1e-9 else float("nan")


def edges(days: int) -> np.ndarray:
    return np.linspace(0, days, PARTS + 1).astype(int)


def walked(returns: Floats, dims: tuple[int, ...], objective: str) -> float:
    """Chosen on all parts before, held over the next, four times."""
    ends = edges(returns.shape[1])
    held = []
    for part in range(1, PARTS):
        known = np.array([measure(one[: ends[part]], objective) for one in returns])
        cell, _ = brute(known, dims, None, 0.25)
        held.append(returns[cell, ends[part] : ends[part + 1]])
    return measure(np.concatenate(held), objective)


@pytest.mark.parametrize("objective", ["sharpe", "cagr", "total_return", "max_drawdown"])
@pytest.mark.parametrize("place", range(len(CHOICES)))
def test_every_statistic_of_a_dense_trial(place: int, objective: str) -> None:
    cells, dims, returns = cells_of(place)
    values = np.array([measure(one, objective) for one in returns])
    filled = np.where(np.isfinite(values), values, np.nanmin(values))
    chosen, plateau = brute(values, dims, None, 0.25)
    ends = edges(returns.shape[1])
    parts = [measure(returns[chosen, low:high], objective) for low, high in itertools.pairwise(ends)]
    expected = {
        "plateau": plateau,
        "median": np.median(filled),
        "lower_quartile": np.sort(filled)[int((len(filled) - 1) * 0.25)],
        "best": filled.max(),
        "worst_period": np.nan_to_num(parts).min(),
        "walk_forward": walked(returns, dims, objective) if objective != "max_drawdown" else 0.0,
    }
    assert list(expected) == list(STATISTICS)
    aims = [name for name in STATISTICS if name != "walk_forward" or objective != "max_drawdown"]
    found = find(CHOICES[place], aims, (), objective)
    assert found.cells == len(cells)
    assert found.chosen == cells[chosen]
    np.testing.assert_allclose(found.values, [expected[name] for name in aims], rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("place", range(len(CHOICES)))
def test_the_chosen_cell_is_the_point_of_its_parameters(place: int) -> None:
    names = ("sharpe", "max_drawdown", "switches", "turnover", "exposure", "skewness")
    found = find(CHOICES[place], ["plateau", *names])
    point = evaluate_point(searched(), small_market(), found.chosen)
    for name in METRICS:
        assert found.metrics[name] == pytest.approx(point.in_sample[name], rel=1e-9, abs=1e-12)
    assert found.values[1:] == tuple(found.metrics[name] for name in names)


def test_requirements_bound_the_choice() -> None:
    cells, dims, returns = cells_of(0)
    values = np.array([measure(one, "sharpe") for one in returns])
    switches = np.array([evaluate_point(searched(), small_market(), cell).in_sample["switches"] for cell in cells])
    free = find(CHOICES[0], ["plateau"])
    bound = float(np.sort(switches)[len(switches) // 2])
    assert free.violation == 0.0
    for text, allowed in ((f"switches>={bound}", switches >= bound), (f"switches <= {bound:g}", switches <= bound)):
        cell, plateau = brute(values, dims, allowed, 0.25)
        found = find(CHOICES[0], ["plateau"], [text])
        assert found.chosen == cells[cell]
        assert found.values[0] == pytest.approx(plateau, rel=1e-9)
        assert found.violation == 0.0
    # Nothing meets it: what comes nearest, and what it violation, as a share of the bound.
    most = switches.max()
    far = find(CHOICES[0], ["plateau"], ["switches>=1000", "max_drawdown>=-0.9"])
    assert far.metrics["switches"] == most
    assert far.violation == pytest.approx((1000 - most) / 1000)
    cell, _ = brute(values, dims, switches == most, 0.25)
    assert far.chosen == cells[cell]


def test_a_trial_that_says_nothing_says_why_and_what_it_evaluated() -> None:
    long = find({"rate.window": 500}, ["plateau"])
    assert (long.values, long.cells) == ((), 0)
    assert "the window must begin after the slowest signal is defined" in long.why
    none = find({"rule": "patient", "rate.use": "off", "trend.use": "off"}, ["plateau"])
    assert (none.values, none.cells) == ((), 1), "cash throughout: it was evaluated and has no Sharpe ratio"
    assert none.why == "no cell of it has a sharpe"


def test_undefined_cells_count_as_the_least() -> None:
    """Levels that are never reached, so that most cells stay in cash: their trial is worth what they are."""
    study = searched().set(
        {
            "rule": "patient",
            "rate.use": "off",
            "trend.on_above": [-0.02, 0.0, 5.0, 6.0, 7.0, 8.0],
            "trend.window": [20, 40],
        }
    )
    dimensions = Dimensions(study, True, 100)
    found = CellEvaluator(
        SearchContext(study, small_market(), resolve("cpu")), dimensions, parse_objectives(["median", "best"]), ()
    ).find([study.base | {"trend.on_above": 0.0}])[0]
    sharpes = [
        evaluate_point(study, small_market(), {"trend.on_above": level}).in_sample["sharpe"]
        for level in (-0.02, 0.0, 5.0)
    ]
    assert sharpes[2] is None
    assert found.values == pytest.approx((min(sharpes[:2]), max(sharpes[:2])))


POINTS: list[Choice] = [
    {"rule": "guarded", "rate.window": 33, "rate.on_above": 0.05, "rate.off_gap": 0.017, "trend.window": 27},
    {"rule": "patient", "rate.window": 60, "rate.off_gap": 0.1, "trend.window": 80, "trend.on_above": -0.01},
    {"rule": "rotate", "trend.use": "off", "trend.window": 12},
    {"rule": "guarded", "rate.use": "off"},
    {"rule": "guarded", "rate.window": 33, "rate.on_above": 0.05, "rate.off_gap": 0.017, "trend.window": 27},
]


def recipe(*aims: str, points: int | None = 5, require: tuple[str, ...] = ()) -> TrialSpec:
    return TrialSpec(searched(), small_market(), "cpu", aims, require, 1000, points)


def test_points_and_those_around_them() -> None:
    one = recipe("plateau", "median", "lower_quartile", "best", "worst_period", "sharpe", "turnover")
    finder = PointEvaluator(ground(), one.points_of, one.aims, parse_requirements(["switches>=12"]))
    found = finder.find([whole(point) for point in POINTS])
    assert found[0] == found[4]
    for choice, finding in zip(POINTS, found, strict=True):
        around = one.points_of(whole(choice))
        assert around[0] == whole(choice) == finding.chosen
        assert finding.cells == len(around)
        assert all(sum(near[name] != around[0][name] for name in near) == 1 for near in around[1:])
        points = [evaluate_point(searched(), small_market(), near) for near in around]
        values = np.array([point.in_sample["sharpe"] for point in points], dtype=float)
        filled = np.sort(np.where(np.isfinite(values), values, np.nanmin(values)))
        daily = points[0].curve["return"].to_numpy()[: ground().days]
        parts = [measure(daily[low:high], "sharpe") for low, high in itertools.pairwise(edges(len(daily)))]
        quartile = filled[int((len(filled) - 1) * 0.25)]
        expected = [quartile, np.median(filled), quartile, filled[-1], np.nan_to_num(parts).min(), values[0]]
        np.testing.assert_allclose(finding.values[:-1], expected, rtol=1e-8, atol=1e-12)
        assert finding.values[-1] == pytest.approx(points[0].in_sample["turnover"])
        assert finding.violation == pytest.approx(max(0.0, (12 - points[0].in_sample["switches"]) / 12))


def test_points_are_cells() -> None:
    """A point alone has the metrics that it has as a cell of a dense trial, and one by one as in a batch."""
    cells, _, returns = cells_of(2)
    one = recipe("sharpe")
    assert one.points_of(cells[0]) == [cells[0]], "a metric of the point needs no points around it"
    finder = PointEvaluator(ground(), one.points_of, one.aims, ())
    found = finder.find(cells)
    sharpes = [measure(row, "sharpe") for row in returns]
    assert [finding.values == () for finding in found] == [bool(np.isnan(value)) for value in sharpes]
    np.testing.assert_allclose(
        [finding.values[0] for finding in found if finding.values], [value for value in sharpes if np.isfinite(value)]
    )
    assert [finder.find([cell])[0] for cell in cells] == found


def test_a_point_that_cannot_be_evaluated_spoils_no_other() -> None:
    one = recipe("sharpe")
    finder = PointEvaluator(ground(), one.points_of, one.aims, ())
    good = [whole(point) for point in POINTS]
    bad = whole({"rate.window": 500})
    assert finder.find([*good[:2], bad, *good[2:], bad]) == [
        *finder.find(good[:2]), *finder.find([bad]), *finder.find(good[2:]), *finder.find([bad]),
    ]  # fmt: skip
    assert finder.find([bad])[0].why.startswith("study.yaml window.from")
    assert finder.find([bad])[0].cells == 0


def test_findings_do_not_hang_on_what_was_found_before() -> None:
    cells = CellEvaluator(ground(), dense(), parse_objectives(["plateau", "walk_forward"]), ())
    choices = [whole(choice) for choice in CHOICES]
    assert cells.find(choices) == [cells.find([choice])[0] for choice in reversed(choices)][::-1]


@pytest.mark.parametrize("points", [None, 5])
def test_every_backend_finds_the_same(points: int | None) -> None:
    one = replace(recipe("plateau", "turnover", points=points), cells=12)
    choices = [whole(choice) for choice in (CHOICES if points is None else POINTS)]
    compiled, plain = (replace(one, backend=name).finder(KernelClock()).find(choices) for name in ("cpu", "reference"))
    for mine, theirs in zip(compiled, plain, strict=True):
        assert mine.chosen == theirs.chosen
        assert mine.values == pytest.approx(theirs.values, rel=1e-9)


@pytest.mark.parametrize(
    ("aims", "objective", "points", "fault"),
    [
        (["walk_forward"], "sharpe", True, "walk_forward chooses among the cells of a trial; got single points"),
        (["walk_forward"], "calmar", False, "walk_forward needs an objective that parts add up to: .*; got calmar"),
    ],
)
def test_statistics_that_cannot_be_had(aims: list[str], objective: str, points: bool, fault: str) -> None:
    with pytest.raises(gp.InputError, match=fault):
        check_aims(parse_objectives(aims), searched().set({"objective": objective}), points)


@pytest.mark.parametrize("name", ["plateaus", "", "Sharpe", "alpha"])
def test_an_unknown_objective(name: str) -> None:
    with pytest.raises(gp.InputError, match=f"--objective: an objective of a search is one of its names; got {name}"):
        parse_objectives([name])


def test_an_objective_twice() -> None:
    with pytest.raises(gp.InputError, match="--objective: an objective stands once; got median"):
        parse_objectives(["median", "median"])


@pytest.mark.parametrize("text", ["switches", "switches>10", "switches>=many", ">=3", "sharpe==1"])
def test_what_is_no_requirement(text: str) -> None:
    with pytest.raises(gp.InputError, match="--require: a requirement is METRIC>=NUMBER or METRIC<=NUMBER"):
        parse_requirements([text])


@pytest.mark.parametrize("text", ["alpha>=1", "sharpe>=nan", "turnover<=inf"])
def test_a_requirement_bounds_a_metric(text: str) -> None:
    with pytest.raises(gp.InputError, match="--require: a requirement bounds a metric"):
        parse_requirements([text])


def test_what_is_better() -> None:
    aims = parse_objectives(["plateau", "max_drawdown", "turnover", "switches", "volatility", "exposure", "cagr"])
    assert [aim.maximise for aim in aims] == [True, True, False, False, False, False, True]


@pytest.mark.parametrize("points", [None, 5])
def test_what_comes_later_does_not_reach_a_finding(points: int | None) -> None:
    """Nor a fault of the data there, nor how many paths come to differ, which decides how they are evaluated."""
    market = small_market()
    series = dict(market.series)
    for name in ("rate10", "m1"):
        one = series[name]
        later = one.dates >= np.datetime64("2021-07-01")
        rng = np.random.default_rng(4)
        values = one.values * np.where(later, rng.uniform(0.3, 3.0, len(later)), 1.0)
        values[np.flatnonzero(later)[5]] = 0.0 if name == "rate10" else values[-1]
        series[name] = replace(one, values=values)
    objectives = ("plateau", "worst_period") if points else ("plateau", "walk_forward", "worst_period")
    found = []
    for known in (market, Market(market.calendar, series)):
        one = TrialSpec(searched(), known, "cpu", objectives, ("switches>=5",), 1000, points)
        found.append(one.finder(KernelClock()).find([whole(choice) for choice in CHOICES]))
    assert found[0] == found[1]
    with pytest.raises(gp.InputError, match="a signal must stay defined once it is"):
        evaluate_point(searched(), Market(market.calendar, series))
