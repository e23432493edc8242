"""What is suspicious in the opens and the dividends of a panel from which legs select."""

from __future__ import annotations

import numpy as np

from gridproof.kernels.errors import InputError
from gridproof.signals.data.market import Market
from gridproof.signals.data.panel.panel import carried
from gridproof.signals.data.plausible import LARGE_USUAL, LARGE_YIELD
from gridproof.sweeps.plan.window import last_day
from gridproof.sweeps.study.execution_keys import trades_at_open
from gridproof.sweeps.study.selection import DIVIDEND, RAW
from gridproof.sweeps.study.study import Study


def panel_open_warnings(study: Study, market: Market) -> list[str]:
    """Unknown opens, opens that are the close before, and opens that are not adjusted as the closes are.

    Empty where no selection is traded at the open.
    """
    panel, stocks = study.panel, market.panel
    if panel is None or stocks is None or not trades_at_open(study.space):
        return []
    if all(leg.selection is None for leg in study.legs):
        return []
    days = int(np.searchsorted(stocks.dates, market.calendar[last_day(study, market)], side="right"))
    nodes = [panel.close, panel.opening[0], *([] if panel.traded is None else [panel.traded])]
    try:
        close, opens, *flag = (panel.formulas.values(at, stocks, days) for at in nodes)
    except InputError:
        return []  # planning raises it
    traded = (close > 0.0) & (flag[0] == 1.0 if flag else True)
    before = carried(close, traded)[:-1]
    inside = traded[1:] & (stocks.dates[1:days] >= np.datetime64(study.spec.window.from_))[:, None]
    unknown = inside & ~(opens[1:] > 0.0)
    found = []
    if unknown.any():
        day, stock = np.argwhere(unknown)[0]
        found.append(
            f"panel: {unknown.sum():,} of {inside.sum():,} opens are unknown, the first of {stocks.codes[stock]} on "
            f"{stocks.dates[1 + day]}: such a stock counts at the open as at the close before"
        )
    gaps = (opens[1:] / before - 1.0)[inside & ~unknown & ~np.isnan(before)]
    same = int((np.abs(gaps) < 1e-9).sum())
    if same > len(gaps) / 2:
        found.append(f"panel: {same:,} of {len(gaps):,} opens are the close before: are they opening prices?")
    usual = float(np.median(np.abs(gaps))) if len(gaps) else 0.0
    if usual > LARGE_USUAL:
        found.append(f"panel: opens usually differ by {usual:.0%} from the close before: is one of the two adjusted?")
    return found


def panel_dividend_warnings(study: Study, market: Market) -> list[str]:
    """Cash dividends that are too large for yuan for each share: their mean yield a year, of stocks with a close."""
    panel, stocks = study.panel, market.panel
    if panel is None or stocks is None or DIVIDEND not in panel.formulas.fields:
        return []
    if all(leg.selection is None for leg in study.legs):
        return []
    days = int(np.searchsorted(stocks.dates, market.calendar[last_day(study, market)], side="right"))
    try:
        close, paid = (panel.formulas.values(panel.formulas.fields[at], stocks, days) for at in (RAW, DIVIDEND))
    except InputError:
        return []  # planning raises it
    known = (close > 0.0) & (stocks.dates[:days] >= np.datetime64(study.spec.window.from_))[:, None]
    share = np.nan_to_num(paid[known] / close[known]).sum() / max(int(known.sum()), 1) * study.spec.market.periods
    if share <= LARGE_YIELD:
        return []
    return [f"panel: stocks pay dividends of {share:.0%} a year: is {DIVIDEND} in yuan for one share?"]
