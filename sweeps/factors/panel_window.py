"""The panel of a factor study on the days of its window: what stocks are worth, and formulas as they were known."""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Bools, Floats
from gridproof.kernels.errors import InputError
from gridproof.kernels.panel.backend import PanelBackend
from gridproof.kernels.panel.ranking import Columns
from gridproof.signals.data.column.dates import Dates
from gridproof.signals.data.market import Market
from gridproof.signals.data.panel.panel import carried
from gridproof.signals.expression.panel import PanelValues
from gridproof.sweeps.factors.data import FactorData
from gridproof.sweeps.factors.study import FactorStudy
from gridproof.sweeps.factors.variant import Control, Universe

# A residual below this part of the deviations of what was neutralised is its rounding error.
NOTHING_LEFT = 1e-8


class PanelWindow:
    """T days of the window and S stocks.

    A day is a close at which positions are formed: they earn from the next day on. What decides them is known
    ``lag`` − 1 days before it, so a lag of 1 uses the same close.

    ``value``: (T, S) as in ``kernels.panel.ranking.checked_value``.
    """

    def __init__(self, study: FactorStudy, data: FactorData, backend: PanelBackend) -> None:
        panel, periods, where = data.panel, study.spec.market.periods, study.where("panel")
        self._groups, self._backend, self._late = data.groups, backend, study.spec.lag - 1
        self._first, self._last = _find_window(study, panel.dates, self._late)
        self.dates: Dates = panel.dates[self._first : self._last + 1]
        market = Market(panel.dates[: self._last + 1], {}, panel=panel)
        self._values = PanelValues(study.panel.formulas.graph, market, self._last, periods, where=where)
        close = self._all_days(study.panel.close)
        traded = close > 0.0
        self._priced: Bools = traded[self._decided]
        if study.panel.traded is not None:
            traded = traded & (self._all_days(study.panel.traded) == 1.0)
        self.value: Floats = np.ascontiguousarray(carried(close, traded)[self._first :])
        self._universe: tuple[str, Bools] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        days, stocks = self.value.shape
        return days, stocks

    def known(self, node: int) -> Floats:
        """The values of a formula that decide the positions of each day, (T, S); NaN where unknown or infinite."""
        values = self._all_days(node)[self._decided]
        return np.where(np.isfinite(values), values, np.nan)

    def members(self, universe: Universe) -> Bools:
        """(T, S) whether a stock is in the universe: it has a row, a close above 0, and fulfils the condition."""
        if self._universe is None or self._universe[0] != universe.name:
            inside = self._priced & ~np.isnan(self.value)
            if universe.condition is not None:
                inside &= self._all_days(universe.condition)[self._decided] == 1.0
            self._universe = universe.name, inside
        return self._universe[1]

    def group(self, name: str | None) -> tuple[Columns, int]:
        """(T, S) int32 the group of each stock on the day that decides, −1 where unknown; and how many groups.

        None: one group of all stocks.
        """
        if name is None:
            return np.zeros(self.shape, dtype=np.int32), 1
        found = self._groups[name]
        number = found.number[self._decided] if found.number.ndim == 2 else found.number
        return np.ascontiguousarray(np.broadcast_to(number, self.shape)), len(found.names)

    def neutral(self, factor: Floats, control: Control) -> Floats:
        """The residual of a factor, regressed each day on what it is neutralised by, with equal weights.

        Stocks without a known control are unknown, and so are all of a day on which the controls are collinear or
        explain the factor to its last digits.
        """
        if not control.groups and not control.exposures:
            return factor
        exposures = np.empty((len(control.exposures), *self.shape))
        for place, node in enumerate(control.exposures):
            exposures[place] = self.known(node)
        group, groups = self.group(control.groups[0] if control.groups else None)
        equal = np.ones(self.shape)
        found = self._backend.regress(factor, exposures, group, groups, equal).residuals
        with np.errstate(invalid="ignore"):
            before = np.where(
                np.isnan(found), 0.0, factor - np.nanmean(factor, axis=1, keepdims=True, where=~np.isnan(found))
            )
            left, size = np.nansum(found**2, axis=1), (before**2).sum(axis=1)
        found[left <= NOTHING_LEFT**2 * size] = np.nan
        return found

    @property
    def _decided(self) -> slice:
        """The days that decide, of those from the panel's first to the window's last."""
        return slice(self._first - self._late, self._last + 1 - self._late)

    def _all_days(self, node: int) -> Floats:
        return self._values.of(node)


def _find_window(study: FactorStudy, dates: Dates, late: int) -> tuple[int, int]:
    """The positions of the window's first and last day in the panel. Raises InputError where it does not cover them."""
    window = study.spec.window
    first = int(np.searchsorted(dates, np.datetime64(window.from_)))
    last = len(dates) - 1
    if window.to is not None:
        last = int(np.searchsorted(dates, np.datetime64(window.to), side="right")) - 1
    rule, runs = "the panel must cover the window", f"the panel runs {dates[0]} to {dates[-1]}"
    if np.datetime64(window.from_) < dates[0] or first < late or first >= len(dates):
        remedy = "Set window.from within it" + ", and by the lag after its first day" * (late > 0)
        raise InputError(rule, f"{window.from_}, {runs}", study.where("window", "from"), remedy)
    if window.to is not None and np.datetime64(window.to) > dates[-1]:
        raise InputError(rule, f"{window.to}, {runs}", study.where("window", "to"), "Set window.to to its last day")
    if last - first + 1 < 20:
        rule, value = "a factor study needs 20 days or more", f"{last - first + 1}"
        raise InputError(rule, value, study.where("window"), "Lengthen the window")
    return first, last
