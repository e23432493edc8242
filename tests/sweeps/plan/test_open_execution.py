"""execution.at: trades at the open, beside a plain loop over the days."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gridproof as gp
from gridproof.kernels.errors import InputError
from tests.support.traded_legs import FRAMES, grid_totals, legs_point, legs_study, plain, write_legs


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_legs(tmp_path_factory.mktemp("open"))


@pytest.mark.parametrize("at", ["close", "open"])
@pytest.mark.parametrize("lag", [1, 2])
def test_a_variant_is_that_of_a_plain_loop(folder: Path, at: str, lag: int) -> None:
    execution = {"lag": lag, "at": at, "cost": 0.0007}
    point = legs_point(folder, execution)
    held, navs = plain(execution)
    assert point.held == held
    np.testing.assert_allclose(point.curve["nav"], navs, rtol=1e-9)


def test_the_cost_shown_is_what_trades_pay(folder: Path) -> None:
    closed, opened = (legs_point(folder, {"at": at, "cost": 0.0007}) for at in ("close", "open"))
    taxed = closed.curve.index != "2020-03-02"  # at the close of 28 February, or at the open of 2 March
    np.testing.assert_allclose(opened.curve["cost"][taxed], closed.curve["cost"][taxed], atol=1e-12)
    assert opened.curve["nav"].iloc[-1] != pytest.approx(closed.curve["nav"].iloc[-1], rel=1e-3)


def test_close_is_what_a_study_without_the_key_does(folder: Path) -> None:
    plain_curve, given = legs_point(folder, {"cost": 0.001}).curve, legs_point(folder, {"cost": 0.001, "at": "close"})
    assert plain_curve.equals(given.curve)


def test_at_is_an_axis_of_the_environment(folder: Path) -> None:
    study = legs_study({"lag": [1, 2], "at": ["close", "open"], "cost": [0.0, 0.001]}, base={"lag": 1, "at": "close",
                                                                                            "cost": 0.0})  # fmt: skip
    assert "execution.at" in study.environment
    for execution, total in grid_totals(study, folder):
        assert total == pytest.approx(plain(execution)[1][-1] - 1.0, rel=1e-9)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"a": {"open": None}}, "execution at the open needs the column open of every leg; got none of a"),
        ({"a": {"open": "opened"}}, "opened"),
    ],
)
def test_a_leg_needs_its_open(folder: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        legs_point(folder, {"at": "open"}, **changes)


def test_an_open_of_0_is_an_error_and_odd_opens_are_named(tmp_path: Path) -> None:
    write_legs(tmp_path)
    frame = FRAMES["a"].copy()
    frame.loc[300, "open"] = 0.0
    frame.to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(InputError, match=r"legs.a.open: a leg must have an open above 0 .* the first on 2020-02-25"):
        legs_point(tmp_path, {"at": "open"})
    frame["open"] = frame["close"].shift(1).fillna(100.0)
    frame.loc[300, "open"] *= 1.1
    frame.to_csv(tmp_path / "a.csv", index=False)
    market = gp.load_market(legs_study({"at": "open"}), tmp_path)
    named = [text for text in market.warnings if text.startswith("a.open")]
    assert [text.partition(":")[2][:40] for text in named] == [
        " 412 of 413 opens are the close before: ",
        " the open of 2020-02-25 is +10.0% from t",
    ]
