"""Which legs' prices the signals of a study read: by the names of the files, and by the data."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.kernels.metrics import is_flat
from gridproof.results.run.statistics_record import PriceReadRecord
from gridproof.signals.data.market import Market
from gridproof.signals.data.source import Observations
from gridproof.sweeps.plan.plan import Plan
from gridproof.sweeps.study.series_spec import SeriesSpec

# A series whose changes have at least this correlation with a leg's returns counts as the leg's price. In 700 markets
# of 2,000 days without any effect, shifts answered "yes" for rules that buy after a fall of an asset in 9 % where its
# correlation with the leg is 0.95 to 1, in 8 % at 0.9, 7 % at 0.7 and 6 % at 0.5; for rules that follow its trend in
# 0 % at 0.9 and above, 1 % at 0.7 and 2 % at 0.5. Random signs did in 5.0 and 5.8 % at 0.9, of 500 markets.
CORRELATED = 0.9

# In place of the series: where a signal is made of the columns of the panel from which the leg selects, and where a
# stop watches the leg's price, or the NAV that it makes.
PANEL, STOP, NAV = "panel", "stop", "nav"

# With fewer changes in sample a correlation says little.
_FEWEST = 60


@dataclass(frozen=True)
class PriceRead:
    """A series that a signal reads, and the leg whose price it is.

    series: its name, or "panel" for a signal made of the columns of the panel from which the leg selects, or "stop"
    or "nav" where a stop reads the price or the strategy's own NAV. correlation: of the changes of the series with the
    returns of the leg; None where both are of the same rows or panel, and for a stop.
    """

    leg: str
    series: str
    correlation: float | None

    def record(self) -> PriceReadRecord:
        return {"leg": self.leg, "series": self.series, "correlation": self.correlation}


def prices_read(plan: Plan, market: Market) -> tuple[PriceRead, ...]:
    """The prices of legs that the signals of a plan's study read, by leg, then by series.

    A series is a leg's price if it has the leg's rows: those of the same file, sheet, code and filter, in any column
    and however the path is written. It is also one if in sample its changes, from one observation to the next, have a
    correlation of at least 0.9 or at most −0.9 with the leg's returns: the same asset in another file, an index of the
    stocks that a leg selects, an asset that moves with the leg. A signal made of columns of the panel reads the price
    of every leg that selects from it, by construction, and a stop under any execution that of every leg; so
    does one on the NAV, which is made of these prices.
    """
    study, specs = plan.study, plan.study.spec.series
    names = list(dict.fromkeys(name for signal in study.signals for name in signal.series))
    of_panel = any(study.graph.facts[at].columns for signal in study.signals for at in signal.nodes)
    space = study.space
    payoff = plan.problem.payoff_of[space.execution(space.base_index)]
    restrictions = plan.problem.restrictions
    stops = []
    if restrictions is not None:
        stops += [STOP] if (restrictions.stop_of >= 0).any() else []
        stops += [NAV] if restrictions.nav is not None else []
    found = []
    for place, leg in enumerate(study.legs):
        if leg.cash:
            continue
        found += [PriceRead(leg.name, stop, None) for stop in stops]
        if of_panel and leg.selection is not None:
            found.append(PriceRead(leg.name, PANEL, None))
        returns = plan.problem.returns[payoff, place, : plan.days_in_sample]
        for name in names:
            if leg.series is not None and same_rows(specs[name], specs[leg.series]):
                found.append(PriceRead(leg.name, name, None))
                continue
            correlation = _correlation(plan, market.series[name], returns)
            if correlation is not None and abs(correlation) >= CORRELATED:
                found.append(PriceRead(leg.name, name, correlation))
    return tuple(found)


def same_rows(one: SeriesSpec, other: SeriesSpec) -> bool:
    """Whether two series are columns of the same rows of a file."""
    return _rows(one) == _rows(other)


def _rows(one: SeriesSpec) -> tuple[str, str | None, frozenset[str]]:
    """The file, the sheet, and the values that its rows have. ``code: A`` keeps the rows of ``where: {column: A}``."""
    kept = [one.code, *(one.where or {}).values()]
    file = posixpath.normpath(one.file.replace("\\", "/"))
    return file, one.sheet, frozenset(str(value) for value in kept if value is not None)


def _correlation(plan: Plan, observed: Observations, returns: Floats) -> float | None:
    """Of the changes of a series with a leg's returns (T,), from one observation in sample to the next.

    None where there are fewer than 60, or one of the two does not vary. An observation counts at the close of its day.
    """
    days = plan.days[: plan.days_in_sample]
    places = np.searchsorted(days, observed.dates, side="right") - 1
    inside = (places >= 0) & (observed.dates <= days[-1]) & np.isfinite(observed.values)
    last = np.flatnonzero(np.diff(places[inside], append=-2) != 0)  # of several on a day, or before the next day
    places, values = places[inside][last], observed.values[inside][last]
    if len(values) <= _FEWEST:
        return None
    changes = np.diff(np.log(values)) if (values > 0.0).all() else np.diff(values)
    grown = np.concatenate([[0.0], np.cumsum(np.log1p(np.maximum(returns, -0.999999)))])
    earned = np.diff(grown[places + 1])
    if any(is_flat(one.var(), (one**2).mean()) for one in (changes, earned)):
        return None
    return float(np.corrcoef(changes, earned)[0, 1])
