"""A problem laid out for the scan kernel: ordered by day, padded to whole sectors, all logarithms taken beforehand."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gridproof.kernels.arrays import Array, Floats, Words
from gridproof.kernels.cpu.daily_following import NavRules
from gridproof.kernels.cpu.following import FollowingRules
from gridproof.kernels.cpu.range_tables import summarise
from gridproof.kernels.cuda.source import MOST_ALLOCATIONS
from gridproof.kernels.drift import CarriedMarket
from gridproof.kernels.errors import InputError
from gridproof.kernels.paths import flips
from gridproof.kernels.problem import Jobs, Problem


class CudaScanTables(NamedTuple):
    """The kernel's first parameters, in its order. R paths, A allocations, B bits, E executions, D days, S segments."""

    flips: Array  # (ceil(T/128), R, 4) uint32: by day, so that neighbouring paths are neighbours
    rule: Array  # (A, 2^B) uint8
    cells: Array  # (E, 8) int32: delay = lead − lag, payoff and cost table, minimum holding, cooling, stop table or −1,
    # lag, trade table
    exits: Array  # (stop tables, A, D) int32, see ``problem.Restrictions``; one 0 where no execution has a stop
    shares: Floats  # (E, 2): of the NAV at the entry and of its high, see ``nav_stops.NavStops``
    markets: Array  # (E, 4) int32: the tables of returns and of costs in which their NAV is counted; the setting of the
    # part that is held, and the step at which that is all, or 0 where it always is
    earned: Floats  # (payoff tables, A, D): these returns, as the next two one 0 where no stop needs them
    charged: Floats  # (cost tables, A, A, D): these costs
    nights: Floats  # (cost tables, A, D): 1 + overnight
    bands: Floats  # (settings, N + 1, 2): falls and rises of ``nav_stops.DrawdownControl``
    parts: Array  # (settings, A, N + 1) uint8: what is held of an allocation at each step
    prefix: Floats  # (payoff tables, D + 1, A, 8): the six sums before day d, the return of day d, the leg's centre
    shape: Floats  # (payoff tables, levels, D + 1, A, 4): high, low, fall, what was traded for rebalancing before day d
    costs: Floats  # (cost tables, D, A, A, 2): share of NAV lost, log(1 − share)
    traded: Floats  # (trade tables, 1 or D, A, A)
    invested: Floats  # (A,)
    bounds: Array  # (S + 1,) int32
    drifting: (
        Floats  # (payoff tables, …) of ``drift.Drift``, by table levels, weights, paid, drifts; one 0 where none is
    )
    trading: (
        Floats  # (cost tables, …), by table the rates of trades, 1 + overnight, what is counted, at the open or not
    )
    watched: Floats  # the same two of the market in which stops count the NAV
    paying: Floats
    words: Any  # np.int32, as the next nine; the last two are np.float64
    paths: Any
    start: Any
    days: Any
    traded_days: Any  # 1 or D
    levels: Any
    segments: Any
    refuge: Any
    at_open: Any  # whether there are nights
    width: Any  # N + 1
    periods: Any
    risk_free: Any


class JobBatch(NamedTuple):
    """The kernel's next parameters: the jobs of one launch. Only the result follows."""

    rows: Array  # (N, B) int32
    tuple_of: Array  # (J,) int32
    execution: Array  # (J,) int32
    jobs: Any  # np.int32


def lay_out(problem: Problem) -> CudaScanTables:
    """The tables of a problem, on the host. Raises InputError where there are too many allocations for the kernel."""
    allocations, days = problem.allocations, problem.returns.shape[2]
    if allocations > MOST_ALLOCATIONS:
        raise InputError(
            f"the cuda backend takes at most {MOST_ALLOCATIONS} allocations",
            allocations,
            "rule",
            "Use fewer legs or steps of weights, or the cpu backend",
        )
    edges = _edges(problem.path_bits, problem.decision_days)
    levels = max(1, int(days).bit_length())
    entries = len(problem.returns) * levels * (days + 1) * allocations * 2
    charges = max(len(problem.costs) * days, len(problem.traded) * problem.traded.shape[3]) * allocations**2
    rules, nav = FollowingRules.of(problem), NavRules.of(problem)
    own = None if problem.restrictions is None else problem.restrictions.nav
    drift = *_drift_tables(problem), *_drift_tables(own)
    largest = max(
        edges.size, entries, charges, len(rules.exits), len(nav.returns), len(nav.costs), *(one.size for one in drift)
    )
    if largest >= 2**31:
        raise InputError(
            "every table of the cuda backend must have fewer than 2^31 entries",
            largest,
            "backend",
            "Narrow the grid's longest axis, or use the cpu backend",
        )
    prefix, shape, centre, charge = summarise(problem)
    # The shape has a place for the last sum, so that an entry of the sums takes what a charged day needs beside them.
    shape[..., 3] = prefix[:, None, :, :, 6]
    prefix[:, :days, :, 6] = np.swapaxes(problem.returns, 1, 2)
    prefix[..., 7] = centre[:, None, :]
    assert shape.shape[1] == levels
    costs = np.stack([problem.costs, charge], axis=-1)
    terms = (rules.min_hold, rules.cooling, rules.stop_of, problem.lags, problem.traded_of)
    cells = np.stack([problem.lead - problem.lags, problem.payoff_of, problem.cost_of, *terms], axis=1)
    controls, most = np.maximum(nav.control_of, 0), np.zeros_like(nav.control_of)
    if len(nav.most):
        most = np.where(nav.control_of >= 0, nav.most[controls], 0)
    return CudaScanTables(
        flips=edges,
        rule=np.ascontiguousarray(problem.rule, dtype=np.uint8),
        cells=np.ascontiguousarray(cells, dtype=np.int32),
        exits=rules.exits if len(rules.exits) else np.zeros(1, dtype=np.int32),
        shares=np.stack([nav.entry, nav.high], axis=1),
        markets=np.ascontiguousarray(np.stack([nav.payoff_of, nav.cost_of, controls, most], axis=1), dtype=np.int32),
        earned=_filled(nav.returns),
        charged=_filled(nav.costs),
        nights=_filled(nav.nights),
        bands=_filled(np.stack([nav.falls, nav.rises], axis=1)),
        parts=np.ascontiguousarray(nav.parts if len(nav.parts) else np.zeros(1), dtype=np.uint8),
        prefix=prefix,
        shape=shape,
        costs=np.ascontiguousarray(np.moveaxis(costs, 3, 1)),
        traded=np.ascontiguousarray(np.moveaxis(problem.traded, 3, 1), dtype=np.float64),
        invested=np.ascontiguousarray(problem.invested, dtype=np.float64),
        bounds=np.ascontiguousarray(problem.bounds, dtype=np.int32),
        drifting=drift[0],
        trading=drift[1],
        watched=drift[2],
        paying=drift[3],
        words=np.int32(4 * edges.shape[0]),
        paths=np.int32(edges.shape[1]),
        start=np.int32(problem.start),
        days=np.int32(days),
        traded_days=np.int32(problem.traded.shape[3]),
        levels=np.int32(levels),
        segments=np.int32(problem.segments),
        refuge=np.int32(rules.refuge),
        at_open=np.int32(len(nav.nights) > 0),
        width=np.int32(len(nav.falls) // max(1, len(nav.most))),
        periods=np.float64(problem.periods),
        risk_free=np.float64(problem.risk_free),
    )


def _drift_tables(market: CarriedMarket | None) -> tuple[Floats, Floats]:
    """What positions drift in, a row for each payoff table, and what their trades cost, a row for each cost table."""
    if market is None or market.drift is None:
        return np.zeros(1), np.zeros(1)
    own, tables = market.drift, len(market.costs)
    rates = np.stack([own.buying, own.selling, own.opened], axis=-1)
    nights = np.ones((tables, *market.returns.shape[1:])) if market.overnight is None else 1.0 + market.overnight
    counted = np.concatenate([np.tile(own.counted, (tables, 1)), own.at_open[:, None].astype(np.float64)], axis=1)
    grown = (own.levels, own.weights, own.paid, own.drifts.astype(np.float64))
    return tuple(
        np.concatenate([each.reshape(len(each), -1) for each in row], axis=1)
        for row in (grown, (rates, nights, counted))
    )  # type: ignore[return-value]


def _filled(table: Floats) -> Floats:
    return np.ascontiguousarray(table, dtype=np.float64) if len(table) else np.zeros(1)


def batch_of(jobs: Jobs, tuple_of: Array, low: int, high: int) -> JobBatch:
    """Jobs [low, high), low < high, with the tuples that they need. tuple_of: (J,) the tuple of every job."""
    first, last = int(tuple_of[low]), int(tuple_of[high - 1])
    return JobBatch(
        rows=np.ascontiguousarray(jobs.rows[first : last + 1], dtype=np.int32),
        tuple_of=(tuple_of[low:high] - first).astype(np.int32),
        execution=np.ascontiguousarray(jobs.execution[low:high], dtype=np.int32),
        jobs=np.int32(high - low),
    )


def tuples_of(jobs: Jobs) -> Array:
    """(J,): the tuple that each job belongs to."""
    return np.repeat(np.arange(len(jobs.rows), dtype=np.int64), np.diff(jobs.first))


def _edges(path_bits: Words, decision_days: int) -> Array:
    """(ceil(T/128), R, 4) uint32: the flips of every path; bit 0 of the first word is the state on day 0 instead."""
    edges = flips(path_bits, decision_days)
    edges[:, 0] |= path_bits[:, 0] & np.uint64(1)
    halves = edges.astype("<u8", copy=False).view("<u4")
    padded = np.zeros((len(path_bits), -(-decision_days // 128) * 4), dtype="<u4")
    padded[:, : halves.shape[1]] = halves
    return np.ascontiguousarray(padded.reshape(len(path_bits), -1, 4).swapaxes(0, 1))
