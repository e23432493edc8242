"""A product of variants on the compiled backend: tables once a problem, classes once a box, then all cores."""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Bools, Floats, Ints
from gridproof.kernels.cpu.page_pool import pages
from gridproof.kernels.cpu.product.block_sweep import Output, sweep
from gridproof.kernels.cpu.product.block_tables import RuleTable
from gridproof.kernels.cpu.product.buffer_layout import BLOCK_ENTRIES, Buffers, BufferSizes, place_tables
from gridproof.kernels.cpu.product.day_tables import DayTables, count_rows, tabulate_days
from gridproof.kernels.cpu.product.day_tree import DayTree, choose_top, cut_days
from gridproof.kernels.cpu.product.limits import count_bits, packs, versions
from gridproof.kernels.cpu.product.path_classes import PARTS, PathClasses, SignalPaths, classify
from gridproof.kernels.cpu.product.segment_metrics import MetricTerms
from gridproof.kernels.cpu.product.units import Units, cut_box, unit_size
from gridproof.kernels.metrics import EXPOSURE, WIDTH
from gridproof.kernels.problem import Box, Problem
from gridproof.kernels.threads import run_ranges, thread_count

# Tables of days that are kept where counts pack; those of more allocations are all kept, see ``limits.fits``.
TABLES_KEPT = 8
# Delays whose classes are kept from box to box, and the bytes of keys beyond which they are not.
DELAYS_KEPT = 4
CLASSES_KEPT = 2**26


class Product:
    """What all boxes of one problem share."""

    def __init__(self, problem: Problem, top: int | None = None) -> None:
        """top: blocks have 4 · 2^top days; None chooses."""
        self._problem = problem
        self._tables: dict[tuple[int, int, int], DayTables] = {}
        self._buffers: Buffers | None = None
        # By delay: the paths that were asked for last, and their classes.
        self._latest: dict[int, tuple[SignalPaths, PathClasses]] = {}
        self._trees: dict[int, DayTree] = {}
        self.top = top if top is not None else choose_top(problem)
        self._rule = problem.rule.astype(np.uint64)
        self.depends: Bools = (problem.rule != problem.rule[0]).any(axis=0)
        self._versions = versions(problem)
        self._packed = packs(problem)

    def share(self, other: Product) -> None:
        """Take the tables of another problem that has the very same returns, costs and segments."""
        mine, theirs = self._problem, other._problem
        alike = ("returns", "costs", "traded", "rebalancing", "bounds")
        if any(getattr(mine, name) is not getattr(theirs, name) for name in alike):
            raise ValueError("tables are shared between problems that differ in their paths alone")
        self._tables = other._tables

    def evaluate(self, box: Box, only: int | None = None) -> Floats:
        """Metrics of variants, (prod(paths), executions, S, 12 + A) flattened to (J, S, 12 + A); or column ``only``."""
        problem = self._problem
        if not box.paths:  # one path without bits
            box = Box((np.zeros((1, 0), dtype=np.int32),), (np.zeros(0, dtype=np.int64),), box.executions)
        order = sorted(range(len(box.paths)), key=lambda signal: len(box.paths[signal]))
        signals, work = cut_box(box, order, unit_size(self.top, self._versions))
        shares = only is None or only >= EXPOSURE
        shape = (len(box), problem.segments, WIDTH + problem.allocations if only is None else 1)
        result = pages(*shape)
        rows = result.reshape(-1, len(box.executions), *shape[1:])
        ignores = self._ignores(box.places[order[-1]])
        rule = RuleTable(self._rule, self.depends, ignores, problem.start)
        lags = problem.lags[box.executions]
        for lag in np.unique(lags):
            delay = problem.lead - int(lag)
            paths = self._classes(signals, delay)
            for position in np.flatnonzero(lags == lag):
                execution = int(box.executions[position])
                output = Output(rows, only or 0, int(position))
                self._sweep(work, delay, paths, rule, execution, output, shares)
        return result

    def tree(self, delay: int) -> DayTree:
        """How days are cut where decision day j takes effect on return day j − delay."""
        if delay not in self._trees:
            before = delay if self._versions > 1 else 0
            self._trees[delay] = cut_days(self._problem, self.top, before)
        return self._trees[delay]

    def classify(self, signals: SignalPaths, delay: int) -> PathClasses:
        """The classes of a box's paths in every node."""
        tree = self.tree(delay)
        nodes = int(tree.nodes[-1, -1])
        size = nodes * len(signals.rows)
        made = PathClasses(
            classes=pages(size, kind=np.int32),
            children=pages(size, 2, kind=np.int32),
            keys=pages(size, kind=np.uint64),
            counts=np.empty((len(signals.chunks), nodes), dtype=np.int64),
        )
        self._classify(signals, delay, made, np.arange(len(signals.chunks)))
        return made

    def _classify(self, signals: SignalPaths, delay: int, made: PathClasses, chosen: Ints) -> None:
        tree, path_bits = self.tree(delay), self._problem.path_bits
        run_ranges(classify, PARTS * len(chosen), path_bits, signals, tree, delay, made, chosen)

    def _classes(self, signals: SignalPaths, delay: int) -> PathClasses:
        """As ``classify``. From box to box most signals keep their paths: their classes stay as they are."""
        latest = self._latest.pop(delay, None)  # not kept if this is interrupted
        if latest is None or any(
            not np.array_equal(one, other) for one, other in zip(signals[1:], latest[0][1:], strict=True)
        ):
            made = self.classify(signals, delay)
        else:
            before, made = latest
            changed = [
                not np.array_equal(signals.rows[low:high], before.rows[low:high]) for _, low, high in signals.chunks
            ]
            self._classify(signals, delay, made, np.flatnonzero(changed))
        if len(self._latest) < DELAYS_KEPT and made.keys.nbytes <= CLASSES_KEPT:
            self._latest[delay] = signals, made
        return made

    def _sweep(
        self, work: Units, delay: int, paths: PathClasses, rule: RuleTable, execution: int, output: Output, shares: bool
    ) -> None:
        """shares: whether exposure or the share of days in an allocation is asked for."""
        problem, tree = self._problem, self.tree(delay)
        days = self.tables(execution)
        counts = count_rows(problem.allocations) if shares and not self._packed else None
        width = 0 if counts is None else counts.shape[1]
        layout, sizes = place_tables(
            work.units, work.chunks, tree.nodes, paths.counts, self._rule.shape[1], self._versions, width, BLOCK_ENTRIES
        )
        terms = MetricTerms(
            np.diff(problem.bounds), float(problem.periods), float(problem.risk_free), problem.invested,
            count_bits(problem), self._packed, counts is not None,
        )  # fmt: skip
        unsigned = paths._replace(classes=paths.classes.view(np.uint32), children=paths.children.view(np.uint32))
        flat = days._replace(
            sums=days.sums.ravel(), shapes=days.shapes.ravel(), charges=days.charges.ravel(),
            counts=None if counts is None else counts.ravel(),
        )  # fmt: skip
        buffers = self._threads_buffers(sizes)
        if counts is None:
            buffers = buffers._replace(counts=None)
        free = list(range(len(buffers.sums)))  # threads whose buffers are not in use

        def evaluate_units(low: int, high: int) -> None:
            own = free.pop()
            sweep(low, high, work, tree, unsigned, rule, flat, terms, layout, buffers.of(own), output)
            free.append(own)

        run_ranges(evaluate_units, len(work.units))

    def _ignores(self, inner: Ints) -> Bools:
        """(codes,): of codes without the bits ``inner``, whether those change nothing, whatever was held."""
        rule = self._problem.rule
        mask = int((1 << inner).sum())
        codes = np.arange(rule.shape[1])
        same = (rule == rule[:, codes & ~mask]).all(axis=0)
        ignores = np.ones(len(codes), dtype=np.bool_)
        np.logical_and.at(ignores, codes & ~mask, same)
        return ignores

    def _threads_buffers(self, sizes: BufferSizes) -> Buffers:
        """Buffers for every thread, of at least these sizes; kept from box to box."""
        threads = thread_count()
        kept = self._buffers
        if kept is None or any(
            len(have) < threads or have.shape[1] < size for have, size in zip(kept, sizes, strict=True)
        ):
            kinds = [np.float64] * 3 + [np.uint32] * 3 + [np.uint16]
            made = (pages(threads, size, kind=kind) for size, kind in zip(sizes, kinds, strict=True))
            self._buffers = kept = Buffers(*made)
        return kept

    def tables_of(self, execution: int) -> tuple[int, int, int]:
        """Which payoff, cost and trade tables an execution has."""
        own = self._problem
        return int(own.payoff_of[execution]), int(own.cost_of[execution]), int(own.traded_of[execution])

    def tables(self, execution: int) -> DayTables:
        key = self.tables_of(execution)
        if key not in self._tables:
            if self._packed and len(self._tables) >= TABLES_KEPT:
                self._tables.pop(next(iter(self._tables)))
            self._tables[key] = tabulate_days(self._problem, *key)
        return self._tables[key]
