"""Random studies of ``plain_study`` in which one leg is a selection of stocks, whose value a plain loop follows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.support.plain_account import COLUMNS, DAYS, FIRST, Expected, write_frames
from tests.support.plain_study import random_raw, run

STOCKS = 12
_RNG = np.random.default_rng(77)
CLOSES = 10.0 * np.exp(np.cumsum(_RNG.normal(0.0003, 0.03, (len(DAYS), STOCKS)), axis=0))
OPENS = np.vstack([CLOSES[:1], CLOSES[:-1]]) * np.exp(_RNG.normal(0.0, 0.01, CLOSES.shape))
SIZES = CLOSES * _RNG.uniform(1.0, 3.0, STOCKS)
TAX = {"2019-11-04": 0.004}


def write_market(folder: Path, until: int | None = None) -> Path:
    """The three series and the panel."""
    days, stocks = np.indices(CLOSES.shape)
    columns = {"close": CLOSES, "open": OPENS, "size": SIZES}
    table = pd.DataFrame({"date": DAYS[days.ravel()], "code": [f"{600000 + stock}.SH" for stock in stocks.ravel()]})
    table = table.assign(**{name: values.ravel() for name, values in columns.items()})
    table[table.date.isin(DAYS[:until])].to_parquet(folder / "panel.parquet", index=False)
    return write_frames(folder, until)


def raw_of(seed: int) -> dict[str, Any]:
    """A random study whose leg b is a selection."""
    rng = np.random.default_rng(seed)
    return selecting(random_raw(rng), rng)


def selecting(raw: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """A study of ``random_raw`` whose leg b becomes a selection. Costs of size and lows are for legs with a series."""
    chosen = {"lowest": "size", "count": int(rng.integers(1, 6)), "every": int(rng.integers(1, 9))}
    raw["panel"] = {"file": "panel.parquet", "fields": {"close": "close", "open": "open", "size": "size"}}
    raw["legs"]["b"] = {"select": chosen, "cost": 0.0005, "stamp_tax": TAX}
    for key in ("impact", "impact_power", "amount"):
        del raw["legs"]["c"][key]
    for leg in "ac":
        raw["legs"][leg].pop("amount", None)
    raw["execution"]["stop_on"] = "close"
    del raw["execution"]["capital"], raw["execution"]["min_commission"]
    return raw


def expected(raw: dict[str, Any]) -> Expected:
    """The account of ``plain_study``, with the value of the selection as the prices of its leg."""
    return run(raw, {**COLUMNS, "b": _prices(raw)})


def _prices(raw: dict[str, Any]) -> dict[str, list[float]]:
    """The value of one unit that is held throughout, at opens and closes."""
    execution, select = raw["execution"], raw["legs"]["b"]["select"]
    at_open, rate = execution["at"] == "open", execution["cost"] + raw["legs"]["b"]["cost"]
    first, nav, shares, cash = int(np.searchsorted(DAYS, pd.Timestamp(FIRST))), 1.0, np.zeros(STOCKS), 1.0
    found = {key: np.full(len(DAYS), 1.0) for key in ("close", "open", "low", "amount")}
    for day in range(first, len(DAYS)):
        if (day - first) % select["every"] == 0:
            price, on = (OPENS[day], day) if at_open else (CLOSES[day - 1], day - 1)
            nav = float(shares @ price) + cash
            chosen = np.argsort(SIZES[day - execution["lag"]], kind="stable")[: select["count"]]
            target = np.zeros(STOCKS)
            target[chosen] = 1.0 / select["count"]
            change = target - shares * price / nav
            tax = 0.004 if DAYS[on] >= pd.Timestamp("2019-11-04") else 0.0
            paid = rate * np.maximum(change, 0.0).sum() + (rate + tax) * np.maximum(-change, 0.0).sum()
            paid = 0.0 if day == first else paid
            if at_open:  # before the trade
                found["open"][day] = nav
            shares, cash = target * nav * (1.0 - paid) / price, 0.0
            if not at_open:
                found["open"][day] = float(shares @ OPENS[day])
        else:
            found["open"][day] = float(shares @ OPENS[day])
        found["close"][day] = float(shares @ CLOSES[day])
    return {key: values.tolist() for key, values in found.items()}
