"""Impact and the minimum commission: what the size of a trade costs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gridproof.kernels.errors import InputError
from tests.support.traded_legs import DAYS, FIRST, FRAMES, legs_point, legs_study, write_legs

IMPACT = {"a": {"amount": "amount", "impact": 0.2}, "b": {"amount": "amount", "impact": 0.1, "impact_power": 1.0}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_legs(tmp_path_factory.mktemp("sizes"))


def _paid(leg: str, day: int, execution: dict[str, Any], sells: bool) -> float:
    """One side of a switch into the position of a calendar day, computed from the definition."""
    if leg == "cash":
        return 0.0
    at_open = execution.get("at") == "open"
    traded = day if at_open else day - 1
    own = {"a": 0.0, "b": 0.0005}[leg] + execution.get("cost", 0.0)
    least = execution.get("min_commission", 0.0) / execution["capital"]
    coefficient, power = {"a": (0.2, 0.5), "b": (0.1, 1.0)}[leg]
    impact = coefficient * (execution["capital"] / FRAMES[leg]["amount"][traded]) ** power
    extra = {"a": 0.001, "b": 0.004 if str(DAYS[traded].date()) >= "2020-03-02" else 0.0}[leg] if sells else 0.0
    return max(own, least) + extra + impact


@pytest.mark.parametrize(
    "execution",
    [
        {"capital": 1e6, "cost": 0.001},
        {"capital": 3e6, "cost": 0.001, "at": "open"},
        {"capital": 1e5, "min_commission": 150.0, "cost": 0.0002},
    ],
)
def test_a_trade_pays_for_its_size(folder: Path, execution: dict[str, Any]) -> None:
    point = legs_point(folder, execution, **IMPACT)
    first = int(np.searchsorted(DAYS, np.datetime64(FIRST)))
    for day in range(1, len(point.held)):
        before, after = point.held[day - 1], point.held[day]
        expected = 0.0
        if before != after:
            expected = _paid(before, first + day, execution, True) + _paid(after, first + day, execution, False)
        assert point.curve["cost"].iloc[day] == pytest.approx(expected, abs=1e-12)


def test_a_mix_pays_for_the_part_that_it_trades(folder: Path) -> None:
    changes: dict[str, Any] = {"mixes": {"half": {"a": 0.5, "cash": 0.5, "rebalance": "never"}},
                               "rule": {"half": "leads and gains", "cash": "otherwise"}}  # fmt: skip
    point = legs_point(folder, {"capital": 4e6, "min_commission": 3000.0}, **IMPACT, **changes)
    entered = next(day for day in range(1, len(point.held)) if point.held[day] != point.held[day - 1])
    traded = int(np.searchsorted(DAYS, point.curve.index[entered])) - 1
    before = int(np.searchsorted(DAYS, np.datetime64(FIRST))) - 1
    years = (traded - before) / 260
    stock = FRAMES["a"]["close"][traded] / FRAMES["a"]["close"][before] * 1.03**years
    weight = stock / (stock + 1.02**years)  # drifted since the window began
    impact = weight * 0.2 * (weight * 4e6 / FRAMES["a"]["amount"][traded]) ** 0.5
    assert point.curve["cost"].iloc[entered] == pytest.approx(impact + 3000.0 / 4e6, rel=1e-9)


@pytest.mark.parametrize(
    ("execution", "changes", "message"),
    [
        ({}, IMPACT, "impact needs the capital that is traded; got no capital"),
        ({"capital": 1e6}, {}, "execution.capital is for impact and min_commission; got neither"),
        ({"capital": 0, "min_commission": 5}, {}, "a minimum commission needs a capital above 0"),
        ({"capital": 1e6}, {"a": {"impact": 0.1}}, "impact needs the traded value of each day; got no amount"),
    ],
)
def test_what_is_missing_is_one_error(execution: dict[str, Any], changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        legs_study(execution, **changes)
