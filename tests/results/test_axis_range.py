"""Ranges of axis values: exact decimals, arithmetic without expansion, and one form for equal values."""

from __future__ import annotations

import itertools
import json
import pickle
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridproof.results.axis_range import AxisRange, axis_values
from gridproof.sweeps.study.values import parse_axis


def test_decimals_are_exact() -> None:
    found = parse_axis({"from": 0.10, "to": 0.60, "step": 0.02})
    assert isinstance(found, AxisRange)
    assert found[10] == 0.30
    assert found.index(0.30) == 10
    assert tuple(found) == tuple(float(Decimal(10 + 2 * at) / 100) for at in range(26))
    assert found.step == Decimal("0.02")
    assert 0.3 in found
    assert 0.1 + 0.2 not in found
    assert "0.3" not in found


ENTRIES = st.one_of(
    st.tuples(st.integers(-500, 500), st.integers(1, 50), st.integers(2, 40)).map(
        lambda given: {"from": given[0], "to": given[0] + given[1] * (given[2] - 1), "step": given[1]}
    ),
    st.tuples(st.integers(-500, 500), st.integers(1, 50), st.integers(2, 40)).map(
        lambda given: {
            "from": given[0] / 100, "to": (given[0] + given[1] * (given[2] - 1)) / 100, "step": given[1] / 100
        }
    ),
    st.tuples(st.integers(-500, 500), st.integers(1, 500), st.integers(2, 40)).map(
        lambda given: {"from": given[0], "to": given[0] + given[1], "count": given[2]}
    ),
    st.tuples(st.integers(1, 500), st.integers(1, 500), st.integers(2, 40), st.booleans()).map(
        lambda given: {"from": given[0] if given[3] else given[0] / 7, "to": given[0] + given[1], "count": given[2],
                       "scale": "log"}
    ),
)  # fmt: skip


@settings(max_examples=100)
@given(ENTRIES)
def test_a_range_is_its_values(entry: dict[str, Any]) -> None:
    found = parse_axis(entry)
    assert isinstance(found, AxisRange)
    values = tuple(found)
    assert len(found) == len(values)
    assert list(values) == sorted(set(values), key=float)
    assert {type(value) for value in values} == {int if found.whole else float}
    assert values[0] == entry["from"]
    assert values[-1] == entry["to"]
    for at, value in enumerate(values):
        assert found[at] == value
        assert type(found[at]) is type(value)
        assert found[at - len(values)] == value
        assert found.index(value) == at
        assert value in found
    with pytest.raises(IndexError):
        found[len(values)]
    with pytest.raises(ValueError, match="is not on the range"):
        found.index(values[-1] + 1)  # type: ignore[operator]
    assert found[1:] == values[1:]
    same = AxisRange.read(json.loads(json.dumps(found.record())))
    assert same == pickle.loads(pickle.dumps(found)) == found
    assert hash(same) == hash(found)
    if found.scale == "linear":
        assert axis_values(values) == found
        assert axis_values(list(values)) == found
        numbers = [Decimal(str(value)) for value in values]
        gaps = {after - before for before, after in itertools.pairwise(numbers)}
        assert found.step is None or gaps == {found.step}


@pytest.mark.parametrize(
    "values",
    [(), (5,), ("a", "b"), (1, 2.0, 3), (3, 2, 1), (1, 2, 4), (0.1, 0.2, 0.31), (1, 1), (True, False),
     (0.0, float("inf")), (float("-inf"), 0.0, float("inf")), (0.0, float("nan")), (1, "2", 3)],
)  # fmt: skip
def test_other_values_stay_a_list(values: tuple[Any, ...]) -> None:
    assert AxisRange.of(values) is None
    assert isinstance(axis_values(values), tuple)


def test_a_million_values_are_not_expanded() -> None:
    large = AxisRange(0.0, 0.999999, 1_000_000)
    assert (len(large), large[123_456], large.index(0.5), large.step) == (1_000_000, 0.123456, 500_000, Decimal("1E-6"))
    assert large == AxisRange(0.0, 0.999999, 1_000_000)
    assert len({large, AxisRange(0.0, 0.999999, 1_000_000)}) == 1
    assert "_values" not in large.__dict__


@pytest.mark.parametrize(
    ("ends", "size", "fault"),
    [((1, 1), 2, "`from` below `to`"), ((2, 1), 2, "`from` below `to`"), ((1, 2), 1, "at least two values"),
     ((1, 10), 5, "a whole step"), ((1.0, 1.0 + 1e-15), 100, "raise the step"),
     ((0.0, float("nan")), 3, "a range has")],
)  # fmt: skip
def test_ranges_that_do_not_exist(ends: tuple[float, float], size: int, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        AxisRange(*ends, size)


def test_what_a_search_may_choose_does_not_make_another_range() -> None:
    plain, searched = AxisRange(1, 9, 5), AxisRange(1, 9, 5, search="integer")
    assert plain == searched
    assert searched.allows(4)
    assert not searched.allows(4.5)
    assert not searched.allows(10)
    assert not searched.allows("4")
    assert AxisRange(1.0, 9.0, 5, search="continuous").allows(4.5)
