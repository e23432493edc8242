"""Selections that are formed at the open, against a plain simulation with dictionaries and decimals."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import gridproof as gp
from gridproof.sweeps.execution.canonical_strategy import canonical_strategy
from gridproof.sweeps.execution.ledger_entries import trial_axes
from gridproof.sweeps.plan.accounts import compare_accounts
from gridproof.sweeps.plan.holdings import explain_baskets
from gridproof.sweeps.plan.point import evaluate_point
from gridproof.sweeps.plan.study_market import market_of
from gridproof.sweeps.study.study import load_study
from tests.support.opening import FIELDS, OpenSimulation, opened_table, raw
from tests.support.real_data import ASHARE, needs_ashare
from tests.support.selections import DAYS, FROM, cells_of, planned, write

PIT = ASHARE / "stocks" / "a_share_pit_daily_2005_2020.parquet"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("opens") / "data", opened_table())


@pytest.mark.parametrize("seed", [5, 6])
def test_every_variant_is_a_plain_simulation(seed: int, tmp_path: Path) -> None:
    table = opened_table(seed)
    study = load_study(raw())
    problem, seen = planned(study, write(tmp_path / "data", table)).problem, set()
    assert problem.overnight is not None
    simulation = OpenSimulation(table)
    for execution, cell in enumerate(cells_of(study)):
        net = problem.returns[problem.payoff_of[execution], 0]
        night = problem.overnight[problem.cost_of[execution], 0]
        if cell["execution.at"] == "close":
            nights, expected = np.zeros(len(net)), simulation.net(cell)
        else:
            nights, expected = simulation.nights_and_net(cell)
        np.testing.assert_allclose(net, expected, rtol=0, atol=1e-9, err_msg=str(cell))
        np.testing.assert_allclose(night, nights, rtol=0, atol=1e-9, err_msg=str(cell))
        seen.add(tuple(np.round(net, 12)))
    assert len(seen) > 60  # opens, limits and weights matter


@pytest.mark.parametrize("every", [1, 3])
def test_a_switch_earns_the_old_leg_overnight_and_the_new_one_by_day(folder: Path, every: int) -> None:
    """In the days of a formation and between them: into stocks, and out of them."""
    written = raw("open", count=2, every=every, weights="equal", trading="limits")
    written["base"] = {"lag": 1}
    written["execution"] |= {"lag": 1}
    written["signals"] = {"up": {"when": "index > mean(index, 3)"}}
    study = load_study(written)
    point = evaluate_point(study, market_of(study, folder))
    curve = point.curve
    cell = {"small.every": every, "execution.lag": 1, "small.count": 2, "small.trading": "limits"}
    nights, net = OpenSimulation(opened_table()).nights_and_net(cell | {"small.weights": "equal"})
    held, nav, moves = "cash", 1.0, 0
    for at, (night, whole) in enumerate(zip(nights, net, strict=True)):
        before, held = held if at else point.held[0], point.held[at]
        tax = 0.004 if curve.index[at] < pd.Timestamp("2020-02-14") else 0.001
        if held == before:
            nav *= 1.0 + whole * (held == "small")
        elif held == "small":
            nav *= (1.0 - 0.003) * (1.0 + whole) / (1.0 + night)
        else:
            nav *= (1.0 + night) * (1.0 - 0.003 - tax)
        moves += held != before
        assert curve.nav.iloc[at] == pytest.approx(nav, rel=1e-9)
        assert curve.cost.iloc[at] == pytest.approx(
            0.003 + tax * (held == "cash") if held != before else 0.0, abs=1e-12
        )
    assert moves > 8


def test_what_is_known_later_changes_nothing(folder: Path, tmp_path: Path) -> None:
    """Nor does the close of the day whose open trades: only its own return."""
    study, cut = load_study(raw("open")), 60
    table = opened_table()
    later = table.date > DAYS[cut]
    table.loc[later, "open"] = np.random.default_rng(3).uniform(1.0, 50.0, later.sum()).round(2)
    table.loc[table.date >= DAYS[cut], "close"] *= 2.0
    own = planned(study, folder).problem
    changed = planned(study, write(tmp_path / "data", table)).problem
    days = cut - DAYS.get_loc(FROM)
    np.testing.assert_array_equal(own.returns[:, :, :days], changed.returns[:, :, :days])
    assert own.overnight is not None
    assert changed.overnight is not None
    np.testing.assert_array_equal(own.overnight[:, :, : days + 1], changed.overnight[:, :, : days + 1])
    assert (own.returns[:, 0, days:] != changed.returns[:, 0, days:]).any(axis=1).all()


def test_an_own_open_in_yuan_is_that_of_the_adjusted_one(folder: Path) -> None:
    written = raw("open", trading="limits")
    written["base"] |= {"small.trading": "limits"}
    own = planned(load_study(written), folder).problem.returns
    written["panel"]["fields"] = {**FIELDS, "raw_open": "open"}
    np.testing.assert_array_equal(own, planned(load_study(written), folder).problem.returns)
    written["panel"]["fields"] = {**FIELDS, "raw_open": "open * 1.00001"}
    with pytest.raises(gp.InputError, match=r"price limits need raw_open, .* opens with a part of a cent"):
        planned(load_study(written), folder)
    written["panel"]["fields"] = {**FIELDS, "open": "open * factor * 1.00001"}
    with pytest.raises(gp.InputError, match=r"without a field raw_open it is open × raw_close / close; got"):
        planned(load_study(written), folder)


def test_faults_and_warnings(folder: Path, tmp_path: Path) -> None:
    written = raw()
    written["panel"]["fields"] = {name: text for name, text in FIELDS.items() if name != "open"}
    with pytest.raises(
        gp.InputError, match=r"panel.*: execution at the open needs the field open of the panel.*no open"
    ):
        load_study(written)
    study = load_study(raw())
    (unknown,) = (text for text in gp.load_market(study, folder).warnings if "opens" in text)
    assert re.match(r"panel: \d+ of \d+ opens are unknown, the first of 6000\d\d.SH on 20", unknown)
    assert not [text for text in gp.load_market(load_study(raw("close")), folder).warnings if "opens" in text]
    same = opened_table(unknown=0.0)
    same["open"] = (same.groupby("code").close.shift() * same.groupby("code").factor.shift() / same.factor).round(2)
    texts = gp.load_market(study, write(tmp_path / "same", same)).warnings
    assert any("opens are the close before: are they opening prices?" in text for text in texts)
    far = opened_table(unknown=0.0)
    far["open"] *= 3.0
    texts = gp.load_market(study, write(tmp_path / "far", far)).warnings
    assert any("from the close before: is one of the two adjusted?" in text for text in texts)
    with pytest.raises(gp.InputError, match="open is above 0 on at least 90% of the days on which stocks trade"):
        planned(study, write(tmp_path / "few", opened_table(unknown=0.2)))


def test_the_account_trades_at_the_open(folder: Path) -> None:
    """Without limits and costs it is the sweep; under limits as the kernel's, with and without lots."""
    written = raw("open", trading="ideal")
    free = {"small.cost": 0.0, "execution.cost": 0.0}
    del written["base"]["small.trading"], written["legs"]["small"]["stamp_tax"]
    written["panel"]["fields"] = {name: text for name, text in FIELDS.items() if name != "raw_close"}
    study = load_study(written).at(free)
    (found,) = compare_accounts(study, market_of(study, folder))
    assert found["account"] == pytest.approx(found["swept"], abs=1e-9)
    assert found["unfilled"] == 0.0
    limited = load_study(raw("open"))
    (found,) = compare_accounts(limited.at({}), market_of(limited, folder))
    assert found["limits"]
    assert found["account"] != pytest.approx(found["swept"], abs=1e-4)
    assert 0.0 < found["unfilled"] < 1.0
    large = load_study(raw("open", capital=1e13))
    (whole,) = compare_accounts(large.at({}), market_of(large, folder))
    assert whole["account"] == pytest.approx(found["account"], abs=1e-6)


def test_what_is_held_on_a_date_was_formed_at_the_open(folder: Path) -> None:
    written = raw("open")
    study = load_study(written).at({"small.count": 2, "small.every": 3})
    market = market_of(study, folder)
    first = DAYS.get_loc(FROM)
    for number in (0, 1, 3, 5, 21):
        (found,) = explain_baskets(study, market, np.datetime64(DAYS[first + number].date()))
        formed = first + number - number % 3
        assert (found.at, found.formed) == ("open", str(DAYS[formed].date()))
        assert found.ranked == str(DAYS[formed - 1].date())
        assert found.days_to_next == 3 - number % 3
    (found,) = explain_baskets(study.at({"execution.lag": 2}), market, np.datetime64(DAYS[first + 5].date()))
    assert (found.formed, found.ranked) == (str(DAYS[first + 3].date()), str(DAYS[first + 1].date()))


def test_the_ledger_knows_opens_by_the_columns_of_the_file() -> None:
    def known(fields: dict[str, str]) -> object:
        study = load_study({**raw(), "panel": {"file": "panel.parquet", "fields": fields}})
        return trial_axes(study, canonical_strategy(study))

    assert known(FIELDS) == known({**FIELDS, "other": "open"})
    assert known(FIELDS) != known({**FIELDS, "open": "close * factor"})


@needs_ashare
def test_five_months_of_a_shares_are_a_loop_in_pandas(tmp_path: Path) -> None:
    """What opens at its limit is known from the flags of the data, which the plan does not read."""
    rows = pd.read_parquet(PIT, filters=[("date", ">=", 20131201), ("date", "<=", 20140531)])
    rows = rows.assign(date=pd.to_datetime(rows.date.astype(str)), code=rows.code.astype(str))
    columns = ["open_cents", "close_cents", "adj_factor", "suspended", "st", "ipo_unopened", "total_shares_10k"]
    rows[["date", "code", *columns]].to_parquet(tmp_path / "panel.parquet", index=False)
    days = np.sort(rows.date.unique())
    pd.DataFrame({"date": days, "close": 1.0}).to_csv(tmp_path / "index.csv", index=False)
    written = raw("open", where="st == 0 and new == 0", count=[10, 400], every=5, weights="equal", trading="limits")
    written["panel"]["fields"] = {
        "close": "close_cents * adj_factor", "open": "open_cents * adj_factor", "traded": "suspended == 0",
        "raw_close": "close_cents / 100", "st": "st", "cap": "close_cents * total_shares_10k", "new": "ipo_unopened",
    }  # fmt: skip
    written["base"] = {"small.count": 10}
    written["legs"]["small"]["stamp_tax"] = "china"
    written |= {"execution": {"lag": 1, "at": "open"}, "window": {"from": "2014-01-02", "to": "2014-05-30"}}
    study = load_study(written)
    problem = planned(study, tmp_path).problem
    flags = ["limit_up_open", "limit_down_open"]
    wide = {name: rows.pivot(index="date", columns="code", values=name) for name in [*columns, *flags]}
    traded = (wide["suspended"] == False) & (wide["close_cents"] > 0)  # noqa: E712
    worth = (wide["close_cents"] * wide["adj_factor"]).where(traded).ffill()
    opening = (wide["open_cents"] * wide["adj_factor"]).where(traded).fillna(worth.shift())
    inside = (wide["st"] == 0) & (wide["ipo_unopened"] == False) & worth.notna()  # noqa: E712
    size = (wide["close_cents"] * wide["total_shares_10k"]).where(inside)
    buyable, sellable = (traded & (wide[name] == False) for name in flags)  # noqa: E712
    gone = ~wide["close_cents"].bfill().notna()
    assert problem.overnight is not None
    for execution, cell in enumerate(cells_of(study)):
        held, begun, at = pd.Series(dtype=float), False, -1
        for day, before in zip(days[1:], days[:-1], strict=True):
            if day < np.datetime64("2014-01-02"):
                continue
            at, paid = at + 1, 0.0
            held = held * opening.loc[day, held.index] / worth.loc[before, held.index]
            night = held.sum() if begun else 1.0
            if at % 5 == 0:
                ranked = size.loc[before].dropna().sort_index().sort_values(kind="stable")
                target = ranked.index[: cell["small.count"]]
                stuck = held.index[~(sellable | gone).loc[day, held.index]]
                target = sorted({code for code in target if code in held.index or buyable.loc[day, code]} | {*stuck})
                new = pd.Series(1.0 / len(target), index=target)
                if begun:
                    change = new.subtract(held / night, fill_value=0.0)
                    paid = 0.002 * change.clip(lower=0.0).sum() - 0.003 * change.clip(upper=0.0).sum()
                held, begun = new, True
            else:
                held = held / night
            held = held * worth.loc[day, held.index] / opening.loc[day, held.index]
            whole = night * (1.0 - paid) * held.sum() - 1.0
            held = held / held.sum()
            assert problem.overnight[problem.cost_of[execution], 0, at] == pytest.approx(night - 1.0, abs=1e-9)
            assert problem.returns[problem.payoff_of[execution], 0, at] == pytest.approx(whole, abs=1e-9)
        assert at == 98
