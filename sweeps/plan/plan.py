"""The plan: a study on a market as arrays, which any backend can evaluate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from gridproof.kernels.arrays import Ints
from gridproof.kernels.backend import Backend
from gridproof.kernels.errors import InputError
from gridproof.kernels.problem import Box, Problem
from gridproof.results.axis_range import Value
from gridproof.signals.data.market import Market
from gridproof.signals.data.source import Dates
from gridproof.signals.expression.evaluate import ExpressionEvaluator
from gridproof.sweeps.plan.choices import Choices
from gridproof.sweeps.plan.drift import drift_tables
from gridproof.sweeps.plan.exits import ExecutionTables, restrictions_of
from gridproof.sweeps.plan.payoff import payoff_tables
from gridproof.sweeps.plan.rule_table import rule_table
from gridproof.sweeps.plan.selections import check_panel
from gridproof.sweeps.plan.signal_paths import LateSignalError, PathTable, StateDays, late_window_error, path_table
from gridproof.sweeps.plan.signal_values import evaluator_of
from gridproof.sweeps.plan.switches import switch_tables
from gridproof.sweeps.plan.window import Window, find_window
from gridproof.sweeps.plan.workload import check_memory
from gridproof.sweeps.progress.observer import RunObserver
from gridproof.sweeps.study.execution_keys import defaults, execution_axes
from gridproof.sweeps.study.signal import Signal
from gridproof.sweeps.study.study import Study


@dataclass(frozen=True)
class Plan:
    """Everything that the variants of one study share, as data: any process may evaluate it.

    ``days``: the return days of the window, (D,). ``paths``: for each signal the index of the distinct path of every
    combination of its axes, shaped like those axes (grid order). ``first_row``: for each signal the row of its path 0
    in ``problem.path_bits``; path p of a signal with b bits is at rows first_row + p·b …
    """

    study: Study
    days: Dates
    window: Window
    problem: Problem
    paths: dict[str, Ints]
    distinct_paths: dict[str, int]
    first_row: dict[str, int]

    @property
    def days_in_sample(self) -> int:
        return int(self.problem.bounds[1])

    @property
    def risk_free_of_a_day(self) -> float:
        return self.problem.risk_free / self.problem.periods

    def rows(self, keys: Ints) -> Ints:
        """Converts path indices (n, signals) to rows of ``problem.path_bits``, (n, B) int32: one column for each bit of
        the rule; where the rule may hold, one more for each signal: whether it is defined."""
        columns = [self._row(at, keys[:, at], offset) for at, offset in self._code()]
        rows = np.stack(columns, axis=1) if columns else np.empty((len(keys), 0))
        return rows.astype(np.int32)

    def box(self, paths: Sequence[Ints], executions: Ints) -> Box:
        """The product of the given path indices of each signal and the given executions."""
        rows, positions = [], []
        for at, chosen in enumerate(paths):
            bits = [(position, offset) for position, (owner, offset) in enumerate(self._code()) if owner == at]
            columns = [self._row(at, chosen, offset) for _, offset in bits]
            rows.append(np.stack(columns, axis=1).astype(np.int32))
            positions.append(np.array([position for position, _ in bits], dtype=np.int64))
        return Box(tuple(rows), tuple(positions), executions)

    def _code(self) -> list[tuple[int, int]]:
        """For each bit of the rule's code, its signal and which of that signal's bits it is."""
        signals = self.study.signals
        owner = {bit: (at, offset) for at, one in enumerate(signals) for offset, bit in enumerate(one.bits)}
        defined = [(at, len(one.bits)) for at, one in enumerate(signals) if self.study.rule.holds]
        return [*(owner[bit] for bit in self.study.rule.bits), *defined]

    def _row(self, at: int, paths: Ints, offset: int) -> Ints:
        signal = self.study.signals[at]
        return self.first_row[signal.name] + paths * (len(signal.bits) + self.study.rule.holds) + offset

    def distinct(self, choices: Choices | None = None) -> int:
        """The number of variants that differ in a path or in their execution, exact, without listing the grid.

        choices: of these only. Under one setting of the shared axes the tuples of paths form a product. The same tuple
        may occur under several settings, so paths are grouped by the set of settings under which they occur, and the
        signals' groups combined.
        """
        space = self.study.space if choices is None else choices.space
        settings = prod(space.dims[: space.shared])
        groups: dict[frozenset[int], int] = {frozenset(range(settings)): 1}
        for signal in self.study.signals:
            counts: dict[frozenset[int], int] = {}
            for under in self._settings(signal.name, choices):
                counts[under] = counts.get(under, 0) + 1
            combined: dict[frozenset[int], int] = {}
            for left, left_count in groups.items():
                for right, right_count in counts.items():
                    if both := left & right:
                        combined[both] = combined.get(both, 0) + left_count * right_count
            groups = combined
        return sum(groups.values()) * prod(space.dims[len(space.dims) - space.executing :])

    def equal(self, keys: Ints, choices: Choices | None = None) -> Ints:
        """(n,) the number of variants of the grid with exactly these paths, (n, signals), at one execution.

        choices: of these only.
        """
        if not len(keys):
            return np.zeros(0, dtype=np.int64)
        space = self.study.space if choices is None else choices.space
        count = np.ones((len(keys), prod(space.dims[: space.shared])), dtype=np.int64)
        for signal, paths in zip(self.study.signals, keys.T, strict=True):
            wanted, place = np.unique(paths, return_inverse=True)
            occurring = [_count_each(row, wanted) for row in self._by_setting(signal.name, choices)]
            count *= np.stack(occurring, axis=1)[place]
        total: Ints = count.sum(axis=1)
        return total

    def _by_setting(self, signal: str, choices: Choices | None) -> Ints:
        """A signal's table reshaped to (settings of the shared axes, combinations of its own axes)."""
        space, uses = self.study.space if choices is None else choices.space, self.study.space.uses[signal]
        table = self.paths[signal] if choices is None else choices.among_values(self.paths[signal], uses)
        shared = space.dims[: space.shared]
        leading = [axis for axis in uses if axis < len(shared)]
        own = table.shape[len(leading) :]
        shape = [shared[axis] if axis in leading else 1 for axis in range(len(shared))]
        spread = np.broadcast_to(table.reshape((*shape, *own)), (*shared, *own))
        return spread.reshape(prod(shared), -1)

    def _settings(self, signal: str, choices: Choices | None) -> list[frozenset[int]]:
        """For each distinct path of a signal, the settings of the shared axes under which it occurs."""
        table = self._by_setting(signal, choices)
        if len(table) == 1:
            return [frozenset({0})] * len(np.unique(table))
        found: dict[int, set[int]] = {}
        for setting, row in enumerate(table):
            for path in np.unique(row).tolist():
                found.setdefault(path, set()).add(setting)
        return [frozenset(each) for each in found.values()]


def _count_each(paths: Ints, wanted: Ints) -> Ints:
    """(n,) how often each of ``wanted``, (n,) ascending, is among ``paths``."""
    place = np.minimum(np.searchsorted(wanted, paths), len(wanted) - 1)
    return np.bincount(place[wanted[place] == paths], minlength=len(wanted))


@dataclass(frozen=True)
class StudyLayout:
    """What all variants of a study share before any signal is measured; ``problem`` has no paths yet.

    ``states``: the days on which the states of the signals are needed.
    """

    study: Study
    market: Market
    window: Window
    problem: Problem
    states: StateDays
    evaluator: ExpressionEvaluator

    def table(self, study: Study, signal: Signal, backend: Backend, hindsight: bool = False) -> PathTable:
        """The paths of a signal under every choice of its axes in ``study``: the layout's study or a part of it."""
        try:
            return path_table(study, signal, self.evaluator, backend, self.states, hindsight, study.rule.holds)
        except LateSignalError:
            raise late_window_error(study, self.evaluator) from None

    def plan(self, study: Study, tables: Sequence[PathTable]) -> Plan:
        """The plan of the layout's study, or of a part. tables: the paths of each signal, in the study's order."""
        first, row = {}, 0
        for signal, table in zip(study.signals, tables, strict=True):
            first[signal.name] = row
            row += table.distinct.shape[0] * table.distinct.shape[1]
        path_bits = [table.distinct.reshape(-1, table.distinct.shape[-1]) for table in tables]
        problem = replace(self.problem, path_bits=np.concatenate(path_bits)) if path_bits else self.problem
        return Plan(
            study,
            self.market.calendar[self.window.first : self.window.last + 1],
            self.window,
            problem,
            {signal.name: table.index for signal, table in zip(study.signals, tables, strict=True)},
            {signal.name: len(table.distinct) for signal, table in zip(study.signals, tables, strict=True)},
            first,
        )


def build_plan(
    study: Study, market: Market, backend: Backend, hindsight: bool = False, observer: RunObserver | None = None
) -> Plan:
    """Measures every signal under all its parameters, merges equal paths, and tabulates payoffs and costs.

    ``hindsight`` gives results with look-ahead; see ``signal_paths.path_table``. ``observer`` is told the number of
    signals measured.

    Raises InputError where a leg lacks a close, a series or the panel ends early, or the window begins before a signal
    is defined.
    """
    if study.space.size >= 2**62:
        raise InputError(
            "a grid must have fewer than 2^62 variants",
            f"{study.space.size:.3g}",
            study.document.name,
            "Narrow an axis, in the file or with --set; or search it",
        )
    layout = lay_out(study, market)
    observer, tables = observer or RunObserver(), []
    for number, signal in enumerate(study.signals):
        observer.progress("planning", number, len(study.signals), number)
        tables.append(layout.table(study, signal, backend, hindsight))
    observer.progress("planning", len(tables), len(tables), len(tables))
    return layout.plan(study, tables)


def lay_out(study: Study, market: Market) -> StudyLayout:
    """Payoffs and costs for every combination of the execution's axes. Raises InputError where a leg lacks a close."""
    check_memory(study)
    window = find_window(study, market)
    if study.panel is not None:
        check_panel(study, market, window)
    executions = execution_cells(study)
    lags = np.array([int(cell["execution.lag"]) for cell in executions], dtype=np.int64)
    latest, soonest = int(lags.max()), int(lags.min())
    start = 0 if study.rule.holds else max(0, window.first - latest)
    stop = window.last + 1 - soonest
    payoffs = payoff_tables(study, market, window, executions)
    switches = switch_tables(study, market, window, executions, payoffs)
    cash = np.array([leg.cash for leg in study.legs])
    days = stop - start
    drift = drift_tables(study, market, window, executions, payoffs, switches)
    tables = ExecutionTables(
        payoffs.returns, payoffs.table_of, switches.costs, switches.overnight, switches.cost_of, drift
    )
    problem = Problem(
        path_bits=np.zeros((1, -(-days // 64)), dtype=np.uint64),
        decision_days=days,
        lead=window.first - start,
        rule=rule_table(study),
        start=int(np.flatnonzero(cash)[0]) if cash.any() else 0,
        lags=lags,
        payoff_of=payoffs.table_of,
        returns=payoffs.returns,
        rebalancing=payoffs.rebalancing,
        invested=np.abs(study.weights[:, ~cash]).sum(axis=1),
        bounds=np.array(
            [0, window.published - window.first, window.days] if window.published is not None else [0, window.days],
            dtype=np.int64,
        ),
        periods=study.spec.market.periods,
        risk_free=study.spec.risk_free,
        restrictions=restrictions_of(study, market, window, executions, tables),
        drift=drift,
        **switches._asdict(),
    )
    evaluator = evaluator_of(study, market, window.last)
    states = StateDays(start, stop, window.first - latest)
    return StudyLayout(study, market, window, problem, states, evaluator)


def execution_cells(study: Study) -> list[dict[str, Value]]:
    """Every combination of the execution's parameters by name, in grid order; keys that are not given have their
    default."""
    space = study.space
    offset = len(space.axes) - space.executing
    axes = space.axes[offset:]
    dims = tuple(len(axis.values) for axis in axes)
    names = [*execution_axes(study.spec), *(name for leg in study.legs for name in leg.terms.values())]
    fixed = defaults(study.spec)
    cells = []
    for index in range(prod(dims)):
        digits = np.unravel_index(index, dims) if dims else ()
        cells.append({**fixed, **{name: space.axes[p].values[digits[p - offset]]
                                  for name in names for p in [space.position(name)]}})  # fmt: skip
    return cells
