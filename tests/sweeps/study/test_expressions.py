"""Signals and values of a study as expressions: their states, parameters and faults."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

import gridproof as gp
from gridproof.sweeps.plan.explanation import explained
from tests.support.tiny import DAYS, point_of, prices, tiny_study, write_tiny

Y = pd.Series(3.0 + np.sin(np.arange(len(DAYS)) / 20.0), index=DAYS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny(tmp_path_factory.mktemp("tiny"), Y)


def states(folder: Path, signal: dict[str, Any], **changes: Any) -> pd.Series:
    state: pd.Series = point_of(folder, signals={"up": signal}, **changes).curve["up.state"]
    return state


def test_a_condition_is_the_state(folder: Path) -> None:
    state = states(folder, {"when": "px > mean(px, n) and y < lag(y, 5)", "n": 20})
    px, known = prices(), Y.shift(1)
    expected = (px > px.rolling(20).mean()) & (known < known.shift(5))
    np.testing.assert_array_equal(state, expected.loc[state.index].astype(int))
    assert state.nunique() == 2


def test_a_latch_of_conditions_is_on_until_off(folder: Path) -> None:
    state = states(folder, {"latch": {"on": "px >= max(px, n)", "off": "px <= min(px, m)"}, "n": 20, "m": 10})
    px = prices()
    on, off = px >= px.rolling(20).max(), px <= px.rolling(10).min()
    held, expected = False, []
    for turn_on, turn_off in zip(on, off, strict=True):
        held = (held or turn_on) and not turn_off
        expected.append(int(held))
    np.testing.assert_array_equal(state, pd.Series(expected, DAYS).loc[state.index])
    assert state.nunique() == 2


def test_several_conditions_are_several_states(folder: Path) -> None:
    two = {"when": {"up": "px > lag(px, n)", "down": "px < lag(px, n)"}, "n": 20}
    curve = point_of(
        folder, signals={"s": two, "up": None}, rule={"stock": "s.up and not s.down", "cash": "otherwise"}
    ).curve
    np.testing.assert_array_equal(curve["s.up.state"] + curve["s.down.state"], 1)
    np.testing.assert_array_equal(curve["s.up.state"], curve["s.px"] > curve["s.lag(px, n)"])


def test_named_values_are_shared_and_may_have_parameters(folder: Path) -> None:
    values = {"ratio": "px / y", "trend": {"value": "ratio / mean(ratio, n) - 1", "n": [20, 60]}}
    study = tiny_study(
        values=values,
        signals={"up": {"value": "trend"}, "other": {"when": "trend > level", "level": 0.01}},
        rule={"stock": "up and other", "cash": "otherwise"},
        base={"trend.n": 20},
    )
    assert study.space.names[0] == "trend.n"
    assert study.space.shared == 2, "the axis of a value, and the release, are shared by the signals that use it"
    point = gp.point(study, {"trend.n": 60}, data=folder)
    ratio = prices() / Y.shift(1)
    expected = ratio / ratio.rolling(60).mean() - 1
    np.testing.assert_allclose(point.curve["up.value"], expected.loc[point.curve.index], rtol=1e-9)


def test_durations_are_an_axis(folder: Path) -> None:
    signal = {"value": "percentile(px, n)", "n": ["3m", "6m", 100], "latch": {"on_above": 0.7, "off_below": 0.3}}
    study = tiny_study(signals={"up": signal}, base={"up.n": "6m"})
    assert study.base["up.n"] == "6m"
    value = gp.point(study, {"up.n": "3m"}, data=folder).curve["up.value"]
    expected = prices().rolling(65).apply(lambda window: (window <= window[-1]).mean(), raw=True)
    np.testing.assert_allclose(value, expected.loc[value.index])


def test_a_formula_of_a_window_may_have_durations(folder: Path) -> None:
    plain = states(folder, {"when": "px > mean(px, 20)"})
    for text, n in (("-n + 25", "1w"), ("+n", "20d"), ("2 * (n - 1w)", "15d"), ("-(n - 4w)", 0)):
        np.testing.assert_array_equal(states(folder, {"when": f"px > mean(px, {text})", "n": n}), plain)


def test_weeks_count_as_weeks(folder: Path) -> None:
    value = point_of(folder, signals={"up": {"value": "mean(weekly(px), 4)"}}).curve["up.value"]
    weekly = prices().resample("W-FRI").last().rolling(4).mean()
    last = pd.Series(DAYS, DAYS).resample("W-FRI").last()
    expected = pd.Series(weekly.to_numpy(), pd.DatetimeIndex(last)).reindex(DAYS).ffill()
    # The last week of the data has not ended.
    np.testing.assert_allclose(value[:-5], expected.loc[value.index][:-5])


@pytest.mark.parametrize("values", ["{}", "weekly({})"])
def test_a_value_below_0_after_the_window_does_not_count(values: str, folder: Path) -> None:
    fallen = values.format("px - where(year() * 100 + month() > since, 1000000, 0)")
    signal = {"when": f"pct_change({fallen}, 2) > 0", "since": 202012}
    until = {"from": "2020-06-01", "to": "2020-12-31"}
    assert states(folder, {"when": f"pct_change({values.format('px')}, 2) > 0"}, window=until).tolist() == (
        states(folder, signal, window=until).tolist()
    )
    with pytest.raises(gp.InputError, match="pct_change needs values of x above 0"):
        states(folder, signal | {"since": 202011}, window=until)


def test_what_is_unknown_is_an_error_or_what_missing_says(folder: Path) -> None:
    gap = {"value": "where(day() == 15, px / 0, px - mean(px, 5))"}
    with pytest.raises(gp.InputError, match=r"a signal must stay defined.*up is not a number on .*-15.*missing: hold"):
        states(folder, gap)
    free = states(folder, {"value": "px - mean(px, 5)"})
    off, hold = (states(folder, gap | {"missing": each}) for each in ("off", "hold"))
    gaps = free.index.day == 15
    assert (off[gaps] == 0).all()
    np.testing.assert_array_equal(off[~gaps], free[~gaps])
    np.testing.assert_array_equal(hold[gaps], hold.shift(1)[gaps])
    assert off.nunique() == hold.nunique() == 2


def test_min_is_at_most_the_window(folder: Path) -> None:
    with pytest.raises(
        gp.InputError, match=r"signals\.up: min of mean must be at most its window n; got min=30 with n=20"
    ):
        states(folder, {"value": "px - mean(px, n, min=30)", "n": 20})
    assert states(folder, {"value": "px - mean(px, n, min=20)", "n": 20}).nunique() == 2
    assert states(folder, {"value": "px - mean(px, all, min=30)"}).nunique() == 2


@pytest.mark.parametrize("unknown", ["on", "off"])
def test_a_latch_whose_condition_is_unknown_is_off_or_holds(unknown: str, folder: Path) -> None:
    latch = {"on": "px >= max(px, 20)", "off": "px <= min(px, 10)"}
    latch[unknown] = f"where(day() == 15, px / 0, 1) * {latch[unknown]}"
    off, hold = (states(folder, {"latch": latch, "missing": each}) for each in ("off", "hold"))
    px = prices()
    begins, ends, gaps = px >= px.rolling(20).max(), px <= px.rolling(10).min(), px.index.day == 15
    on, expected = False, []
    for begin, end, gap in zip(begins, ends, gaps, strict=True):
        on = (on or (begin and not (gap and unknown == "on"))) and not end and not gap
        expected.append(int(on))
    np.testing.assert_array_equal(off, pd.Series(expected, px.index).loc[off.index])
    assert (hold[hold.index.day == 15] == 1).any()
    assert (off < hold).sum() > 0


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "a name of pandas": ({"when": "shift(px, 1) < px"}, r"column 1: .*got shift\. Did you mean lag\.$"),
    "a name of a formula language": ({"when": "px > MA(px, 20)"}, r"column 6: .*got MA\. Did you mean mean\.$"),
    "a method": ({"when": "px > px.shift(1)"}, r"column 6: .*series first; got shift\. Write lag\(x, n\)\.$"),
    "a method of no operator": ({"when": "px > px.plot()"}, r"series first; got plot\. Rewrite it\.$"),
    "a power": ({"value": "px ^ 2"}, r"got px \^ 2\. Write \*\* for a power\.$"),
    "an and of pandas": ({"when": "(px > 3) & (y > 2)"}, r"Write and\.$"),
    "a subscript": ({"value": "px[-1]"}, r"Write lag\(x, n\) for the value n days ago\.$"),
    "an if": ({"value": "px if y > 3 else 2"}, r"Write where\(condition, a, b\)\.$"),
    "an assignment": ({"when": "px = 3"}, r"Write == to compare\.$"),
    "a sign of mathematics": ({"when": "px ≥ 3"}, r"column 4: .* Write >=\.$"),
    "a duration of no unit": ({"value": "mean(px, 6x)"}, r"y, m, w or d, such as 6m\.$"),
    "the maximum of two series": ({"value": "max(px, y)"}, r"or max2\(x, y\) for the maximum of two series\.$"),
    "both forms": ({"value": "px", "when": "px > 1"}, r"a signal has value: with a latch, or when:; got both"),
    "half a latch": ({"latch": {"on": "px > 1"}}, r"a latch has levels, or the two conditions on and off; got on"),
    "a mixed latch": (
        {"latch": {"on": "px > 1", "off": "px < 1", "on_above": 1}}, r"a latch has levels, or .*; got on, off, on_ab"),
    "a value beside conditions": (
        {"value": "px", "latch": {"on": "px > 1", "off": "px < 1"}}, r"a latch of conditions needs no value"),
    "a level that no share reaches": (
        {"value": "percentile(px, 20)", "latch": {"on_above": [0.5, 30]}},
        r"up\.on_above is a level of percentile\(px, 20\), a share, which lies between 0 and 1; got 30"),
    "a parameter that no share reaches": (
        {"when": "percentile(px, 20) > level", "level": 80}, r"up\.level is compared with a share.*got 80.*Write 0\.8"),
    "a word for a number": ({"when": "px > level", "level": "high"}, r"up\.level must be a number; got 'high'"),
    "a duration for a number": (
        {"when": "px > n and px > mean(px, n)", "n": "3m"}, r"up\.n must be a number; got '3m'"),
    "a duration in a condition for a window": (
        {"when": "px > mean(px, where(n > 3, 5, 10)) and px > mean(px, n)", "n": "3m"}, r"up\.n must be a number"),
    "an unused parameter": ({"when": "px > 1", "n": 3}, r"a key of a signal is .*; got n\. Use n in the expression"),
    "missing of another kind": ({"value": "px", "missing": "zero"}, r"missing must be 'off' or 'hold'"),
    "a window without end": ({"value": "mean(px, 1e308 * n)", "n": 20}, r"n of mean must be a whole number.*got inf"),
    "a very large power": ({"value": "mean(px, 9 ** 9 ** 9 ** n)", "n": 20}, r"a formula of a window is a number"),
    "a window below 1": ({"value": "mean(px, n - 30)", "n": 20}, r"n of mean must be at least 1; got -10"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named(name: str, folder: Path) -> None:
    signal, message = FAULTS[name]
    with pytest.raises(gp.InputError, match=message):
        states(folder, signal)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"a": "b + 1", "b": "a"}, r"values\.a: a value must not use itself; got a uses b uses a"),
        ({"px": "1 + y"}, r"a value and a series have different names; got px"),
        ({"a": "pxx"}, r"values\.a, column 1: a name is .*; got pxx\. Did you mean px"),
        ({"a": {"value": "mean(px, n)", "n": 3, "k": 4}}, r"a key of a value is value, or a parameter .*; got k"),
    ],
)
def test_a_fault_of_a_value_is_named(values: dict[str, Any], message: str) -> None:
    with pytest.raises(gp.InputError, match=message):
        tiny_study(values=values)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"measure": "change", "of": "y", "window": [5, 20]}, {"value": "pct_change(y, window)", "window": [5, 20]}),
        (
            {"measure": "change", "of": "y", "window": 5, "kind": "difference"},
            {"value": "diff(y, window)", "window": 5},
        ),
        (
            {"measure": "relative_to_average", "of": ["px", "y"], "window": 20, "latch": {"on_above": 0.1}},
            {"value": "px / y / mean(px / y, window) - 1", "window": 20, "latch": {"on_above": 0.1}},
        ),
        (
            {"measure": "volatility_crowding", "of": ["px", "y"], "window": 20},
            {
                "value": "pct_change(volatility(px, window) / volatility(y, window), change)",
                "window": 20,
                "change": 243,
            },
        ),
        (
            {"measure": "turning_point", "of": "y", "smooth": 2, "confirm": 1, "direction": "peak"},
            {"when": "turning_point(y, smooth, confirm, direction)", "smooth": 2, "confirm": 1, "direction": "peak"},
        ),
    ],
)
def test_the_old_form_is_shown_in_the_new_one(old: dict[str, Any], new: dict[str, Any]) -> None:
    with pytest.raises(gp.InputError, match=r"a signal is an expression under value: or when:") as error:
        tiny_study(signals={"up": old})
    line = str(error.value).partition(" Write ")[2].removesuffix(".")
    assert yaml.safe_load("{" + line + "}") == {"up": new}
    tiny_study(signals={"up": new}, base={"up.window": 5} if new.get("window") == [5, 20] else {})


def test_an_unknown_measure_gets_no_made_up_translation() -> None:
    with pytest.raises(gp.InputError, match=r"an earlier measure is change, .*got chnge\. Did you mean change"):
        tiny_study(signals={"up": {"measure": "chnge", "of": "y", "window": 5}})
    with pytest.raises(gp.InputError, match=r"got of: alone\. Write value: EXPRESSION"):
        tiny_study(signals={"up": {"of": "y", "window": 5}})


def test_a_study_is_sent_to_other_processes() -> None:
    study = gp.load_study("us-demo")
    again = pickle.loads(pickle.dumps(study))
    assert again.space == study.space
    assert [again.graph.text(at) for at in again.signals[0].nodes] == ["pct_change(baa, window)"]


def test_a_study_is_explained_step_by_step(folder: Path) -> None:
    study = tiny_study(signals={"up": {"when": "mean(px, n) > y", "n": [20, 60]}}, base={"up.n": 60})
    steps = explained(study, gp.load_market(study, folder))["up"]
    assert [step.formula for step in steps] == ["px", "mean(px, n)", "y", "mean(px, n) > y"]
    assert [step.warm_up for step in steps] == [0, 59, 1, 59]
    assert steps[1].known == str(DAYS[59].date())
    assert [step.computed for step in steps] == [1, 2, 1, 2]


def test_named_values_are_explained_by_their_names(folder: Path) -> None:
    values = {"ratio": "px / y", "gap": {"value": "-(ratio - mean(ratio, n))", "n": 20}, "same": "px"}
    study = tiny_study(values=values, signals={"up": {"when": "where(gap > 0, ratio, 2 * gap) ** 2 > same"}})
    formulas = [step.formula for step in explained(study, gp.load_market(study, folder))["up"]]
    assert "ratio = px / y" in formulas
    assert "gap = -(ratio - mean(ratio, n))" in formulas
    assert formulas[-1] == "where(gap > 0, ratio, 2 * gap) ** 2 > px"
