"""The answers under other environments: which there are, and that each is what a study based there gives."""

from __future__ import annotations

import numpy as np
import pytest

from gridproof.kernels.backend import resolve
from gridproof.kernels.metrics import METRICS
from gridproof.results.conclusion import NOT_REPEATED, answer_search
from gridproof.results.environments import environments_sentence
from gridproof.results.run.conclusion_record import EnvironmentRecord
from gridproof.statistics import sign_flip_test
from gridproof.sweeps.execution.evaluation import GridEvaluation
from gridproof.sweeps.plan.choices import choices_of
from gridproof.sweeps.plan.grid import whole_grid
from gridproof.sweeps.plan.plan import build_plan
from gridproof.sweeps.plan.point import Points
from gridproof.sweeps.plan.study_market import market_of
from gridproof.sweeps.progress.observer import RunObserver
from gridproof.sweeps.verdict import environments as environments_module
from gridproof.sweeps.verdict.beside import Beside
from gridproof.sweeps.verdict.environments import draw_choices, judge_environments, other_environments
from gridproof.sweeps.verdict.population import gather
from gridproof.sweeps.verdict.questions import ask_search
from gridproof.sweeps.verdict.stages import Stages
from gridproof.sweeps.verdict.timing import FEWER_DRAWS
from tests.support.demo import small_plan, small_study


@pytest.fixture(scope="module")
def evaluation() -> GridEvaluation:
    plan = small_plan()
    return GridEvaluation(
        whole_grid(plan), resolve("cpu").bind(plan.problem), Points(small_study(), market_of(small_study()))
    )


@pytest.fixture(scope="module")
def records(evaluation: GridEvaluation) -> list[EnvironmentRecord]:
    return judge_environments(evaluation, gather(evaluation), None, RunObserver(), Stages(None), Beside())


def test_every_combination_but_the_base_is_there_once(records: list[EnvironmentRecord]) -> None:
    found = [one["environment"] for one in records]
    assert found == [
        {"baa.release": release, "execution.lag": lag, "execution.cost": cost}
        for release in ("30 calendar days", "45 calendar days")
        for lag in (1, 2)
        for cost in (0.0, 0.001)
        if (release, lag, cost) != ("45 calendar days", 1, 0.001)
    ]


def test_each_is_the_point_there(records: list[EnvironmentRecord], evaluation: GridEvaluation) -> None:
    for one in records:
        point = evaluation.points.at(one["environment"])
        assert one["base"]["sharpe"] == pytest.approx(point.in_sample["sharpe"], rel=1e-9)
        assert one["base"]["cagr"] == pytest.approx(point.in_sample["cagr"], rel=1e-9)
        days, free = len(point.curve), 0.0
        inside = int(evaluation.plan.problem.bounds[1])
        legs = [leg.name for leg in evaluation.plan.study.legs]
        weights = point.curve[[f"weight.{leg}" for leg in legs]].to_numpy()[:inside]
        gross = evaluation.plan.problem.returns[0, :, :inside].T - free
        switches = (np.diff(weights, axis=0) != 0).any(axis=1).sum()
        cost = point.curve["cost"].to_numpy()[:inside].sum() / (2.0 * switches)
        exact = sign_flip_test(weights, gross, "sharpe", cost, draws=FEWER_DRAWS)  # the signals read the legs' prices
        assert inside < days
        told = f"(p {exact.p_value:.3f} ± {exact.monte_carlo_error:.3f}, {switches} switches)"
        assert told in one["conclusion"]["timing"]["why"]


def test_the_best_is_chosen_there(records: list[EnvironmentRecord], evaluation: GridEvaluation) -> None:
    space = small_study().space
    everything = evaluation.listed(np.arange(space.size))[:, 0, METRICS.index("sharpe")]
    for one in records:
        inside = [
            all(space.parameters(index)[name] == value for name, value in one["environment"].items())
            for index in range(space.size)
        ]
        assert one["best"]["sharpe"] == np.nanmax(everything[inside])
        assert inside[one["best"]["index"]]


def test_the_search_there_is_that_of_a_study_based_there(records: list[EnvironmentRecord]) -> None:
    """The placebo leaves costs out; the best choice, whose effect is planted, is that of the lowest cost."""
    asked = 0
    for one in records:
        if one["environment"]["execution.cost"] != 0.0 or one["conclusion"]["search"]["why"] == "nothing was searched":
            continue
        study = small_study().set(one["environment"])
        plan = build_plan(study, market_of(study), resolve("cpu"))
        there = GridEvaluation(whole_grid(plan), resolve("cpu").bind(plan.problem), Points(study, market_of(study)))
        expected = answer_search(ask_search(gather(there), RunObserver(), 199), plan.days_in_sample)
        assert {key: one["conclusion"]["search"][key] for key in expected} == expected
        asked += 1
    assert asked == 3


def test_many_combinations_move_one_axis_at_a_time() -> None:
    base, dims = (1, 0, 2, 0), (3, 5, 4, 100)
    assert list(other_environments(base, dims, [0, 2])) == [
        (0, 0, 0, 0), (0, 0, 1, 0), (0, 0, 2, 0), (0, 0, 3, 0), (1, 0, 0, 0), (1, 0, 1, 0), (1, 0, 3, 0), (2, 0, 0, 0),
        (2, 0, 1, 0), (2, 0, 2, 0), (2, 0, 3, 0),
    ]  # fmt: skip
    found = list(other_environments(base, dims, [0, 2, 3]))
    assert len(found) == 2 + 3 + 16
    assert all(sum(one != other for one, other in zip(each, base, strict=True)) == 1 for each in found)
    assert [each[3] for each in found[5:]] == list(range(1, 17))
    assert list(other_environments(base, dims, [])) == []


def test_of_many_choices_a_sample_is_drawn(monkeypatch: pytest.MonkeyPatch, evaluation: GridEvaluation) -> None:
    choices = choices_of(small_study())
    assert len(draw_choices(choices)) == choices.size == 24
    monkeypatch.setattr(environments_module, "CHOICES", 10)
    drawn = draw_choices(choices)
    assert len(np.unique(drawn)) == 10
    records = judge_environments(evaluation, gather(evaluation), None, RunObserver(), Stages(None), Beside())
    assert any("choices drawn at random" in one["conclusion"]["search"]["why"] for one in records)
    assert {one["sampled"] for one in records} == {"10 of 24 choices drawn at random"}


def test_the_sentence_counts_the_answers_that_stay() -> None:
    own = {question: {"answer": "yes"} for question in ("timing", "worth", "search", "since")}
    others = [{"conclusion": own | {"timing": {"answer": "no"}}}, {"conclusion": own}]
    text = environments_sentence(own, others)
    assert text.startswith("Of 2 other environments: timing stays “yes” in 1, worth stays “yes” in 2, ")
    assert environments_sentence(own, []) == ""
    drawn = environments_sentence(own, [others[0], others[1] | {"sampled": "50,000 of 61,516 choices drawn at random"}])
    assert drawn == f"{text} There, best and Search are those of 50,000 of 61,516 choices drawn at random."
    unasked = {"conclusion": own | {"search": {"answer": "cannot tell", "why": NOT_REPEATED}}}
    assert "search" not in environments_sentence(own, [unasked])
