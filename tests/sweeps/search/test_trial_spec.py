"""The specification of trials: what it refuses, and evaluators that agree."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import gridproof as gp
from gridproof.signals.data.market import Market
from gridproof.sweeps.plan.point import evaluate_point
from gridproof.sweeps.search.options import SearchOptions
from gridproof.sweeps.search.timed_backend import KernelClock
from gridproof.sweeps.search.trial_spec import TrialSpec
from tests.support.searched import searched, small_market
from tests.support.trials import CHOICES, POINTS, spec_of, whole


@pytest.mark.parametrize("points", [None, 5])
def test_every_backend_finds_the_same(points: int | None) -> None:
    one = spec_of("plateau", "turnover", points=points, cells=12)
    choices = [whole(choice) for choice in (CHOICES if points is None else POINTS)]
    compiled, plain = (
        replace(one, backend=name).evaluator(KernelClock()).evaluate(choices) for name in ("cpu", "reference")
    )
    for mine, theirs in zip(compiled, plain, strict=True):
        assert mine.chosen == theirs.chosen
        assert mine.values == pytest.approx(theirs.values, rel=1e-9)


@pytest.mark.parametrize(
    ("names", "objective", "points", "fault"),
    [
        (["walk_forward"], "sharpe", True, "the objective walk_forward needs dense levels; got single points"),
        (
            ["walk_forward"],
            "calmar",
            False,
            "walk_forward needs a study objective that adds up over days: .*; got calmar",
        ),
    ],
)
def test_statistics_that_cannot_be_had(names: list[str], objective: str, points: bool, fault: str) -> None:
    study = searched().set({"objective": objective})
    options = SearchOptions(1, objectives=tuple(names), points=5 if points else None)
    with pytest.raises(gp.InputError, match=fault):
        TrialSpec(study, small_market(), "cpu", options).check()


@pytest.mark.parametrize("points", [None, 5])
def test_later_days_do_not_reach_a_result(points: int | None) -> None:
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
        one = TrialSpec(
            searched(),
            known,
            "cpu",
            SearchOptions(1, objectives=objectives, require=("switches>=5",), cells=1000, points=points),
        )
        found.append(one.evaluator(KernelClock()).evaluate([whole(choice) for choice in CHOICES]))
    assert found[0] == found[1]
    with pytest.raises(gp.InputError, match="a signal must stay defined once it is"):
        evaluate_point(searched(), Market(market.calendar, series))
