"""Selections as an account trades them, beside the sweep: metrics, turnover, lots, warnings, terminal and page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import gridproof as gp
from gridproof.results.report.sections.selections import selections_section
from gridproof.results.run.selection_record import SelectionRecord, selection_tables, selection_warnings
from gridproof.sweeps.cli.app import app
from gridproof.sweeps.plan.accounts import compare_accounts
from gridproof.sweeps.plan.study_market import market_of
from gridproof.sweeps.study.study import load_study
from tests.support.limit_trading import FIELDS, Simulation, limited_table, raw
from tests.support.selections import TAX, planned, write


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("accounts") / "data", limited_table())


def compared(folder: Path, fields: dict[str, str] = FIELDS, point: dict[str, Any] | None = None, **select: Any) -> Any:
    written = raw(**select)
    written["panel"]["fields"] = fields
    study = load_study(written).at(point or {})
    (found,) = compare_accounts(study, market_of(study, folder))
    return found


def test_without_limits_and_costs_the_account_is_the_sweep(folder: Path) -> None:
    fields = {name: text for name, text in FIELDS.items() if name != "raw_close"}
    free = {"small.cost": 0.0, "execution.cost": 0.0, "small.trading": "ideal"}
    written = raw(trading="ideal")
    del written["base"]["small.trading"], written["legs"]["small"]["stamp_tax"]
    written["panel"]["fields"] = fields
    study = load_study(written).at(free)
    (found,) = compare_accounts(study, market_of(study, folder))
    assert not found["limits"]
    assert found["account"] == pytest.approx(found["swept"], abs=1e-9)
    assert found["unfilled"] == 0.0
    assert selection_warnings("small", found) == []


def test_the_sweep_is_a_plain_simulation(folder: Path) -> None:
    found = compared(folder)
    cell = {"small.every": 3, "execution.lag": 1, "small.count": 2, "small.trading": "limits", "small.weights": "equal"}
    net = np.array(Simulation(limited_table()).net(cell))
    nav = np.cumprod(np.concatenate([[1.0], 1.0 + net]))
    assert found["swept"]["cagr"] == pytest.approx(nav[-1] ** (252 / len(net)) - 1.0)
    assert found["swept"]["max_drawdown"] == pytest.approx((nav / np.maximum.accumulate(nav) - 1.0).min())
    assert found["swept"]["sharpe"] == pytest.approx(net.mean() / net.std(ddof=1) * 252**0.5)
    assert found["limits"]
    assert 0.0 < found["unfilled"] < 1.0
    assert found["account"]["turnover"] > 0.0


def test_an_account_trades_under_limits_also_where_the_sweep_does_not(folder: Path) -> None:
    ideal, limits = (compared(folder, point={"small.trading": one}) for one in ("ideal", "limits"))
    assert ideal["account"] == limits["account"]
    assert ideal["swept"] != limits["swept"]
    (warning,) = selection_warnings("small, base", ideal)
    assert "the sweep differs from an account that trades share by share: CAGR" in warning


def test_lots_of_a_large_and_of_a_small_capital(folder: Path) -> None:
    none, large, small = (compared(folder, **own) for own in ({}, {"capital": 1e13}, {"capital": 20_000.0}))
    assert large["account"] == pytest.approx(none["account"], abs=1e-6)
    assert small["account"] != pytest.approx(none["account"], abs=1e-6)
    assert small["cash"] > none["cash"] + 0.005


def test_a_minimum_commission(folder: Path) -> None:
    free, dear = (compared(folder, capital=1e5, min_commission=least) for least in (0.0, 50.0))
    assert dear["account"]["cagr"] < free["account"]["cagr"] - 0.01
    assert dear["swept"] == free["swept"]
    with pytest.raises(gp.InputError, match="a minimum commission is an amount of money, so it needs a capital"):
        load_study(raw(min_commission=5.0))


def test_lots_need_the_raw_close(folder: Path) -> None:
    fields = {name: text for name, text in FIELDS.items() if name != "raw_close"}
    with pytest.raises(gp.InputError, match="a capital needs the field raw_close"):
        compared(folder, fields, trading="ideal", capital=1e6)


def test_terminal_summary_and_page_show_both(folder: Path, tmp_path: Path) -> None:
    written = raw(count=2, every=3, weights="equal")
    written["base"] = {"small.trading": "ideal", "lag": 1}
    written["execution"] = {"lag": 1, "cost": 0.001}
    run = gp.run(load_study(written), data=folder, out=tmp_path / "runs", verdict=False)
    found: list[SelectionRecord] = run.summary["selections"]["base"]
    assert next(name for name, _ in selection_tables(run.summary)) == "small, base"
    assert run.summary["environment"]["small.trading"] == "ideal"
    assert run.summary["best"]["parameters"]["small.trading"] == "ideal"  # not a choice
    page = (run.folder / "report.html").read_text(encoding="utf-8")
    assert "The selections, held throughout" in page
    assert "small, base: sweep, trading ideal" in page
    assert "small, base: account" in page
    file = tmp_path / "study.yaml"
    file.write_text(load_study(written).to_yaml(), encoding="utf-8")
    shown = CliRunner().invoke(app, ["point", str(file), "--data", str(folder), "--json"])
    assert shown.exit_code == 0, shown.output
    assert json.loads(shown.stdout)["selections"] == [found[0]]
    text = CliRunner().invoke(app, ["point", str(file), "--data", str(folder)]).output
    assert "small: account" in " ".join(text.split())


def test_an_ideal_variant_needs_no_boards(tmp_path: Path) -> None:
    """A B-share in the universe: limits are an error before the sweep, and an ideal account says why it has none."""
    table = limited_table()
    table["code"] = table["code"].replace("600001.SH", "900901.SH")
    data = write(tmp_path / "data", table)
    found = compared(data, point={"small.trading": "ideal", "small.count": 5})
    assert not found["limits"]
    assert "900901" in found["unlimited"]
    warnings = selection_warnings("small, base", found)
    assert warnings[0].startswith("small, base: the account trades without price limits: ")
    section = selections_section({"selections": {"base": [found], "best": []}})
    assert section is not None
    assert section["warnings"] == warnings
    for wanted in (raw(trading="limits"), raw(trading="ideal", capital=1e6)):
        wanted["base"]["small.trading"] = wanted["legs"]["small"]["select"]["trading"]
        with pytest.raises(gp.InputError, match="900901"):
            planned(load_study(wanted), data)


def test_stocks_outside_the_universe_need_no_board(folder: Path, tmp_path: Path) -> None:
    table = limited_table()
    twin = table[table["code"] == "600001.SH"]
    extra = twin.assign(code="900901.SH", shares=0.5, close=twin.close + 0.003)
    data = write(tmp_path / "data", pd.concat([table, extra]))
    chosen = {"small.count": 5, "small.weights": "cap"}
    fields, own = {**FIELDS, "units": "shares"}, {"where": "units >= 1", "capital": 1e6}
    found = compared(data, fields, chosen, **own)
    assert found["limits"]
    assert found["unlimited"] is None
    without = compared(folder, fields, chosen, **own)
    assert found["account"] == pytest.approx(without["account"])
    assert found["swept"] == pytest.approx(without["swept"])


def test_the_account_of_tied_terms_is_that_of_their_owners(folder: Path) -> None:
    written = raw()
    ties = {key: {"same_as": f"small.{key}"} for key in ("lowest", "weights", "count", "every", "offset", "trading")}
    written["legs"]["twin"] = {"select": ties, "cost": {"same_as": "small.cost"}, "stamp_tax": TAX}
    written["rule"] = {"small": "up", "twin": "not up", "cash": "otherwise"}
    study = load_study(written).at({})
    small, twin = compare_accounts(study, market_of(study, folder))
    assert {**twin, "leg": "small"} == small
