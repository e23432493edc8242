"""Made-up funds whose positions in three indices are known, and the indices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

CODES = ["10", "20", "30"]
PLANTED = np.array([0.5, 0.3, 0.1])


def write_funds(folder: Path, until: str = "2021-12-31") -> Path:
    """Two active funds that hold PLANTED after 1 June and PLANTED reversed before, and one that holds all in one."""
    rng = np.random.default_rng(0)
    days = pd.bdate_range("2021-01-01", "2021-09-30")
    returns = rng.normal(0, 0.01, (len(days), 3))
    closes = 100 * np.cumprod(1 + returns, axis=0)
    held = np.where(np.asarray(days >= "2021-06-01")[:, None], PLANTED, PLANTED[::-1])
    own = {"a": (held * returns).sum(axis=1), "b": (held * returns).sum(axis=1), "c": returns[:, 0]}
    kept = days <= until
    names = [str(day.date()) for day in days[kept]]
    pd.DataFrame({"date": names, "close": closes[kept, 0]}).to_csv(folder / "index.csv", index=False)
    indices = [pd.DataFrame({"date": names, "code": code, "close": closes[kept, at]}) for at, code in enumerate(CODES)]
    pd.concat(indices).to_parquet(folder / "indices.parquet", index=False)
    funds = [pd.DataFrame({"date": names, "code": code, "percent": 100 * each[kept]}) for code, each in own.items()]
    pd.concat(funds).to_parquet(folder / "funds.parquet", index=False)
    pd.DataFrame({"code": list("abc"), "kind": ["active", "active", "index"]}).to_csv(folder / "list.csv", index=False)
    return folder
