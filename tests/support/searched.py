"""A study to be searched: alternative rules, signals that may be off, ties, ranges of every kind, monthly and daily."""

from __future__ import annotations

import copy
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from gridproof.signals.data.market import Market
from gridproof.sweeps.plan.study_market import market_of
from gridproof.sweeps.study.document import parse_value
from gridproof.sweeps.study.study import Study
from tests.support.market import raw_study, study_of, write_market

SIGNALS = """\
rate:
  value: pct_change(rate10, window)
  use: [on, off]
  window: {from: 20, to: 60, count: 5, search: integer}
  latch:
    on_above: {from: 0.00, to: 0.10, step: 0.05}
    off_gap: {from: 0.00, to: 0.10, count: 3, search: continuous}
trend:
  value: small / large / mean(small / large, window) - 1
  use: [on, off]
  window: {from: 10, to: 80, count: 4, scale: log, search: integer}
  latch: {on_above: [-0.01, 0.00, 0.01]}
fork:
  when:
    small: relative_slope(small, window) > 0 and relative_slope(large, window) < 0
    large: relative_slope(small, window) < 0 and relative_slope(large, window) > 0
  window: {same_as: trend.window}
growth:
  when: turning_point(m1, smooth, confirm, direction)
  smooth: [1, 3]
  confirm: 1
  direction: peak
"""
RULES = """\
rotate:
  small: fork.small or (trend and not fork.large)
  large: otherwise
guarded:
  cash: rate and not fork.small
  small: growth or fork.small or (trend and not fork.large)
  large: otherwise
patient:
  cash: rate and not trend
  small: trend and not rate
  hold: otherwise
"""
BASE: dict[str, Any] = {
    "rule": "guarded",
    "rate.use": "on",
    "rate.window": 25,
    "rate.on_above": 0.05,
    "rate.off_gap": 0.03,
    "trend.use": "on",
    "trend.window": 40,
    "trend.on_above": 0.0,
    "growth.smooth": 3,
    "rate10.release": 1,
    "lag": 1,
    "execution.cost": 0.001,
}


def raw_searched() -> dict[str, Any]:
    raw = raw_study()
    del raw["rule"]
    return raw | {"signals": parse_value(SIGNALS), "rules": parse_value(RULES), "base": copy.deepcopy(BASE)}


@cache
def searched() -> Study:
    return study_of(raw_searched())


@cache
def small_market() -> Market:
    with TemporaryDirectory() as folder:
        write_market(Path(folder))
        return market_of(searched(), folder)
