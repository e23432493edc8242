"""Selections under price limits, with other weights, and lists of universes and rankings, against plain simulations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gridproof as gp
from gridproof.sweeps.execution.canonical_strategy import canonical_strategy
from gridproof.sweeps.execution.ledger_entries import trial_axes
from gridproof.sweeps.plan.point import evaluate_point
from gridproof.sweeps.plan.study_market import market_of
from gridproof.sweeps.study.study import load_study
from tests.support.limit_trading import FIELDS, Simulation, limited_table, raw
from tests.support.selections import DAYS, FROM, cells_of, planned, write


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("limits") / "data", limited_table())


def test_every_variant_is_a_plain_simulation(folder: Path) -> None:
    study = load_study(raw())
    plan, seen = planned(study, folder), set()
    simulation = Simulation(limited_table())
    for execution, cell in enumerate(cells_of(study)):
        net = plan.problem.returns[plan.problem.payoff_of[execution], 0]
        np.testing.assert_allclose(net, simulation.net(cell), rtol=0, atol=1e-9, err_msg=str(cell))
        seen.add(tuple(np.round(net, 12)))
    assert len(seen) == 32  # limits and weights matter in every combination


def test_a_given_previous_close_is_used(folder: Path) -> None:
    study = raw(weights="equal", count=2, every=1, trading="limits")
    study["base"] = {"lag": 1}
    own = planned(load_study(study), folder).problem.returns
    given = {**study, "panel": {"file": "panel.parquet", "fields": {**FIELDS, "previous_close": "0 * close"}}}
    blocked = planned(load_study(given), folder).problem.returns
    # With a close before of 0 no close is at a limit, so all that trades is bought and sold.
    assert (own != blocked).any()


def test_lists_of_universes_and_rankings_are_the_single_ones(folder: Path) -> None:
    lists: dict[str, Any] = {
        "where": ["all", "st == 0"],
        "lowest": ["cap", "raw_close"],
        "every": 3,
        "weights": "equal",
    }
    written = raw(**lists)
    written["base"] |= {"small.where": "st == 0", "small.lowest": "raw_close"}
    del written["base"]["small.weights"], written["base"]["small.every"]
    study = load_study(written)
    assert set(study.environment) == {"execution.lag", "execution.cost", "small.cost", "small.trading", "cash.interest"}
    plan, market, seen = planned(study, folder), market_of(study, folder), set()
    for execution, cell in enumerate(cells_of(study)):
        net = plan.problem.returns[plan.problem.payoff_of[execution], 0]
        np.testing.assert_array_equal(net, planned(study.at(cell), folder).problem.returns[0, 0])
        seen.add(tuple(net))
    assert len(seen) == 32
    assert evaluate_point(study, market).parameters["small.where"] == "st == 0"


def test_the_ledger_knows_formulas_by_the_columns_of_the_file() -> None:
    study = load_study(raw())
    fields = {**FIELDS, "size": FIELDS["cap"]}
    other = {**raw(lowest="size", weights=["equal", "size"]), "panel": {"file": "panel.parquet", "fields": fields}}
    same = load_study(other)
    assert trial_axes(study, canonical_strategy(study)) == trial_axes(same, canonical_strategy(same))
    highest = load_study(raw(lowest=None, highest="cap"))
    assert trial_axes(study, canonical_strategy(study)) != trial_axes(highest, canonical_strategy(highest))


def test_codes_in_another_order_change_nothing(folder: Path, tmp_path: Path) -> None:
    table = limited_table()
    numbers = table.code.str[:6].astype(int)
    other = table.assign(code=(numbers.max() - numbers + 600100).astype(str) + ".SH")
    study = load_study(raw())
    own, turned = planned(study, folder), planned(study, write(tmp_path / "data", other))
    np.testing.assert_allclose(own.problem.returns, turned.problem.returns, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"trading": "limit"}, "small.trading is one of its choices; got 'limit'"),
        ({"weights": ["equal", "caps"]}, "got caps. Did you mean cap"),
        ({"weights": "0 - cap", "trading": "ideal"}, "a weight is 0 or more, and finite"),
        ({"where": ["st == 0", "sz == 0"]}, r"legs\.small\.select\.where, column 1: a name is .*; got sz"),
    ],
)
def test_faults(change: dict[str, Any], message: str, folder: Path) -> None:
    written = raw(**change)
    written["base"] = {**written["base"], **{f"small.{key}": value if isinstance(value, str) else value[0]
                                             for key, value in change.items()}}  # fmt: skip
    with pytest.raises(gp.InputError, match=message):
        planned(load_study(written), folder)


def test_limits_need_their_fields(folder: Path) -> None:
    written = raw()
    fields = {name: text for name, text in FIELDS.items() if name not in ("raw_close", "traded")}
    written["panel"] = {"file": "panel.parquet", "fields": fields}
    with pytest.raises(gp.InputError, match=r"trading: limits needs the fields .*; got no traded, raw_close"):
        load_study(written)
    named = {**raw(), "panel": {"file": "panel.parquet", "fields": {**FIELDS, "all": "close"}}}
    with pytest.raises(gp.InputError, match="a field must not be called all or equal"):
        load_study(named)


def test_what_is_known_later_changes_nothing(folder: Path, tmp_path: Path) -> None:
    study, cut = load_study(raw()), 60
    table = limited_table()
    later = table.date > DAYS[cut]
    table.loc[later, "close"] = np.random.default_rng(3).uniform(1.0, 50.0, later.sum()).round(2)
    table.loc[later, "st"] = 1
    own = planned(study, folder).problem.returns
    changed = planned(study, write(tmp_path / "data", table)).problem.returns
    days = cut - DAYS.get_loc(FROM) + 1
    np.testing.assert_array_equal(own[:, :, :days], changed[:, :, :days])
    assert (own[:, 0, days:] != changed[:, 0, days:]).any(axis=1).all()
