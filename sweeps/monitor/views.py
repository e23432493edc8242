"""The markets of a monitor and of its studies, and what was measured on them as of a day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gridproof.kernels.arrays import Bools, Ints
from gridproof.kernels.backend import Backend
from gridproof.kernels.errors import InputError
from gridproof.results.monitor.record import InputRecord
from gridproof.signals.data.market import Market, load_market
from gridproof.signals.data.release import Release
from gridproof.signals.data.series import read
from gridproof.signals.data.source import Observations, Source
from gridproof.signals.expression.evaluate import ExpressionEvaluator
from gridproof.sweeps.monitor.freshness import are_current, estimate_age, input_record
from gridproof.sweeps.monitor.measure import Measured, measure
from gridproof.sweeps.monitor.monitor import Monitor, MonitorReading
from gridproof.sweeps.plan.model_series import with_models
from gridproof.sweeps.plan.operator_checks import check_signal_operators
from gridproof.sweeps.plan.signal_values import evaluator_of, releases_of
from gridproof.sweeps.plan.window import check_year
from gridproof.sweeps.study.signal_set import SignalSet
from gridproof.sweeps.study.study import Study


class Markets:
    """The market of the monitor and of each study, read once; a series of several of them is read once.

    ``data``: the folder of all files; None: the market.path of each.
    """

    def __init__(self, monitor: Monitor, data: str | Path | None) -> None:
        self.monitor, self._data = monitor, data
        self._markets: dict[int, tuple[Market, dict[str, InputError]]] = {}
        self._read: dict[tuple[Source, Path | None], Observations] = {}

    def of(self, owner: Monitor | Study) -> tuple[Market, dict[str, InputError]]:
        """Returns the market, and the errors of the series that cannot be read. Raises InputError for the calendar."""
        if id(owner) not in self._markets:
            faults: dict[str, InputError] = {}
            place = self.folder(owner)
            market = load_market(owner.sources(), owner.spec.market.calendar, place, faults, self._observations)
            self._markets[id(owner)] = market, faults
        return self._markets[id(owner)]

    def folder(self, owner: Monitor | Study) -> Path | None:
        """Where the files of the monitor or of a study are read."""
        folder = self._data if self._data is not None else owner.spec.market.path
        return None if folder is None else Path(folder)

    def _observations(self, source: Source, folder: Path | None) -> Observations:
        key = replace(source, name="", where=""), folder
        if key not in self._read:
            self._read[key] = read(source, folder)
        return replace(self._read[key], source=source)

    def inputs(self, reading: MonitorReading, market: Market, on: np.datetime64) -> list[InputRecord]:
        """Returns how current each series of a reading is on a day, and its calendar. ``market``: as of that day.

        Raises InputError for a monthly or slower series without a release, as a study does.
        """
        owner, found = reading.owner, list[InputRecord]()
        releases = releases_of(owner, reading.signal, owner.base)
        for name in dict.fromkeys([*reading.signal.series, owner.spec.market.calendar]):
            estimated = owner.spec.series[name].model is not None  # its values are known on their dates
            monthly = market.series[name].monthly and not estimated
            if monthly and name not in releases and name in reading.signal.series:
                rule = "a monthly or slower series needs its release"
                remedy = "Add release: a date column, or N calendar days"
                raise InputError(rule, f"no release of {name}", owner.where("series", name), remedy)
            one = input_record(market, name, releases.get(name, Release()), on, self._allowed(owner, name))
            found.append({**one, "name_zh": self.monitor.spec.names_zh.get(name, name)})
        return found

    def current(self, reading: MonitorReading, market: Market, at: Ints) -> Bools:
        """(n,) bool: whether all series of a reading were current on days of the calendar, (n,) positions."""
        releases = releases_of(reading.owner, reading.signal, reading.owner.base)
        found = np.ones(len(at), dtype=np.bool_)
        for name in reading.signal.series:
            found &= are_current(market, name, releases.get(name, Release()), at, self._allowed(reading.owner, name))
        return found

    def _allowed(self, owner: SignalSet, name: str) -> int | None:
        """How many trading days a value of a series stays current, where the monitor or its model says so."""
        if name in self.monitor.spec.current:
            return self.monitor.spec.current[name]
        model = owner.spec.series[name].model
        return None if model is None else estimate_age(owner.spec.models[model])


@dataclass(frozen=True, slots=True)
class View:
    """A market as of a day. ``faults``: of the series that cannot be read."""

    market: Market
    evaluator: ExpressionEvaluator
    faults: dict[str, InputError]


class Views:
    """All markets as of one day, and the readings measured on them; each is made once."""

    def __init__(self, markets: Markets, on: np.datetime64, backend: Backend) -> None:
        self.markets, self.on, self.backend = markets, on, backend
        self._views: dict[int, View] = {}
        self._measured: dict[str, Measured] = {}

    def of(self, reading: MonitorReading) -> View:
        """Raises InputError where the calendar of the reading's study cannot be read, or begins later."""
        owner = self.markets.monitor if reading.study is None else reading.study
        if id(owner) not in self._views:
            market, faults = self.markets.of(owner)
            market, faults = market.until(self.on), dict(faults)
            if len(market.calendar) < 2:
                rule = "a reading needs two trading days of its calendar"
                where = owner.where("market", "calendar")
                raise InputError(rule, f"{len(market.calendar)} up to {self.on}", where, "Give a later date")
            check_year(owner, market)
            market = with_models(owner, market, self.markets.folder(owner), faults)
            self._views[id(owner)] = View(market, evaluator_of(owner, market, len(market.calendar) - 1), faults)
        return self._views[id(owner)]

    def measured(self, reading: MonitorReading) -> Measured:
        """Raises InputError where the reading cannot be computed, or an operator of the user's own looks ahead."""
        if reading.name not in self._measured:
            self._check(reading)
            self._measured[reading.name] = measure(reading, self.of(reading).evaluator, self.backend)
        return self._measured[reading.name]

    def measured_cell(self, reading: MonitorReading) -> Measured:
        """The same of a cell of a board. Cells have no states, and equal formulas are computed once."""
        self._check(reading)
        return measure(reading, self.of(reading).evaluator, self.backend)

    def _check(self, reading: MonitorReading) -> None:
        owner = self.markets.monitor if reading.study is None else reading.study
        market = self.of(reading).market
        check_signal_operators(owner, reading.signal, market, len(market.calendar) - 1, owner.operators)
