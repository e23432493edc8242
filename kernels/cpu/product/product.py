"""A product of variants on the compiled backend: tables once a problem, classes once a box, then all cores."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np

from gridproof.kernels.arrays import Bools, Floats, Ints
from gridproof.kernels.cpu.page_pool import pages
from gridproof.kernels.cpu.product.block_sweep import Output, Units, sweep
from gridproof.kernels.cpu.product.block_tables import DayTables, RuleTable
from gridproof.kernels.cpu.product.buffer_layout import BLOCK_ENTRIES, Buffers, BufferSizes, place_tables
from gridproof.kernels.cpu.product.entry import LAST, SHAPE, SUMS
from gridproof.kernels.cpu.product.path_classes import LEAF, PARTS, DayTree, PathClasses, SignalPaths, classify
from gridproof.kernels.cpu.product.segment_metrics import MetricTerms
from gridproof.kernels.jit import jit
from gridproof.kernels.metrics import EXPOSURE, FROM_RETURNS, TURNOVER, WIDTH, measure_returns
from gridproof.kernels.paths import flips
from gridproof.kernels.problem import Box, Problem
from gridproof.kernels.threads import run_ranges, thread_count

# Variants that a core takes at once: many share more, few stay in its caches and leave work for other cores. Twice as
# many where blocks are long, since those have many classes to share.
UNIT = 65_536
_LONG = 5
_SMALLEST = 8_192
TABLES_KEPT = 8
# Delays whose classes are kept from box to box, and the bytes of keys beyond which they are not.
DELAYS_KEPT = 4
CLASSES_KEPT = 2**26
# A thread takes at least so many days at once.
_DAYS = 256


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
        self.count_bits = problem.returns.shape[2].bit_length()

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
        signals, work = _cut(box, order, UNIT << (self.top >= _LONG))
        shape = (len(box), problem.segments, WIDTH + problem.allocations if only is None else 1)
        result = pages(*shape)
        rows = result.reshape(-1, len(box.executions), *shape[1:])
        rule = RuleTable(self._rule, self.depends, self._ignores(box.places[order[-1]]), problem.start)
        lags = problem.lags[box.executions]
        for lag in np.unique(lags):
            delay = problem.lead - int(lag)
            paths = self._classes(signals, delay)
            for position in np.flatnonzero(lags == lag):
                execution = int(box.executions[position])
                self._sweep(work, delay, paths, rule, execution, Output(rows, only or 0, int(position)))
        return result

    def tree(self, delay: int) -> DayTree:
        """How days are cut where decision day j takes effect on return day j − delay."""
        if delay not in self._trees:
            spans = [(int(low), int(high)) for low, high in pairwise(self._problem.bounds)]
            segments = list(range(len(spans)))
            if delay > 0 and self.depends.any():
                spans, segments = [(-delay, 1), *spans], [-1, *segments]
            nodes = np.empty((len(spans), self.top + 2), dtype=np.int64)
            first = 0
            for span, (begin, end) in enumerate(spans):
                blocks = -(-(end - begin) // (LEAF << self.top))
                for level in range(self.top + 1):
                    nodes[span, level] = first
                    first += blocks << (self.top - level)
                nodes[span, -1] = first
            self._trees[delay] = DayTree(np.array(spans, dtype=np.int64), np.array(segments, dtype=np.int64), nodes)
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
        self, work: Units, delay: int, paths: PathClasses, rule: RuleTable, execution: int, output: Output
    ) -> None:
        problem, tree = self._problem, self.tree(delay)
        days = self.tables(execution)
        layout, sizes = place_tables(
            work.units, work.chunks, tree.nodes, paths.counts, self._rule.shape[1], problem.allocations, BLOCK_ENTRIES
        )
        terms = MetricTerms(
            np.diff(problem.bounds), float(problem.periods), float(problem.risk_free), problem.invested, self.count_bits
        )
        unsigned = paths._replace(classes=paths.classes.view(np.uint32), children=paths.children.view(np.uint32))
        flat = days._replace(sums=days.sums.ravel(), shapes=days.shapes.ravel(), charges=days.charges.ravel())
        buffers = self._threads_buffers(sizes)
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
            floats = (pages(threads, size) for size in sizes[:3])
            self._buffers = kept = Buffers(*floats, *(pages(threads, size, kind=np.uint32) for size in sizes[3:]))
        return kept

    def tables_of(self, execution: int) -> tuple[int, int, int]:
        """Which payoff, cost and trade tables an execution has."""
        own = self._problem
        return int(own.payoff_of[execution]), int(own.cost_of[execution]), int(own.traded_of[execution])

    def tables(self, execution: int) -> DayTables:
        key = self.tables_of(execution)
        if key not in self._tables:
            if len(self._tables) >= TABLES_KEPT:
                self._tables.pop(next(iter(self._tables)))
            self._tables[key] = tabulate_days(self._problem, *key, self.count_bits)
        return self._tables[key]


def tabulate_days(problem: Problem, payoff: int, cost: int, trades: int, count_bits: int) -> DayTables:
    """count_bits: bits of each of the counts that are packed into one sum."""
    returns, costs, traded = problem.returns[payoff], problem.costs[cost], problem.traded[trades]
    kept = np.zeros_like(returns) if problem.rebalancing is None else problem.rebalancing.traded[payoff]
    allocations, days = returns.shape
    centre = float(returns.mean())
    sums = pages(days + 1, allocations, SUMS)
    charges = pages(days + 1, allocations, allocations, SUMS)
    sums[:], charges[:] = 0.0, 0.0
    free = problem.risk_free / problem.periods
    run_ranges(_add_days, days, returns, costs, centre, free, sums, charges, least=_DAYS)
    sums[:-1, :, 6] = kept.T
    charges[:-1, :, :, 6] = np.moveaxis(traded, 2, 0) - kept.T[:, None, :]
    charges[:, np.arange(allocations), np.arange(allocations), 6] = 0.0
    sums[:-1, :, 7] = [*(2.0 ** (count_bits * (1 + allocation)) for allocation in range(allocations - 1)), 0.0]
    shapes = np.zeros((days + 1, allocations, SHAPE))
    shapes[:-1, :, 0] = shapes[:-1, :, 1] = sums[:-1, :, 0]
    shapes[-1, :, 0], shapes[-1, :, 1] = -np.inf, np.inf
    shapes.view(np.uint64)[:, :, 3] = np.arange(allocations) * (1 + (1 << LAST))
    constant = np.zeros((problem.segments, allocations, WIDTH + allocations))
    for segment, (low, high) in enumerate(pairwise(problem.bounds)):
        for allocation in range(allocations):
            one = constant[segment, allocation]
            one[:FROM_RETURNS] = measure_returns(returns[allocation, low:high], problem.periods, problem.risk_free)
            one[TURNOVER] = kept[allocation, low:high].sum() * problem.periods / (high - low)
            one[EXPOSURE], one[WIDTH + allocation] = problem.invested[allocation], 1.0
    return DayTables(sums, shapes, charges, constant, centre)


@jit(nogil=True)
def _add_days(
    low: int, high: int, returns: Floats, costs: Floats, centre: float, free: float, sums: Floats, charges: Floats,
) -> None:  # fmt: skip
    """What days [low, high) add in each allocation, (D + 1, A, 8), and what the switch into them changes,
    (D + 1, A, A, 8)."""
    allocations = len(returns)
    for day in range(low, high):
        for to in range(allocations):
            earned = returns[to, day]
            _add_terms(sums[day, to], 1.0, earned, np.log1p(earned), centre, free)
            for held in range(allocations):
                if held != to:
                    charge = charges[day, held, to]
                    cost = costs[held, to, day]
                    _add_terms(charge, 1.0, (1.0 + earned) * (1.0 - cost) - 1.0, np.log1p(-cost), centre, free)
                    _add_terms(charge, -1.0, earned, 0.0, centre, free)
                    charge[7] = 1.0


@jit()
def _add_terms(terms: Floats, sign: float, value: float, log: float, centre: float, free: float) -> None:
    about = value - centre
    squared = about * about
    shortfall = min(value - free, 0.0)
    for place, term in enumerate((log, about, squared, squared * about, squared * squared, shortfall**2)):
        terms[place] += sign * term


def _cut(box: Box, order: list[int], unit: int) -> tuple[SignalPaths, Units]:
    """The paths of a box, its signals in this order, and how they are cut into units of about ``unit`` variants."""
    most = max(1, *(len(places) for places in box.places))
    rows = np.zeros((sum(len(paths) for paths in box.paths), most), dtype=np.int32)
    code_bits = np.zeros((len(order), most), dtype=np.int64)
    bits = np.array([len(box.places[signal]) for signal in order], dtype=np.int64)
    sizes = [len(paths) for paths in box.paths]
    strides = np.empty((len(order), 2), dtype=np.int64)
    chunks: list[tuple[int, int, int]] = []
    choices = []
    first = 0
    parts = _parts(len(box) // len(box.executions), [sizes[signal] for signal in order], unit)
    for position, signal in enumerate(order):
        paths = box.paths[signal]
        rows[first : first + len(paths), : paths.shape[1]] = paths
        code_bits[position, : len(box.places[signal])] = box.places[signal]
        strides[position] = int(np.prod(sizes[signal + 1 :], dtype=np.int64)), first
        edges = first + np.arange(parts[position] + 1) * len(paths) // parts[position]
        choices.append(range(len(chunks), len(chunks) + parts[position]))
        chunks += [(position, int(low), int(high)) for low, high in pairwise(edges)]
        first += len(paths)
    cut = np.array(chunks, dtype=np.int64)
    units = np.array(list(product(*choices)), dtype=np.int64)
    return SignalPaths(rows, code_bits, bits, cut), Units(units, cut, strides)


def _parts(variants: int, sizes: list[int], unit: int) -> list[int]:
    """Into how many chunks each signal is cut: the inner signals stay whole as long as they fit a unit."""
    threads = thread_count()
    rounds = -(-variants // (threads * unit))
    width = max(_SMALLEST, -(-variants // (threads * rounds)))
    parts = []
    for size in reversed(sizes):
        count = -(-size // max(1, width))
        if count > 1:  # as many for each core
            count = min(size, -(-count // threads) * threads)
        parts.append(count)
        width //= size
    return parts[::-1]


def fits(problem: Problem) -> bool:
    """Whether counts of all allocations pack into a float64 and the rule stays put while the code does not change.

    What is held under restrictions depends on the days before, so that a day's classes do not decide it; so does what
    an allocation earns that drifts from the day of entry.
    """
    if problem.restrictions is not None or problem.drift is not None:
        return False
    allocations, codes = problem.rule.shape
    settled = np.array_equal(problem.rule[problem.rule, np.arange(codes)], problem.rule)
    return settled and codes <= 2**16 and allocations * problem.returns.shape[2].bit_length() <= 53


def choose_top(problem: Problem) -> int:
    """The length of blocks, 4 · 2^top days. As measured: 128 days at one switch a year of each path, 16 at twenty."""
    changes = np.bitwise_count(flips(problem.path_bits, problem.decision_days)).sum(axis=1, dtype=np.int64)
    a_day = changes[changes > 0].mean() / problem.decision_days if changes.any() else 0.0
    return int(np.clip(round(-0.5 - 0.694 * np.log2(max(a_day, 1e-3))), 0, 6))
