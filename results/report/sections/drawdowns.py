"""The worst drawdowns of the base, with dates, and what the benchmark lost from peak to trough."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridproof.results.performance.drawdowns import deepest_drawdowns
from gridproof.results.performance.performance import Performance
from gridproof.results.report.number_format import UNDEFINED, format_count, format_value

COUNT = 10


def drawdown_rows(performance: Performance) -> list[list[str]]:
    """Depth, peak, trough, recovery, days down, days in all, and the benchmark's return from peak to trough."""
    nav = pd.Series(np.cumprod(1.0 + performance.base.to_numpy()), index=performance.base.index)
    benchmark, dates = performance.benchmark.to_numpy(), pd.DatetimeIndex(nav.index)
    rows = []
    for one in deepest_drawdowns(nav, COUNT):
        inside = dates <= one.trough
        if one.peak is not None:
            inside &= dates > one.peak
        meanwhile = float(np.prod(1.0 + benchmark[inside]) - 1.0)
        rows.append(
            [
                format_value(one.depth, "percent"),
                "first day" if one.peak is None else _day(one.peak),
                _day(one.trough),
                "not yet" if one.recovery is None else _day(one.recovery),
                format_count(one.days_down),
                format_count(one.days),
                format_value(meanwhile, "percent"),
            ]
        )
    return rows or [[UNDEFINED] * 7]


def _day(when: pd.Timestamp) -> str:
    return when.strftime("%Y-%m-%d")
