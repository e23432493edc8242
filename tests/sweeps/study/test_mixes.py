"""Mixes and sleeves of a study file: their axes, names and errors."""

from __future__ import annotations

from typing import Any

import pytest

from gridproof.kernels.errors import InputError
from gridproof.sweeps.study.held import holdings
from gridproof.sweeps.study.schema import study_schema
from tests.support.market import study_of
from tests.support.raw_mixes import raw_mixes
from tests.support.schemas import validate

RULE = {"half": "up and trend", "small": "up", "cash": "otherwise"}
FORMULA = "0.01 / std(pct_change(small, 1), 20)"


def with_mix(half: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return raw_mixes(mixes={"half": half}, rule=RULE) | changes


def test_axes_names_and_allocations_of_mixes() -> None:
    raw = with_mix({"small": {"from": 0.2, "to": 0.4, "step": 0.1}, "rebalance": ["daily", "monthly"]})
    raw["mixes"]["graded"] = {"large": FORMULA, "small": 0.5, "cash": "rest", "step": 0.2, "min": -0.2, "max": 0.5}
    raw["rule"] = {"half": "up", "graded": "otherwise"}
    del raw["signals"]["trend"]
    study = study_of(raw | {"base": {"half.small": 0.3, "half.rebalance": "daily"}})
    assert study.resolve("half.small") == "half.small"
    assert {"half.small", "half.rebalance", "graded.step"} <= set(study.space.names)
    assert not {"half.small", "graded.step"} & set(study.environment)
    shown = {one.name for one in study.allocations}
    assert shown == {"large", "small", "cash", "half", "graded -0.2", "graded 0", "graded 0.2", "graded 0.4"}
    lowest = next(one for one in study.allocations if one.name == "graded -0.2")
    assert lowest.weights == pytest.approx((-0.2, 0.5, 0.7))
    assert list(holdings(study)) == ["large", "small", "cash", "half"]
    assert study.allocations[holdings(study)["half"]].weights == pytest.approx((0.0, 0.3, 0.7))
    assert study.set({"half.small": 0.37}).allocations[3].weights == pytest.approx((0.0, 0.37, 0.63))
    validate(raw, study_schema())


def test_weights_of_two_formulas_sum_to_at_most_1_or_max() -> None:
    mix = {"small": FORMULA, "large": FORMULA, "step": 0.25}
    study = study_of(with_mix(mix))
    steps = [(small, large) for small in range(5) for large in range(5 - small)]
    names = [f"half {small / 4:g}/{large / 4:g}" for small, large in steps]
    assert [one.name for one in study.allocations[3:]] == names
    weights = [[large / 4, small / 4, 1 - (small + large) / 4] for small, large in steps]
    assert study.weights[3:].tolist() == weights
    assert list(study.numbers(study.base)) == ["large", "small", "cash", *names]
    assert list(holdings(study)) == ["large", "small", "cash"]
    given = study_of(with_mix({**mix, "large": 0.5}))
    assert [one.name for one in given.allocations[3:]] == [f"half {small / 4:g}" for small in range(5)]
    lever = study_of(with_mix({**mix, "max": 1.5}))
    assert min(one.weights[2] for one in lever.allocations) == pytest.approx(-0.5)
    validate(with_mix(mix), study_schema())


def test_a_mix_of_one_weight_is_a_benchmark_without_the_rule() -> None:
    raw = raw_mixes(mixes={"sixty": {"large": 0.6, "small": "rest"}})
    study = study_of(raw)
    assert list(holdings(study)) == ["large", "small", "cash", "sixty"]
    assert "sixty.large" not in study.environment


@pytest.mark.parametrize(
    ("half", "expected"),
    [
        ({"smal": 0.5}, r"mixes.half.smal: a key of a mix is a leg .* got smal. Did you mean small"),
        ({}, r"mixes.half: a mix has legs with their weights; got none"),
        ({"small": 0.5, "cash": 0.4}, r"mixes.half: the weights of a mix sum to 1; got 0.5 \+ 0.4 = 0.9. .* rest"),
        ({"small": "rest", "large": "rest"}, r"mixes.half.large: one leg of a mix has the rest; got small, large"),
        ({"small": 3.5}, r"mixes.half.small: half.small is a share of NAV between -1 and 3; got 3.5. .* 0.5 is 50 %"),
        ({"small": 0.5, "rebalance": "yearly"}, r"half.rebalance is one of its choices; got 'yearly'. Use daily"),
        ({"small": 0.5, "step": 0.1}, r"mixes.half.step: step is of a weight that follows a formula"),
        ({"small": FORMULA, "large": FORMULA, "min": 0.6}, r"half.min: the least weights .* got 1.2. Lower"),
        ({"small": FORMULA, "large": FORMULA, "step": 0.01}, r"has at most 255 .* got more of 2 weights in 101"),
        ({"small": "0.5"}, r"mixes.half.small: a weight is a number, .* got 0.5. Write a number without quotes"),
        ({"small": FORMULA, "min": 0.5, "max": 0.2}, r"mixes.half.max: max of a weight must not lie below min"),
        ({"small": FORMULA, "step": 0}, r"mixes.half.step: half.step must be at least 0.001"),
        ({"small": {"from": 0, "to": 1, "count": 3, "search": "continuous"}}, r"a search chooses the weights of a mix"),
        ({"small": FORMULA, "step": 0.001, "max": 3}, r"a study has at most 255 allocations: .* got 3004"),
    ],
)  # fmt: skip
def test_what_a_mix_must_not_be(half: dict[str, Any], expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        study_of(with_mix(half))


def test_mixes_have_names_of_their_own_and_several_weights_are_used() -> None:
    with pytest.raises(InputError, match="a mix and a leg have different names"):
        study_of(raw_mixes(mixes={"small": {"large": 0.5}}))
    with pytest.raises(InputError, match="a mix and a signal have different names"):
        study_of(raw_mixes(mixes={"up": {"large": 0.5}}))
    with pytest.raises(InputError, match="a mix with several weights must be used by the rule"):
        study_of(raw_mixes(mixes={"half": {"small": [0.5, 0.6]}}, base={"half.small": 0.5}))
    with pytest.raises(InputError, match="financing is paid in mixes"):
        study_of(raw_mixes(legs=raw_mixes()["legs"] | {"cash": {"interest": 0.0, "financing": 0.05}}))
    with pytest.raises(InputError, match="the rule chooses among the legs"):
        study_of(raw_mixes(rule={"half": "otherwise"}))


@pytest.mark.parametrize(
    ("sleeves", "expected"),
    [
        ({"a": {"share": 0.5}}, "missing key `rule`"),
        ({"a": {"share": 0.7, "rule": RULE}, "b": {"share": 0.7, "rule": RULE}}, r"sum to 1, or to less .* got 1.4"),
        ({"a": {"share": 0.5, "rule": RULE}, "b": {"rule": RULE}}, "sleeves.b: every sleeve has a share"),
        ({"a": {"rule": {"gold": "otherwise"}}}, "a.rule.gold: the rule chooses among the legs and mixes; got 'gold'"),
        ({name: {"share": 0.1 + 0.001 * at, "rule": {"large": "up", "hold": "otherwise"}}
          for at, name in enumerate("abcdefgh")}, "at most 255 allocations together; got 260"),
    ],
)  # fmt: skip
def test_what_sleeves_must_not_be(sleeves: dict[str, Any], expected: str) -> None:
    raw = raw_mixes(sleeves=sleeves, mixes={"half": {"small": 0.5}}, rule="")
    with pytest.raises(InputError, match=expected):
        study_of(raw)


def test_sleeves_and_a_rule_exclude_each_other() -> None:
    with pytest.raises(InputError, match="a study has one rule, or sleeves with a rule each; got both"):
        study_of(raw_mixes(sleeves={"a": {"rule": {"large": "up", "cash": "otherwise"}}}))
