"""A made-up panel of stocks at price limits, a study that selects from it, and a plain simulation, for tests."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np
import pandas as pd

from tests.support.selections import DAYS, FROM, TAX, TO

CENT = Decimal("0.01")
FIELDS = {
    "close": "close * factor", "traded": "suspended == 0", "raw_close": "close", "st": "st", "cap": "close * shares",
    "age": "age",
}  # fmt: skip
EVERYONE = {"count": [2, 5], "every": [1, 3], "offset": 0, "trading": ["ideal", "limits"], "weights": ["equal", "cap"]}


def ceiling(close: Decimal, percent: int, sign: int) -> Decimal:
    return (close * (100 + sign * percent) / 100).quantize(CENT, ROUND_HALF_UP)


def limits_reached(row: dict[str, Any], price: float, worth: float) -> tuple[bool, bool]:
    """Whether a raw price is at the upper limit of its day, and at the lower one. worth: the adjusted close before.

    Where the flag of ST is unknown, the limit may be either.
    """
    before = (Decimal(worth) / Decimal(row["factor"])).quantize(CENT, ROUND_HALF_UP)
    percents = {0: [10], 1: [5], -1: [5, 10]}[row["st"]]
    up, down = ([ceiling(before, percent, sign) for percent in percents] for sign in (1, -1))
    return Decimal(str(price)) in up, Decimal(str(price)) in down


def limited_table(seed: int = 5, stocks: int = 12) -> pd.DataFrame:
    """Raw closes that often end at a limit of 10% or, under ST, of 5%; a split each; suspensions, unknown flags."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(stocks):
        code, last, shares = f"{600000 + number}.SH", Decimal("10.00"), float(rng.integers(5, 30))
        listed, left = (int(rng.integers(1, 40)), int(rng.integers(60, 140))) if number % 3 == 0 else (0, 200)
        split, factor = int(rng.integers(20, 80)), 1.0
        for at in range(listed, min(left + 1, len(DAYS))):
            if at == split:
                last, factor = (last / 2).quantize(CENT, ROUND_HALF_UP), 2.0
            st = int(rng.choice([0, 0, 0, 1, -1]))
            suspended = bool(rng.random() < 0.1)
            if not suspended:
                percent = 5 if st == 1 else 10
                wish = last * Decimal(float(np.exp(rng.normal(0.0, 0.09)))).quantize(Decimal("0.0001"))
                wish = wish.quantize(CENT, ROUND_HALF_UP)
                last = min(max(wish, ceiling(last, percent, -1)), ceiling(last, percent, 1))
            rows.append((DAYS[at], code, float(last), factor, shares, int(suspended), st, at - listed))
    columns = ["date", "code", "close", "factor", "shares", "suspended", "st", "age"]
    return pd.DataFrame(rows, columns=columns)


def raw(**select: Any) -> dict[str, Any]:
    return {
        "name": "limits",
        "market": {"calendar": "index", "periods": 252},
        "series": {"index": {"file": "index.csv", "field": "close"}},
        "panel": {"file": "panel.parquet", "fields": FIELDS},
        "legs": {
            "small": {"select": {"lowest": "cap", **EVERYONE, **select}, "cost": 0.002, "stamp_tax": TAX},
            "cash": {"interest": 0.0},
        },
        "signals": {"up": {"when": "index > 0"}},
        "rule": {"small": "up", "cash": "otherwise"},
        "execution": {"lag": [1, 2], "cost": 0.001},
        "window": {"from": str(FROM.date()), "to": str(TO.date())},
        "base": {"small.count": 2, "small.every": 3, "small.trading": "limits", "small.weights": "equal", "lag": 1},
    }


class Simulation:
    """Codes in dictionaries, a day after the other."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.rows = {day: part.set_index("code").to_dict("index") for day, part in table.groupby("date")}
        self.last_row = table.groupby("code").date.max().to_dict()
        first_row = table.groupby("code").date.min().to_dict()
        self.worth: dict[pd.Timestamp, dict[str, float]] = {}
        self.stuck: dict[pd.Timestamp, tuple[set[str], set[str]]] = {}
        self.ranked: dict[pd.Timestamp, list[str]] = {}
        worth: dict[str, float] = {}
        self.codes = sorted(first_row)
        for day in DAYS:
            rows, dear, cheap = self.rows[day], set(self.codes), set(self.codes)
            for code in self.codes:
                row = rows.get(code)
                if row is None:
                    if day > self.last_row[code]:
                        cheap.discard(code)
                    continue
                if row["suspended"]:
                    continue
                if code in worth:
                    up, down = limits_reached(row, row["close"], worth[code])
                    dear -= set() if up else {code}
                    cheap -= set() if down else {code}
                worth[code] = row["close"] * row["factor"]
            self.worth[day], self.stuck[day] = dict(worth), (dear, cheap)
            known = [code for code in rows if code in worth]
            self.ranked[day] = sorted(known, key=lambda code: (rows[code]["close"] * rows[code]["shares"], code))

    def net(self, cell: dict[str, Any]) -> list[float]:
        held: dict[str, float] = {}
        begun, returns, first = False, [], DAYS.get_loc(FROM)
        for number in range(DAYS.get_loc(TO) + 1 - first):
            day, before, paid = DAYS[first + number], DAYS[first + number - 1], 0.0
            if number % cell["small.every"] == 0:
                decided = DAYS[first + number - cell["execution.lag"]]
                new = self.basket(cell, decided, held, self.stuck[before])
                paid = cost_of(held, new, before) if begun else 0.0
                held, begun = new, True
            grown = {code: value * self.worth[day][code] / self.worth[before][code] for code, value in held.items()}
            returns.append(sum(grown.values()) / sum(held.values()) * (1.0 - paid) - 1.0 if held else 0.0)
            held = grown
        return returns

    def basket(
        self, cell: dict[str, Any], decided: pd.Timestamp, held: dict[str, float], stuck: tuple[set[str], set[str]]
    ) -> dict[str, float]:
        """The weights of the basket that is formed. ``stuck``: the codes that cannot be bought, and cannot be sold."""
        basket = set(self.ranked[decided][: cell["small.count"]])
        if cell["small.trading"] == "limits":
            dear, cheap = stuck
            basket = (basket - (dear - set(held))) | (set(held) & cheap)
        new = {code: self.weight(code, decided, cell["small.weights"]) for code in sorted(basket)}
        total = sum(new.values())
        return {code: weight / total for code, weight in new.items()}

    def weight(self, code: str, decided: pd.Timestamp, weights: str) -> float:
        """1, or the last known market value; of a stock that has left, that of its last row."""
        if weights == "equal":
            return 1.0
        days = [day for day in DAYS if day <= decided and code in self.rows[day]]
        row = self.rows[days[-1]][code]
        return float(row["close"] * row["shares"])


def cost_of(held: dict[str, float], new: dict[str, float], day: pd.Timestamp, rate: float = 0.003) -> float:
    """The cost of trading on a day from what is held, by value, to the new weights: a share of NAV."""
    tax, nav = 0.004 if day < pd.Timestamp("2020-02-14") else 0.001, sum(held.values())
    changes = [new.get(code, 0.0) - held.get(code, 0.0) / nav for code in {*new, *held}]
    return sum(rate * change if change > 0 else -(rate + tax) * change for change in changes)
