"""The engine against an implementation that shares no code with it, on real and on made-up markets."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gridproof.results.run.record import Record
from gridproof.signals.data.market import Market, load_market
from gridproof.signals.expression.operators.average import mean
from gridproof.signals.expression.operators.event import turning_point
from gridproof.signals.expression.operators.regression import relative_slope
from gridproof.sweeps.plan.point import Point, evaluate_point
from gridproof.sweeps.study.document import Document, parse_value
from gridproof.sweeps.study.study import build_study, load_study
from tests.support.independent import SYSTEMS, Metrics, evaluate_system, real_data
from tests.support.real_data import ASHARE, needs_ashare
from tests.support.systems import CHINA, OWN, RULES, asked, made_up, made_up_parameters, study_of

MICRO, CSI1000, CSI500, CSI300 = "8841431.WI", "000852.SH", "000905.SH", "000300.SH"


def assert_same(point: Point, expected: dict[str, Metrics]) -> None:
    """Every metric of both segments, to 1e-9."""
    for segment in ("in_sample", "after_publication"):
        ours: Record | None = getattr(point, segment)
        assert (ours is None) == (segment not in expected)
        if ours is None:
            continue
        theirs = expected[segment]
        assert set(ours) == set(theirs) - {"days"}
        shares = {leg: theirs["exposure_by_leg"].get(leg, 0.0) for leg in ours["exposure_by_leg"]}
        for name, value in {**theirs, **shares}.items():
            if name in ("days", "exposure_by_leg"):
                continue
            own = ours["exposure_by_leg"][name] if name in shares else ours[name]
            own = math.nan if own is None else own
            assert own == pytest.approx(value, rel=1e-9, abs=1e-12, nan_ok=True), f"{segment} {name}"


REAL: list[tuple[str, str, dict[str, Any]]] = [
    ("T1", MICRO, {}),
    ("T1", MICRO, {"rate_release": 1, "lag": 2, "cost": 0.003}),
    ("T1", MICRO, {"rate": (200, "relative", 0.1, 0.0), "rate_release": 2, "lag": 3, "cost": 0.001}),
    ("T1", MICRO, {"rate": (61, "difference", 0.15, -0.25), "carry": {"small": -0.04}, "interest": 0.018}),
    ("T1", CSI1000, {"rate": (120, "relative", 0.04, 0.04), "cost": 0.0005, "stamp": {"small": CHINA}, "rf": 0.02}),
    ("T2", MICRO, {"cost": 0.001, "stamp": {"small": CHINA}}),
    ("T2", MICRO, {"crowd": (60, 120, 0.35, 0.1), "lag": 2, "leg_cost": {"small": 0.002}}),
    ("T3", CSI500, {"value": (243, 0.2, 0.05), "cost": 0.001}),
    ("T3", CSI500, {"value": (120, 0.1, -0.1), "value_release": 1, "lag": 2, "stamp": {"small": OWN}}),
    ("T4", MICRO, {"rate_release": 1, "cost": 0.001, "interest": 0.02}),
    ("T4", CSI1000, {"crowd": (40, 203, 0.35, 0.2), "stamp": {"small": CHINA}, "P": 252}),
    ("R2", MICRO, {"growth": (3, 2, "peak"), "cost": 0.002, "carry": {"small": 0.03, "large": 0.02}}),
    ("R2", MICRO, {"growth": (6, 1, "trough"), "growth_release": 12}),
    ("R4", MICRO, {"trend": 123, "cost": 0.001, "stamp": {"small": CHINA}}),
    ("R5", CSI1000, {"trend": 60, "fork": 10, "lag": 2, "cost": 0.001}),
    ("R5-hold", MICRO, {"fork": 40, "cost": 0.001}),
    ("R6", MICRO, {"growth": (9, 3, "peak"), "fork": 33, "cost": 0.0005, "rf": 0.015}),
    ("R7", MICRO, {"rate_release": 1, "cost": 0.001}),
    ("R7", CSI1000, {"rate": (243, "relative", 0.1, -0.1), "crowd": (20, 120, 0.2, 0.1), "stamp": {"small": CHINA}}),
]


@needs_ashare
@pytest.mark.parametrize(("system", "small", "given"), REAL)
def test_on_real_data(system: str, small: str, given: dict[str, Any]) -> None:
    window, published = ("2007-01-04", "2026-06-18"), "2023-10-24"
    if system == "T3":
        window, published = ("2007-01-04", "2021-08-18"), "2018-05-01"
    data = real_data(ASHARE, small, CSI300)
    data["calendar"] = data["calendar"].loc["2002-01-04":]  # type: ignore[misc]
    expected, _ = evaluate_system(system, data, pd.DatetimeIndex(data["calendar"].index), window, published, **given)
    study = study_of(system, window, published, given.get("stamp", {}), small)
    market = load_market(study.sources(), "sse", ASHARE)
    market = Market(market.calendar[market.calendar >= np.datetime64("2002-01-04")], market.series)
    point = evaluate_point(study, market, asked(system, given))
    assert_same(point, expected)


@needs_ashare
@pytest.mark.parametrize(
    ("name", "system", "small"),
    [
        ("microcap-rate-timing", "T1", MICRO),
        ("microcap-timing", "T4", MICRO),
        ("microcap-rotation", "R7", MICRO),
        ("csi1000-csi300", "R7", CSI1000),
    ],
)
def test_the_shipped_studies(name: str, system: str, small: str) -> None:
    study = load_study(name)
    window = (str(study.spec.window.from_), str(study.spec.window.to))
    data = real_data(ASHARE, small, CSI300)
    market = load_market(study.sources(), "sse", ASHARE)
    calendar = pd.DatetimeIndex(data["calendar"].index)
    expected, _ = evaluate_system(system, data, calendar, window, str(study.spec.window.published), rate_release=1)
    assert_same(evaluate_point(study, market), expected)


@needs_ashare
def test_the_published_figures() -> None:
    """Rate timing of the micro-cap index, 2006 to September 2023, as the report prints it."""
    study = study_of("T1", ("2006-01-04", "2023-09-28"), None, {}, MICRO)
    record = evaluate_point(study, load_market(study.sources(), "sse", ASHARE)).in_sample
    assert record["cagr"] == pytest.approx(0.3799, abs=5e-5)
    assert record["volatility"] == pytest.approx(0.245, abs=5e-4)
    assert record["max_drawdown"] == pytest.approx(-0.4817, abs=5e-5)
    assert record["sharpe"] == pytest.approx(1.44, abs=5e-3)


def point_made_up(system: str, seed: int) -> tuple[Point, dict[str, Metrics], pd.DataFrame, dict[str, Any]]:
    rng = np.random.default_rng(seed)
    market, data = made_up(rng)
    given = made_up_parameters(rng)
    calendar = pd.DatetimeIndex(data["calendar"].index)
    window, published = (str(calendar[130].date()), str(calendar[-3].date())), str(calendar[300].date())
    study = study_of(system, window, published, given["stamp"])
    point = evaluate_point(study, market, asked(system, given))
    return point, *evaluate_system(system, data, calendar, window, published, **given), given


MANY = pytest.param(40, marks=pytest.mark.slow("each system is compared on six made-up markets in make test"))


@pytest.mark.parametrize("markets", [6, MANY])
@pytest.mark.parametrize("system", SYSTEMS)
def test_on_made_up_markets(system: str, markets: int) -> None:
    @settings(max_examples=markets, derandomize=True, database=None)
    @given(st.integers(0, 2**32 - 1))
    def run(seed: int) -> None:
        point, expected, daily, _ = point_made_up(system, seed)
        assert point.held == daily["leg"].tolist()
        np.testing.assert_allclose(point.curve["return"], daily["return"], rtol=1e-9, atol=1e-14)
        np.testing.assert_allclose(point.curve["cost"], daily["cost"], rtol=1e-12, atol=0)
        assert_same(point, expected)

    run()


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_curve_adds_up_as_a_spreadsheet_would(system: str) -> None:
    for seed in range(3):
        point, _, _, given = point_made_up(system, seed)
        curve = point.curve
        weights = curve[["weight.small", "weight.large", "weight.cash"]]
        assert (weights.sum(axis=1) == 1).all()
        nav = (1 + curve["return"]).cumprod()
        np.testing.assert_allclose(curve["nav"], nav, rtol=1e-12)
        np.testing.assert_allclose(curve["drawdown"], nav / nav.cummax().clip(lower=1) - 1, rtol=1e-9, atol=1e-15)
        moved = weights.diff().abs().sum(axis=1) > 0
        assert (curve["cost"][~moved] == 0).all()
        assert (curve["cost"][moved] > 0).all()
        states = {column[:-6].replace(".", "_"): curve[column] == 1 for column in curve if column.endswith(".state")}
        rule = parse_value(RULES[system])
        if "hold" not in rule:
            tests = ((leg, test) for leg, test in rule.items() if test != "otherwise")
            expected = pd.Series(list(rule)[-1], index=curve.index)
            for leg, test in reversed(list(tests)):
                said = test.replace("fork.", "fork_").replace("and not", "& ~").replace("and", "&").replace("or ", "| ")
                expected[pd.eval(said.replace("f| k", "fork"), local_dict=states, engine="python")] = leg
            held = weights.idxmax(axis=1).str.removeprefix("weight.")
            lag = given["lag"]
            assert held.iloc[lag:].tolist() == expected.iloc[:-lag].tolist()
        cut = 300 - 130
        for part, segment in ((curve[:cut], point.in_sample), (curve[cut:], point.after_publication)):
            assert segment is not None
            assert segment["switches"] == moved[part.index].sum()
            check_metrics(part["return"], segment, given["P"], given["rf"])


def check_metrics(returns: pd.Series, record: Record, periods: float, risk_free: float) -> None:
    """The usual definitions, by pandas and SciPy."""
    nav = pd.concat([pd.Series([1.0]), (1 + returns).cumprod()])
    cagr = nav.iloc[-1] ** (periods / len(returns)) - 1
    volatility = returns.std() * math.sqrt(periods)
    drawdown = (nav / nav.cummax() - 1).min()
    below = (returns - risk_free / periods).clip(upper=0)
    excess = returns.mean() * periods - risk_free
    expected = {
        "total_return": nav.iloc[-1] - 1,
        "cagr": cagr,
        "volatility": volatility,
        "sharpe": excess / volatility,
        "sortino": excess / math.sqrt((below**2).mean() * periods),
        "max_drawdown": drawdown,
        "calmar": cagr / -drawdown,
        "skewness": stats.skew(returns),
        "kurtosis": stats.kurtosis(returns, fisher=False),
    }
    for name, value in expected.items():
        assert record[name] == pytest.approx(value, rel=1e-9), name


def test_a_flat_window_neither_rises_nor_falls() -> None:
    for window in range(2, 60):
        flat = np.full(80, 0.7)
        assert (relative_slope(flat, window, None, 0)[window - 1 :] == 0).all()
        assert ((flat / mean(flat, window, None, 0) - 1.0)[window - 1 :] == 0).all()


def test_equal_means_near_zero_are_no_turns() -> None:
    """Each mean of three is 0; in binary they are 0, 3e-17 and -1e-17."""
    months = np.array([0.1, -0.3, 0.2] * 4)
    states = turning_point(months, 3, 1, "peak")
    assert np.isnan(states[:2]).all()
    assert (states[2:] == 0).all()


@pytest.mark.parametrize(("day", "lag"), [(1, 1), (2, 2)])
def test_a_study_without_signals_buys_and_holds(day: int, lag: int) -> None:
    market, data = made_up(np.random.default_rng(0))
    text = f"""
name: hold
market: {{calendar: sse}}
series: {{sse: {{file: f, field: v}}, small: {{file: f, field: v}}}}
legs: {{small: small}}
signals: {{}}
rule: {{small: otherwise}}
execution: {{lag: {lag}, cost: 0.01}}
window: {{from: {market.calendar[day]}}}
"""
    record = evaluate_point(build_study(Document("hold.yaml", parse_value(text), {})), market).in_sample
    assert record["total_return"] == pytest.approx(data["small"].iloc[-1] / data["small"].iloc[day - 1] - 1, rel=1e-9)
    assert (record["switches"], record["turnover"], record["exposure"]) == (0, 0, 1)
