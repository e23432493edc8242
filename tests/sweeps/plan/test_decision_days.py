"""execution.decide: states count at the closes of decision days, and are held between them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gridproof.kernels.backend import resolve
from gridproof.kernels.errors import InputError
from gridproof.sweeps.plan.grid import whole_grid
from gridproof.sweeps.plan.plan import build_plan
from gridproof.sweeps.plan.point import evaluate_point
from tests.support.tiny import DAYS, market_of, point_of, prices, tiny_study, write_tiny

EVERY = ("daily", "weekly", "monthly", "every 7")


def _y() -> pd.Series:
    steps = np.random.default_rng(3).normal(0.0, 0.5, len(DAYS))
    return pd.Series(50.0 + steps.cumsum(), index=DAYS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny(tmp_path_factory.mktemp("decide"), _y())


def _decisions(days: pd.DatetimeIndex, decide: str) -> np.ndarray:
    """Whether each day is a decision day, from the definition alone."""
    if decide.startswith("every"):
        return np.arange(len(days)) % int(decide.split()[1]) == 0
    if decide == "daily":
        return np.ones(len(days), dtype=bool)
    period = days.to_period("W" if decide == "weekly" else "M")
    return np.array([number + 1 < len(days) and period[number + 1] != period[number] for number in range(len(days))])


@pytest.mark.parametrize("decide", EVERY)
@pytest.mark.parametrize("lag", [1, 3])
def test_positions_follow_the_states_of_decision_days(folder: Path, decide: str, lag: int) -> None:
    point = point_of(folder, execution={"lag": lag, "cost": 0.002, "decide": decide})
    known = _y().shift(1)
    value = (known / known.shift(20) - 1.0).to_numpy()
    decides, state, held, states = _decisions(DAYS, decide), False, False, []
    for day in range(len(DAYS)):
        state = value[day] > 0.0 if value[day] != 0.0 else state
        held = state if decides[day] else held
        states.append(held)
    own, price = pd.Series(states, DAYS).shift(lag), prices()
    window = slice("2020-03-02", "2021-06-30")
    weight = own.loc[window].astype(float)
    earned = (price / price.shift(1) - 1.0).loc[window] * weight
    cost = 0.002 * weight.diff().abs().fillna(0.0)
    assert point.curve["weight.stock"].tolist() == weight.tolist()
    np.testing.assert_allclose(point.curve["return"], (1.0 + earned) * (1.0 - cost) - 1.0, atol=1e-12)


def test_decide_is_an_axis_of_the_grid(folder: Path) -> None:
    study = tiny_study(
        signal={"window": [10, 20, 40], "latch": {"on_above": [0.0, 0.01]}},
        execution={"lag": [1, 2], "decide": list(EVERY)},
        base={"up.window": 20, "up.on_above": 0.0, "lag": 1, "decide": "monthly"},
    )
    assert "execution.decide" not in study.environment
    market, backend = market_of(folder, study), resolve("cpu")
    plan = build_plan(study, market, backend)
    grid = whole_grid(plan)
    evaluate = backend.bind(plan.problem)
    for number in range(grid.pieces):
        piece = grid.piece(number)
        metrics = evaluate(piece.work)[piece.job_of]
        for at in range(0, len(piece.variants), 5):
            point = evaluate_point(study, market, study.space.parameters(int(piece.variants[at])))
            assert metrics[at, 0, 0] == pytest.approx(point.in_sample["total_return"], abs=1e-12)


@pytest.mark.parametrize("decide", EVERY[1:3])
def test_later_days_change_no_earlier_position(tmp_path: Path, decide: str) -> None:
    write_tiny(tmp_path, _y())
    whole = point_of(tmp_path, execution={"decide": decide}).curve["weight.stock"]
    for end in ("2021-04-29", "2021-04-30", "2021-05-03"):
        write_tiny(tmp_path, _y()[:end], prices()[:end])
        cut = point_of(tmp_path, execution={"decide": decide}, window={"to": end}).curve["weight.stock"]
        assert cut.tolist() == whole[:end].tolist()


def test_a_rule_that_holds_decides_on_decision_days(folder: Path) -> None:
    point = point_of(folder, execution={"decide": "monthly"}, rule={"stock": "up", "hold": "otherwise", "cash": None})
    weight = point.curve["weight.stock"]
    first = weight.index[weight == 1.0][0]
    assert (weight[first:] == 1.0).all()


def test_a_signal_needs_a_decision_day_before_the_window(tmp_path: Path) -> None:
    write_tiny(tmp_path, _y())
    # 20 days after 1 February lies the end of the month, after which the first decision is at the end of March.
    with pytest.raises(InputError, match=r"defined from 2019-03-29.*Start the window on 2019-04-01"):
        point_of(tmp_path, signal={"window": 43}, execution={"decide": "monthly"}, window={"from": "2019-03-06"})


@pytest.mark.parametrize(("decide", "found"), [("yearly", "'yearly'"), ("every 1", "'every 1'"), (5, "5")])
def test_another_word_is_refused(decide: object, found: str) -> None:
    with pytest.raises(InputError, match=rf"execution.decide is daily, weekly, monthly, or every N.*got {found}"):
        tiny_study(execution={"decide": decide})
