"""No value of an operator depends on later values, nor on those before its window, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

from gridproof.kernels.arrays import Floats
from gridproof.signals.expression.operators import OPERATORS
from gridproof.signals.expression.operators.causality import call, drawn_arguments, future_leak, past_leak
from gridproof.signals.expression.operators.declaration import Operator
from tests.support.operator_calls import calendar

DAYS = 90
NAMES = list(OPERATORS.operators)


@pytest.mark.parametrize("name", NAMES)
def test_the_future_does_not_show(name: str) -> None:
    operator, seen = OPERATORS.operators[name], 0
    for seed in range(12):
        rng, today = np.random.default_rng(seed), 30 + 5 * seed
        chosen = drawn_arguments(operator, rng, DAYS)
        assert future_leak(operator, chosen, calendar(DAYS), today, rng) is None
        seen += np.isfinite(call(operator, chosen, calendar(DAYS))[:, : today + 1]).any()
    assert name == "trading_days_left" or seen >= 3


@pytest.mark.parametrize("name", [name for name in NAMES if not OPERATORS.operators[name].history])
def test_what_lies_before_the_window_does_not_show(name: str) -> None:
    operator = OPERATORS.operators[name]
    for seed in range(12):
        rng = np.random.default_rng(seed)
        first = int(rng.integers(1, 40))
        chosen = drawn_arguments(operator, rng, DAYS + first, whole=False)
        assert past_leak(operator, chosen, calendar(DAYS + first), first) is None


def like_abs(name: str, function: object, warm_up: int = 0) -> Operator:
    plain = OPERATORS.operators["abs"]
    return Operator(name, plain.arguments, function, "", "", plain.example, lambda _: warm_up)  # type: ignore[arg-type]


def test_an_operator_that_knows_tomorrow_is_caught() -> None:
    operator = like_abs("tomorrow", lambda x: np.append(x[1:], np.nan))
    for seed in range(5):
        rng = np.random.default_rng(seed)
        leak = future_leak(operator, drawn_arguments(operator, rng, DAYS), calendar(DAYS), 50, rng)
        assert leak is not None
        assert (leak.of, leak.argument, leak.day, leak.cut) == ("future", "x", 50, 50)


def test_an_operator_that_knows_the_number_of_days_is_caught() -> None:
    operator = like_abs("counted", lambda x: x + len(x))
    rng = np.random.default_rng(0)
    leak = future_leak(operator, drawn_arguments(operator, rng, DAYS), calendar(DAYS), 50, rng)
    assert leak is not None
    assert (leak.of, leak.argument) == ("end", "")


def test_an_operator_that_sees_more_than_its_window_is_caught() -> None:
    def five(x: Floats) -> Floats:
        result = np.full(len(x), np.nan)
        result[4:] = np.lib.stride_tricks.sliding_window_view(x, 5).sum(axis=-1)
        return result

    x = np.arange(float(DAYS))
    assert past_leak(like_abs("five", five, 4), {"x": x}, calendar(DAYS), 20) is None
    leak = past_leak(like_abs("five", five, 3), {"x": x}, calendar(DAYS), 20)
    assert leak is not None
    assert (leak.of, leak.day, leak.cut) == ("past", 23, 20)
    running = like_abs("running", lambda x: np.cumsum(x + 1e-13))
    assert past_leak(running, {"x": 0 * x + 0.1}, calendar(DAYS), 20, tolerance=1e-9) is not None


@pytest.mark.parametrize("name", [name for name in NAMES if OPERATORS.operators[name].many is not None])
def test_windows_computed_together_or_alone_are_the_same_to_the_bit(name: str) -> None:
    operator = OPERATORS.operators[name]
    for seed in range(8):
        rng = np.random.default_rng(seed)
        chosen = drawn_arguments(operator, rng, DAYS)
        together = call(operator, chosen, calendar(DAYS))
        for row, n in zip(together, chosen[operator.many or ""], strict=True):
            alone = call(operator, chosen | {operator.many or "": np.array([n])}, calendar(DAYS))
            assert row.tobytes() == alone[0].tobytes(), f"window {n}"
