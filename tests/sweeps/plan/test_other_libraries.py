"""Stops and trades at the next open as vectorbt 1.2.0 and backtesting.py 0.6.6 compute them on the same prices.

Nasdaq Composite, 3 January 2001 to the end of 2018, above its mean of 100 days or in cash without interest. vectorbt:
``Portfolio.from_signals`` on closes with ``sl_stop``, ``sl_trail`` and ``stop_exit_price="close"``. backtesting.py:
orders at the close with ``trade_on_close=False``. Both buy for all cash less the fee, 1 / (1 + c) of it, while a cost
here is a share of NAV, 1 - c; the figures are compared after that.
"""

from __future__ import annotations

from typing import Any

import pytest

import gridproof as gp

ENTRIES = 99


@pytest.mark.parametrize(
    ("execution", "theirs", "digits"),
    [
        ({"cost": 0.001}, 1.1393368751485855, 1e-9),  # vectorbt
        ({"cost": 0.001, "stop": 0.02}, 0.558043527325486, 1e-9),  # vectorbt
        ({"cost": 0.001, "trailing_stop": 0.05}, 0.2877867442671397, 1e-9),  # vectorbt
        ({"trailing_stop": 0.03}, 0.30150728167506224, 1e-9),  # vectorbt
        ({"at": "open"}, 1.6199357296367034, 1e-8),  # backtesting.py, which buys whole units
        ({"at": "open", "cost": 0.001}, 1.1493161470760822, 1e-8),  # backtesting.py
    ],
)
def test_total_returns_agree(execution: dict[str, Any], theirs: float, digits: float) -> None:
    study = gp.load_study(
        {
            "name": "compared",
            "market": {"calendar": "nasdaq", "periods": 252},
            "series": {"nasdaq": {"file": "arch:nasdaq", "field": "Close"}},
            "legs": {"nasdaq": {"series": "nasdaq", "open": "Open"}, "cash": {"interest": 0.0}},
            "signals": {"on": {"when": "nasdaq > mean(nasdaq, 100)"}},
            "rule": {"nasdaq": "on", "cash": "otherwise"},
            "execution": execution,
            "window": {"from": "2001-01-03"},
        }
    )
    cost = execution.get("cost", 0.0)
    found = (1.0 + gp.point(study).in_sample["total_return"]) / (1.0 - cost**2) ** ENTRIES - 1.0
    assert found == pytest.approx(theirs, rel=digits)
