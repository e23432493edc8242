"""A series of 0 and 1 is a condition as it is; one of another kind is refused where it stands as a condition."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import gridproof as gp
from tests.support.tiny import DAYS, point_of, prices, write_tiny

STATES = pd.Series((np.arange(len(DAYS)) // 25 % 2).astype(float), index=DAYS)
SERIES = {"y": {"release": 0}}


def test_a_ready_state_is_the_state(tmp_path: Path) -> None:
    write_tiny(tmp_path, STATES)
    curve = point_of(tmp_path, **SERIES, signals={"up": {"when": "y"}}).curve
    np.testing.assert_array_equal(curve["up.state"], STATES[curve.index])
    held = STATES.shift(1)[curve.index]
    np.testing.assert_array_equal(curve["weight.stock"], held)
    expected = prices().pct_change()[curve.index] * held
    np.testing.assert_allclose(curve["return"], expected, atol=1e-12)


@pytest.mark.parametrize(
    ("when", "same"),
    [
        ("not y", "y < 1"),
        ("y and px > mean(px, 20)", "y > 0 and px > mean(px, 20)"),
        ("count(y, 30) > 10", "count(y == 1, 30) > 10"),
        ("where(y, 1, 0) > 0.5", "y > 0.5"),
        ("lag(y, 1) == 1", "lag(y, 1) > 0"),
    ],
)
def test_it_combines_with_other_conditions(when: str, same: str, tmp_path: Path) -> None:
    write_tiny(tmp_path, STATES)
    states = [point_of(tmp_path, **SERIES, signals={"up": {"when": one}}).curve["up.state"] for one in (when, same)]
    np.testing.assert_array_equal(*states)
    assert states[0].nunique() == 2


def test_it_latches(tmp_path: Path) -> None:
    write_tiny(tmp_path, STATES)
    signal = {"latch": {"on": "y", "off": "not y"}}
    curve = point_of(tmp_path, **SERIES, signals={"up": signal}).curve
    np.testing.assert_array_equal(curve["up.state"], STATES[curve.index])


@pytest.mark.parametrize("value", [0.5, -1.0, 2.0])
def test_another_value_is_named_with_its_day(value: float, tmp_path: Path) -> None:
    wrong = STATES.copy()
    wrong.iloc[300] = value
    write_tiny(tmp_path, wrong)
    day = f"{DAYS[300]:%Y-%m-%d}"
    rule = rf"up: a condition is true or false; a series .* 0 and 1; got {value:g} of y, the value known on {day}"
    with pytest.raises(gp.InputError, match=rule + r"\. Write a comparison, such as y > 0\.$"):
        point_of(tmp_path, **SERIES, signals={"up": {"when": "y"}})
    wrong.iloc[300], wrong.iloc[-1] = 0.0, value
    write_tiny(tmp_path, wrong)
    point_of(tmp_path, **SERIES, signals={"up": {"when": "y"}}, window={"to": "2021-06-10"})


def test_a_ready_level_goes_through_a_latch(tmp_path: Path) -> None:
    level = pd.Series(0.5 + 0.4 * np.sin(np.arange(len(DAYS)) / 20.0), index=DAYS)
    write_tiny(tmp_path, level)
    signal = {"value": "y", "latch": {"on_above": 0.7, "off_below": 0.3}}
    curve = point_of(tmp_path, **SERIES, signals={"up": signal}).curve
    np.testing.assert_array_equal(curve["up.value"], level[curve.index])
    assert curve["up.state"].nunique() == 2
