"""Changing the future leaves the past unchanged: every form of a signal, every kind of release, to the last bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from gridproof.kernels import reference
from gridproof.kernels.arrays import Floats
from gridproof.kernels.cpu import latch
from gridproof.kernels.errors import InputError
from gridproof.kernels.paths import unpack
from gridproof.signals.data.market import Market
from gridproof.signals.data.source import Observations
from gridproof.signals.expression.operators.argument import series
from gridproof.signals.expression.operators.declaration import OPERATORS, Example, operator
from gridproof.sweeps.plan.point import evaluate_point
from gridproof.sweeps.plan.signal_values import evaluator_of, read_signal
from gridproof.sweeps.plan.window import find_window
from gridproof.sweeps.study.document import Document, parse_value
from gridproof.sweeps.study.study import Study, build_study
from tests.support.futures import DAY, DAYS, calendar_days, market_of, observations, other_future, shortened, wandering

RELEASES = ("0", "1", "3", "10 calendar days", "usable")
FIRST = 150  # the calendar day of the window's first return

LATCH = "latch: {on_above: 0.004, off_below: -0.004}"
FORK = """when: {
  small: "relative_slope(x, n) > 0 and relative_slope(y, n) < 0",
  large: "relative_slope(x, n) < 0 and relative_slope(y, n) > 0"}"""
TURN = 'when: "turning_point(x, n, k, direction)", k: 1, direction: peak'
DONCHIAN = 'latch: {on: "x >= max(x, n)", off: "x <= min(x, k)"}, k: 5'

# The form of a signal on x (and y); whether windows count months where x is monthly.
FORMS = {
    "change": f'value: "pct_change(x, n)", {LATCH}',
    "difference": f'value: "diff(x, n)", {LATCH}',
    "average": f'value: "x / mean(x, n) - 1", {LATCH}',
    "percentile": 'value: "percentile(x, n, min=2)", latch: {on_above: 0.6, off_below: 0.4}',
    "expanding": 'value: "zscore(x, all, since=2019-02-01, min=n)", missing: hold, latch: {on_above: 0.1}',
    "turn": TURN,
    "donchian": DONCHIAN,
    "ratio": f'value: "x / y / mean(x / y, n) - 1", {LATCH}',
    "fork": FORK,
    "weekly": f'value: "weekly(x) / mean(weekly(x), n) - 1", {LATCH}',
    "monthly": f'value: "x / monthly(x) - 1 + 0 * n", {LATCH}',
    "mixed": 'when: "mean(weekly(y), n) < y and streak(x > lag(x, 1)) < 2"',
}
DAILY_ONLY = ("ratio", "fork", "monthly")  # of two daily series; x / y of a month and a day is measured by day
DAILY = [pytest.param(name, False, id=f"{name}-daily") for name in FORMS]
REPEATED = pytest.mark.slow("other forms of a monthly series, and this form of a daily one, are tested in make test")
MONTHLY = [
    pytest.param(name, True, id=f"{name}-monthly", marks=() if name in ("change", "percentile", "turn") else REPEATED)
    for name in FORMS
    if name not in DAILY_ONLY
]


def study_of(form: str, release: str, lag: int, rng: np.random.Generator, monthly: bool) -> Study:
    """One signal on x (and y), its bits choosing among three legs: by a hold rule where it has several."""
    n = int(rng.integers(2, 4 if monthly else 12))
    if "relative_slope" in form:
        n = int(rng.integers(6, 13))  # of days over which a stale series moves
    bits = ["s.small", "s.large"] if "small:" in form else ["s"]
    chosen = "".join(f"{leg}: {bit}, " for leg, bit in zip(("small", "large", "cash"), bits, strict=False))
    releases = {"x": release, "y": rng.choice(["0", "2", "5 calendar days"])}
    measured = "\n".join(f"  {name}: {{file: f, field: v, release: {each}}}" for name, each in releases.items())
    text = f"""
name: ahead
market: {{calendar: small}}
series:
  small: {{file: f, field: v}}
  large: {{file: f, field: v}}
{measured}
legs: {{small: small, large: {{series: large, stamp_tax: china}}, cash: {{interest: 0.02}}}}
signals: {{s: {{{form}, n: {n}}}}}
rule: {{{chosen}{"large" if len(bits) == 1 else "hold"}: otherwise}}
execution: {{lag: {lag}, cost: 0.001}}
window: {{from: {calendar_days()[FIRST]}}}
"""
    return build_study(Document("ahead.yaml", parse_value(text), {}))


def assert_same_past(now: pd.DataFrame, other: pd.DataFrame, today: int, lag: int = 0) -> None:
    """Rows up to calendar day ``today`` are the same to the bit, weights ``lag`` days further."""
    rows = today - FIRST + 1
    now, other = now.reset_index(), other.reset_index()
    for column in now:
        until = rows + lag if column.startswith("weight.") else rows
        left, right = now[column].to_numpy()[:until], other[column].to_numpy()[:until]
        assert left.tobytes() == right.tobytes(), f"{column} knew the future"


def look_ahead(form: str, monthly: bool, release: str, seed: int, today: int, lag: int) -> pd.DataFrame:
    """Fail where a signal shows the future; answer its curve."""
    rng = np.random.default_rng(seed)
    study = study_of(form, release, lag, rng, monthly)
    market = market_of(rng, monthly)
    curve = evaluate_point(study, market).curve
    assert_same_past(curve, evaluate_point(study, other_future(study, market, today, rng)).curve, today, lag)
    if today > FIRST:
        # Where the calendar ends, no week or month has ended: what is held then is an older value.
        ended = today - 23 if "ly(" in form else today
        if ended > FIRST:
            assert_same_past(curve, evaluate_point(study, shortened(study, market, today)).curve, ended)
    return curve


@pytest.mark.parametrize(("name", "monthly"), [*DAILY, *MONTHLY])
def test_the_future_does_not_reach_back(name: str, monthly: bool) -> None:
    moved = []

    @settings(max_examples=12, derandomize=True, database=None, phases=[Phase.generate])
    @given(st.integers(0, 2**32 - 1), st.integers(FIRST, DAYS - 2), st.integers(1, 3), st.sampled_from(RELEASES))
    def run(seed: int, today: int, lag: int, release: str) -> None:
        curve = look_ahead(FORMS[name], monthly, release, seed, today, lag)
        states = curve[[column for column in curve if column.endswith(".state")]].to_numpy()
        moved.append((states != states[0]).any())

    run()
    assert sum(moved) >= len(moved) / 4  # else the signals hardly ever spoke, and nothing was tested


def tomorrow(x: Floats) -> Floats:
    """The change from today to tomorrow."""
    return np.append(x[1:], x[-1:]) / x - 1.0


def whole_sample(x: Floats) -> Floats:
    """Today's value, standardised by the whole sample."""
    return (x - np.nanmean(x)) / np.nanstd(x)


@pytest.mark.parametrize("monthly", [False, True])
@pytest.mark.parametrize("peek", [tomorrow, whole_sample])
def test_a_peeking_operator_is_caught(peek: Any, monthly: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OPERATORS, "operators", dict(OPERATORS.operators))
    operator(series(), source="this test", example=Example("peek(x)", {"x": (1, 2)}, (1, 0)), name="peek")(peek)
    caught = 0
    for seed in range(10):
        today = int(np.random.default_rng(seed).integers(FIRST + 40, DAYS - 40))
        try:
            look_ahead(f'value: "peek(x) + 0 * n", {LATCH}', monthly, "0", seed, today, 1)
        except AssertionError as error:
            caught += "knew the future" in str(error)
    assert caught >= 3  # of 10; the test above makes 24 attempts on each form


def turning(values: list[float], smooth: int, confirm: int) -> tuple[Study, Market, Observations]:
    """A study of turning points on hand-made months, each usable on the 12th of the next."""
    study = study_of(TURN, "usable", 1, np.random.default_rng(0), True)
    study = study.set({"s.n": smooth, "s.k": confirm, "s.direction": "peak"})
    market = market_of(np.random.default_rng(0), True)
    dates = market.series["x"].dates[: len(values)]
    assert len(dates) == len(values)
    usable = dates + np.timedelta64(12, "D")
    months = observations("x", dates, np.array(values), usable=usable)
    return study, Market(market.calendar, market.series | {"x": months}), months


def states_of(study: Study, market: Market) -> list[Any]:
    """The state of a study's one signal as known and in hindsight, (T,) bool each."""
    evaluator = evaluator_of(study, market, find_window(study, market).last)
    both = [read_signal(study, study.signals[0], evaluator, dict(study.base), early).states for early in (False, True)]
    return [states[0] for states in both if states is not None]


def test_a_turn_shows_with_the_month_that_confirms_it() -> None:
    values = [2.0, 3, 4, 5, 6, 7, 8, 9, 8, 7, 8, 7, 6, 5, 6, 7]  # peaks at 7 and 10, troughs at 9 and 13
    for confirm, turns in ((1, {8: 1, 10: 0, 11: 1, 14: 0}), (2, {9: 1, 12: 1, 15: 0})):
        study, market, months = turning(values, 1, confirm)
        state, hindsight = states_of(study, market)
        expected, earlier = np.zeros(DAYS, dtype=bool), np.zeros(DAYS, dtype=bool)
        for month, on in turns.items():
            expected[market.calendar >= months.columns["usable"][month]] = on
            earlier[market.calendar >= months.dates[month - confirm]] = on
        np.testing.assert_array_equal(state, expected)
        np.testing.assert_array_equal(hindsight, earlier)
        curve = evaluate_point(study, market).curve
        np.testing.assert_array_equal(curve["s.state"], expected[FIRST:])
        np.testing.assert_array_equal(curve["weight.small"], expected[FIRST - 1 : -1])


@settings(max_examples=40, derandomize=True, database=None)
@given(st.lists(st.integers(-9, 9), min_size=16, max_size=16), st.integers(1, 4), st.integers(1, 3))
def test_hindsight_runs_ahead_of_the_tradable_state(tenths: list[int], smooth: int, confirm: int) -> None:
    study, market, _ = turning([each / 10 for each in tenths], smooth, confirm)
    turns, earlier = (np.flatnonzero(np.diff(each.astype(int))) for each in states_of(study, market))
    assert len(earlier) >= len(turns)
    assert (earlier[: len(turns)] < turns).all()
    assert (np.abs(turns - earlier[: len(turns)]) >= 20 * confirm).all()


@settings(max_examples=50, derandomize=True, database=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 199))
def test_a_latch_ignores_tomorrow(seed: int, today: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=200)
    on = rng.normal(size=5)
    off = on - rng.random(5)
    changed = np.where(np.arange(200) > today, rng.normal(size=200), values)
    for backend in (reference, latch):
        states, others = (unpack(backend.latch_paths(each, on, off, 0), 200) for each in (values, changed))
        np.testing.assert_array_equal(states[:, : today + 1], others[:, : today + 1])


def test_hold_keeps_what_was_chosen_and_nothing_later() -> None:
    study = study_of(FORK, "0", 2, np.random.default_rng(3), False)
    curve = evaluate_point(study, market_of(np.random.default_rng(3), False)).curve
    weights = curve[["weight.small", "weight.large", "weight.cash"]].to_numpy().argmax(axis=1)
    small, large = (curve[f"s.{bit}.state"].to_numpy() for bit in ("small", "large"))
    for day in range(2, len(curve)):
        expected = 0 if small[day - 2] else 1 if large[day - 2] else weights[day - 1]
        assert weights[day] == expected
    assert len(set(weights)) > 1


def test_what_a_series_becomes_does_not_reach_back() -> None:
    rng = np.random.default_rng(0)
    study, market = study_of(FORMS["change"], "0", 1, rng, True), market_of(rng, True)
    months = market.series["x"]
    daily = np.arange(months.dates[10] + DAY, market.calendar[-1])  # one day the source turns daily
    dates = np.concatenate([months.dates[:11], daily])
    values = np.concatenate([months.values[:11], wandering(rng, len(daily))])
    turned = Market(market.calendar, market.series | {"x": observations("x", dates, values)})
    today = int(np.searchsorted(market.calendar, daily[0])) - 1
    before = study.set({"window.to": str(market.calendar[today])})
    assert_same_past(evaluate_point(study, market).curve, evaluate_point(before, turned).curve, today)
    # Windows of such a series would count months first and days later.
    with pytest.raises(InputError, match=r"a monthly series must have at most one value in each month.*is daily"):
        evaluate_point(study, turned)
