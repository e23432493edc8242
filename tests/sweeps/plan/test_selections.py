"""Legs that are selected from a panel, against a plain simulation in pandas; what is known later changes nothing."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import gridproof as gp
from gridproof.kernels.backend import resolve
from gridproof.sweeps.data.data_check import DataCheck
from gridproof.sweeps.plan.plan import build_plan, execution_cells
from gridproof.sweeps.plan.point import evaluate_point
from gridproof.sweeps.plan.selections import setting_of
from gridproof.sweeps.plan.study_market import market_of
from gridproof.sweeps.plan.traded import traded
from gridproof.sweeps.plan.window import find_window
from gridproof.sweeps.study.study import load_study
from tests.support.real_data import ASHARE, needs_ashare
from tests.support.selections import DAYS, FROM, TAX, TO, cells_of, long_table, planned, raw, write


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("selections") / "data", long_table())


class Simulation:
    """One stock after the other and one day after the other, with dictionaries from codes to values."""

    def __init__(self, table: pd.DataFrame, highest: bool = False) -> None:
        self.known: dict[pd.Timestamp, dict[str, float]] = {}
        self.ranked: dict[pd.Timestamp, list[str]] = {}
        worth: dict[str, float] = {}
        rows = {day: part.to_dict("records") for day, part in table.groupby("date")}
        for day in DAYS:
            keys = []
            for row in sorted(rows[day], key=lambda one: str(one["code"])):
                if row["suspended"] == 0 and row["close"] > 0:
                    worth[row["code"]] = row["close"] * row["factor"]
                cap = row["close"] * row["shares"]
                if row["st"] == 0 and row["close"] > 0 and cap == cap and row["code"] in worth:
                    keys.append((-cap if highest else cap, row["code"]))
            self.known[day] = dict(worth)
            self.ranked[day] = [code for _, code in sorted(keys)]

    def net(self, lag: int, count: int | str, every: int, offset: int, cost: float) -> list[float]:
        """Daily returns after costs."""
        held: dict[str, float] = {}
        begun, returns, first = False, [], DAYS.get_loc(FROM)
        for number in range(DAYS.get_loc(TO) + 1 - first):
            day, before, paid = DAYS[first + number], DAYS[first + number - 1], 0.0
            if number >= offset and (number - offset) % every == 0:
                nav = sum(held.values())
                codes = chosen_of(self.ranked[DAYS[first + number - lag]], count)
                new = dict.fromkeys(codes, 1.0 / len(codes))
                if begun:
                    changes = [new.get(code, 0.0) - held.get(code, 0.0) / nav for code in {*new, *held}]
                    tax = 0.004 if before < pd.Timestamp("2020-02-14") else 0.001
                    paid = sum(cost * change if change > 0 else -(cost + tax) * change for change in changes)
                held, begun = new, True
            grown = {code: value * self.known[day][code] / self.known[before][code] for code, value in held.items()}
            gross = sum(grown.values()) / sum(held.values()) if held else 1.0
            returns.append(gross * (1.0 - paid) - 1.0)
            held = grown
        return returns


def chosen_of(ranked: list[str], count: int | str) -> list[str]:
    if isinstance(count, int):
        return ranked[:count]
    if count.endswith("%"):
        return ranked[: math.ceil(len(ranked) * int(count[:-1]) / 100)]
    part, parts = (int(number) for number in count.split("/"))
    return [code for place, code in enumerate(ranked) if parts * place // len(ranked) == part - 1]


def test_shares_and_parts_of_the_universe(tmp_path: Path) -> None:
    folder = write(tmp_path / "data", long_table(stocks=41))
    counts = ["1/3", "2/3", "3/3", "30%", "100%", 4, "1/2"]
    written = raw(count=counts, every=5, offset=0)
    study = load_study({**written, "base": {**written["base"], "small.count": "2/3"}})
    plan = planned(study, folder)
    simulation = Simulation(pd.read_parquet(folder / "panel.parquet"))
    seen = set()
    for execution, cell in enumerate(cells_of(study)):
        cost = cell["execution.cost"] + cell["small.cost"]
        own = simulation.net(cell["execution.lag"], cell["small.count"], 5, 0, cost)
        net = plan.problem.returns[plan.problem.payoff_of[execution], 0]
        np.testing.assert_allclose(net, own, rtol=0, atol=1e-9, err_msg=str(cell))
        seen.add((cell["small.count"], *np.round(net[:20], 12)))
    assert len(seen) == 8 * len(counts)
    point = evaluate_point(study, market_of(study, folder), {"small.count": "3/3"})
    assert point.parameters["small.count"] == "3/3"


def test_every_variant_is_a_plain_simulation(folder: Path) -> None:
    study = load_study(raw())
    plan = planned(study, folder)
    simulation, seen = Simulation(pd.read_parquet(folder / "panel.parquet")), set()
    for execution, cell in enumerate(cells_of(study)):
        sizes = (cell["small.count"], cell["small.every"], cell["small.offset"])
        cost = cell["execution.cost"] + cell["small.cost"]
        own = simulation.net(cell["execution.lag"], *sizes, cost)
        net = plan.problem.returns[plan.problem.payoff_of[execution], 0]
        np.testing.assert_allclose(net, own, rtol=0, atol=1e-9, err_msg=str(cell))
        seen.add(tuple(np.round(net, 12)))
    assert len(seen) == len(cells_of(study))  # every axis matters


def test_daily_baskets_and_the_highest(folder: Path) -> None:
    written = raw(every=1, offset=0, highest="cap", lowest=None)
    study = load_study({**written, "base": {**written["base"], "small.every": 1}})
    plan = planned(study, folder)
    simulation = Simulation(pd.read_parquet(folder / "panel.parquet"), highest=True)
    for execution, cell in enumerate(cells_of(study)):
        cost = cell["execution.cost"] + cell["small.cost"]
        own = simulation.net(cell["execution.lag"], cell["small.count"], 1, 0, cost)
        np.testing.assert_allclose(plan.problem.returns[plan.problem.payoff_of[execution], 0], own, rtol=0, atol=1e-9)


def test_a_cost_of_sales_is_a_tax_that_no_date_ends(folder: Path) -> None:
    written = raw()
    written["legs"]["small"] |= {"sale_cost": [0.0, 0.002]}
    written["base"] |= {"small.sale_cost": 0.002}
    dearer = raw()
    dearer["legs"]["small"]["stamp_tax"] = {day: rate + 0.002 for day, rate in TAX.items()}
    dear, own = (planned(load_study(one).at({}), folder).problem for one in (dearer, written))
    np.testing.assert_allclose(own.returns, dear.returns, rtol=0, atol=1e-15)
    np.testing.assert_allclose(own.costs, dear.costs, rtol=0, atol=1e-15)
    plain = planned(load_study(written).at({"small.sale_cost": 0.0}), folder).problem
    np.testing.assert_array_equal(plain.returns, planned(load_study(raw()).at({}), folder).problem.returns)


def test_what_is_known_later_changes_nothing(folder: Path, tmp_path: Path) -> None:
    study, cut = load_study(raw()), 60
    table = pd.read_parquet(folder / "panel.parquet")
    later = table.date > DAYS[cut]
    rng = np.random.default_rng(3)
    other = table.copy()
    other.loc[later, "close"] = rng.uniform(1.0, 50.0, later.sum()).round(2)
    other.loc[later, "shares"] = rng.uniform(5.0, 30.0, later.sum())
    other.loc[later, ["st", "suspended"]] = rng.integers(0, 2, (later.sum(), 2))
    leaving = later & other.code.isin(sorted(other.code.unique())[:3])
    other = other[~leaving]
    listed = table[later].assign(code="000001.SZ", close=1.0, st=0).drop_duplicates("date")
    changed = planned(study, write(tmp_path / "data", pd.concat([other, listed])))
    own = planned(study, folder)
    days = cut - DAYS.get_loc(FROM) + 1
    assert list(changed.problem.payoff_of) == list(own.problem.payoff_of)
    np.testing.assert_array_equal(changed.problem.returns[:, :, :days], own.problem.returns[:, :, :days])
    assert (changed.problem.returns[:, 0, days:] != own.problem.returns[:, 0, days:]).any(axis=1).all()


def test_the_order_of_rows_and_legs_of_other_names_change_nothing(folder: Path) -> None:
    study = load_study(raw())
    point = evaluate_point(study, market_of(study, folder))
    renamed = raw(where="flag == 0", lowest="size")
    fields = renamed["panel"]["fields"]
    fields |= {"flag": fields.pop("st"), "size": fields.pop("cap")}
    other = load_study(renamed)
    assert evaluate_point(other, market_of(other, folder)).in_sample == point.in_sample


def test_choices_and_environment() -> None:
    study = load_study(raw())
    assert set(study.environment) == {"execution.lag", "execution.cost", "small.cost", "small.trading", "cash.interest"}
    assert study.set({"count": [3, 4], "small.every": 4}).space.size == study.space.size // 3


def test_a_change_of_the_panel_is_another_run(folder: Path, tmp_path: Path) -> None:
    study = load_study(raw())
    market = market_of(study, folder)
    table = pd.read_parquet(folder / "panel.parquet")
    table.loc[0, "close"] += 0.01
    assert market_of(study, write(tmp_path / "data", table)).digest() != market.digest()
    assert market_of(study, folder).digest() == market.digest()
    assert any(line.startswith("panel (panel.parquet): 14 stocks") for line in market.understood)


def test_pieces_and_kept_selections_change_no_bit(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = load_study(raw())
    whole = planned(study, folder).problem
    monkeypatch.setattr("gridproof.sweeps.plan.payoff._PIECE_BYTES", 1)
    monkeypatch.setattr("gridproof.sweeps.plan.traded._KEPT_BYTES", 1)
    pieces = planned(study, folder).problem
    np.testing.assert_array_equal(pieces.returns, whole.returns)
    np.testing.assert_array_equal(pieces.payoff_of, whole.payoff_of)
    market = market_of(study, folder)
    for point in ({}, {"lag": 2, "small.count": 7}, {}, {"small.cost": 0.01}):
        single = study.at(point)
        kept = build_plan(single, market, resolve("reference")).problem.returns[0]
        np.testing.assert_array_equal(kept, planned(single, folder).problem.returns[0])


@needs_ashare
def test_the_400_smallest_are_the_official_index() -> None:
    """Correlation, volatility of the difference and falls are those of 2007 to 2020; so are the trades."""
    study = load_study("microcap-selection").at({})
    market = market_of(study, ASHARE)
    window, leg = find_window(study, market), study.legs[0]
    (cell,) = execution_cells(study)
    settings = [setting_of(leg, cell | {"small.every": every}) for every in (1, 5, 20)]
    found = traded(study, leg, market, window, settings)
    frame = pd.read_parquet(ASHARE / "index_daily.parquet")
    index = frame[frame.code == "8841431.WI"].set_index("date").close
    index.index = pd.DatetimeIndex(pd.to_datetime(index.index))
    plan = build_plan(study, market, resolve("reference"))
    own = pd.Series(found[settings[0]].gross, pd.DatetimeIndex(plan.days))
    np.testing.assert_allclose(plan.problem.returns[0, 0], own, rtol=0.0, atol=1e-15)
    both = pd.DataFrame({"own": own, "official": index.sort_index().pct_change()}).dropna()
    assert len(both) > 3_000
    assert both.corr().iloc[0, 1] == pytest.approx(0.99995, abs=1e-5)
    assert (both.own - both.official).std() * 243**0.5 == pytest.approx(0.0034, abs=1e-4)
    nav = (1.0 + both).cumprod()
    falls = (nav / nav.cummax().clip(lower=1.0) - 1.0).min()
    assert falls.own == pytest.approx(-0.6612, abs=1e-4)
    assert falls.official == pytest.approx(-0.6608, abs=1e-4)
    # Half of purchases and sales a year: 742, 345 and 170 %. Sparser rebalancing trades less.
    turnover = [(one.bought + one.sold).sum() / 2.0 * 243.0 / len(own) for one in found.values()]
    np.testing.assert_allclose(turnover, [7.417, 3.445, 1.703], atol=0.002)


def test_a_run_over_signals_and_selections(folder: Path, tmp_path: Path) -> None:
    study = load_study(raw()).set({"execution.lag": 1, "execution.cost": 0.001, "small.cost": 0.003})
    run_market = market_of(study, folder)
    run = gp.run(study, data=folder, out=tmp_path / "runs", verdict=False)
    assert run.summary["evaluated"] == study.space.size == 24
    variants = run.sql("SELECT * FROM variants")
    for index in (0, 11, 23):
        chosen = study.space.parameters(index)
        row = variants[np.logical_and.reduce([variants[name] == value for name, value in chosen.items()])]
        assert row["sharpe"].item() == pytest.approx(evaluate_point(study.at(chosen), run_market).in_sample["sharpe"])


def test_the_market_says_who_left(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gridproof.signals.data.panel.panel._SURVIVING", (60, 5))
    study, table = load_study(raw()), long_table()
    left = int((table.groupby("code").date.max() < DAYS[-1]).sum())
    market = market_of(study, folder)
    assert f"{left} stocks end before the last day" in market.panel.understood
    assert not any("survivors" in warning for warning in market.warnings)
    table = table[table.code.isin(table.code[table.date == DAYS[-1]])]
    survivors = market_of(study, write(tmp_path / "data", table))
    assert any("a file of survivors gives results that no one could have had" in each for each in survivors.warnings)


def test_the_data_check_reads_the_panel(folder: Path, tmp_path: Path) -> None:
    found = checked(folder)
    assert found.errors == []
    panel = list(found.files.values())[-1]
    assert panel.understood is not None
    assert panel.understood.startswith("14 stocks")
    table = pd.read_parquet(folder / "panel.parquet")
    short = write(tmp_path / "data", table[table.date != DAYS[40]])
    assert "1 of the calendar without a row" in checked(short).errors[0]
    missing = write(tmp_path / "data", table.drop(columns="st"))
    assert "the columns that a panel names" in checked(missing).errors[0]


def checked(folder: Path) -> DataCheck:
    check = DataCheck(folder)
    check.check_study(load_study(raw()))
    return check
