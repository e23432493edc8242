"""dividend_tax: a share of what a total return earns more than the price is lost, on the days of the dividends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import gridproof as gp
from gridproof.kernels.backend import resolve
from gridproof.sweeps.execution.canonical_strategy import canonical_strategy
from gridproof.sweeps.execution.ledger_entries import trial_axes
from gridproof.sweeps.plan.plan import build_plan
from gridproof.sweeps.plan.point import evaluate_point
from gridproof.sweeps.study.study import load_study
from tests.support.real_data import ASHARE, needs_ashare
from tests.support.selections import cells_of

DAYS = pd.bdate_range("2020-01-01", periods=120)
RNG = np.random.default_rng(4)
PAID = np.where(RNG.random(len(DAYS)) < 0.1, RNG.uniform(0.1, 2.0, len(DAYS)), 0.0)  # dividends of a share
GAPS, MOVES = RNG.normal(0.0, 0.01, len(DAYS)), RNG.normal(0.0, 0.01, len(DAYS))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A share at 100 whose dividend is paid at the open, and is reinvested there."""
    found = tmp_path_factory.mktemp("dividends")
    price, total, rows = 100.0, 100.0, []
    for paid, gap, move in zip(PAID, GAPS, MOVES, strict=True):
        opened = price * (1.0 + gap) - paid
        total_open = total * (opened + paid) / price
        price, total = opened * (1.0 + move), total_open * (1.0 + move)
        rows.append((price, total, total_open))
    table = pd.DataFrame(rows, columns=["price", "total", "total_open"])
    table.insert(0, "date", DAYS.strftime("%Y-%m-%d"))
    table.to_csv(found / "share.csv", index=False)
    return found


def raw(**leg: Any) -> dict[str, Any]:
    own = {"series": "total", "price": "price", "dividend_tax": [0.0, 0.1, 0.5], "open": "total_open", **leg}
    return {
        "name": "dividends",
        "market": {"calendar": "total", "periods": 252},
        "series": {name: {"file": "share.csv", "field": name} for name in ("total", "price")},
        "legs": {"share": {name: value for name, value in own.items() if value is not None}, "cash": {"interest": 0.0}},
        "signals": {"up": {"when": "price > lag(price, 3)"}},
        "rule": {"share": "up", "cash": "otherwise"},
        "execution": {"lag": 1, "at": ["close", "open"], "cost": 0.001},
        "window": {"from": str(DAYS[10].date())},
        "base": {"share.dividend_tax": 0.1, "execution.at": "close"},
    }


def test_the_tax_is_lost_when_the_dividend_is_paid(folder: Path) -> None:
    study = load_study(raw())
    assert "share.dividend_tax" in study.environment
    table = pd.read_csv(folder / "share.csv")
    market = gp.load_market(study, folder)
    problem = build_plan(study, market, resolve("reference")).problem
    dividends = (table.total.pct_change() - table.price.pct_change()).to_numpy()
    for execution, cell in enumerate(cells_of(study)):
        curve = evaluate_point(study, market, cell)
        nav, tax = 1.0, cell["share.dividend_tax"]
        for at in range(10, len(DAYS)):
            held, before = curve.held[at - 10], curve.held[max(at - 11, 0)]
            whole = table.total[at] / table.total[at - 1] - tax * dividends[at]
            # The dividend is paid to who held the share at the close before.
            by_day = table.total[at] / table.total_open[at]
            earned = whole if held == "share" else 1.0
            if held != before and cell["execution.at"] == "open":
                earned = by_day if held == "share" else whole / by_day
            nav *= earned * (0.999 if held != before else 1.0)
            assert curve.curve.nav.iloc[at - 10] == pytest.approx(nav, rel=1e-9)
        net = problem.returns[problem.payoff_of[execution], 0]
        whole, price = (table[name].pct_change().to_numpy()[10:] for name in ("total", "price"))
        np.testing.assert_allclose(net, (1.0 - tax) * whole + tax * price, rtol=0.0, atol=1e-12)


def test_who_sells_short_owes_the_whole_dividend(folder: Path) -> None:
    written = raw()
    written |= {"mixes": {"short": {"share": -0.5}}, "rule": {"short": "up", "cash": "otherwise"}}
    taxed = evaluate_point(load_study(written), gp.load_market(load_study(written), folder))
    free = evaluate_point(load_study(written), gp.load_market(load_study(written), folder), {"dividend_tax": 0.0})
    pd.testing.assert_frame_equal(taxed.curve, free.curve)


@pytest.mark.parametrize(
    ("leg", "message"),
    [
        ({"price": None}, "dividend_tax needs the price without dividends"),
        ({"dividend_tax": None}, "price is for dividend_tax; got price"),
        ({"price": "prices"}, "price must name a series of the study; got prices. Did you mean price"),
        ({"price": "total"}, "price is another series than the one with dividends"),
        ({"dividend_tax": 1.5}, "dividend_tax"),
    ],
)
def test_faults(leg: dict[str, Any], message: str) -> None:
    written = raw(**leg)
    written["base"] = {"execution.at": "close"}
    with pytest.raises(gp.InputError, match=message):
        load_study(written)


def test_swapped_series_are_a_warning(folder: Path) -> None:
    texts = gp.load_market(load_study(raw(series="price", price="total", open="total_open")), folder).warnings
    assert any("a year less than this one: are the two swapped?" in text for text in texts)


def test_the_ledger_knows_the_price() -> None:
    def known(**leg: Any) -> object:
        study = load_study(raw(**leg) | {"base": {"execution.at": "close"}})
        strategy = canonical_strategy(study)
        return strategy.text, trial_axes(study, strategy)

    assert known(dividend_tax=0.1) != known(dividend_tax=0.2)
    assert known(dividend_tax=0.1) != known(dividend_tax=None, price=None)


@needs_ashare
def test_a_tenth_of_the_dividends_of_the_csi_300() -> None:
    """2.1 % of dividends a year in 2010 to 2020, of which the tax takes a tenth."""
    written = raw(open=None)
    written["series"] = {
        "total": {"file": "index_total_return_daily.csv", "field": "H00300"},
        "price": {"file": "index_daily.parquet", "code": "000300.SH", "field": "close"},
    }
    written["market"] = {"calendar": "price", "periods": 243}
    written["execution"] = {"lag": 1, "cost": 0.0}
    written["window"] = {"from": "2010-01-04", "to": "2020-12-31"}
    written["base"] = {"share.dividend_tax": 0.1}
    study = load_study(written)
    problem = build_plan(study, gp.load_market(study, ASHARE), resolve("reference")).problem
    free, tenth, half = (np.log1p(problem.returns[table, 0]).mean() * 243.0 for table in range(3))
    assert 2.0 * (free - half) == pytest.approx(0.021, abs=0.004)
    assert (free - tenth) / (free - half) == pytest.approx(0.2, abs=0.001)
