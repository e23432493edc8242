"""The account's tax on dividends: A-shares by the calendar, and a file of real dividends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import gridproof as gp
from gridproof.signals.data.dividend_tax import held_until
from gridproof.sweeps.execution.canonical_strategy import canonical_strategy
from gridproof.sweeps.execution.ledger_entries import trial_axes
from gridproof.sweeps.plan.accounts import compare_accounts
from gridproof.sweeps.study.study import load_study
from tests.support.opening import opened_table
from tests.support.opening import raw as opening_raw
from tests.support.real_data import ASHARE, needs_ashare
from tests.support.selections import cells_of, planned, write

STOCKS = ASHARE / "stocks"


def raw(days: pd.DatetimeIndex, at: str, **select: Any) -> dict[str, Any]:
    return {
        "name": "dividends",
        "market": {"calendar": "index", "periods": 243},
        "series": {"index": {"file": "index.csv", "field": "close"}},
        "panel": {
            "file": "panel.parquet",
            "fields": {
                "close": "close * factor", "open": "close * factor", "raw_close": "close", "wanted": "wanted",
                "cash_dividend": "dividend",
            },
        },
        "legs": {"small": {"select": {"lowest": "wanted", **select}}, "cash": {"interest": 0.0}},
        "signals": {"up": {"when": "index > 0"}},
        "rule": {"small": "up", "cash": "otherwise"},
        "execution": {"lag": 1, "at": at},
        "window": {"from": str(days[1].date())},
    }  # fmt: skip


def taxed(folder: Path, table: pd.DataFrame, at: str, **select: Any) -> float:
    """The taxes on dividends over NAV in the whole window."""
    days = pd.DatetimeIndex(np.sort(table.date.unique()))
    table.to_parquet(folder / "panel.parquet", index=False)
    pd.DataFrame({"date": days, "close": 1.0}).to_csv(folder / "index.csv", index=False)
    study = load_study(raw(days, at, **select))
    (found,) = compare_accounts(study.at({}), gp.load_market(study, folder))
    assert found["dividend_tax"] is not None
    return float(found["dividend_tax"] * (len(days) - 1) / 243)


# The ex-day is 20 March, the day of record the trading day before. Bought on 2 March, in 2014 on the 3rd.
@pytest.mark.parametrize(
    ("year", "sold", "rate"),
    [
        (2012, "2012-04-20", 0.10),
        (2014, "2014-03-31", 0.20),
        (2014, "2014-04-03", 0.20),
        (2014, "2014-04-04", 0.10),
        (2014, "2015-06-01", 0.05),
        (2016, "2016-04-04", 0.10),
        (2016, "2016-04-01", 0.20),
        (2016, "2017-03-02", 0.10),
        (2016, "2017-03-03", 0.00),
    ],
)
@pytest.mark.parametrize("at", ["close", "open"])
def test_the_rate_of_the_calendar(tmp_path: Path, year: int, sold: str, rate: float, at: str) -> None:
    days = pd.bdate_range(f"{year}-02-26", pd.Timestamp(sold) + pd.Timedelta(days=10))
    bought = days[np.searchsorted(days, pd.Timestamp(f"{year}-03-02"))]
    # What is known at a close trades there, or at the next open.
    known = [day - pd.offsets.BDay(at == "open") for day in (bought, pd.Timestamp(sold))]
    ex = days[np.searchsorted(days, pd.Timestamp(f"{year}-03-20"))]
    own = pd.DataFrame({"date": days, "code": "600001.SH", "close": np.where(days < ex, 10.0, 9.5)})
    own["factor"], own["dividend"] = 9.5 / own.close, np.where(days == ex, 0.5, 0.0)
    own["wanted"] = np.where((days >= known[0]) & (days < known[1]), 0.0, 2.0)
    other = own.assign(code="600002.SH", close=10.0, factor=1.0, dividend=0.0, wanted=1.0)
    found = taxed(tmp_path, pd.concat([own, other]), at, count=1)
    assert found == pytest.approx(rate * 0.05, abs=2e-4)
    assert found == pytest.approx(0.0) if rate == 0.0 else found > 0.04 * rate


def test_months_end_with_their_last_day() -> None:
    days = pd.bdate_range("2019-11-01", "2021-03-31").to_numpy().astype("datetime64[D]")
    for months in (1, 12):
        ends = held_until(days, months)
        for day, end in zip(pd.DatetimeIndex(days), ends, strict=True):
            assert end == np.searchsorted(days, np.datetime64((day + pd.DateOffset(months=months)).date()), "right") - 1


def test_faults(tmp_path: Path) -> None:
    days = pd.bdate_range("2014-01-01", periods=30)
    written = raw(days, "close", count=1)
    fields = written["panel"]["fields"]
    written["panel"]["fields"] = {name: text for name, text in fields.items() if name != "raw_close"}
    with pytest.raises(gp.InputError, match="cash_dividend, in yuan for a share, needs the field raw_close"):
        load_study(written)
    own = pd.DataFrame({"date": days, "code": "600001.SH", "close": 10.0, "factor": 1.0, "wanted": 1.0})
    taxed(tmp_path, own.assign(dividend=np.where(days == days[9], 0.5, 0.0)), "close", count=1)
    (large,) = (
        text for text in gp.load_market(load_study(raw(days, "close", count=1)), tmp_path).warnings if "pay" in text
    )
    assert large == "panel: stocks pay dividends of 42% a year: is cash_dividend in yuan for one share?"
    with pytest.raises(gp.InputError, match="cash_dividend is 0 or more, and less than the close before; got 10 of 6"):
        taxed(tmp_path, own.assign(dividend=np.where(days == days[9], 10.0, 0.0)), "close", count=1)


@needs_ashare
def test_a_file_of_real_dividends(tmp_path: Path) -> None:
    """Every stock is bought once and never sold: a twentieth of the dividends to September 2015 is withheld."""
    keep = [("date", ">=", 20140102), ("date", "<=", 20161230)]
    columns = ["date", "code", "close_cents", "adj_factor", "suspended"]
    rows = pd.read_parquet(STOCKS / "a_share_pit_daily_2005_2020.parquet", columns=columns, filters=keep)
    rows["code"] = rows.code.astype(str)
    listed = rows.groupby("code").date.agg(["min", "max"])
    chosen = listed.index[(listed["min"] == 20140102) & (listed["max"] == 20161230)][::40]
    rows = rows[rows.code.isin(chosen) & (rows.close_cents > 0)]
    events = pd.read_parquet(STOCKS / "ex_rights_events_1990_2021.parquet")
    cash = events.set_index(["code", "ex_date"]).cash_per_10 / 10.0
    keys = pd.MultiIndex.from_frame(rows[["code", "date"]])
    table = pd.DataFrame(
        {
            "date": pd.to_datetime(rows.date.astype(str)),
            "code": rows.code,
            "close": rows.close_cents / 100.0,
            "factor": rows.adj_factor,
            "wanted": 1.0,
            "dividend": cash.groupby(level=[0, 1]).sum().reindex(keys).fillna(0.0).to_numpy(),
        }
    )
    found = taxed(tmp_path, table, "close", count="100%", every=5000)
    price, dividend = (table.pivot(index="date", columns="code", values=name).ffill() for name in ("close", "dividend"))
    worth = (table.assign(close=table.close * table.factor)).pivot(index="date", columns="code", values="close").ffill()
    units = (1.0 / worth.iloc[0]).to_dict()
    expected = 0.0
    for before, day in zip(worth.index[:-1], worth.index[1:], strict=True):
        nav = sum(units[code] * worth.loc[before, code] for code in units)
        for code in units:
            share = dividend.loc[day, code] / price.loc[before, code]
            if share > 0.0 and before < pd.Timestamp("2015-09-08"):
                expected += 0.05 * share * units[code] * worth.loc[before, code] / nav
                units[code] *= 1.0 - 0.05 * share
    assert found == pytest.approx(expected, rel=1e-9)
    assert 0.0003 < found < 0.002


@pytest.mark.parametrize("at", ["close", "open"])
def test_the_sweep_takes_a_rate_of_the_dividends_of_selected_stocks(tmp_path: Path, at: str) -> None:
    """As a panel whose prices have lost the tax."""
    table = opened_table(unknown=0.0).sort_values(["code", "date"])
    rng = np.random.default_rng(8)
    table["dividend"] = np.where(
        (rng.random(len(table)) < 0.05) & (table.suspended == 0), 0.2 * rng.random(len(table)) * table.close, 0.0
    )
    known = table.close.where(table.suspended == 0).groupby(table.code).ffill()
    share = (table.dividend / known.groupby(table.code).shift()).fillna(0.0)
    for tax in (0.1, 0.2):
        table[f"kept{10 * tax:g}"] = (1.0 - tax * share).groupby(table.code).cumprod()
    written = opening_raw(at, trading="ideal", weights="equal")
    del written["base"]["small.trading"], written["base"]["small.weights"]
    folder = write(tmp_path / "data", table)
    taxed_leg = {**written["legs"]["small"], "dividend_tax": [0.1, 0.2]}
    fields = written["panel"]["fields"] | {"cash_dividend": "dividend"}
    base = written["base"] | {"small.dividend_tax": 0.2}
    swept = written | {"panel": {"file": "panel.parquet", "fields": fields}, "base": base}
    study = load_study(swept | {"legs": {**written["legs"], "small": taxed_leg}})
    assert "small.dividend_tax" in study.environment
    found = planned(study, folder).problem
    assert (found.overnight is not None) == (at == "open")
    for tax in (0.1, 0.2):
        prices = {"close": f"close * factor * kept{10 * tax:g}", "open": f"open * factor * kept{10 * tax:g}"}
        net = {"file": "panel.parquet", "fields": written["panel"]["fields"] | prices}
        plain = load_study(written | {"panel": net})
        expected = planned(plain, folder).problem
        mine = [number for number, cell in enumerate(cells_of(study)) if cell["small.dividend_tax"] == tax]
        for its_own, number in zip(range(len(cells_of(plain))), mine, strict=True):
            own, other = found.returns[found.payoff_of[number]], expected.returns[expected.payoff_of[its_own]]
            np.testing.assert_allclose(own, other, rtol=0.0, atol=1e-12)
            if found.overnight is not None and expected.overnight is not None:
                own, other = found.overnight[found.cost_of[number]], expected.overnight[expected.cost_of[its_own]]
                np.testing.assert_allclose(own, other, rtol=0.0, atol=1e-12)
    without = {"file": "panel.parquet", "fields": written["panel"]["fields"]}
    with pytest.raises(gp.InputError, match="dividend_tax of selected stocks needs the field cash_dividend"):
        load_study(swept | {"panel": without, "legs": {**written["legs"], "small": taxed_leg}})


@pytest.mark.parametrize("at", ["close", "open"])
def test_a_selection_that_is_sold_short_owes_the_whole_dividend(tmp_path: Path, at: str) -> None:
    table = opened_table(4)
    paid = 0.2 * np.random.default_rng(8).random(len(table)) * table.close
    table["dividend"] = np.where((table.index % 20 == 0) & (table.suspended == 0), paid, 0.0)
    written = opening_raw(at, trading="ideal", weights="equal", count=3, every=4, offset=0)
    for name in ("trading", "weights", "count", "every", "offset"):
        written["base"].pop(f"small.{name}", None)
    written["panel"]["fields"] = written["panel"]["fields"] | {"cash_dividend": "dividend"}
    written["legs"]["small"]["dividend_tax"] = [0.0, 0.2]
    written["mixes"] = {"short": {"small": -0.5, "rebalance": "never"}, "long": {"small": 0.5}}
    written["rule"] = {"short": "up", "long": "otherwise"}
    study = load_study(written | {"base": written["base"] | {"small.dividend_tax": 0.0}})
    problem = planned(study, write(tmp_path / "data", table)).problem
    short, long = (study.numbers(study.base)[name] for name in ("short", "long"))
    tax = {number: cell["small.dividend_tax"] for number, cell in enumerate(cells_of(study))}
    free, taxed = (next(number for number in tax if tax[number] == share) for share in (0.0, 0.2))
    for tables, table_of in ((problem.returns, problem.payoff_of), (problem.overnight, problem.cost_of)):
        if tables is not None:
            own, other = tables[table_of[free]], tables[table_of[taxed]]
            np.testing.assert_allclose(own[short], other[short], rtol=0.0, atol=1e-12)
            assert np.abs(own[long] - other[long]).max() > 1e-3


def test_the_ledger_knows_the_dividends_of_a_taxed_selection() -> None:
    def known(dividend: str, **leg: float) -> object:
        written = raw(pd.bdate_range("2014-01-01", periods=30), "close", count=1)
        written["panel"]["fields"]["cash_dividend"] = dividend
        written["legs"]["small"] |= leg
        strategy = canonical_strategy(load_study(written))
        return strategy.text, trial_axes(load_study(written), strategy)

    assert known("dividend") == known("dividend / 2")
    assert known("dividend", dividend_tax=0.1) != known("dividend / 2", dividend_tax=0.1)
