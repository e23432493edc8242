"""A small synthetic market and a study on it: 600 business days from 2020, drawn once and for all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gridproof.sweeps.study.document import Document, parse_value
from gridproof.sweeps.study.study import Study, build_study

DAYS = 600


def write_market(folder: Path) -> None:
    """Two daily indices (index.csv, codes 000300 and 000852), a daily yield and a monthly growth with its releases."""
    rng = np.random.default_rng(7)
    days = pd.bdate_range("2020-01-01", periods=DAYS)
    noise = rng.normal(0.0, 0.01, (2, DAYS))
    indices = [
        pd.DataFrame({"date": days.date, "code": code, "close": 1000.0 * np.exp(np.cumsum(0.0003 + moves))})
        for code, moves in (("000300", noise[0]), ("000852", 0.8 * noise[0] + 0.9 * noise[1]))
    ]
    pd.concat(indices).round(4).to_csv(folder / "index.csv", index=False)
    rate = 3.0 * np.exp(np.cumsum(rng.normal(0.0, 0.012, DAYS)))
    pd.DataFrame({"date": days.date, "y10": rate}).round(4).to_csv(folder / "yield.csv", index=False)
    months = pd.date_range("2019-01-31", days[-1], freq="ME")
    growth = 8.0 + np.cumsum(rng.normal(0.0, 1.0, len(months)))
    released = months + pd.Timedelta(days=17)
    money = pd.DataFrame({"month": months.date, "usable_from": released.date, "m1": growth})
    money.round(2).to_csv(folder / "money.csv", index=False)


def study_text() -> str:
    """A valid study on this market, 288 variants, a key a line."""
    return """\
name: small
title: A study for tests
market: {calendar: large}
series:
  large: {file: index.csv, code: 000300, field: close}
  small: {file: index.csv, code: 000852, field: close}
  rate10: {file: yield.csv, field: y10, release: [0, 1]}
  m1: {file: money.csv, date: month, field: m1, release: usable_from}
legs:
  small: {series: small, cost: 0.0005}
  large: large
  cash: {interest: 0.01}
signals:
  rate:
    value: >-
      pct_change(rate10, window)
    window: [20, 40]
    latch:
      on_above: [0.05, 0.10]
      off_below: {from: -0.10, to: 0.00, step: 0.05}
  trend:
    value: >-
      small / large / mean(small / large, window) - 1
    window: {from: 20, to: 60, step: 20}
  fork:
    when: {small: "relative_slope(small, window) > 0 and relative_slope(large, window) < 0",
           large: "relative_slope(small, window) < 0 and relative_slope(large, window) > 0"}
    window: {same_as: trend.window}
  growth:
    when: >-
      turning_point(m1, smooth, confirm, direction)
    smooth: 3
    confirm: 1
    direction: peak
rule:
  cash: rate and not fork.small
  small: growth or fork.small or (trend and not fork.large)
  large: otherwise
execution:
  lag: [1, 2]
  cost: [0.0, 0.001]
window:
  from: 2020-07-01
  published: 2021-07-01
  to: 2022-03-31
objective: sharpe
base:
  rate.window: 20
  rate.on_above: 0.05
  rate.off_below: -0.05
  rate10.release: 1
  trend.window: 40
  lag: 1
  execution.cost: 0.001
"""


def raw_study() -> dict[str, Any]:
    raw: dict[str, Any] = parse_value(study_text())
    return raw


def study_of(raw: dict[str, Any]) -> Study:
    return build_study(Document("study.yaml", raw, {}))


# The series of a monitor or study that reads the files of ``write_market``.
MARKET_SERIES: dict[str, Any] = {
    "index": {"file": "index.csv", "code": "000300", "field": "close"},
    "other": {"file": "index.csv", "code": "000852", "field": "close"},
    "y10": {"file": "yield.csv", "field": "y10", "release": "1 day"},
    "m1": {"file": "money.csv", "date": "month", "field": "m1", "release": "usable_from"},
}
