"""A study on the market of ``tests.support.market`` with two legs and cash, to which tests add mixes."""

from __future__ import annotations

from typing import Any

PERIODS = 250.0
LEGS = ("large", "small", "cash")


def raw_mixes(**changes: Any) -> dict[str, Any]:
    raw: dict[str, Any] = {
        "name": "mixes",
        "market": {"calendar": "large", "periods": PERIODS},
        "series": {
            "large": {"file": "index.csv", "code": "000300", "field": "close"},
            "small": {"file": "index.csv", "code": "000852", "field": "close"},
        },
        "legs": {
            "large": "large",
            "small": {"series": "small", "carry": 0.02, "cost": 0.0005, "sale_cost": 0.002},
            "cash": {"interest": 0.01},
        },
        "signals": {"up": {"when": "small > mean(small, 20)"}, "trend": {"when": "large > mean(large, 50)"}},
        "rule": {"large": "up and trend", "small": "up", "cash": "otherwise"},
        "execution": {"lag": 1, "cost": 0.001},
        "window": {"from": "2020-07-01", "to": "2022-03-31"},
    }
    return raw | changes
