"""What the operators declare holds: examples, warm-up, units, bounds."""

from __future__ import annotations

import numpy as np
import pytest

from docs.generate_operators import PAGE, operators_page
from gridproof.kernels.errors import InputError
from gridproof.signals.expression.example import evaluate_example
from gridproof.signals.expression.operators import OPERATORS
from gridproof.signals.expression.operators.causality import call, drawn_arguments, drawn_values
from gridproof.signals.expression.operators.description import find, groups
from gridproof.signals.expression.operators.quantity import NUMBER
from tests.support.operator_calls import calendar

NAMES = list(OPERATORS.operators)
DAYS = 120
# How long these are unknown depends on the values (no event, no full bucket yet) or on the dates; ``known`` never is.
BY_VALUE = {
    "keep", "known", "segment", "vpin", "since", "value_when", "nav", "relative_nav", "trading_days_left", "weekly",
    "monthly",
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_the_example_gives_what_it_says(name: str) -> None:
    operator = OPERATORS.operators[name]
    assert operator.example is not None
    assert operator.name in operator.example.text
    found = evaluate_example(operator.example.text, operator.example.inputs, OPERATORS.operators)
    np.testing.assert_allclose(found, operator.example.result, rtol=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_documented(name: str) -> None:
    operator = OPERATORS.operators[name]
    assert len(operator.doc) > 30
    assert operator.source
    assert not operator.source.endswith(".")
    for argument in operator.arguments:
        assert argument.meaning
        assert not argument.meaning.endswith(".")
    if any(argument.is_array for argument in operator.arguments) and operator.samples is None:
        assert "nknown" in operator.doc, "say when the result is unknown"


@pytest.mark.parametrize("name", [name for name in NAMES if name not in BY_VALUE])
def test_the_warm_up_is_the_number_of_unknown_values(name: str) -> None:
    operator = OPERATORS.operators[name]
    for seed in range(10):
        rng = np.random.default_rng(seed)
        chosen = drawn_arguments(operator, rng, DAYS)
        late = int(rng.integers(0, 5))
        for one in operator.arguments:
            if one.is_array:
                # No two equal values in a row: an average of equal ones may be undefined.
                chosen[one.name] = (
                    rng.permutation(DAYS) + 1.0 if one.kind == "series" else rng.integers(0, 2, DAYS) * 1.0
                )
                chosen[one.name][:late] = np.nan
            elif one.kind == "date":
                chosen[one.name] = 0
        if not any(one.is_array for one in operator.arguments):
            late = 0
        for at, row in enumerate(call(operator, chosen, calendar(DAYS))):
            scalars = {
                one.name: chosen[one.name][at] if one.name == operator.many else chosen[one.name]
                for one in operator.arguments
                if not one.is_array
            }
            assert int(np.isfinite(row).argmax()) == operator.warm_up(scalars) + late, scalars


@pytest.mark.parametrize("name", NAMES)
def test_results_lie_within_the_bounds_of_the_unit(name: str) -> None:
    operator = OPERATORS.operators[name]
    seen = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        chosen = drawn_arguments(operator, rng, DAYS)
        found = call(operator, chosen, calendar(DAYS))
        unit = operator.unit_of(tuple(NUMBER for one in operator.arguments if one.is_array))
        known = found[np.isfinite(found)]
        seen += len(known)
        assert ((known >= unit.low) & (known <= unit.high)).all()
        if operator.result == "boolean":
            assert set(known.tolist()) <= {0.0, 1.0}
        assert not np.isinf(found).any() or name in ("exp", "power")
    assert seen or name == "trading_days_left"


def test_the_drawn_values_have_gaps_ties_and_scales() -> None:
    drawn = [drawn_values(np.random.default_rng(seed), DAYS) for seed in range(60)]
    assert any(np.isnan(x[10:]).any() for x in drawn)
    assert any(len(np.unique(x)) < 10 for x in drawn)
    assert {int(np.sign(round(np.log10(np.nanmedian(x)) / 50))) for x in drawn} == {-1, 0, 1}


def test_the_page_is_generated_from_the_declarations() -> None:
    assert PAGE.read_text(encoding="utf-8") == operators_page(), "run python -m docs.generate_operators"


def test_a_mistaken_name_is_answered_by_the_nearest() -> None:
    with pytest.raises(InputError, match=r"^NAME: an operator is one .*; got percentil\. Use percentile"):
        find("percentil", OPERATORS.operators, "NAME")


def test_every_operator_stands_in_one_group() -> None:
    grouped = groups(OPERATORS.operators.values())
    assert sorted(one.name for members in grouped.values() for one in members) == sorted(NAMES)
    assert all(1 < len(title) < 110 for title in grouped)
