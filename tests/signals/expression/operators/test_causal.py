"""No value of an operator depends on later values, nor on those before its window, to the last bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gridproof.kernels.arrays import Floats
from gridproof.signals.expression.operators import OPERATORS
from gridproof.signals.expression.operators.declaration import Calendar, Operator
from tests.support.operator_calls import arguments, calendar, call, condition, values

DAYS = 90
NAMES = list(OPERATORS.operators)
# Operators whose value depends on all values before: recursions, events that stand until the next, dates.
HISTORY = {
    "ema", "rsi", "macd", "atr", "since", "streak", "value_when", "turning_point", "segment", "vpin", "nav",
    "relative_nav", "ffill", "trading_day_of_month", "weekly", "monthly",
}  # fmt: skip
# These know the trading days ahead, as an exchange publishes them, but no values.
AHEAD = {"trading_days_left", "weekly", "monthly"}


def arrays_of(operator: Operator) -> list[str]:
    return [one.name for one in operator.arguments if one.is_array]


def redrawn(operator: Operator, rng: np.random.Generator, count: int) -> dict[str, Floats]:
    kinds = {one.name: one.kind for one in operator.arguments}
    return {
        name: condition(rng, count) if kinds[name] == "boolean" else values(rng, count) for name in arrays_of(operator)
    }


def cut(dates: Calendar, days: slice) -> Calendar:
    return Calendar(dates.dates[days], dates.periods, dates.week_ends[days], dates.month_ends[days])


def assert_same(now: Floats, other: Floats, what: str) -> None:
    assert now.tobytes() == other.tobytes(), what


def changed_future(operator: Operator, seed: int, today: int) -> bool:
    """Fail where the future shows; answer whether there was anything to see."""
    rng = np.random.default_rng(seed)
    dates = calendar(DAYS)
    chosen = arguments(operator, rng, DAYS)
    now = call(operator, chosen, dates)
    for one in operator.arguments:
        if one.kind == "date" and one.latest:
            chosen[one.name] = min(chosen[one.name], today)
            now = call(operator, chosen, dates)
    other: dict[str, Any] = dict(chosen)
    for name, drawn in redrawn(operator, rng, DAYS).items():
        other[name] = np.where(np.arange(DAYS) > today, drawn, chosen[name])
    assert_same(now[:, : today + 1], call(operator, other, dates)[:, : today + 1], "a changed future shows")
    short = {name: value[: today + 1] if name in arrays_of(operator) else value for name, value in chosen.items()}
    if operator.name not in AHEAD:
        shorter = call(operator, short, cut(dates, slice(0, today + 1)))
        assert_same(now[:, : today + 1], shorter, "the number of later values shows")
    return bool(np.isfinite(now[:, : today + 1]).any())


@pytest.mark.parametrize("name", NAMES)
def test_the_future_does_not_show(name: str) -> None:
    seen = [changed_future(OPERATORS.operators[name], seed, 30 + 5 * seed) for seed in range(12)]
    assert name == "trading_days_left" or sum(seen) >= len(seen) / 4


@pytest.mark.parametrize("name", [name for name in NAMES if name not in HISTORY])
def test_what_lies_before_the_window_does_not_show(name: str) -> None:
    operator = OPERATORS.operators[name]
    for seed in range(12):
        rng = np.random.default_rng(seed)
        chosen = arguments(operator, rng, DAYS, whole=False)
        earlier = int(rng.integers(1, 40))
        dates = calendar(DAYS + earlier)
        longer: dict[str, Any] = dict(chosen)
        for array, drawn in redrawn(operator, rng, earlier).items():
            longer[array] = np.append(drawn, chosen[array])
        # The values in front complete the first windows.
        scalars = {key: value for key, value in chosen.items() if key not in arrays_of(operator)}
        first = operator.warm_up({key: int(np.max(v)) if key == operator.many else v for key, v in scalars.items()})
        now = call(operator, chosen, cut(dates, slice(earlier, None)))[:, first:]
        assert_same(now, call(operator, longer, dates)[:, earlier + first :], "what lies before the window shows")


def test_a_peeking_operator_is_caught() -> None:
    def tomorrow(x: Floats) -> Floats:
        return np.append(x[1:], np.nan)

    plain = OPERATORS.operators["abs"]
    peeking = Operator("tomorrow", plain.arguments, tomorrow, "", "", plain.example, plain.warm_up)
    for seed in range(5):
        with pytest.raises(AssertionError, match="a changed future shows"):
            changed_future(peeking, seed, 50)


@pytest.mark.parametrize("name", [name for name in NAMES if OPERATORS.operators[name].many is not None])
def test_windows_computed_together_or_alone_are_the_same_to_the_bit(name: str) -> None:
    operator = OPERATORS.operators[name]
    for seed in range(8):
        rng = np.random.default_rng(seed)
        chosen = arguments(operator, rng, DAYS)
        together = call(operator, chosen, calendar(DAYS))
        for row, n in zip(together, chosen[operator.many or ""], strict=True):
            alone = call(operator, chosen | {operator.many or "": np.array([n])}, calendar(DAYS))
            assert_same(row, alone[0], f"window {n}")
