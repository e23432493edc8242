"""The days of random calls of the language's operators."""

from __future__ import annotations

import numpy as np

from gridproof.signals.expression.operators.declaration import Calendar
from gridproof.signals.expression.timeline import calendar_of


def calendar(count: int) -> Calendar:
    """The weekdays from 2 January 2006 on, without every 23rd: no day of the month is always a trading day."""
    days = np.busday_offset(np.datetime64("2006-01-02"), np.arange(count * 23 // 22 + 2))
    kept = np.delete(days, np.arange(22, len(days), 23))[:count]
    return calendar_of(kept, 243.0)
