"""Ranges that are searched: their values, what may be drawn between them, and a base that joins them."""

from __future__ import annotations

from decimal import Decimal
from math import log
from typing import Any

import numpy as np
import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gridproof as gp
from gridproof.results.axis_range import AxisRange
from gridproof.sweeps.search.dimensions import Dimensions, steps_from
from gridproof.sweeps.study.space import Axis
from gridproof.sweeps.study.values import parse_axis
from tests.support.market import study_of
from tests.support.searched import raw_searched, searched


def values(**entry: Any) -> tuple[Any, ...]:
    found = parse_axis({"from": entry.pop("low"), "to": entry.pop("high"), **entry})
    assert isinstance(found, AxisRange)
    return tuple(found)


def test_what_a_search_may_choose_changes_no_value() -> None:
    assert values(low=3, high=18, count=16, search="integer") == tuple(range(3, 19))
    assert values(low=0, high=1, step=0.25, search="continuous") == (0.0, 0.25, 0.5, 0.75, 1.0)
    assert values(low=-0.1, high=0.1, count=5, search="continuous") == (-0.1, -0.05, 0.0, 0.05, 0.1)
    for search in ("integer", "continuous", None):
        entry = {"from": 3, "to": 18, "count": 16} | ({"search": search} if search else {})
        found = parse_axis(entry)
        assert isinstance(found, AxisRange)
        assert found == AxisRange(3, 18, 16)
        assert found.search == search


def test_log_ranges() -> None:
    assert values(low=1, high=1000, count=4, scale="log") == (1, 10, 100, 1000)
    assert values(low=0.001, high=1.0, count=4, scale="log") == (0.001, 0.01, 0.1, 1.0)
    assert values(low=10, high=400, count=3, scale="log") == (10, 63, 400)
    assert values(low=1, high=4, count=20, scale="log") == (1, 2, 3, 4), "whole ones that meet stand once"
    assert all(type(value) is int for value in values(low=10, high=400, count=20, scale="log"))
    assert all(type(value) is float for value in values(low=10, high=400.0, count=20, scale="log"))


@settings(max_examples=80)
@given(low=st.integers(1, 500), more=st.integers(1, 2000), count=st.integers(2, 60), whole=st.booleans())
def test_log_ranges_are_even_in_ratio(low: int, more: int, count: int, whole: bool) -> None:
    first, last = (low, low + more) if whole else (low / 1000.0, (low + more) / 1000.0)
    found = [float(value) for value in values(low=first, high=last, count=count, scale="log")]
    assert found[0] == first
    assert found[-1] == last
    assert (np.diff(found) > 0).all()
    if len(found) == count:
        ideal = np.exp(np.linspace(log(first), log(last), count))
        assert np.abs(found - ideal).max() <= 0.5000001 if whole else np.allclose(found, ideal, rtol=1e-4)


@settings(max_examples=80)
@given(low=st.floats(-1e4, 1e4), span=st.floats(1e-6, 1e6), share=st.floats(0.0, 1.0), is_log=st.booleans())
def test_a_drawn_number_is_short_and_within_its_range(low: float, span: float, share: float, is_log: bool) -> None:
    low = abs(low) + 1e-3 if is_log else low
    free = AxisRange(low, low + span, 3, "log" if is_log else "linear", "continuous")
    found = free.rounded(low + share * span)
    assert isinstance(found, float)
    assert low <= found <= low + span
    assert abs(found - (low + share * span)) <= 1e-4 * (abs(found) * 1.001 if is_log else span)
    assert free.rounded(found) == found, "rounded once is rounded"
    if found not in (low, low + span):
        assert len(Decimal(repr(found)).normalize().as_tuple().digits) <= (5 if is_log else 17)


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ({"from": 1, "to": 9, "count": 3, "search": "all"}, "`search` of a range is continuous or integer"),
        ({"from": 1, "to": 9.5, "count": 3, "search": "integer"}, "a range with `search: integer` has whole numbers"),
        ({"from": 0, "to": 9, "count": 3, "scale": "log"}, "a log range has `from` above 0"),
        ({"from": -1, "to": 9, "count": 3, "scale": "log"}, "a log range has `from` above 0"),
        ({"from": 9, "to": 9, "count": 3, "scale": "log"}, "a range with `count` has `from` below `to`"),
        ({"from": 1, "to": 9, "step": 1, "scale": "log"}, "a log range has `from` above 0 and `count`"),
        ({"from": 1, "to": 9, "count": 3, "scale": "square"}, "`scale` of a range is log"),
        ({"from": 1, "to": 9, "search": "integer"}, "a range has the keys `from`, `to` and `step`, or"),
        ({"from": 1, "to": 9, "count": 2.5}, "a range with `count` has"),
    ],
)
def test_ranges_that_are_none_are_refused(entry: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        parse_axis(entry)


def axis(study: gp.Study, name: str) -> Axis:
    return study.space.axes[study.space.position(name)]


def test_a_base_between_the_values_of_a_drawn_range_becomes_one_of_them() -> None:
    assert tuple(axis(searched(), "rate.window").values) == (20, 25, 30, 40, 50, 60)
    assert tuple(axis(searched(), "rate.off_gap").values) == (0.0, 0.03, 0.05, 0.1)
    assert searched().base["rate.off_gap"] == 0.03
    raw = raw_searched()
    raw["base"]["rate.off_gap"] = 0  # as a file may say it: it is 0.0 on its axis
    assert tuple(axis(study_of(raw), "rate.off_gap").values) == (0.0, 0.05, 0.1)
    raw["signals"]["rate"]["latch"]["off_gap"] = {"from": 0.25, "to": 4.5, "count": 3, "search": "continuous"}
    raw["base"]["rate.off_gap"] = 1
    joined = tuple(axis(study_of(raw), "rate.off_gap").values)
    assert joined == (0.25, 1.0, 2.375, 4.5)
    assert {type(value) for value in joined} == {float}


@pytest.mark.parametrize(
    ("name", "value"),
    [("rate.window", 25.5), ("rate.window", 61), ("rate.window", "long"), ("rate.off_gap", 0.11),
     ("rate.on_above", 0.03)],
)  # fmt: skip
def test_a_base_that_no_search_may_choose_is_refused(name: str, value: Any) -> None:
    raw = raw_searched()
    raw["base"][name] = value
    with pytest.raises(gp.InputError, match=f"base.{name}: base must lie in the grid; got {name}: "):
        study_of(raw)


def test_a_whole_number_is_not_drawn_continuously() -> None:
    raw = raw_searched()
    raw["signals"]["rate"]["window"] = {"from": 20, "to": 60, "count": 5, "search": "continuous"}
    with pytest.raises(gp.InputError, match=r"rate.window: rate.window must be an integer; got search: continuous"):
        study_of(raw)


def test_a_run_takes_the_values_and_a_search_all_between() -> None:
    study = searched()
    assert study.set({"rate.window": 33}).base["rate.window"] == 33
    dimensions = Dimensions(study, dense=False, cells=1)
    drawn = [dimensions.suggest(trial) for trial in asked(60)]
    windows = {choice["rate.window"] for choice in drawn}
    assert windows <= set(range(20, 61))
    assert windows - {20, 25, 30, 40, 50, 60}
    assert all(type(window) is int for window in windows)
    gaps = {float(choice["rate.off_gap"]) for choice in drawn}
    assert all(0.0 <= gap <= 0.1 for gap in gaps)
    assert all(round(gap, 6) == gap for gap in gaps), "five significant digits of the range"
    assert {choice["rate.on_above"] for choice in drawn} <= {0.0, 0.05, 0.1}
    assert {type(choice["trend.on_above"]) for choice in drawn} == {float}
    assert all(choice["trend.window"] in range(10, 81) for choice in drawn)
    assert len({choice["rule"] for choice in drawn}) == 3


def asked(count: int) -> list[optuna.Trial]:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    return [study.ask() for _ in range(count)]


def test_what_has_no_meaning_is_not_asked_for_and_stands_at_the_base() -> None:
    dimensions = Dimensions(searched(), dense=False, cells=1)
    seen = set()
    for trial in asked(80):
        choice = dimensions.suggest(trial)
        assert dimensions.completed(trial.params) == choice
        assert list(dimensions.completed(trial.params)) == list(choice)
        unasked = {one.name for one in dimensions.free} - set(trial.params)
        assert all(choice[name] == dimensions.base[name] for name in unasked)
        if choice["rule"] == "rotate":
            assert {"rate.use", "rate.window", "rate.on_above", "growth.smooth"} <= unasked
        elif choice["rate.use"] == "off":
            assert {"rate.window", "rate.on_above", "rate.off_gap"} <= unasked
            assert "rate.use" not in unasked
        if choice["rule"] == "patient":
            # The window of trend is fork's too, which this rule does not name.
            assert ("trend.window" in unasked) == (choice["trend.use"] == "off")
        else:
            assert "trend.window" not in unasked
        seen.add((choice["rule"], choice["rate.use"], choice["trend.use"]))
    assert len(seen) == 2 + 4 + 4
    assert dimensions.held == ["rate10.release", "execution.lag", "execution.cost"]


def test_an_axis_that_the_study_names_as_a_choice_is_searched() -> None:
    released = Dimensions(searched().set({"choices": ["rate10.release"]}), dense=True, cells=36)
    assert released.held == ["execution.lag", "execution.cost"]
    assert "rate10.release" in {one.name for one in released.free}
    lagged = Dimensions(searched().set({"choices": ["lag"]}), dense=True, cells=36)
    assert lagged.held == ["rate10.release", "execution.cost"]
    assert lagged.executing == ["execution.lag"]


def test_levels_of_a_dense_trial() -> None:
    dimensions = Dimensions(searched(), dense=True, cells=36)
    assert dimensions.levels == ["rate.on_above", "rate.off_gap", "trend.on_above"]
    assert not {"rate.on_above", "rate.off_gap", "trend.on_above"} & {one.name for one in dimensions.free}
    values = dimensions.grid(dimensions.base)
    assert values["rate.on_above"] == (0.0, 0.05, 0.1)
    assert values["rate.off_gap"] == (0.0, 0.03, 0.05, 0.1)
    assert values["rate.window"] == (25,)
    assert np.prod([len(each) for each in values.values()]) == 36
    fewer = Dimensions(searched(), dense=True, cells=10).grid(dimensions.base)
    assert np.prod([len(each) for each in fewer.values()]) <= 10
    assert (fewer["rate.off_gap"][0], fewer["rate.off_gap"][-1]) == (0.0, 0.1), "coarser, from end to end"
    one = Dimensions(searched(), dense=True, cells=1).grid(dimensions.base)
    assert np.prod([len(each) for each in one.values()]) == 1
    off = dimensions.grid(dimensions.base | {"rate.use": "off"})
    assert off["rate.on_above"] == (0.05,), "levels of a signal that is off stand at the base"


def test_points_around_a_point() -> None:
    assert steps_from(axis(searched(), "rate.on_above"), 0.05) == [0.0, 0.1]
    assert steps_from(axis(searched(), "rate.window"), 20) == [28, 36]  # 40 wide, five gaps
    assert steps_from(axis(searched(), "trend.window"), 80) == [20, 40]  # ratio 8, three gaps
    raw = raw_searched()
    raw["base"] |= {"rate.off_gap": 0.05}
    assert steps_from(axis(study_of(raw), "rate.off_gap"), 0.02) == [0.07]
    for name in ("rate.window", "rate.off_gap", "trend.window"):
        free = axis(searched(), name).searched
        assert free is not None
        for value in (free.first, free.last):
            around = steps_from(axis(searched(), name), value)
            assert value not in around
            assert len(set(around)) == len(around)
            assert all(free.first <= float(near) <= free.last for near in around)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({}, "a search needs an axis with several values; got none that may be chosen"),
        ({"rate.on_above": [0.0, 0.05]}, "a search needs an axis besides the levels; got levels only"),
        ({"execution.lag": [1, 2]}, "a search needs an axis with several values"),
    ],
)
def test_a_space_without_anything_to_choose_is_refused(changes: dict[str, Any], fault: str) -> None:
    still = {name: value for name, value in searched().base.items() if len(axis(searched(), name).values) > 1}
    with pytest.raises(gp.InputError, match=fault):
        Dimensions(searched().set(still | changes), True, 9)
