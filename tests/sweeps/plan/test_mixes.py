"""Studies with mixes, graded weights and sleeves against pandas and a plain daily loop."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridproof.kernels.backend import resolve
from gridproof.signals.data.market import Market, load_market
from gridproof.sweeps.execution.canonical_strategy import canonical_strategy
from gridproof.sweeps.plan.plan import build_plan
from gridproof.sweeps.plan.point import Point, evaluate_point
from gridproof.sweeps.study.allocation import nearest_steps, room_of
from gridproof.sweeps.study.held import holdings
from tests.support.daily_loop import Fund, account_returns
from tests.support.market import study_of, write_market
from tests.support.plain_study import nearest
from tests.support.raw_mixes import LEGS, PERIODS, raw_mixes

COSTS = {"large": (0.001, 0.001), "small": (0.0015, 0.0035)}  # one way: of purchases and of sales
CLOSE = 1e-9


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Market:
    folder = tmp_path_factory.mktemp("market")
    write_market(folder)
    return load_market(study_of(raw_mixes()).sources(), "large", folder)


def closes(market: Market) -> pd.DataFrame:
    return pd.DataFrame({name: market.closes(name) for name in LEGS[:2]}, index=pd.DatetimeIndex(market.calendar))


def loop(market: Market, point: Point, weights: list[list[float]], every: str = "daily") -> np.ndarray:
    """The account of the plain loop that wants ``weights`` on each day, funds of its own that are rebalanced so."""
    frame, days = closes(market), point.curve.index
    growth = (frame / frame.shift()).loc[days].assign(cash=1.01 ** (1.0 / PERIODS))
    growth["small"] *= 1.02 ** (1.0 / PERIODS)
    owed = growth.copy()
    owed["small"] *= 1.05 ** (1.0 / PERIODS)
    owed["cash"] = 1.04 ** (1.0 / PERIODS)
    rates = [[COSTS.get(leg, (0.0, 0.0))[side] for leg in LEGS] for side in (0, 1)]
    buying, selling = (np.tile(one, (len(days), 1)) for one in rates)
    before = frame.index[frame.index.get_indexer(days) - 1]
    month = {"daily": np.ones(len(days), dtype=bool), "monthly": before.month != days.month}[every]
    distinct = sorted({tuple(row) for row in weights})
    funds = [Fund(row, month if sum(weight != 0 for weight in row) > 1 else np.zeros(len(days))) for row in distinct]
    held = [distinct.index(tuple(row)) for row in weights]
    found = account_returns(held, funds, growth.to_numpy(), owed.to_numpy(), buying, selling)
    return np.array(found)


def states(market: Market, point: Point) -> tuple[np.ndarray, np.ndarray]:
    """Whether up and trend are true on the day before each day of the window."""
    frame = closes(market)
    up, trend = (frame[name] > frame[name].rolling(n).mean() for name, n in (("small", 20), ("large", 50)))
    days = point.curve.index
    return tuple(one.shift().loc[days].to_numpy() == 1 for one in (up, trend))  # type: ignore[return-value]


@pytest.mark.parametrize("every", ["daily", "monthly"])
def test_mixes_on_credit_and_short_are_an_account_in_a_plain_loop(market: Market, every: str) -> None:
    legs = {
        "large": "large",
        "small": {"series": "small", "carry": 0.02, "cost": 0.0005, "sale_cost": 0.002, "borrow_fee": 0.05},
        "cash": {"interest": 0.01, "financing": 0.04},
    }
    mixes = {
        "lever": {"large": 1.6, "small": -0.4, "rebalance": every},
        "half": {"small": [0.25, 0.5], "large": "rest", "rebalance": every},
    }
    rule = {"lever": "up and trend", "half": "up", "cash": "otherwise"}
    study = study_of(raw_mixes(legs=legs, mixes=mixes, rule=rule, base={"half.small": 0.5}))
    for weight in (0.25, 0.5):
        point = evaluate_point(study, market, {"half.small": weight})
        up, trend = states(market, point)
        chosen = [[1.6, -0.4, -0.2] if both else [1.0 - weight, weight, 0.0] if one else [0.0, 0.0, 1.0]
                  for one, both in zip(up, up & trend, strict=True)]  # fmt: skip
        np.testing.assert_allclose(point.curve["return"], loop(market, point, chosen, every), rtol=0, atol=CLOSE)
        mean = point.in_sample["exposure_by_leg"]
        assert mean == pytest.approx(dict(zip(LEGS, np.mean(chosen, axis=0), strict=True)))
        assert point.in_sample["exposure"] == pytest.approx(np.abs(np.array(chosen)[:, :2]).sum(axis=1).mean())


def test_a_weight_axis_is_the_mixes_one_by_one(market: Market) -> None:
    mixes = {"half": {"small": {"from": 0.0, "to": 1.0, "step": 0.25}, "rebalance": ["daily", "never"]}}
    rule = {"half": "up", "cash": "otherwise"}
    raw = raw_mixes(mixes=mixes, rule=rule, signals={"up": raw_mixes()["signals"]["up"]})
    study = study_of(raw | {"base": {"half.small": 0.5, "half.rebalance": "daily"}})
    plan = build_plan(study, market, resolve("reference"))
    assert study.environment == ("execution.lag", "execution.cost", "small.carry", "small.cost", "small.sale_cost",
                                 "cash.interest")  # fmt: skip
    assert study.space.size == plan.distinct() == 10
    # At weight 0 and 1 there is nothing to rebalance, so the two are equal but for their name.
    for weight in (0.0, 0.25, 1.0):
        for every in ("daily", "never"):
            one = study_of(raw | {"mixes": {"half": {"small": weight, "rebalance": every}}})
            own, alone = evaluate_point(study, market, {"half.small": weight, "rebalance": every}), None
            alone = evaluate_point(one, market)
            pd.testing.assert_frame_equal(own.curve, alone.curve)
            assert own.in_sample == alone.in_sample
    whole = study_of(raw | {"mixes": {}, "rule": {"small": "up", "cash": "otherwise"}})
    held = evaluate_point(study, market, {"half.small": 1.0})
    pd.testing.assert_frame_equal(held.curve, evaluate_point(whole, market).curve)


def test_a_graded_weight_follows_its_formula_in_steps(market: Market) -> None:
    values = {"wanted": {"value": "target / std(pct_change(small, 1), n)", "target": [0.004, 0.006], "n": 20}}
    mixes = {"aimed": {"small": "wanted", "step": [0.1, 0.25], "max": 1.2}}
    raw = raw_mixes(values=values, mixes=mixes, rule={"aimed": "otherwise"}, signals={})
    raw["legs"]["cash"] = {"interest": 0.01, "financing": 0.04}
    study = study_of(raw | {"base": {"target": 0.004, "aimed.step": 0.1}})
    deviation = closes(market)["small"].pct_change().rolling(20).std()
    for step in (0.1, 0.25):
        for target in (0.004, 0.006):
            point = evaluate_point(study, market, {"aimed.step": step, "target": target})
            wanted = (target / deviation).shift().loc[point.curve.index]
            highest = np.floor(1.2 / step + CLOSE)
            steps = np.floor(wanted / step + 0.5).clip(0, highest) * step
            chosen = [[0.0, round(weight, 9), round(1.0 - weight, 9)] for weight in steps]
            np.testing.assert_allclose(point.curve["weight.small"], steps, rtol=0, atol=CLOSE)
            np.testing.assert_allclose(point.curve["return"], loop(market, point, chosen), rtol=0, atol=CLOSE)
            assert point.held[0] == f"aimed {steps.iloc[0]:g}"


@pytest.mark.parametrize(
    ("keys", "room"),
    [({"step": 0.1}, 1.0), ({"step": 0.25, "max": 0.75}, 1.0), ({"step": 0.2, "min": -0.2, "max": 1.2}, 1.2)],
)
def test_two_graded_weights_follow_their_formulas(market: Market, keys: dict[str, float], room: float) -> None:
    scale = {"value": "target / std(pct_change(small, 1), n)", "target": [0.004, 0.012], "n": 20}
    mixes = {"aimed": {"large": "0.004 / std(pct_change(large, 1), 30)", "small": "wanted", **keys}}
    raw = raw_mixes(values={"wanted": scale}, mixes=mixes, rule={"aimed": "otherwise"}, signals={})
    raw["legs"]["cash"] = {"interest": 0.01, "financing": 0.04}
    raw["legs"]["large"] = {"series": "large"}
    study = study_of(raw | {"base": {"target": 0.004}})
    changes = closes(market).pct_change()
    for target in (0.004, 0.012):
        point = evaluate_point(study, market, {"target": target})
        aimed = pd.DataFrame(
            {"large": 0.004 / changes["large"].rolling(30).std(), "small": target / changes["small"].rolling(20).std()}
        )
        wanted = aimed.shift().loc[point.curve.index].itertuples(index=False, name=None)
        steps = [nearest(one, keys["step"], keys.get("min", 0.0), keys.get("max", 1.0), room) for one in wanted]
        chosen = [[*row, round(1.0 - sum(row), 9)] for row in steps]
        np.testing.assert_allclose(point.curve[["weight.large", "weight.small"]], steps, rtol=0, atol=CLOSE)
        assert point.held[0] == f"aimed {steps[0][0]:g}/{steps[0][1]:g}"
        np.testing.assert_allclose(point.curve["return"], loop(market, point, chosen), rtol=0, atol=CLOSE)
    # The larger target asks for more than there may be.
    assert max(map(sum, steps)) == pytest.approx(room)


@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 4),
    step=st.sampled_from([0.05, 0.1, 0.3]),
    least=st.sampled_from([-0.3, 0.0, 0.1]),
    most=st.sampled_from([0.6, 1.0, 1.5]),
)
def test_steps_are_near_their_formulas_and_keep_to_the_sum(
    seed: int, count: int, step: float, least: float, most: float
) -> None:
    values = np.random.default_rng(seed).uniform(-0.5, 1.2, (count, 20)).round(2)
    room = room_of(count, 0.0, least, most, step)
    found = nearest_steps(values, least, most, step, room)
    weights = least + step * found
    assert (found >= 0).all()
    assert (weights <= most + CLOSE).all()
    assert count == 1 or (weights.sum(axis=0) <= max(1.0, most) + CLOSE).all()
    for day in range(20):
        expected = nearest(tuple(values[:, day]), step, least, most, max(1.0, most) if count > 1 else np.inf)
        np.testing.assert_allclose(weights[:, day], expected, atol=CLOSE)


def test_sleeves_hold_the_sum_of_what_each_holds(market: Market) -> None:
    sleeves = {
        "first": {"share": 0.5, "rule": {"small": "up", "cash": "otherwise"}},
        "second": {"share": 0.3, "rule": {"large": "trend", "cash": "otherwise"}},
    }
    raw = raw_mixes(sleeves=sleeves)
    del raw["rule"]
    study = study_of(raw)
    assert list(holdings(study)) == [*LEGS, "all sleeves"]
    assert study.allocations[holdings(study)["all sleeves"]].weights == pytest.approx((0.3, 0.5, 0.2))
    point = evaluate_point(study, market)
    up, trend = states(market, point)
    weights = np.stack([0.3 * trend, 0.5 * up], axis=1).round(9)
    chosen = [[*row, round(1.0 - sum(row), 9)] for row in weights.tolist()]
    np.testing.assert_allclose(point.curve["return"], loop(market, point, chosen), rtol=0, atol=CLOSE)
    assert set(point.held) <= {"cash", "50% small, 50% cash", "30% large, 70% cash", "30% large, 50% small, 20% cash"}


def test_a_sleeve_that_may_hold_keeps_what_it_has(market: Market) -> None:
    sleeves = {
        "first": {"rule": {"small": "up", "large": "trend", "hold": "otherwise"}},
        "second": {"rule": {"small": "trend", "cash": "otherwise"}},
    }
    raw = raw_mixes(sleeves=sleeves)
    del raw["rule"]
    point = evaluate_point(study_of(raw), market)
    frame = closes(market)
    up, trend = (frame[name] > frame[name].rolling(n).mean() for name, n in (("small", 20), ("large", 50)))
    defined, held, chosen = frame["large"].rolling(50).mean().notna(), "cash", {}
    for day in frame.index:
        if defined[day]:
            held = "small" if up[day] else "large" if trend[day] else held
        other = "small" if defined[day] and trend[day] else "cash"
        chosen[day] = [0.5 * ((held == leg) + (other == leg)) for leg in LEGS]
    wanted = pd.Series(chosen).shift().loc[point.curve.index].tolist()
    np.testing.assert_allclose(point.curve["return"], loop(market, point, wanted), rtol=0, atol=CLOSE)


def test_one_sleeve_is_its_rule_and_names_do_not_matter_to_the_ledger(market: Market) -> None:
    raw = raw_mixes()
    alone = study_of(raw)
    one = study_of({**{key: raw[key] for key in raw if key != "rule"}, "sleeves": {"all": {"rule": raw["rule"]}}})
    pd.testing.assert_frame_equal(evaluate_point(one, market).curve, evaluate_point(alone, market).curve)

    def strategy(name: str, weights: object) -> tuple[str, dict[str, object]]:
        rule = {name: "up and trend", "small": "up", "cash": "otherwise"}
        study = study_of(raw_mixes(mixes={name: {"small": weights, "large": 0.2}}, rule=rule, base=base(name, weights)))
        found = canonical_strategy(study)
        return found.text, {key: value for key, value in found.parameters.items() if key == "rule"}

    def base(name: str, weights: object) -> dict[str, float]:
        return {f"{name}.small": 0.5} if isinstance(weights, list) else {}

    assert strategy("half", 0.5) == strategy("other", [0.3, 0.5, 0.7])
    assert strategy("half", 0.5) != strategy("half", "rest")


def test_the_future_does_not_change_the_past(market: Market, tmp_path: Path) -> None:
    """Cutting the files changes no earlier day of mixes that drift or follow a formula."""
    write_market(tmp_path)
    table = pd.read_csv(tmp_path / "index.csv", dtype={"code": str})
    mixes = {
        "drifting": {"small": 0.6, "rebalance": "weekly"},
        "aimed": {"large": "0.006 / std(pct_change(large, 1), 20)", "rebalance": "monthly"},
    }
    rule = {"drifting": "up", "aimed": "otherwise"}
    raw = raw_mixes(mixes=mixes, rule=rule, signals={"up": raw_mixes()["signals"]["up"]})
    whole = evaluate_point(study_of(raw), market)
    for end in ("2021-09-15", "2021-09-30", "2021-10-01"):
        table[table["date"] <= end].to_csv(tmp_path / "index.csv", index=False)
        study = study_of(raw | {"window": {"from": "2020-07-01"}})
        cut = evaluate_point(study, load_market(study.sources(), "large", tmp_path))
        pd.testing.assert_frame_equal(cut.curve, whole.curve.loc[:end])
