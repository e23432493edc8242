"""The choices of a plan: the variants of the whole grid under the base's environment, and no others."""

from __future__ import annotations

import numpy as np
import pytest

from gridproof.kernels.backend import resolve
from gridproof.sweeps.execution.evaluation import evaluate_grid
from gridproof.sweeps.plan.choices import choices_of
from gridproof.sweeps.plan.grid import ListedGrid, ProductGrid
from gridproof.sweeps.plan.plan import Plan, build_plan
from gridproof.sweeps.plan.study_market import market_of
from gridproof.sweeps.study.study import Study
from tests.support.demo import small_plan, small_study, tied_study

STUDIES = {"small": small_study, "tied": tied_study}


def plan_of(study: Study) -> Plan:
    return build_plan(study, market_of(study), resolve("cpu"))


def test_the_environment() -> None:
    assert small_study().environment == ["baa.release", "execution.lag", "execution.cost", "cash.interest"]


@pytest.mark.parametrize("name", STUDIES)
def test_they_are_the_variants_at_the_base_environment(name: str) -> None:
    study = STUDIES[name]()
    whole = plan_of(study)
    choices = choices_of(whole)
    space = choices.plan.study.space
    index = choices.whole_index(np.arange(space.size))
    expected = [
        variant
        for variant in range(study.space.size)
        if all(study.space.parameters(variant)[axis] == study.base[axis] for axis in study.environment)
    ]
    assert 1 < len(expected) < study.space.size
    assert index.tolist() == expected
    for variant in range(0, space.size, 7):
        assert space.parameters(variant) == study.space.parameters(int(index[variant]))
    assert choices.whole_index(np.array([space.base_index]))[0] == study.space.base_index


@pytest.mark.parametrize("name", STUDIES)
def test_they_have_the_metrics_of_the_whole_grid(name: str) -> None:
    whole = plan_of(STUDIES[name]())
    choices = choices_of(whole)
    index = choices.whole_index(np.arange(choices.plan.study.space.size))
    expected = evaluate_grid(ListedGrid(whole, index), resolve("cpu").bind(whole.problem))
    grid = ProductGrid(choices.plan)
    found = evaluate_grid(grid, resolve("cpu").bind(choices.plan.problem))
    assert np.array_equal(found, expected, equal_nan=True)


@pytest.mark.parametrize("name", STUDIES)
def test_their_distinct_variants_are_counted(name: str) -> None:
    choices = choices_of(plan_of(STUDIES[name]()))
    space = choices.plan.study.space
    keys = set()
    for variant in range(space.size):
        digits = space.digits(np.array([variant]))[0]
        paths = [
            int(choices.plan.paths[signal.name][tuple(digits[axis] for axis in space.uses[signal.name])])
            for signal in choices.plan.study.signals
        ]
        keys.add(tuple(paths))
    assert choices.plan.distinct() == len(keys)


def test_a_study_without_environment_axes_is_its_own_choices() -> None:
    study = small_study().set({"baa.release": "45 calendar days", "execution.lag": 1, "execution.cost": 0.001})
    plan = plan_of(study)
    choices = choices_of(plan)
    assert choices.plan is plan
    assert choices.whole_index(np.arange(5)).tolist() == [0, 1, 2, 3, 4]


def test_they_do_not_change_the_plan() -> None:
    plan = small_plan()
    before = plan.problem.path_bits.copy()
    choices_of(plan)
    assert np.array_equal(plan.problem.path_bits, before)
