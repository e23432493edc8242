"""The ground of a search: a study on its market, in sample only, with what its trials share measured once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from gridproof.kernels.arrays import Array
from gridproof.kernels.backend import Backend
from gridproof.kernels.errors import InputError
from gridproof.kernels.paths import merge, pack
from gridproof.kernels.problem import Jobs
from gridproof.signals.catalogue import Reading
from gridproof.signals.data.market import Market
from gridproof.sweeps.plan.plan import Plan, StudyLayout, lay_out
from gridproof.sweeps.plan.signal_paths import PathTable, first_day, latch_pairs, signal_states
from gridproof.sweeps.search.objectives import PARTS
from gridproof.sweeps.search.timed_backend import KernelClock, metered
from gridproof.sweeps.study.signal import Signal
from gridproof.sweeps.study.study import Study
from gridproof.sweeps.study.values import Value

# Bytes of paths and readings that are kept for later trials.
_KEPT = 512 * 2**20


class SearchContext:
    """``days``: of the window, from its first, that the search may see: at most those before publication.

    ``clock``: counts the time spent in the kernels.
    """

    def __init__(
        self, study: Study, market: Market, backend: Backend, days: int | None = None, clock: KernelClock | None = None
    ) -> None:
        space = study.space
        imposed = {axis.name: (study.base[axis.name],) for axis in space.axes[len(space.axes) - space.executing :]}
        self.study = replace(study, space=space.narrowed(imposed))
        self.clock = clock or KernelClock()
        self.backend = metered(backend, self.clock)
        self.layout = lay_out(self.study, market)  # with what came after publication, which a search does not see
        self.days = int(self.layout.problem.bounds[1]) if days is None else days
        if self.days < 2 * PARTS:
            rule, remedy = f"a search sees {2 * PARTS} days or more", "Begin the window earlier"
            raise InputError(rule, f"{self.days} in sample", study.where("window"), remedy)
        self.whole = _within(self.layout, np.array([0, self.days]))
        self.parts = _within(self.layout, np.linspace(0, self.days, PARTS + 1).astype(np.int64))
        self._tables: OrderedDict[tuple[object, ...], PathTable] = OrderedDict()
        self._readings: dict[tuple[object, ...], Reading] = {}
        self._bytes = 0

    def part(self, values: Mapping[str, Sequence[Value]]) -> Study:
        """The part of the study with these values on its axes."""
        return replace(self.study, space=self.study.space.narrowed(values))

    def tables(self, part: Study) -> list[PathTable]:
        """The paths of every signal of a part. Raises InputError where a signal is not defined in time."""
        found = []
        for signal in part.signals:
            axes = [part.space.axes[place] for place in part.space.uses[signal.name]]
            key = (signal.name, *(axis.values for axis in axes))
            if key not in self._tables:
                self._tables[key] = self.whole.table(part, signal, self.backend)
                self._bytes += self._tables[key].distinct.nbytes
                while self._bytes > _KEPT and len(self._tables) > 1:
                    self._bytes -= self._tables.popitem(last=False)[1].distinct.nbytes
            self._tables.move_to_end(key)
            found.append(self._tables[key])
        return found

    def defined(self, choice: Mapping[str, Value], axis: str | None = None) -> bool:
        """Whether the signals of a variant, or those that an axis moves, are defined in time, and over all days."""
        space = self.study.space
        try:
            for signal in self.study.signals:
                if axis is None or space.names.index(axis) in space.uses[signal.name]:
                    deciding = sorted({space.owners[name] for name in signal.deciding})
                    self._reading(self.layout, signal, {name: choice[name] for name in deciding})
        except InputError:
            return False
        return True

    def points(self, layout: StudyLayout, columns: Mapping[str, Array]) -> tuple[Plan, Jobs, Array]:
        """Single variants. columns: for every axis (n,) values. Answers a plan, the distinct jobs of it, and of which
        job each of the n is. Raises InputError where a signal is not defined in time."""
        tables = [self._points_of(layout, signal, columns) for signal in self.study.signals]
        plan = layout.plan(self.study, tables, self.backend)
        count = len(next(iter(columns.values())))
        keys = np.stack([table.index for table in tables], axis=1) if tables else np.zeros((count, 0), dtype=np.int64)
        distinct, job_of = np.unique(keys.astype(np.int64), axis=0, return_inverse=True)
        jobs = Jobs(
            plan.rows(distinct), np.arange(len(distinct) + 1, dtype=np.int64), np.zeros(len(distinct), dtype=np.int64)
        )
        return plan, jobs, job_of.ravel()

    def _points_of(self, layout: StudyLayout, signal: Signal, columns: Mapping[str, Array]) -> PathTable:
        """index: (n,), the path of each point."""
        owners = self.study.space.owners
        deciding = sorted({owners[name] for name in signal.deciding})
        groups: dict[tuple[Value, ...], list[int]] = {}
        count = len(next(iter(columns.values())))
        rows = zip(*(columns[name] for name in deciding), strict=True) if deciding else [()] * count
        for number, row in enumerate(rows):
            groups.setdefault(row, []).append(number)
        index = np.empty(count, dtype=np.int64)
        pool, pooled = [], 0
        for row, members in groups.items():
            reading = self._reading(layout, signal, dict(zip(deciding, row, strict=True)))
            if reading.states is not None:
                paths, mine = pack(reading.states[:, layout.start : layout.stop])[None], np.zeros(len(members), int)
            else:
                levels = {owners[name]: columns[owners[name]][members] for name in signal.latch or ()}
                on, off = latch_pairs(self.study, signal, levels)
                pairs, mine = np.unique(np.stack([on, off], axis=1), axis=0, return_inverse=True)
                values = reading.values["value"][: layout.stop]
                paths = self.backend.latch_paths(
                    values, np.ascontiguousarray(pairs[:, 0]), np.ascontiguousarray(pairs[:, 1]), layout.start
                )[:, None]
            if self.study.rule.holds:
                known = pack(np.arange(layout.start, layout.stop) >= first_day(reading))[None, None]
                paths = np.concatenate([paths, np.broadcast_to(known, (len(paths), 1, known.shape[-1]))], axis=1)
            index[members] = mine.ravel() + pooled
            pool.append(paths)
            pooled += len(paths)
        distinct, inverse = merge(np.concatenate(pool))
        return PathTable(inverse[index], distinct)

    def _reading(self, layout: StudyLayout, signal: Signal, deciding: dict[str, Value]) -> Reading:
        key = (layout.stop, signal.name, *deciding.items())
        if key not in self._readings:
            chosen = {**self.study.base, **deciding}
            reading = signal_states(self.study, signal, layout.market, chosen, layout.window)
            if first_day(reading) > layout.needed:
                # The complaint, with the date from which it is defined.
                layout.table(self.part({name: (value,) for name, value in chosen.items()}), signal, self.backend)
            if len(self._readings) * len(layout.market.calendar) * 8 > _KEPT:
                self._readings.clear()
            self._readings[key] = reading
        return self._readings[key]


def _within(layout: StudyLayout, bounds: Array) -> StudyLayout:
    """The first days of a layout, as if nothing followed them: neither a fault of the data there nor how many paths
    differ there, and with it the form in which they are evaluated, may reach what is found."""
    days = int(bounds[-1])
    problem, window = layout.problem, replace(layout.window, last=layout.window.first + days - 1, published=None)
    stop = window.last + 1 - int(problem.lags.min())
    shorter = replace(
        problem,
        path_bits=np.zeros((1, -(-(stop - layout.start) // 64)), dtype=np.uint64),
        decision_days=stop - layout.start,
        returns=np.ascontiguousarray(problem.returns[:, :, :days]),
        costs=np.ascontiguousarray(problem.costs[..., :days]),
        bounds=bounds.astype(np.int64),
    )
    return replace(layout, problem=shorter, window=window, stop=stop)
