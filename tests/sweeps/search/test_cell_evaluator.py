"""Dense trials: every statistic against plain NumPy on the daily returns of the reference backend."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest

from gridproof.kernels.backend import resolve
from gridproof.kernels.metrics import METRICS
from gridproof.sweeps.plan.point import evaluate_point
from gridproof.sweeps.search.cell_evaluator import CellEvaluator
from gridproof.sweeps.search.dimensions import Choice, Dimensions
from gridproof.sweeps.search.objectives import STATISTICS, parse_objectives, parse_requirements
from gridproof.sweeps.search.search_context import SearchContext
from gridproof.sweeps.search.trial_result import TrialResult
from tests.support.neighbourhoods import brute
from tests.support.searched import searched, small_market
from tests.support.trials import CHOICES, cells_of, context, dense, edges, measure, walked, whole


def evaluate_cells(
    choice: Choice, objectives: Sequence[str], require: Sequence[str] = (), objective: str = "sharpe"
) -> TrialResult:
    cells = CellEvaluator(context(objective), dense(), parse_objectives(objectives), parse_requirements(require))
    [found] = cells.evaluate([whole(choice)])
    return found


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
    objectives = [name for name in STATISTICS if name != "walk_forward" or objective != "max_drawdown"]
    found = evaluate_cells(CHOICES[place], objectives, (), objective)
    assert found.cells == len(cells)
    assert found.chosen == cells[chosen]
    np.testing.assert_allclose(found.values, [expected[name] for name in objectives], rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("place", range(len(CHOICES)))
def test_the_chosen_cell_is_the_point_of_its_parameters(place: int) -> None:
    names = ("sharpe", "max_drawdown", "switches", "turnover", "exposure", "skewness")
    found = evaluate_cells(CHOICES[place], ["plateau", *names])
    point = evaluate_point(searched(), small_market(), found.chosen)
    for name in METRICS:
        assert found.metrics[name] == pytest.approx(point.in_sample[name], rel=1e-9, abs=1e-12)
    assert found.values[1:] == tuple(found.metrics[name] for name in names)


def test_requirements_bound_the_choice() -> None:
    cells, dims, returns = cells_of(0)
    values = np.array([measure(one, "sharpe") for one in returns])
    switches = np.array([evaluate_point(searched(), small_market(), cell).in_sample["switches"] for cell in cells])
    free = evaluate_cells(CHOICES[0], ["plateau"])
    bound = float(np.sort(switches)[len(switches) // 2])
    assert free.violation == 0.0
    for text, allowed in ((f"switches>={bound}", switches >= bound), (f"switches <= {bound:g}", switches <= bound)):
        cell, plateau = brute(values, dims, allowed, 0.25)
        found = evaluate_cells(CHOICES[0], ["plateau"], [text])
        assert found.chosen == cells[cell]
        assert found.values[0] == pytest.approx(plateau, rel=1e-9)
        assert found.violation == 0.0
    # Nothing meets it: the cell that comes nearest, and its violation, as a share of the bound.
    most = switches.max()
    far = evaluate_cells(CHOICES[0], ["plateau"], ["switches>=1000", "max_drawdown>=-0.9"])
    assert far.metrics["switches"] == most
    assert far.violation == pytest.approx((1000 - most) / 1000)
    cell, _ = brute(values, dims, switches == most, 0.25)
    assert far.chosen == cells[cell]


def test_a_pruned_trial_has_a_reason_and_its_cells() -> None:
    long = evaluate_cells({"rate.window": 500}, ["plateau"])
    assert (long.values, long.cells) == ((), 0)
    assert "the window must begin after the slowest signal is defined" in long.reason
    none = evaluate_cells({"rule": "patient", "rate.use": "off", "trend.use": "off"}, ["plateau"])
    assert (none.values, none.cells) == ((), 1), "cash throughout: it was evaluated and has no Sharpe ratio"
    assert none.reason == "no cell has a defined Sharpe ratio"


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
    ).evaluate([study.base | {"trend.on_above": 0.0}])[0]
    sharpes = [
        evaluate_point(study, small_market(), {"trend.on_above": level}).in_sample["sharpe"]
        for level in (-0.02, 0.0, 5.0)
    ]
    assert sharpes[2] is None
    assert found.values == pytest.approx((min(sharpes[:2]), max(sharpes[:2])))


def test_results_do_not_hang_on_what_was_found_before() -> None:
    cells = CellEvaluator(context(), dense(), parse_objectives(["plateau", "walk_forward"]), ())
    choices = [whole(choice) for choice in CHOICES]
    assert cells.evaluate(choices) == [cells.evaluate([choice])[0] for choice in reversed(choices)][::-1]
