"""A panel of a few series, each of which is a stock."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from gridproof.kernels.errors import InputError
from gridproof.signals.data.market import Market
from gridproof.signals.data.panel.panel import Panel

# The one column of such a panel.
CLOSE = "close"


def panel_of_series(names: Sequence[str], market: Market, where: str) -> Panel:
    """The closes of these series on the days of the calendar; their names are the codes.

    A series has a row on each day that has a value of its own: nothing is filled forward. Raises InputError for a
    monthly series.
    """
    codes = sorted(names)
    for name in codes:
        if market.series[name].monthly:
            rule, remedy = "the series of a panel have a close on every trading day", "Leave it out"
            raise InputError(rule, f"{name}, which is monthly", where, remedy)
    closes = np.stack([market.closes(name) for name in codes], axis=1)
    place = np.flatnonzero(np.isfinite(closes))
    digest = hashlib.sha256("\n".join(codes).encode()).hexdigest()
    return Panel(
        ", ".join(codes), market.calendar, tuple(codes), place, {CLOSE: lambda: closes.flat[place]}, where, digest
    )
