"""Each selection of one variant held throughout the window: as the sweep computes it, and as an account trades it."""

from __future__ import annotations

import math

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.kernels.errors import InputError
from gridproof.kernels.metrics import METRICS, measure_returns
from gridproof.kernels.panel.account import Dividends, Fees, Lots
from gridproof.kernels.panel.backend import resolve_panel
from gridproof.kernels.panel.opens import halved_dividends, joined_account
from gridproof.kernels.panel.selection import SelectionProblem
from gridproof.results.run.selection_record import HeldRecord, SelectionRecord
from gridproof.signals.data.dividend_tax import dividend_rates, held_until
from gridproof.signals.data.market import Market
from gridproof.signals.data.stamp_duty import stamp_rates
from gridproof.sweeps.plan.basket_sizes import grouped_sizes
from gridproof.sweeps.plan.plan import execution_cells
from gridproof.sweeps.plan.selections import Setting, build_problem, panel_arrays, setting_of
from gridproof.sweeps.plan.trade_rates import one_way_costs, trade_days
from gridproof.sweeps.plan.traded import traded
from gridproof.sweeps.plan.window import Window, find_window
from gridproof.sweeps.study.selection import IDEAL, LIMITS
from gridproof.sweeps.study.spec import OPEN
from gridproof.sweeps.study.study import Leg, Study

_RETURNS = ("cagr", "volatility", "sharpe", "max_drawdown")


def compare_accounts(study: Study, market: Market) -> list[SelectionRecord]:
    """One record for each leg that selects. study: one value on each axis. Raises InputError as ``build_plan``."""
    selecting = [leg for leg in study.legs if leg.selection is not None]
    window = find_window(study, market) if selecting else None
    return [_compare(study, leg, market, window) for leg in selecting if window is not None]


def _compare(study: Study, leg: Leg, market: Market, window: Window) -> SelectionRecord:
    assert leg.selection is not None
    (cell,) = execution_cells(study)  # also of tied terms
    setting = setting_of(leg, cell)
    swept = traded(study, leg, market, window, [setting])[setting]
    buying, selling = one_way_costs(leg, cell)
    opened = setting.at == OPEN
    taxes = stamp_rates(leg.stamp_tax, trade_days(market, window, setting.at))
    paid = (buying + taxes[0]) * swept.bought + (selling + taxes[1]) * swept.sold
    net = (1.0 + swept.gross) * (1.0 - paid) - 1.0
    (sizes,) = grouped_sizes([setting.stocks])

    def problem_of(trading: str) -> SelectionProblem:
        basket = (*setting.basket[:-1], trading)
        schedule = (setting.every, setting.offset)
        return build_problem(study, leg, market, window, basket, [schedule], sizes, setting.lag, at=setting.at)

    limited, unlimited = leg.selection.panel.limited, None
    try:
        problem = problem_of(LIMITS if limited else IDEAL)
    except InputError as error:
        if setting.trading == LIMITS:
            raise
        # The sweep has traded the same basket without limits, so the fault is in what only limits read.
        limited, unlimited, problem = False, str(error), problem_of(IDEAL)
    lots = _lots(study, leg, market, window, setting)
    purchase_tax, sale_tax = (np.repeat(tax, 2) if opened else tax for tax in taxes)
    fees = Fees(buying, selling, purchase_tax, sale_tax, leg.selection.minimum)
    dividends = _dividends(study, leg, market, window, setting)
    number = sizes.places[setting.stocks]
    account = resolve_panel("cpu").simulate_account(problem, 0, number, fees, lots, dividends)
    account = joined_account(account) if opened else account
    from_first = slice(setting.offset, None)
    return {
        "leg": leg.name,
        "trading": str(setting.trading),
        "limits": limited,
        "unlimited": unlimited,
        "capital": leg.selection.capital,
        "swept": _held(study, net, swept.bought + swept.sold),
        "account": _held(study, account.returns, account.bought + account.sold),
        "dividend_tax": None if dividends is None else _yearly(study, account.taxed),
        "cash": float(account.cash[from_first].mean()),
        "unfilled": float((account.open_orders[from_first] > 0).mean()),
    }


def _lots(study: Study, leg: Leg, market: Market, window: Window, setting: Setting) -> Lots | None:
    """The price of a lot of each stock, where the leg names a capital."""
    assert leg.selection is not None
    if leg.selection.capital is None:
        return None
    arrays, first = panel_arrays(study, leg, market, window, setting.chosen)
    prices = arrays.lot_price_at_open()[2 * first :] if setting.at == OPEN else arrays.lot_price()[first:]
    return Lots(prices, leg.selection.capital, shares=1)


def _dividends(study: Study, leg: Leg, market: Market, window: Window, setting: Setting) -> Dividends | None:
    """The dividends of the panel under the taxes of A-shares, where it has any; of half-days at the open."""
    arrays, first = panel_arrays(study, leg, market, window, setting.chosen)
    paid = arrays.dividends()
    if paid is None or market.panel is None:
        return None
    days = market.panel.dates[first : len(paid)]
    # The day of record is the trading day before the ex-day.
    recorded = market.panel.dates[np.maximum(np.arange(first, len(paid)) - 1, 0)]
    found = Dividends(paid[first:], *dividend_rates(recorded), held_until(days, 1), held_until(days, 12))
    return halved_dividends(found) if setting.at == OPEN else found


def _yearly(study: Study, of_days: Floats) -> float:
    return float(of_days.sum()) * study.spec.market.periods / len(of_days)


def _held(study: Study, returns: Floats, sides: Floats) -> HeldRecord:
    """Metrics of daily net returns, and the traded value of both sides over NAV a year."""
    measured = measure_returns(returns, study.spec.market.periods, study.spec.risk_free).tolist()
    metrics = dict(zip(METRICS, measured, strict=False))  # the first are of returns
    turnover = _yearly(study, sides)
    found = {name: None if math.isnan(metrics[name]) else metrics[name] for name in _RETURNS}
    return {
        "cagr": found["cagr"], "volatility": found["volatility"], "sharpe": found["sharpe"],
        "max_drawdown": found["max_drawdown"], "turnover": turnover,
    }  # fmt: skip
