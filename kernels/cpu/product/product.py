"""A product of variants on the compiled backend: tables once a problem, classes once a box, then all cores."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise, product

import numba
import numpy as np
from numba import prange

from gridproof.kernels.arrays import Array, Bools, Floats, Ints
from gridproof.kernels.cpu.page_pool import pages
from gridproof.kernels.cpu.product.block_sweep import sweep
from gridproof.kernels.cpu.product.block_tables import SHAPE, SUMS
from gridproof.kernels.cpu.product.buffer_layout import place_tables
from gridproof.kernels.cpu.product.path_classes import LEAF, classify
from gridproof.kernels.jit import jit
from gridproof.kernels.metrics import METRICS, measure_returns
from gridproof.kernels.paths import flips
from gridproof.kernels.problem import Box, Problem

# Variants a core takes at once: many share more, few stay in its caches and leave work for other cores. In long blocks,
# which have many classes to share, twice as many.
UNIT = 65_536
_LONG = 5
_SMALLEST = 8_192
# Entries of blocks after which the variants are walked through them: about what a core's cache holds.
ROOM = 20_000
TABLES_KEPT = 8
# Delays whose classes are kept from box to box, and the bytes of keys beyond which they are not.
DELAYS_KEPT = 4
CLASSES_KEPT = 2**26


@dataclass(frozen=True, slots=True)
class BlockTables:
    """Of one payoff and one cost table: entries of single days and charges, as ``blocks`` takes them."""

    sums: Floats  # (D + 1, A, 8)
    shapes: Floats  # (D + 1, A, 4)
    charges: Floats  # (D + 1, A, A, 8)
    constant: Floats  # (S, A, 12 + A): metrics of one allocation held throughout
    centre: float


class Product:
    """What all boxes of one problem share."""

    def __init__(self, problem: Problem, top: int | None = None) -> None:
        self._problem = problem
        self._tables: dict[tuple[int, int], BlockTables] = {}
        self._kept: tuple[Array, ...] = ()
        # By delay, what was asked for last, and its classes.
        self._latest: dict[int, tuple[tuple[Array, ...], PathClasses]] = {}
        self.top = top if top is not None else choose_top(problem)
        self._rule = problem.rule.astype(np.uint64)
        self.held: Bools = (problem.rule != problem.rule[0]).any(axis=0)
        self.field = problem.returns.shape[2].bit_length()

    def share(self, other: Product) -> None:
        """Take the tables of another problem that has the very same returns, costs and segments."""
        mine, its = self._problem, other._problem
        if mine.returns is not its.returns or mine.costs is not its.costs or mine.bounds is not its.bounds:
            raise ValueError("tables are shared between problems that differ in their paths alone")
        self._tables = other._tables

    def evaluate(self, box: Box, only: int | None = None) -> Floats:
        """Metrics of variants, (prod(paths), executions, S, 12 + A) flattened to (J, S, 12 + A); or ``only`` one."""
        problem = self._problem
        if not box.paths:  # one path that says nothing
            box = Box((np.zeros((1, 0), dtype=np.int32),), (np.zeros(0, dtype=np.int64),), box.executions)
        order = sorted(range(len(box.paths)), key=lambda signal: len(box.paths[signal]))
        members, places, bits, chunks, units, strides = _layout(box, order, UNIT << (self.top >= _LONG))
        shape = (len(box), problem.segments, len(METRICS) + problem.allocations if only is None else 1)
        result = pages(*shape)
        cells = result.reshape(-1, len(box.executions), *shape[1:])
        lags = problem.lags[box.executions]
        for lag in np.unique(lags):
            delay = problem.lead - int(lag)
            grown = self._grown(members, places, bits, chunks, delay)
            for cell in np.flatnonzero(lags == lag):
                self._sweep(
                    units, chunks, strides, box.places[order[-1]], int(box.executions[cell]), grown, only or 0,
                    int(cell), cells,
                )  # fmt: skip
        return result

    def spans(self, delay: int) -> tuple[Ints, Ints]:
        """Return days of every span, (K, 2), and which segment each is, −1 for the days before the first."""
        bounds = self._problem.bounds
        spans = [(int(low), int(high)) for low, high in pairwise(bounds)]
        segments = list(range(len(spans)))
        if delay > 0 and self.held.any():
            spans, segments = [(-delay, 1), *spans], [-1, *segments]
        return np.array(spans, dtype=np.int64), np.array(segments, dtype=np.int64)

    def nodes_of(self, spans: Ints) -> Ints:
        """(K, levels + 1): the first node of each level of a span and the past-last of all."""
        levels = self.top + 1
        nodes = np.empty((len(spans), levels + 1), dtype=np.int64)
        first = 0
        for span, (begin, end) in enumerate(spans):
            blocks = -(-(end - begin) // (LEAF << self.top))
            for level in range(levels):
                nodes[span, level] = first
                first += blocks << (self.top - level)
            nodes[span, levels] = first
        return nodes

    def classes_of(self, members: Array, places: Ints, bits: Ints, chunks: Ints, delay: int) -> PathClasses:
        """The classes of a product's paths in every node, laid out as ``classify`` says."""
        spans, segments = self.spans(delay)
        nodes = self.nodes_of(spans)
        first = int(nodes[-1, -1])
        size = first * len(members)
        classes, keys = pages(size, kind=np.int32), pages(size, kind=np.uint64)
        children = pages(size, 2, kind=np.int32)
        counts = np.empty((len(chunks), first), dtype=np.int64)
        path_bits = self._problem.path_bits
        fresh = np.arange(len(chunks))
        classify(path_bits, members, places, bits, chunks, spans, delay, nodes, classes, children, keys, counts, fresh)
        return PathClasses(spans, segments, nodes, classes, children, keys, counts)

    def _grown(self, members: Array, places: Ints, bits: Ints, chunks: Ints, delay: int) -> PathClasses:
        """As ``classes_of``. From box to box most signals keep their paths: their classes stay as they are."""
        problem, asked = self._problem, (members, places, bits, chunks)
        latest = self._latest.pop(delay, None)  # gone, should this be interrupted
        if latest is None or any(not np.array_equal(*pair) for pair in zip(asked[1:], latest[0][1:], strict=True)):
            made = self.classes_of(*asked, delay)
        else:
            before, made = latest
            other = [not np.array_equal(members[low:high], before[0][low:high]) for _, low, high in chunks]
            classify(
                problem.path_bits, *asked, made.spans, delay, made.nodes, made.classes, made.children, made.keys,
                made.counts, np.flatnonzero(other),
            )  # fmt: skip
        if len(self._latest) < DELAYS_KEPT and made.keys.nbytes <= CLASSES_KEPT:
            self._latest[delay] = asked, made
        return made

    def _sweep(
        self, units: Ints, chunks: Ints, strides: Ints, inner: Ints, execution: int, grown: PathClasses, only: int,
        cell: int, result: Floats,
    ) -> None:  # fmt: skip
        problem = self._problem
        tables = self.tables(int(problem.payoff_of[execution]), int(problem.cost_of[execution]))
        tables_at, sizes = place_tables(
            units, chunks, grown.nodes, grown.counts, self._rule.shape[1], problem.allocations, ROOM
        )
        memory = self._memory(sizes)
        sweep(
            units, chunks, grown.spans, grown.segments, grown.nodes, grown.classes.view(np.uint32),
            grown.children.view(np.uint32), grown.keys, grown.counts, self._rule, self.held, self._blind(inner),
            problem.start, tables.sums.ravel(), tables.shapes.ravel(), tables.charges.ravel(), self.field,
            tables.constant, tables.centre, np.diff(problem.bounds), problem.periods, problem.risk_free,
            problem.invested, strides, tables_at, *memory, ROOM, only, cell, result,
        )  # fmt: skip

    def _blind(self, inner: Ints) -> Bools:
        """(codes,): of a code without the bits ``inner``, whether they change nothing, whatever was held."""
        rule = self._problem.rule
        mask = int((1 << inner).sum())
        codes = np.arange(rule.shape[1])
        same = (rule == rule[:, codes & ~mask]).all(axis=0)
        inner_irrelevant = np.ones(len(codes), dtype=np.bool_)
        np.logical_and.at(inner_irrelevant, codes & ~mask, same)
        return inner_irrelevant

    def _memory(self, wanted: tuple[int, ...]) -> tuple[Array, ...]:
        """For each thread, and kept from box to box."""
        threads = numba.get_num_threads()
        kept = self._kept
        if not kept or any(
            min(have.shape[0] - threads, have.shape[1] - want) < 0 for have, want in zip(kept, wanted, strict=True)
        ):
            floats = [pages(threads, -(-width // 8) * 8) for width in wanted[:3]]
            self._kept = kept = (*floats, *(pages(threads, width, kind=np.uint32) for width in wanted[3:]))
        return kept

    def tables(self, payoff: int, cost: int) -> BlockTables:
        if (payoff, cost) not in self._tables:
            if len(self._tables) >= TABLES_KEPT:
                self._tables.pop(next(iter(self._tables)))
            self._tables[payoff, cost] = tabulate(self._problem, payoff, cost, self.field)
        return self._tables[payoff, cost]


@dataclass(frozen=True, slots=True)
class PathClasses:
    """As ``classify`` writes them."""

    spans: Ints
    segments: Ints
    nodes: Ints
    classes: Array
    children: Array
    keys: Array
    counts: Ints


def tabulate(problem: Problem, payoff: int, cost: int, field: int) -> BlockTables:
    returns, costs = problem.returns[payoff], problem.costs[cost]
    allocations, days = returns.shape
    centre = float(returns.mean())
    sums = pages(days + 1, allocations, SUMS)
    charges = pages(days + 1, allocations, allocations, SUMS)
    sums[:], charges[:] = 0.0, 0.0
    _lay_out(returns, costs, centre, problem.risk_free / problem.periods, problem.traded, sums, charges)
    sums[:-1, :, 7] = np.array([*(2.0 ** (field * (1 + allocation)) for allocation in range(allocations - 1)), 0.0])
    shapes = np.zeros((days + 1, allocations, SHAPE))
    shapes[:-1, :, 0] = shapes[:-1, :, 1] = sums[:-1, :, 0]
    shapes[-1, :, 0], shapes[-1, :, 1] = -np.inf, np.inf
    shapes.view(np.uint64)[:, :, 3] = np.arange(allocations) * (1 + (1 << 16))
    constant = np.zeros((problem.segments, allocations, len(METRICS) + allocations))
    for segment, (low, high) in enumerate(pairwise(problem.bounds)):
        for allocation in range(allocations):
            one = constant[segment, allocation]
            one[:9] = measure_returns(returns[allocation, low:high], problem.periods, problem.risk_free)
            one[11], one[12 + allocation] = problem.invested[allocation], 1.0
    return BlockTables(sums, shapes, charges, constant, centre)


@jit(parallel=True)
def _lay_out(
    returns: Floats, costs: Floats, centre: float, free: float, traded: Floats, sums: Floats, charges: Floats
) -> None:
    """What each day adds in each allocation, (D + 1, A, 8), and what the switch into it changes, (D + 1, A, A, 8)."""
    allocations, days = returns.shape
    for day in prange(days):
        for to in range(allocations):
            earned = returns[to, day]
            _add_terms(sums[day, to], 1.0, earned, np.log1p(earned), centre, free)
            for held in range(allocations):
                if held != to:
                    charge = charges[day, held, to]
                    cost = costs[held, to, day]
                    _add_terms(charge, 1.0, (1.0 + earned) * (1.0 - cost) - 1.0, np.log1p(-cost), centre, free)
                    _add_terms(charge, -1.0, earned, 0.0, centre, free)
                    charge[6], charge[7] = traded[held, to], 1.0


@jit()
def _add_terms(terms: Floats, sign: float, value: float, log: float, centre: float, free: float) -> None:
    about = value - centre
    squared = about * about
    shortfall = min(value - free, 0.0)
    for place, term in enumerate((log, about, squared, squared * about, squared * squared, shortfall**2)):
        terms[place] += sign * term


def _layout(box: Box, order: list[int], unit: int) -> tuple[Array, Ints, Ints, Ints, Ints, Ints]:
    """Members, places and bits, chunks, units and strides as ``blocks`` takes them; the signals in this order."""
    most = max(1, *(len(places) for places in box.places))
    members = np.zeros((sum(len(paths) for paths in box.paths), most), dtype=np.int32)
    places = np.zeros((len(order), most), dtype=np.int64)
    bits = np.array([len(box.places[signal]) for signal in order], dtype=np.int64)
    sizes = [len(paths) for paths in box.paths]
    strides = np.empty((len(order), 2), dtype=np.int64)
    chunks: list[tuple[int, int, int]] = []
    choices = []
    first = 0
    variants, threads = len(box) // len(box.executions), numba.get_num_threads()
    turns = -(-variants // (threads * unit))
    width = max(_SMALLEST, -(-variants // (threads * turns)))
    pieces = {}
    for signal in reversed(order):
        pieces[signal] = -(-sizes[signal] // max(1, width))
        if pieces[signal] > 1:  # as many for each core
            pieces[signal] = min(sizes[signal], -(-pieces[signal] // threads) * threads)
        width //= sizes[signal]
    for position, signal in enumerate(order):
        paths = box.paths[signal]
        members[first : first + len(paths), : paths.shape[1]] = paths
        places[position, : len(box.places[signal])] = box.places[signal]
        strides[position] = int(np.prod(sizes[signal + 1 :], dtype=np.int64)), first
        parts = pieces[signal]
        edges = first + np.arange(parts + 1) * len(paths) // parts
        choices.append(range(len(chunks), len(chunks) + parts))
        chunks += [(position, int(low), int(high)) for low, high in pairwise(edges)]
        first += len(paths)
    units = np.array(list(product(*choices)), dtype=np.int64)
    return members, places, bits, np.array(chunks, dtype=np.int64), units, strides


def fits(problem: Problem) -> bool:
    """Whether counts of all allocations pack into a float64 and the rule stands still where it has decided."""
    allocations, codes = problem.rule.shape
    settled = np.array_equal(problem.rule[problem.rule, np.arange(codes)], problem.rule)
    return settled and codes <= 2**16 and allocations * problem.returns.shape[2].bit_length() <= 53


def choose_top(problem: Problem) -> int:
    """Blocks of 4 · 2^top days. Measured: 128 days at one switch a year of each path, 16 at twenty, see benchmarks."""
    changes = np.bitwise_count(flips(problem.path_bits, problem.decision_days)).sum(axis=1, dtype=np.int64)
    a_day = changes[changes > 0].mean() / problem.decision_days if changes.any() else 0.0
    return int(np.clip(round(-0.5 - 0.694 * np.log2(max(a_day, 1e-3))), 0, 6))
