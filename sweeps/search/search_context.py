"""The context of a search: the study on its market, in sample only, and what its trials share, measured once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from gridproof.kernels.arrays import Array, Floats, Ints, Words
from gridproof.kernels.backend import Backend
from gridproof.kernels.errors import InputError
from gridproof.kernels.paths import merge, pack
from gridproof.kernels.problem import Jobs, Work
from gridproof.results.axis_range import Value
from gridproof.signals.data.market import Market
from gridproof.sweeps.plan.drift import drift_tables
from gridproof.sweeps.plan.exits import ExecutionTables, restrictions_of
from gridproof.sweeps.plan.payoff import payoff_tables
from gridproof.sweeps.plan.plan import Plan, StudyLayout, execution_cells, lay_out
from gridproof.sweeps.plan.selections import check_schedules
from gridproof.sweeps.plan.signal_paths import PathTable, latch_pairs, latched_paths
from gridproof.sweeps.plan.signal_values import SignalValues, UndefinedSignalError, evaluator_of, read_signal
from gridproof.sweeps.plan.switches import switch_tables
from gridproof.sweeps.search.objectives import PARTS
from gridproof.sweeps.search.table_sizes import LAG, ExecutionSizes
from gridproof.sweeps.search.timed_backend import KernelClock, TimedEvaluator, timed
from gridproof.sweeps.study.signal import Signal
from gridproof.sweeps.study.study import Study

# Bytes of paths, and of readings, that are kept for later trials.
_CACHE_BYTES = 512 * 2**20
# Bytes of the tables of executions that are evaluated at once.
_TABLE_BYTES = 64 * 2**20


class BoundPlan(NamedTuple):
    """A plan, and the function that evaluates its work."""

    plan: Plan
    evaluate: Callable[[Work], Floats]


class PointPlan(NamedTuple):
    """Single variants as a plan. job_of: (n,), each variant's job among the distinct ``jobs``."""

    plan: Plan
    evaluate: Callable[[Work], Floats]
    jobs: Jobs
    job_of: Ints


class SearchContext:
    """What the trials of a search share. A selection of stocks is made when a trial first asks for it.

    days: how many days of the window the trials may see, from its first; None: those in sample. clock: counts the time
    spent in the kernels.

    layout: the whole window, with the days after publication, which no trial sees. in_sample: the days that trials see,
    as one segment. parts: the same days in ``PARTS`` equal segments. Raises InputError where there are too few days.
    """

    def __init__(
        self, study: Study, market: Market, backend: Backend, days: int | None = None, clock: KernelClock | None = None
    ) -> None:
        space = study.space
        executing = space.axes[len(space.axes) - space.executing :]
        execution = {axis.name: (study.base[axis.name],) for axis in executing}
        # The axes of the execution that the search chooses: what legs select, and what the study names as choices.
        self._executing = [one.name for one in executing if len(one.values) > 1 and one.name not in study.environment]
        check_schedules(study)
        self.study = replace(study, space=space.narrowed(execution))
        self.clock = clock or KernelClock()
        self._untimed = backend
        self._backend = timed(backend, self.clock)
        lags = [study.base[LAG]]
        if LAG in self._executing:
            values = next(axis.values for axis in executing if axis.name == LAG)
            lags = list(dict.fromkeys([*lags, min(values, key=float), max(values, key=float)]))
        self.latest_lag = max(int(lag) for lag in lags)
        # Selections of stocks are ranked on days from which the longest lag leads to the first of the window.
        self._lagged = self.narrowed({LAG: lags})
        self.layout = _at_base(self.study, lay_out(self._lagged, market))
        self.sizes = ExecutionSizes(study, self._executing, self.layout.problem)
        self.days = int(self.layout.problem.bounds[1]) if days is None else days
        if self.days < 2 * PARTS:
            rule, remedy = f"a search needs at least {2 * PARTS} days in sample", "Begin the window earlier"
            raise InputError(rule, f"{self.days} in sample", study.where("window"), remedy)
        self.in_sample = _first_days(self.layout, np.array([0, self.days]))
        self.parts = _first_days(self.layout, np.linspace(0, self.days, PARTS + 1).astype(np.int64))
        # Of each layout the evaluator from which the later ones take the tables of the market.
        self._evaluators: list[tuple[StudyLayout, TimedEvaluator]] = []
        self._path_tables: OrderedDict[tuple[object, ...], PathTable] = OrderedDict()
        self._path_bytes = 0
        self._readings: dict[tuple[object, ...], SignalValues] = {}

    def narrowed(self, values: Mapping[str, Sequence[Value]]) -> Study:
        """The part of the study with these values on its axes."""
        return replace(self.study, space=self.study.space.narrowed(values))

    def path_tables(self, part: Study) -> list[PathTable]:
        """The paths of each signal of a part. Raises UndefinedSignalError where a signal is not defined in time."""
        tables = []
        for signal in part.signals:
            axes = [part.space.axes[position] for position in part.space.uses[signal.name]]
            key = (signal.name, *(axis.values for axis in axes))
            if key not in self._path_tables:
                self._path_tables[key] = self.in_sample.table(part, signal, self._backend)
                self._path_bytes += self._path_tables[key].distinct.nbytes
                while self._path_bytes > _CACHE_BYTES and len(self._path_tables) > 1:
                    self._path_bytes -= self._path_tables.popitem(last=False)[1].distinct.nbytes
            self._path_tables.move_to_end(key)
            tables.append(self._path_tables[key])
        return tables

    def plan(self, part: Study, tables: Sequence[PathTable], layout: StudyLayout) -> BoundPlan:
        """The plan of a part, which has one execution, on one of this context's layouts."""
        space = part.space
        chosen = tuple(space.axes[space.names.index(name)].values[0] for name in self._executing)
        return self._bind(part, tables, layout, [chosen])

    def _bind(
        self, part: Study, tables: Sequence[PathTable], layout: StudyLayout, executions: Sequence[tuple[Value, ...]]
    ) -> BoundPlan:
        """The plan with these executions, each by its values of the axes that the search chooses."""
        if self._executing:
            plan = self._executed(layout, executions).plan(part, tables)
            return BoundPlan(plan, timed(self._untimed, self.clock).bind(plan.problem))
        like = next((evaluator for known, evaluator in self._evaluators if known is layout), None)
        plan = layout.plan(part, tables)
        evaluate = timed(self._untimed, self.clock, like).bind(plan.problem)
        if like is None and isinstance(evaluate, TimedEvaluator):
            self._evaluators.append((layout, evaluate))
        return BoundPlan(plan, evaluate)

    def _executed(self, layout: StudyLayout, executions: Sequence[tuple[Value, ...]]) -> StudyLayout:
        """The layout with these executions. What selections earn is kept for later trials."""
        owners, (base,) = self.study.space.owners, execution_cells(self.study)
        cells = []
        for one in executions:
            chosen = dict(zip(self._executing, one, strict=True))
            cells.append({name: chosen.get(owners.get(name, name), value) for name, value in base.items()})
        study, window = self._lagged, self.layout.window
        payoffs = payoff_tables(study, layout.market, window, cells)
        switches = switch_tables(study, layout.market, window, cells, payoffs)
        drift = drift_tables(study, layout.market, window, cells, payoffs, switches)
        tables = ExecutionTables(
            payoffs.returns, payoffs.table_of, switches.costs, switches.overnight, switches.cost_of, drift
        )
        whole = replace(
            self.layout.problem,
            lags=np.array([int(cell[LAG]) for cell in cells], dtype=np.int64),
            payoff_of=payoffs.table_of,
            returns=payoffs.returns,
            rebalancing=payoffs.rebalancing,
            restrictions=restrictions_of(study, layout.market, window, cells, tables),
            drift=drift,
            **switches._asdict(),
        )
        cut = whole.first_days(layout.problem.returns.shape[2], layout.problem.bounds)
        own = layout.problem
        executed = replace(cut, path_bits=own.path_bits, decision_days=own.decision_days)
        return replace(layout, problem=executed)

    def is_defined(self, choice: Mapping[str, Value], axis: str | None = None) -> bool:
        """Whether the signals of a variant are defined in time and on all days; with ``axis`` those that it moves."""
        space = self.study.space
        try:
            for signal in self.study.signals:
                if axis is None or space.names.index(axis) in space.uses[signal.name]:
                    deciding = sorted({space.owners[name] for name in signal.deciding})
                    self._reading(self.layout, signal, {name: choice[name] for name in deciding})
        except UndefinedSignalError:
            return False
        return True

    def plan_points(self, layout: StudyLayout, columns: Mapping[str, Array]) -> PointPlan:
        """Single variants as a plan on one of this context's layouts.

        columns: (n,) values of every axis. Raises UndefinedSignalError where a signal is not defined in time.
        """
        tables = [self._point_paths(layout, signal, columns) for signal in self.study.signals]
        execution, executions = self.executions(columns)
        plan, evaluate = self._bind(self.study, tables, layout, executions)
        keys = np.stack([*(table.index for table in tables), execution], axis=1).astype(np.int64)
        distinct, job_of = np.unique(keys, axis=0, return_inverse=True)
        jobs = Jobs(
            plan.rows(distinct[:, :-1]),
            np.arange(len(distinct) + 1, dtype=np.int64),
            np.ascontiguousarray(distinct[:, -1]),
        )
        return PointPlan(plan, evaluate, jobs, job_of.ravel())

    def evaluate_points(self, layout: StudyLayout, columns: Mapping[str, Array]) -> Floats:
        """The metrics of single variants by segment of the layout, (n, S, 12 + A). As ``plan_points``; of many
        executions some at a time."""
        count, executions = len(next(iter(columns.values()))), self.executions(columns)[1]
        if count > 1 and self.sizes.fitting(executions, _TABLE_BYTES) < len(executions):
            halves = [{name: values[part] for name, values in columns.items()}
                      for part in (slice(count // 2), slice(count // 2, None))]  # fmt: skip
            return np.concatenate([self.evaluate_points(layout, half) for half in halves])
        _, evaluate, jobs, job_of = self.plan_points(layout, columns)
        metrics: Floats = evaluate(jobs)[job_of]
        return metrics

    def executions(self, columns: Mapping[str, Array]) -> tuple[Ints, list[tuple[Value, ...]]]:
        """(n,) the number of each variant's execution, and the executions by their values. The base's is number 0."""
        count = len(next(iter(columns.values())))
        numbers = {tuple(self.study.base[name] for name in self._executing): 0}
        chosen = zip(*(columns[name] for name in self._executing), strict=True) if self._executing else [()] * count
        found = np.array([numbers.setdefault(tuple(one), len(numbers)) for one in chosen], dtype=np.int64)
        return found, list(numbers)

    def _point_paths(self, layout: StudyLayout, signal: Signal, columns: Mapping[str, Array]) -> PathTable:
        """The paths of a signal under each point; ``index`` is (n,)."""
        owners = self.study.space.owners
        deciding = sorted({owners[name] for name in signal.deciding})
        count = len(next(iter(columns.values())))
        rows = zip(*(columns[name] for name in deciding), strict=True) if deciding else [()] * count
        groups: dict[tuple[Value, ...], list[int]] = {}
        for number, row in enumerate(rows):
            groups.setdefault(row, []).append(number)
        index = np.empty(count, dtype=np.int64)
        pool: list[Words] = []
        pooled = 0
        for row, members in groups.items():
            reading = self._reading(layout, signal, dict(zip(deciding, row, strict=True)))
            levels = {owners[name]: columns[owners[name]][members] for name in signal.levels}
            paths, inverse = self._paths_of_reading(layout, signal, reading, levels, len(members))
            index[members] = inverse + pooled
            pool.append(paths)
            pooled += len(paths)
        distinct, inverse = merge(np.concatenate(pool))
        return PathTable(inverse[index], distinct)

    def _paths_of_reading(
        self, layout: StudyLayout, signal: Signal, reading: SignalValues, levels: dict[str, Array], count: int
    ) -> tuple[Words, Ints]:
        """The distinct paths of one reading under ``count`` pairs of levels, (p, bits, W), and each pair's path."""
        if reading.states is not None:
            paths = pack(reading.states[:, layout.states.start : layout.states.stop])[None]
            inverse = np.zeros(count, dtype=np.int64)
        else:
            on, off = latch_pairs(self.study, signal, levels)
            pairs, inverse = np.unique(np.stack([on, off], axis=1), axis=0, return_inverse=True)
            high, low = np.ascontiguousarray(pairs[:, 0]), np.ascontiguousarray(pairs[:, 1])
            paths = latched_paths(reading, self._backend, high, low, layout.states.start, layout.states.stop)[:, None]
        if self.study.rule.holds:
            defined = pack(np.arange(layout.states.start, layout.states.stop) >= reading.first)[None, None]
            paths = np.concatenate([paths, np.broadcast_to(defined, (len(paths), 1, defined.shape[-1]))], axis=1)
        return paths, inverse.ravel()

    def _reading(self, layout: StudyLayout, signal: Signal, deciding: dict[str, Value]) -> SignalValues:
        key = (layout.states.stop, signal.name, *deciding.items())
        if key not in self._readings:
            chosen = {**self.study.base, **deciding}
            reading = read_signal(self.study, signal, layout.evaluator, chosen)
            if reading.first > layout.states.needed:
                # Raises the error that names the date from which the signal is defined.
                part = self.narrowed({name: (value,) for name, value in chosen.items()})
                layout.table(part, signal, self._backend)
            if len(self._readings) * len(layout.market.calendar) * 8 > _CACHE_BYTES:
                self._readings.clear()
            self._readings[key] = reading
        return self._readings[key]


def _at_base(study: Study, layout: StudyLayout) -> StudyLayout:
    """A layout of several lags, the base's first, with the base's execution alone. Paths are long enough for all lags,
    and signals must be defined under the longest, as in a run."""
    return replace(layout, study=study, problem=layout.problem.under(np.zeros(1, dtype=np.int64)))


def _first_days(layout: StudyLayout, bounds: Ints) -> StudyLayout:
    """The first days of a layout, with these bounds of segments, as if the data ended there.

    Later days must not reach a trial: neither an error in the data there, nor the number of paths that differ there,
    which decides the form in which variants are evaluated.
    """
    days = int(bounds[-1])
    window = replace(layout.window, last=layout.window.first + days - 1, published=None)
    stop = layout.states.stop - (layout.window.last - window.last)
    shorter = replace(
        layout.problem.first_days(days, bounds.astype(np.int64)),
        path_bits=np.zeros((1, -(-(stop - layout.states.start) // 64)), dtype=np.uint64),
        decision_days=stop - layout.states.start,
    )
    evaluator = evaluator_of(layout.study, layout.market, window.last)
    return replace(
        layout, problem=shorter, window=window, states=replace(layout.states, stop=stop), evaluator=evaluator
    )
