"""Stocks with opening prices at their limits, and a plain simulation of selections that are formed at the open."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np
import pandas as pd

from tests.support import limit_trading
from tests.support.limit_trading import CENT, Simulation, ceiling, cost_of, limited_table, limits_reached
from tests.support.selections import DAYS, FROM, TO

FIELDS = {**limit_trading.FIELDS, "open": "open * factor"}


def opened_table(seed: int = 5, stocks: int = 12, unknown: float = 0.02) -> pd.DataFrame:
    """``limited_table`` with raw opens, many at a limit, some of them unknown."""
    rng = np.random.default_rng(seed + 1)
    table = limited_table(seed, stocks).sort_values(["code", "date"])
    opens = []
    for _, own in table.groupby("code"):
        last, factor = Decimal(str(own.close.iloc[0])), float(own.factor.iloc[0])
        for row in own.to_dict("records"):
            before = (last * Decimal(factor) / Decimal(row["factor"])).quantize(CENT, ROUND_HALF_UP)
            percent = 5 if row["st"] == 1 else 10
            wish = (before * Decimal(float(np.exp(rng.normal(0.0, 0.09))))).quantize(CENT, ROUND_HALF_UP)
            found = float(min(max(wish, ceiling(before, percent, -1)), ceiling(before, percent, 1)))
            opens.append(0.0 if rng.random() < unknown else row["close"] if row["suspended"] else found)
            last, factor = Decimal(str(row["close"])), row["factor"]
    return table.assign(open=opens)


def raw(at: Any = ("close", "open"), **select: Any) -> dict[str, Any]:
    """The study of ``limit_trading`` with the open as an axis."""
    found = limit_trading.raw(**select)
    found["panel"]["fields"] = FIELDS
    found["execution"]["at"] = list(at) if isinstance(at, tuple) else at
    found["base"]["execution.at"] = at[0] if isinstance(at, tuple) else at
    return found


class OpenSimulation(Simulation):
    """Baskets are formed at the open: the old one earns the night, the new one the day."""

    def __init__(self, table: pd.DataFrame) -> None:
        super().__init__(table)
        self.opening: dict[pd.Timestamp, dict[str, float]] = {}
        self.stuck_at_open: dict[pd.Timestamp, tuple[set[str], set[str]]] = {}
        worth: dict[str, float] = {}
        for day in DAYS:
            rows, dear, cheap, opening = self.rows[day], set(self.codes), set(self.codes), dict(worth)
            for code in self.codes:
                row = rows.get(code)
                if row is None:
                    if day > self.last_row[code]:
                        cheap.discard(code)
                    continue
                if row["suspended"]:
                    continue
                if row["open"] > 0.0:
                    opening[code] = row["open"] * row["factor"]
                    if code in worth:
                        up, down = limits_reached(row, row["open"], worth[code])
                        dear -= set() if up else {code}
                        cheap -= set() if down else {code}
                worth[code] = row["close"] * row["factor"]
            self.opening[day], self.stuck_at_open[day] = opening, (dear, cheap)

    def nights_and_net(self, cell: dict[str, Any], rate: float = 0.003) -> tuple[list[float], list[float]]:
        """What the leg earns from the close before to the open, and in the whole day after the costs at the open."""
        held: dict[str, float] = {}
        begun, nights, returns, first = False, [], [], DAYS.get_loc(FROM)
        for number in range(DAYS.get_loc(TO) + 1 - first):
            day, before, paid = DAYS[first + number], DAYS[first + number - 1], 0.0
            opened = {code: value * self.opening[day][code] / self.worth[before][code] for code, value in held.items()}
            night = sum(opened.values()) / sum(held.values()) - 1.0 if held else 0.0
            held = opened
            if number % cell["small.every"] == 0:
                decided = DAYS[first + number - cell["execution.lag"]]
                new = self.basket(cell, decided, held, self.stuck_at_open[day])
                paid = cost_of(held, new, day, rate) if begun else 0.0
                held, begun = new, True
            closed = {code: value * self.worth[day][code] / self.opening[day][code] for code, value in held.items()}
            rest = sum(closed.values()) / sum(held.values()) if held else 1.0
            nights.append(night)
            returns.append((1.0 + night) * (1.0 - paid) * rest - 1.0)
            held = closed
        return nights, returns
